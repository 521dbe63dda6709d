"""Silence is bad when something was due meanwhile, and most of those who were due are missing."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from alerting.local_time import ZONE
from alerting.silence import Silence, silence
from fhir_mapping.enrolled import Citizen, Fact, Plan
from tests.alerting.api.scene import citizen

WEDNESDAY = datetime(2026, 2, 18, tzinfo=ZONE)
DAILY, MONDAYS = "1111111", "1000000"


def at(hours: float, day: int = 0) -> int:
    return round((WEDNESDAY + timedelta(days=day, hours=hours)).timestamp() * 1000)


def people(count: int, weekdays: str = DAILY, **changes: object) -> dict[str, Citizen]:
    plan = Plan(weekdays, "10:00", date(2026, 1, 1), ["spo2"])
    rows = [citizen(f"c{number}", "A", "B", plan=plan, **changes) for number in range(count)]
    return {row.id: row for row in rows}


def judged(
    citizens: dict[str, Citizen],
    arrived: int,
    now: int,
    heard: Sequence[str] = (),
    facts: dict[str, list[Fact]] | None = None,
) -> Silence:
    return silence(citizens, facts or {}, arrived, now, 120, lambda _: set(heard))


@pytest.mark.parametrize(
    ("arrived", "now", "wrong"),
    [
        (at(9.9, -1), at(10.1), True),  # yesterday's ten o'clock passed, and nobody came
        (at(10.1, -1), at(3), False),  # a night: nothing is due
        (at(10.1, -1), at(11.9), False),  # due, but not for two hours yet
        (at(10.1, -1), at(12), True),
        (at(10.1, -1), at(23), True),
        (at(11.9), at(12.1), False),  # something came just now
        (at(10.1), at(23), False),  # all is in
    ],
)
def test_one_citizen_over_the_day(arrived: int, now: int, wrong: bool) -> None:
    assert judged(people(1), arrived, now).wrong is wrong


def test_a_few_who_forget_are_no_silence() -> None:
    citizens = people(10)
    quiet = judged(citizens, at(9.9), at(20), [f"c{number}" for number in range(8)])
    assert (quiet.due, quiet.missing, quiet.wrong) == (10, 2, False)


def test_a_broker_that_died_in_the_morning_is_seen_at_noon() -> None:
    """A fifth had measured before; nothing has come since half past seven."""
    quiet = judged(people(10), at(7.5), at(12), ["c0", "c1"])
    assert (quiet.due, quiet.missing, quiet.wrong) == (10, 8, True)


def test_nothing_is_due_on_other_days_or_from_those_who_are_away() -> None:
    arrived, now = at(10.1, -1), at(15)
    assert not judged(people(3, MONDAYS), arrived, now).due
    assert judged(people(3, "0010000"), arrived, now).wrong
    assert not judged(people(3, paused=True), arrived, now).due
    away = Fact("c0", "admission", WEDNESDAY - timedelta(days=2), WEDNESDAY + timedelta(days=1))
    assert not judged(people(1), arrived, now, facts={"c0": [away]}).due
    over = Fact("c0", "admission", WEDNESDAY - timedelta(days=2), WEDNESDAY)
    assert judged(people(1), arrived, now, facts={"c0": [over]}).wrong
    mistaken = Fact("c0", "admission", WEDNESDAY - timedelta(days=2), void=True)
    assert judged(people(1), arrived, now, facts={"c0": [mistaken]}).wrong


def test_a_plan_that_begins_later_is_not_due() -> None:
    plan = Plan(DAILY, "10:00", date(2026, 2, 19), ["spo2"])
    citizens = {"c0": citizen("c0", "A", "B", plan=plan)}
    assert not judged(citizens, at(10.1, -1), at(15)).due


def test_long_silence_looks_one_day_back_only() -> None:
    """Whoever was due a month ago says nothing about today."""
    assert not judged(people(3, MONDAYS), at(9, -30), at(15)).due
    assert judged(people(3, MONDAYS), at(9, -30), at(15, -2)).wrong
