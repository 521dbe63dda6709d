"""Where records are kept: a narrow port, and its adapters."""

from ingest.store.port import (
    Arrival,
    EnrolledChange,
    Mapped,
    Outcome,
    Reader,
    StoredRejection,
    StoreUnavailable,
    Writer,
)
from ingest.store.sqlite import SqliteReader, SqliteWriter

__all__ = [
    "Arrival",
    "EnrolledChange",
    "Mapped",
    "Outcome",
    "Reader",
    "SqliteReader",
    "SqliteWriter",
    "StoreUnavailable",
    "StoredRejection",
    "Writer",
]
