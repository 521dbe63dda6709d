"""Pace: history at once, then faster than life, then life; never the future."""

from datetime import UTC, datetime

import pytest

from devices.simulated import Timeline

NOW_S = 1_000_000.0


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_history_goes_at_once() -> None:
    line = Timeline(at(NOW_S), wall=lambda: NOW_S)
    assert line.now() is None
    assert line.wait_s(int((NOW_S - 5_000) * 1000)) == 0
    assert line.now() == at(NOW_S - 5_000)


def test_the_live_stretch_is_paced_until_it_catches_up() -> None:
    wall = [NOW_S]
    line = Timeline(at(NOW_S - 900), speed=10, wall=lambda: wall[0])
    assert line.wait_s(int((NOW_S - 900) * 1000)) == 0
    assert line.wait_s(int((NOW_S - 400) * 1000)) == 50
    wall[0] += 50
    assert line.now() == at(NOW_S - 400)
    wall[0] += 50  # 900 s at nine times the wall's pace: caught up
    assert line.now() == at(NOW_S + 100)
    wall[0] += 1_000
    assert line.now() == at(wall[0])
    assert line.wait_s(int((wall[0] + 60) * 1000)) == 60


def test_a_quick_stretch_and_then_a_steady_one() -> None:
    """Ten days of history, two days at a day a second, then a day a minute."""
    day, start = 86_400.0, NOW_S * 1000
    wall: list[float] = [start]
    line = Timeline(at(start - 100 * day), day, at(start - 98 * day), 1_440, wall=lambda: wall[0])
    assert line.wait_s(int((start - 100 * day) * 1000)) == 0
    for days, seconds in ((1, 1), (2, 2), (3, 62), (4, 122), (12, 602)):
        assert line.wait_s(int((start - (100 - days) * day) * 1000)) == pytest.approx(seconds)
    for virtual, seconds in ((1.0, 1), (2.0, 2), (2.5, 32), (12.0, 602)):
        wall[0] = start + seconds
        assert line.now() == at(start - (100 - virtual) * day)


@pytest.mark.parametrize("until_s", [NOW_S - 100, NOW_S + 1_000_000])
def test_nothing_is_sent_before_its_time(until_s: float) -> None:
    line = Timeline(at(until_s), speed=1_000, wall=lambda: NOW_S)
    assert line.wait_s(int((NOW_S + 30) * 1000)) == 30
    assert (line.now() or at(0)) <= at(NOW_S)


def test_impossible_paces_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Timeline(datetime.fromisoformat("2026-01-01"))
    with pytest.raises(ValueError, match="positive"):
        Timeline(at(0), speed=0)
    with pytest.raises(ValueError, match="positive"):
        Timeline(at(0), 1, at(1), -1)
    with pytest.raises(ValueError, match="time zone"):
        Timeline(at(0), 1, datetime.fromisoformat("2026-01-01"), 1)
