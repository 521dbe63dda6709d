"""A record as a FHIR R4 Observation, in the few microseconds that a page of a thousand allows.

In: a `Record`. Out: compact JSON bytes. Called by the API's searches and the exports. For each
catalogue row one byte template is built at import; rendering fills its slots and does nothing
else. The decimal text goes in as it is: 36.50 stays 36.50.

The shape follows HL7 Denmark core and the HL7 Personal Health Device guide (`codes` says which
profiles are claimed, and why); what KIH asks for and FHIR has no element for stands in extensions
of our own, in KIH's words. Only the first LOINC code of a row is given, as dk-core allows one.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import msgspec

from devices.catalogue import METRICS, OBSERVABLES, Code, Metric, Panel, metric, observed
from fhir_mapping import codes
from fhir_mapping.envelope import (
    CONFLICT,
    KIH,
    identifier,
    person_of,
    security_of,
    source_of,
    status_of,
    text_of,
)
from fhir_mapping.identity import id_text
from fhir_mapping.moment import moment
from fhir_mapping.ranges import InForce, reference_range
from fhir_mapping.record import Record
from fhir_mapping.resources import printable
from fhir_mapping.status import Flags, absent_reason

_encode = msgspec.json.Encoder().encode
_decode_circumstances = msgspec.json.Decoder(dict[str, str]).decode

_SHAPE = b"".join(
    (
        b'{"resourceType":"Observation","id":"%(id)b"',
        b',"meta":{"versionId":"%(version)d","lastUpdated":"%(updated)b"%(profile)b%(security)b}',
        b'%(contained)b,"extension":[{"url":"' + codes.GATEWAY_DEVICE.encode(),
        b'","valueReference":{"reference":"Device/%(gateway)b"}},%(kih)b%(conflict)b%(around)b]',
        b',"identifier":[{"system":"' + codes.MEASUREMENT_IDENTITY.encode(),
        b'","value":%(identifier)b}],"status":"%(status)b"',
        b',"category":@category@,"code":@code@%(subject)b,"effectiveDateTime":"%(measured)b"',
        b',"issued":"%(received)b"%(performer)b%(value)b%(interpretation)b',
        b',"device":{"reference":"Device/%(source)b}%(derived)b%(components)b}',
    )
)
"""The whole Observation: `@…@` is filled once per catalogue row, `%(…)` for each record.
The names are for the reader; they are cut off once, as filling by place is four times as fast."""
NO_LIMITS: InForce = MappingProxyType({})
_NAME = re.compile(rb"%\(\w+\)")
_ABSENT = b'"dataAbsentReason":{"coding":[{"system":"%b","code":"%%b"}]}' % (
    codes.DATA_ABSENT_REASON.encode()
)
_QUANTITY = re.compile(r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?) (\S+)", re.ASCII)
_UCUM_UNITS = frozenset(unit for row in METRICS for unit in row.units)


@dataclass(frozen=True, slots=True)
class _Row:
    """One catalogue row, ready to be filled.

    `values[i]` takes the decimal text of `record.values[i]`, `absent[i]` the reason why there is
    none; both then take the reference ranges. Where `required[i]` is false, a missing value means
    that the device does not measure it.
    """

    template: bytes
    profile: bytes
    key: str
    is_panel: bool
    metrics: tuple[Metric, ...]
    values: tuple[bytes, ...]
    absent: tuple[bytes, ...]
    required: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Flagged:
    """What the device's measurement status adds: fragments, and the reason to withhold values."""

    security: bytes
    interpretation: bytes
    absent: bytes


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """The circumstances as extensions, and a short hash of them for the identifier."""

    extensions: bytes
    mark: str


