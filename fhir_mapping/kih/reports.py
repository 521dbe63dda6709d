"""Records as KIH reports: one per value, a blood pressure as two or three.

In: records, the citizen and the organisation that answers for them. Out: `LaboratoryReport`s, or
the whole dataset. What the schema has an element for stands there; all else stands in
MeasuringCircumstances (`circumstances`), so that `records` gives the same records back.

What cannot travel: `seq`, a number of the store, and `citizen`, its key (the CPR number names
him). The observation id stays the same when a value is amended, and so does the report's: the old
report must be deleted from the KIH database before the new one is created there.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

import msgspec

from devices.catalogue import Metric, Panel, device_type, metric
from devices.wire import part_of
from fhir_mapping import codes, enrolled
from fhir_mapping.identity import id_text
from fhir_mapping.kih.circumstances import tell
from fhir_mapping.kih.dataset import (
    Citizen,
    CitizenMonitoringDataset,
    Instrument,
    LaboratoryReport,
    PersonName,
    Producer,
    Sample,
)
from fhir_mapping.record import Record
from fhir_mapping.status import status_text

NO_RESULT = "Ingen gyldig måling"
"""ResultText of a measurement that failed, or that the device itself calls invalid."""
NATIONAL_SAMPLE = "9999999999"
"""NationalSampleIdentifier where no laboratory has a number for the sample (OpenTele)."""
BY_PATIENT = Producer("Patient målt", "POT")
BY_PROFESSIONAL = Producer("Målt af aut. sundhedsperson", "PNT")
"""Identifier and code of the two producers; the second's text is that of MedCom's code PNT."""
OFFSET_MIN_MAX = 14 * 60
"""Widest offset that a date and time of XML Schema can say, minutes."""

_EPOCH = datetime.fromisoformat("1970-01-01")
_MOBILE = re.compile(r"(?:\+45|0045)?([0-9]{8})", re.ASCII)
_decode_said = msgspec.json.Decoder(dict[str, str]).decode


class Fact:
    """Names of the facts in MeasuringCircumstances; in Danish, as people read them there."""

    ID = "Måling"
    CODE = "Kode"
    DEVICE = "Enhed"
    GATEWAY = "Gateway"
    PART = "Del"
    SLOT = "Plads"
    BOOT = "Opstart"
    DEVICE_TIME = "Enhedens tid"
    OFFSET = "Tidszone, minutter"
    RECEIVED = "Modtaget"
    CLOCK_SYNC = "Urets indstilling"
    CLOCK_DEVICE = "Enhedens ur"
    CLOCK_GATEWAY = "Gatewayens ur"
    FLAGS = "Status"
    VERSION = "Version"
    CONFLICT = "Modstridende"
    DEVICE_TYPE = "Enhedstype"
    MODEL = "Model"
    FIRMWARE = "Programversion"
    VALUE = "Værdi"


def dataset_of(
    citizen: enrolled.Citizen,
    records: Iterable[Record],
    organisation: enrolled.Organisation,
    devices: Mapping[str, enrolled.EnrolledDevice] | None = None,
) -> CitizenMonitoringDataset:
    """The citizen's records as one dataset, in the order given.

    One sample holds what one device measured in one act, as in the official example. `devices`
    by id give the manufacturer. A phone number stands in it when it is a Danish one. A record that
    was withdrawn is left out: a dataset cannot say so, KIH deletes a report by its own operation.
    Raises
    ValueError for a record of anybody else: it must never stand under this CPR number.
    """
    acts: dict[tuple[str, int, str, str], list[LaboratoryReport]] = {}
    for record in records:
        if record.citizen != citizen.id:
            raise ValueError(f"the record is of {record.citizen}, the dataset of {citizen.id}")
        if record.withdrawn:
            continue
        act = (record.device, record.slot, record.boot, record.device_time)
        device = devices.get(record.device) if devices else None
        reports = reports_of(record, device.manufacturer if device else None)
        acts.setdefault(act, []).extend(reports)
    phone = _MOBILE.fullmatch(citizen.phone.replace(" ", ""))
    person = Citizen(
        cpr=citizen.cpr,
        name=PersonName(citizen.given, None, citizen.family),
        phone=phone[1] if phone else None,
    )
    samples = tuple(Sample(tuple(reports), organisation.name) for reports in acts.values())
    return CitizenMonitoringDataset(person, samples or None)


def reports_of(record: Record, manufacturer: str | None = None) -> list[LaboratoryReport]:
    """The reports of one record, in catalogue order of its components; never empty.

    A component that is absent has no report, but for the required ones, whose report says that
    there is no result. A number that the device calls invalid is no result either (as in the
    FHIR rendering); it travels beside it, in the circumstances.
    """
    row = record.row
    parts = [metric(alias) for alias in row.components] if isinstance(row, Panel) else [row]
    created = moment(record.measured_ms, record.offset_min)
    facts = _facts(record)
    said = _decode_said(record.circumstances) if record.circumstances else {}
    shared = tell(said, facts)
    instrument = _instrument(
        record.device_type, plain(record.model), plain(record.firmware), manufacturer
    )
    by_professional = record.transferred_by == "typedbyhcprof"
    reports = []
    for place, (part, text) in enumerate(zip(parts, record.values, strict=True)):
        if text is None and isinstance(row, Panel) and part.alias not in row.required:
            continue
        is_test = not codes.TEST_FLAGS.isdisjoint(record.flags_at(place))
        result, kept = _result(part, text, withheld=bool(record.absent_reason(place)))
        reports.append(
            LaboratoryReport(
                uuid=uuid_of(record.id, part),
                created=created,
                analysis=part.kih.name,
                result=result,
                encoding="alphanumeric" if result is NO_RESULT else "numeric",
                unit=part.kih.unit,
                national_sample=NATIONAL_SAMPLE,
                iupac=iupac_of(part),
                producer=BY_PROFESSIONAL if by_professional else BY_PATIENT,
                instrument=instrument,
                transferred_by=record.transferred_by,
                location=record.location,
                classification="notclinical" if is_test else "clinical",
                scheduled="scheduled" if record.scheduled else "notscheduled",
                circumstances=shared if kept is None else tell(said, facts | {Fact.VALUE: kept}),
            )
        )
    return reports


def iupac_of(part: Metric) -> str:
    """The code of one value: its Danish one, or the channel's own where that differs."""
    return part.kih.code or part.danish.code


