"""The alert store: SQLite in WAL mode, one transaction per batch of changes.

Every change of an alert appends one event and moves the alert to the end of the feed, so a poller
that asks for everything after its cursor misses nothing and sees each alert's newest state once.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from alerting.alert import (
    OPEN,
    SEVERITIES,
    Alert,
    AlertEvent,
    Attention,
    Condition,
    Episode,
)
from ingest.store.sqlite_world import world

BUSY_TIMEOUT_S = 30.0
RULES_ACTOR = "rules"
_SCHEMA = files("alerting.alert_store").joinpath("schema.sql").read_text(encoding="utf-8")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode
_OPEN_SQL = f"condition IN ({', '.join(repr(state) for state in OPEN)})"
_ACTIVE_SQL = "citizen = ? AND rule = ? AND condition = 'active'"


class AlertChanged(Exception):  # noqa: N818  a conflict between two people, not an error
    """Somebody changed the alert first; `current` is how it stands now."""

    def __init__(self, current: Alert) -> None:
        super().__init__(f"the alert is at version {current.version}")
        self.current = current


class AlertStore:
    """Alerts of one installation. One object per thread; see SQLite's threading rules."""

    def __init__(self, path: Path) -> None:
        with world():
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)

    def raise_(self, episode: Episode, now_ms: int) -> Alert:
        """An episode began or got worse; an active alert of the same citizen and rule takes it in.

        An earlier red that is over but unseen (latched) stays as it is beside the new one, so
        that nothing a clinician has not seen is overwritten.
        """
        active = self._one(_ACTIVE_SQL, (episode.citizen, episode.rule))
        if active is None:
            return self.open(episode, now_ms)
        same_episode = msgspec.structs.replace(episode, onset_ms=active.onset_ms)
        return self.revise(active, same_episode, now_ms, "raised")

    def open(self, episode: Episode, now_ms: int) -> Alert:
        """A new alert of its own; an episode that is over may lie beside an active one."""
        alert = Alert(
            id=str(uuid4()),
            version=0,
            change=0,
            citizen=episode.citizen,
            rule=episode.rule,
            name_da=episode.name_da,
            name_en=episode.name_en,
            severity=episode.severity,
            condition=_condition_of(episode, "unacked"),
            attention="unacked",
            onset_ms=episode.onset_ms,
            raised_ms=episode.raised_ms,
            detected_ms=now_ms,
            cleared_ms=episode.cleared_ms,
            text_da=episode.text_da,
            text_en=episode.text_en,
            evidence=episode.evidence,
        )
        return self._write(alert, now_ms, RULES_ACTOR, "opened", episode.text_en)

    def revise(self, alert: Alert, episode: Episode, now_ms: int, what: str = "revised") -> Alert:
        """Bring an alert in line with its episode; if it got worse, it asks for attention again."""
        worse = SEVERITIES.index(episode.severity) < SEVERITIES.index(alert.severity)
        resumed = alert.cleared_ms is not None and episode.cleared_ms is None
        attention: Attention = "unacked" if worse or resumed else alert.attention
        revised = msgspec.structs.replace(
            alert,
            severity=episode.severity,
            condition=_condition_of(episode, attention),
            attention=attention,
            onset_ms=episode.onset_ms,
            raised_ms=episode.raised_ms,
            cleared_ms=episode.cleared_ms,
            text_da=episode.text_da,
            text_en=episode.text_en,
            evidence=episode.evidence,
        )
        return self._write(revised, now_ms, RULES_ACTOR, what, episode.text_en)

    def clear(self, citizen: str, rule: str, cleared_ms: int, now_ms: int) -> Alert | None:
        """The rule no longer holds: a red that nobody has seen stays latched, others are over."""
        alert = self._one(_ACTIVE_SQL, (citizen, rule))
        if alert is None:
            return None
        unseen_red = alert.severity == "red" and alert.attention == "unacked"
        cleared = msgspec.structs.replace(
            alert, condition="latched" if unseen_red else "cleared", cleared_ms=cleared_ms
        )
        return self._write(cleared, now_ms, RULES_ACTOR, cleared.condition, "")

    def retract(self, alert: Alert, reason: str, now_ms: int) -> Alert:
        """Later data showed that the rule never held: kept, with the reason, and no longer open."""
        retracted = msgspec.structs.replace(alert, condition="retracted", reason=reason)
        return self._write(retracted, now_ms, RULES_ACTOR, "retracted", reason)

    def acknowledge(
        self, alert_id: str, by: str, note: str, version: int | None, now_ms: int
    ) -> Alert:
        """A clinician has seen it. KeyError: no such alert. AlertChanged: somebody was first."""
        with self.transaction():
            alert = self.alert(alert_id)
            if alert is None:
                raise KeyError(alert_id)
            if alert.attention == "acked" or version not in (None, alert.version):
                raise AlertChanged(alert)
            condition = "cleared" if alert.condition == "latched" else alert.condition
            acked = msgspec.structs.replace(
                alert,
                attention="acked",
                condition=condition,
                acked_by=by,
                acked_ms=now_ms,
                note=note,
            )
            return self._write(acked, now_ms, by, "acknowledged", note)

    def alerts_since(self, change: int, limit: int) -> list[Alert]:
        """Alerts that changed after this position, in order of their last change."""
        return self._all("change > ? ORDER BY change LIMIT ?", (change, limit))

    def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self._one("id = ?", (alert_id,))

    def alerts_of(self, citizen: str) -> list[Alert]:
        """All alerts of a citizen, oldest onset first."""
        return self._all("citizen = ? ORDER BY onset_ms", (citizen,))

    def open_alerts(self) -> list[Alert]:
        """Every open alert, oldest onset first."""
        return self._all(f"{_OPEN_SQL} ORDER BY onset_ms", ())

    def history(self, alert_id: str) -> list[AlertEvent]:
        """What happened to an alert, oldest first."""
        with world():
            rows = self._db.execute(
                "SELECT change, alert, at_ms, actor, what, detail FROM alert_event "
                "WHERE alert = ? ORDER BY change",
                (alert_id,),
            )
            return [AlertEvent(*row) for row in rows]

    def last_change(self) -> int:
        """The feed's newest position; 0 in an empty store."""
        with world():
            newest = self._db.execute("SELECT max(change) FROM alert_event").fetchone()[0]
        return int(newest or 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside become visible together, or not at all; nests."""
        if self._db.in_transaction:
            yield
            return
        with world():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Release the file; idempotent."""
        self._db.close()

    def _write(self, alert: Alert, now_ms: int, actor: str, what: str, detail: str) -> Alert:
        with self.transaction():
            change = self.last_change() + 1
            alert = msgspec.structs.replace(alert, version=alert.version + 1, change=change)
            self._db.execute(
                "INSERT INTO alert_event (change, alert, at_ms, actor, what, detail) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (change, alert.id, now_ms, actor, what, detail),
            )
            self._db.execute(
                "INSERT INTO alert (id, version, change, citizen, rule, condition, onset_ms, "
                "document) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "version = excluded.version, change = excluded.change, "
                "condition = excluded.condition, onset_ms = excluded.onset_ms, "
                "document = excluded.document",
                (
                    alert.id,
                    alert.version,
                    alert.change,
                    alert.citizen,
                    alert.rule,
                    alert.condition,
                    alert.onset_ms,
                    _encode(alert).decode(),
                ),
            )
        return alert

    def _one(self, where: str, values: Sequence[Any]) -> Alert | None:
        found = self._all(where, values)
        return found[0] if found else None

    def _all(self, where: str, values: Sequence[Any]) -> list[Alert]:
        with world():
            rows = self._db.execute(f"SELECT document FROM alert WHERE {where}", values)  # noqa: S608
            return [_decode(document) for (document,) in rows]


def _condition_of(episode: Episode, attention: Attention) -> Condition:
    if episode.cleared_ms is None:
        return "active"
    return "latched" if episode.severity == "red" and attention == "unacked" else "cleared"
