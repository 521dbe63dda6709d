"""`rules`: the whole rulebook over a cohort on one core, and other ways of doing such work.

In one run: `alerting.rules.step` with float32 states over every patient and day, block by block;
the scalar oracle of the tests (one patient, plain Python, whole histories) on some of the patients;
a few of the rules in pandas and in river (`rules_elsewhere`) beside the same few of ours; and a
plain copy of the bytes that a step has to touch. The oracle must give the same colours as float64
states, and pandas the same levels, or the run fails.

The first days, on which no baseline is valid yet and half of the rules have nothing to do, are run
and compared, and not timed.

The oracle is written to be right and not to be fast; its figure is that of plain code, not of the
best that plain code could be. Everything runs on one core: the process is pinned to one where the
system can do that (parameter `pinned`), NumPy's step starts no threads, and seconds are those that
this process computed, so that other work on the machine costs cache but no time. Like the
scorecard's processes it keeps freed memory for the next array (`freed_memory_kept`).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from itertools import pairwise
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from alerting.rules import (
    RULEBOOK,
    RULEBOOK_VERSION,
    RULES,
    SIGNALS,
    Profile,
    Rulebook,
    State,
    default_limits,
    default_relative_limits,
    step,
)
from alerting.rules.state import BASE_BYTES, RULE_BYTES
from benchmarks import measure
from benchmarks.cohort import EXPECTED, PLAN_WEEKDAYS, SEED, START, answers_of, days_of, profile_of
from benchmarks.measure import Result, Stopwatch
from benchmarks.rules_elsewhere import COLUMNS, NAMED, SUBSET, by_pandas, by_river
from hjemmepuls.allocator import keep_freed_memory

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Answer, Patient

Bytes = npt.NDArray[np.int8]
"""(days, patients, rules): colours, or levels."""
Times = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]
Day = tuple[Times, Values, Bytes]
"""t (patients,), x (patients, signals), answers (patients, items)."""
SINGLE = np.dtype(np.float32)
Span = tuple[int, int]
"""Days in all, and how many of the first are not timed."""
TIMED_DAYS = 3
TIMES_MAX = 20
"""How often a cohort of a thousand is run for its cost; a larger one less often."""


def run(
    patients: int,
    span: Span,
    scalar: int,
    framed: int,
    block: int,
    sizes: Sequence[int],
    repeat: int,
) -> Result:
    """`scalar` and `framed` are how many patients the slower ways take; `sizes` the cohorts whose
    cost per patient is compared."""
    assert State(0, SINGLE).nbytes_per_patient <= BASE_BYTES + RULE_BYTES * len(RULES)
    (days, warm), kept = span, keep_freed_memory()
    with one_core() as pinned:
        vector, slow, copied = [], [], []
        for _ in range(repeat):  # in turn, so that the machine's other work burdens all
            vector.append(by_step(patients, span, block, SINGLE, keep=scalar))
            slow.append(by_oracle(patients, span, scalar))
            copied.append(by_copy(patients))
        exact = by_step(scalar, span, block, np.dtype(np.float64), keep=scalar, cohort=patients)
        beside = elsewhere(framed, span, block, repeat)
        per_patient = {str(size): per_patient_us(size, warm, block, repeat) for size in sizes}
    for _, colours in slow:
        np.testing.assert_array_equal(colours, exact[1])
    return {
        "name": "rules",
        "parameters": {
            "patients": patients,
            "days": days,
            "warm_days": warm,
            "signals": len(SIGNALS),
            "rules": len(RULES),
            "rulebook": RULEBOOK_VERSION,
            "dtype": SINGLE.name,
            "block": block,
            "pinned": pinned,
            "freed_memory_kept": kept,
            "scalar_patients": scalar,
            "framed_patients": framed,
            "subset": list(NAMED),
            "repeat": repeat,
            "seed": SEED,
        },
        "machine": measure.machine(),
        **figures(patients * (days - warm), scalar * (days - warm), vector, slow),
        **beside,
        "share_of_memory_bandwidth": measure.ratio(
            measure.rate(patients * (days - warm), [seconds for seconds, _, _ in vector]),
            measure.rate(patients, copied),
        ),
        "state_bytes_per_patient": State(0, SINGLE).nbytes_per_patient,
        "state_bytes_allowed": BASE_BYTES + RULE_BYTES * len(RULES),
        "input_bytes_per_patient": INPUT_BYTES,
        "same_colours_as_float64": float(np.mean(vector[-1][1] == exact[1])),
        "us_per_patient_step": per_patient,
        "peak_rss_mb": measure.peak_rss_mb(),
    }


def figures(
    steps: int,
    slow_steps: int,
    vector: Sequence[tuple[float, Bytes, str]],
    slow: Sequence[tuple[float, Bytes]],
) -> Result:
    """Our rate, the oracle's, and the hash that every run must have come to."""
    (digest,) = {digest for _, _, digest in vector}
    seconds = [seconds for seconds, _, _ in vector]
    ours = measure.rate(steps, seconds)
    theirs = measure.rate(slow_steps, [seconds for seconds, _ in slow])
    return {
        "patient_steps_per_s": ours,
        "patient_steps_per_s_range": measure.spread(steps, seconds),
        "scalar_patient_steps_per_s": theirs,
        "ratio_vs_scalar": measure.ratio(ours, theirs),
        "result_hash": digest,
    }


