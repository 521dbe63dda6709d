"""What others wrote: by tables, with remarks, or refused with element, value and limit."""

from typing import Any

import msgspec
import pytest

from devices.catalogue import METRICS
from fhir_mapping.kih.dataset import CitizenMonitoringDataset, Instrument
from fhir_mapping.kih.read import read_dataset
from fhir_mapping.kih.records import records_from
from fhir_mapping.kih.reports import iupac_of, shifted
from fhir_mapping.kih.taken import Taken
from fhir_mapping.kih.write import render_dataset
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import HISTORY, TEXTS
from tests.fhir_mapping.kih.cases import alone, foreign, official

SYSTOLIC = {"iupac": "MCS88019", "result": "134", "unit": "mm Hg"}
DIASTOLIC = {"iupac": "MCS88020", "result": "82", "unit": "mm Hg"}
PULSE = {"iupac": "NPU21692", "result": "76", "unit": "Slag/min"}
SATURATION = {"iupac": "NPU03011", "result": "97", "unit": "%"}
FEV1 = {"iupac": "MCS88015", "result": "1.32"}


def taken(*changes: dict[str, Any]) -> Taken:
    return records_from(read_dataset(render_dataset(foreign(*changes))), HISTORY, "citizen-1")


def said(record: Record) -> dict[str, str]:
    """What stands beside the value, but for the number of the report."""
    texts: dict[str, str] = msgspec.json.decode(record.circumstances)
    texts.pop("source")
    return texts


def test_a_weight_of_opentele_is_a_record() -> None:
    (record,) = taken({}).records
    assert (record.about, record.values, record.device_type) == ("weight", ("74.5",), "528399")
    assert (record.measured_ms, record.offset_min) == (1_399_220_031_000, 120)
    assert record.device_time == "2014-05-04T18:13:51"
    assert (record.device, record.model, record.gateway) == ("UC-321PBT-C", "UC-321PBT-C", "kih")
    assert (record.transferred_by, record.location, record.scheduled) == ("typed", "home", True)
    assert record.boot == "", "the number of an export makes no other measurement"
    assert record.citizen == "citizen-1"
    assert record.circumstances == '{"source":"00000000-bf97-11e1-afa7-0800200c9a66"}'


@pytest.mark.parametrize(
    ("code", "unit", "text", "about", "value"),
    [
        ("NPU03804", "kg", "74.50", "weight", "74.50"),
        ("NPU03804", "g", "74500", "weight", "74.500"),
        ("NPU03011", "%", "97", "spo2", "97"),
        ("NPU03011", "", "0.97", "spo2", "97"),
        ("NPU03011", "NA", "0.970", "spo2", "97.0"),
        ("NPU03011", "1", "1", "spo2", "100"),
        ("NPU27280", "%", "97", "spo2", "97"),
        ("MCS88015", "Liter", "1.32", "fev1", "1.32"),
        ("MCS88015", "L", "1.32", "fev1", "1.32"),
        ("MCS88016", "liter", "2.60", "fvc", "2.60"),
        ("MCS88100", "mL", "2480", "fev6", "2.480"),
        ("MCS88102", "Liter/min", "310", "pef", "310"),
        ("MCS88023", "%", "47", "fev1_percent_predicted", "47"),
        ("MCS88017", "", "0.51", "fev1_fvc", "51"),
    ],
)
def test_the_unit_tells_what_the_number_means(
    code: str, unit: str, text: str, about: str, value: str
) -> None:
    answer = taken({"iupac": code, "unit": unit, "result": text})
    assert [(record.about, record.values) for record in answer.records] == [(about, (value,))]
    assert answer.remarks == []


