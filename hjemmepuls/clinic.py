"""What a simulated clinic comes to know and decides from day to day.

In: a `Block` of the cohort. Out: `Clinic`, called by the replay at the beginning of each day. It
writes into the profile only what a real one would know by then: courses it has prescribed, pauses
it was told of, devices it has exchanged, and the personal limits that a doctor sets once the
patient's own values are known, and looks at again every quarter.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerting.backtest.spans import Spans, inside
from alerting.rules import Profile, State, signal_index, swapped
from devices.simulated.cohort import Block

EVERY_DAY: Final = 0b1111111
DAILY_AT_FIRST: Final = 14
"""Days of daily measuring at the beginning of every Danish plan (reference 3.4)."""
MORNING: Final = 0.35
"""Of a day: what has happened by then is known when the day is judged."""
REVIEW_DAYS: Final = 90
"""C: between two looks at the limits; the first comes after the daily fortnight (reference V1: the
doctor adjusts the limits of those whose values lie outside)."""
VALID_WEIGHT: Final = 5.0
"""Readings behind a baseline before anybody decides by it (P2)."""


class Room(NamedTuple):
    """How far a personal limit stands from the patient's usual value, in the signal's unit."""

    low_red: float
    low_yellow: float
    high_yellow: float
    high_red: float


_NONE = np.nan
ROOM: Final = {
    "spo2": Room(5.0, 3.0, _NONE, _NONE),
    "pulse": Room(25.0, 18.0, 22.0, 40.0),
    "systolic": Room(30.0, 20.0, 30.0, 50.0),
    "diastolic": Room(_NONE, _NONE, 20.0, 30.0),
}
"""C: three to five day-to-day sd, so that a well patient seldom touches them; a doctor widens the
standard set to these where it is narrower, and never narrows it."""


class Clinic:
    """Its knowledge of one block of patients. `personal_limits` False: the standard set stays."""

    def __init__(self, block: Block, *, personal_limits: bool = True) -> None:
        shape = (block.patients, block.days)
        patient = np.repeat(np.arange(block.patients), block.days)
        morning = np.tile(block.start + np.arange(block.days) + MORNING, block.patients)

        def over(rows: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
            return inside(spans_of(block, rows), patient, morning).reshape(shape)

        courses = block.treatments
        diuretic = courses["kind"] == "diuretic"
        days = block.start + np.arange(block.days)[None, :]
        self._paused = over(block.pauses) | (days >= block.dropout[:, None])
        self._treated = over(courses[~diuretic])
        self._plan = block.plan_weekdays
        self._swaps = _by_day(
            block, ((row["t"], row["patient"], row["signals"]) for row in block.swaps)
        )
        self._diuretics = _by_day(
            block, ((row["start"], row["patient"], None) for row in courses[diuretic])
        )
        oxygen = block.truth[block.truth["kind"] == "decoy_oxygen_start"]
        self._oxygen = _by_day(block, ((row["t0"], row["patient"], None) for row in oxygen))
        self._reviewed = np.where(personal_limits, -np.inf, np.inf) * np.ones(block.patients)
        self._standard: dict[str, npt.NDArray[np.float64]] = {}

    def __call__(self, day: int, state: State, profile: Profile) -> None:
        """Brings profile and state up to the morning of a day."""
        if day == 0:
            self._standard = {side: getattr(profile, side).copy() for side in Room._fields}
            self._reviewed[np.isfinite(self._reviewed)] = -np.inf
        profile.paused[...] = self._paused[:, day]
        profile.treated[...] = self._treated[:, day]
        profile.plan_weekdays[...] = EVERY_DAY if day < DAILY_AT_FIRST else self._plan
        for t, row, _ in self._diuretics.get(day, ()):
            profile.diuretic_changed_t[row] = t
        for _, row, signals in self._swaps.get(day, ()):
            swapped(state, np.array([row]), np.flatnonzero(signals).tolist())
        for _, row, _ in self._oxygen.get(day, ()):
            profile.on_oxygen[row] = True
        if day >= DAILY_AT_FIRST:
            self._review(day, state, profile)

    def _review(self, day: int, state: State, profile: Profile) -> None:
        """Limits and dry weight of those whose turn it is and whose values are known."""
        pulse = signal_index("pulse")
        known = (state.weight[:, pulse] >= VALID_WEIGHT) & ~self._paused[:, day]
        rows = np.flatnonzero(known & (day - self._reviewed >= REVIEW_DAYS))
        if not len(rows):
            return
        self._reviewed[rows] = day
        for alias, room in ROOM.items():
            signal = signal_index(alias)
            usual = np.round(state.mean[rows, signal].astype(np.float64))
            usual[state.weight[rows, signal] < VALID_WEIGHT] = np.nan
            for side, distance in zip(Room._fields, room, strict=True):
                standard = self._standard[side][rows, signal]
                low = side.startswith("low")
                own = usual - distance if low else usual + distance
                wider = np.fmin(standard, own) if low else np.fmax(standard, own)
                getattr(profile, side)[rows, signal] = np.where(np.isnan(standard), np.nan, wider)
        weight = signal_index("weight")
        heavy = (state.weight[rows, weight] >= VALID_WEIGHT) & np.isfinite(
            profile.dry_weight_kg[rows]
        )
        profile.dry_weight_kg[rows[heavy]] = np.round(
            state.mean[rows[heavy], weight].astype(np.float64), 1
        )


def _by_day(
    block: Block, events: Iterable[tuple[float, int, Any]]
) -> dict[int, list[tuple[float, int, Any]]]:
    """Events by the first day whose morning comes after them; those before the world on day 0."""
    days: dict[int, list[tuple[float, int, Any]]] = {}
    for t, patient, what in sorted(events, key=lambda event: (event[0], event[1])):
        day = max(0, int(np.ceil(t - block.start - MORNING)))
        days.setdefault(day, []).append((float(t), int(patient) - block.first, what))
    return days


def spans_of(block: Block, rows: npt.NDArray[np.void]) -> Spans:
    """Rows with patient, start and end, patients counted from 0 within the block."""
    patient = rows["patient"].astype(np.int64) - block.first
    return Spans(patient, rows["start"] * 1.0, rows["end"] * 1.0)
