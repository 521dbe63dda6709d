"""Where records are kept: a narrow port, and its adapters."""

from fhir_mapping.record import Intent, Superseded
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
    Vitals,
    Writer,
)
from ingest.store.sqlite import SqliteReader, SqliteWriter

__all__ = [
    "Arrival",
    "Counted",
    "EnrolledChange",
    "Heartbeat",
    "Intent",
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
