"""Codes, units, times and parties, as far as no golden file shows them."""

from typing import Any

import msgspec
import pytest

from devices.catalogue import METRICS, PANELS, metric
from fhir_mapping.fhir_read import Found, Source, read_fhir
from tests.fhir_mapping.fhir_read.cases import RECEIVED_MS, found, read, said
from tests.fhir_mapping.fhir_read.trees import (
    DIASTOLIC,
    LOINC,
    MCS,
    MDC,
    NPU,
    SYSTOLIC,
    bundle,
    code,
    measured,
    part,
    pressure,
    quantity,
    weight,
)

DANISH = {
    "NPU": (NPU, "urn:oid:1.2.208.176.2.1"),
    "MCS": ("http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-observation-codes", MCS),
}
ALONE = [row for row in METRICS if row.panel is None]
CODES = [
    *((row.alias, LOINC, one.code) for row in ALONE for one in row.loinc),
    *((row.alias, MDC, row.mdc) for row in ALONE if row.mdc),
    *(
        (row.alias, system, row.danish.code)
        for row in ALONE
        if row.danish.code
        for system in DANISH[row.danish_system.name]
    ),
    ("spo2", NPU, "NPU27280"),
    ("spo2", "urn:oid:2.16.840.1.113883.6.1", "2708-6"),
    ("spo2", "urn:oid:2.16.840.1.113883.6.24", "150456"),
]


@pytest.mark.parametrize(("alias", "system", "said_as"), CODES)
def test_every_code_of_the_catalogue_is_understood(alias: str, system: str, said_as: str) -> None:
    row = metric(alias)
    answer = read(measured(system, said_as, int(row.plausible[1]), row.ucum))
    ((taken, text),) = said(answer).items()
    assert text == str(int(row.plausible[1]))
    is_pulse_of_no_instrument = system != MDC and alias == "pulse_cuff"
    assert taken == ("pulse_oximeter" if is_pulse_of_no_instrument else alias)


@pytest.mark.parametrize("row", PANELS, ids=lambda row: row.alias)
@pytest.mark.parametrize("about", [(LOINC, "85354-9"), (MDC, "150020"), (MCS, "MCS88206")])
def test_every_code_of_a_panel_is_understood(row: Any, about: tuple[str, str]) -> None:
    for system, systolic, diastolic in (
        (LOINC, "8480-6", "8462-4"),
        (MDC, "150021", "150022"),
        (NPU, "DNK05472", "DNK05473"),
        (MCS, "MCS88019", "MCS88020"),
    ):
        parts = (part(134, (system, systolic)), part(82, (system, diastolic)))
        answer = read({**pressure(*parts), "code": code(about)})
        assert said(answer) == {"systolic": "134", "diastolic": "82"}


@pytest.mark.parametrize(
    ("alias", "written", "unit", "text"),
    [
        ("spo2", "97", "%", "97"),
        ("spo2", "0.970", "1", "97.0"),
        ("spo2", "1", "%", "1"),
        ("spo2", "1", "1", "100"),
        ("weight", "36.50", "kg", "36.50"),
        ("weight", "74500", "g", "74.500"),
        ("weight", "7.45e1", "kg", "74.5"),
        ("fev1", "1320", "mL", "1.320"),
        ("fev1", "132", "cL", "1.32"),
        ("pef", "8.20", "L/s", "492.00"),
        ("pef", "820", "cL/s", "492.0"),
        ("pulse_oximeter", "88", "{beats}/min", "88"),
    ],
)
def test_units_are_converted_exactly(alias: str, written: str, unit: str, text: str) -> None:
    value = msgspec.Raw(written.encode())
    loinc = metric(alias).loinc[0].code
    assert said(read(measured(LOINC, loinc, value, unit))) == {alias: text}


FLOW = (LOINC, "3151-8")


