"""Between a `Record` and a row of the `record` table: one order of columns, one place.

Used by the SQLite writer and reader. Components of a panel are joined by "/", absent ones empty:
a blood pressure reads "128/82/97", as a clinician writes it.
"""

from hashlib import sha256
from typing import Any

from fhir_mapping.record import Record, Superseded
from fhir_mapping.status import status_of, status_text

COLUMNS = (
    "seq",
    "identity",
    "id",
    "version",
    "citizen",
    "about",
    "value",
    "measured_ms",
    "offset_min",
    "device_time",
    "source",
    "slot",
    "boot",
    "transferred_by",
    "location",
    "clock_sync",
    "clock_device_ms",
    "clock_gateway_ms",
    "circumstances",
    "flags",
    "received_ms",
    "updated_ms",
    "scheduled",
    "conflict",
    "withdrawn",
    "sent_ms",
    "base",
)

SELECT = """
    SELECT r.seq, r.identity, r.id, r.version, c.id, r.about, r.value, r.measured_ms, r.offset_min,
           r.device_time, r.slot, r.boot, r.transferred_by, r.location, r.clock_sync,
           r.clock_device_ms, r.clock_gateway_ms, r.circumstances, r.flags, r.received_ms,
           r.updated_ms, r.scheduled, r.conflict, r.withdrawn, r.sent_ms, r.base,
           s.part, s.gateway, s.device, s.device_type, s.model, s.firmware
    FROM record r JOIN source s ON s.key = r.source LEFT JOIN citizen c ON c.key = r.citizen
"""

INSERT = (
    f"INSERT INTO record ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608
    "ON CONFLICT DO NOTHING"
)
"""Nothing is inserted where the identity is taken, or the id."""
VERSION_COLUMNS = (
    "version, value, received_ms, flags, measured_ms, sent_ms, withdrawn, clock_sync, "
    "clock_device_ms, clock_gateway_ms"
)
"""What is kept of an earlier version, in `record` and in `superseded` alike."""


def value_text(values: tuple[str | None, ...]) -> str:
    """How a record's values stand in the table.

    >>> value_text(("128", "82", None))
    '128/82/'
    """
    return "/".join(value or "" for value in values)


def values_of(text: str) -> tuple[str | None, ...]:
    """A record's values as they stand in the table.

    >>> values_of("128/82/")
    ('128', '82', None)
    """
    return tuple(value or None for value in text.split("/"))


def row_of(
    record: Record,
    seq: int,
    citizen: int | None,
    source: int,
    received_ms: int,
    updated_ms: int,
    scheduled: bool,
) -> tuple[Any, ...]:
    """The row of a record, in the order of `COLUMNS`."""
    return (
        seq,
        record.identity,
        record.id,
        record.version,
        citizen,
        record.about,
        value_text(record.values),
        record.measured_ms,
        record.offset_min,
        record.device_time,
        source,
        record.slot,
        record.boot,
        record.transferred_by,
        record.location,
        record.clock_sync,
        record.clock_device_ms,
        record.clock_gateway_ms,
        record.circumstances,
        status_text(record.flags, record.component_flags),
        received_ms,
        updated_ms,
        scheduled,
        record.conflict,
        record.withdrawn,
        record.sent_ms,
        record.base,
    )


def version_row_of(record: Record, version: int, received_ms: int) -> tuple[Any, ...]:
    """The row of a word on a record, in the order of `VERSION_COLUMNS`."""
    return (
        version,
        value_text(record.values),
        received_ms,
        status_text(record.flags, record.component_flags),
        record.measured_ms,
        record.sent_ms,
        record.withdrawn,
        record.clock_sync,
        record.clock_device_ms,
        record.clock_gateway_ms,
    )


def version_of(row: tuple[Any, ...]) -> Superseded:
    """The earlier version of a row of `VERSION_COLUMNS`."""
    version, value, received_ms, status, *rest = row
    flags, component_flags = (None, ()) if status is None else status_of(status)
    measured_ms, sent_ms, withdrawn, clock_sync, clock_device_ms, clock_gateway_ms = rest
    return Superseded(
        version=version,
        values=values_of(value),
        received_ms=received_ms,
        flags=flags,
        component_flags=component_flags,
        measured_ms=measured_ms,
        sent_ms=sent_ms,
        withdrawn=bool(withdrawn),
        clock_sync=clock_sync,
        clock_device_ms=clock_device_ms,
        clock_gateway_ms=clock_gateway_ms,
    )


def record_of(row: tuple[Any, ...]) -> Record:
    """The record of a row of `SELECT`."""
    flags, component_flags = status_of(row[18])
    return Record(
        seq=row[0],
        identity=row[1],
        id=row[2],
        version=row[3],
        citizen=row[4],
        about=row[5],
        values=values_of(row[6]),
        measured_ms=row[7],
        offset_min=row[8],
        device_time=row[9],
        slot=row[10],
        boot=row[11],
        transferred_by=row[12],
        location=row[13],
        clock_sync=row[14],
        clock_device_ms=row[15],
        clock_gateway_ms=row[16],
        circumstances=row[17],
        flags=flags,
        component_flags=component_flags,
        received_ms=row[19],
        updated_ms=row[20],
        scheduled=bool(row[21]),
        conflict=bool(row[22]),
        withdrawn=bool(row[23]),
        sent_ms=row[24],
        base=row[25],
        part=row[26],
        gateway=row[27],
        device=row[28],
        device_type=row[29],
        model=row[30],
        firmware=row[31],
    )


def digest_of(topic: str, payload: bytes) -> bytes:
    """What a refused delivery is known by: SHA-256 of topic, a zero byte and payload."""
    return sha256(topic.encode(errors="surrogatepass") + b"\0" + payload).digest()
