"""Stage 1, decode: the bytes of one delivery become wire payloads, or rejections.

In: a `Delivery` as the broker handed it over. Out: its topic and, for every reading in it, a
`wire.Payload` (or `wire.ResponsePayload`, of kind `qr`) or a `Rejection`; what arrives as FHIR is
read by `decode_fhir`. One bad reading of an array leaves its neighbours alone. Pure: no clock, no
storage, no broker.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from devices.wire import (
    KIND_FHIR,
    KIND_READING,
    KIND_RESPONSE,
    WIRE_VERSION,
    AnswerItem,
    Item,
    Payload,
    ResponsePayload,
    Topic,
    parse_topic,
    part_of,
)
from devices.zone import Zones
from ingest.decode_fhir import OWN_BASES, Read, decode_fhir
from ingest.limits import PAYLOAD_BYTES_MAX, READINGS_PER_DELIVERY_MAX
from ingest.rejection import Reason, Rejection


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One MQTT message as received at `received_ms` (UTC, ms), not yet believed.

    `bases` are the addresses under which a sender of FHIR may mean this platform itself.
    """

    topic: str
    payload: bytes
    received_ms: int
    bases: tuple[str, ...] = OWN_BASES


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """One reading of a delivery, well-formed but not yet validated.

    `refused` are the values of it that are not well-formed; `places` those of the others in the
    payload, empty where they stand as they were sent.
    """

    topic: Topic
    payload: Payload | ResponsePayload
    index: int
    refused: tuple[Rejection, ...] = ()
    places: tuple[int, ...] = ()


class _Envelope(msgspec.Struct):
    """The sender's own message number, read as leniently as possible for the receipt."""

    id: msgspec.Raw = msgspec.Raw(b"")
    seq: msgspec.Raw = msgspec.Raw(b"")


TOPICS_REMEMBERED: Final = 16_384
"""A device repeats its topic with every message; devices that nobody knows must not pile up."""
KINDS = (KIND_READING, KIND_RESPONSE, KIND_FHIR)
_decode_payload = msgspec.json.Decoder(Payload).decode
_decode_response = msgspec.json.Decoder(ResponsePayload).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_any = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r" - at (?:`key` in )?`(?P<path>[^`]+)`$")
_COMPLAINTS = (
    (re.compile(r"Object missing required field"), Reason.FIELD_MISSING),
    (re.compile(r"Invalid RFC3339|Expected `datetime[^`]*` with"), Reason.TIME_MALFORMED),
    (re.compile(r"Invalid enum value|Expected `[^`]+` (of length )?[<>]="), Reason.FIELD_VALUE),
    (re.compile(r"(Integer value|Number) out of range"), Reason.FIELD_VALUE),
)
"""How the decoder begins its complaints; what follows may be the sender's own words."""


def decode(delivery: Delivery, zones: Zones = Zones()) -> Sequence[Decoded | Read | Rejection]:  # noqa: B008
    """All readings of one delivery, in the order they stand in it; never empty, never raises.

    What arrives as FHIR is read in its tenant's zone.
    """
    topic = _topic_of(delivery.topic)
    if isinstance(topic, Rejection):
        return [topic]
    payload = delivery.payload
    if not payload.strip():
        return [Rejection(Reason.PAYLOAD_EMPTY, "$", "the payload is empty")]
    if len(payload) > PAYLOAD_BYTES_MAX:
        detail = f"the payload has {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX} are taken"
        return [Rejection(Reason.PAYLOAD_TOO_LARGE, "$", detail)]
    if topic.kind == KIND_FHIR:
        zone = zones.of(topic.tenant)
        return decode_fhir(payload, delivery.received_ms, topic, bases=delivery.bases, zone=zone)[0]
    return _decode_each(topic, payload)


def _decode_each(topic: Topic, payload: bytes) -> list[Decoded | Rejection]:
    if payload.lstrip()[:1] != b"[":
        return [_decode_one(topic, payload, -1)]
    try:
        items = _decode_array(payload)
    except _UNREADABLE as error:
        return [_malformed(payload, error, -1)]
    if not items:
        return [Rejection(Reason.PAYLOAD_EMPTY, "$", "the array holds no reading")]
    if len(items) > READINGS_PER_DELIVERY_MAX:
        detail = f"the array holds {len(items)} readings, at most {READINGS_PER_DELIVERY_MAX}"
        return [Rejection(Reason.TOO_MANY_READINGS, "$", detail)]
    return [_decode_one(topic, bytes(item), index) for index, item in enumerate(items)]


@lru_cache(maxsize=TOPICS_REMEMBERED)
def _topic_of(text: str) -> Topic | Rejection:
    topic = parse_topic(text)
    if topic is None:
        detail = f"the topic {text[:200]!r} is not hm/v1/tenant/part/gateway/device/kind"
        return Rejection(Reason.TOPIC_MALFORMED, "topic", detail)
    if topic.kind not in KINDS:
        detail = f"kind {topic.kind[:64]!r} is not taken, only {', '.join(map(repr, KINDS))}"
        return Rejection(Reason.KIND_UNSUPPORTED, "topic", detail)
    part = part_of(topic.gateway)
    if topic.part != part:
        detail = f"gateway {topic.gateway[:64]!r} belongs to part {part:02d}, not {topic.part:02d}"
        return Rejection(Reason.TOPIC_PART_MISMATCH, "topic", detail)
    return topic


