"""KIH reports as records: our own exactly, others' by `foreign`.

In: a dataset that `read` has read. Out: `Taken`. A report is ours when its MeasuringCircumstances
is signed as ours; then every fact of the record is there, is checked against the elements beside
it and against its own identity, and what does not add up is refused.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeVar, get_args

import msgspec

from devices.admission import TEXT_CHARACTERS_MAX, YEAR_FIRST, YEAR_LAST, Window
from devices.catalogue import OBSERVABLES, Metric, Panel, device_type, metric, observed
from devices.wire import LEVEL_CHARACTERS_MAX, PARTS, StatusFlag, part_of
from fhir_mapping.foreign import Made
from fhir_mapping.identity import id_bytes
from fhir_mapping.kih.circumstances import understand
from fhir_mapping.kih.dataset import CitizenMonitoringDataset, Instrument, LaboratoryReport
from fhir_mapping.kih.foreign import foreign_records
from fhir_mapping.kih.reports import NO_RESULT, OFFSET_MIN_MAX, Fact, iupac_of, shifted, uuid_of
from fhir_mapping.kih.taken import (
    Refused,
    ReportRejection,
    Taken,
    check_panel,
    check_possible,
    instant_of,
)
from fhir_mapping.record import Record, id_endings, identity_by_content, twin_of
from fhir_mapping.status import Flags, status_of

_ABOUT = {observed(alias).key: alias for alias in OBSERVABLES}
_FLAGS = frozenset(get_args(StatusFlag))
_PRODUCT = re.compile(r".*\(MDC ([0-9]{1,9})\)", re.ASCII | re.DOTALL)
_RUN = re.compile(r"[ \t\r\n]+")
_EPOCH = datetime.fromisoformat("1970-01-01")
_MILLISECOND = timedelta(milliseconds=1)
_CLOCK_MS_MAX = 2**48
_ELEMENT = "MeasuringCircumstances"
_encode = msgspec.json.Encoder(order="sorted").encode


_Fact = TypeVar("_Fact")
_Else = TypeVar("_Else")


class _Part(msgspec.Struct, frozen=True, gc=False):
    """One report of ours: the record without values and identity, and the one value it holds."""

    place: int
    report: LaboratoryReport
    record: Record
    alias: str
    text: str | None


def records_from(
    dataset: CitizenMonitoringDataset, window: Window, citizen: str | None = None
) -> Taken:
    """The records of a dataset, in document order; never raises for what stands in it.

    `window` is what can have been measured when the dataset came. `citizen` is the key of the
    person with this CPR number, given to every record. Of our own records all comes back but `seq`
    (see `reports`).
    """
    return records_of_reports(enumerate(dataset.reports), window, citizen)


def records_of_reports(
    reports: Iterable[tuple[int, LaboratoryReport]], window: Window, citizen: str | None = None
) -> Taken:
    """The same of reports, each with its place in its document."""
    own: dict[bytes, list[_Part]] = {}
    foreign: list[tuple[int, LaboratoryReport]] = []
    rejections: list[ReportRejection] = []
    seen: set[str] = set()
    for place, report in reports:
        try:
            if report.uuid.lower() in seen:
                raise Refused("UuidIdentifier", report.uuid, "another report has it already")
            seen.add(report.uuid.lower())
            told = _told(report)
            if told is None:
                foreign.append((place, report))
                continue
            said, facts = told
            part = _part(place, report, said, facts, window)
        except Refused as refused:
            rejections.append(refused.of(report, place))
        else:
            own.setdefault(part.record.id, []).append(part)
    made: list[Made] = []
    for parts in own.values():
        try:
            made.append(Made(parts[0].place, _joined(parts)))
        except Refused as refused:
            rejections += [refused.of(part.report, part.place) for part in parts]
    others, remarks, refusals = foreign_records(foreign, window)
    made = [
        msgspec.structs.replace(one, record=msgspec.structs.replace(one.record, citizen=citizen))
        for one in sorted((*made, *others), key=lambda one: one.place)
    ]
    return Taken(made, remarks, [*rejections, *refusals])


def _told(report: LaboratoryReport) -> tuple[dict[str, str], dict[str, str]] | None:
    text = report.circumstances or ""
    try:
        return understand(text)
    except (ValueError, msgspec.DecodeError) as error:
        raise Refused(_ELEMENT, text, str(error)) from None


def _part(
    place: int,
    report: LaboratoryReport,
    said: dict[str, str],
    told: dict[str, str],
    window: Window,
) -> _Part:
    """One report of ours; every fact is used, or it is refused as unknown."""
    facts = _Facts(told)
    about = facts.must(Fact.CODE, _ABOUT.__getitem__)
    instant, offset_min = instant_of(report.created, window)
    instrument = report.instrument or Instrument()
    kept = facts.may(Fact.VALUE, str, None)
    row = observed(about)
    component = _component(row, report)
    gateway = facts.must(Fact.GATEWAY, _name)
    flags, component_flags = facts.may(Fact.FLAGS, _flags(row), ((), ()))
    record = Record(
        identity=b"",
        id=facts.must(Fact.ID, _id),
        about=about,
        values=(),
        measured_ms=instant.measured_ms,
        offset_min=facts.may(Fact.OFFSET, _wide_offset, offset_min),
        device_time=facts.must(Fact.DEVICE_TIME, _device_time),
        part=facts.may(Fact.PART, _whole(0, PARTS - 1), part_of(gateway)),
        gateway=gateway,
        device=facts.must(Fact.DEVICE, _name),
        device_type=facts.may(Fact.DEVICE_TYPE, str, _kind_of(instrument)),
        model=facts.may(Fact.MODEL, str, _unwrapped(instrument.model)),
        firmware=facts.may(Fact.FIRMWARE, str, _unwrapped(instrument.software_version)),
        slot=facts.must(Fact.SLOT, _whole(1, 99)),
        boot=facts.may(Fact.BOOT, str, ""),
        transferred_by=report.transferred_by,
        location=report.location,
        clock_sync=facts.may(Fact.CLOCK_SYNC, str, ""),
        clock_device_ms=facts.may(Fact.CLOCK_DEVICE, _clock_ms, None),
        clock_gateway_ms=facts.may(Fact.CLOCK_GATEWAY, _clock_ms, None),
        circumstances=_encode(said).decode() if said else "",
        flags=flags,
        component_flags=component_flags,
        version=facts.may(Fact.VERSION, _whole(1, 2**31), 1),
        received_ms=facts.may(Fact.RECEIVED, _received_ms, 0),
        scheduled=report.scheduled == "scheduled",
        conflict=facts.may(Fact.CONFLICT, _yes, False),
    )
    facts.none_left()
    _check_lengths(record)
    if device_type(record.device_type) is None:
        raise Refused("ProductType", record.device_type, "it must name a device type and its code")
    if report.uuid.lower() != uuid_of(record.id, component):
        limit = f"it must be {uuid_of(record.id, component)}, which follows from {Fact.ID}"
        raise Refused("UuidIdentifier", report.uuid, limit)
    return _Part(place, report, record, component.alias, _text(report, component, kept))


def _check_lengths(record: Record) -> None:
    """Refuse a text that is longer than a device may send."""
    limits = {"boot": TEXT_CHARACTERS_MAX, "model": TEXT_CHARACTERS_MAX}
    limits |= {"firmware": TEXT_CHARACTERS_MAX, "clock_sync": LEVEL_CHARACTERS_MAX}
    for name, limit in limits.items():
        text: str = getattr(record, name)
        if len(text) > limit:
            raise Refused(_ELEMENT, text, f"{name} has at most {limit} characters")


def _joined(parts: list[_Part]) -> Record:
    """The record that these reports are of, with values and the identity that follows.

    No component stands twice: its UUID follows from it, and no UUID is taken twice.
    """
    facts = parts[0].record
    values: dict[str, str | None] = {}
    for part in parts:
        if part.record != facts:
            raise Refused(_ELEMENT, part.report.uuid, "reports of one measurement must agree")
        values[part.alias] = part.text
    row = facts.row
    if isinstance(row, Panel):
        check_panel(values)
        texts = tuple(values.get(alias) for alias in row.components)
    else:
        texts = tuple(values.values())
    return _identified(msgspec.structs.replace(facts, values=texts))


def _identified(record: Record) -> Record:
    """With the identity by content; refused when the Observation's id does not bear it out.

    Only its mark is compared: the id of an amended record holds the time of its first version.
    """
    ending = record.id[6:]
    plain = msgspec.structs.replace(record, identity=identity_by_content(record))
    if ending in id_endings(record):
        return plain
    if ending in id_endings(record, twin=True):
        twin = twin_of(plain)
        return msgspec.structs.replace(plain, identity=twin.identity, base=twin.base)
    raise Refused(_ELEMENT, record.id.hex(), f"{Fact.ID} must follow from the facts beside it")


def _component(row: Metric | Panel, report: LaboratoryReport) -> Metric:
    parts = [metric(alias) for alias in row.components] if isinstance(row, Panel) else [row]
    part = next((part for part in parts if iupac_of(part) == report.iupac), None)
    if part is None:
        limit = " or ".join(map(iupac_of, parts))
        raise Refused("IupacIdentifier", report.iupac, f"it must be {limit}")
    if report.unit != part.kih.unit:
        raise Refused("ResultUnitText", report.unit, f"it must be {part.kih.unit}")
    if report.operator is not None:
        raise Refused("ResultOperatorIdentifier", report.operator, "a record holds no bounds")
    return part


def _text(report: LaboratoryReport, part: Metric, kept: str | None) -> str | None:
    """The value in the row's own unit, to the letter."""
    if report.encoding == "alphanumeric":
        if report.result != NO_RESULT:
            raise Refused("ResultText", report.result, f"it must be a number, or {NO_RESULT!r}")
        text = kept
    else:
        check_possible(part, shifted(report.result, -part.kih.shift))
        text = shifted(report.result, -part.kih.shift) if kept is None else kept
        if kept is not None and shifted(kept, part.kih.shift) != report.result:
            raise Refused("ResultText", report.result, f"it must agree with {Fact.VALUE}, {kept}")
    if text is not None:
        check_possible(part, text)
    return text