def render_observation(record: Record, limits: InForce = NO_LIMITS) -> bytes:
    """The Observation of this record: the same bytes in every process, for ever.

    Status is `amended` from version 2 on: FHIR means by it any change since the Observation was
    final, and a version is just that, be it another value, another citizen, or the mark that a
    second value claims the same identity. `final` would promise a reader that what he once
    fetched still stands.

    While the device is assigned to nobody the subject says that it is unknown, as the profiles
    demand one, and nobody is named as performer.

    Values are withheld, with a reason, when the device says that they are invalid or not
    available (HL7 PHD's table of measurement status); of a panel only those components that the
    word stands at, all of them where it is said of the whole act.

    `limits` are the citizen's in force when it was measured (`ranges.in_force`): they are copied
    as reference ranges, so that the range of the time survives with the value.

    `record.values` must hold what `ingest.validate` let through: they are not escaped.
    """
    row = _ROWS[record.about]
    offset_min = record.offset_min
    received = updated = moment(record.received_ms, 0)
    if record.updated_ms > record.received_ms:
        updated = moment(record.updated_ms, 0)
    gateway, device, source = source_of(
        record.gateway, record.device, record.model, record.firmware
    )
    subject, person = person_of(record.citizen)
    flagged = _flags(record.flags)
    value, components = _value(row, record, limits)
    around = _circumstances(record.circumstances) if record.circumstances else None
    has_clock = record.clock_device_ms is not None and record.clock_gateway_ms is not None
    return row.template % (
        id_text(record.id).encode(),
        record.version,
        updated,
        row.profile,
        flagged.security,
        _clock(record, device, gateway) if has_clock else b"",
        gateway,
        KIH[record.transferred_by, record.location, record.scheduled],
        CONFLICT if record.conflict else b"",
        around.extensions if around else b"",
        identifier(record, row.key, around.mark if around else ""),
        status_of(record, b"final"),
        subject,
        moment(record.measured_ms, offset_min),
        received,
        b',"performer":[%b]' % person if person else b"",
        value,
        flagged.interpretation,
        source,
        b',"derivedFrom":[{"reference":"#clock"}]' if has_clock else b"",
        b',"component":[%b]' % b",".join(components) if components else b"",
    )


def _value(row: _Row, record: Record, limits: InForce) -> tuple[bytes, tuple[bytes, ...]]:
    """The value of a single metric, or the components of a panel; each may be withheld.

    A component that the device measures but had no value of says so; one that it does not measure
    is left out.
    """
    parts = []
    for place, text in enumerate(record.values):
        own = record.component_flags[place] if record.component_flags else ()
        rest = _interpretation(own) if own else b""
        if limits:
            rest += _ranges(row.metrics[place], limits)
        reason = _flags(record.flags_at(place)).absent
        if text is not None and not reason:
            parts.append(row.values[place] % (text.encode(), rest))
        elif text is not None or row.required[place] or own:
            parts.append(row.absent[place] % (reason or b"error", rest))
    return (b"", tuple(parts)) if row.is_panel else (parts[0], ())


def _ranges(row: Metric, limits: InForce) -> bytes:
    held = limits.get((row.limits_of, False))
    relative = limits.get((row.limits_of, True))
    return reference_range(held, relative, row.alias) if held or relative else b""


@lru_cache(maxsize=256)
def _flags(flags: Flags) -> _Flagged:
    """HL7 PHD's table: each flag a label, an interpretation, or a reason for no value."""
    return _Flagged(
        security_of(flags),
        _interpretation(tuple(flag for flag in flags if flag not in codes.TEST_FLAGS)),
        absent_reason(flags).encode(),
    )


_system_of = codes.SYSTEM_OF_FLAG.get


@lru_cache(maxsize=256)
def _interpretation(flags: Flags) -> bytes:
    """Flags as interpretations. Test data have a label of the whole resource, and only where one
    component alone is such, an interpretation there."""
    said = [
        {"coding": [{"system": _system_of(flag, codes.MEASUREMENT_STATUS), "code": code}]}
        for flag in flags
        if (
            code := codes.INTERPRETATION_OF_FLAG.get(flag, flag if flag in codes.TEST_FLAGS else "")
        )
    ]
    return b',"interpretation":%b' % _encode(said) if said else b""


@lru_cache(maxsize=1024)
def _circumstances(json: str) -> _Circumstances:
    """One extension per circumstance, in the record's (sorted) order.

    An empty one has a name and no value. "2.0 L/min" is a Quantity; its unit gets a UCUM code
    where the catalogue knows it as one. They are no components, since R4's vital-signs profile
    wants a unit of its own list as the value of each of those.
    """
    facts = _decode_circumstances(json)
    mark = blake2b(json.encode(), digest_size=4).hexdigest()
    said = (_circumstance(name, text) for name, text in facts.items())
    return _Circumstances(b"".join(b",%b" % extension for extension in said), mark)


def _circumstance(name: str, said: str) -> bytes:
    parts = b'{"url":"name","valueString":%b}' % text_of(name)
    quantity = _QUANTITY.fullmatch(said)
    if quantity:
        number, unit = quantity.groups()
        ucum = b',"system":%b,"code":%b' % (_encode(codes.UCUM), _encode(unit))
        value = b'"value":%b,"unit":%b%b' % (
            number.encode(),
            text_of(unit),
            ucum if unit in _UCUM_UNITS else b"",
        )
        parts += b',{"url":"value","valueQuantity":{%b}}' % value
    elif said.strip():
        parts += b',{"url":"value","valueString":%b}' % text_of(said)
    return b'{"url":%b,"extension":[%b]}' % (_encode(codes.CIRCUMSTANCE), parts)


