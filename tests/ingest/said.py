"""What devices say, for the tests of ingest: one sound payload, and changes to it."""

from typing import Any

import msgspec

from devices.reading import Reading
from devices.wire import Payload, topic_for
from ingest.decode import Decoded, Delivery, decode
from ingest.pipeline import examine
from ingest.rejection import Rejection
from ingest.store import Arrival, Mapped
from ingest.validate import Validated, validate

RECEIVED_MS = 1_771_396_269_500
"""2026-02-18T06:31:09.500Z: when the deliveries arrive."""
MEASURED_MS = 1_771_396_180_000
"""2026-02-18T06:29:40Z, the `t` of `PAYLOAD` as an instant."""

DEVICE = "00091FFEFF801A2B"
TOPIC = topic_for("syddanmark", "gw-0001", DEVICE).text()
PAYLOAD: dict[str, Any] = {
    "v": 1,
    "id": "0198c0de-0001",
    "seq": 4711,
    "type": "528388",
    "t": "2026-02-18T07:29:40",
    "sent": "2026-02-18T07:31:09.120+01:00",
    "r": [{"c": "spo2", "val": "93", "u": "%"}],
}
VOUCHED = {"sync": "ntp"}


def said(**changes: Any) -> dict[str, Any]:
    """A payload with some fields changed, or left out where the change is `...`."""
    fields = {**PAYLOAD, **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def one(code: str, value: str | None, unit: str = "", **more: Any) -> dict[str, Any]:
    """A payload with this single value, from a device that can measure it."""
    item = {"c": code, "val": value, "u": unit, **more}
    kinds = {"spo2": "528388", "weight": "528399", "pef": "528405", "systolic": "528391"}
    return said(r=[item], type=kinds.get(code, "528413"))


def pressure(**texts: str | None) -> list[dict[str, Any]]:
    """The values of a cuff."""
    return [{"c": code, "val": text, "u": "mm[Hg]"} for code, text in texts.items()]


def delivery(fields: Any, topic: str = TOPIC, received_ms: int = RECEIVED_MS) -> Delivery:
    """What the broker hands over; `fields` are encoded unless they are bytes already."""
    payload = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
    return Delivery(topic, payload, received_ms)


def decoded(fields: Any) -> Decoded:
    """The single, well-formed reading of a payload."""
    (item,) = decode(delivery(fields))
    assert isinstance(item, Decoded), item
    return item


def reading(fields: Any, received_ms: int = RECEIVED_MS) -> Reading:
    """The reading of a payload that has nothing wrong with it."""
    item = validate(decoded(fields), received_ms)
    assert isinstance(item, Validated), item
    assert item.refused == []
    return item.reading


def refused(fields: Any, topic: str = TOPIC) -> Rejection:
    """Why the single reading of a payload is refused."""
    (arrival,) = examine(delivery(fields, topic))
    assert isinstance(arrival.item, Rejection), arrival.item
    return arrival.item


def arrival(device: str = DEVICE, received_ms: int = RECEIVED_MS, **changes: Any) -> Arrival:
    """One good reading of this device on its way into the store."""
    topic = topic_for("syddanmark", "gw-0001", device).text()
    (found,) = examine(delivery(said(**changes), topic, received_ms))
    assert isinstance(found.item, Mapped), found.item
    return found


def spo2(value: str, **changes: Any) -> Arrival:
    """One saturation on its way into the store."""
    return arrival(r=[{"c": "spo2", "val": value, "u": "%"}], **changes)


def readings_at(count: int, device: str = DEVICE) -> list[Arrival]:
    """So many saturations of one device, a second apart."""
    times = (f"2026-02-17T{i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d}" for i in range(count))
    return [arrival(device, t=time, id=f"m{number}") for number, time in enumerate(times)]


def as_payload(fields: Any) -> Payload:
    """The typed payload."""
    return msgspec.json.decode(msgspec.json.encode(fields), type=Payload)
