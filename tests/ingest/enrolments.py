"""People, devices and assignments for the tests of ingest. Everybody is made up."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from fhir_mapping.enrolled import (
    Assignment,
    Citizen,
    EnrolledDevice,
    Enrolment,
    Fact,
    Limits,
    Organisation,
    Plan,
)
from tests.ingest.said import DEVICE

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW_MS = 1_771_000_000_000
CLINIC = Organisation("clinic", "334201000016004", "Lungeambulatoriet")
OXIMETER = EnrolledDevice(DEVICE, "528388", "Maker", "Model 1")


def citizen(name: str, weekdays: str = "1111111") -> Citizen:
    """Somebody who measures on these days."""
    return Citizen(
        id=name,
        cpr="6103450000",
        given=name.title(),
        family="Eksempel",
        sex="female",
        birth_date=date(1945, 3, 1),
        condition="copd",
        organisation="clinic",
        plan=Plan(weekdays, "09:00", date(2026, 1, 1), ["spo2"]),
    )


ANNA, BO = citizen("anna"), citizen("bo")


def term(
    who: str,
    since: datetime = START,
    to: datetime | None = None,
    device: str = DEVICE,
    slot: int = 1,
) -> Assignment:
    """This device belongs to that citizen, for a time."""
    return Assignment(device, who, since, slot, to)


def limits(who: str, low_red: str, since: datetime = START) -> Limits:
    """A red limit of saturation."""
    return Limits(who, "spo2", since, low_red=low_red)


def fact(kind: Any, since: datetime = START, to: datetime | None = None, **more: Any) -> Fact:
    """Something that holds of Anna."""
    return Fact("anna", kind, since, to, **more)


def enrolment(*assignments: Assignment, **more: Any) -> Enrolment:
    """Anna and Bo, the clinic and the oximeter, with these assignments (limits, facts)."""
    return Enrolment([CLINIC], [ANNA, BO], [OXIMETER], list(assignments), **more)


def day(number: int) -> datetime:
    """Midnight (UTC) of a day of February 2026."""
    return datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=number - 1)
