"""One day of the rulebook: `step` over all at once beside the scalar oracle, one by one."""

from typing import Any

import numpy as np
import pytest

from alerting.rules import RULEBOOK, SIGNALS, State, step
from benchmarks.cohort import days_of, profile_of
from benchmarks.micro.conftest import COUNT
from benchmarks.rules import colours_of, oracles

MANY = 5_000
DAYS = 12
ALIASES = [signal.alias for signal in SIGNALS]


def prepared(patients: int) -> tuple[State, list[Any]]:
    """A state after some days, and those days."""
    state, profile, days = State(patients), profile_of(patients), list(days_of(patients, DAYS))
    for t, x in days[:-1]:
        step(state, profile, slice(None), t, x, rulebook=RULEBOOK)
    return state, days


@pytest.mark.benchmark(group="step", disable_gc=True)
def test_ours(benchmark: Any) -> None:
    measure_step(benchmark, COUNT)


@pytest.mark.benchmark(group=f"step of {MANY} patients", disable_gc=True)
def test_many(benchmark: Any) -> None:
    measure_step(benchmark, MANY)


def measure_step(benchmark: Any, patients: int) -> None:
    """The last day of a cohort, again and again from the same state."""
    state, days = prepared(patients)
    profile, (t, x) = profile_of(patients), days[-1]
    found = benchmark.pedantic(
        lambda fresh: step(fresh, profile, slice(None), t, x, rulebook=RULEBOOK),
        setup=lambda: ((state.copy(),), {}),
        rounds=20,
        warmup_rounds=1,
    )
    assert found.colour.shape[0] == patients


@pytest.mark.benchmark(group="step", disable_gc=True)
def test_oracle(benchmark: Any) -> None:
    state, days = prepared(COUNT)
    rows = [
        [(float(t[row]), dict(zip(ALIASES, x[row].tolist(), strict=True))) for row in range(COUNT)]
        for t, x in days
    ]

    def aged() -> tuple[tuple[list[Any]], dict[str, Any]]:
        people = oracles(COUNT)
        for day in rows[:-1]:
            for person, sitting in zip(people, day, strict=True):
                person.step(*sitting)
        return (people,), {}

    found = benchmark.pedantic(
        lambda people: [
            person.step(*sitting) for person, sitting in zip(people, rows[-1], strict=True)
        ],
        setup=aged,
        rounds=20,
    )
    colour = step(state, profile_of(COUNT), slice(None), *days[-1], rulebook=RULEBOOK).colour
    np.testing.assert_array_equal(colours_of(found), colour)