def _decode_one(topic: Topic, raw: bytes, index: int) -> Decoded | Rejection:
    payload: Payload | ResponsePayload
    try:
        payload = _decode_response(raw) if topic.kind == KIND_RESPONSE else _decode_payload(raw)
    except _UNREADABLE as error:
        refused = _malformed(raw, error, index)
        parts = _PARTS.get(topic.kind)
        if parts is not None and refused.path.startswith(f"$.{parts.field}["):
            return _decode_parts(topic, raw, parts, refused)
        return refused
    return _of_version(Decoded(topic, payload, index))


def _of_version(decoded: Decoded) -> Decoded | Rejection:
    payload = decoded.payload
    if payload.v == WIRE_VERSION:
        return decoded
    detail = f"v is {payload.v}, only {WIRE_VERSION} is taken"
    return Rejection(
        Reason.VERSION_UNSUPPORTED, "$.v", detail, decoded.index, payload.id, payload.seq
    )


class _Parts(msgspec.Struct, frozen=True):
    """What a kind of payload consists of: the field, and how it and the rest are decoded."""

    field: str
    decode: Callable[[bytes], Payload | ResponsePayload]
    decode_item: Callable[[msgspec.Raw], Item | AnswerItem]


_PARTS = {
    KIND_READING: _Parts("r", _decode_payload, msgspec.json.Decoder(Item).decode),
    KIND_RESPONSE: _Parts("a", _decode_response, msgspec.json.Decoder(AnswerItem).decode),
}


def _decode_parts(topic: Topic, raw: bytes, parts: _Parts, whole: Rejection) -> Decoded | Rejection:
    """A payload of which at least one value is malformed; as a `whole` when none is left."""
    try:
        fields = _decode_fields(raw)
        rows = _decode_array(fields[parts.field])
        payload = parts.decode(msgspec.json.encode({**fields, parts.field: []}))
    except _UNREADABLE as error:
        return _malformed(raw, error, whole.index)
    items: dict[int, Item | AnswerItem] = {}
    refused: list[Rejection] = []
    for place, row in enumerate(rows):
        try:
            items[place] = parts.decode_item(row)
        except _UNREADABLE as error:
            reason, path, detail = _complaint(bytes(row), error)
            at = f"$.{parts.field}[{place}]{path.removeprefix('$')}"
            refused.append(
                Rejection(reason, at, detail, whole.index, payload.id, payload.seq, place)
            )
    if not items:
        return whole
    payload = msgspec.structs.replace(payload, **{parts.field: list(items.values())})
    return _of_version(Decoded(topic, payload, whole.index, tuple(refused), tuple(items)))


def _malformed(raw: bytes, error: Exception, index: int) -> Rejection:
    """Which reason the decoder's complaint is, with the path it names."""
    message_id, message_seq = _envelope(raw)
    reason, path, message = _complaint(raw, error)
    return Rejection(reason, path, message, index, message_id, message_seq)


def _complaint(raw: bytes, error: Exception) -> tuple[Reason, str, str]:
    if not isinstance(error, msgspec.ValidationError):
        reason, message = _unreadable(raw, error)
        return reason, "$", message
    message = str(error)
    found = _PATH.search(message)
    path = found["path"] if found else "$"
    complaints = (reason for words, reason in _COMPLAINTS if words.match(message))
    reason = next(complaints, Reason.FIELD_TYPE)
    if path == "$.v":
        reason = Reason.VERSION_UNSUPPORTED
    if reason is Reason.FIELD_MISSING:
        path = f"{path}.{message.split('`')[1]}"
    return reason, path, message[:300]


def _unreadable(raw: bytes, error: Exception) -> tuple[Reason, str]:
    """What no JSON decoder could read, and why."""
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        return Reason.PAYLOAD_NOT_UTF8, f"byte {fault.start} is not utf-8: {fault.reason}"
    if isinstance(error, RecursionError):
        return Reason.JSON_MALFORMED, "objects or arrays are nested too deeply"
    return Reason.JSON_MALFORMED, str(error)[:300]


def _envelope(raw: bytes) -> tuple[str, int]:
    """The sender's id and seq, where they can be read at all."""
    try:
        envelope = _decode_envelope(raw)
        message_id = _decode_any(envelope.id) if envelope.id else ""
        message_seq = _decode_any(envelope.seq) if envelope.seq else 0
    except _UNREADABLE:
        return "", 0
    return (
        message_id[:64] if isinstance(message_id, str) else "",
        message_seq if type(message_seq) is int and 0 <= message_seq <= 2**53 else 0,
    )
