"""The simple rules against plain loops over one patient's readings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.backtest.rules_of_thumb import (
    RULES_OF_THUMB,
    below,
    gained,
    macd,
    with_refractory,
)
from alerting.rules import signal_index

WEIGHTS = st.lists(st.one_of(st.none(), st.integers(780, 840)), min_size=1, max_size=25)


def row(tenths: list[int | None]) -> np.ndarray:
    return np.array([[np.nan if one is None else one / 10 for one in tenths]])


def plain_gain(tenths: list[int | None], day: int, window: int) -> int | None:
    now = tenths[day]
    before = [one for one in tenths[max(0, day - window) : day] if one is not None]
    return None if now is None or not before else now - min(before)


@given(WEIGHTS, st.sampled_from([1, 3, 7]), st.integers(0, 30))
def test_gain_is_over_the_lowest_of_the_window(
    tenths: list[int | None], window: int, limit: int
) -> None:
    for inclusive in (True, False):
        found = gained(row(tenths), window, limit / 10, inclusive=inclusive)[0]
        for day in range(len(tenths)):
            gain = plain_gain(tenths, day, window)
            reached = gain is not None and (gain >= limit if inclusive else gain > limit)
            assert found[day] == reached


@given(WEIGHTS)
def test_macd_is_the_difference_of_two_weighted_means(tenths: list[int | None]) -> None:
    found = macd(row(tenths), 2, 14)[0]
    for day, now in enumerate(tenths):
        if now is None:
            assert np.isnan(found[day])
            continue
        seen = [(day - at, one / 10) for at, one in enumerate(tenths[: day + 1]) if one is not None]
        age, value = np.array(seen).T
        short, long = (np.average(value, weights=2.0 ** (-age / half)) for half in (2, 14))
        assert found[day] == pytest.approx(short - long, abs=1e-9)


def test_each_on_and_over_its_threshold() -> None:
    two, threes, fast, average = (rule.hits for rule in RULES_OF_THUMB)
    assert two(np.array([[90.0, 89.0]])).tolist() == [[False, True]]
    assert threes(np.array([[80.0, 82.0]])).tolist() == [[False, False]]
    assert threes(np.array([[80.0, 82.1]])).tolist() == [[False, True]]
    assert fast(np.array([[80.0, 81.3]])).tolist() == [[False, False]]
    assert fast(np.array([[80.0, 81.4]])).tolist() == [[False, True]]
    assert fast(np.array([[80.0, np.nan, np.nan, 82.2]])).any() == np.False_
    assert fast(np.array([[80.0, np.nan, np.nan, 82.3]])).any()
    assert not average(np.full((1, 30), 80.0)).any()
    assert average(np.repeat([80.0, 83.0], [20, 8])[None, :])[0, -1]


def test_nothing_measured_is_nothing_found() -> None:
    for rule in RULES_OF_THUMB:
        assert not rule.hits(np.full((2, 40), np.nan)).any()
        signal_index(rule.signal)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_at_most_one_alert_in_seven_days(hits: list[bool]) -> None:
    t = np.arange(float(len(hits)))[None, :]
    times = with_refractory(np.array([hits]), t)["t"]
    assert (np.diff(times) >= 7).all()
    assert len(times) > 0 or not any(hits)


def test_patients_do_not_meet() -> None:
    value = np.array([[80.0, 85.0, 80.0, 85.0], [70.0, 70.0, 70.0, 70.0]])
    t = np.tile(np.arange(4.0), (2, 1))
    for rule in RULES_OF_THUMB[1:]:
        alone = with_refractory(rule.hits(value[:1]), t[:1])
        assert with_refractory(rule.hits(value), t).tolist() == alone.tolist()
    assert below(value, 75.0)[1].all()
