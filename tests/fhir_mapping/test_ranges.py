"""Personal limits are copied to the Observation, as they were when it was measured."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.observation import Observation

from devices.catalogue import METRICS
from fhir_mapping import codes
from fhir_mapping.enrolled import Limits
from fhir_mapping.observation import render_observation
from fhir_mapping.ranges import in_force
from tests.fhir_mapping.cases import CASES

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ABSOLUTE = (
    Limits("c", "spo2", SINCE, low_red="85.0", low_yellow="87"),
    Limits("c", "pulse", SINCE, "40", "49", "111", "131"),
    Limits("c", "systolic", SINCE, "89", "99", "160", "180"),
    Limits("c", "diastolic", SINCE, None, None, "100", "110"),
)
LIMITS: dict[tuple[str, bool], Limits] = {(row.metric, False): row for row in ABSOLUTE}
RELATIVE = Limits(
    "c", "spo2", SINCE, low_red="4", low_yellow="3.0", high_yellow="5", relative=True, base="94"
)


def ranges(part: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (
            area["type"]["coding"][0]["code"],
            area.get("low", {}).get("value"),
            area.get("high", {}).get("value"),
        )
        for area in part.get("referenceRange", [])
    ]


def read(name: str) -> dict[str, Any]:
    rendered = render_observation(CASES[name], LIMITS)
    Observation.model_validate_json(rendered)
    found: dict[str, Any] = json.loads(rendered, parse_float=Decimal)
    return found


def test_low_limits_become_a_red_and_a_yellow_area() -> None:
    assert ranges(read("spo2")) == [("RAL", None, Decimal("85.0")), ("GAL", Decimal("85.0"), 87)]
    assert b'"value":85.0,' in render_observation(CASES["spo2"], LIMITS), "the text is kept"
    area = read("spo2")["referenceRange"][0]
    assert area["type"]["coding"][0]["system"] == codes.ALARM_RANGE
    assert (area["high"]["unit"], area["high"]["code"]) == ("%", "%")


def test_relative_limits_are_changes_from_a_base() -> None:
    rendered = render_observation(CASES["spo2"], LIMITS | {("spo2", True): RELATIVE})
    Observation.model_validate_json(rendered)
    resource = json.loads(rendered, parse_float=Decimal)
    assert [kind for kind, _, _ in ranges(resource)] == ["RAL", "GAL", "RELRAL", "RELGAL", "RELGAL"]
    assert ranges(resource)[2:] == [
        ("RELRAL", None, -4), ("RELGAL", -4, Decimal("-3.0")), ("RELGAL", 5, None),
    ]  # fmt: skip
    absolute, relative = resource["referenceRange"][0], resource["referenceRange"][2]
    assert "text" not in absolute
    assert relative["type"]["coding"][0]["system"] == codes.RELATIVE_RANGE
    assert relative["text"] == "Ændring fra 94 %"
    usual = {("spo2", True): msgspec.structs.replace(RELATIVE, base=None)}
    (first, *_) = json.loads(render_observation(CASES["spo2"], usual))["referenceRange"]
    assert first["text"] == "Ændring fra borgerens habituelle værdi"


@pytest.mark.parametrize("name", ["pulse_oximeter", "pulse_cuff"])
def test_a_pulse_has_the_same_limits_whichever_device_counted_it(name: str) -> None:
    wanted = [("RAL", None, 40), ("GAL", 40, 49), ("GAL", 111, 131), ("RAL", 131, None)]
    assert ranges(read(name)) == wanted


def test_components_have_their_own() -> None:
    resource = read("blood_pressure")
    assert ranges(resource) == []
    systolic, diastolic, mean = resource["component"]
    assert [kind for kind, _, _ in ranges(systolic)] == ["RAL", "GAL", "GAL", "RAL"]
    assert ranges(diastolic) == [("GAL", 100, 110), ("RAL", 110, None)]
    assert ranges(mean) == []


def test_a_failed_measurement_still_says_what_was_expected() -> None:
    resource = read("spo2-failed")
    assert "dataAbsentReason" in resource
    assert ranges(resource)


def test_without_limits_nothing_changes() -> None:
    for record in CASES.values():
        assert b"referenceRange" not in render_observation(record)
    assert b"referenceRange" not in render_observation(CASES["weight"], LIMITS)


def test_the_limits_in_force_are_those_of_the_moment() -> None:
    later = datetime(2026, 2, 1, tzinfo=UTC)
    versions = [ABSOLUTE[0], RELATIVE, Limits("c", "spo2", later, low_red="80")]
    at = int(later.timestamp() * 1000)
    assert in_force(versions, at - 1)["spo2", False].low_red == "85.0"
    assert in_force(versions, at)["spo2", False].low_red == "80"
    assert in_force(versions, at)["spo2", True] == RELATIVE, "a history of its own"
    assert in_force(versions, int(SINCE.timestamp() * 1000) - 1) == {}


def test_every_name_of_limits_is_one_that_can_be_enrolled() -> None:
    signals = {"spo2", "pulse", "weight", "systolic", "diastolic", "fev1"}
    assert signals <= {row.limits_of for row in METRICS}