@contextmanager
def one_core() -> Iterator[bool]:
    """Pin this process to one core, where the system can; whether it could."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def whole_days(patients: int, days: int) -> Iterator[Day]:
    """The cohort's readings and answers, day by day, column by column as `step` takes them."""
    readings, answers = days_of(patients, days), answers_of(patients, days)
    for (t, x), said in zip(readings, answers, strict=True):
        yield t, np.asfortranarray(x), np.asfortranarray(said)


INPUT_BYTES = sum(array.nbytes for array in next(whole_days(1, 1)))
"""What one patient brings to one step."""


def by_step(
    patients: int,
    span: Span,
    block: int,
    dtype: np.dtype[np.floating],
    keep: int,
    cohort: int | None = None,
) -> tuple[float, Bytes, str]:
    """Seconds, the first patients' colours, and the hash of everybody's.

    The first `patients` of a cohort of `cohort`. Each block has a state of its own, as in replay.
    """
    blocks = blocks_of(patients, block)
    states = [State(rows.stop - rows.start, dtype) for rows in blocks]
    profiles: list[Profile] = [profile_of(state.patients) for state in states]
    warm_up(profiles[0])
    (days, warm), digest, watch = span, sha256(), Stopwatch(process_time)
    kept: Bytes = np.empty((days, keep, len(RULES)), dtype=np.int8)
    for day, (t, x, said) in enumerate(whole_days(cohort or patients, days)):
        if day == warm:  # what follows from the profiles alone is worked out on the clock
            with watch:
                profiles = [profile.settled() for profile in profiles]
        for rows, state, profile in zip(blocks, states, profiles, strict=True):
            with watch if day >= warm else nullcontext():
                found = step(
                    state, profile, slice(None), t[rows], x[rows], said[rows], rulebook=RULEBOOK
                )
            digest.update(found.colour.tobytes())
            mine = kept[day, rows]
            mine[...] = found.colour[: len(mine)]
    return watch.seconds, kept, digest.hexdigest()


def blocks_of(patients: int, block: int) -> list[slice]:
    """Blocks of much the same size, about `block` each: a small rest would cost as much again."""
    edges = np.linspace(0, patients, max(round(patients / block), 1) + 1).astype(int).tolist()
    return [slice(*edge) for edge in pairwise(edges)]


def warm_up(profile: Profile) -> None:
    """One step on a few patients, so that nothing is imported or built on the clock."""
    few = slice(0, min(10, profile.patients))
    block = profile.take(few)
    nothing = np.full((block.patients, len(SIGNALS)), np.nan)
    step(
        State(block.patients),
        block,
        slice(None),
        np.full(block.patients, float(START)),
        nothing,
        rulebook=RULEBOOK,
    )


def by_oracle(patients: int, span: Span, some: int) -> tuple[float, Bytes]:
    """Seconds and colours of the scalar oracle on the first patients of the same cohort."""
    from tests.alerting.rules.oracle import QUESTIONS

    (days, warm), people, watch = span, oracles(some), Stopwatch(process_time)
    colours: Bytes = np.empty((days, some, len(RULES)), dtype=np.int8)
    aliases = [signal.alias for signal in SIGNALS]
    for day, (t, x, said) in enumerate(whole_days(patients, days)):
        sittings = [
            (
                float(t[row]),
                dict(zip(aliases, x[row].tolist(), strict=True)),
                {q: a == 1 for q, a in zip(QUESTIONS, said[row].tolist(), strict=True) if a >= 0},
            )
            for row in range(some)
        ]
        with watch if day >= warm else nullcontext():
            answers = [
                person.step(*sitting) for person, sitting in zip(people, sittings, strict=True)
            ]
        colours[day] = colours_of(answers)
    return watch.seconds, colours


