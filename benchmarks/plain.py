"""The ordinary way: `json`, checks by hand, fhir.resources (R4B), one JSON document per record.

What a sound service would do without any of our machinery, over the same bytes: it refuses the
same readings, recognises the same resends, commits in batches of the same size, as durably. The
yardstick of `ingest`, `rules` and `micro`; never imported by the platform.
"""

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

from fhir.resources.R4B.observation import Observation

from devices.catalogue import METRICS, Metric, device_type, metric, metric_for_code, observed, panel
from ingest.decode import Delivery

DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
REQUIRED = ("v", "id", "seq", "type", "t", "sent", "r")
KNOWN_UNITS = {unit for row in METRICS for unit in row.units}
SCHEMA = """
    CREATE TABLE observation (
        identity TEXT PRIMARY KEY, device TEXT NOT NULL, slot INTEGER NOT NULL, boot TEXT NOT NULL,
        device_time TEXT NOT NULL, about TEXT NOT NULL, measured TEXT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE INDEX observation_of_device ON observation (device, about, measured);
    CREATE TABLE rejection (
        key TEXT PRIMARY KEY, reason TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL
    );
"""


class Refused(ValueError):  # noqa: N818  it is the data that is wrong
    """This reading is not taken."""


class PlainStore:
    """One SQLite file with a JSON document per Observation; every commit is flushed."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)

    def process(self, deliveries: list[Delivery]) -> int:
        """Take one batch in one transaction; how many readings it held."""
        readings = 0
        self.db.execute("BEGIN IMMEDIATE")
        for delivery in deliveries:
            try:
                items = payloads_of(delivery)
            except Refused as refused:
                items = []
                self._reject(delivery, -1, refused)
                readings += 1
            for place, item in enumerate(items):
                readings += 1
                try:
                    self._store(checked(item, delivery))
                except Refused as refused:
                    self._reject(delivery, place, refused)
        self.db.execute("COMMIT")
        return readings

    def values(self) -> dict[tuple[Any, ...], tuple[Decimal | None, ...]]:
        """What stands in the documents, by device, slot, boot, device time and what it is about."""
        query = "SELECT device, slot, boot, device_time, about, document FROM observation"
        rows = self.db.execute(query)
        return {tuple(row[:5]): numbers_of(row[4], row[5]) for row in rows}

    def refused(self) -> int:
        """How many different readings were refused."""
        return int(self.db.execute("SELECT count(*) FROM rejection").fetchone()[0])

    def close(self) -> None:
        """Release the file."""
        self.db.close()

    def _store(self, reading: dict[str, Any]) -> None:
        keys = [reading[name] for name in ("device", "slot", "boot", "t")]
        for about, values in reading["values"].items():
            identity = sha256("|".join(map(str, [*keys, about])).encode()).hexdigest()
            document = observation(identity, reading, about, values).model_dump_json()
            row = (identity, *keys, about, reading["measured"].isoformat(), document)
            self.db.execute("INSERT OR IGNORE INTO observation VALUES (?,?,?,?,?,?,?,?)", row)

    def _reject(self, delivery: Delivery, place: int, refused: Refused) -> None:
        body = delivery.topic.encode() + delivery.payload + str(place).encode()
        row = (sha256(body).hexdigest(), str(refused), delivery.topic, delivery.payload)
        self.db.execute("INSERT OR IGNORE INTO rejection VALUES (?,?,?,?)", row)


def payloads_of(delivery: Delivery) -> list[dict[str, Any]]:
    """The readings of one message as dicts."""
    levels = delivery.topic.split("/")
    if len(levels) != 7 or int(levels[3]) != crc32(levels[4].encode()) % 64:
        raise Refused("topic")
    try:
        said = json.loads(delivery.payload)
    except ValueError as error:
        raise Refused("json") from error
    items = said if isinstance(said, list) else [said]
    if not items or not all(isinstance(item, dict) for item in items):
        raise Refused("no reading")
    return items


def checked(item: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    """The reading with corrected time and values by what they are about; Refused when it is bad."""
    _, _, _, _, gateway, device, _ = delivery.topic.split("/")
    if any(name not in item for name in REQUIRED):
        raise Refused("field missing")
    if item["v"] != 1 or not isinstance(item["id"], str) or not isinstance(item["seq"], int):
        raise Refused("field")
    if item.get("device", device) != device or item.get("gateway", gateway) != gateway:
        raise Refused("identity")
    kind = device_type(item["type"])
    if kind is None:
        raise Refused("device type")
    groups: dict[str, dict[str, Decimal | None]] = {}
    for value in item["r"]:
        row, number = checked_value(value, item)
        if row.alias not in kind.metrics:
            raise Refused("code of another device")
        group = groups.setdefault(row.panel or row.alias, {})
        if row.alias in group:
            raise Refused("code twice")
        group[row.alias] = number
    if not groups:
        raise Refused("no value")
    _check_pressure(groups.get("blood_pressure"))
    return {
        "device": device,
        "slot": item.get("slot", 1),
        "boot": item.get("boot", ""),
        "t": item["t"],
        "measured": _measured(item, delivery.received_ms),
        "values": groups,
    }


def checked_value(value: dict[str, Any], item: dict[str, Any]) -> tuple[Metric, Decimal | None]:
    """One value in its row's unit."""
    row = metric_for_code(value["c"])
    if row is None:
        raise Refused("code")
    text, flags = value.get("val"), {*item.get("st", ()), *value.get("st", ())}
    if text is None:
        if flags.isdisjoint({"invalid", "not-available"}):
            raise Refused("value missing")
        return row, None
    if not isinstance(text, str) or DECIMAL.fullmatch(text) is None or len(text) > 12:
        raise Refused("value")
    if value.get("u", "") not in row.units:
        raise Refused("unit mismatch" if value.get("u") in KNOWN_UNITS else "unit")
    number = Decimal(text).scaleb(row.units[value["u"]])
    if not row.possible[0] <= number <= row.possible[1]:
        raise Refused("range")
    return row, number


