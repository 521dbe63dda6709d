"""What others wrote as KIH XML, as records: by tables, never by guess.

In: reports without our signature (the official example, OpenTele, the newer exporter). Out: their
records with their places in the document, remarks, and rejections. What a report says beside its
value stands in the record's circumstances under the element's own name; dropped are AnalysisText,
NationalSampleIdentifier and ProducerOfLabResult, which repeat the code, the channel and
MeasurementTransferredBy.

The device is the instrument as the report names it (MedCom id, else model, else "kih"); the
report's UUID stands as its `boot`, so that no two reports share an identity.

Sources: OpenTele's export (`KihDbWebServiceClientService`), KvalitetsIT's kih-telecare-exporter
with its MedCom device ids, FUT's code systems (the retired MCS88019, MCS88020).
"""

from collections.abc import Iterable

import msgspec

from devices.admission import (
    TEXT_CHARACTERS_MAX,
    Inadmissible,
    Window,
    respelled,
    unit_texts,
    value_in,
)
from devices.catalogue import DEVICE_TYPES, METRICS, PANELS, Metric, metric
from devices.reading import Reading, Value
from devices.wire import LEVEL_CHARACTERS_MAX, part_of
from fhir_mapping.kih.dataset import Instrument, LaboratoryReport
from fhir_mapping.kih.reports import iso, plain
from fhir_mapping.kih.taken import (
    Refused,
    Remark,
    ReportRejection,
    check_panel,
    instant_of,
)
from fhir_mapping.national import TYPE_OF_INSTRUMENT
from fhir_mapping.record import Record, records_of

SOURCE = "kih"
"""The gateway of every foreign record, and its device where the report names none."""

_OTHER_CODES = {"MCS88019": "systolic", "MCS88020": "diastolic", "NPU27280": "spo2"}
"""Codes in use beside those of the catalogue: home blood pressure, saturation by oximetry."""
_NO_UNIT = ("", "NA")
"""Units that name none: a saturation of 0.97 is a fraction then, and a score a number."""
_MISLABELLED = {("fev1", "Liter/sekund"): "OpenTele writes the volume FEV1 as a flow; taken as L"}
_KEPT = {
    "ResultAbnormalIdentifier": "abnormal",
    "ResultMinimumText": "minimum",
    "ResultMaximumText": "maximum",
    "ResultTypeOfInterval": "interval",
    "MeasuringDataClassification": "classification",
    "MeasurementDuration": "duration",
    "HealthCareProfessionalComment": "comment",
    "MeasuringCircumstances": "circumstances",
}
"""What a report can say beside its value."""
_SAYS_NOTHING = frozenset({"", "unspecified", "clinical"})
_encode = msgspec.json.Encoder(order="sorted").encode


def _aliases() -> dict[str, tuple[str, ...]]:
    """Which catalogue rows a code can stand for: the pulse's is two, an oximeter's and a cuff's."""
    found: dict[str, dict[str, None]] = {
        code: {alias: None} for code, alias in _OTHER_CODES.items()
    }
    for row in METRICS:
        for code in (row.danish.code, row.kih.code, row.phmr.code):
            if code:
                found.setdefault(code, {})[row.alias] = None
    return {code: tuple(aliases) for code, aliases in found.items()}


def _units(row: Metric) -> dict[str, int]:
    """Every accepted unit of a row, with the power of ten that leads to the row's own."""
    none = dict.fromkeys(_NO_UNIT, row.units["1"]) if "1" in row.units else {}
    return {**none, **unit_texts(row), row.phmr.unit: -row.phmr.shift}


_ALIASES = _aliases()
_UNITS = {row.alias: _units(row) for row in METRICS}
_PLACES = {row.alias: place for place, row in enumerate(METRICS)}


class _Act(msgspec.Struct, frozen=True, gc=False):
    """What one instrument measured at one instant."""

    instrument: Instrument | None
    measured_ms: int
    offset_min: int


class _Measured(msgspec.Struct, frozen=True, gc=False):
    """One report understood: `text` is the value in the row's own unit."""

    place: int
    report: LaboratoryReport
    aliases: tuple[str, ...]
    text: str


def foreign_records(
    reports: Iterable[tuple[int, LaboratoryReport]], window: Window
) -> tuple[list[tuple[int, Record]], list[Remark], list[ReportRejection]]:
    """Records with the place of their first report, remarks and rejections; never raises."""
    acts: dict[_Act, list[_Measured]] = {}
    remarks: list[Remark] = []
    rejections: list[ReportRejection] = []
    records: list[tuple[int, Record]] = []
    for place, report in reports:
        try:
            measured = _measured(place, report, remarks)
            act = _Act(report.instrument, *instant_of(report.created, window))
        except Refused as refused:
            rejections.append(refused.of(report))
        else:
            acts.setdefault(act, []).append(measured)
    for act, measurements in acts.items():
        aliases = {one.aliases[0] for one in measurements}
        for group in _groups(measurements):
            try:
                records.append(
                    (min(one.place for one in group), _record(act, group, aliases, remarks))
                )
            except Refused as refused:
                rejections += [refused.of(one.report) for one in group]
    return records, remarks, rejections


