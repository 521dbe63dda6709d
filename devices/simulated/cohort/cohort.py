"""A `Cohort`: any number of patients over any number of days, block by block.

In: a seed and a size. Out: `Block`s. Called by the benchmark, by whoever scores rules, and by the
homes of a simulated world. The same seed gives the same bytes: whatever the size of the blocks,
whichever patients are asked for, whatever the schedule (which decides only `scheduled`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import shapes, truth
from devices.simulated.cohort.answers import answers
from devices.simulated.cohort.behaviour import SCHEDULES, behaviour, moments
from devices.simulated.cohort.block import Block, together
from devices.simulated.cohort.calendar import Calendar, calendar
from devices.simulated.cohort.decoys import decoys
from devices.simulated.cohort.episodes import decompensations, exacerbations
from devices.simulated.cohort.instruments import measure
from devices.simulated.cohort.latent import latent
from devices.simulated.cohort.people import people
from devices.simulated.cohort.streams import CHUNK

SIMULATOR_VERSION = 1
"""Raised with every change of the bytes of any seed; the tests hold a hash for it."""

TUNING_SEEDS = (101, 102, 103, 104)
"""For choosing thresholds."""
REPORT_SEEDS = (9001, 9002, 9003, 9004)
"""For reporting, and never for choosing anything."""


@dataclass(frozen=True)
class Cohort:
    """Patients 0 to `patients - 1`, from `start` on.

    `schedule` is one of `SCHEDULES` or by_condition; `mix` gives the shares of copd,
    heart-failure and both; `all_devices` puts every device into every home; `decoys` False leaves
    out those of the truth table (device error and misuse remain).

    Raises ValueError for an empty cohort, an unknown schedule or an unknown condition.
    """

    seed: int
    patients: int
    days: int
    start: date
    schedule: str = "by_condition"
    mix: dict[str, float] = field(default_factory=lambda: dict(n.MIX))
    all_devices: bool = False
    decoys: bool = True

    def __post_init__(self) -> None:
        """Checks what the class says it raises."""
        if self.patients < 1 or self.days < 1 or self.seed < 0:
            raise ValueError(
                "a cohort needs patients, days and a seed from 0, "
                f"not {self.patients}, {self.days} and {self.seed}"
            )
        if self.schedule not in (*SCHEDULES, "by_condition"):
            raise ValueError(f"schedule {self.schedule!r} is none of {', '.join(SCHEDULES)}")
        unknown = set(self.mix) - set(n.MIX)
        if unknown or not sum(self.mix.values()) > 0 or min(self.mix.values()) < 0:
            raise ValueError(f"mix holds shares of {', '.join(n.MIX)}, not {self.mix}")

    def blocks(self, size: int = 1024) -> Iterator[Block]:
        """All patients in blocks of `size` (the last may be smaller); memory for one of them."""
        for first in range(0, self.patients, size):
            yield self.block(first, min(first + size, self.patients))

    def block(self, first: int, stop: int) -> Block:
        """The patients `first` to `stop - 1`; IndexError when there are no such patients."""
        if not 0 <= first < stop <= self.patients:
            raise IndexError(f"patients {first} to {stop} of {self.patients}")
        dates = calendar(self.start, self.days)
        parts = []
        for chunk in range(first // CHUNK, (stop - 1) // CHUNK + 1):
            whole = _chunk(self, dates, chunk)
            begin, end = max(first, whole.first), min(stop, whole.first + CHUNK)
            parts.append(whole if end - begin == CHUNK else whole.cut(begin, end))
        return together(parts)


def _chunk(cohort: Cohort, dates: Calendar, chunk: int) -> Block:
    """Everything about the `CHUNK` patients of one chunk."""
    seed = cohort.seed
    who = people(seed, chunk, cohort.mix, all_devices=cohort.all_devices)
    minute, t = moments(seed, chunk, dates)
    copd = exacerbations(seed, chunk, who, dates.start, dates.days)
    hf = decompensations(seed, chunk, who, copd, dates.start, dates.days)
    false = decoys(seed, chunk, who, dates.start, dates.days)
    if not cohort.decoys:
        false = false[:0]
    values = latent(seed, chunk, who, dates, minute)
    for rows, course in ((copd, "copd"), (hf, "hf"), (false, "decoy")):
        shapes.draw(values, t, dates.start, rows, shapes.COURSES[course])
    poor, misuse = measure(seed, chunk, who, values, t)
    rows = np.concatenate([copd, hf, false, misuse])
    does = behaviour(seed, chunk, who, dates, np.concatenate([copd, hf]), cohort.schedule)
    said = answers(seed, chunk, who, dates, rows)
    rows = truth.in_world(rows, dates.start, dates.end)
    pauses = does.pauses[np.lexsort((does.pauses["start"], does.pauses["patient"]))]
    pauses = pauses[(pauses["end"] > dates.start) & (pauses["start"] < dates.end)]
    first = chunk * CHUNK
    rows["patient"] += first
    pauses["patient"] += first
    doubtful = np.zeros((CHUNK, len(n.SIGNALS), dates.days), dtype=bool)
    doubtful[:, [n.FEV1, n.PEF]] = poor.T[:, None, :]
    return Block(
        first=first,
        start=dates.start,
        people=who,
        values=np.ascontiguousarray(values.transpose(2, 1, 0)),
        doubtful=doubtful,
        answers=np.ascontiguousarray(said.transpose(2, 1, 0)),
        t=np.ascontiguousarray(t.T),
        scheduled=np.ascontiguousarray(does.scheduled.T),
        willing=np.ascontiguousarray(does.willing.T),
        plan_weekdays=does.plan_weekdays,
        dropout=does.dropout,
        truth=rows,
        pauses=pauses,
    )
