"""Requests to measure daily, kept beside the alerts and in their transactions.

In: evidence from the evaluator, word from the sender. Out: `Request`s. Called by
`alerting.evaluate`, `alerting.send` and the page. A citizen has one running request at most:
evidence on one of its days makes it longer, later evidence makes a new one. Nothing is ever
deleted, so that evidence that is judged again asks for nothing again.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from alerting.asking import Request
from alerting.rules import DAILY_DAYS
from ingest.store.sqlite_world import world

_SELECT = (
    "SELECT key, citizen, since_day, until_day, asked_ms, sent_until_day, sent_ms FROM request"
)


class Requests:
    """The requests of one alert store, over its connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def ask(self, citizen: str, day: int, now_ms: int) -> None:
        """There was evidence on this local day: daily measurements for `DAILY_DAYS` days after it.

        Said again, or late, it changes nothing.
        """
        since, until = day + 1, day + DAILY_DAYS
        running = self.running(citizen, day)
        if running is None:
            self._write(
                "INSERT INTO request (citizen, since_day, until_day, asked_ms) VALUES (?, ?, ?, ?)",
                (citizen, since, until, now_ms),
            )
        elif until > running.until:
            self._write("UPDATE request SET until_day = ? WHERE key = ?", (until, running.key))

    def running(self, citizen: str, day: int) -> Request | None:
        """The request that runs on this local day, or begins later."""
        found = self._all(
            "citizen = ? AND until_day >= ? ORDER BY key DESC LIMIT 1", (citizen, day)
        )
        return found[0] if found else None

    def unsent(self, day: int) -> list[Request]:
        """Requests of which the home has not been told everything, and not over by this day."""
        return self._all("sent_until_day < until_day AND until_day >= ? ORDER BY key", (day,))

    def mark_sent(self, request: Request, now_ms: int) -> None:
        """The home has been told of all that `request` asks; not of what was added meanwhile."""
        self._write(
            "UPDATE request SET sent_until_day = max(sent_until_day, ?), sent_ms = ? WHERE key = ?",
            (request.until, now_ms, request.key),
        )

    def all(self) -> list[Request]:
        """Every request there was, in the order of asking."""
        return self._all("true ORDER BY key", ())

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        with world():
            self._db.execute(statement, values)

    def _all(self, where: str, values: Sequence[Any]) -> list[Request]:
        with world():
            return [Request(*row) for row in self._db.execute(f"{_SELECT} WHERE {where}", values)]
