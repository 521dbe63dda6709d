"""When patients measure: at what hour, on which days, and when not at all.

In: the people of a chunk, its calendar, its truth. Out: `Behaviour`. Called by `chunk`. Clinical
3.4: adherence, weekends and holidays, runs of missing days, less when ill, nothing in hospital,
on a journey or after dropping out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.calendar import Calendar
from devices.simulated.cohort.people import People
from devices.simulated.cohort.streams import CHUNK, Purpose, settled, stream

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

PAUSE = np.dtype(
    [("patient", np.int32), ("kind", "U12"), ("start", np.float64), ("end", np.float64)]
)
"""`kind` is admission or travel; local days."""

DAILY_AT_FIRST = 14
"""Days of daily measuring at the beginning of every Danish schedule (clinical 3.4)."""
_EVERY_DAY, _MONDAY, _MONDAY_THURSDAY = 0b1111111, 0b0000001, 0b0001001
SCHEDULES: dict[str, tuple[int, int]] = {
    "daily": (_EVERY_DAY, _EVERY_DAY),
    "dk_standard": (_MONDAY, _MONDAY_THURSDAY),
    "dk_telehjerte": (_MONDAY, _MONDAY_THURSDAY),
    "twice_weekly": (_MONDAY_THURSDAY, _MONDAY_THURSDAY),
    "weekly": (_MONDAY, _MONDAY),
}
"""Weekdays as bits, Monday lowest, after the first 14 days; one half of the patients has the
first, the other half the second (once or twice a week: V1, V2; the halves are C)."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Arrays of (days, patients), or (patients,)."""

    scheduled: Bools
    willing: Bools
    plan_weekdays: NDArray[np.uint8]
    """(patients,): the weekdays of the plan as bits, Monday lowest."""
    dropout: Array
    """(patients,): the day from which nothing comes any more; inf when not in this world."""
    pauses: NDArray[np.void]


def moments(seed: int, chunk: int, dates: Calendar) -> tuple[NDArray[np.int16], Array]:
    """Minute and moment of every sitting: mostly at the patient's own hour."""
    rng = stream(seed, Purpose.SITTINGS, chunk)
    shape = (dates.days, CHUNK)
    edges = np.cumsum([share for share, _, _ in n.HABITS])[:-1]
    own = np.digitize(rng.random(CHUNK), edges)
    other = np.digitize(rng.random(shape), edges)
    kept = rng.random(shape) < n.HABIT_KEPT
    habit = np.where(kept, own, other)
    hour, sd = (np.array(column)[habit] for column in list(zip(*n.HABITS, strict=True))[1:])
    drawn = np.clip(hour + sd * np.clip(rng.standard_normal(shape), -2, 2), 5.0, 23.5)
    minute = np.rint(60 * drawn).astype(np.int16)
    day = dates.start + np.arange(dates.days, dtype=np.float64)[:, None]
    return minute, day + minute / 1440


def plans(own: Array, who: People, schedule: str) -> NDArray[np.uint8]:
    """Each patient's weekdays; `by_condition` is dk_telehjerte in heart failure alone."""
    if schedule == "by_condition":
        hf = who.heart_failure & ~who.copd
        return np.where(hf, plans(own, who, "dk_telehjerte"), plans(own, who, "dk_standard"))
    once, twice = SCHEDULES[schedule]
    return np.where(own < 0.5, once, twice).astype(np.uint8)


