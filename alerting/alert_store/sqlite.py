"""The alert store: SQLite in WAL mode, one transaction per batch of changes.

Every change of an alert appends one event and moves the alert to the end of the feed, so a poller
that asks for everything after its cursor misses nothing and sees each alert's newest state once.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec

from alerting.alert import MEANING, OPEN, SEVERITIES, Alert, AlertEvent, Episode
from alerting.alert_store.proof import Proof
from alerting.alert_store.requests import Requests
from alerting.alert_store.standing import (
    acted_on,
    called_as,
    detail_of,
    life_after,
    life_of,
    said_in,
    settled,
)
from alerting.lifecycle import WORKING, Act, Event, Life, NotAllowed, goes_on
from ingest.store import StoreUnavailable
from ingest.store.sqlite_world import StoreFile, private, world

BUSY_TIMEOUT_S = 30.0
RULES_ACTOR = "rules"
START: Final = "0"
"""The cursor before everything, in any history."""
_SCHEMA = files("alerting.alert_store").joinpath("schema.sql").read_text(encoding="utf-8")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode
_OPEN_SQL = f"condition IN ({', '.join(repr(state) for state in OPEN)})"
DEEDS: Final[Mapping[Event, str]] = {
    "acknowledge": "acknowledged",
    "start": "started",
    "snooze": "snoozed",
    "timeout": "returned",
    "resolve": "resolved",
    "note": "noted",
    "undo": "undone",
}
"""What a person or the clock may do, and what the history calls it."""


class AlertChanged(Exception):  # noqa: N818  a conflict between two people, not an error
    """The alert does not stand as it was thought to; `current` is how it stands now.

    `why`: why it does not allow what was asked; empty when it has another version.
    """

    def __init__(self, current: Alert, why: str = "") -> None:
        super().__init__(why or f"the alert is at version {current.version}")
        self.current = current
        self.why = why


class AlertStore:
    """Alerts of one installation, and its `requests` to measure daily.

    One object per thread; see SQLite's threading rules.
    """

    def __init__(self, path: Path) -> None:
        with world():
            self._db = sqlite3.connect(private(path), timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            _set_aside(self._db)
            _mark_events(self._db)
            self._db.executescript(_SCHEMA)
        self._file = StoreFile(path)
        self.requests = Requests(self._db)
        self.proof = Proof(self._db)

    @classmethod
    def existing(cls, path: Path) -> "AlertStore":
        """The store at this path; StoreUnavailable when it went away: it is missed, and never made
        anew behind the back of its alerts."""
        if not path.exists():
            raise StoreUnavailable(f"{path} is missing: put it back")
        return cls(path)

    def open(self, episode: Episode, now_ms: int) -> Alert:
        """A new alert of its own; an episode that is over may lie beside an active one.

        It goes on from the newest alert of the same hypothesis that was over for a week at most.
        When that was seen and the rules do not call again, it begins as seen by the same person.
        """
        previous = self._previous(episode)
        life = Life("new", episode.severity, now_ms)
        fresh = Alert(
            id=str(uuid4()),
            version=0,
            change=0,
            detected_ms=now_ms,
            previous=previous.id if previous else "",
            attention="unacked",
            condition="active",
            state=life.state,
            since_ms=now_ms,
            **{name: getattr(episode, name) for name in MEANING},
        )
        if previous and previous.attention == "acked" and episode.called_ms is None:
            seen = Act("acknowledge", now_ms, previous.acked_by, "nurse")
            life = life_after(life, seen)
            fresh = msgspec.structs.replace(
                fresh, acked_by=previous.acked_by, acked_ms=previous.acked_ms, note=previous.note
            )
        what = "reopened" if previous else "opened"
        alert = settled(fresh, life, now_ms)
        return self._write(alert, now_ms, RULES_ACTOR, what, episode.text_en)

    def revise(self, alert: Alert, episode: Episode, now_ms: int, reason: str = "") -> Alert:
        """Bring an alert in line with its episode; if it got worse, it asks for attention again.

        `reason` is why the past is otherwise than it was thought to be; empty when it is only news.
        What the alert no longer says is named in its history.
        """
        life, what = life_of(alert), "revised" if reason else "found"
        worse = SEVERITIES.index(episode.severity) < SEVERITIES.index(alert.severity)
        called = (episode.called_ms or 0) > (alert.called_ms or 0)
        resumed = alert.cleared_ms is not None and episode.cleared_ms is None
        what = "resumed" if resumed else what
        if life.state in WORKING and worse:
            life, what = (
                life_after(life, Act("worsen", now_ms, severity=episode.severity)),
                "raised",
            )
        elif life.state in WORKING and called:
            life, what = life_after(life, Act("call", now_ms)), called_as(alert, episode)
        elif life.state not in WORKING and (resumed or worse):
            life = life_after(life, Act("resume", now_ms))
        elif life.state not in WORKING and called and episode.cleared_ms is None:
            life, what = life_after(life, Act("resume", now_ms)), called_as(alert, episode)
        life = msgspec.structs.replace(life, severity=episode.severity)
        meaning = {name: getattr(episode, name) for name in MEANING}
        revised = settled(msgspec.structs.replace(alert, **meaning), life, now_ms)
        if revised.condition != alert.condition and episode.cleared_ms is not None:
            what = revised.condition
        return self._write(revised, now_ms, RULES_ACTOR, what, detail_of(alert, episode, reason))

    def retract(self, alert: Alert, reason: str, now_ms: int) -> Alert:
        """Later data showed that it never held: kept, with the reason, and no longer open."""
        life = life_after(life_of(alert), Act("retract", now_ms, reason=reason))
        retracted = msgspec.structs.replace(
            settled(alert, life, now_ms),
            attention=alert.attention,
            escalated_ms=alert.escalated_ms,
        )
        return self._write(retracted, now_ms, RULES_ACTOR, "retracted", reason)

    def escalate(self, alert: Alert, hours: float, now_ms: int) -> Alert | None:
        """Nobody has handled it for so many working hours.

        None when that is still in time, or when the alert has changed since it was read.
        """
        try:
            life_after(life_of(alert), Act("late", now_ms, hours=hours))
        except NotAllowed:
            return None
        late = msgspec.structs.replace(alert, escalated_ms=now_ms)
        with self.transaction():
            current = self.alert(alert.id)
            if current is None or current.version != alert.version:
                return None
            return self._write(late, now_ms, RULES_ACTOR, "escalated", "")

    def apply(self, alert_id: str, act: Act, version: int | None, note: str = "") -> Alert:
        """What a person says of an alert, or the clock: one of `DEEDS`.

        KeyError: no such alert. AlertChanged: it has another version, or does not allow it.
        """
        what = DEEDS[act.event]
        with self.transaction():
            alert = self.alert(alert_id)
            if alert is None:
                raise KeyError(alert_id)
            if version not in (None, alert.version):
                raise AlertChanged(alert)
            if act.event == "undo":
                act = msgspec.structs.replace(act, undo=alert.undo)
            try:
                life = life_after(life_of(alert), act)
            except NotAllowed as refused:
                raise AlertChanged(alert, str(refused)) from refused
            changed = settled(acted_on(alert, act, note), life, act.at_ms)
            return self._write(changed, act.stamp_ms, act.by, what, said_in(act, note))

    def acknowledge(
        self, alert_id: str, by: str, note: str, version: int | None, now_ms: int
    ) -> Alert:
        """A nurse has seen it; see `apply`."""
        return self.apply(alert_id, Act("acknowledge", now_ms, by, "nurse"), version, note)

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

    def event(self, change: int) -> AlertEvent | None:
        """What happened at this position of the feed."""
        with world():
            rows = self._db.execute(
                "SELECT change, alert, at_ms, actor, what, detail FROM alert_event "
                "WHERE change = ?",
                (change,),
            ).fetchall()
        return AlertEvent(*rows[0]) if rows else None

    def last_change(self) -> int:
        """The feed's newest position; 0 in an empty store."""
        with world():
            newest = self._db.execute("SELECT max(change) FROM alert_event").fetchone()[0]
        return int(newest or 0)

    def cursor(self, change: int) -> str:
        """A position of the feed as its followers keep it: opaque to them, of this history only."""
        mark = self._mark(change)
        return f"{change}-{mark.hex()}" if mark else START

    def change_of(self, cursor: str) -> int | None:
        """The position that a cursor means; None when this history never gave it out."""
        if cursor == START:
            return 0
        change, _, mark = cursor.partition("-")
        is_ours = change.isascii() and change.isdecimal() and len(change) < 19
        if not is_ours or self._mark(int(change)).hex() != mark or not mark:
            return None
        return int(change)

    def _mark(self, change: int) -> bytes:
        with world():
            query = "SELECT mark FROM alert_event WHERE change = ?"
            row = self._db.execute(query, (change,)).fetchone()
        return bytes(row[0]) if row else b""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside become visible together, or not at all; nests."""
        if self._db.in_transaction:
            yield
            return
        self._file.check()
        with world():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def stands(self) -> bool:
        """Whether the file still stands at its path; if not, it is to be opened anew."""
        return self._file.stands()

    def close(self) -> None:
        """Release the file; idempotent."""
        self._db.close()

    def _previous(self, episode: Episode) -> Alert | None:
        """What it goes on from: the last of its hypothesis that ended a week ago at most."""
        ended = [
            alert
            for alert in self.alerts_of(episode.citizen)
            if alert.hypothesis == episode.hypothesis
            and alert.condition != "retracted"
            and goes_on(alert.cleared_ms, episode.onset_ms)
        ]
        return max(ended, key=lambda alert: alert.cleared_ms or 0, default=None)

    def _write(self, alert: Alert, now_ms: int, actor: str, what: str, detail: str) -> Alert:
        with self.transaction():
            change = self.last_change() + 1
            alert = msgspec.structs.replace(alert, version=alert.version + 1, change=change)
            self._db.execute(
                "INSERT INTO alert_event (change, alert, at_ms, actor, what, detail, mark) "
                "VALUES (?, ?, ?, ?, ?, ?, randomblob(8))",
                (change, alert.id, now_ms, actor, what, detail),
            )
            self._db.execute(
                "INSERT INTO alert (id, version, change, citizen, hypothesis, condition, onset_ms, "
                "document) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "version = excluded.version, change = excluded.change, "
                "condition = excluded.condition, onset_ms = excluded.onset_ms, "
                "document = excluded.document",
                (
                    alert.id,
                    alert.version,
                    alert.change,
                    alert.citizen,
                    alert.hypothesis,
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


def _set_aside(db: sqlite3.Connection) -> None:
    """Alerts of 0.1.0, one per rule, are kept beside; the feed goes on from their last change."""
    columns = {row[1] for row in db.execute("PRAGMA table_info(alert)")}
    if "rule" in columns:
        db.executescript(
            "BEGIN; DROP INDEX IF EXISTS alert_of_citizen; DROP INDEX IF EXISTS alert_active; "
            "ALTER TABLE alert RENAME TO alert_per_rule; COMMIT;"
        )


def _mark_events(db: sqlite3.Connection) -> None:
    """Give the events of an older program their marks, once, whoever of several comes first."""
    if not _lacks_marks(db):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if _lacks_marks(db):
            db.execute("ALTER TABLE alert_event ADD COLUMN mark BLOB NOT NULL DEFAULT x''")
            db.execute("UPDATE alert_event SET mark = randomblob(8)")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _lacks_marks(db: sqlite3.Connection) -> bool:
    columns = {row[1] for row in db.execute("PRAGMA table_info(alert_event)")}
    return bool(columns) and "mark" not in columns
