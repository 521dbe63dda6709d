"""SQLite's own failures, told in the words of the port. Used by every SQLite adapter."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

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
