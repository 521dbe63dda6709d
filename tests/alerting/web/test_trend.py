"""Better, worse, unchanged or silent since when: what the curves say, counted by hand."""

from typing import Any

import msgspec
import pytest

from alerting.rules import RULES
from alerting.situation import Curve, Usual
from alerting.web.trend import Trend, trend_of
from tests.alerting.api.scene import DAY_MS, HOUR_MS, NOW_MS, curve

LAST_MS = NOW_MS - 4 * HOUR_MS
"""When the newest measurement of a curve was taken; the others a day apart before it."""


def signal(*values: float, **changes: Any) -> Curve:
    """A curve of a person whose usual value is 94 with a spread of 1."""
    made = curve("spo2", values, **changes)
    return msgspec.structs.replace(made, usual=[Usual(NOW_MS - 60 * DAY_MS, 94.0, 1.0)])


def since(days: int) -> int:
    return LAST_MS - days * DAY_MS


def trend(*curves: Curve, onset: int = 3, **more: Any) -> Trend:
    """The trend of an alert that began so many days before the newest measurement."""
    return trend_of(curves, since(onset), NOW_MS, LAST_MS, **more)


def test_back_by_a_third_of_the_way_is_better_since_then() -> None:
    assert trend(signal(94, 88, 88, 90, 91)) == Trend("better", since(1))
    assert trend(signal(94, 88, 88, 90, 90)) == Trend("better", since(1))
    assert trend(signal(94, 88, 88, 90, 89.9)).way == "unchanged", "hardly a third, and no worse"


def test_farther_out_is_worse_since_it_left_the_usual() -> None:
    assert trend(signal(94, 94, 92, 91, 89), onset=1) == Trend("worse", since(2))


def test_neither_is_unchanged_since_it_began() -> None:
    steady = signal(*[88.5, 88.2] * 10)
    assert trend(steady, onset=15) == Trend("unchanged", since(15))


def test_it_is_better_only_when_every_signal_is() -> None:
    better, worse = signal(94, 88, 88, 93), signal(94, 94, 92, 88)
    assert trend(better, worse).way == "worse"
    assert trend(better, signal(*[94.0] * 4)).way == "better", "what never lay out says nothing"
    assert trend(better, signal(94, 88, 88, 88.5)).way != "better"


def test_above_and_below_the_usual_are_each_their_own_side() -> None:
    """Back from too high to below the usual is better, not worse."""
    assert trend(signal(94, 99, 99, 93)) == Trend("better", since(0))


def test_silence_is_told_before_anything_else() -> None:
    long_ago = NOW_MS - 2 * DAY_MS
    curves = [signal(94, 88, 88, 93)]
    assert trend_of(curves, since(3), NOW_MS, long_ago, 1) == Trend("silent", long_ago)
    assert trend_of(curves, since(3), NOW_MS, long_ago, 0).way == "better", "nothing was due"
    assert trend(*curves, missed_days=1).way == "better", "measured today, but not everything"


@pytest.mark.parametrize("made", [signal(), signal(94), curve("spo2", [94, 88], usual=[])])
def test_nothing_to_compare_with_is_no_trend(made: Curve) -> None:
    assert trend(made) == Trend("unchanged", since(3))


def test_doubtful_measurements_do_not_count() -> None:
    made = signal(94, 88, 88, 88.2, 94)
    odd = msgspec.structs.replace(made.points[-1], doubtful=True)
    assert trend(msgspec.structs.replace(made, points=[*made.points[:-1], odd])).way != "better"


def test_no_rule_speaks_of_today() -> None:
    """A sentence is read for as long as its finding stands; today is then another day."""
    for rule in RULES:
        told = f"{rule.text_da} {rule.text_en} {rule.urgent_da} {rule.urgent_en}".lower()
        for word in ("i dag", "today", "i går", "yesterday", "lige nu", "right now"):
            assert word not in told, rule.id