def _clock(record: Record, device: bytes, gateway: bytes) -> bytes:
    """The device's clock and the gateway's at one moment, by which the time was corrected.

    As HL7 PHD's coincident time stamp: `effective` is the gateway's clock, `value` the device's.
    FHIR wants a zone with any time of day; the device knows none, and gets the local one.
    """
    assert record.clock_device_ms is not None
    assert record.clock_gateway_ms is not None
    offset_min = record.offset_min
    return _CLOCK % (
        device,
        moment(record.clock_gateway_ms, offset_min),
        moment(record.clock_device_ms - offset_min * 60_000, offset_min),
        gateway,
        _clock_sync(record.clock_sync),
    )


@lru_cache(maxsize=64)
def _clock_sync(word: str) -> bytes:
    if not word.strip():
        return b""
    value: dict[str, Any] = {"text": printable(word)}
    if word in codes.CLOCK_SYNC_METHODS:
        value = {"coding": [_coding(codes.MDC, codes.CLOCK_SYNC_METHODS[word])], **value}
    code = {"coding": [_coding(codes.MDC, codes.CLOCK_SYNC)], "text": "Clock synchronisation"}
    return b',"component":%b' % _encode([{"code": code, "valueCodeableConcept": value}])


def _row(alias: str) -> _Row:
    """The templates of one catalogue row."""
    row = observed(alias)
    parts = [metric(part) for part in row.components] if isinstance(row, Panel) else [row]
    values = tuple(_quantity(part) for part in parts)
    absent = (_ABSENT,) * len(parts)
    if isinstance(row, Panel):
        heads = tuple(b'{"code":' + _constant(_code(part)) + b"," for part in parts)
        values = tuple(head + value + b"%b}" for head, value in zip(heads, values, strict=True))
        absent = tuple(head + value + b"%b}" for head, value in zip(heads, absent, strict=True))
    else:
        values, absent = (b"," + values[0] + b"%b",), (b"," + absent[0] + b"%b",)
    category = Code(row.category, codes.CATEGORY_DISPLAY[row.category])
    categories = [
        {"coding": [_coding(codes.OBSERVATION_CATEGORY, category)]},
        {"coding": [_coding(codes.PHD_CATEGORY, codes.PHD_OBSERVATION)]},
    ]
    shape = _SHAPE.replace(b"@category@", _constant(categories))
    shape = shape.replace(b"@code@", _constant(_code(row)))
    return _Row(
        template=_NAME.sub(b"%", shape),
        profile=b',"profile":' + _encode(codes.PROFILES[row.category]),
        key=row.key,
        is_panel=isinstance(row, Panel),
        metrics=tuple(parts),
        values=values,
        absent=absent,
        required=tuple(not isinstance(row, Panel) or p.alias in row.required for p in parts),
    )


def _code(row: Metric | Panel) -> dict[str, Any]:
    """LOINC, MDC and the Danish code, in that order, as far as the row has them."""
    coding = [_coding(codes.LOINC, code) for code in row.loinc[:1]]
    if row.mdc and row.mdc_name:
        coding.append(_coding(codes.MDC, Code(row.mdc, row.mdc_name)))
    if isinstance(row, Metric) and row.danish.code:
        coding.append(_coding(row.danish_system, row.danish))
    return {"coding": coding, "text": row.name_da}


def _quantity(row: Metric) -> bytes:
    rest = {"unit": row.unit_text, "system": codes.UCUM, "code": row.ucum}
    return b'"valueQuantity":{"value":%b,' + _constant(rest)[1:]


def _constant(value: Any) -> bytes:
    """JSON inside a template, where a per cent sign must be doubled."""
    return _encode(value).replace(b"%", b"%%")


def _coding(system: str, code: Code) -> dict[str, str]:
    return {"system": system, "code": code.code, "display": code.display}


_ROWS = {alias: _row(alias) for alias in OBSERVABLES}
_CLOCK = b"".join(
    (
        b',"contained":[{"resourceType":"Observation","id":"clock"',
        b',"meta":{"profile":["' + codes.COINCIDENT_TIME_STAMP.encode() + b'"]}',
        b',"status":"final","code":',
        _constant({"coding": [_coding(codes.MDC, codes.DEVICE_CLOCK)], "text": "Device clock"}),
        b',"subject":{"reference":"Device/%b"},"effectiveDateTime":"%b","valueDateTime":"%b"',
        b',"device":{"reference":"Device/%b"}%b}]',
    )
)