@pytest.mark.parametrize(
    "words", [{"valueQuantity": quantity(2, "L/min")}, {"valueString": "2 L/min by nasal cannula"}]
)
def test_a_flow_of_oxygen_beside_a_saturation_says_how_it_was_measured(words: Any) -> None:
    """It never refuses the saturation, in whatever words."""
    around = {"code": code(FLOW), **words}
    answer = read(measured(LOINC, "59408-5", 93, "%", component=[around]))
    assert said(answer) == {"spo2": "93"}
    (value,) = found(answer).reading.values
    assert "2" in value.circumstances


def test_a_flow_of_oxygen_alone_is_a_value() -> None:
    assert said(read(measured(*FLOW, 2, "L/min"))) == {"oxygen_flow": "2"}


def test_a_pulse_beside_a_blood_pressure_is_the_cuffs() -> None:
    pulse = {"code": code((LOINC, "8867-4")), "valueQuantity": quantity(76, "/min")}
    answer = read(pressure(SYSTOLIC, DIASTOLIC, pulse))
    assert said(answer)["pulse_cuff"] == "76"
    assert answer.notes == []


def test_an_unknown_code_beside_a_known_one_is_noted() -> None:
    answer = read(weight(code=code((LOINC, "29463-7"), (LOINC, "3141-9"))))
    assert said(answer) == {"weight": "74.5"}
    assert [note.path for note in answer.notes] == ["Observation.code.coding[1]"]


def test_a_blood_pressure_may_lack_an_end_with_a_reason() -> None:
    system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    failed = {"code": code((MDC, "150021")), "dataAbsentReason": code((system, "error"))}
    reading = found(read(pressure(failed, DIASTOLIC))).reading
    assert [(value.text, value.flags) for value in reading.values] == [
        (None, ("invalid",)),
        ("82", ()),
    ]


def test_a_source_keeps_two_senders_apart() -> None:
    payload = msgspec.json.encode(weight())
    one, other = (
        found(read_fhir(payload, RECEIVED_MS, Source("region", "vendor", boot))).reading
        for boot in ("a", "b")
    )
    assert (one.tenant, one.gateway, one.boot, other.boot) == ("region", "vendor", "a", "b")


def test_who_typed_it_is_told_by_device_and_performer() -> None:
    doctor = [{"reference": "PractitionerRole/1"}]
    assert found(read(weight())).reading.transferred_by == "automatic"
    assert found(read(weight(device=None))).reading.transferred_by == "typed"
    by = found(read(weight(device=None, performer=doctor))).reading.transferred_by
    assert by == "typedbyhcprof"


def test_two_citizens_who_type_at_once_do_not_share_a_device() -> None:
    one = found(read(weight(device=None))).reading.device
    other = found(read(weight(device=None, subject={"reference": "Patient/2"}))).reading.device
    assert one != other
    assert one == found(read(weight(device={"display": "en vægt"}))).reading.device


def test_a_subject_of_the_same_transaction_is_known_by_its_identifier() -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": "7"}]}
    tree = bundle(weight(subject={"reference": "urn:uuid:1"}), patient)
    tree["entry"][1]["fullUrl"] = "urn:uuid:1"
    assert found(read(tree)).subject == "urn:x|7"


def test_a_device_metric_is_named_by_its_reference() -> None:
    assert found(read(weight(device={"reference": "DeviceMetric/9"}))).reading.device == "9"


def fact(mdc: str, **value: Any) -> dict[str, Any]:
    """A fact about the scale as HL7 PHD sends one."""
    return weight(code=code((MDC, mdc)), **{"valueQuantity": None, **value})


def battery(charge: int) -> dict[str, Any]:
    """A battery's charge as a component."""
    return {"code": code((MDC, "67996")), "valueQuantity": quantity(charge, "%")}


def facts(answer: Any) -> list[tuple[str, str, str]]:
    """The facts of every entry: alias, text and unit."""
    entries = [one for one in answer.entries if isinstance(one, Found)]
    return [
        (one.fact.alias, one.text, one.unit) for entry in entries for one in entry.reading.facts
    ]


