"""The reading half of the SQLite store: short read-only queries, never in a writer's way."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fhir_mapping.enrolled import Citizen, EnrolledDevice, Limits, Organisation
from fhir_mapping.record import Record
from ingest.store.port import StoredRejection
from ingest.store.rows import SELECT, record_of
from ingest.store.sqlite_world import world

_Document = TypeVar("_Document", Citizen, EnrolledDevice, Organisation)


class SqliteReader:
    """The reading half of the port over one SQLite file; not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        with world():
            address = f"{path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(address, uri=True, isolation_level=None)

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
        key = self._rows("SELECT key FROM citizen WHERE id = ?", (citizen,))
        if not key:
            return []
        where, values = "WHERE r.citizen = ?", [key[0][0]]
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

    def last_seq(self) -> int:
        """The newest arrival number; 0 in an empty store."""
        return int(self._rows("SELECT max(seq) FROM record")[0][0] or 0)

    def citizens(self) -> dict[str, Citizen]:
        """All citizens by id."""
        rows = self._rows("SELECT id, document FROM citizen ORDER BY key")
        return {row_id: msgspec.json.decode(text, type=Citizen) for row_id, text in rows}

    def organisation(self, organisation_id: str) -> Organisation | None:
        """One organisation."""
        return self._document("organisation", organisation_id, Organisation)

    def device(self, device_id: str) -> EnrolledDevice | None:
        """One device as enrolled."""
        return self._document("device", device_id, EnrolledDevice)

    def limits(self) -> dict[str, list[Limits]]:
        """All personal limits by citizen, in the order in which they take effect."""
        rows = self._rows("SELECT document FROM limits ORDER BY since_ms, entered_ms")
        found: dict[str, list[Limits]] = {}
        for (text,) in rows:
            row = msgspec.json.decode(text, type=Limits)
            found.setdefault(row.citizen, []).append(row)
        return found

    def enrolment_version(self) -> int:
        """A number that rises with every applied enrolment."""
        return self.tallies().get("enrolment-version", 0)

    def rejections(self, unreplayed_only: bool = False) -> Iterator[StoredRejection]:
        """What was refused, oldest first."""
        where = "WHERE replayed_ms IS NULL" if unreplayed_only else ""
        last = 0
        while rows := self._rows(
            "SELECT key, place, result, reason, path, detail, topic, payload, received_ms, "  # noqa: S608
            f"deliveries, replayed_ms FROM (SELECT * FROM rejection {where}) "
            "WHERE key > ? ORDER BY key LIMIT 500",
            (last,),
        ):
            last = rows[-1][0]
            yield from (StoredRejection(*row) for row in rows)

    def rejection_digests(self) -> set[str]:
        """What was refused, by digest; see the port."""
        return {digest.hex() for (digest,) in self._rows("SELECT digest FROM rejection")}

    def tallies(self) -> Mapping[str, int]:
        """Running totals by name."""
        counts: dict[str, int] = dict(self._rows("SELECT name, count FROM tally"))
        counts["records"] = self._rows("SELECT count(*) FROM record")[0][0]
        counts["records-unassigned"] = self._rows(
            "SELECT count(*) FROM record WHERE citizen IS NULL"
        )[0][0]
        counts["rejections"] = self._rows("SELECT count(*) FROM rejection")[0][0]
        return counts

    def close(self) -> None:
        """Release the file; idempotent."""
        self._db.close()

    def _document(self, table: str, row_id: str, kind: type[_Document]) -> _Document | None:
        rows = self._rows(f"SELECT document FROM {table} WHERE id = ?", (row_id,))  # noqa: S608
        return msgspec.json.decode(rows[0][0], type=kind) if rows else None

    def _records(self, where: str, values: Sequence[Any] = ()) -> list[Record]:
        return [record_of(row) for row in self._rows(SELECT + where, values)]

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with world():
            return self._db.execute(query, values).fetchall()
