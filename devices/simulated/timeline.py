"""When a message may be published: virtual time against the wall clock.

In: the virtual send time of the next message. Out: how long to wait. Called by `fleet`. Stretches:
history as fast as back-pressure allows, then `speed` times real time (from `steady_from` on
`steady_speed` times) until virtual time has caught up with the wall clock, then real time. Virtual
time never passes the wall clock, so no reading arrives before it was measured.
"""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Timeline:
    """The pace of one run; used by one thread.

    Instants are aware; a naive one raises ValueError, as does a speed that is not positive.
    `wall` gives seconds since 1970-01-01 UTC.

    >>> clock = [1_000.0]
    >>> line = Timeline(datetime.fromtimestamp(500, UTC), speed=10, wall=lambda: clock[0])
    >>> line.wait_s(400_000), line.wait_s(500_000), line.wait_s(600_000)
    (0.0, 0.0, 10.0)
    >>> clock[0] = 1_010.0
    >>> line.wait_s(600_000), line.now().timestamp()
    (0.0, 600.0)
    >>> line.wait_s(1_100_000)
    90.0
    """

    def __init__(
        self,
        history_until: datetime,
        speed: float = 1.0,
        steady_from: datetime | None = None,
        steady_speed: float = 1.0,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if history_until.tzinfo is None or (steady_from and steady_from.tzinfo is None):
            raise ValueError("an instant needs a time zone")
        if speed <= 0 or steady_speed <= 0:
            raise ValueError(f"speed is a positive factor, not {min(speed, steady_speed)}")
        self._history_until_s = history_until.timestamp()
        self._speed = speed
        self._steady_from_s = steady_from.timestamp() if steady_from else math.inf
        self._steady_speed = steady_speed
        self._wall = wall
        self._live_from_s: float | None = None
        self._reached_s: float | None = None

    def wait_s(self, send_ms: int) -> float:
        """Seconds to wait before a message of this virtual time; 0.0 when it may go now.

        The first message after history starts the clock of the live stretch.
        """
        send_s, wall_s = send_ms / 1000, self._wall()
        earliest_s = send_s
        if send_s >= self._history_until_s:
            if self._live_from_s is None:
                self._live_from_s = wall_s
            quick_s = min(send_s, self._steady_from_s) - self._history_until_s
            steady_s = max(0.0, send_s - self._steady_from_s)
            paced_s = self._live_from_s + quick_s / self._speed + steady_s / self._steady_speed
            earliest_s = max(send_s, paced_s)
        wait_s = max(0.0, earliest_s - wall_s)
        if wait_s == 0.0:
            self._reached_s = send_s
        return wait_s

    def now(self) -> datetime | None:
        """Virtual time now (UTC): in history that of the last message let through, else as paced;
        None before the first."""
        if self._live_from_s is None:
            return None if self._reached_s is None else datetime.fromtimestamp(self._reached_s, UTC)
        wall_s = self._wall()
        since_s = wall_s - self._live_from_s
        quick_s = (self._steady_from_s - self._history_until_s) / self._speed
        paced_s = self._history_until_s + min(since_s, quick_s) * self._speed
        paced_s += max(0.0, since_s - quick_s) * self._steady_speed
        return datetime.fromtimestamp(min(wall_s, paced_s), UTC)
