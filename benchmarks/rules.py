"""`rules`: the whole rulebook over a cohort, and the same judgement one patient at a time.

In one run: `alerting.rules.step` over every patient and day; the scalar oracle of the tests (one
patient, plain Python, whole histories) on some of the patients; and the ordinary way on fewer
still, where each value first comes out of an Observation that fhir.resources has read. All three
must give the same colours, or the run fails.

The oracle is written to be right and not to be fast; its figure is that of plain code, not of the
best that plain code could be.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from fhir.resources.R4B.observation import Observation

from alerting.rules import (
    RULEBOOK_VERSION,
    RULES,
    SIGNALS,
    Profile,
    State,
    default_limits,
    default_relative_limits,
    step,
)
from benchmarks import measure
from benchmarks.cohort import EXPECTED, PLAN_WEEKDAYS, SEED, START, days_of, profile_of
from benchmarks.measure import Result, Stopwatch
from benchmarks.plain import coding, loinc_of, quantity
from devices.catalogue import metric

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Answer, Patient

Colours = npt.NDArray[np.int8]
"""(days, patients, rules)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=1)))
Sitting = tuple[float, list[str]]
"""Local days, and the Observations of one patient's day as JSON."""
_ROWS = [metric(signal.metrics[0]) for signal in SIGNALS]
_COLUMN = {loinc_of(row.alias): column for column, row in enumerate(_ROWS)}


def run(patients: int, days: int, scalar: int, plain: int, repeat: int) -> Result:
    """`scalar` and `plain` are how many patients the slower ways take."""
    texts = sittings_of(patients, days, plain)
    vector, slow, fhir = [], [], []
    for _ in range(repeat):  # in turn, so that the machine's other work burdens all
        vector.append(by_step(patients, days, keep=scalar))
        slow.append(by_oracle(patients, days, scalar))
        fhir.append(by_fhir(texts))
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
        "plain_observations": sum(len(one) for day in texts for _, one in day),
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
            (float(t[row]), dict(zip(aliases, x[row].tolist(), strict=True))) for row in range(some)
        ]
        with watch:
            outcomes = [
                person.step(*sitting) for person, sitting in zip(people, sittings, strict=True)
            ]
        colours[day] = colours_of(outcomes)
    return watch.seconds, colours


def by_fhir(days: Sequence[Sequence[Sitting]]) -> tuple[float, Colours]:
    """Seconds and colours when every value is first read out of an Observation."""
    patients = len(days[0])
    people, watch = oracles(patients), Stopwatch()
    colours: Colours = np.empty((len(days), patients, len(RULES)), dtype=np.int8)
    for day, sittings in enumerate(days):
        with watch:
            outcomes = [
                person.step(t, values_of(documents))
                for person, (t, documents) in zip(people, sittings, strict=True)
            ]
        colours[day] = colours_of(outcomes)
    return watch.seconds, colours


def values_of(documents: Sequence[str]) -> dict[str, float]:
    """Value by signal of one sitting's Observations."""
    values = {}
    for document in documents:
        found: Any = Observation.model_validate(json.loads(document))
        for part in found.component or [found]:
            signal = SIGNALS[_COLUMN[part.code.coding[0].code]]
            values[signal.alias] = float(part.valueQuantity.value)
    return values


def sittings_of(patients: int, days: int, some: int) -> list[list[Sitting]]:
    """The first patients' days as FHIR: what `by_fhir` takes, made before the clock runs."""
    return [
        [(float(t[row]), documents_of(float(t[row]), x[row].tolist())) for row in range(some)]
        for t, x in days_of(patients, days)
    ]


def documents_of(t: float, values: Sequence[float]) -> list[str]:
    """One sitting as minimal Observations; the blood pressures are components of one."""
    moment = (_EPOCH + timedelta(days=t)).isoformat("T", "seconds")
    single: list[dict[str, Any]] = []
    pressure: list[dict[str, Any]] = []
    for row, value in zip(_ROWS, values, strict=True):
        if math.isnan(value):
            continue
        said = {"code": coding(row.alias), **quantity(row, value)}
        (pressure if row.panel else single).append(said)
    if pressure:
        single.append({"code": coding("blood_pressure"), "component": pressure})
    facts = {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/citizen-1"},
        "effectiveDateTime": moment,
    }
    return [json.dumps({**facts, **one}) for one in single]


def oracles(count: int) -> "list[Patient]":
    """Fresh oracles with the same limits and plan as the cohort's profile."""
    from tests.alerting.rules.oracle import Patient

    limits, expected = default_limits("both"), frozenset(EXPECTED)
    relative = default_relative_limits("both")
    return [
        Patient(
            limits=limits,
            relative=relative,
            expected=expected,
            plan=PLAN_WEEKDAYS,
            start=START,
            copd=True,
            heart_failure=True,
        )
        for _ in range(count)
    ]


def colours_of(answers: "Sequence[Answer]") -> Colours:
    """(patients, rules) of one day."""
    rows = [[answer.rules[rule.id].colour for rule in RULES] for answer in answers]
    return np.array(rows, dtype=np.int8)