def by_copy(patients: int) -> float:
    """Seconds to copy once the bytes of everybody's state and of one step's input."""
    size = patients * (State(0, SINGLE).nbytes_per_patient + INPUT_BYTES)
    source, target = np.full(size, 1, dtype=np.uint8), np.full(size, 0, dtype=np.uint8)
    watch = Stopwatch(process_time)
    with watch:
        np.copyto(target, source)
    assert target[-1] == 1
    return watch.seconds


def elsewhere(patients: int, span: Span, block: int, repeat: int) -> Result:
    """The named rules by pandas, by river, and by our own step with the others switched off."""
    days, warm = span
    every = list(whole_days(patients, days))
    t, x = np.stack([day[0] for day in every]), np.stack([day[1] for day in every])
    ours, framed, streamed = [], [], []
    for _ in range(repeat):
        ours.append(levels_of(every, warm, block, SUBSET))
        framed.append(by_pandas(t, x))
        streamed.append(by_river(x))
    for (_, mine), (_, frame) in zip(ours, framed, strict=True):
        np.testing.assert_array_equal(mine, frame)
    rates = [
        measure.rate(patients * counted, [seconds for seconds, _ in runs])
        for runs, counted in ((ours, days - warm), (framed, days), (streamed, days))
    ]
    return {
        "subset_patient_steps_per_s": rates[0],
        "dataframe_patient_steps_per_s": rates[1],
        "river_patient_steps_per_s": rates[2],
        "ratio_vs_dataframe": measure.ratio(rates[0], rates[1]),
        "ratio_vs_river": measure.ratio(rates[0], rates[2]),
        "river_levels_alike": round(float(np.mean(ours[-1][1] == streamed[-1][1])), 4),
    }


def levels_of(every: Sequence[Day], warm: int, block: int, book: Rulebook) -> tuple[float, Bytes]:
    """Seconds, and the level of each reading by the named rules."""
    patients, watch, levels = len(every[0][0]), Stopwatch(process_time), []
    blocks = blocks_of(patients, block)
    states = [State(rows.stop - rows.start, SINGLE) for rows in blocks]
    profiles = [profile_of(state.patients).settled() for state in states]
    for day, (t, x, said) in enumerate(every):
        parts = []
        for rows, state, profile in zip(blocks, states, profiles, strict=True):
            with watch if day >= warm else nullcontext():
                found = step(
                    state, profile, slice(None), t[rows], x[rows], said[rows], rulebook=book
                )
            parts.append(found.level[:, COLUMNS])
        levels.append(np.concatenate(parts))
    return watch.seconds, np.stack(levels)


def per_patient_us(patients: int, warm: int, block: int, repeat: int) -> float:
    """Microseconds a patient-step once the states are warm: one block's, copied for everybody.

    The inputs of one block serve all blocks, so that only the states grow with the cohort; a small
    cohort runs several times, each time from the same states, so that there is something to time.
    """
    size, blocks = min(block, patients), -(-patients // min(block, patients))
    every, profile = list(whole_days(size, warm + TIMED_DAYS)), profile_of(size).settled()
    first = State(size, SINGLE)
    for t, x, said in every[:warm]:
        step(first, profile, slice(None), t, x, said, rulebook=RULEBOOK)
    seconds: list[float] = []
    times = max(1, min(TIMES_MAX, TIMES_MAX * 1_000 // (blocks * size)))
    for _ in range(repeat):
        watch = Stopwatch(process_time)
        for _ in range(times):
            states = [first.copy() for _ in range(blocks)]
            for t, x, said in every[warm:]:
                for state in states:
                    with watch:
                        step(state, profile, slice(None), t, x, said, rulebook=RULEBOOK)
            del states  # before the next are made: there may be a gigabyte of them
        seconds.append(watch.seconds)
    return round(1e6 * median(seconds) / (times * blocks * size * TIMED_DAYS), 3)


def oracles(count: int) -> "list[Patient]":
    """Fresh oracles with the same limits and plan as the cohort's profile."""
    from tests.alerting.rules.oracle import Patient

    limits, relative = (
        default_limits("both", rulebook=RULEBOOK),
        default_relative_limits("both", rulebook=RULEBOOK),
    )
    return [
        Patient(
            limits=limits,
            relative=relative,
            expected=frozenset(EXPECTED),
            plan=PLAN_WEEKDAYS,
            start=START,
            copd=True,
            heart_failure=True,
            symptoms_asked=True,
        )
        for _ in range(count)
    ]


def colours_of(answers: "Sequence[Answer]") -> Bytes:
    """(patients, rules) of one day."""
    rows = [[answer.rules[rule.id].colour for rule in RULES] for answer in answers]
    return np.array(rows, dtype=np.int8)
