"""Building a home: who lives there, what becomes of them, and what stands in it.

In: a seed and an index, the course planned for it. Out: a `Home` that has not lived a day. Called
by `world`. Persons, courses, devices, the line and the tablet have a stream of random numbers
each, so that a change of one leaves the others.
"""

from datetime import timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from devices.simulated.course import Course, latent_values
from devices.simulated.faults import FaultRates, draw_clock
from devices.simulated.feeling import symptoms_of
from devices.simulated.home import Calendar, Device, Home, device_names, tablet_of
from devices.simulated.instruments import Instrument, at_hour, fit, instruments_for
from devices.simulated.patient import Condition, Patient, draw_patient
from devices.wire import Topic, topic_for

SCHEDULES = {"daily": "1111111", "dk_standard": "1001000", "dk_telehjerte": "1001000"}
"""Weekdays (Monday first) on which each schedule measures; the Danish ones begin with 14 days of
daily measuring (clinical.md 3.4)."""
MIXED = "mixed"
"""Every second home measures daily, the others by the Danish plan."""
_DAILY_AT_FIRST = 14


def weekdays_of(schedule: str, index: int) -> str:
    """The weekdays on which the home with this number measures.

    >>> weekdays_of("daily", 1), weekdays_of("mixed", 0), weekdays_of("mixed", 1)
    ('1111111', '1111111', '1001000')
    """
    if schedule == MIXED:
        schedule = "dk_standard" if index % 2 else "daily"
    return SCHEDULES[schedule]


def build_home(
    seed: int,
    index: int,
    condition: Condition | None,
    course: Course,
    calendar: Calendar,
    rates: FaultRates,
    weekdays: str,
    tenant: str,
    organisations: tuple[str, ...],
    asking: bool = True,
    story_days: int | None = None,
) -> Home:
    """One home, the same for the same arguments; nothing of it depends on any other home.

    `asking` puts a tablet into it. Clocks and assignments fail within `story_days`, if at all.
    """
    streams = np.random.SeedSequence([seed, index]).spawn(5)
    person_rng, course_rng, device_rng, line_rng, tablet_rng = map(np.random.default_rng, streams)
    if condition is None:
        draw = person_rng.random()
        condition = "copd" if draw < 0.45 else "heart-failure" if draw < 0.85 else "both"
    organisation = organisations[index % len(organisations)]
    patient = draw_patient(person_rng, index, condition, calendar.start, organisation)
    latent, episodes = latent_values(patient, course, calendar.days, course_rng)
    hours = 7.5 + np.clip(device_rng.normal(0, 25, calendar.days), -60, 60) / 60
    fitting = fit(patient, device_rng)
    moved = at_hour(latent, hours)
    gateway = f"gw-{index + 1:06d}"
    devices = tuple(
        _device(
            index,
            instrument,
            instrument.measure(moved, fitting, device_rng, rates.artefact),
            topic_for(tenant, gateway, ""),
            line_rng,
            rates,
            course,
            calendar,
            story_days or calendar.days,
        )
        for instrument in instruments_for(condition, device_rng)
    )
    worse = symptoms_of(course, episodes, calendar.days, tablet_rng)
    return Home(
        seed=seed,
        gateway=gateway,
        patient=patient,
        episodes=episodes,
        devices=devices,
        calendar=calendar,
        rates=rates,
        weekdays=weekdays,
        hours=hours.tolist(),
        planned=_planned(calendar, weekdays),
        willing=_willing(patient, course, calendar, line_rng),
        rng=line_rng,
        tablet=tablet_of(tenant, gateway, index, condition, worse) if asking else None,
        tablet_rng=tablet_rng,
    )


def _device(
    index: int,
    instrument: Instrument,
    values: NDArray[np.float64],
    gateway: Topic,
    rng: np.random.Generator,
    rates: FaultRates,
    course: Course,
    calendar: Calendar,
    story_days: int,
) -> Device:
    """One instrument of a home, with its clock and its assignment."""
    draws: list[float] = rng.random(8).tolist()
    device_id, serial = device_names(instrument, index)
    return Device(
        id=device_id,
        serial=serial,
        instrument=instrument,
        clock=draw_clock(draws, rates, calendar.start_ms // 1000, story_days),
        values=values.astype(np.float32),
        topic=msgspec.structs.replace(gateway, device=device_id),
        assigned_from_day=_assigned_from(draws[6:], rates, course, story_days),
    )


def _assigned_from(draws: list[float], rates: FaultRates, course: Course, days: int) -> int | None:
    """Half of the unassigned are forgotten, half are assigned after a third of the world.
    A showcase case is always assigned: it is there to be seen."""
    if course.clear or draws[0] >= rates.unassigned:
        return 0
    return None if draws[1] < 0.5 else max(1, days // 3)


def _planned(calendar: Calendar, weekdays: str) -> list[bool]:
    """On which days the plan asks for a measurement."""
    days = (calendar.start + timedelta(days=day) for day in range(calendar.days))
    return [weekdays[one.weekday()] == "1" or day < _DAILY_AT_FIRST for day, one in enumerate(days)]


def _willing(
    patient: Patient, course: Course, calendar: Calendar, rng: np.random.Generator
) -> list[bool]:
    """On which days the patient would measure: mostly, and until falling silent.

    Adherence Beta(40, 1.2), mean 97 %: TIM-HF2 had 97 % of patients above 70 % (clinical.md 3.4).
    """
    willing = rng.random(calendar.days) < patient.adherence
    last = back = float("inf")
    if course.name == "silent" and course.onset_day is not None:
        last, back = course.onset_day, back if course.back_day is None else course.back_day
    return [
        bool((day < last or day >= back) and (willing[day] or course.clear))
        for day in range(calendar.days)
    ]
