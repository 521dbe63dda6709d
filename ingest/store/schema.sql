-- The embedded store. One short write at a time, from any process; any number of readers.
-- Times are UTC milliseconds. Numbers that carry clinical precision are decimal text.

CREATE TABLE IF NOT EXISTS organisation (
    id       TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS citizen (
    key      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS device (
    id       TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A device and user slot belongs to a citizen from a moment until another, or until further notice.
CREATE TABLE IF NOT EXISTS assignment (
    device   TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    citizen  INTEGER NOT NULL REFERENCES citizen (key),
    PRIMARY KEY (device, slot, since_ms)
) STRICT, WITHOUT ROWID;

-- Personal limits: append-only, with the time they hold from and the time they were entered.
-- Those relative to a base have their own history, as signal "…/relative".
CREATE TABLE IF NOT EXISTS limits (
    citizen    INTEGER NOT NULL REFERENCES citizen (key),
    signal     TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    entered_ms INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (citizen, signal, since_ms, entered_ms)
) STRICT, WITHOUT ROWID;

-- What holds of a citizen for a time (oxygen, a course, an admission): append-only as well.
CREATE TABLE IF NOT EXISTS fact (
    citizen    INTEGER NOT NULL REFERENCES citizen (key),
    kind       TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    entered_ms INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (citizen, kind, since_ms, entered_ms)
) STRICT, WITHOUT ROWID;

-- Where a record came from, stored once.
CREATE TABLE IF NOT EXISTS source (
    key         INTEGER PRIMARY KEY,
    part        INTEGER NOT NULL,
    gateway     TEXT NOT NULL,
    device      TEXT NOT NULL,
    device_type TEXT NOT NULL,
    model       TEXT NOT NULL,
    firmware    TEXT NOT NULL,
    UNIQUE (part, gateway, device, device_type, model, firmware)
) STRICT;
CREATE INDEX IF NOT EXISTS source_of_device ON source (device);

-- Under which FHIR id a device or gateway is named; mostly that is its own name.
CREATE TABLE IF NOT EXISTS party (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The truth behind one Observation. seq rises with every change, in commit order, and updated_ms
-- never falls along it. flags: of the whole act, then behind a "/" each of one component.
-- base is the identity by content of a record that has another, since another record has that one.
CREATE TABLE IF NOT EXISTS record (
    seq              INTEGER PRIMARY KEY,
    identity         BLOB NOT NULL UNIQUE,
    id               BLOB NOT NULL UNIQUE,
    version          INTEGER NOT NULL,
    citizen          INTEGER REFERENCES citizen (key),
    about            TEXT NOT NULL,
    value            TEXT NOT NULL,
    measured_ms      INTEGER NOT NULL,
    offset_min       INTEGER NOT NULL,
    device_time      TEXT NOT NULL,
    source           INTEGER NOT NULL REFERENCES source (key),
    slot             INTEGER NOT NULL,
    boot             TEXT NOT NULL,
    transferred_by   TEXT NOT NULL,
    location         TEXT NOT NULL,
    clock_sync       TEXT NOT NULL,
    clock_device_ms  INTEGER,
    clock_gateway_ms INTEGER,
    circumstances    TEXT NOT NULL,
    flags            TEXT NOT NULL,
    received_ms      INTEGER NOT NULL,
    updated_ms       INTEGER NOT NULL,
    scheduled        INTEGER NOT NULL,
    conflict         INTEGER NOT NULL,
    withdrawn        INTEGER NOT NULL DEFAULT 0,
    sent_ms          INTEGER NOT NULL DEFAULT 0,
    base             BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS record_of_citizen ON record (citizen, about, measured_ms);
CREATE INDEX IF NOT EXISTS record_updated ON record (updated_ms);
CREATE INDEX IF NOT EXISTS record_of_base ON record (base) WHERE base IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_unassigned ON record (source) WHERE citizen IS NULL;

-- Who lost a record to somebody else (or to nobody) when an assignment was corrected.
CREATE TABLE IF NOT EXISTS departure (
    seq     INTEGER PRIMARY KEY,
    citizen INTEGER NOT NULL REFERENCES citizen (key)
) STRICT;

-- Earlier versions of a record, never changed again; flags and instant are unknown of the oldest.
CREATE TABLE IF NOT EXISTS superseded (
    identity         BLOB NOT NULL,
    version          INTEGER NOT NULL,
    value            TEXT NOT NULL,
    received_ms      INTEGER NOT NULL,
    flags            TEXT,
    measured_ms      INTEGER,
    sent_ms          INTEGER NOT NULL DEFAULT 0,
    withdrawn        INTEGER NOT NULL DEFAULT 0,
    clock_sync       TEXT NOT NULL DEFAULT '',
    clock_device_ms  INTEGER,
    clock_gateway_ms INTEGER,
    PRIMARY KEY (identity, version)
) STRICT, WITHOUT ROWID;

-- What was refused or is held back: with reason, path and payload, replayable. The payload stands
-- in the first row of its digest; the others of the same delivery have an empty one. place is that
-- of a reading in the delivery, part that of a value in the reading; -1 where all of it is meant.
CREATE TABLE IF NOT EXISTS rejection (
    key         INTEGER PRIMARY KEY,
    digest      BLOB NOT NULL,
    place       INTEGER NOT NULL,
    result      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    path        TEXT NOT NULL,
    detail      TEXT NOT NULL,
    topic       TEXT NOT NULL,
    payload     BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    deliveries  INTEGER NOT NULL,
    replayed_ms INTEGER,
    part        INTEGER NOT NULL DEFAULT -1,
    UNIQUE (digest, place, part)
) STRICT;

-- What is known of a device beside its measurements (battery, status, clock): the newest words.
CREATE TABLE IF NOT EXISTS device_state (
    device      TEXT NOT NULL,
    fact        TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    text        TEXT NOT NULL,
    unit        TEXT NOT NULL,
    gateway     TEXT NOT NULL,
    offset_min  INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (device, fact, at_ms)
) STRICT, WITHOUT ROWID;

-- Running totals, kept in the same transactions as what they count.
CREATE TABLE IF NOT EXISTS tally (
    name  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What ingest last said of itself: one row, written anew every few seconds.
CREATE TABLE IF NOT EXISTS heartbeat (
    process  TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
