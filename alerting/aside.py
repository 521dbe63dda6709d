"""Who cannot be judged, for whatever reason, is set aside; all others are judged.

In: work on many rows at once. Out: the work done for all rows but those for which it raises, found
by halves and only then. Called by `alerting.evaluate` and `alerting.curves`; shown by `/health`,
the worklist and the citizen's page.

What is wrong with the world (a store, the disk, memory) is nobody's fault, and goes on up.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from ingest.store import StoreUnavailable

log = logging.getLogger(__name__)

Who = TypeVar("Who")
WORLD = (StoreUnavailable, OSError, MemoryError)


def fault_of(error: Exception) -> str:
    """What went wrong and where, without a value: one may tell who it is."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where


def by_halves(
    whom: Sequence[Who],
    work: Callable[[Sequence[Who]], object],
    failed: Callable[[Who, Exception], object],
) -> None:
    """Do the work for all at once; where it raises, for each half, until it is known for whom.

    `work` may be done again for the same ones after it raised.

    >>> by_halves([4, 2, 0, 1], lambda part: [8 / one for one in part], lambda *one: print(*one))
    0 division by zero
    """
    try:
        work(whom)
    except WORLD:
        raise
    except Exception as error:
        if len(whom) == 1:
            failed(whom[0], error)
            return
        middle = len(whom) // 2
        by_halves(whom[:middle], work, failed)
        by_halves(whom[middle:], work, failed)


class Aside:
    """Who is set aside, by citizen; read from any thread, changed by the one that judges."""

    def __init__(self) -> None:
        self._faults: dict[str, str] = {}

    def __contains__(self, citizen: str) -> bool:
        return citizen in self._faults

    def __len__(self) -> int:
        return len(self._faults)

    def citizens(self) -> list[str]:
        """Who is set aside now."""
        return list(self._faults)

    def recall(self, citizens: Iterable[str]) -> None:
        """Take over who was set aside when a snapshot was written."""
        self._faults = dict.fromkeys(citizens, "remembered")

    def put(self, citizen: str, error: Exception) -> None:
        """This one cannot be judged; told once for each fault, without a name."""
        fault = fault_of(error)
        if self._faults.get(citizen) != fault:
            log.error("a citizen cannot be judged and is set aside: %s", fault)
        self._faults = {**self._faults, citizen: fault}

    def back(self, citizens: Iterable[str]) -> None:
        """These can be judged."""
        found = self._faults.keys() & set(citizens)
        if found:
            log.info("%d set aside can be judged again", len(found))
            self._faults = {one: why for one, why in self._faults.items() if one not in found}
