"""Waiting for news without holding a thread or a connection.

In: a function that reads the feed's newest position. Out: `Feed.beyond`, which returns when the
feed has moved on. However many wait, the store is asked once per tick, and not at all when nobody
waits.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool

TICK_S = 0.2
"""How often the store is asked while somebody waits."""


class Feed:
    """The end of the alert feed, for those who wait for it to move; belongs to one event loop."""

    def __init__(self, last_change: Callable[[], int], tick_s: float = TICK_S) -> None:
        self._last_change = last_change
        self._tick_s = tick_s
        self._looking: asyncio.Task[int] | None = None
        self._closed = False

    async def beyond(
        self, change: int, wait_s: float, gone: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        """Return when the feed has passed this position, or after `wait_s` seconds.

        Also when `gone` says that nobody is waiting any more, and when the feed is closed.
        Errors of the store come out here, for everybody who waits.
        """
        try:
            async with asyncio.timeout(wait_s):
                newest = await run_in_threadpool(self._last_change)
                while newest <= change and not self._closed and not (gone and await gone()):
                    newest = await asyncio.shield(self._next_look())
        except TimeoutError:
            return

    def close(self) -> None:
        """Let everybody who waits go at the next tick, so that a server can end; any thread."""
        self._closed = True

    def _next_look(self) -> asyncio.Task[int]:
        """The look that all who wait share; it outlives those who give up."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return self._looking

    async def _look(self) -> int:
        await asyncio.sleep(self._tick_s)
        return await run_in_threadpool(self._last_change)