def uuid_of(observation_id: bytes, part: Metric) -> str:
    """UuidIdentifier: the Observation's id, or for a component of it one that follows from it."""
    if part.panel is None:
        return id_text(observation_id)
    return id_text(component_id(observation_id, part.key))


def component_id(observation_id: bytes, component: str) -> bytes:
    """The id of a component's report, made from the Observation's id and the component's key.

    The leading 48 bits, the time, stay; the rest is a hash of id and component. As the
    Observation's id it is a UUID version 8.
    """
    mark = blake2b(observation_id + component.encode(), digest_size=10, person=b"hm-kih").digest()
    number = int.from_bytes(mark, "big") & ~(0xF << 76) & ~(0x3 << 62)
    return observation_id[:6] + (number | 0x8 << 76 | 0x2 << 62).to_bytes(10, "big")


def _result(part: Metric, text: str | None, *, withheld: bool) -> tuple[str, str | None]:
    """ResultText, and the value to keep beside it where the text does not give it back."""
    if text is None:
        return NO_RESULT, None
    if withheld:
        return NO_RESULT, text
    shift = part.kih.shift
    result = shifted(text, shift)
    return result, None if shifted(result, -shift) == text else text


def shifted(text: str, shift: int) -> str:
    """The decimal text with its point moved: ten to the power of `shift` times as large, exactly.

    Written over letters, not numbers: no digit is ever lost or made up.

    >>> [shifted("97", -2), shifted("0.970", 2), shifted("36.50", 0), shifted("5", -2)]
    ['0.97', '97.0', '36.50', '0.05']
    """
    if shift == 0:
        return text
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, fraction = digits.partition(".")
    if shift < 0:
        whole = whole.rjust(1 - shift, "0")
        whole, fraction = whole[:shift], whole[shift:] + fraction
    else:
        fraction = fraction.ljust(shift, "0")
        whole, fraction = whole + fraction[:shift], fraction[shift:]
    whole = whole.lstrip("0") or "0"
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def plain(text: str) -> str:
    r"""The text as an element can carry it: printable, single blanks, none at its ends.

    >>> plain("Vægt  »Ærø«\t\x1b ")
    'Vægt »Ærø« �'
    """
    if text.isprintable() and "  " not in text and text.strip() == text:
        return text
    letters = [c if c.isprintable() or c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text]
    return " ".join("".join(letters).split())