class _Facts:
    """The facts of one report, each to be taken once."""

    def __init__(self, told: dict[str, str]) -> None:
        self._told = dict(told)

    def must(self, name: str, read: Callable[[str], _Fact]) -> _Fact:
        """The fact; Refused when it is missing, or not what it should be."""
        text = self._told.pop(name, None)
        if text is None:
            raise Refused(_ELEMENT, "", f"{name} is missing")
        try:
            return read(text)
        except (ValueError, TypeError, KeyError, OverflowError):
            raise Refused(_ELEMENT, text, f"that is no {name}") from None

    def may(self, name: str, read: Callable[[str], _Fact], absent: _Else) -> _Fact | _Else:
        """The fact, or what follows from its absence."""
        return self.must(name, read) if name in self._told else absent

    def none_left(self) -> None:
        """Refused when there is a fact that nobody knows."""
        if self._told:
            raise Refused(_ELEMENT, ", ".join(self._told), "no such fact is known")


def _name(text: str) -> str:
    """A device or gateway as it can stand on a topic."""
    if not 0 < len(text) <= LEVEL_CHARACTERS_MAX or not text.isprintable() or "/" in text:
        raise ValueError
    return text


def _id(text: str) -> bytes:
    read = id_bytes(text)
    if read is None:
        raise ValueError
    return read