@pytest.mark.parametrize(
    ("mdc", "value", "alias", "text", "unit"),
    [
        ("67996", {"valueQuantity": quantity(95, "%")}, "battery", "95", "%"),
        ("67996", {"valueQuantity": quantity(95, "262688", system=MDC)}, "battery", "95", "%"),
        ("67996", {"valueQuantity": {"value": 95, "unit": "%"}}, "battery", "95", "%"),
        ("67976", {"valueQuantity": quantity(40, "min")}, "battery_time", "40", "min"),
        ("67925", {"valueString": "onBattery"}, "power_status", "onBattery", ""),
        (
            "150604",
            {
                "component": [
                    {
                        "code": {"text": "sensor-disconnected"},
                        "valueCodeableConcept": {"text": "Y"},
                    },
                    {"code": {"text": "low-perfusion"}, "valueCodeableConcept": {"text": "N"}},
                ]
            },
            "device_status",
            "sensor-disconnected: Y, low-perfusion: N",
            "",
        ),
        (
            "67975",
            {"valueDateTime": "2026-02-18T07:29:58+01:00"},
            "clock",
            "2026-02-18T07:29:58+01:00",
            "",
        ),
        ("68072", {"valueQuantity": quantity(12345, "us")}, "clock_ticks", "12345", "us"),
        ("68220", {"valueCodeableConcept": {"text": "NTP"}}, "clock_sync", "NTP", ""),
    ],
)
def test_a_fact_about_a_device_is_no_measurement(
    mdc: str, value: dict[str, Any], alias: str, text: str, unit: str
) -> None:
    answer = read(fact(mdc, **value))
    assert facts(answer) == [(alias, text, unit)]
    assert found(answer).reading.values == ()


def test_a_fact_may_be_about_the_device_itself() -> None:
    one = fact("67996", valueQuantity=quantity(95, "%"), device=None)
    one["subject"] = {"reference": "Device/scale-17"}
    assert found(read(one)).reading.device == "scale-17"


def test_a_clock_that_no_measurement_needs_is_a_fact() -> None:
    clock = fact("67975", valueDateTime="2026-02-18T07:29:58+01:00")
    answer = read(bundle(weight(), clock))
    assert facts(answer) == [("clock", "2026-02-18T07:29:58+01:00", "")]


def test_a_fact_as_a_component_is_no_circumstance() -> None:
    answer = read(weight(component=[battery(12)]))
    reading = found(answer).reading
    assert [value.circumstances for value in reading.values] == [""]
    assert facts(answer) == [("battery", "12", "%")]


def test_a_bad_component_leaves_the_value_alone() -> None:
    answer = read(weight(component=[part(88, (MDC, "149530")), {"valueString": "?"}]))
    assert said(answer) == {"weight": "74.5"}
    assert [(one.reason, one.path) for one in found(answer).refused] == [
        ("unit-mismatch", "Observation.component[0].valueQuantity.code"),
        ("field-missing", "Observation.component[1].code"),
    ]


def test_a_bad_fact_leaves_the_measurement_alone() -> None:
    answer = read(weight(component=[battery(870)]))
    entry = found(answer)
    assert said(answer) == {"weight": "74.5"}
    (refused,) = entry.refused
    assert (refused.reason, refused.path) == (
        "device-fact-invalid",
        "Observation.component[0].value[x]",
    )


def test_a_relative_reference_is_resolved_against_its_own_base() -> None:
    kinds = ("528391", "528399")
    devices = [
        {"resourceType": "Device", "id": "scale-17", "type": code((MDC, kind))} for kind in kinds
    ]
    tree = bundle(weight(), *devices)
    for entry, base in zip(tree["entry"], ("https://b", "https://a", "https://b"), strict=True):
        name = "Observation/1" if entry is tree["entry"][0] else "Device/scale-17"
        entry["fullUrl"] = f"{base}/{name}"
    assert found(read(tree)).reading.device_type == "528399"
