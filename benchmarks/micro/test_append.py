"""One durable batch: our table of columns beside one JSON document per record under a random key.

Every round writes into a fresh file with one flushed commit, so the disk's own time is in both.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from devices.reading import Reading
from fhir_mapping.observation import render_observation
from fhir_mapping.record import records_of
from ingest.decode import Delivery
from ingest.store import Arrival, Mapped, SqliteWriter

pytestmark = pytest.mark.benchmark(group="append", disable_gc=True)
ROUNDS = 30


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Path]:
    return (tmp_path / f"{number}.db" for number in count())


@pytest.fixture(scope="module")
def arrivals(readings: list[Reading], deliveries: list[Delivery]) -> list[Arrival]:
    return [
        Arrival(delivery, Mapped(reading.message_id, reading.message_seq, records_of(reading)))
        for reading, delivery in zip(readings, deliveries, strict=True)
    ]


def test_ours(benchmark: Any, paths: Iterator[Path], arrivals: list[Arrival]) -> None:
    writers: list[SqliteWriter] = []

    def fresh() -> tuple[tuple[SqliteWriter], dict[str, Any]]:
        writers.append(SqliteWriter(next(paths)))
        return (writers[-1],), {}

    found = benchmark.pedantic(lambda writer: writer.append(arrivals), setup=fresh, rounds=ROUNDS)
    for writer in writers:
        writer.close()
    assert {one.result for one in found} == {"quarantined"}  # nobody is enrolled here


def test_documents(benchmark: Any, paths: Iterator[Path], arrivals: list[Arrival]) -> None:
    records = [
        record
        for arrival in arrivals
        if isinstance(arrival.item, Mapped)
        for record in arrival.item.records
    ]
    rows = [(record.identity.hex()[::-1], render_observation(record)) for record in records]
    stores: list[sqlite3.Connection] = []

    def fresh() -> tuple[tuple[sqlite3.Connection], dict[str, Any]]:
        stores.append(sqlite3.connect(next(paths), isolation_level=None))
        stores[-1].execute("PRAGMA journal_mode = WAL")
        stores[-1].execute("PRAGMA synchronous = FULL")
        stores[-1].execute("CREATE TABLE observation (id TEXT PRIMARY KEY, document BLOB NOT NULL)")
        return (stores[-1],), {}

    def append(db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        for row in rows:
            db.execute("INSERT OR IGNORE INTO observation VALUES (?, ?)", row)
        db.execute("COMMIT")

    benchmark.pedantic(append, setup=fresh, rounds=ROUNDS)
    for db in stores:
        with closing(db):
            assert db.execute("SELECT count(*) FROM observation").fetchone() == (len(rows),)
