"""Records as a PHMR document.

In: the records of one citizen, who they are, which devices and limits they have. Out: a
`Document`, the same for the same input in whatever order the records come. Called by the exports.

One record is one entry. A panel's components are its observations; a component that the device
does not measure is left out, one that it failed to measure has a null flavour instead of a value.
Where the device says that a value is invalid or not available it is withheld, as in FHIR.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import blake2b

import msgspec

from devices.catalogue import Code, Metric, Panel, device_type, metric
from fhir_mapping.enrolled import Citizen, EnrolledDevice, Limits, Organisation
from fhir_mapping.identity import id_text
from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import (
    Coded,
    Device,
    Document,
    Entry,
    Id,
    Name,
    Observation,
    Party,
    Patient,
    Range,
    Section,
    Telecom,
)
from fhir_mapping.phmr.facts import write_facts
from fhir_mapping.phmr.moments import write_moment
from fhir_mapping.phmr.tree import printable
from fhir_mapping.phmr.values import moved
from fhir_mapping.record import Record
from fhir_mapping.status import Flags

_decode_circumstances = msgspec.json.Decoder(dict[str, str]).decode
_GENDERS = {"female": "F", "male": "M"}


def document_of(
    citizen: Citizen,
    records: Iterable[Record],
    organisation: Organisation,
    devices: Iterable[EnrolledDevice] = (),
    *,
    created_ms: int,
    limits: Sequence[Limits] = (),
) -> Document:
    """The report of these records; its id follows from them and from `created_ms`.

    `devices` says who made what and which serial number it has; only those that measured are
    listed, and one that is not enrolled is listed as it named itself. Of `limits`, each record
    gets those of the citizen that held when it was measured. What was withdrawn is left out: a
    report says what holds, and an earlier one is deprecated as a whole where it is kept.

    ValueError when a record is another citizen's or unassigned, or when two share an id: nobody's
    report may hold what is not his, and a document must not say two things of one measurement.
    """
    ordered = sorted(records, key=lambda record: (record.measured_ms, record.id))
    for record in ordered:
        if record.citizen != citizen.id:
            said = f"record {id_text(record.id)} is of citizen {record.citizen!r}"
            raise ValueError(f"{said}, the document of {citizen.id!r}")
    ordered = [record for record in ordered if not record.withdrawn]
    if len({record.id for record in ordered}) < len(ordered):
        raise ValueError("two of the records share an id")
    offset_min = ordered[-1].offset_min if ordered else 0
    created = write_moment(created_ms, offset_min)
    party = _party(organisation, created)
    own_limits = [limit for limit in limits if limit.citizen == citizen.id]
    times = [write_moment(record.measured_ms, record.offset_min) for record in ordered]
    return Document(
        id=Id(codes.MEDCOM, _document_id(citizen, ordered, created_ms), "MedCom"),
        title=f"Hjemmemonitorering for {citizen.cpr}",
        created=created,
        patient=_patient(citizen),
        author=party,
        custodian=msgspec.structs.replace(party, time=""),
        legal_authenticator=party,
        period=(times[0], times[-1]) if times else (created, created),
        services=tuple(_services(ordered)),
        sections=tuple(_sections(ordered, devices, own_limits)),
    )


def _document_id(citizen: Citizen, records: Sequence[Record], created_ms: int) -> str:
    digest = blake2b(f"{citizen.id}/{created_ms}".encode(), digest_size=16, person=b"hm-phmr")
    for record in records:
        digest.update(record.id + record.version.to_bytes(8, "big"))
    return _uuid(digest.digest())


def _uuid(sixteen: bytes) -> str:
    """These bytes as a UUID of version 8, whose meaning is ours (RFC 9562)."""
    number = int.from_bytes(sixteen, "big") & ~(0xF << 76) & ~(0x3 << 62)
    return id_text((number | 0x8 << 76 | 0x2 << 62).to_bytes(16, "big"))


def _patient(citizen: Citizen) -> Patient:
    born: date = citizen.birth_date
    return Patient(
        ids=(Id(codes.CPR, citizen.cpr, "CPR"), Id(codes.OUR_CITIZEN, citizen.id, codes.OUR_NAME)),
        name=Name((printable(citizen.given),), printable(citizen.family)),
        telecoms=(Telecom(f"tel:{printable(citizen.phone)}", "H"),) if citizen.phone else (),
        gender=_GENDERS[citizen.sex],
        birth=f"{born:%Y%m%d}",
    )


def _party(organisation: Organisation, created: str) -> Party:
    return Party(
        id=Id(codes.SOR, organisation.sor, "SOR"),
        organisation=printable(organisation.name),
        time=created,
    )


def _parts_of(record: Record) -> tuple[Metric, ...]:
    row = record.row
    return tuple(map(metric, row.components)) if isinstance(row, Panel) else (row,)


def _services(records: Iterable[Record]) -> Iterable[Coded]:
    """The codes of all that was measured, in order of first appearance."""
    aliases = dict.fromkeys(
        row.alias
        for record in records
        for row, text in zip(_parts_of(record), record.values, strict=True)
        if _is_said(record, row, text)
    )
    rows = map(metric, aliases)
    return dict.fromkeys(_danish(row, with_system_name=False) for row in rows)


def _is_said(record: Record, row: Metric, text: str | None) -> bool:
    panel = record.row
    return text is not None or not isinstance(panel, Panel) or row.alias in panel.required


def _sections(
    records: Sequence[Record], devices: Iterable[EnrolledDevice], limits: Sequence[Limits]
) -> Iterable[Section]:
    parts: dict[str, list[Entry | Device]] = {kind: [] for kind in codes.SECTIONS}
    for record in records:
        kind = _parts_of(record)[0].phmr_section
        parts[kind].append(_entry(record, limits))
    parts["medical-equipment"] += _equipment(records, devices)
    for kind, (_, title, _) in codes.SECTIONS.items():
        text = title if parts[kind] else f"No {title}"
        yield Section(kind, title, text, tuple(parts[kind]))  # type: ignore[arg-type]


def _entry(record: Record, limits: Sequence[Limits]) -> Entry:
    rows = _parts_of(record)
    observations = [
        _observation(record, row, place, limits)
        for place, row in enumerate(rows)
        if _is_said(record, row, record.values[place])
    ]
    observations[0] = msgspec.structs.replace(
        observations[0],
        comments=(*_comments(record), *observations[0].comments),
        facts=write_facts(record, withheld=record.withheld),
    )
    return Entry(
        ids=(Id(codes.OUR_RECORD, id_text(record.id), codes.OUR_NAME),),
        time=write_moment(record.measured_ms, record.offset_min),
        observations=tuple(observations),
    )


def _observation(record: Record, row: Metric, place: int, limits: Sequence[Limits]) -> Observation:
    absent = record.absent_reason(place)
    text = None if absent else record.values[place]
    own = record.component_flags[place] if record.component_flags else ()
    return Observation(
        ids=(Id(codes.MEDCOM, _observation_id(record, row), "MedCom"),),
        codes=tuple(_codes(row)),
        value=None if text is None else moved(text, row.phmr.shift),
        unit=row.phmr.unit,
        null_flavor=codes.NULL_FLAVOR_OF_REASON[absent or "error"] if text is None else "",
        methods=codes.METHODS_OF[record.transferred_by],
        device=Device(
            ids=(Id(codes.OUR_DEVICE, printable(record.device), codes.OUR_NAME),),
            kind=_kind(record.device_type),
            model=printable(record.model),
            software=printable(record.firmware),
        ),
        ranges=tuple(_ranges(record, row, limits)),
        comments=tuple(_doubts(own)),
    )


def _observation_id(record: Record, row: Metric) -> str:
    """The record's own id, or for a component one that follows from it and the component."""
    if not isinstance(record.row, Panel):
        return id_text(record.id)
    facts = record.id + row.alias.encode()
    return _uuid(blake2b(facts, digest_size=16, person=b"hm-phmr").digest())


