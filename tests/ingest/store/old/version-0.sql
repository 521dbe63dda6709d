
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

CREATE TABLE IF NOT EXISTS assignment (
    device   TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    citizen  INTEGER NOT NULL REFERENCES citizen (key),
    PRIMARY KEY (device, slot, since_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS limits (
    citizen    INTEGER NOT NULL REFERENCES citizen (key),
    signal     TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    entered_ms INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (citizen, signal, since_ms, entered_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS fact (
    citizen    INTEGER NOT NULL REFERENCES citizen (key),
    kind       TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    entered_ms INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (citizen, kind, since_ms, entered_ms)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE IF NOT EXISTS party (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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
    conflict         INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS record_of_citizen ON record (citizen, about, measured_ms);
CREATE INDEX IF NOT EXISTS record_updated ON record (updated_ms);
CREATE INDEX IF NOT EXISTS record_unassigned ON record (source) WHERE citizen IS NULL;

CREATE TABLE IF NOT EXISTS departure (
    seq     INTEGER PRIMARY KEY,
    citizen INTEGER NOT NULL REFERENCES citizen (key)
) STRICT;

CREATE TABLE IF NOT EXISTS superseded (
    identity    BLOB NOT NULL,
    version     INTEGER NOT NULL,
    value       TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (identity, version)
) STRICT, WITHOUT ROWID;

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
    UNIQUE (digest, place)
) STRICT;

CREATE TABLE IF NOT EXISTS tally (
    name  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
