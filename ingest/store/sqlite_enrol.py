"""Enrolment in the SQLite store: apply a file, and move the records that it concerns.

Called by `SqliteWriter` inside its transaction. Applying the same enrolment again changes
nothing. When an assignment arrives late or is corrected, every record of that device that now
belongs to somebody else moves, with a new arrival number, so that followers see it.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import msgspec

from fhir_mapping.codes import CPR
from fhir_mapping.enrolled import Assignment, Citizen, Enrolment, Fact, Limits
from fhir_mapping.resources import resource_id
from fhir_mapping.stand_in import stand_in
from ingest.attribution import Assignments, Term
from ingest.store.port import EnrolledChange

_encode = msgspec.json.Encoder(order="deterministic").encode
_ALWAYS_MS = -(2**60)
_decode_citizen = msgspec.json.Decoder(Citizen).decode


def apply_enrolment(db: sqlite3.Connection, enrolment: Enrolment, now_ms: int) -> EnrolledChange:
    """Store every entry of the enrolment and re-attribute; KeyError for an unknown citizen."""
    organisations = sum(
        _put(db, "organisation", row.id, _encode(row).decode()) for row in enrolment.organisations
    )
    citizens = sum(_put(db, "citizen", row.id, _encode(row).decode()) for row in enrolment.citizens)
    devices = sum(_put(db, "device", row.id, _encode(row).decode()) for row in enrolment.devices)
    put_parties(db, (row.id for row in enrolment.devices))
    keys: dict[str, int] = dict(db.execute("SELECT id, key FROM citizen"))
    changed = [row for row in enrolment.assignments if _put_assignment(db, row, keys)]
    typed = {_stand_in(row.id) for row in enrolment.citizens}
    limits = sum(_put_version(db, row, keys, now_ms) for row in enrolment.limits)
    facts = sum(_put_version(db, row, keys, now_ms) for row in enrolment.facts)
    return EnrolledChange(
        organisations=organisations,
        citizens=citizens,
        devices=devices,
        assignments=len(changed),
        limits=limits,
        facts=facts,
        reattributed=_reattribute(db, sorted({row.device for row in changed} | typed), now_ms),
    )


def load_assignments(db: sqlite3.Connection) -> Assignments:
    """All assignments, ready for look-up; and who stands for a device that is not named."""
    rows = db.execute("SELECT device, slot, since_ms, until_ms, citizen FROM assignment")
    people = db.execute("SELECT id, key FROM citizen")
    return Assignments(
        (
            *(Term(*row) for row in rows),
            *(Term(_stand_in(one), 1, _ALWAYS_MS, None, key) for one, key in people),
        )
    )


def _stand_in(citizen: str) -> str:
    return stand_in(f"Patient/{citizen}")


def load_gateways(db: sqlite3.Connection) -> dict[str, str]:
    """The gateway of each device that is enrolled with one."""
    query = "SELECT id, json_extract(document, '$.gateway') AS at FROM device WHERE at <> ''"
    return dict(db.execute(query))


def load_plans(db: sqlite3.Connection) -> dict[int, int]:
    """Each citizen's planned weekdays as bits, Monday lowest."""
    return {
        key: _weekday_bits(_decode_citizen(document).plan.weekdays)
        for key, document in db.execute("SELECT key, document FROM citizen")
    }


def load_citizens(db: sqlite3.Connection) -> dict[str, int]:
    """Each citizen's key by what a sender may call the citizen: Patient/id, or CPR number."""
    found = {}
    for key, document in db.execute("SELECT key, document FROM citizen"):
        citizen = _decode_citizen(document)
        found[f"Patient/{citizen.id}"] = found[f"{CPR}|{citizen.cpr}"] = key
    return found


def newest_change(db: sqlite3.Connection) -> tuple[int, int]:
    """The newest arrival number, and when that record changed; zeros in an empty store."""
    query = "SELECT seq, updated_ms FROM record ORDER BY seq DESC LIMIT 1"
    return db.execute(query).fetchone() or (0, 0)


