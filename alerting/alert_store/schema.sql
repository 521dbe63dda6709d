-- Alerts and their history. Written by the alerting process only; times are UTC milliseconds.

CREATE TABLE IF NOT EXISTS alert (
    id          TEXT PRIMARY KEY,
    version     INTEGER NOT NULL,
    change      INTEGER NOT NULL UNIQUE,
    citizen     TEXT NOT NULL,
    hypothesis  TEXT NOT NULL,
    condition   TEXT NOT NULL,
    onset_ms    INTEGER NOT NULL,
    document    TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS alert_of_citizen ON alert (citizen, hypothesis, onset_ms);
-- One active episode per citizen and hypothesis, by the database itself.
CREATE UNIQUE INDEX IF NOT EXISTS alert_active ON alert (citizen, hypothesis)
    WHERE condition = 'active';

-- Every transition, only ever added to. change is the feed's position, in commit order; mark is
-- random, so that the same position of another history (a lost store made anew, an older copy put
-- back) is not taken for this one.
CREATE TABLE IF NOT EXISTS alert_event (
    change INTEGER PRIMARY KEY,
    alert  TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL,
    mark   BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS alert_event_of_alert ON alert_event (alert, change);

-- Requests to measure daily, first and last day included (local days since 1970-01-01);
-- sent_until_day is how far the home has been told.
CREATE TABLE IF NOT EXISTS request (
    key            INTEGER PRIMARY KEY,
    citizen        TEXT NOT NULL,
    since_day      INTEGER NOT NULL,
    until_day      INTEGER NOT NULL,
    asked_ms       INTEGER NOT NULL,
    sent_until_day INTEGER NOT NULL DEFAULT 0,
    sent_ms        INTEGER,
    UNIQUE (citizen, since_day)
) STRICT;
CREATE INDEX IF NOT EXISTS request_unsent ON request (key) WHERE sent_until_day < until_day;

-- When it was last proven that this file can be written: one row, written anew every few seconds.
CREATE TABLE IF NOT EXISTS proof (
    key   INTEGER PRIMARY KEY CHECK (key = 1),
    at_ms INTEGER NOT NULL
) STRICT;
