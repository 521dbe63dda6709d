"""A store file of any age, brought to the schema of this program.

In: an open SQLite database. A file says by `PRAGMA user_version` how many of `STEPS` it has seen;
`schema.sql` is what a new file gets, and equals the oldest one after every step (a test holds it).
The writer upgrades in place when it opens a file, each step in one transaction, so that a kill
leaves the file between two steps and never within one. A reader cannot write: it says which
version it found and which command upgrades, and may try again after that. A file that a newer
program wrote is refused by both.

To change the schema: change `schema.sql`, and append a step here that does the same to an older
file. Never change a step that has been released.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from importlib.resources import files

from fhir_mapping.record import identity_from
from fhir_mapping.resources import resource_id
from ingest.store.port import StoreUnavailable

_SCHEMA = files("ingest.store").joinpath("schema.sql").read_text(encoding="utf-8")
_TOTALS_AND_PARTIES = (
    """
    CREATE TABLE IF NOT EXISTS tally (
        name TEXT PRIMARY KEY, count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """
    CREATE TABLE IF NOT EXISTS party (
        id TEXT PRIMARY KEY, name TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "INSERT OR IGNORE INTO tally (name, count) SELECT 'records', count(*) FROM record",
    """
    INSERT OR IGNORE INTO party (id, name) SELECT resource_id(name), name FROM (
        SELECT device AS name FROM source UNION SELECT gateway FROM source
        UNION SELECT id FROM device
    )""",
)
_WITHDRAWAL = ("ALTER TABLE record ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0",)
_STATUS_OF_COMPONENTS = (
    """
    UPDATE record SET
        flags = trim(replace(' ' || flags || ' ', ' not-available ', ' '))
            || '/' || iif(value LIKE '/%', 'not-available', '')
            || '/' || iif(value LIKE '%//%', 'not-available', '')
            || '/' || iif(value LIKE '%/', 'not-available', ''),
        version = version + 1,
        seq = seq + (SELECT max(seq) FROM record),
        updated_ms = (SELECT max(updated_ms) FROM record)
    WHERE about = 'blood_pressure' AND ' ' || flags || ' ' LIKE '% not-available %'
        AND value <> '//' AND (value LIKE '/%' OR value LIKE '%//%' OR value LIKE '%/')""",
)
"""Older files say of the whole panel what was said of one component. Of `not-available` it is sure
which: the one without a value, so that 188/114 beside an absent mean comes to light, as a change
that every follower sees. What else was said stays said of all."""
_HEARTBEAT = (
    """
    CREATE TABLE IF NOT EXISTS heartbeat (
        process TEXT PRIMARY KEY, document TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)
_DEVICE_STATES = (
    """
    CREATE TABLE device_state (
        device TEXT NOT NULL, fact TEXT NOT NULL, at_ms INTEGER NOT NULL, text TEXT NOT NULL,
        unit TEXT NOT NULL, gateway TEXT NOT NULL, offset_min INTEGER NOT NULL,
        received_ms INTEGER NOT NULL, PRIMARY KEY (device, fact, at_ms)
    ) STRICT, WITHOUT ROWID""",
)
_VERSIONS = (
    "ALTER TABLE record ADD COLUMN sent_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE record ADD COLUMN base BLOB",
    "CREATE INDEX record_of_base ON record (base) WHERE base IS NOT NULL",
    """
    UPDATE record SET base = (
        SELECT identity_by_content(about, s.device, slot, boot, device_time, circumstances)
        FROM source s WHERE s.key = source
    ) WHERE conflict = 1""",
    "UPDATE record SET base = NULL WHERE base = identity",
    "ALTER TABLE superseded ADD COLUMN flags TEXT",
    "ALTER TABLE superseded ADD COLUMN measured_ms INTEGER",
    "ALTER TABLE superseded ADD COLUMN sent_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE superseded ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE superseded ADD COLUMN clock_sync TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE superseded ADD COLUMN clock_device_ms INTEGER",
    "ALTER TABLE superseded ADD COLUMN clock_gateway_ms INTEGER",
)
"""Of two values that claim one identity the second is found by that identity from now on."""
_PARTS_OF_READINGS = (
    """
    CREATE TABLE rejection_by_part (
        key INTEGER PRIMARY KEY, digest BLOB NOT NULL, place INTEGER NOT NULL, result TEXT NOT NULL,
        reason TEXT NOT NULL, path TEXT NOT NULL, detail TEXT NOT NULL, topic TEXT NOT NULL,
        payload BLOB NOT NULL, received_ms INTEGER NOT NULL, deliveries INTEGER NOT NULL,
        replayed_ms INTEGER, part INTEGER NOT NULL DEFAULT -1, UNIQUE (digest, place, part)
    ) STRICT""",
    """
    INSERT INTO rejection_by_part
    SELECT key, digest, place, result, reason, path, detail, topic, payload, received_ms,
           deliveries, replayed_ms, -1 FROM rejection""",
    "DROP TABLE rejection",
    "ALTER TABLE rejection_by_part RENAME TO rejection",
)
STEPS: Sequence[Sequence[str]] = (
    _TOTALS_AND_PARTIES,
    _WITHDRAWAL,
    _STATUS_OF_COMPONENTS,
    _HEARTBEAT,
    _DEVICE_STATES,
    _VERSIONS,
    _PARTS_OF_READINGS,
)
"""Statements by number: the first brings a file from version 0 to 1, and so on."""
VERSION = len(STEPS)


def upgrade(db: sqlite3.Connection) -> None:
    """Make the database of this version, from nothing or from an older one.

    `StoreUnavailable` for one that a newer program wrote. Any number of processes may try at once:
    each step is looked at again inside its transaction.
    """
    db.create_function("resource_id", 1, resource_id, deterministic=True)
    db.create_function("identity_by_content", 6, identity_from, deterministic=True)
    while (version := _version(db)) != VERSION or not _has_records(db):
        if version > VERSION:
            raise StoreUnavailable(_newer(version))
        db.execute("BEGIN IMMEDIATE")
        try:
            _advance(db)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def check_version(db: sqlite3.Connection) -> None:
    """`StoreUnavailable` unless the database has the version that this program reads."""
    version = _version(db)
    if version > VERSION:
        raise StoreUnavailable(_newer(version))
    if version < VERSION:
        raise StoreUnavailable(
            f"the store has version {version} and this program reads version {VERSION}; "
            "it is upgraded in place by whoever writes to it: start `hjemmepuls ingest` once"
        )


def _advance(db: sqlite3.Connection) -> None:
    """One step, or the whole schema where there is none yet; inside a transaction."""
    version = _version(db)
    if version >= VERSION:
        return  # somebody else did it meanwhile
    if _has_records(db):
        statements, reached = STEPS[version], version + 1
    else:
        statements, reached = tuple(_statements(_SCHEMA)), VERSION
    for statement in statements:
        db.execute(statement)
    if reached == VERSION:  # a table that an old file lacks altogether
        for statement in _statements(_SCHEMA):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {reached}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _has_records(db: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'record'"
    return db.execute(query).fetchone() is not None


def _newer(version: int) -> str:
    return (
        f"the store has version {version}, written by a newer program; "
        f"this one knows versions up to {VERSION}"
    )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
