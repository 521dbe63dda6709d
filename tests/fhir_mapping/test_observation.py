"""What an Observation says about its record; its exact letters are in `test_golden`."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.observation import Observation

from devices.catalogue import METRICS, OBSERVABLES, Metric, observed
from fhir_mapping import codes
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import CASES, NO_CLOCK, stored


def read(record: Record) -> dict[str, Any]:
    """The rendering, with decimals as exact as their text."""
    resource: dict[str, Any] = json.loads(render_observation(record), parse_float=Decimal)
    return resource


def extension(resource: dict[str, Any], url: str) -> Any:
    found = [item for item in resource["extension"] if item["url"] == url]
    assert len(found) == 1, url
    (value,) = (value for key, value in found[0].items() if key != "url")
    return value


@pytest.mark.parametrize("text", ["36.50", "36.5", "36", "0.05", "100.000", "-0.0"])
@pytest.mark.parametrize("about", [alias for alias in OBSERVABLES if alias != "blood_pressure"])
def test_the_text_of_a_value_is_kept_to_the_digit(about: str, text: str) -> None:
    rendered = render_observation(stored(about, {about: text}))
    assert f'"valueQuantity":{{"value":{text},"unit":'.encode() in rendered


def test_a_panel_keeps_the_text_of_each_component() -> None:
    texts: dict[str, str | None] = {
        "systolic": "134.0",
        "diastolic": "82.10",
        "mean_pressure": "99.00",
    }
    rendered = render_observation(stored("blood_pressure", texts))
    assert rendered.count(b'"valueQuantity"') == 3
    for text in texts.values():
        assert f'"value":{text},'.encode() in rendered


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.alias)
def test_codes_stand_in_order_and_absent_ones_are_left_out(row: Metric) -> None:
    resource = read(stored(row.panel or row.alias))
    said = [resource["code"], *(part["code"] for part in resource.get("component", []))]
    code = next(code for code in said if code["text"] == row.name_da)
    expected = [(codes.LOINC, code.code) for code in row.loinc[:1]]
    if row.mdc:
        expected.append((codes.MDC, row.mdc))
    if row.danish.code:
        expected.append((str(row.danish_system), row.danish.code))
    assert [(coding["system"], coding["code"]) for coding in code["coding"]] == expected
    assert len({coding["system"] for coding in code["coding"]}) == len(expected)


@pytest.mark.parametrize("about", OBSERVABLES)
def test_category_and_profiles_follow_the_catalogue(about: str) -> None:
    resource = read(stored(about))
    said = [item["coding"][0]["code"] for item in resource["category"]]
    assert said == [observed(about).category, "phd"]
    profiles = resource["meta"]["profile"]
    assert codes.DK_CORE_OBSERVATION in profiles
    assert (codes.VITAL_SIGNS in profiles) == (said[0] == "vital-signs")


def circumstances(resource: dict[str, Any]) -> list[Any]:
    return [
        part["extension"] for part in resource["extension"] if part["url"] == codes.CIRCUMSTANCE
    ]


def test_while_assigned_to_nobody_the_subject_is_unknown() -> None:
    resource = read(CASES["weight-unassigned"])
    assert resource["subject"]["extension"][0]["valueCode"] == "unknown"
    assert "reference" not in resource["subject"]
    assert "performer" not in resource
    assert b"Patient/" not in render_observation(CASES["weight-unassigned"])


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ((), "error"),
        (("invalid",), "error"),
        (("not-available",), "not-performed"),
        (("not-available", "invalid"), "error"),
        (("questionable",), "error"),
    ],
)
def test_a_missing_value_has_its_reason(flags: tuple[str, ...], reason: str) -> None:
    resource = read(stored("spo2", {"spo2": None}, flags=flags))
    assert resource["dataAbsentReason"]["coding"][0]["code"] == reason
    assert "valueQuantity" not in resource


@pytest.mark.parametrize("flag", ["invalid", "not-available"])
def test_a_value_that_the_device_takes_back_is_withheld(flag: str) -> None:
    assert b"71.3" not in render_observation(stored("spo2", {"spo2": "71.3"}, flags=(flag,)))
    panel = read(stored("blood_pressure", flags=(flag,)))
    assert len(panel["component"]) == 3
    assert all("dataAbsentReason" in part for part in panel["component"])


@pytest.mark.parametrize("flag", ["questionable", "calibration-ongoing", "validated-data"])
def test_a_flag_that_is_no_failure_is_told_beside_the_value(flag: str) -> None:
    resource = read(stored("spo2", flags=(flag,)))
    assert resource["interpretation"][0]["coding"][0]["code"] == flag
    assert resource["valueQuantity"]["value"] == 93
    assert "security" not in resource["meta"]


@pytest.mark.parametrize("flag", ["test-data", "demo-data"])
def test_test_data_is_labelled_as_such(flag: str) -> None:
    assert read(stored("spo2", flags=(flag,)))["meta"]["security"][0]["code"] == "HTEST"


def test_a_component_is_absent_or_failed() -> None:
    texts: dict[str, str | None] = {"systolic": "134", "diastolic": None, "mean_pressure": None}
    components = read(stored("blood_pressure", texts))["component"]
    assert [part["code"]["coding"][0]["code"] for part in components] == ["8480-6", "8462-4"]
    assert components[0]["valueQuantity"]["value"] == 134
    assert components[1]["dataAbsentReason"]["coding"][0]["code"] == "error"


@pytest.mark.parametrize("by", ["automatic", "typed", "typedbyhcprof"])
@pytest.mark.parametrize("place", ["home", "institution"])
@pytest.mark.parametrize("scheduled", [False, True])
def test_kih_s_own_words_stand_in_extensions(by: str, place: str, scheduled: bool) -> None:
    resource = read(stored("weight", transferred_by=by, location=place, scheduled=scheduled))
    assert extension(resource, codes.TRANSFERRED_BY) == by
    assert extension(resource, codes.LOCATION) == place
    expected = "scheduled" if scheduled else "notscheduled"
    assert extension(resource, codes.SCHEDULED) == expected


@pytest.mark.parametrize(
    ("utc_ms", "offset_min", "expected"),
    [
        (1_792_888_200_000, 120, "2026-10-25T02:30:00+02:00"),
        (1_792_891_800_000, 60, "2026-10-25T02:30:00+01:00"),
        (1_767_222_000_001, 60, "2026-01-01T00:00:00.001+01:00"),
        (1_767_225_599_999, -210, "2025-12-31T20:29:59.999-03:30"),
        (1_709_164_800_000, 0, "2024-02-29T00:00:00Z"),
    ],
)
def test_time_is_local_with_its_offset(utc_ms: int, offset_min: int, expected: str) -> None:
    record = stored("weight", **NO_CLOCK | {"measured_ms": utc_ms, "offset_min": offset_min})
    assert read(record)["effectiveDateTime"] == expected


def test_both_clocks_are_told_when_both_are_known() -> None:
    resource = read(stored("weight"))
    (clock,) = resource["contained"]
    assert clock["code"]["coding"][0]["code"] == "67975"
    assert clock["effectiveDateTime"] == "2026-02-18T07:31:09.120+01:00"
    assert clock["valueDateTime"] == "2026-02-18T07:29:58+01:00"
    assert resource["derivedFrom"] == [{"reference": f"#{clock['id']}"}]
    without = (stored("weight", clock_device_ms=None), stored("weight", clock_gateway_ms=None))
    for record in without:
        assert read(record).keys().isdisjoint({"contained", "derivedFrom"})


def test_status_is_amended_from_the_second_version() -> None:
    said = {version: read(stored("weight", version=version)) for version in (1, 2, 3)}
    assert {key: value["status"] for key, value in said.items()} == {
        1: "final",
        2: "amended",
        3: "amended",
    }
    assert [value["meta"]["versionId"] for value in said.values()] == ["1", "2", "3"]


def identifier(record: Record) -> str:
    text: str = read(record)["identifier"][0]["value"]
    return text


def test_the_identifier_tells_every_identifying_fact_and_nothing_else() -> None:
    plain = stored("weight")
    same = [
        msgspec.structs.replace(plain, citizen="another"),
        msgspec.structs.replace(plain, values=("80.1",)),
        msgspec.structs.replace(plain, version=4, conflict=True, seq=99),
    ]
    assert {identifier(record) for record in same} == {identifier(plain)}
    other = [
        stored("weight", device="d2"),
        stored("weight", slot=2),
        stored("weight", boot="b4"),
        stored("weight", device_time="2026-02-18T07:29:41"),
        stored("weight", circumstances='{"clothes":"on"}'),
        stored("spo2"),
        CASES["weight-conflict-second"],
    ]
    assert len({identifier(record) for record in (plain, *other)}) == 1 + len(other)


def test_a_hyphen_moves_nothing_between_device_and_boot() -> None:
    left = identifier(stored("weight", device="d-1", boot="b"))
    assert left != identifier(stored("weight", device="d", boot="1-b"))


def test_a_conflict_is_marked_on_both_sides() -> None:
    for name in ("weight-conflict-first", "weight-conflict-second"):
        assert extension(read(CASES[name]), codes.CONFLICT) is True
    assert codes.CONFLICT.encode() not in render_observation(stored("weight"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "2.0 L/min",
            {"value": Decimal("2.0"), "unit": "L/min", "system": codes.UCUM, "code": "L/min"},
        ),
        ("40 trin", {"value": 40, "unit": "trin"}),
    ],
)
def test_a_circumstance_with_a_unit_is_a_quantity(said: str, expected: dict[str, Any]) -> None:
    record = stored("spo2", circumstances=json.dumps({"o2_flow": said}))
    assert circumstances(read(record)) == [
        [{"url": "name", "valueString": "o2_flow"}, {"url": "value", "valueQuantity": expected}]
    ]
    assert f'"value":{said.partition(" ")[0]},'.encode() in render_observation(record)


@pytest.mark.parametrize("said", ["i hvile", "2,0 L/min", "02 L", "2.0", "1e3 L", "2 L per min"])
def test_any_other_circumstance_is_a_text(said: str) -> None:
    record = stored("spo2", circumstances=json.dumps({"note": said}))
    assert circumstances(read(record)) == [
        [{"url": "name", "valueString": "note"}, {"url": "value", "valueString": said}]
    ]


def test_an_empty_circumstance_has_a_name_and_no_value() -> None:
    record = stored("spo2", circumstances=json.dumps({"note": ""}))
    assert circumstances(read(record)) == [[{"url": "name", "valueString": "note"}]]


NASTY = 'Ærø "7" \\ </script>\u2028 🫁 {%b} @code@'


@pytest.mark.parametrize("control", ["", "\x00", "\x1b[31m", "\x7f", "\x85", "\x1f"])
def test_odd_letters_come_through_and_control_characters_do_not(control: str) -> None:
    text = NASTY + control
    resource = read(
        stored(
            "weight",
            boot=text,
            model=text,
            firmware=text,
            circumstances=json.dumps({text: text}),
            clock_sync=text,
        )
    )
    shown = text.replace("\u2028", " ")
    for forbidden in ("\x00", "\x1b", "\x7f", "\x85", "\x1f"):
        shown = shown.replace(forbidden, "\N{REPLACEMENT CHARACTER}")
    assert resource["device"]["display"] == f"{shown}, firmware {shown}"
    assert circumstances(resource) == [
        [{"url": "name", "valueString": shown}, {"url": "value", "valueString": shown}]
    ]
    assert resource["identifier"][0]["value"].split("/1/", 1)[1].startswith(shown)
    sync = resource["contained"][0]["component"][0]["valueCodeableConcept"]
    assert sync == {"text": shown}


@pytest.mark.parametrize("space", ["\x85", "\x1f", "\xa0", "\u2003", "\u2028", "\u3000"])
def test_a_text_of_nothing_but_odd_space_is_still_one_that_fhir_allows(space: str) -> None:
    record = stored("spo2", model=space, firmware="", circumstances=json.dumps({space: "1 L"}))
    observation: Any = Observation.model_validate_json(render_observation(record))
    assert observation.device.display in (" ", "\N{REPLACEMENT CHARACTER}")
    (name, _) = observation.extension[-1].extension
    assert name.valueString == observation.device.display