@pytest.mark.parametrize(
    ("change", "element", "limit"),
    [
        ({"iupac": "NPU01423", "unit": "mg/L"}, "IupacIdentifier", "catalogue"),
        ({"unit": "lb"}, "ResultUnitText", "Kg"),
        ({"unit": ""}, "ResultUnitText", "Kg"),
        (SATURATION | {"unit": ""}, "ResultText", "1 to 100 %"),
        (SATURATION | {"result": "0.97"}, "ResultText", "1 to 100 %"),
        (SATURATION | {"unit": "pct"}, "ResultUnitText", "%"),
        ({"iupac": "MCS88016", "unit": "Liter/sekund"}, "ResultUnitText", "Liter"),
        ({"result": "74,5"}, "ResultText", "decimal number"),
        ({"result": "74.5 kg"}, "ResultText", "decimal number"),
        ({"result": "7.45e1"}, "ResultText", "decimal number"),
        ({"result": "745"}, "ResultText", "0.5 to 500 kg"),
        ({"encoding": "alphanumeric"}, "ResultEncodingIdentifier", "numeric"),
        ({"operator": "less_than"}, "ResultOperatorIdentifier", "bounds"),
        ({"created": "2014-05-04T18:13:51"}, "CreatedDateTime", "offset"),
        ({"created": "2014-02-30T18:13:51Z"}, "CreatedDateTime", "calendar"),
        (SYSTOLIC, "IupacIdentifier", "diastolic is missing"),
    ],
)
def test_what_is_not_known_is_refused_and_never_guessed(
    change: dict[str, Any], element: str, limit: str
) -> None:
    answer = taken(change)
    assert answer.records == []
    (rejection,) = answer.rejections
    assert rejection.element == element
    assert limit in rejection.limit
    assert rejection.uuid == "00000000-bf97-11e1-afa7-0800200c9a66"


def test_opentele_s_mislabelled_fev1_is_taken_as_litres_and_said() -> None:
    answer = taken(FEV1 | {"unit": "Liter/sekund"})
    assert answer.records[0].values == ("1.32",)
    (remark,) = answer.remarks
    assert (remark.element, remark.value) == ("ResultUnitText", "Liter/sekund")
    assert "taken as L" in remark.meaning


def test_a_blood_pressure_becomes_one_record_in_either_order() -> None:
    (record,) = taken(SYSTOLIC, DIASTOLIC).records
    assert (record.about, record.values) == ("blood_pressure", ("134", "82", None))
    assert record.device_type == "528391"
    both = foreign(SYSTOLIC, DIASTOLIC)
    systolic, diastolic = both.reports
    sample = (both.samples or ())[0]
    turned = msgspec.structs.replace(sample, reports=(diastolic, systolic))
    (other,) = records_from(
        CitizenMonitoringDataset(both.citizen, (turned,)), HISTORY, "citizen-1"
    ).records
    assert other == record


def test_the_same_codes_of_another_time_or_instrument_are_another_blood_pressure() -> None:
    later = {"created": "2014-05-04T18:14:51+02:00"}
    other = {"instrument": Instrument(model="UA-767PBT-C")}
    changes = [side | change for change in ({}, later, other) for side in (SYSTOLIC, DIASTOLIC)]
    assert len(taken(*changes).records) == 3
    assert len(taken(SYSTOLIC, DIASTOLIC | later).rejections) == 2
    assert len(taken(SYSTOLIC, SYSTOLIC | {"result": "135"}, DIASTOLIC).rejections) == 3
    twice = taken(SYSTOLIC, SYSTOLIC, DIASTOLIC, DIASTOLIC)
    assert [record.values for record in twice.records] == [("134", "82", None)]
    assert twice.rejections == []
    mixed = taken(SYSTOLIC | {"iupac": "DNK05472"}, DIASTOLIC)
    assert [record.values for record in mixed.records] == [("134", "82", None)]


def test_a_diastolic_above_the_systolic_is_refused() -> None:
    assert len(taken(SYSTOLIC, DIASTOLIC | {"result": "134"}).rejections) == 2


def test_two_ways_of_measuring_one_blood_pressure_are_refused() -> None:
    assert len(taken(SYSTOLIC, DIASTOLIC | {"location": "institution"}).rejections) == 2