def behaviour(
    seed: int, chunk: int, who: People, dates: Calendar, rows: truth.Rows, schedule: str
) -> Behaviour:
    """What the patients of one chunk do. `rows` are its episodes, `patient` within the chunk."""
    rng = stream(seed, Purpose.BEHAVIOUR, chunk)
    shape = (dates.days, CHUNK)
    weekdays = plans(rng.random(CHUNK), who, schedule)
    dropout = dates.start + rng.exponential(365 / n.DROPOUT, CHUNK)
    pauses = np.concatenate([_admissions(rows), _travels(rng, dates)])
    chance = _chance(who, dates)
    ill = rows[np.isfinite(rows["t_index"])]
    worse = spans(shape, dates.start, ill["patient"], ill["t_index"] - n.ILL_DAYS, ill["t_index"])
    chance[worse] *= n.ILL_TIMES
    home = pauses[pauses["kind"] == "admission"]
    weak = spans(
        shape, dates.start, home["patient"], home["end"], home["end"] + n.AFTER_ADMISSION_DAYS
    )
    chance[weak] *= n.AFTER_ADMISSION_TIMES
    away = spans(shape, dates.start, pauses["patient"], pauses["start"], pauses["end"])
    day = dates.start + np.arange(dates.days)[:, None]
    there = ~_gaps(rng.random(shape)) & ~away & (day < dropout)
    willing = (rng.random(shape) < chance) & there
    on_plan = (weekdays[None, :] >> dates.weekday[:, None].astype(np.uint8)) & 1 == 1
    scheduled = on_plan | (np.arange(dates.days) < DAILY_AT_FIRST)[:, None]
    dropout = np.where(dropout < dates.end, settled(dropout), np.inf)
    return Behaviour(scheduled, willing, weekdays, dropout, pauses)


def _chance(who: People, dates: Calendar) -> Array:
    """Of measuring on an ordinary day of one's life, (days, patients)."""
    novelty = n.NOVELTY * np.clip(1 - np.arange(dates.days) / n.NOVELTY_DAYS, 0, 1)
    missed = (1 - who.adherence) * (1 - novelty)[:, None]
    weekend = np.where(dates.weekday >= 5, float(n.WEEKEND), 1.0)
    holiday = np.where(dates.holiday, float(n.HOLIDAY), 1.0)
    return np.asarray((1 - missed) * (weekend * holiday)[:, None])


def _gaps(draws: Array) -> Bools:
    """Runs of missing days as a Markov chain from (days, patients) uniform numbers."""
    stays = 1 - 1 / n.GAP_DAYS
    gap = np.zeros(draws.shape, dtype=bool)
    now = draws[0] < n.GAP_STARTS * n.GAP_DAYS
    for day, draw in enumerate(draws):
        now = draw < np.where(now, stays, n.GAP_STARTS)
        gap[day] = now
    return gap


def _admissions(rows: truth.Rows) -> NDArray[np.void]:
    home = rows[rows["admitted"]]
    pauses = np.zeros(len(home), PAUSE)
    pauses["patient"], pauses["kind"] = home["patient"], "admission"
    pauses["start"], pauses["end"] = home["t_index"], home["t_index"] + home["bed_days"]
    return pauses


def _travels(rng: np.random.Generator, dates: Calendar) -> NDArray[np.void]:
    count = rng.poisson(n.TRAVELS * dates.days / 365, CHUNK)
    pauses = np.zeros(int(count.sum()), PAUSE)
    pauses["patient"], pauses["kind"] = np.repeat(np.arange(CHUNK), count), "travel"
    pauses["start"] = dates.start + np.floor(dates.days * rng.random(len(pauses)))
    days = rng.integers(int(n.TRAVEL_LOW), int(n.TRAVEL_HIGH) + 1, len(pauses))
    pauses["end"] = pauses["start"] + days
    return pauses


def spans(
    shape: tuple[int, int], start: int, patient: NDArray[np.int32], begin: Array, end: Array
) -> Bools:
    """Where (days, patients) the morning of a day lies in [begin, end) of one of the spans.

    >>> spans((4, 1), 10, np.array([0]), np.array([11.2]), np.array([13.0])).T.tolist()
    [[False, True, True, False]]
    """
    days = shape[0]
    morning = start + _MORNING
    first = np.clip(np.ceil(begin - morning), 0, days).astype(np.int64)
    last = np.clip(np.ceil(end - morning), first, days).astype(np.int64)
    change = np.zeros((days + 1, shape[1]), dtype=np.int16)
    np.add.at(change, (first, patient), 1)
    np.add.at(change, (last, patient), -1)
    return np.cumsum(change[:-1], axis=0, dtype=np.int16) > 0


_MORNING = 0.35
"""Of a day: about half past eight."""
