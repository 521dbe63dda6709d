"""Every store adapter, and what its tests must be able to do to it from outside.

A new adapter is one more class here and one more line in `ADAPTERS`; the suite stays as it is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from ingest.store import Reader, SqliteReader, SqliteWriter, Writer
from ingest.store import sqlite as sqlite_adapter


class Place(Protocol):
    """One empty place where records can be kept. Crosses to other processes by pickling."""

    def __init__(self, folder: Path) -> None: ...

    def writer(self) -> Writer:
        """A writer of its own."""

    def reader(self) -> Reader:
        """A reader of its own."""

    def held(self, monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[None]:
        """While somebody else holds the place for writing, and writers have little patience."""

    def spoil(self) -> None:
        """Make the place unreadable."""

    def move_away(self) -> None:
        """Take the place away from where everybody looks for it."""

    def move_back(self) -> None:
        """Put it back."""

    def earlier_values(self) -> list[tuple[int, str]]:
        """Version and value of everything superseded."""

    def times_stored(self) -> list[int]:
        """How often each identity stands in the place."""

    def payload_bytes(self) -> int:
        """How many bytes of refused payloads are kept."""


class SqlitePlace:
    """One SQLite file, in a folder whose name is hard on addresses."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a b?c#d%41" / "records.db"

    def writer(self) -> Writer:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteWriter(self.path)

    def reader(self) -> Reader:
        return SqliteReader(self.path)

    @contextmanager
    def held(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(sqlite_adapter, "BUSY_TIMEOUT_S", 0.01)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    def spoil(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(b"this is not a database" * 100)

    def move_away(self) -> None:
        self.path.rename(self.path.with_name("moved.db"))

    def move_back(self) -> None:
        self.path.with_name("moved.db").rename(self.path)

    def earlier_values(self) -> list[tuple[int, str]]:
        return self._rows("SELECT version, value FROM superseded ORDER BY version")

    def times_stored(self) -> list[int]:
        return [row[0] for row in self._rows("SELECT count(*) FROM record GROUP BY identity")]

    def payload_bytes(self) -> int:
        return self._rows("SELECT sum(length(payload)), '' FROM rejection")[0][0]

    def _rows(self, query: str) -> list[tuple[int, str]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()


ADAPTERS: dict[str, type[Place]] = {"sqlite": SqlitePlace}
