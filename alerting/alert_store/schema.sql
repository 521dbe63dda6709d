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

-- Every transition, only ever added to. change is the feed's position, in commit order.
CREATE TABLE IF NOT EXISTS alert_event (
    change INTEGER PRIMARY KEY,
    alert  TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS alert_event_of_alert ON alert_event (alert, change);