def _codes(row: Metric) -> Iterable[Coded]:
    """The Danish code, and the MDC code that tells an oximeter's pulse from a cuff's."""
    yield _danish(row, with_system_name=True)
    if row.mdc and row.mdc_name:
        yield Coded(row.mdc, codes.MDC, row.mdc_name, "MDC Dynamic")


def _danish(row: Metric, *, with_system_name: bool) -> Coded:
    code, system, name = codes.national_code(row)
    return Coded(code, system, row.phmr.name, name if with_system_name else "")


def _kind(mdc: str) -> Coded | None:
    if not mdc:
        return None
    known = device_type(mdc)
    code = Code(known.mdc, known.mdc_name) if known else Code(mdc, "")
    return Coded(printable(code.code), codes.MDC, code.display, "MDC Dynamic")


def _comments(record: Record) -> Iterable[str]:
    """What a clinician elsewhere must see: the device's own doubts, and the circumstances."""
    yield from _doubts(record.flags)
    if record.circumstances:
        for name, said in _decode_circumstances(record.circumstances).items():
            yield printable(f"{name}: {said}")


def _doubts(flags: Flags) -> Iterable[str]:
    return (codes.FLAG_DA.get(flag, printable(flag)) for flag in flags)


def _ranges(record: Record, row: Metric, limits: Sequence[Limits]) -> Iterable[Range]:
    """Where the personal limits in force raise an alarm, in PHMR's unit: one end each.

    A limit from below says `high` (at it or lower), one from above `low` (at it or higher).
    """
    held = [
        limit
        for limit in limits
        if row.alias in codes.METRICS_OF_SIGNAL.get(limit.metric, (limit.metric,))
        and limit.since.timestamp() * 1000 <= record.measured_ms
    ]
    if not held:
        return
    limit = max(held, key=lambda one: one.since)
    for code, low, high in (
        ("RAL", None, limit.low_red),
        ("GAL", None, limit.low_yellow),
        ("GAL", limit.high_yellow, None),
        ("RAL", limit.high_red, None),
    ):
        if low is not None or high is not None:
            ends = [None if end is None else moved(end, row.phmr.shift) for end in (low, high)]
            yield Range(code, ends[0], ends[1], row.phmr.unit)


def _equipment(records: Sequence[Record], devices: Iterable[EnrolledDevice]) -> Iterable[Device]:
    """The devices that measured, by name, each as its latest record knows it."""
    enrolled = {device.id: device for device in devices}
    latest = {record.device: record for record in records}
    for name in sorted(latest):
        record, known = latest[name], enrolled.get(name)
        model = known.model if known else record.model
        code = codes.INSTRUMENTS.get(model)
        kind = _kind(known.type if known else record.device_type)
        own = Id(codes.OUR_DEVICE, printable(name), codes.OUR_NAME)
        medcom = (Id(codes.INSTRUMENT_CODES, code, "MedCom"),) if code else ()
        maker = f"Manufacturer: {(known and known.manufacturer) or 'N/I'} / Model: {model or 'N/I'}"
        serial = f"SerialNr: {(known and known.serial) or 'N/I'}"
        yield Device(
            ids=(*medcom, own),
            kind=kind,
            instrument=Coded(code, codes.INSTRUMENT_CODES, model, "MedCom Instrument Codes")
            if code
            else None,
            model=printable(maker),
            software=printable(f"{serial} / SW Rev. {record.firmware or 'N/I'}"),
        )
