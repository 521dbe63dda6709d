"""Where the API gets its data: the monitor, and one store object per thread.

In: functions that open a store. Out: `Sources`. Endpoints are plain functions that run in a pool
of threads, and an SQLite object must stay in its thread; so each thread opens its own, once.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from alerting.alert_store import AlertStore
from alerting.situation import Monitor
from ingest.store import Reader

_Opened = TypeVar("_Opened")


class PerThread(Generic[_Opened]):
    """Calling it gives this thread's object, opened at the first call.

    What opening raises is raised here, and the next call tries again. An object is released with
    its thread.

    >>> shared = PerThread(lambda: [])
    >>> shared() is shared()
    True
    """

    def __init__(self, opener: Callable[[], _Opened]) -> None:
        self._open = opener
        self._own = threading.local()

    def __call__(self) -> _Opened:
        """This thread's object."""
        if not hasattr(self._own, "opened"):
            self._own.opened = self._open()
        opened: _Opened = self._own.opened
        return opened


class Sources:
    """What every route draws from."""

    def __init__(
        self,
        monitor: Monitor,
        open_reader: Callable[[], Reader],
        open_alerts: Callable[[], AlertStore],
    ) -> None:
        self.monitor = monitor
        self.reader = PerThread(open_reader)
        self.alerts = PerThread(open_alerts)

    def behind(self) -> int:
        """How many arrivals the rules have not seen yet; never negative."""
        return max(0, self.reader().last_seq() - self.monitor.evaluated_seq())
