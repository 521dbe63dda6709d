"""The embedded store: SQLite in WAL mode, every commit flushed to the disk (synchronous=FULL).

`SqliteWriter` is the one writer of records; enrolment writes through it too, from any process, in
short transactions. `SqliteReader` is any number of readers, who never wait for the writer.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from devices.wire import TOPIC_ROOT, RefusedValue, Result
from fhir_mapping.enrolled import Enrolment
from fhir_mapping.record import Intent, Record, act_of, separate_act, twin_of, withdrawal_of
from ingest.attribution import Assignments
from ingest.rejection import Reason, Rejection
from ingest.resolve import (
    Decision,
    Kind,
    Standing,
    amended,
    outlived,
    resolve,
    too_late,
    withdrawn,
)
from ingest.store.port import Arrival, EnrolledChange, Heartbeat, Mapped, Outcome
from ingest.store.rows import INSERT, row_of
from ingest.store.sqlite_enrol import (
    apply_enrolment,
    load_assignments,
    load_citizens,
    load_gateways,
    load_plans,
    newest_change,
    put_parties,
)
from ingest.store.sqlite_read import SqliteReader
from ingest.store.sqlite_rejections import (
    Rejections,
    another_author,
    another_citizen,
    another_gateway,
)
from ingest.store.sqlite_states import put_state
from ingest.store.sqlite_versions import is_resend, keep_version, put_version, standing_beside
from ingest.store.sqlite_world import StoreFile, private, world
from ingest.store.upgrade import upgrade

__all__ = ["SqliteReader", "SqliteWriter"]

BUSY_TIMEOUT_S = 30.0
BEAT_TIMEOUT_MS = 200
"""A heartbeat is no reason to let readings wait."""
_TALLY = (
    "INSERT INTO tally (name, count) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
)

_Stored = Result | Literal["held"]
"""What became of one record; `held` for a person, as somebody else is its author."""


class SqliteWriter:
    """The writing half of the port over one SQLite file."""

    def __init__(self, path: Path) -> None:
        with world():
            self._db = sqlite3.connect(private(path), timeout=BUSY_TIMEOUT_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            upgrade(self._db)
        self._file = StoreFile(path)
        self._sources: dict[tuple[Any, ...], int] = {}
        self._assignments = Assignments(())
        self._plans: dict[int, int] = {}
        self._citizens: dict[str, int] = {}
        self._gateways: dict[str, str] = {}
        self._seen_version = -1
        self._seq = self._updated_ms = self._added = 0
        self._rejections = Rejections(self._db)

    def append(self, arrivals: Sequence[Arrival], together: bool = False) -> list[Outcome]:
        """Store a batch in one durable transaction; see the port."""
        with self._transaction():
            self._refresh_enrolment()
            tally: Counter[str] = Counter()
            if any(map(_names_somebody, arrivals)):
                arrivals = [self._unless_contradicted(arrival) for arrival in arrivals]
            if self._gateways:
                arrivals = [self._unless_astray(arrival) for arrival in arrivals]
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
        self._rejections.begin()
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
            self._gateways = load_gateways(self._db)
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
        return Arrival(arrival.delivery, another_citizen(item))

    def _unless_astray(self, arrival: Arrival) -> Arrival:
        """A rejection where a gateway speaks for a device of another home.

        A device is of the home where it is enrolled, and of the one where other devices of its
        citizen are: one that is lent on is enrolled where it went.
        """
        item = arrival.item
        if isinstance(item, Rejection) or not arrival.delivery.topic.startswith(TOPIC_ROOT):
            return arrival
        first = item.records[0] if item.records else item.states[0]
        device, gateway = first.device, first.gateway
        if self._gateways.get(device, gateway) == gateway:
            return arrival
        slot, at_ms = (
            (first.slot, first.measured_ms) if isinstance(first, Record) else (1, first.at_ms)
        )
        holder = self._assignments.citizen_of(device, slot, at_ms)
        if holder is not None:
            others = self._assignments.devices_of(holder, at_ms)
            if gateway in map(self._gateways.get, others):
                return arrival
        return Arrival(arrival.delivery, another_gateway(item, device, gateway))

    def _append_one(self, arrival: Arrival, tally: Counter[str], rejected: bool) -> Outcome:
        item, topic = arrival.item, arrival.delivery.topic
        if isinstance(item, Rejection):
            self._rejections.put(arrival, item, tally)
            return Outcome(
                topic, item.message_id, item.message_seq, item.reason.result, item.reason, item.path
            )
        for one in item.refused:
            self._rejections.put(arrival, one, tally)
        if rejected:
            return Outcome(topic, item.message_id, item.message_seq, "rejected", "not-together")
        received_ms = arrival.delivery.received_ms
        results = {self._store(record, item.intent, received_ms) for record in item.records}
        for state in item.states:
            results.add(put_state(self._db, state, received_ms))
            put_parties(self._db, (state.device, state.gateway))
        if "held" in results:
            return self._hold(arrival, item, tally)
        result, reason = _worst(results)
        tally[f"readings-{result}"] += 1
        outcome = Outcome(topic, item.message_id, item.message_seq, result, reason, item.path)
        if item.refused:
            refused = tuple(RefusedValue(one.reason, one.path) for one in item.refused)
            return msgspec.structs.replace(outcome, refused=refused)
        return outcome

    def _hold(self, arrival: Arrival, item: Mapped, tally: Counter[str]) -> Outcome:
        """Keep for a person what somebody else than its author says of a record."""
        held = another_author(item)
        self._rejections.put(arrival, held, tally)
        return Outcome(
            arrival.delivery.topic,
            item.message_id,
            item.message_seq,
            held.reason.result,
            held.reason,
            held.path,
        )

    def _store(self, record: Record, intent: Intent, received_ms: int) -> _Stored:
        """Insert one record, or do what `resolve` finds it to be beside what stands already."""
        said = record
        if intent == "withdrawal" and not record.withdrawn:
            record = withdrawal_of(record, sent_ms=record.sent_ms)
        citizen = self._assignments.citizen_of(record.device, record.slot, record.measured_ms)
        if not self._insert(record, citizen, received_ms):
            if intent == "reading" and is_resend(self._db, record):
                return "duplicate"
            standing = standing_beside(self._db, record)
            decision = resolve(standing, said, intent)
            if decision.kind is Kind.DUPLICATE:
                return "duplicate"
            if decision.kind is Kind.HELD:
                return "held"
            self._carry_out(decision, standing, record, received_ms)
        return "accepted" if citizen is not None else "quarantined"

    def _carry_out(
        self, decision: Decision, standing: Sequence[Standing], record: Record, received_ms: int
    ) -> None:
        """Change what stands as was decided; nothing that stood is lost."""
        of = decision.of
        if decision.kind is Kind.SEPARATE:
            named = any(one.named for one in standing)
            has_id = any(one.record.id == record.id for one in standing)
            act = separate_act(record, identity_taken=named, id_taken=has_id)
            self._insert_beside(act, received_ms)
        elif decision.kind is Kind.TWIN:
            act_name = "" if of[0].base is None else f"{act_of(of[0])}/"
            self._insert_beside(twin_of(record, act_name), received_ms)
            for one in of:
                if not one.conflict:
                    self._update(one, received_ms, conflict=True)
        elif decision.kind is Kind.STALE:
            put_version(self._db, of[0], too_late(of[0], record), received_ms)
            outcome = outlived(of[0], record)
            self._update(of[0], received_ms, withdrawn=outcome.withdrawn)
        else:
            next_version = withdrawn if decision.kind is Kind.WITHDRAWAL else amended
            for one in of:
                self._replace(one, next_version(one, record), received_ms)
            if decision.released is not None:
                self._update(decision.released, received_ms, conflict=False)

    def _replace(self, old: Record, new: Record, received_ms: int) -> None:
        """Put a new version in the place of a record; the old one is kept."""
        keep_version(self._db, old.seq)
        self._db.execute("DELETE FROM record WHERE seq = ?", (old.seq,))
        self._added -= 1
        citizen = self._insert_beside(new, received_ms)
        old_citizen = self._citizens.get(f"Patient/{old.citizen}")
        if old_citizen is not None and old_citizen != citizen:
            departure = "INSERT INTO departure (seq, citizen) VALUES (?, ?)"
            self._db.execute(departure, (self._seq, old_citizen))

    def _update(self, record: Record, received_ms: int, **changes: bool) -> None:
        """Change a mark of a record that keeps what it says."""
        ((column, value),) = changes.items()
        self._seq += 1
        self._db.execute(
            f"UPDATE record SET {column} = ?, version = version + 1, seq = ?, updated_ms = ? "  # noqa: S608
            "WHERE seq = ?",
            (value, self._seq, self._change_ms(received_ms), record.seq),
        )

    def _insert_beside(self, record: Record, received_ms: int) -> int | None:
        """Insert under a name that is free, and say whose it is."""
        citizen = self._assignments.citizen_of(record.device, record.slot, record.measured_ms)
        inserted = self._insert(record, citizen, received_ms)
        assert inserted, "a record told apart has an identity and an id of its own"
        return citizen

    def _insert(self, record: Record, citizen: int | None, received_ms: int) -> bool:
        """Insert with the next arrival number; False when the identity or the id is taken."""
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
    refused = [item] if isinstance(item, Rejection) else item.refused
    return any(one.reason is not Reason.DEVICE_FACT_INVALID for one in refused)


def _worst(results: set[_Stored]) -> tuple[Result, str]:
    """One answer for a reading of several records: anything new counts before a duplicate."""
    if "quarantined" in results:
        return "quarantined", "device-unassigned"
    return ("accepted", "") if "accepted" in results else ("duplicate", "")


def _names_somebody(arrival: Arrival) -> bool:
    """Whether the sender says whom it is about; only FHIR can."""
    item = arrival.item
    return type(item) is Mapped and item.subject != ""


def _enrolment_version(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT count FROM tally WHERE name = 'enrolment-version'").fetchone()
    return row[0] if row else 0
