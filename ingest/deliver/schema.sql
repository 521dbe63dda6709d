-- What was delivered to one destination. Times are UTC milliseconds.

-- Which destination this is about, and the arrival number up to which every record is dealt with:
-- taken, a dead letter, or waiting.
CREATE TABLE IF NOT EXISTS course (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    target TEXT NOT NULL,
    seq    INTEGER NOT NULL
) STRICT;

-- The last records that the cursor passed, as they were then: by them a store is known again. A
-- copy that was made earlier, and has grown on since, has others at these arrival numbers.
CREATE TABLE IF NOT EXISTS passed (
    seq     INTEGER PRIMARY KEY,
    id      BLOB NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Records that must be sent again, at the earliest when due: set aside, or retried by command.
CREATE TABLE IF NOT EXISTS waiting (
    id       BLOB PRIMARY KEY,
    due_ms   INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting_due ON waiting (due_ms);

-- Records of requests that got no answer: such a request may still take effect, and after one with
-- a newer version. Once it cannot any more, the newest version is sent once more.
CREATE TABLE IF NOT EXISTS doubt (
    id     BLOB PRIMARY KEY,
    due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS doubt_due ON doubt (due_ms);

-- What the destination refused for good.
CREATE TABLE IF NOT EXISTS dead_letter (
    id         BLOB PRIMARY KEY,
    seq        INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    digest     TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    refused_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dead_letter_seq ON dead_letter (seq);
