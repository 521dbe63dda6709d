"""Where the API gets its data: the monitor, and one store object per thread.

In: functions that open a store. Out: `Sources`. Endpoints are plain functions that run in a pool
of threads, and an SQLite object must stay in its thread; so each thread opens its own, once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from alerting.alert_store import AlertStore
from alerting.liveness import Watch
from alerting.situation import Monitor
from devices.zone import Zones
from ingest.pipeline import EVERYWHERE
from ingest.store import Reader, Writer


class _Store(Protocol):
    def stands(self) -> bool: ...

    def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Store)
_Found = TypeVar("_Found")


class PerThread(Generic[_Opened]):
    """Calling it gives this thread's store, opened at the first call, and anew when its file is
    no longer the one that was opened.

    What opening raises is raised here, and the next call tries again. A store is released with
    its thread.
    """

    def __init__(self, opener: Callable[[], _Opened]) -> None:
        self._open = opener
        self._own = threading.local()

    def __call__(self) -> _Opened:
        """This thread's store."""
        if hasattr(self._own, "opened") and not self._own.opened.stands():
            self._own.opened.close()
            del self._own.opened
        if not hasattr(self._own, "opened"):
            self._own.opened = self._open()
        opened: _Opened = self._own.opened
        return opened


class Writing:
    """The store's writing half, on a thread of its own: short transactions, one after the other.

    A file can be written by one at a time anyway; so no second thread waits with a lock in hand.
    """

    def __init__(self, open_writer: Callable[[], Writer]) -> None:
        self._writer = PerThread(open_writer)
        self._thread = ThreadPoolExecutor(1, "fhir-writer")

    def do(self, work: Callable[[Writer], _Found]) -> _Found:
        """What `work` returns or raises, when it is done."""
        return self._thread.submit(lambda: work(self._writer())).result()

    def close(self) -> None:
        """Finish what has begun, and end the thread."""
        self._thread.shutdown()


class Sources:
    """What every route draws from; `writing` is None where nothing may be written."""

    def __init__(
        self,
        monitor: Monitor,
        open_reader: Callable[[], Reader],
        open_alerts: Callable[[], AlertStore],
        open_writer: Callable[[], Writer] | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        watch: Watch | None = None,
        notices: Mapping[str, str] | None = None,
        zones: Zones = EVERYWHERE,
    ) -> None:
        self.monitor = monitor
        self.reader = PerThread(open_reader)
        self.alerts = PerThread(open_alerts)
        self.writing = None if open_writer is None else Writing(open_writer)
        self.wall_ms = wall_ms
        self.zones = zones
        """Where the clocks of devices hang."""
        self.notices = notices or {}
        """The line above every page, by language, where there is one."""
        self.liveness = watch or Watch(monitor, open_reader)
        """Whether the platform works: call it for a fresh `Liveness`."""

    def behind(self) -> int:
        """How many arrivals the rules have not seen yet; never negative."""
        return max(0, self.reader().last_seq() - self.monitor.evaluated_seq())