def moment(utc_ms: int, offset_min: int) -> str:
    """A date and time of XML Schema, in local time where its offset allows.

    >>> moment(1771396180120, 60), moment(0, 0)
    ('2026-02-18T07:29:40.120+01:00', '1970-01-01T00:00:00Z')
    """
    if offset_min == 0 or abs(offset_min) > OFFSET_MIN_MAX:
        return f"{iso(utc_ms)}Z"
    hours, minutes = divmod(abs(offset_min), 60)
    sign = "-" if offset_min < 0 else "+"
    return f"{iso(utc_ms + offset_min * 60_000)}{sign}{hours:02}:{minutes:02}"


def iso(ms: int) -> str:
    """A time of the calendar without a zone, milliseconds only if there are any."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(
        timespec="milliseconds" if ms % 1000 else "seconds"
    )


def _clock(ms: int, zone: str) -> str:
    """A clock as a time; the bare milliseconds where it stands outside the calendar's years."""
    try:
        return f"{iso(ms)}{zone}"
    except OverflowError:
        return f"{ms} ms"


@lru_cache(maxsize=1024)
def _instrument(kind: str, model: str, firmware: str, manufacturer: str | None) -> Instrument:
    row = device_type(kind)
    return Instrument(
        manufacturer=plain(manufacturer) if manufacturer else None,
        product_type=product_type(row.name_da, kind) if row else None,
        model=model or None,
        software_version=firmware or None,
    )


def product_type(name: str, kind: str) -> str:
    """ProductType: the Danish name of the device type, and its code."""
    return f"{name} (MDC {kind})"


def _facts(record: Record) -> dict[str, str]:
    """Everything that has no element, in the order in which it is read; what follows from the
    rest is left out.
    """
    facts = {
        Fact.ID: id_text(record.id),
        Fact.CODE: record.row.key,
        Fact.DEVICE: record.device,
        Fact.GATEWAY: record.gateway,
        Fact.SLOT: str(record.slot),
        Fact.DEVICE_TIME: record.device_time,
        Fact.BOOT: record.boot,
        Fact.CLOCK_SYNC: record.clock_sync,
        Fact.FLAGS: status_text(record.flags, record.component_flags),
        Fact.PART: str(record.part) if record.part != part_of(record.gateway) else "",
        Fact.VERSION: str(record.version) if record.version != 1 else "",
        Fact.CONFLICT: "ja" if record.conflict else "",
        Fact.RECEIVED: _clock(record.received_ms, "Z") if record.received_ms else "",
    }
    facts = {name: text for name, text in facts.items() if text}
    if record.clock_device_ms is not None:
        facts[Fact.CLOCK_DEVICE] = _clock(record.clock_device_ms, "")
    if record.clock_gateway_ms is not None:
        facts[Fact.CLOCK_GATEWAY] = _clock(record.clock_gateway_ms, "Z")
    if abs(record.offset_min) > OFFSET_MIN_MAX:
        facts[Fact.OFFSET] = str(record.offset_min)
    if device_type(record.device_type) is None:
        facts[Fact.DEVICE_TYPE] = record.device_type
    for name, text in ((Fact.MODEL, record.model), (Fact.FIRMWARE, record.firmware)):
        if plain(text) != text:
            facts[name] = text
    return facts
