"""What was delivered, in a SQLite file of its own: cursor, what waits, and the dead letters.

Used by `follow` (one process at a time, which holds the lock) and by the commands that list dead
letters and have them sent again, at any time.

  Waiting   A write waits for another process's short write; `hold` does not wait.
  Failure   `StoreUnavailable` when the file cannot be reached or written; `WrongState` when it
            tells of another destination, or somebody else is delivering by it.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from fhir_mapping.record import Record
from ingest.deliver.port import Refused
from ingest.store.port import Reader
from ingest.store.sqlite_world import private, world

BUSY_TIMEOUT_S = 30.0
PASSED_KEPT = 100
"""So many records are remembered to know the store by: records are never deleted, nor renamed."""
_SCHEMA = files("ingest.deliver").joinpath("schema.sql").read_text(encoding="utf-8")


class WrongState(Exception):  # noqa: N818  the operator's mix-up, not a fault of the code
    """The state file is about something else, or in use; the message says which."""


class DeadLetter(msgspec.Struct, frozen=True):
    """One record that the destination refused; `digest` is the SHA-256 of what it was sent."""

    id: bytes
    seq: int
    version: int
    reason: str
    digest: str
    attempts: int
    refused_ms: int


class Waiting(msgspec.Struct, frozen=True):
    """One record to send again."""

    id: bytes
    due_ms: int
    attempts: int


class Outcomes(msgspec.Struct):
    """What became of one batch; `seq` is the new cursor, `passed` what it moved over.

    `settled` is what `Deliveries.begin` named, as far as it was answered; `gone` is what waited
    and stands in the store no more.
    """

    seq: int
    passed: list[Record] = msgspec.field(default_factory=list)
    taken: list[Record] = msgspec.field(default_factory=list)
    refused: list[tuple[Record, Refused]] = msgspec.field(default_factory=list)
    waiting: list[Waiting] = msgspec.field(default_factory=list)
    settled: list[bytes] = msgspec.field(default_factory=list)
    gone: list[bytes] = msgspec.field(default_factory=list)


class Deliveries:
    """The state of one destination. One object per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._lock: int | None = None
        with world():
            self._db = sqlite3.connect(private(path), timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)

    def hold(self, target: str, first_seq: int) -> int:
        """Become the one who delivers to `target`; the cursor, `first_seq` in a new file.

        The lock ends with the process, however that ends.
        """
        if self._lock is None:
            self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise WrongState(
                    f"another process is delivering by {self._path}: stop it first, "
                    "or give this one another HJEMMEPULS_DELIVER_STATE_PATH"
                ) from error
        with self._transaction():
            row = self._db.execute("SELECT target, seq FROM course").fetchone()
            if row is None:
                self._db.execute("INSERT INTO course VALUES (1, ?, ?)", (target, first_seq))
                return first_seq
        if row[0] != target:
            raise WrongState(f"the state file is of {row[0]!r}, not of {target!r}")
        return int(row[1])

    def check(self, store: Reader) -> None:
        """WrongState when this store is not the one, with all its arrivals, that was delivered.

        Whoever put an older copy back has given its arrival numbers to other records since.
        """
        (seq,) = self._rows("SELECT seq FROM course")[0]
        newest = store.last_seq()
        passed = self._rows("SELECT seq, id, version FROM passed")
        if newest < seq:
            found = f"at {seq}, the store only at {newest}"
        elif not all(_stands(store, *row) for row in passed):
            found = f"at {seq}, and the store has other records up to there"
        else:
            return
        raise WrongState(
            f"{self._path} is {found}: it is of another store, or of a later state of this one. "
            "Put the right store back, or give another HJEMMEPULS_DELIVER_STATE_PATH: "
            "all is then sent again"
        )

    def due(self, now_ms: int, limit: int) -> list[Waiting]:
        """What is due to be sent again, the longest due first; no record twice."""
        query = (
            "SELECT id, min(due_ms), max(attempts) FROM ("
            "SELECT id, due_ms, attempts FROM waiting WHERE due_ms <= ? "
            "UNION ALL SELECT id, due_ms, 0 FROM doubt WHERE due_ms <= ?) "
            "GROUP BY id ORDER BY 2, id LIMIT ?"
        )
        return [Waiting(*row) for row in self._rows(query, (now_ms, now_ms, limit))]

    def begin(self, ids: Sequence[bytes], now_ms: int, due_ms: int) -> list[bytes]:
        """Note, before a request, what is in doubt without an answer; what an answer settles.

        Who is killed now leaves the notes behind. An answer does not settle what an earlier
        request left in doubt.
        """
        with self._transaction():
            settled = [
                one
                for one in ids
                if not self._db.execute(
                    "SELECT 1 FROM doubt WHERE id = ? AND due_ms > ?", (one, now_ms)
                ).fetchone()
            ]
            self._db.executemany(
                "INSERT INTO doubt VALUES (?, ?) ON CONFLICT (id) DO UPDATE "
                "SET due_ms = excluded.due_ms",
                [(one, due_ms) for one in ids],
            )
        return settled

    def end(self, outcomes: Outcomes, now_ms: int) -> None:
        """Store what became of a batch together with the cursor, in one transaction."""
        refused = [record.id for record, _ in outcomes.refused]
        dealt = [*(record.id for record in outcomes.taken), *refused, *outcomes.gone]
        settled = [*outcomes.settled, *outcomes.gone]
        with self._transaction():
            self._db.executemany("DELETE FROM doubt WHERE id = ?", [(one,) for one in settled])
            self._db.executemany("DELETE FROM waiting WHERE id = ?", [(one,) for one in dealt])
            self._db.executemany(
                "DELETE FROM dead_letter WHERE id = ?", [(record.id,) for record in outcomes.taken]
            )
            self._db.executemany(
                "INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT (id) DO UPDATE "
                "SET seq = excluded.seq, version = excluded.version, reason = excluded.reason, "
                "digest = excluded.digest, attempts = attempts + 1, "
                "refused_ms = excluded.refused_ms",
                [
                    (record.id, record.seq, record.version, said.reason, said.digest, now_ms)
                    for record, said in outcomes.refused
                ],
            )
            self._db.executemany(
                "INSERT INTO waiting VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE "
                "SET due_ms = excluded.due_ms, attempts = excluded.attempts",
                [(one.id, one.due_ms, one.attempts) for one in outcomes.waiting],
            )
            self._db.execute("UPDATE course SET seq = ?", (outcomes.seq,))
            self._db.executemany(
                "INSERT OR REPLACE INTO passed VALUES (?, ?, ?)",
                [(record.seq, record.id, record.version) for record in outcomes.passed],
            )
            self._db.execute(
                "DELETE FROM passed WHERE seq NOT IN "
                "(SELECT seq FROM passed ORDER BY seq DESC LIMIT ?)",
                (PASSED_KEPT,),
            )

    def counts(self) -> tuple[int, int]:
        """How many records wait, and how many are dead letters."""
        (row,) = self._rows(
            "SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM doubt), "
            "(SELECT count(*) FROM dead_letter)"
        )
        return row[0], row[1]

    def dead_letters(self) -> list[DeadLetter]:
        """What was refused and still is, in order of arrival."""
        rows = self._rows(
            "SELECT id, seq, version, reason, digest, attempts, refused_ms "
            "FROM dead_letter ORDER BY seq"
        )
        return [DeadLetter(*row) for row in rows]

    def retry(self, ids: Sequence[bytes] | None, now_ms: int) -> int:
        """Have these dead letters (None: all) sent again; how many. They stay listed until taken.

        What is sent is the record as it then stands in the store.
        """
        every = [row[0] for row in self._rows("SELECT id FROM dead_letter ORDER BY seq")]
        chosen = every if ids is None else [one for one in every if one in set(ids)]
        with self._transaction():
            self._db.executemany(
                "INSERT INTO waiting VALUES (?, ?, 0) ON CONFLICT (id) DO UPDATE "
                "SET due_ms = min(due_ms, excluded.due_ms)",
                [(one, now_ms) for one in chosen],
            )
        return len(chosen)

    def close(self) -> None:
        """Release file and lock; idempotent."""
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with world():
            self._db.execute("BEGIN IMMEDIATE")
        try:
            with world():
                yield
                self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _rows(self, query: str, values: Sequence[int] = ()) -> list[Any]:
        with world():
            return self._db.execute(query, values).fetchall()


def _stands(store: Reader, seq: int, record_id: bytes, version: int) -> bool:
    found = store.record(record_id)
    if found is None:
        return False
    return (found.seq, found.version) == (seq, version) or (
        found.seq > seq and found.version > version
    )
