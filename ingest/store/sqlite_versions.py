"""Versions of a record in the SQLite store: what stands beside an arrival, and what stood before.

Called by the writer inside its transaction, only where an arrival's identity or id is taken
already; by the reader for the history of a record.
"""

import sqlite3

from fhir_mapping.record import Record, Superseded
from fhir_mapping.status import status_text
from ingest.limits import CLOCK_JITTER_MS
from ingest.resolve import Standing
from ingest.store.rows import (
    SELECT,
    VERSION_COLUMNS,
    record_of,
    value_text,
    version_of,
    version_row_of,
)

_BESIDE = f"{SELECT} WHERE r.identity = ?1 OR r.base = ?1 OR r.id = ?2 ORDER BY r.seq"
_EARLIER = f"SELECT {VERSION_COLUMNS} FROM superseded WHERE identity = ? ORDER BY version"  # noqa: S608
_KEEP = (
    f"INSERT INTO superseded (identity, {VERSION_COLUMNS}) "  # noqa: S608
    f"SELECT identity, {VERSION_COLUMNS} FROM record WHERE seq = ?"
)
_PUT = (
    f"INSERT INTO superseded (identity, {VERSION_COLUMNS}) "  # noqa: S608
    f"VALUES (?, {', '.join('?' * len(VERSION_COLUMNS.split(',')))})"
)
_AGAIN = (
    "SELECT 1 FROM record WHERE identity = ? AND value = ? AND flags = ? AND withdrawn = 0 "
    "AND abs(measured_ms - ?) <= ?"
)


def is_resend(db: sqlite3.Connection, record: Record) -> bool:
    """Whether the record stands to the letter: most collisions are that, and need no other look.

    `ingest.resolve` calls the same a duplicate.
    """
    flags = status_text(record.flags, record.component_flags)
    said = (record.identity, value_text(record.values), flags)
    return db.execute(_AGAIN, (*said, record.measured_ms, CLOCK_JITTER_MS)).fetchone() is not None


def standing_beside(db: sqlite3.Connection, record: Record) -> list[Standing]:
    """The records that have the arrival's identity, or its id, with what was said before."""
    name = record.base or record.identity
    found = map(record_of, db.execute(_BESIDE, (name, record.id)).fetchall())
    return [
        Standing(one, tuple(earlier_versions(db, one.identity)), name in (one.identity, one.base))
        for one in found
    ]


def earlier_versions(db: sqlite3.Connection, identity: bytes) -> list[Superseded]:
    """What a record said before, in the order in which it was superseded."""
    return [version_of(row) for row in db.execute(_EARLIER, (identity,)).fetchall()]


def keep_version(db: sqlite3.Connection, seq: int) -> None:
    """Keep the record at this arrival number as an earlier version."""
    db.execute(_KEEP, (seq,))


def put_version(db: sqlite3.Connection, record: Record, said: Record, received_ms: int) -> None:
    """Keep what was said too late to hold as an earlier version, under the number of `record`."""
    row = version_row_of(said, record.version, received_ms)
    db.execute(_PUT, (record.identity, *row))
