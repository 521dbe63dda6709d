"""What others wrote as KIH XML, value by value: by tables, never by guess.

In: reports without our signature (the official example, OpenTele, the newer exporter). Out: their
records (joined by `fhir_mapping.foreign`), remarks, and rejections. What a report says beside its
value is kept as annotations; dropped are AnalysisText, NationalSampleIdentifier and
ProducerOfLabResult, which repeat the code, the channel and MeasurementTransferredBy.

The device is the instrument as the report names it: MedCom's number, else the model.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from devices.admission import Inadmissible, Window, respelled, value_in
from devices.catalogue import metric
from fhir_mapping import annotations
from fhir_mapping.foreign import Instrument as Named
from fhir_mapping.foreign import Made, Stated, records_of_stated
from fhir_mapping.kih.dataset import Instrument, LaboratoryReport
from fhir_mapping.kih.reports import plain
from fhir_mapping.kih.taken import Refused, Remark, ReportRejection, instant_of
from fhir_mapping.national import MISLABELLED, rows_of_code, units_of

SOURCE = "kih"
"""The gateway of every foreign record."""
_KEPT: Mapping[str, str] = MappingProxyType(
    {
        "abnormal": annotations.ABNORMAL,
        "minimum": annotations.MINIMUM,
        "maximum": annotations.MAXIMUM,
        "interval": annotations.INTERVAL,
        "classification": annotations.CLASSIFICATION,
        "duration": annotations.DURATION,
        "comment": annotations.COMMENT,
        "circumstances": annotations.SITUATION,
    }
)
"""What a report can say beside its value."""
_SAYS_NOTHING = frozenset({"", "unspecified", "clinical"})


def foreign_records(
    reports: Iterable[tuple[int, LaboratoryReport]], window: Window
) -> tuple[list[Made], list[Remark], list[ReportRejection]]:
    """Records with the place of their first report, remarks and rejections; never raises."""
    known: dict[int, LaboratoryReport] = {}
    stated: list[Stated] = []
    remarks: list[Remark] = []
    rejections: list[ReportRejection] = []
    for place, report in reports:
        known[place] = report
        try:
            stated.append(_stated(place, report, window, remarks))
        except Refused as refused:
            rejections.append(refused.of(report, place))
    made, unmade, decided = records_of_stated(stated, SOURCE)
    remarks += [Remark(one.path, "IupacIdentifier", one.value, one.meaning) for one in decided]
    rejections += [
        Refused(_ELEMENT_OF.get(one.reason, "ResultText"), one.value, one.limit, one.reason).of(
            known[one.place], one.place
        )
        for one in unmade
    ]
    return made, remarks, rejections


_ELEMENT_OF = {
    "component-missing": "IupacIdentifier",
    "code-repeated": "IupacIdentifier",
    "field-value": "MeasurementTransferredBy",
}
"""Where it shows that reports cannot be joined."""


def _stated(place: int, report: LaboratoryReport, window: Window, remarks: list[Remark]) -> Stated:
    aliases = rows_of_code(report.iupac)
    if not aliases:
        limit = "no such code is in the catalogue"
        raise Refused("IupacIdentifier", report.iupac, limit, "code-unknown")
    if report.encoding != "numeric":
        raise Refused("ResultEncodingIdentifier", report.encoding, "only numeric results are taken")
    if report.operator is not None:
        limit = "a record holds measured values, no bounds"
        raise Refused("ResultOperatorIdentifier", report.operator, limit, "value-malformed")
    text = _text(report, aliases[0], remarks)
    instant, _ = instant_of(report.created, window)
    if report.classification == "notclinical":
        meaning = "taken, and said beside the value"
        remarks.append(
            Remark(report.uuid, "MeasuringDataClassification", report.classification, meaning)
        )
    return Stated(
        place=place,
        path=report.uuid,
        code=report.iupac,
        aliases=aliases,
        text=text,
        instrument=_named(report.instrument),
        instant=instant,
        transferred_by=report.transferred_by,
        location=report.location,
        scheduled=report.scheduled == "scheduled",
        said=_said(report),
    )


def _text(report: LaboratoryReport, alias: str, remarks: list[Remark]) -> str:
    row, unit = metric(alias), report.unit
    meaning = MISLABELLED.get((alias, unit))
    if meaning is not None:
        remarks.append(Remark(report.uuid, "ResultUnitText", unit, meaning))
        unit = row.ucum
    text = value_in(row, respelled(report.result), unit, units_of(row))
    if isinstance(text, Inadmissible):
        raise Refused.by(text, "ResultUnitText" if text.field == "unit" else "ResultText")
    return text


def _named(instrument: Instrument | None) -> Named:
    """The instrument by MedCom's number, else by its model; without a name where it has neither."""
    if instrument is None:
        return Named()
    number, model = plain(instrument.medcom_id or ""), plain(instrument.model or "")
    kinds = (number,) if number else ()
    return Named(number or model, kinds, model, plain(instrument.software_version or ""))


def _said(report: LaboratoryReport) -> dict[str, str]:
    """What a report says beside its value, by the names that annotations have."""
    said = {name: plain(getattr(report, field) or "") for field, name in _KEPT.items()}
    said = {name: text for name, text in said.items() if text not in _SAYS_NOTHING}
    if report.scheduled == "notscheduled":
        said[annotations.SCHEDULED] = report.scheduled
    return {**said, annotations.SOURCE: report.uuid.lower()}
