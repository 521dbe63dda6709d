"""The primitives against the vectors of the clinical reference, section 4.0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.rules.arrays import Ints
from alerting.rules.due_days import count_due, nth_due, weekday
from alerting.rules.primitives import (
    absorb,
    decay,
    deviation_sd,
    follow,
    hits,
    shift_in,
    window_gain,
    winsorise,
)

YELLOW = 3


def moments(half_life: float, times: list[float], values: list[float]) -> list[tuple[float, ...]]:
    weight = mean = spread = np.array(0.0)
    last = times[0]
    seen: list[tuple[float, ...]] = []
    for t, x in zip(times, values, strict=True):
        kept = decay(np.array(t - last), np.array(half_life))
        weight, mean, spread = absorb(weight, mean, spread, np.array(x), kept)
        last = t
        seen.append((float(weight), float(mean), float(spread / weight)))
    return seen


def test_p1_vector() -> None:
    seen = moments(7.0, [0, 1, 2, 4, 7], [94, 95, 93, 94, 90])
    assert [row[0] for row in seen] == pytest.approx(
        [1, 1.905724, 2.726059, 3.236283, 3.404549], abs=1e-6
    )
    assert [row[1] for row in seen] == pytest.approx(
        [94, 94.524735, 93.965417, 93.976103, 92.808223], abs=1e-6
    )
    assert [row[2] for row in seen] == pytest.approx(
        [0, 0.249388, 0.697880, 0.482493, 3.620439], abs=1e-6
    )


def test_p1_hand_case() -> None:
    seen = moments(1.0, [0, 1, 2], [10, 12, 8])
    assert seen[1] == pytest.approx((1.5, 34 / 3, 8 / 9))
    assert seen[2] == pytest.approx((1.75, 16.5 / 1.75, 3.102041), abs=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.floats(50, 100)), min_size=1, max_size=12),
    st.floats(1, 40),
)
def test_p1_equals_the_weighted_sums(gaps: list[tuple[int, float]], half_life: float) -> None:
    times = np.cumsum([gap for gap, _ in gaps]).astype(float)
    values = np.array([value for _, value in gaps])
    weights = 2.0 ** (-(times[-1] - times) / half_life)
    mean = (weights * values).sum() / weights.sum()
    variance = (weights * (values - mean) ** 2).sum() / weights.sum()
    last = moments(half_life, times.tolist(), values.tolist())[-1]
    assert last == pytest.approx((weights.sum(), mean, variance), rel=1e-9, abs=1e-7)


def test_p2_winsorises_at_three_sd_and_never_below_the_floor() -> None:
    sd = deviation_sd(np.array([4.0, 4.0]), np.array([16.0, 0.04]), np.array(0.9))
    assert sd.tolist() == [2.0, 0.9]
    pulled = winsorise(np.array([80.0, 95.0]), np.array(94.0), sd)
    assert pulled.tolist() == [88.0, 95.0]


def test_p4_vector() -> None:
    register: Ints = np.array(0, np.uint8)
    length = np.array(3, np.uint8)
    seen, fired = [], []
    for hit in (1, 0, 0, 1, None, 1, 0, 0, 1, 1):
        if hit is not None:
            register = shift_in(register, np.array(bool(hit)), length)
        seen.append(int(register))
        fired.append(bool(hits(register) >= 2))
    assert seen == [1, 2, 4, 1, 1, 3, 6, 4, 1, 3]
    assert fired == [False, False, False, False, False, True, True, False, False, True]


def test_p5_vector() -> None:
    active, clears, seen = np.array(0), np.array(0), []
    for x in (92, 89, 90, 91, None, 91, 92, 92, 88, 91, 92):
        if x is not None:
            raw = np.array(YELLOW if x <= 89 else 0)
            active, clears = follow(
                active, clears, raw, np.array(x >= 91), np.array(3), np.array(False)
            )
        seen.append(bool(active == YELLOW))
    assert seen == [False, True, True, True, True, True, False, False, True, True, True]


def test_p5_the_deadband_breaks_a_run_of_clear_readings() -> None:
    active, clears, seen = np.array(0), np.array(0), []
    for x in (89, 91, 91, 90, 91, 91, 91):
        raw = np.array(YELLOW if x <= 89 else 0)
        active, clears = follow(
            active, clears, raw, np.array(x >= 91), np.array(3), np.array(False)
        )
        seen.append(bool(active == YELLOW))
    assert seen == [True, True, True, True, True, True, False]


def gains(values: list[int | None], window: int) -> list[float | None]:
    seen: list[float | None] = []
    for day, value in enumerate(values):
        if value is None:
            continue
        back = np.array([[v or 0] for v in (*values[:day][::-1], 0)], dtype=np.int32)
        gain, found = window_gain(np.array([value], dtype=np.int32), back, window)
        seen.append(int(gain[0]) if found[0] else None)
    return seen


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (1, [None, 2, -3, 2, -1, 4, 5, 6, 7]),
        (3, [None, 2, -1, 2, 1, 5, 9, 15, 18]),
        (7, [None, 2, -1, 2, 1, 5, 10, 16, 23]),
    ],
)
def test_p11_vector(window: int, expected: list[float | None]) -> None:
    assert gains([800, 802, 799, 801, 800, 804, 809, 815, 822], window) == expected


@pytest.mark.parametrize(("window", "expected"), [(3, [None, 9, 12, 0]), (7, [None, 9, 21, 21])])
def test_p11_vector_with_gaps(window: int, expected: list[float | None]) -> None:
    assert gains([800, None, 809, None, None, 821, 821], window) == expected


@given(st.integers(0, 127), st.integers(19_000, 22_000), st.integers(-3, 60))
def test_due_days_equal_a_walk_through_the_calendar(plan: int, after: int, length: int) -> None:
    due = [d for d in range(after + 1, after + 1 + 60) if plan >> ((d + 3) % 7) & 1]
    counted = count_due(np.array(plan, np.uint8), np.array(after), np.array(after + length))
    assert int(counted) == sum(d <= after + length for d in due)
    for nth in (1, 2):
        if plan:
            assert int(nth_due(np.array(plan, np.uint8), np.array(after), nth)) == due[nth - 1]


def test_weekday_of_a_known_day() -> None:
    assert int(weekday(np.array(20_000))) == 4  # Friday 4 October 2024
