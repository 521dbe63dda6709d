"""The proof that alerts can be written: one row, written anew while there is nothing to write.

Called by the evaluator. Without it a full or locked disk would show with the next alert only.
"""

import sqlite3

from ingest.store.sqlite_world import world

WAIT_MS = 200
"""A proof is no reason to let the rules wait."""


class Proof:
    """The proof of one alert store, over its connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def write(self, now_ms: int) -> None:
        """Commit one row; StoreUnavailable when that is not possible within a moment."""
        with world():
            (usual,) = self._db.execute("PRAGMA busy_timeout").fetchone()
            self._db.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
            try:
                self._db.execute(
                    "INSERT OR REPLACE INTO proof (key, at_ms) VALUES (1, ?)", (now_ms,)
                )
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {usual}")
