"""`rules`: the whole rulebook over a cohort, and the same judgement one patient at a time.

In one run: `alerting.rules.step` over every patient and day; the scalar oracle of the tests (one
patient, plain Python, whole histories) on some of the patients; and the ordinary way on fewer
still, where each value first comes out of an Observation that fhir.resources has read. All three
must give the same colours, or the run fails.

The oracle is written to be right and not to be fast; its figure is that of plain code, not of the
best that plain code could be.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from fhir.resources.R4B.observation import Observation

from alerting.rules import RULES, RULEBOOK_VERSION, SIGNALS, Profile, State, step
from benchmarks import measure
from benchmarks.cohort import SEED, START, days_of, profile_of
from benchmarks.measure import Result, Stopwatch
from benchmarks.plain import LOINC, UCUM, coding, loinc_of, quantity
from devices.catalogue import metric, panel

Colours = npt.NDArray[np.int8]
"""(days, patients, rules)."""
_ROWS = [metric(signal.metrics[0]) for signal in SIGNALS]
_COLUMN = {loinc_of(row.alias): column for column, row in enumerate(_ROWS)}


def run(patients: int, days: int, scalar: int, plain: int, repeat: int) -> Result:
    """`scalar` and `plain` are how many patients the slower ways take."""
    vector = [by_step(patients, days, keep=scalar) for _ in range(repeat)]
    slow = [by_oracle(patients, days, scalar) for _ in range(repeat)]
    texts = observations_of(patients, days, plain)
    fhir = [by_fhir(texts, days) for _ in range(repeat)]
    (digest,) = {digest for _, _, digest in vector}
    kept = vector[-1][1]
    for _, colours in slow:
        np.testing.assert_array_equal(colours, kept)
    for _, colours in fhir:
        np.testing.assert_array_equal(colours, kept[:, :plain])
    ours = measure.rate(patients * days, [seconds for seconds, _, _ in vector])
    theirs = measure.rate(scalar * days, [seconds for seconds, _ in slow])
    plainly = measure.rate(plain * days, [seconds for seconds, _ in fhir])
    return {
        "name": "rules",
        "parameters": {
            "patients": patients,
            "days": days,
            "signals": len(SIGNALS),
            "rules": len(RULES),
            "rulebook": RULEBOOK_VERSION,
            "dtype": "float64",
            "scalar_patients": scalar,
            "plain_patients": plain,
            "repeat": repeat,
            "seed": SEED,
        },
        "machine": measure.machine(),
        "patient_steps_per_s": ours,
        "patient_steps_per_s_range": measure.spread(
            patients * days, [seconds for seconds, _, _ in vector]
        ),
        "scalar_patient_steps_per_s": theirs,
        "plain_patient_steps_per_s": plainly,
        "plain_observations": sum(len(day) for person in texts for day in person),
        "ratio_vs_scalar": measure.ratio(ours, theirs),
        "ratio_vs_plain": measure.ratio(ours, plainly),
        "state_bytes_per_patient": State(0).nbytes_per_patient,
        "peak_rss_mb": measure.peak_rss_mb(),
        "result_hash": digest,
    }


def by_step(patients: int, days: int, keep: int) -> tuple[float, Colours, str]:
    """Seconds, the first patients' colours, and the hash of everybody's."""
    state, profile = State(patients), profile_of(patients)
    warm_up(profile)
    everyone, digest, watch = slice(None), sha256(), Stopwatch()
    kept: Colours = np.empty((days, keep, len(RULES)), dtype=np.int8)
    for day, (t, x) in enumerate(days_of(patients, days)):
        with watch:
            findings = step(state, profile, everyone, t, x)
        digest.update(findings.colour.tobytes())
        kept[day] = findings.colour[:keep]
    return watch.seconds, kept, digest.hexdigest()


def warm_up(profile: Profile) -> None:
    """One step on a few patients, so that nothing is imported or built on the clock."""
    few = slice(0, min(10, profile.patients))
    block = profile.take(few)
    nothing = np.full((block.patients, len(SIGNALS)), np.nan)
    step(State(block.patients), block, slice(None), np.full(block.patients, float(START)), nothing)


def by_oracle(patients: int, days: int, some: int) -> tuple[float, Colours]:
    """Seconds and colours of the scalar oracle on the first patients of the same cohort."""
    people, watch = oracles(some), Stopwatch()
    colours: Colours = np.empty((days, some, len(RULES)), dtype=np.int8)
    aliases = [signal.alias for signal in SIGNALS]
    for day, (t, x) in enumerate(days_of(patients, days)):
        sittings = [
            (float(t[row]), dict(zip(aliases, x[row].tolist(), strict=True)))
            for row in range(some)
        ]
        with watch:
            outcomes = [
                person.step(*sitting) for person, sitting in zip(people, sittings, strict=True)
            ]
        colours[day] = colours_of(outcomes)
    return watch.seconds, colours


def by_fhir(texts: Sequence[Sequence[Sequence[str]]], days: int) -> tuple[float, Colours]:
    """Seconds and colours when every value is first read out of an Observation.

    texts: patient, day, then the Observations of that day as JSON.
    """
    people, watch = oracles(len(texts)), Stopwatch()
    colours: Colours = np.empty((days, len(texts), len(RULES)), dtype=np.int8)
    for day in range(days):
        with watch:
            outcomes = [
                person.step(*reading_of(texts[row][day])) for row, person in enumerate(people)
            ]
        colours[day] = colours_of(outcomes)
    return watch.seconds, colours


def reading_of(documents: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Local days and values by signal of one day's Observations."""
    t, values = float("nan"), {}
    for document in documents:
        found: Any = Observation.model_validate(json.loads(document))
        moment = found.effectiveDateTime.replace(tzinfo=None)
        t = (moment - _EPOCH).total_seconds() / 86_400
        for part in found.component or [found]:
            signal = SIGNALS[_COLUMN[part.code.coding[0].code]]
            values[signal.alias] = float(part.valueQuantity.value)
    return t, values
