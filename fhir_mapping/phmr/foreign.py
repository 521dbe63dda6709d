"""What another system wrote as PHMR, value by value, by the mapping that `recover` documents."""

from collections.abc import Iterable

import msgspec

from devices.admission import Instant
from devices.catalogue import metric
from fhir_mapping import annotations
from fhir_mapping.foreign import Instrument, Stated
from fhir_mapping.national import named_types
from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Device, Entry, Observation, Range, Refusal
from fhir_mapping.phmr.measured import not_measured, rows_of, text_of, transfer_of

GATEWAY = "phmr"
"""The gateway of every record from elsewhere: no box in a home, but a document."""
NULLIFIED = "nullified"
_TAKEN = frozenset({"", "completed", NULLIFIED})
_NEVER_MADE = frozenset({"aborted", "cancelled", "held", "new", "obsolete", "suspended"})
"""States of an organizer (HL7 ActStatus) in which nothing in it counts."""
_BY_PROFESSIONAL = "PNT"


class Where(msgspec.Struct, frozen=True):
    """Where an observation stands: its number and its entry's in the document, time and path."""

    place: int
    cluster: int
    instant: Instant
    path: str


def stated_of(
    observation: Observation, entry: Entry, where: Where, devices: list[Device]
) -> Stated | Refusal:
    """One observation as a value, or the first thing about it that cannot be taken."""
    path, status = where.path, observation.status.lower()
    if entry.status.lower() in _NEVER_MADE:
        limit = "completed or nullified is taken"
        return Refusal(f"{path}/ancestor::organizer/statusCode/@code", entry.status, limit)
    if status not in _TAKEN:
        limit = "completed or nullified is taken"
        return Refusal(f"{path}/statusCode/@code", observation.status, limit)
    aliases = not_measured(entry.mood, observation, path) or rows_of(observation, path)
    if isinstance(aliases, Refusal):
        return aliases
    withdrawn = NULLIFIED in (status, entry.status.lower())
    text = text_of(observation, metric(aliases[0]), path)
    if isinstance(text, Refusal):
        if not withdrawn:
            return text
        text = None
    device = observation.device or _only_one(devices, aliases[0])
    transferred_by = transfer_of(observation.methods, _unsaid(observation, device), path)
    if isinstance(transferred_by, Refusal):
        return transferred_by
    flavor = observation.null_flavor
    return Stated(
        place=where.place,
        path=path,
        code=" ".join(one.code for one in observation.codes),
        aliases=aliases,
        text=text,
        flags=(codes.FLAG_OF_NULL_FLAVOR.get(flavor, "invalid"),) if flavor else (),
        instrument=Instrument(_name(device), tuple(_kinds(device)), device.model, device.software),
        instant=where.instant,
        transferred_by=transferred_by,
        said=_said(observation),
        cluster=where.cluster,
        withdrawn=withdrawn,
    )


def _unsaid(observation: Observation, device: Device) -> str:
    """How a value was transferred where no method says it: by whoever there is."""
    if _name(device):
        return "automatic"
    return "typedbyhcprof" if _BY_PROFESSIONAL in observation.methods else "typed"


def _only_one(devices: list[Device], alias: str) -> Device:
    """The only device that can have measured this; one without a name where there are several."""
    if len(devices) > 1:
        devices = [one for one in devices if named_types(_kinds(one), frozenset({alias}))]
    return devices[0] if len(devices) == 1 else Device(ids=())


def _kinds(device: Device) -> list[str]:
    """What a document says a device is: an MDC specialisation, a MedCom instrument, or both."""
    said = [device.kind.code] if device.kind and device.kind.system == codes.MDC else []
    if device.instrument:
        said.append(device.instrument.code)
    return said + [one.extension for one in device.ids if one.root == codes.INSTRUMENT_CODES]


def _name(device: Device) -> str:
    """The device's number: MedCom's, as KIH has it, else its own; else its model."""
    instrument = [one.extension for one in device.ids if one.root == codes.INSTRUMENT_CODES]
    own = [one.extension or one.root for one in device.ids]
    named = [device.instrument.code] if device.instrument else []
    return next(filter(None, (*instrument, *own, *named, device.model.strip())), "")


def _said(observation: Observation) -> dict[str, str]:
    """What an observation says beside its value, by the names that annotations have."""
    methods = observation.methods
    said = {
        annotations.COMMENT: "\n".join(dict.fromkeys(filter(None, observation.comments))),
        annotations.METHODS: "" if methods in codes.METHODS_OF.values() else " ".join(methods),
        annotations.BODY_SITE: observation.site,
        annotations.ABNORMAL: " ".join(observation.marks),
        annotations.PERFORMER: observation.performer,
        annotations.SOURCE: next((one.extension for one in observation.ids if one.extension), ""),
        **_ranges(observation.ranges),
    }
    return {name: text for name, text in said.items() if text}


def _ranges(ranges: Iterable[Range]) -> dict[str, str]:
    """The sender's limits: of an alarm as one text, a plain range as KIH has it."""
    said: dict[str, str] = {}
    for one in ranges:
        if one.code in (annotations.RED, annotations.YELLOW):
            text = f"{one.low or ''}..{one.high or ''} {one.unit}".strip()
            said[one.code] = "; ".join(filter(None, (said.get(one.code, ""), text)))
        else:
            said |= {annotations.MINIMUM: one.low or "", annotations.MAXIMUM: one.high or ""}
    return said
