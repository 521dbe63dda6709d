"""What every resource rendered from a record has in common: who, from where, and how it came.

In: fields of a `Record`. Out: JSON fragments as bytes, cached by what one home repeats. Called by
`observation` and `response`, for each record; the fragments are put into their templates as they
are.
"""

from functools import lru_cache
from itertools import product
from typing import get_args

import msgspec

from devices.wire import Location, TransferredBy
from fhir_mapping import codes
from fhir_mapping.record import Record, twin_of
from fhir_mapping.resources import printable, resource_id

_encode = msgspec.json.Encoder().encode


def text_of(text: str) -> bytes:
    """A free text as a JSON string, quotes included."""
    return _encode(printable(text))


def identifier(record: Record, key: str, mark: str = "") -> bytes:
    """What makes this record itself, readable, as a JSON string:
    device/slot/boot/code/device time[/…]; `mark` stands for the circumstances.

    The patient is left out, unlike in HL7 PHD's identifier, so that a resend is recognised
    after the device has been given to somebody else; so is the value, except for the second of
    two that claim one identity. A separate act with the same device time has a hash of its instant
    behind an "@". A slash separates, since no device name on an MQTT topic has one.
    """
    start, rest = _start(record.device, record.slot, record.boot, key), f"/{mark}" if mark else ""
    if record.base is not None:
        rest = f"{rest}/{_apart(record)}"
    return b'%b%b%b"' % (start, record.device_time.encode(), rest.encode())


@lru_cache(maxsize=16_384)
def _start(device: str, slot: int, boot: str, key: str) -> bytes:
    """The part of an identifier that one device repeats, as the beginning of a JSON string."""
    return text_of(f"{device}/{slot}/{boot}/{key}/")[:-1]


def _apart(record: Record) -> str:
    """What tells it from others of its identity: its values, or the hash of its own instant."""
    twin = twin_of(msgspec.structs.replace(record, identity=record.base or b"", base=None))
    if record.identity == twin.identity:
        return "/".join(value or "" for value in record.values)
    return f"@{record.identity[6:].hex()}"


@lru_cache(maxsize=16_384)
def source_of(gateway: str, device: str, model: str, firmware: str) -> tuple[bytes, bytes, bytes]:
    """Ids of gateway and device, and the device as it stands in a reference.

    Its display is model and firmware when it measured; the Device tells what they are now.
    """
    device_id = resource_id(device).encode()
    text = f"{model}, firmware {firmware}" if firmware else model
    display = b',"display":%b' % text_of(text) if model else b""
    return resource_id(gateway).encode(), device_id, b'%b"%b' % (device_id, display)


@lru_cache(maxsize=16_384)
def person_of(citizen: str | None) -> tuple[bytes, bytes]:
    """The subject, and the bare reference (empty for nobody): who measures at home is both."""
    if citizen is None:
        return _NOBODY, b""
    reference = b'{"reference":"Patient/%b"}' % citizen.encode()
    return b',"subject":%b' % reference, reference


def security_of(flags: tuple[str, ...]) -> bytes:
    """The label of test data, for the metadata."""
    if codes.TEST_FLAGS.isdisjoint(flags):
        return b""
    return b',"security":%b' % _encode([{"system": codes.ACT_REASON, "code": "HTEST"}])


def status_of(record: Record, first: bytes) -> bytes:
    """FHIR's status: `first` of a first version, then amended; entered-in-error when withdrawn."""
    if record.withdrawn:
        return b"entered-in-error"
    return first if record.version == 1 else b"amended"


def _extension(url: str, code: str) -> bytes:
    return _encode({"url": url, "valueCode": code})


_UNKNOWN = {"url": codes.DATA_ABSENT_EXTENSION, "valueCode": "unknown"}
_NOBODY = b',"subject":%b' % _encode({"extension": [_UNKNOWN], "display": "ingen (endnu)"})
KIH = {
    (by, place, scheduled): b",".join(
        (
            _extension(codes.TRANSFERRED_BY, by),
            _extension(codes.LOCATION, place),
            _extension(codes.SCHEDULED, "scheduled" if scheduled else "notscheduled"),
        )
    )
    for by, place, scheduled in product(get_args(TransferredBy), get_args(Location), (False, True))
}
"""The three extensions for every combination of what KIH allows."""
CONFLICT = b"," + _encode({"url": codes.CONFLICT, "valueBoolean": True})
