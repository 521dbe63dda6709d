"""Readings of the future wait: no rule sees one before the evaluator's clock has reached it.

In: sittings in order of measuring, and the clock. Out: those that have been, and whose wait is
over. A reading can lie ahead because an older version of the platform took it, or because a clock
was set back since. Judged at once it would stand for all the days until then, and measurements
that are missing would not be missed.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from alerting.engine import Engine
from alerting.local_time import local_days
from alerting.sittings import Sitting
from devices.admission import FUTURE_TOLERANCE_MS
from fhir_mapping.record import Record

TWICE_MS = 70 * 60 * 1000
"""A clock on the wall goes back by an hour every autumn; by more than this it was set back."""


def has_been(measured_ms: int, now_ms: int) -> bool:
    """Whether something measured then has been measured by now, as clocks go."""
    return measured_ms <= now_ms + FUTURE_TOLERANCE_MS


def newest_of(records: Iterable[Record], before_ms: int = 0) -> int:
    """When the newest was measured of those that did not lie ahead when they arrived."""
    believed = (one.measured_ms for one in records if has_been(one.measured_ms, one.received_ms))
    return max(before_ms, max(believed, default=before_ms))


class Ahead:
    """Who has readings that lie ahead, by row, and when the first of them is reached."""

    def __init__(self) -> None:
        self._first_ms: dict[int, int] = {}
        self._arrived_ms = 0

    def arrived(self, records: Sequence[Record]) -> None:
        """Note when the newest of these arrived; they stand in order of arrival."""
        if records:
            self._arrived_ms = records[-1].received_ms

    def held_back(self, sittings: Iterable[Sitting], now_ms: int) -> list[Sitting]:
        """The sittings that have been, in their order; the others are waited for."""
        now_ms = max(now_ms, self._arrived_ms)
        ready: list[Sitting] = []
        for one in sittings:
            if has_been(one.measured_ms, now_ms):
                ready.append(one)
            else:
                first = self._first_ms.get(one.row, one.measured_ms)
                self._first_ms[one.row] = min(first, one.measured_ms)
        return ready

    def forget(self, rows: Iterable[int]) -> None:
        """These rows' records are read anew."""
        for row in rows:
            self._first_ms.pop(row, None)

    def due(self, engine: Engine, now_ms: int) -> Sequence[int]:
        """The rows to judge again: what they wait for has been, or they are ahead of the clock."""
        now_ms = max(now_ms, self._arrived_ms)
        reached = {row for row, first in self._first_ms.items() if has_been(first, now_ms)}
        ahead = engine.later_than(local_days(now_ms + TWICE_MS))
        return sorted(reached | set(np.flatnonzero(ahead).tolist()))

    def memory(self) -> npt.NDArray[np.int64]:
        """What is waited for, as an array of row and milliseconds."""
        return np.array(list(self._first_ms.items()), dtype=np.int64).reshape(-1, 2)

    def recall(self, memory: npt.NDArray[np.int64]) -> None:
        """Take over what `memory` gave."""
        self._first_ms = {int(row): int(first) for row, first in memory}
