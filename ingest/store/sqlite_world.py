"""SQLite's own failures, told in the words of the port. Used by every SQLite adapter."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingest.store.port import StoreUnavailable

_BAD_WORLD = (sqlite3.OperationalError, sqlite3.DatabaseError)
"""Locked, away or full; and, under the general name, damaged or no database at all. What derives
from it otherwise (a broken constraint, a wrong call) is bad code or bad data."""


@contextmanager
def world() -> Iterator[None]:
    """Turn what SQLite says of a bad world into the port's one exception."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) not in _BAD_WORLD:
            raise
        raise StoreUnavailable(str(error)) from error


def private(path: Path) -> Path:
    """A database that is made here is its owner's alone: it holds names and CPR numbers.

    SQLite gives its journals the same rights. What exists keeps the rights that somebody gave it,
    and is not opened here: to close a file lets go of every lock that this process has on it
    (POSIX), those of SQLite's other connections too.
    """
    if str(path) == ":memory:":
        return path
    with suppress(OSError):  # SQLite says it better
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return path


class StoreFile:
    """The file behind an open database, to tell whether it still stands at its path.

    SQLite goes on with a file that was moved, removed or replaced, and what it writes there is
    found by nobody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = _place(path)

    def stands(self) -> bool:
        """Whether the path still means the file that was opened."""
        return _place(self._path) == self._opened

    def check(self) -> None:
        """StoreUnavailable when it does not."""
        if not self.stands():
            raise StoreUnavailable("the file was moved, removed or replaced: put it back")


def _place(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