def _check_pressure(pressure: dict[str, Decimal | None] | None) -> None:
    if pressure is None:
        return
    if any(alias not in pressure for alias in panel("blood_pressure").required):
        raise Refused("component missing")
    low, high = pressure["diastolic"], pressure["systolic"]
    if low is not None and high is not None and low >= high:
        raise Refused("components contradict")


def _measured(item: dict[str, Any], received_ms: int) -> datetime:
    try:
        moment, sent = datetime.fromisoformat(item["t"]), datetime.fromisoformat(item["sent"])
        clock = item.get("clock") or {}
        if "device" in clock and "gateway" in clock:
            gateway = datetime.fromisoformat(clock["gateway"])
            measured = gateway - (datetime.fromisoformat(clock["device"]) - moment)
        else:
            measured = moment.replace(tzinfo=sent.tzinfo)
    except (TypeError, ValueError) as error:
        raise Refused("time") from error
    latest = datetime.fromtimestamp(received_ms / 1000, UTC) + timedelta(minutes=10)
    if not datetime(2015, 1, 1, tzinfo=UTC) <= measured <= latest:
        raise Refused("time")
    return measured


def observation(
    identity: str, reading: dict[str, Any], about: str, values: dict[str, Decimal | None]
) -> Observation:
    """A plain Observation, checked by fhir.resources."""
    content: dict[str, Any] = {
        "id": str(UUID(identity[:32])),
        "status": "final",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:sha256:{identity}"}],
        "code": coding(about),
        "effectiveDateTime": reading["measured"].isoformat(),
        "device": {"reference": f"Device/{reading['device']}"},
    }
    if about in values:
        content |= quantity(metric(about), values[about])
    else:
        content["component"] = [
            {"code": coding(alias), **quantity(metric(alias), number)}
            for alias, number in values.items()
        ]
    return Observation.model_validate(content)


def loinc_of(about: str) -> str:
    """The first LOINC code of a metric or panel that has one."""
    return observed(about).loinc[0].code


def coding(about: str) -> dict[str, Any]:
    """A CodeableConcept of one LOINC code."""
    return {"coding": [{"system": LOINC, "code": loinc_of(about)}]}


def quantity(row: Metric, number: Decimal | float | None) -> dict[str, Any]:
    """The value, or why there is none."""
    if number is None:
        return {"dataAbsentReason": {"text": "error"}}
    said = {"value": number, "unit": row.unit_text, "system": UCUM, "code": row.ucum}
    return {"valueQuantity": said}


def numbers_of(about: str, document: str) -> tuple[Decimal | None, ...]:
    """The numbers of a document, in the catalogue's order."""
    content = json.loads(document, parse_float=Decimal, parse_int=Decimal)
    if "component" not in content:
        return (content.get("valueQuantity", {}).get("value"),)
    found = {
        part["code"]["coding"][0]["code"]: part.get("valueQuantity", {}).get("value")
        for part in content["component"]
    }
    return tuple(found.get(loinc_of(alias)) for alias in panel(about).components)
