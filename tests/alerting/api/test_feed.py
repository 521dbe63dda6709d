"""Waiting for news: it wakes up, it gives up, and many who wait cost one look per tick."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest

from alerting.api.feed import Feed
from ingest.store import StoreUnavailable
from tests.alerting.api.scene import Ward, anna_and_bo

MANY = 30
"""Who wait; fewer than the 40 threads that Starlette looks with, so that all can look at once."""
GENEROUS_S = 60
"""For what comes at once on an idle machine."""


def test_it_returns_when_the_feed_moves_and_not_before() -> None:
    newest, looks = 3, 0

    def last_change() -> int:
        nonlocal looks
        looks += 1
        return newest

    async def scenario() -> None:
        nonlocal newest
        feed = Feed(last_change, tick_s=0.001)
        waiters = [asyncio.create_task(feed.beyond(3, wait_s=3600)) for _ in range(20)]
        while looks < 40:
            await asyncio.sleep(0)
        assert not any(waiter.done() for waiter in waiters)
        newest = 4
        await asyncio.gather(*waiters)

    asyncio.run(scenario())


def test_those_who_wait_share_one_look() -> None:
    looks, waiting, lock = 0, 0, threading.Lock()
    all_looked, all_wait = threading.Barrier(MANY), threading.Event()

    def last_change() -> int:
        nonlocal looks
        with lock:
            looks += 1
            first = looks <= MANY
        if first:  # nobody goes on before all have looked once
            all_looked.wait(GENEROUS_S)
            return 0
        assert all_wait.wait(GENEROUS_S)  # the next look ends when all wait for it
        return 1

    async def still_there() -> bool:
        nonlocal waiting
        waiting += 1
        if waiting == MANY:
            all_wait.set()
        return False

    async def scenario() -> None:
        feed = Feed(last_change, tick_s=0.001)
        await asyncio.gather(*(feed.beyond(0, 3600, still_there) for _ in range(MANY)))

    asyncio.run(scenario())
    assert looks == MANY + 1  # one look each at first, then one for all


def test_it_gives_up_after_the_wait_and_leaves_the_look_to_others() -> None:
    async def scenario() -> None:
        newest = 0
        feed = Feed(lambda: newest, tick_s=0.01)
        patient = asyncio.create_task(feed.beyond(0, wait_s=3600))
        await feed.beyond(0, wait_s=0.001)
        assert not patient.done()
        newest = 1
        await patient

    asyncio.run(scenario())


def test_those_who_are_gone_and_those_who_are_let_go_do_not_wait() -> None:
    async def gone() -> bool:
        return True

    async def scenario() -> None:
        feed = Feed(lambda: 0, tick_s=0.001)
        await feed.beyond(0, 3600, gone)
        waiting = asyncio.create_task(feed.beyond(0, 3600))
        await asyncio.sleep(0)
        feed.close()
        await waiting

    asyncio.run(scenario())


def test_a_store_that_is_away_is_told_to_those_who_wait() -> None:
    def away() -> int:
        raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable):
        asyncio.run(Feed(away, tick_s=0.001).beyond(0, wait_s=3600))


def test_a_long_poll_answers_with_what_arrives_while_it_waits(tmp_path: Path) -> None:
    ward = Ward(tmp_path, anna_and_bo())

    async def scenario() -> httpx.Response:
        transport = httpx.ASGITransport(ward.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            waiting = asyncio.create_task(client.get("/alerts?wait=30", timeout=60))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            ward.open_alert("c1", "R01", "red", 5)
            return await waiting

    answer = asyncio.run(scenario())
    assert [alert["findings"][0]["rule"] for alert in answer.json()["alerts"]] == ["R01"]
    ward.close()
