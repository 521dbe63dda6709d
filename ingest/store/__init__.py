"""Where records are kept: a narrow port, and its adapters."""

from ingest.store.port import (
    Arrival,
    Counted,
    EnrolledChange,
    Heartbeat,
    Mapped,
    Outcome,
    Party,
    Query,
    Reader,
    StoredRejection,
    StoreUnavailable,
    Superseded,
    Vitals,
    Writer,
)
from ingest.store.sqlite import SqliteReader, SqliteWriter

__all__ = [
    "Arrival",
    "Counted",
    "EnrolledChange",
    "Heartbeat",
    "Mapped",
    "Outcome",
    "Party",
    "Query",
    "Reader",
    "SqliteReader",
    "SqliteWriter",
    "StoreUnavailable",
    "StoredRejection",
    "Superseded",
    "Vitals",
    "Writer",
]
