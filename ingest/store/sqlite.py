"""The embedded store: SQLite in WAL mode, every commit flushed to the disk (synchronous=FULL).

`SqliteWriter` is the one writer of records; enrolment writes through it too, from any process, in
short transactions. `SqliteReader` is any number of readers, who never wait for the writer.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from devices.wire import Result
from fhir_mapping.enrolled import Enrolment
from fhir_mapping.record import Record, twin_of
from ingest.attribution import Assignments
from ingest.rejection import Reason, Rejection
from ingest.store.port import Arrival, EnrolledChange, Heartbeat, Mapped, Outcome
from ingest.store.rows import INSERT, digest_of, row_of, value_text
from ingest.store.sqlite_enrol import (
    apply_enrolment,
    load_assignments,
    load_citizens,
    load_plans,
    newest_change,
    put_parties,
)
from ingest.store.sqlite_read import SqliteReader
from ingest.store.sqlite_states import put_state
from ingest.store.sqlite_world import StoreFile, world
from ingest.store.upgrade import upgrade

__all__ = ["SqliteReader", "SqliteWriter"]

BUSY_TIMEOUT_S = 30.0
BEAT_TIMEOUT_MS = 200
"""A heartbeat is no reason to let readings wait."""
_REJECT = """
    INSERT INTO rejection (digest, place, result, reason, path, detail, topic, payload,
                           received_ms, deliveries)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7,
           CASE WHEN EXISTS (SELECT 1 FROM rejection WHERE digest = ?1) THEN x'' ELSE ?8 END, ?9, 1
    WHERE true
    ON CONFLICT (digest, place) DO UPDATE SET deliveries = deliveries + 1 RETURNING deliveries
