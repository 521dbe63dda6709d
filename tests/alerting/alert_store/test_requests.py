"""Requests in the alert store: one at a time for each citizen, longer with evidence, never lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.alert_store import AlertStore
from alerting.asking import Request
from alerting.rules import DAILY_DAYS


@pytest.fixture
def store(folder: Path) -> Iterator[AlertStore]:
    with closing(AlertStore(folder / "alerts.db")) as opened:
        yield opened


def spans(store: AlertStore) -> list[tuple[int, int]]:
    return [(one.since, one.until) for one in store.requests.all()]


@given(st.lists(st.integers(100, 140), max_size=12))
def test_the_days_asked_for_are_those_after_each_evidence(days: list[int]) -> None:
    """As in a replay when it comes in order; in any order, no day is asked for without evidence."""
    with closing(AlertStore(Path(":memory:"))) as store:
        for day in sorted(days):
            store.requests.ask("c1", day, 1)
        asked = {day for since, until in spans(store) for day in range(since, until + 1)}
        assert asked == {day + more for day in days for more in range(1, DAILY_DAYS + 1)}
        gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans(store))]
        assert all(gap > 1 for gap in gaps), "two requests that are one"
    with closing(AlertStore(Path(":memory:"))) as store:
        for day in days:
            store.requests.ask("c1", day, 1)
            before = spans(store)
            store.requests.ask("c1", day, 2)
            assert spans(store) == before, "said again"
        got = {day for since, until in spans(store) for day in range(since, until + 1)}
        assert got <= asked


def test_each_citizen_has_requests_of_their_own(store: AlertStore) -> None:
    store.requests.ask("c1", 100, 1)
    store.requests.ask("c2", 101, 2)
    running = store.requests.running("c2", 102)
    assert running == Request(2, "c2", 102, 101 + DAILY_DAYS, 2)
    assert store.requests.running("c2", 101 + DAILY_DAYS + 1) is None
    assert store.requests.running("c3", 100) is None


def test_what_was_added_while_it_was_sent_waits(store: AlertStore) -> None:
    store.requests.ask("c1", 100, 1)
    (sent,) = store.requests.unsent(100)
    store.requests.ask("c1", 103, 2)
    store.requests.mark_sent(sent, 3)
    (left,) = store.requests.unsent(100)
    assert left == msgspec.structs.replace(
        sent, until=103 + DAILY_DAYS, sent_until=sent.until, sent_ms=3
    )
    store.requests.mark_sent(left, 4)
    assert store.requests.unsent(100) == []


def test_what_is_over_is_not_sent_and_stays(store: AlertStore) -> None:
    store.requests.ask("c1", 100, 1)
    assert len(store.requests.unsent(100 + DAILY_DAYS)) == 1
    assert store.requests.unsent(100 + DAILY_DAYS + 1) == []
    assert len(store.requests.all()) == 1


def test_requests_share_the_transaction_of_the_alerts(store: AlertStore) -> None:
    def undone() -> None:
        with store.transaction():
            store.requests.ask("c1", 100, 1)
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        undone()
    assert store.requests.all() == []


def test_a_store_from_before_there_were_requests_is_opened(folder: Path) -> None:
    path = folder / "old.db"
    AlertStore(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE request")
    with closing(AlertStore(path)) as store:
        store.requests.ask("c1", 100, 1)
        assert len(store.requests.all()) == 1
