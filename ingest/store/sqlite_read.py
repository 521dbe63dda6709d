"""The reading half of the SQLite store: short read-only queries, never in a writer's way."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fhir_mapping.device_state import DeviceState
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Fact, Limits, Organisation
from fhir_mapping.record import Record, Superseded
from fhir_mapping.status import status_of
from ingest.resolve import nearest
from ingest.store.port import (
    Counted,
    Heartbeat,
    Party,
    Query,
    StoredRejection,
    Vitals,
)
from ingest.store.rows import SELECT, digest_of, record_of, values_of
from ingest.store.sqlite_search import (
    Statement,
    count_statement,
    distribution_statement,
    search_statement,
)
from ingest.store.sqlite_states import IS_NEWEST, SELECT_STATES, state_of
from ingest.store.sqlite_versions import earlier_versions, standing_beside
from ingest.store.sqlite_world import StoreFile, world
from ingest.store.upgrade import check_version

FACTS = (
    "SELECT f.document FROM fact f JOIN citizen c ON c.key = f.citizen WHERE f.entered_ms = "
    "(SELECT max(n.entered_ms) FROM fact n WHERE (n.citizen, n.kind, n.since_ms) = "
    "(f.citizen, f.kind, f.since_ms)) {where} ORDER BY f.since_ms, f.kind, c.id"
)
"""The newest word on each fact."""
_REJECTION = """
    SELECT key, place, result, reason, path, detail, topic, CASE length(payload)
    WHEN 0 THEN (SELECT f.payload FROM rejection f WHERE f.digest = r.digest
    ORDER BY length(f.payload) DESC LIMIT 1) ELSE payload END,
    received_ms, deliveries, replayed_ms, part"""
"""A rejection with its payload, which stands in the first row of its digest only."""
_NEWEST = (
    "SELECT max(received_ms) FROM (SELECT received_ms FROM record ORDER BY seq DESC LIMIT 100)"
)
"""Of the last ones to change: a record that only moved to somebody else did not arrive."""
_UNJUDGED = (
    "SELECT updated_ms FROM record WHERE seq > ? AND citizen IS NOT NULL ORDER BY seq LIMIT 1"
)
_HEARTBEAT = "SELECT document FROM heartbeat WHERE process = 'ingest'"
REJECTIONS_AT_ONCE = 50
"""So many payloads are held in memory while rejections are walked through."""
_Document = TypeVar("_Document", Citizen, EnrolledDevice, Organisation)


class SqliteReader:
    """The reading half of the port over one SQLite file; not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        with world():
            address = f"{path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(address, uri=True, isolation_level=None)
            try:
                check_version(self._db)
            except BaseException:
                self._db.close()
                raise
        self._file = StoreFile(path)

    def records_after(self, seq: int, limit: int, unassigned: bool = False) -> list[Record]:
        """Records that changed after `seq`, in order of change; see the port."""
        whose = "" if unassigned else "AND r.citizen IS NOT NULL "
        return self._records(f"WHERE r.seq > ? {whose}ORDER BY r.seq LIMIT ?", (seq, limit))

    def departures_after(self, seq: int) -> list[tuple[int, str]]:
        """Which citizens lost a record after `seq`; see the port."""
        return self._rows(
            "SELECT d.seq, c.id FROM departure d JOIN citizen c ON c.key = d.citizen "
            "WHERE d.seq > ? ORDER BY d.seq",
            (seq,),
        )

    def records_of(
        self,
        citizen: str,
        about: Sequence[str] = (),
        since_ms: int | None = None,
        until_ms: int | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """A citizen's records in order of measuring; see the port."""
        key = self._citizen_key(citizen)
        if key is None:
            return []
        where = "WHERE r.citizen = ?"
        values: list[Any] = [key]
        if about:
            where += f" AND r.about IN ({', '.join('?' * len(about))})"
            values += about
        if since_ms is not None:
            where += " AND r.measured_ms >= ?"
            values.append(since_ms)
        if until_ms is not None:
            where += " AND r.measured_ms < ?"
            values.append(until_ms)
        where += " ORDER BY r.measured_ms DESC, r.about, r.id LIMIT ?"
        values.append(-1 if limit is None else limit)
        return self._records(where, values)[::-1]

    def record(self, id_bytes: bytes) -> Record | None:
        """The record with this Observation id."""
        found = self._records("WHERE r.id = ?", (id_bytes,))
        return found[0] if found else None

    def standing(self, record: Record) -> Record | None:
        """What an arrival is in the store; see the port."""
        with world():
            found = [one.record for one in standing_beside(self._db, record)]
        return nearest(found, record)

    def superseded(self, identity: bytes) -> list[Superseded]:
        """The earlier versions of a record; see the port."""
        with world():
            return earlier_versions(self._db, identity)

    def search(self, query: Query) -> list[Record]:
        """The records that a query asks for, in its order; see the port."""
        statement = self._asked(query, search_statement)
        return [record_of(row) for row in self._rows(*statement)] if statement else []

    def count(self, query: Query) -> int:
        """How many records a query means, whatever its place and limits."""
        statement = self._asked(query, count_statement)
        return int(self._rows(*statement)[0][0]) if statement else 0

    def distribution(
        self, citizen: str, about: str, since_ms: int | None = None, until_ms: int | None = None
    ) -> list[Counted]:
        """A citizen's values of one alias, each with how often it was measured; see the port."""
        key = self._citizen_key(citizen)
        if key is None:
            return []
        rows = self._rows(*distribution_statement(key, about, since_ms, until_ms))
        return [
            Counted(values_of(value), flags, count, component_flags)
            for value, text, count in rows
            for flags, component_flags in (status_of(text),)
        ]

    def last_seq(self) -> int:
        """The newest arrival number; 0 in an empty store."""
        return int(self._rows("SELECT max(seq) FROM record")[0][0] or 0)

    def citizens(self) -> dict[str, Citizen]:
        """All citizens by id."""
        return self._documents("citizen", Citizen, "key")

    def citizen(self, citizen_id: str) -> Citizen | None:
        """One citizen."""
        return self._document("citizen", citizen_id, Citizen)

    def organisation(self, organisation_id: str) -> Organisation | None:
        """One organisation."""
        return self._document("organisation", organisation_id, Organisation)

    def device(self, device_id: str) -> EnrolledDevice | None:
        """One device as enrolled."""
        return self._document("device", device_id, EnrolledDevice)

    def devices(self) -> dict[str, EnrolledDevice]:
        """All enrolled devices by id."""
        return self._documents("device", EnrolledDevice)

    def organisations(self) -> dict[str, Organisation]:
        """All organisations by id."""
        return self._documents("organisation", Organisation)

    def party(self, resource_id: str) -> Party | None:
        """The device or gateway with this FHIR id; see the port."""
        names = self._rows("SELECT name FROM party WHERE id = ?", (resource_id,))
        if not names:
            return None
        name = names[0][0]
        told = self._rows(
            "SELECT device_type, model, firmware FROM source WHERE device = ? "
            "ORDER BY key DESC LIMIT 1",
            (name,),
        )
        rows = self._rows(
            f"{SELECT_STATES} WHERE device = ? AND {IS_NEWEST} ORDER BY fact", (name,)
        )
        states = tuple(map(state_of, rows))
        return Party(name, self.device(name), told[0] if told else None, states)

    def parties(self) -> list[str]:
        """The FHIR ids of all devices and gateways, in order."""
        return [row_id for (row_id,) in self._rows("SELECT id FROM party ORDER BY id")]

    def device_states(self) -> list[DeviceState]:
        """The newest of each fact about each device; see the port."""
        query = f"{SELECT_STATES} WHERE {IS_NEWEST} ORDER BY device, fact"
        return [state_of(row) for row in self._rows(query)]

    def device_history(self, device: str) -> list[DeviceState]:
        """What is kept of the facts about one device, newest first."""
        where = "WHERE device = ? ORDER BY at_ms DESC, fact"
        return [state_of(row) for row in self._rows(f"{SELECT_STATES} {where}", (device,))]

    def limits(self) -> dict[str, list[Limits]]:
        """All personal limits by citizen, in the order in which they take effect."""
        rows = self._rows("SELECT document FROM limits ORDER BY since_ms, entered_ms")
        found: dict[str, list[Limits]] = {}
        for (text,) in rows:
            row = msgspec.json.decode(text, type=Limits)
            found.setdefault(row.citizen, []).append(row)
        return found

    def limits_of(self, citizen: str) -> list[tuple[int, Limits]]:
        """One citizen's personal limits, and when they were entered; see the port."""
        rows = self._rows(
            "SELECT l.entered_ms, l.document FROM citizen c JOIN limits l ON l.citizen = c.key "
            "WHERE c.id = ? ORDER BY l.since_ms, l.entered_ms",
            (citizen,),
        )
        return [(at_ms, msgspec.json.decode(text, type=Limits)) for at_ms, text in rows]

    def facts(self) -> dict[str, list[Fact]]:
        """What holds of each citizen for a time; see the port."""
        found: dict[str, list[Fact]] = {}
        for (text,) in self._rows(FACTS.format(where="")):
            fact = msgspec.json.decode(text, type=Fact)
            found.setdefault(fact.citizen, []).append(fact)
        return found

    def facts_of(self, citizen: str) -> list[Fact]:
        """What holds of one citizen for a time; see the port."""
        rows = self._rows(FACTS.format(where="AND c.id = ?"), (citizen,))
        return [msgspec.json.decode(text, type=Fact) for (text,) in rows]

    def assignments(self) -> dict[str, list[Assignment]]:
        """Every citizen's devices; see the port."""
        found: dict[str, list[Assignment]] = {}
        for device, slot, since_ms, until_ms, citizen in self._rows(
            "SELECT a.device, a.slot, a.since_ms, a.until_ms, c.id FROM assignment a "
            "JOIN citizen c ON c.key = a.citizen ORDER BY a.since_ms, a.device, a.slot"
        ):
            until = None if until_ms is None else _instant(until_ms)
            term = Assignment(device, citizen, _instant(since_ms), slot, until)
            found.setdefault(citizen, []).append(term)
        return found

    def enrolment_version(self) -> int:
        """A number that rises with every applied enrolment."""
        rows = self._rows("SELECT count FROM tally WHERE name = 'enrolment-version'")
        return int(rows[0][0]) if rows else 0

    def rejections(self, unreplayed_only: bool = False) -> Iterator[StoredRejection]:
        """What was refused, oldest first."""
        where = "WHERE replayed_ms IS NULL" if unreplayed_only else ""
        last = 0
        while rows := self._rows(
            f"{_REJECTION} FROM (SELECT * FROM rejection {where}) r "  # noqa: S608
            "WHERE key > ? ORDER BY key LIMIT ?",
            (last, REJECTIONS_AT_ONCE),
        ):
            last = rows[-1][0]
            yield from (StoredRejection(*row) for row in rows)

    def rejections_of(self, topic: str, payload: bytes) -> list[StoredRejection]:
        """What was refused of this very delivery; see the port."""
        digest = digest_of(topic, payload)
        rows = self._rows(f"{_REJECTION} FROM rejection r WHERE digest = ? ORDER BY key", (digest,))
        return [StoredRejection(*row) for row in rows]

    def rejection_digests(self) -> set[str]:
        """What was refused, by digest; see the port."""
        return {digest.hex() for (digest,) in self._rows("SELECT digest FROM rejection")}

    def vitals(self, evaluated_seq: int) -> Vitals:
        """Whether records come in, and are judged; see the port."""
        newest = self._rows(_NEWEST)[0][0]
        unjudged = self._rows(_UNJUDGED, (evaluated_seq,))
        beats = self._rows(_HEARTBEAT)
        return Vitals(
            newest_ms=newest,
            unjudged_ms=unjudged[0][0] if unjudged else None,
            heartbeat=msgspec.json.decode(beats[0][0], type=Heartbeat) if beats else None,
        )

    def heard_since(self, since_ms: int) -> set[str]:
        """The citizens of whom a record was stored or changed since then."""
        found = self._rows(
            "SELECT DISTINCT c.id FROM record r JOIN citizen c ON c.key = r.citizen "
            "WHERE r.updated_ms >= ?",
            (since_ms,),
        )
        return {citizen for (citizen,) in found}

    def tallies(self) -> Mapping[str, int]:
        """Running totals by name."""
        counts: dict[str, int] = dict(self._rows("SELECT name, count FROM tally"))
        counts.setdefault("records", 0)
        counts["records-unassigned"] = self._rows(
            "SELECT count(*) FROM record INDEXED BY record_unassigned WHERE citizen IS NULL"
        )[0][0]
        counts["rejections"] = sum(
            count for name, count in counts.items() if name.startswith("rejected-")
        )
        return counts

    def stands(self) -> bool:
        """Whether the file still stands at its path."""
        return self._file.stands()

    def close(self) -> None:
        """Release the file; idempotent."""
        self._db.close()

    def _document(self, table: str, row_id: str, kind: type[_Document]) -> _Document | None:
        rows = self._rows(f"SELECT document FROM {table} WHERE id = ?", (row_id,))  # noqa: S608
        return msgspec.json.decode(rows[0][0], type=kind) if rows else None

    def _documents(
        self, table: str, kind: type[_Document], order: str = "id"
    ) -> dict[str, _Document]:
        rows = self._rows(f"SELECT id, document FROM {table} ORDER BY {order}")  # noqa: S608
        return {row_id: msgspec.json.decode(text, type=kind) for row_id, text in rows}

    def _asked(
        self, query: Query, made: Callable[[Query, int | None], Statement]
    ) -> Statement | None:
        """The statement of a query; None when it names somebody whom nobody knows."""
        key = None if query.citizen is None else self._citizen_key(query.citizen)
        return None if query.citizen is not None and key is None else made(query, key)

    def _citizen_key(self, citizen: str) -> int | None:
        rows = self._rows("SELECT key FROM citizen WHERE id = ?", (citizen,))
        return rows[0][0] if rows else None

    def _records(self, where: str, values: Sequence[Any] = ()) -> list[Record]:
        return [record_of(row) for row in self._rows(SELECT + where, values)]

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with world():
            return self._db.execute(query, values).fetchall()


def _instant(at_ms: int) -> datetime:
    """The moment; the nearest there is, where an older program took one beyond every calendar."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    except (ValueError, OverflowError, OSError):
        return first if at_ms < 0 else last