"""
_TALLY = (
    "INSERT INTO tally (name, count) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
)


class SqliteWriter:
    """The writing half of the port over one SQLite file."""

    def __init__(self, path: Path) -> None:
        with world():
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            upgrade(self._db)
        self._file = StoreFile(path)
        self._sources: dict[tuple[Any, ...], int] = {}
        self._assignments = Assignments(())
        self._plans: dict[int, int] = {}
        self._citizens: dict[str, int] = {}
        self._seen_version = -1
        self._seq = self._updated_ms = self._added = 0
        self._digests: dict[int, bytes] = {}

    def append(self, arrivals: Sequence[Arrival], together: bool = False) -> list[Outcome]:
        """Store a batch in one durable transaction; see the port."""
        with self._transaction():
            self._refresh_enrolment()
            tally: Counter[str] = Counter()
            if any(map(_names_somebody, arrivals)):
                arrivals = [self._unless_contradicted(arrival) for arrival in arrivals]
            rejected = together and any(map(_sinks, arrivals))
            outcomes = [self._append_one(arrival, tally, rejected) for arrival in arrivals]
            tally["records"] = self._added
            tally["deliveries"] = len({id(arrival.delivery) for arrival in arrivals})
            self._db.executemany(_TALLY, tally.items())
        return outcomes

    def enrol(self, enrolment: Enrolment, now_ms: int) -> EnrolledChange:
        """Apply an enrolment in one transaction; see the port."""
        with self._transaction():
            change = apply_enrolment(self._db, enrolment, now_ms)
            if any(msgspec.structs.astuple(change)):
                self._db.execute(_TALLY, ("enrolment-version", 1))
        return change

    def mark_replayed(self, key: int, now_ms: int) -> None:
        """Note that a rejection was given again and accepted."""
        with self._transaction():
            self._db.execute("UPDATE rejection SET replayed_ms = ? WHERE key = ?", (now_ms, key))

    def beat(self, heartbeat: Heartbeat) -> None:
        """Note that ingest lives; see the port."""
        document = msgspec.json.encode(heartbeat).decode()
        self._file.check()
        with world():
            self._db.execute(f"PRAGMA busy_timeout = {BEAT_TIMEOUT_MS}")
            try:
                self._db.execute(
                    "INSERT OR REPLACE INTO heartbeat (process, document) VALUES ('ingest', ?)",
                    (document,),
                )
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")

    def stands(self) -> bool:
        """Whether the file still stands at its path."""
        return self._file.stands()

    def close(self) -> None:
        """Release the file; idempotent."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.check()
        with world():
            self._db.execute("BEGIN IMMEDIATE")
            self._seq, self._updated_ms = newest_change(self._db)
            self._added = 0
        self._digests.clear()
        try:
            with world():
                yield
                self._db.execute("COMMIT")
        except BaseException:
            self._sources.clear()  # what this transaction added to the table is gone
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _refresh_enrolment(self) -> None:
        """Read assignments and plans again when an enrolment changed them, from any process.

        Inside the write transaction, so that no enrolment can slip in between look-up and commit.
        """
        version = _enrolment_version(self._db)
        if version != self._seen_version:
            self._assignments = load_assignments(self._db)
            self._plans = load_plans(self._db)
            self._citizens = load_citizens(self._db)
            self._seen_version = version

    def _unless_contradicted(self, arrival: Arrival) -> Arrival:
        """A rejection where the sender names one citizen, and the device belongs to another."""
        item = arrival.item
        if isinstance(item, Rejection) or not item.subject or not item.records:
            return arrival
        said = self._citizens.get(item.subject)
        first = item.records[0]
        holder = self._assignments.citizen_of(first.device, first.slot, first.measured_ms)
        if said is None or holder is None or said == holder:
            return arrival
        return Arrival(arrival.delivery, _another_citizen(item))

    def _append_one(self, arrival: Arrival, tally: Counter[str], rejected: bool) -> Outcome:
        item, topic = arrival.item, arrival.delivery.topic
        if isinstance(item, Rejection):
            self._reject(arrival, item, tally)
            return Outcome(
                topic, item.message_id, item.message_seq, item.reason.result, item.reason, item.path
            )
        if rejected:
            return Outcome(topic, item.message_id, item.message_seq, "rejected", "not-together")
        received_ms = arrival.delivery.received_ms
        results = {self._store(record, received_ms) for record in item.records}
        for state in item.states:
            results.add(put_state(self._db, state, received_ms))
            put_parties(self._db, (state.device, state.gateway))
        result, reason = _worst(results)
        tally[f"readings-{result}"] += 1
        return Outcome(topic, item.message_id, item.message_seq, result, reason)

    def _reject(self, arrival: Arrival, item: Rejection, tally: Counter[str]) -> None:
        """Keep a rejection; its delivery is hashed, and handed over, once in a transaction."""
        delivery = arrival.delivery
        topic = delivery.topic.encode(errors="surrogatepass")
        digest = self._digests.get(id(delivery))
        payload = b"" if digest else delivery.payload
        if digest is None:
            digest = digest_of(delivery.topic, payload)
            self._digests[id(delivery)] = digest
        new = self._db.execute(
            _REJECT,
            (
                digest,
                item.index,
                item.reason.result,
                item.reason.value,
                item.path,
                item.detail,
                topic.decode(errors="replace"),
                payload,
                delivery.received_ms,
            ),
        ).fetchone()[0]
        if new == 1:
            tally[f"rejected-{item.reason.value}"] += 1
        tally[f"readings-{item.reason.result}"] += 1

    def _store(self, record: Record, received_ms: int) -> Result:
        """Insert one record, or find out what it is beside the one that has its identity."""
        citizen = self._assignments.citizen_of(record.device, record.slot, record.measured_ms)
        if self._insert(record, citizen, received_ms):
            return "accepted" if citizen is not None else "quarantined"
        if self._stood(record):
            return "duplicate"
        if record.clock_vouched:
            self._amend(record, citizen, received_ms)
        else:
            self._insert(twin_of(record), citizen, received_ms)
            flagged = self._db.execute(
                "UPDATE record SET conflict = 1, version = version + 1, seq = ?, updated_ms = ? "
                "WHERE identity = ? AND conflict = 0",
                (self._seq + 1, self._change_ms(received_ms), record.identity),
            )
            self._seq += flagged.rowcount
        return "accepted" if citizen is not None else "quarantined"

    def _stood(self, record: Record) -> bool:
        """Whether this value stands, or once stood, under this identity: then it is a resend."""
        value = value_text(record.values)
        query = (
            "SELECT 1 FROM record WHERE identity = ? AND value = ? "
            "UNION ALL SELECT 1 FROM superseded WHERE identity = ? AND value = ? "
            "UNION ALL SELECT 1 FROM record WHERE identity = ?"
        )
        places = (record.identity, value, record.identity, value, twin_of(record).identity)
        return self._db.execute(query, places).fetchone() is not None

    def _amend(self, record: Record, citizen: int | None, received_ms: int) -> None:
        """Replace the record of this identity by a new version; the old value is kept."""
        old_seq, old_id, version, old_citizen, conflict = self._db.execute(
            "SELECT seq, id, version, citizen, conflict FROM record WHERE identity = ?",
            (record.identity,),
        ).fetchone()
        self._db.execute(
            "INSERT INTO superseded (identity, version, value, received_ms) "
            "SELECT identity, version, value, received_ms FROM record WHERE seq = ?",
            (old_seq,),
        )
        self._db.execute("DELETE FROM record WHERE seq = ?", (old_seq,))
        self._added -= 1
        amended = msgspec.structs.replace(
            record, id=old_id, version=version + 1, conflict=bool(conflict)
        )
        self._insert(amended, citizen, received_ms)
        if old_citizen is not None and old_citizen != citizen:
            departure = "INSERT INTO departure (seq, citizen) VALUES (?, ?)"
            self._db.execute(departure, (self._seq, old_citizen))

    def _insert(self, record: Record, citizen: int | None, received_ms: int) -> bool:
        """Insert with the next arrival number; False when the identity is taken."""
        row = row_of(
            record,
            self._seq + 1,
            citizen,
            self._source(record),
            received_ms,
            self._change_ms(received_ms),
            self._scheduled(record, citizen),
        )
        inserted = self._db.execute(INSERT, row).rowcount
        self._seq += inserted
        self._added += inserted
        return inserted == 1

    def _change_ms(self, received_ms: int) -> int:
        """When a change counts as made: at its arrival, and never before an earlier change."""
        self._updated_ms = max(self._updated_ms, received_ms)
        return self._updated_ms

    def _scheduled(self, record: Record, citizen: int | None) -> bool:
        """Whether the citizen's plan asks for a measurement on the record's local day."""
        if citizen is None:
            return False
        local_day = (record.measured_ms + record.offset_min * 60_000) // 86_400_000
        weekday = (local_day + 3) % 7  # 1970-01-01 was a Thursday
        return bool(self._plans.get(citizen, 0) >> weekday & 1)

    def _source(self, record: Record) -> int:
        facts = (
            record.part,
            record.gateway,
            record.device,
            record.device_type,
            record.model,
            record.firmware,
        )
        key = self._sources.get(facts)
        if key is None:
            self._db.execute(
                "INSERT INTO source (part, gateway, device, device_type, model, firmware) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                facts,
            )
            key = self._db.execute(
                "SELECT key FROM source WHERE (part, gateway, device, device_type, model, "
                "firmware) = (?, ?, ?, ?, ?, ?)",
                facts,
            ).fetchone()[0]
            put_parties(self._db, (record.device, record.gateway))
            self._sources[facts] = key
        return key


def _sinks(arrival: Arrival) -> bool:
    """Whether arrivals that stand or fall together fall with this one; a fact never sinks them."""
    item = arrival.item
    return isinstance(item, Rejection) and item.reason is not Reason.DEVICE_FACT_INVALID


def _worst(results: set[Result]) -> tuple[Result, str]:
    """One answer for a reading of several records: anything new counts before a duplicate."""
    if "quarantined" in results:
        return "quarantined", "device-unassigned"
    return ("accepted", "") if "accepted" in results else ("duplicate", "")


def _names_somebody(arrival: Arrival) -> bool:
    """Whether the sender says whom it is about; only FHIR can."""
    item = arrival.item
    return type(item) is Mapped and item.subject != ""


def _another_citizen(item: Mapped) -> Rejection:
    """A reading that is held: its sender and its device name two citizens."""
    return Rejection(
        Reason.IDENTITY_MISMATCH,
        f"{item.path}.subject",
        "the subject is one citizen, and the device belonged to another when it measured",
        item.index,
        item.message_id,
        item.message_seq,
    )


def _enrolment_version(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT count FROM tally WHERE name = 'enrolment-version'").fetchone()
    return row[0] if row else 0