def _device_time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is not None:
        raise ValueError
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high or str(number) != text:
            raise ValueError
        return number

    return read


def _flags(row: Metric | Panel) -> Callable[[str], tuple[Flags, tuple[Flags, ...]]]:
    components = len(row.components) if isinstance(row, Panel) else 0

    def read(text: str) -> tuple[Flags, tuple[Flags, ...]]:
        flags, component_flags = status_of(text)
        if not _FLAGS.issuperset((*flags, *chain(*component_flags))):
            raise ValueError
        if len(component_flags) not in {0, components}:
            raise ValueError
        return flags, component_flags

    return read


def _yes(text: str) -> bool:
    if text != "ja":
        raise ValueError
    return True


def _clock_ms(text: str) -> int:
    """A clock as milliseconds since 1970; what is told with a Z is UTC, else the device's own."""
    if text.endswith(" ms"):
        return _whole(-_CLOCK_MS_MAX, _CLOCK_MS_MAX)(text[:-3])
    return (datetime.fromisoformat(text.removesuffix("Z")) - _EPOCH) // _MILLISECOND


def _received_ms(text: str) -> int:
    if not text.endswith("Z") or not YEAR_FIRST <= int(text[:4]) < YEAR_LAST:
        raise ValueError
    return _clock_ms(text)


def _wide_offset(text: str) -> int:
    """An offset that CreatedDateTime could not say."""
    offset_min = _whole(-1439, 1439)(text)
    if abs(offset_min) <= OFFSET_MIN_MAX:
        raise ValueError
    return offset_min


def _kind_of(instrument: Instrument) -> str:
    found = _PRODUCT.fullmatch(instrument.product_type or "")
    return found[1] if found else ""


def _unwrapped(text: str | None) -> str:
    return _RUN.sub(" ", text or "")