def _measured(place: int, report: LaboratoryReport, remarks: list[Remark]) -> _Measured:
    aliases = _ALIASES.get(report.iupac)
    if aliases is None:
        limit = "no such code is in the catalogue"
        raise Refused("IupacIdentifier", report.iupac, limit, "code-unknown")
    if report.encoding != "numeric":
        raise Refused("ResultEncodingIdentifier", report.encoding, "only numeric results are taken")
    if report.operator is not None:
        limit = "a record holds measured values, no bounds"
        raise Refused("ResultOperatorIdentifier", report.operator, limit, "value-malformed")
    row = metric(aliases[0])
    unit = report.unit
    meaning = _MISLABELLED.get((row.alias, unit))
    if meaning is not None:
        remarks.append(Remark(report.uuid, "ResultUnitText", unit, meaning))
        unit = row.ucum
    text = value_in(row, respelled(report.result), unit, _UNITS[row.alias])
    if isinstance(text, Inadmissible):
        raise Refused.by(text, "ResultUnitText" if text.field == "unit" else "ResultText")
    if report.classification == "notclinical":
        meaning = "taken, and said in the circumstances"
        remarks.append(
            Remark(report.uuid, "MeasuringDataClassification", report.classification, meaning)
        )
    return _Measured(place, report, aliases, text)


def _groups(measurements: list[_Measured]) -> list[list[_Measured]]:
    """What becomes one record: the components of a panel together, all else alone.

    Components stand in the catalogue's order, so that the document's makes no difference.
    """
    groups: dict[str | int, list[_Measured]] = {}
    for one in sorted(measurements, key=lambda one: _PLACES[one.aliases[0]]):
        groups.setdefault(metric(one.aliases[0]).panel or one.place, []).append(one)
    return list(groups.values())


def _record(act: _Act, group: list[_Measured], aliases: set[str], remarks: list[Remark]) -> Record:
    first = group[0].report
    kind, alias = _kind(act.instrument, group[0], aliases, remarks)
    members = [alias] if alias else [one.aliases[0] for one in group]
    texts: dict[str, str | None] = {}
    for member, one in zip(members, group, strict=True):
        if member in texts:
            limit = "it stands twice for one instrument and time"
            raise Refused("IupacIdentifier", one.report.iupac, limit, "code-repeated")
        texts[member] = one.text
    about = metric(members[0]).panel
    if about:
        check_panel(texts)
    if any(_how(one.report) != _how(first) for one in group):
        raise Refused("MeasurementTransferredBy", first.uuid, "one measurement is made in one way")
    circumstances = _circumstances(dict(zip(members, (one.report for one in group), strict=True)))
    values = tuple(Value(metric(name), text, circumstances, ()) for name, text in texts.items())
    (record,) = records_of(_reading(act, first, kind, values))
    return msgspec.structs.replace(record, scheduled=first.scheduled == "scheduled")


def _how(report: LaboratoryReport) -> tuple[str, str, str]:
    return report.transferred_by, report.location, report.scheduled


def _reading(act: _Act, report: LaboratoryReport, kind: str, values: tuple[Value, ...]) -> Reading:
    instrument = act.instrument or Instrument()
    name = plain(instrument.medcom_id or "") or plain(instrument.model or "") or SOURCE
    local_ms = act.measured_ms + act.offset_min * 60_000
    return Reading(
        message_id="",
        message_seq=0,
        tenant="",
        part=part_of(SOURCE),
        gateway=SOURCE,
        device=name.replace("/", "-")[:LEVEL_CHARACTERS_MAX].strip(),
        device_type=kind,
        model=(instrument.model or "")[:TEXT_CHARACTERS_MAX],
        firmware=(instrument.software_version or "")[:TEXT_CHARACTERS_MAX],
        slot=1,
        boot=f"{SOURCE}:{report.uuid.lower()}",
        device_time=iso(local_ms),
        measured_ms=act.measured_ms,
        offset_min=act.offset_min,
        clock_sync="",
        clock_device_ms=None,
        clock_gateway_ms=None,
        transferred_by=report.transferred_by,
        location=report.location,
        values=values,
    )


def _circumstances(reports: dict[str, LaboratoryReport]) -> str:
    """What the reports of one record say beside their values; where components differ, each
    under its own name.
    """
    said: dict[str, str] = {}
    for element, field in _KEPT.items():
        texts = {alias: getattr(report, field) or "" for alias, report in reports.items()}
        if len(set(texts.values())) == 1:
            texts = {"": next(iter(texts.values()))}
        said.update(
            (f"{element} {alias}".strip(), text)
            for alias, text in texts.items()
            if text not in _SAYS_NOTHING
        )
    return _encode(said).decode() if said else ""


def _kind(
    instrument: Instrument | None, one: _Measured, aliases: set[str], remarks: list[Remark]
) -> tuple[str, str]:
    """The device type, and which row a code with several stands for (empty: no question).

    What the instrument's MedCom id says comes first, then what it measured besides: a pulse
    beside a blood pressure is a cuff's.
    """
    kind = TYPE_OF_INSTRUMENT.get((instrument.medcom_id or "") if instrument else "", "")
    types = [row for row in DEVICE_TYPES if row.mdc == kind] or [
        row for row in DEVICE_TYPES if not aliases.isdisjoint(row.metrics - set(one.aliases))
    ]
    fitting = [
        (row.mdc, alias)
        for row in (*types, *DEVICE_TYPES)
        for alias in one.aliases
        if alias in row.metrics
    ]
    kind, alias = fitting[0]
    if len(one.aliases) > 1 and not any(row.mdc == kind for row in types):
        meaning = f"its code is that of {' and '.join(one.aliases)}; taken as {alias}"
        remarks.append(Remark(one.report.uuid, "IupacIdentifier", one.report.iupac, meaning))
    return kind, alias if len(one.aliases) > 1 else ""


assert all(alias in _UNITS for row in PANELS for alias in row.components)
