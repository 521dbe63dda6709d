"""Records from an entry that another system wrote, by the mapping that `recover` documents."""

from hashlib import blake2b

import msgspec

from devices.admission import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, panel_fault
from devices.catalogue import observed
from devices.wire import part_of
from fhir_mapping.identity import (
    fingerprint,
    identity_of,
    observation_id,
    observation_mark,
)
from fhir_mapping.national import named_types, type_of
from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Device, Document, Entry, Id, Observation, Refusal
from fhir_mapping.phmr.measured import Measured, read_measured, refused_values
from fhir_mapping.phmr.moments import local_text
from fhir_mapping.record import Record
from fhir_mapping.status import Flags, shared_and_own

GATEWAY = "phmr"
"""The gateway of every record from elsewhere: no box in a home, but a document."""

_encode = msgspec.json.Encoder(order="sorted").encode


def foreign_records(
    document: Document,
    entry: Entry,
    panels: frozenset[str],
    time: tuple[int, int],
    path: str,
    devices: list[Device],
) -> list[Record | Refusal]:
    """One record for each panel and each metric outside one, in order of first appearance."""
    groups: dict[str, list[tuple[Observation, Measured]]] = {}
    found: list[Record | Refusal] = []
    for number, observation in enumerate(entry.observations, 1):
        item = read_measured(observation, panels, f"{path}/component[{number}]/observation")
        if isinstance(item, Refusal):
            found.append(item)
            continue
        key = item.about if item.row.panel else f"{item.about}/{number}"
        groups.setdefault(key, []).append((observation, item))
    records = (_record(document, group, time, path, devices) for group in groups.values())
    return [*found, *records]


def _record(
    document: Document,
    group: list[tuple[Observation, Measured]],
    time: tuple[int, int],
    path: str,
    devices: list[Device],
) -> Record | Refusal:
    first, measured = group[0]
    values = _values([item for _, item in group], path)
    if isinstance(values, Refusal):
        return values
    device = first.device or _only_one(devices, measured.row.alias)
    device_time = local_text(*time)
    row = observed(measured.about)
    circumstances = _circumstances([observation for observation, _ in group])
    boot = _boot(document.id, first.ids)
    mark = fingerprint(_name(device), 1, boot, device_time, row.key, circumstances, "")
    flags, component_flags = _flags(group)
    kind = type_of(_kinds(device), frozenset(item.row.alias for _, item in group))
    return Record(
        identity=identity_of(time[0] // 1000 * 1000 + time[1] * 60_000, mark),
        id=observation_id(time[0], observation_mark(_name(device), 1, row.key, circumstances, "")),
        about=measured.about,
        values=values,
        measured_ms=time[0],
        offset_min=time[1],
        device_time=device_time,
        part=part_of(GATEWAY),
        gateway=GATEWAY,
        device=_name(device),
        device_type=kind.mdc,
        model=device.model[:TEXT_CHARACTERS_MAX],
        firmware=device.software[:TEXT_CHARACTERS_MAX],
        slot=1,
        boot=boot,
        transferred_by=measured.transferred_by,
        location="home",
        clock_sync="unknown",
        clock_device_ms=None,
        clock_gateway_ms=None,
        circumstances=circumstances,
        flags=flags,
        component_flags=component_flags,
    )


def _values(group: list[Measured], path: str) -> tuple[str | None, ...] | Refusal:
    """The values in catalogue order; a panel needs what it requires, each once, one way."""
    texts = {item.row.alias: item.text for item in group}
    row = observed(group[0].about)
    if len(texts) < len(group):
        return Refusal(
            f"{path}/component", row.alias, "each of its metrics stands once", "code-repeated"
        )
    wrong = panel_fault(texts)
    if wrong is not None:
        return Refusal.by(wrong, f"{path}/component")
    if len({item.methods for item in group}) > 1:
        said = " / ".join(" ".join(item.methods) for item in group)
        return Refusal(f"{path}//methodCode", said, f"one way for all of {row.alias}")
    values = tuple(texts.get(alias) for alias in group[0].aliases)
    return refused_values(row.alias, values, path) or values


def _boot(document: Id, ids: tuple[Id, ...]) -> str:
    """What tells this measurement from others of the device at the second: document and id."""
    text = "/".join(one.extension or one.root for one in (document, *ids[:1]))
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    return blake2b(text.encode(), digest_size=16, person=b"hm-phmr").hexdigest()


def _kinds(device: Device) -> list[str]:
    """What a document says a device is: an MDC specialisation, a MedCom instrument, or both."""
    said = [device.kind.code] if device.kind and device.kind.system == codes.MDC else []
    if device.instrument:
        said.append(device.instrument.code)
    return said + [one.extension for one in device.ids if one.root == codes.INSTRUMENT_CODES]


def _only_one(devices: list[Device], alias: str) -> Device:
    """The only device that can have measured this; one without a name where there are several."""
    if len(devices) > 1:
        devices = [one for one in devices if named_types(_kinds(one), frozenset({alias}))]
    return devices[0] if len(devices) == 1 else Device(ids=())


def _name(device: Device) -> str:
    """The device's number as the document gives it; `unknown` when it names none."""
    first = device.ids[0] if device.ids else Id("", "unknown")
    return (first.extension or first.root or "unknown")[:NAME_CHARACTERS_MAX]


def _circumstances(group: list[Observation]) -> str:
    """Comments, and how it was measured where the three words of KIH do not say it."""
    said = {}
    comments = [text for observation in group for text in observation.comments if text]
    if comments:
        said["comment"] = "\n".join(dict.fromkeys(comments))
    methods = group[0].methods
    if methods not in codes.METHODS_OF.values():
        said["methods"] = " ".join(methods)
    return _encode(said).decode() if said else ""


def _flags(group: list[tuple[Observation, Measured]]) -> tuple[Flags, tuple[Flags, ...]]:
    """What the null flavours say of the whole measurement, and of each component beside that."""
    sent: dict[str, Flags] = {}
    for observation, item in group:
        flavor = observation.null_flavor
        flags = (codes.FLAG_OF_NULL_FLAVOR.get(flavor, "invalid"),) if flavor else ()
        sent[item.row.alias] = flags
    return shared_and_own([sent.get(alias) for alias in group[0][1].aliases])
