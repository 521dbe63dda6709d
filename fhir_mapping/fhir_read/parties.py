"""Who takes part: the resources that an Observation refers to, in its Bundle or contained in it.

In: references. Out: the name of a device or gateway, what a Device says of itself, and the
subject. A reference is resolved as FHIR resolves it in a Bundle: by `fullUrl`, relative ones
against the base of the referring entry, and else by type and id where that is unique.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

import msgspec

from devices.admission import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Window, window_at
from devices.catalogue import DeviceType, device_type
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import (
    REFERENCE_CHARACTERS_MAX,
    Note,
    Refusal,
    Source,
)
from fhir_mapping.fhir_read.shapes import (
    Device,
    Identifier,
    Observation,
    Reference,
    decode_device,
    decode_head,
    decode_observation,
    decode_patient,
)
from fhir_mapping.fhir_read.terms import has_code
from fhir_mapping.resources import resource_id

X_ECPR: Final = "urn:oid:1.2.208.176.1.6.1.1"
PERSONS: Final = frozenset({codes.CPR, X_ECPR, "urn:oid:1.2.208.176.1.6.1.3"})
"""Civil registration numbers, and what replaces them: personal data that names nothing else."""
FIRMWARE: Final = "531976"
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_HISTORY: Final = re.compile(r"/_history/[^/]*$")


class Neighbour(msgspec.Struct):
    """One resource of the payload; `used` once an Observation has referred to it."""

    path: str
    full_url: str
    kind: str
    id: str
    raw: msgspec.Raw
    used: bool = False


class Neighbours:
    """The resources of one Bundle, found by what a reference may say."""

    def __init__(self, resources: Iterable[Neighbour]) -> None:
        self.resources = list(resources)
        self._by_url: dict[str, Neighbour] = {}
        self._by_id: dict[str, Neighbour | None] = {}
        for one in self.resources:
            if one.full_url:
                self._by_url.setdefault(one.full_url, one)
            if one.id:
                key = f"{one.kind}/{one.id}"
                self._by_id[key] = None if key in self._by_id else one

    def find(self, reference: str, full_url: str, bases: Iterable[str] = ()) -> Neighbour | None:
        """What an entry with this `full_url` means by the reference; None if it is elsewhere.

        A relative one is looked for at the base of the entry, and at those of our own server.
        """
        plain = _HISTORY.sub("", reference)
        found = self._by_url.get(plain)
        if "://" not in plain:
            own = (self._by_url.get(f"{base.rstrip('/')}/{plain}") for base in bases)
            found = found or next(filter(None, own), None)
        if found is None and "://" not in plain and full_url.count("/") > 2:
            found = self._by_url.get(f"{full_url.rsplit('/', 2)[0]}/{plain}")
        return found or self._by_id.get(plain)


class Context(msgspec.Struct):
    """Where an Observation stands: all that its reading needs beside itself."""

    path: str
    full_url: str
    received_ms: int
    source: Source
    neighbours: Neighbours
    notes: list[Note]
    contained: dict[str, Neighbour] = {}

    @property
    def window(self) -> Window:
        """What can have been measured, and where the clocks hang."""
        return window_at(self.received_ms, zone=self.source.zone)

    def find(self, reference: str) -> Neighbour | None:
        """The resource that is meant, marked as used."""
        if reference.startswith("#"):
            found = self.contained.get(reference[1:])
        else:
            found = self.neighbours.find(reference, self.full_url, self.source.bases)
        if found is not None:
            found.used = True
        return found

    def open(self, observation: Observation) -> None:
        """Make the resources contained in this Observation known."""
        for place, raw in enumerate(observation.contained):
            path = f"{self.path}.contained[{place}]"
            try:
                head = decode_head(raw)
            except UNREADABLE:
                self.notes.append(Note(path, "it cannot be read"))
                continue
            self.contained[head.id] = Neighbour(path, "", head.resource_type, head.id, raw)

    def close(self) -> None:
        """Note what was contained and not needed."""
        for one in self.contained.values():
            if not one.used:
                self.notes.append(Note(one.path, f"a contained {one.kind[:64]} that was not used"))


class Party(msgspec.Struct, frozen=True, gc=False):
    """A device or gateway: its name on the wire (empty: it has none), and its Device, if there."""

    name: str
    device: Device | None = None

    @property
    def kinds(self) -> tuple[DeviceType, ...]:
        """The device specialisations of the catalogue that it says it follows."""
        if self.device is None:
            return ()
        concepts = [one.system_type for one in self.device.specialization]
        concepts.append(self.device.type)
        codings = [coding for concept in concepts for coding in concept.coding]
        rows = [device_type(one.code) for one in codings if one.system == codes.MDC]
        return tuple(dict.fromkeys(row for row in rows if row is not None and row.metrics))

    @property
    def model(self) -> str:
        """Its model, else its first name."""
        if self.device is None:
            return ""
        names = [one.name for one in self.device.device_name]
        return (self.device.model_number.strip() or next(iter(names), ""))[:TEXT_CHARACTERS_MAX]

    @property
    def firmware(self) -> str:
        """Its firmware version (MDC 531976)."""
        versions = self.device.version if self.device else []
        found = (one.value for one in versions if has_code(one.type, codes.MDC, FIRMWARE))
        return next(found, "")[:TEXT_CHARACTERS_MAX]


def resolved(reference: Reference, path: str, context: Context) -> Reference:
    """The reference as it is meant here: one to our own server is relative, and a conditional one
    is the identifier that it asks for. Raises `Refusal` for any other condition.
    """
    literal = _HISTORY.sub("", reference.reference)
    for base in context.source.bases:
        literal = literal.removeprefix(f"{base.rstrip('/')}/")
    if "?" not in literal:
        return msgspec.structs.replace(reference, reference=literal)
    kind, _, query = literal.partition("?")
    name, _, token = query.partition("=")
    system, _, value = unquote(token).partition("|")
    if name != "identifier" or not system or not value or "&" in token:
        detail = f"{literal[:80]!r}: of conditions ?identifier=system|value is taken, no other"
        raise Refusal("field-value", f"{path}.reference", detail)
    return Reference(
        type=kind.rpartition("/")[2],
        identifier=Identifier(system, value),
        display=reference.display,
    )


def party_of(reference: Reference, path: str, context: Context) -> Party:
    """The device or gateway meant, named so that the same one always gets the same name.

    The name is our own where the payload has it, else the EUI-64 or Bluetooth address in bare
    hex digits, else the reference: relative as its id, absolute as a whole (`resource_id` makes
    it fit). A reference that means something in this payload only needs another identifier.
    """
    reference = resolved(reference, path, context)
    device = _device(reference, path, context)
    identifiers = list(device.identifier) if device else []
    if reference.identifier is not None:
        identifiers.append(reference.identifier)
    named = {one.system: one.value for one in reversed(identifiers) if one.value.strip()}
    own = named.get(codes.DEVICE_IDENTITY)
    if own:
        return Party(_wire_name(own), device)
    for system in (codes.EUI64, codes.BLUETOOTH_ADDRESS):
        if system in named:
            return Party(_wire_name(re.sub("[:-]", "", named[system]).upper()), device)
    literal = reference.reference
    if literal and not literal.startswith(("#", "urn:")):
        tail = literal if "://" in literal else literal.rpartition("/")[2]
        return Party(_wire_name(tail), device)
    other = next((one.value for one in identifiers if one.value.strip()), "")
    other = other or (device.serial_number if device else "")
    if literal and not other.strip():
        detail = f"{literal[:80]!r} names no Device with an identifier in the payload"
        raise Refusal("field-value", f"{path}.reference", detail)
    return Party(_wire_name(other), device)


def subject_of(observation: Observation, context: Context) -> str | None:
    """Who the Observation is about, as `Found.subject` says it; a Patient or nobody."""
    path = f"{context.path}.subject"
    subject = observation.subject
    if subject is None:
        return None
    subject = resolved(subject, path, context)
    literal = subject.reference
    found = context.find(literal) if literal else None
    kind = found.kind if found else kind_of(literal) or subject.type
    if kind not in {"", "Patient"}:
        detail = f"the Observation is about a {kind[:32]}, not a Patient"
        raise Refusal("field-value", f"{path}.reference", detail)
    identifiers = [] if found is None else _identifiers(found, context)
    if subject.identifier is not None:
        identifiers.append(subject.identifier)
    identifiers = [one for one in identifiers if one.value.strip()]
    identifiers.sort(key=lambda one: one.system not in PERSONS)
    is_local = literal.startswith(("#", "urn:")) or not literal
    if identifiers and (is_local or identifiers[0].system in PERSONS):
        literal = f"{identifiers[0].system}|{identifiers[0].value}"
    elif is_local and literal:
        detail = f"{literal[:80]!r} names no Patient with an identifier in the payload"
        raise Refusal("field-value", f"{path}.reference", detail)
    if len(literal) > REFERENCE_CHARACTERS_MAX:
        detail = f"it is longer than {REFERENCE_CHARACTERS_MAX} characters"
        raise Refusal("field-value", path, detail)
    return literal or None


def clock_of(reference: str, context: Context) -> Observation | None:
    """The Observation that is referred to, if it is in the payload; it may be no clock."""
    found = context.find(reference)
    if found is None or found.kind != "Observation":
        return None
    try:
        return decode_observation(found.raw)
    except UNREADABLE:
        context.notes.append(Note(found.path, "it is referred to, but cannot be read"))
        return None


def _device(reference: Reference, path: str, context: Context) -> Device | None:
    found = context.find(reference.reference) if reference.reference else None
    kind = found.kind if found else kind_of(reference.reference) or reference.type
    if kind not in {"", "Device", "DeviceMetric"}:
        detail = f"it refers to a {kind[:32]}, not a Device"
        raise Refusal("field-value", f"{path}.reference", detail)
    if found is None or kind != "Device":
        return None
    try:
        return decode_device(found.raw)
    except UNREADABLE:
        context.notes.append(Note(found.path, "the Device cannot be read; its reference was taken"))
        return None


def _identifiers(found: Neighbour, context: Context) -> list[Identifier]:
    try:
        return list(decode_patient(found.raw).identifier)
    except UNREADABLE:
        context.notes.append(
            Note(found.path, "the Patient cannot be read; its reference was taken")
        )
        return []


def kind_of(literal: str) -> str:
    """The resource type that a literal reference names, empty where it names none.

    >>> kind_of("Patient/7"), kind_of("https://other.example/fhir/Device/7/_history/1")
    ('Patient', 'Device')
    """
    if literal.startswith(("#", "urn:")):
        return ""
    parts = _HISTORY.sub("", literal).split("/")
    return parts[-2] if len(parts) > 1 else ""


def _wire_name(text: str) -> str:
    """A name that a topic can hold, unchanged wherever it can."""
    name = text.strip()
    if not name:
        return ""
    fits = len(name) <= NAME_CHARACTERS_MAX and name.isprintable() and not set(name) & set("/+#")
    return name if fits else resource_id(name)
