"""Local days: floor(t) is the day on the citizen's wall calendar, in summer and in winter."""

from datetime import UTC, date, datetime, timedelta
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.local_time import DAY_MS, ZONE, day_number, local_days, midnight, utc_ms

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
instants = st.integers(0, 4_102_444_800_000)  # 1970 to 2100


def test_the_zone_is_danish() -> None:
    assert ZONE.key == "Europe/Copenhagen"


@given(instants)
def test_the_day_is_that_of_the_wall_calendar(instant_ms: int) -> None:
    wall = datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(ZONE)
    assert floor(local_days(instant_ms)) == day_number(wall.date())


@given(instants)
def test_there_and_back_to_the_millisecond(instant_ms: int) -> None:
    """Back is the same instant, or an hour earlier in the hour that comes twice."""
    back = utc_ms(local_days(instant_ms))
    twice = datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(ZONE).fold == 1
    assert back == instant_ms - (3_600_000 if twice else 0)


@given(instants, st.integers(1, 10**9))
def test_order_is_kept_outside_the_hour_that_comes_twice(instant_ms: int, later_ms: int) -> None:
    earlier, later = local_days(instant_ms), local_days(instant_ms + later_ms)
    assert later > earlier or later_ms <= 3_600_000


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_day_is_as_long_as_the_clock_says(day: date, hours: int) -> None:
    start, end = (midnight(day + timedelta(days=more)).timestamp() for more in (0, 1))
    assert end - start == hours * 3600
    assert local_days(round(start * 1000)) == day_number(day), "midnight is a whole number"
    assert local_days(round(end * 1000) - 1) == day_number(day) + 1 - 1 / DAY_MS


def test_noon_is_noon_on_both_sides_of_a_change() -> None:
    for day in (SPRING, SPRING - timedelta(days=1), AUTUMN, AUTUMN - timedelta(days=1)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
        assert local_days(round(noon.timestamp() * 1000)) == day_number(day) + 0.5
        assert utc_ms(day_number(day) + 0.5) == round(noon.timestamp() * 1000)


def test_days_are_counted_from_the_epoch() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(2026, 3, 29)) == 20_541
