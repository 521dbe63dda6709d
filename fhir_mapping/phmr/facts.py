"""What a record knows and CDA has no place for, as one readable text.

In: a `Record`. Out: JSON text in an act of the code `record` of our own code system, at the first
observation of each entry. Another system may show it, keep it or drop it: what was measured, when
and how is said in CDA's own elements, which are also what we read it from. The facts are the
device and its clock, the home, the plan, and the record's place in the store it came from.

`values` is there only when a value is withheld because the device says that it is invalid: a
reader elsewhere must not take it for a measurement, and we must not lose it.
"""

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec

from devices.wire import PARTS, Location, LongText, ShortText, StatusFlag
from fhir_mapping.record import Record

_Hex = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
_LocalTime = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}")]
_Text = Annotated[str, msgspec.Meta(max_length=64)]
_NOT_XML = re.compile("[\\ufffe\\uffff]")


class Facts(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The facts of one record; names are those of `fhir_mapping.record.Record`."""

    identity: _Hex
    device: ShortText
    device_type: _Text
    gateway: ShortText
    part: Annotated[int, msgspec.Meta(ge=0, lt=PARTS)]
    slot: Annotated[int, msgspec.Meta(ge=1, le=99)]
    device_time: _LocalTime
    location: Location
    clock_sync: _Text = ""
    boot: LongText = ""
    model: LongText = ""
    firmware: LongText = ""
    clock_device_ms: int | None = None
    clock_gateway_ms: int | None = None
    circumstances: str = ""
    flags: tuple[StatusFlag, ...] = ()
    component_flags: tuple[tuple[StatusFlag, ...], ...] = ()
    seq: int = 0
    version: Annotated[int, msgspec.Meta(ge=1)] = 1
    received_ms: int = 0
    scheduled: bool = False
    conflict: bool = False
    values: tuple[str | None, ...] | None = None


_SHARED = tuple(name for name in Facts.__struct_fields__ if name not in ("identity", "values"))
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Facts).decode
_decode_circumstances = msgspec.json.Decoder(dict[str, str]).decode


def write_facts(record: Record, *, withheld: bool) -> str:
    """The facts of a record as JSON, in letters that XML allows."""
    facts = Facts(
        identity=record.identity.hex(),
        values=record.values if withheld else None,
        **{name: getattr(record, name) for name in _SHARED},
    )
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", _encode(facts).decode())


def read_facts(text: str) -> Facts | str:
    """The facts in this text, or the sentence that says why it holds none."""
    try:
        facts = _decode(text)
        if facts.circumstances:
            _decode_circumstances(facts.circumstances)
        datetime.fromisoformat(facts.device_time)
    except (msgspec.DecodeError, ValueError) as error:
        return str(error)
    return facts


def fields_of(facts: Facts) -> dict[str, Any]:
    """The fields of a record that come from its facts."""
    shared = {name: getattr(facts, name) for name in _SHARED}
    return {"identity": bytes.fromhex(facts.identity), **shared}
