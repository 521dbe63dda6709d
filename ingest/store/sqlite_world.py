"""SQLite's own failures, told in the words of the port. Used by every SQLite adapter."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.store.port import StoreUnavailable


@contextmanager
def world() -> Iterator[None]:
    """Turn what SQLite says of a bad world into the port's one exception."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(str(error)) from error