@pytest.mark.parametrize(
    ("changes", "about", "remarks"),
    [
        ([PULSE, SYSTOLIC, DIASTOLIC], "pulse_cuff", 0),
        ([PULSE, SATURATION], "pulse_oximeter", 0),
        ([PULSE | {"instrument": Instrument("MCI00012")}], "pulse_cuff", 0),
        ([PULSE | {"instrument": Instrument("MCI00013")}], "pulse_oximeter", 0),
        ([PULSE | {"instrument": None}], "pulse_oximeter", 1),
    ],
)
def test_whose_pulse_it_is(changes: list[dict[str, Any]], about: str, remarks: int) -> None:
    answer = taken(*changes)
    assert answer.records[0].about == about
    assert len(answer.remarks) == remarks


def test_what_a_report_says_besides_stands_in_the_circumstances() -> None:
    (record,) = taken(
        {"comment": "træt", "circumstances": "siddende", "minimum": "70", "duration": "1 min"}
    ).records
    assert said(record) == {
        "comment": "træt",
        "situation": "siddende",
        "duration": "1 min",
        "minimum": "70",
    }
    (record,) = taken(
        SYSTOLIC | {"minimum": "90", "comment": "x"}, DIASTOLIC | {"minimum": "60", "comment": "x"}
    ).records
    assert said(record) == {
        "comment": "x",
        "minimum systolic": "90",
        "minimum diastolic": "60",
    }
    (record,) = taken({"abnormal": "to_high", "maximum": "80", "interval": "therapeutic"}).records
    assert said(record) == {"abnormal": "to_high", "maximum": "80", "interval": "therapeutic"}
    (record,) = taken({"scheduled": "notscheduled", "location": "institution"}).records
    assert said(record) == {"scheduled": "notscheduled"}
    assert record.location == "institution"


def test_a_note_that_comes_later_makes_no_other_measurement() -> None:
    (record,) = taken({}).records
    (noted,) = taken(
        {"comment": "efter trappe", "uuid": "1" * 8 + "-bf97-11e1-afa7-0800200c9a66"}
    ).records
    assert (noted.identity, noted.id) == (record.identity, record.id)


def test_what_is_not_clinical_is_said_to_be_so() -> None:
    answer = taken({"classification": "notclinical"})
    assert "notclinical" in answer.records[0].circumstances
    assert [remark.element for remark in answer.remarks] == ["MeasuringDataClassification"]


def test_the_official_example_s_bounds_are_refused_and_its_numbers_taken() -> None:
    answer = records_from(read_dataset(official()), HISTORY)
    assert [(record.about, record.values) for record in answer.records] == [
        ("fev1_fvc", ("85",)),
        ("fev1_percent_predicted", ("78",)),
    ]
    assert [(one.element, one.value) for one in answer.rejections] == [
        ("ResultOperatorIdentifier", "less_than")
    ] * 2


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.alias)
def test_both_national_channels_are_understood_for_every_metric(row: Any) -> None:
    for channel in (row.kih, row.phmr):
        changes = [
            {
                "iupac": channel.code or iupac_of(row),
                "unit": channel.unit,
                "result": shifted(TEXTS[row.alias], channel.shift),
            }
        ]
        if row.panel:
            changes = [SYSTOLIC | {"result": "134"}, DIASTOLIC, *changes[: row.alias[0] == "m"]]
        answer = taken(*changes)
        assert answer.rejections == []
        assert TEXTS[row.alias] in answer.records[0].values


@pytest.mark.parametrize(
    "changes", [[{}], [SYSTOLIC, DIASTOLIC], [PULSE], [{"circumstances": "a\n  | b"}]]
)
def test_a_foreign_record_is_a_record_like_any_other(changes: list[dict[str, Any]]) -> None:
    (record,) = taken(*changes).records
    again = records_from(read_dataset(render_dataset(alone(record))), HISTORY, "citizen-1")
    assert (again.records, again.remarks, again.rejections) == ([record], [], [])
    assert render_observation(record)