def put_parties(db: sqlite3.Connection, names: Iterable[str]) -> None:
    """Note under which FHIR id each device or gateway is named."""
    rows = ((resource_id(name), name) for name in names)
    db.executemany("INSERT OR IGNORE INTO party (id, name) VALUES (?, ?)", rows)


def _weekday_bits(weekdays: str) -> int:
    """Seven digits, Monday first, as bits.

    >>> _weekday_bits("1001000") == 0b0001001
    True
    """
    return sum(1 << day for day, digit in enumerate(weekdays) if digit == "1")


def _put(db: sqlite3.Connection, table: str, row_id: str, document: str) -> bool:
    """Insert or replace a document; False when it stands there already."""
    cursor = db.execute(
        f"INSERT INTO {table} (id, document) VALUES (?, ?) "  # noqa: S608  a name of this module
        "ON CONFLICT (id) DO UPDATE SET document = excluded.document "
        "WHERE document <> excluded.document",
        (row_id, document),
    )
    return cursor.rowcount == 1


def _put_assignment(db: sqlite3.Connection, row: Assignment, keys: dict[str, int]) -> bool:
    until = _ms(row.to) if row.to else None
    cursor = db.execute(
        "INSERT INTO assignment (device, slot, since_ms, until_ms, citizen) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (device, slot, since_ms) DO UPDATE "
        "SET until_ms = excluded.until_ms, citizen = excluded.citizen "
        "WHERE until_ms IS NOT excluded.until_ms OR citizen <> excluded.citizen",
        (row.device, row.slot, _ms(row.since), until, keys[row.citizen]),
    )
    return cursor.rowcount == 1


def _put_version(
    db: sqlite3.Connection, row: Limits | Fact, keys: dict[str, int], now_ms: int
) -> bool:
    """Append a version of what holds from a moment on; False when the newest says the same."""
    if isinstance(row, Limits):
        table, of, what = "limits", "signal", row.metric + ("/relative" if row.relative else "")
    else:
        table, of, what = "fact", "kind", row.kind
    place = (keys[row.citizen], what, _ms(row.since))
    newest = db.execute(
        f"SELECT document, entered_ms FROM {table} WHERE (citizen, {of}, since_ms) = (?, ?, ?) "  # noqa: S608
        "ORDER BY entered_ms DESC LIMIT 1",
        place,
    ).fetchone()
    if newest and msgspec.json.decode(newest[0], type=type(row)) == row:
        return False
    entered_ms = max(now_ms, newest[1] + 1) if newest else now_ms
    db.execute(
        f"INSERT INTO {table} (citizen, {of}, since_ms, entered_ms, document) "  # noqa: S608
        "VALUES (?, ?, ?, ?, ?)",
        (*place, entered_ms, _encode(row).decode()),
    )
    return True


def _reattribute(db: sqlite3.Connection, devices: list[str], now_ms: int) -> int:
    """Move every record of these devices to whom it belongs now; how many moved."""
    if not devices:
        return 0
    assignments, plans = load_assignments(db), load_plans(db)
    moved = 0
    seq, updated_ms = newest_change(db)
    for device in devices:
        rows = db.execute(
            "SELECT r.seq, r.slot, r.measured_ms, r.offset_min, r.citizen FROM source s "
            "JOIN record r ON r.source = s.key WHERE s.device = ? ORDER BY r.measured_ms, r.seq",
            (device,),
        ).fetchall()
        for old_seq, slot, measured_ms, offset_min, old_citizen in rows:
            citizen = assignments.citizen_of(device, slot, measured_ms)
            if citizen == old_citizen:
                continue
            seq += 1
            weekday = ((measured_ms + offset_min * 60_000) // 86_400_000 + 3) % 7
            scheduled = citizen is not None and bool(plans[citizen] >> weekday & 1)
            db.execute(
                "UPDATE record SET seq = ?, citizen = ?, scheduled = ?, updated_ms = ?, "
                "version = version + 1 WHERE seq = ?",
                (seq, citizen, scheduled, max(now_ms, updated_ms), old_seq),
            )
            if old_citizen is not None:
                departure = "INSERT INTO departure (seq, citizen) VALUES (?, ?)"
                db.execute(departure, (seq, old_citizen))
            moved += 1
    return moved


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
