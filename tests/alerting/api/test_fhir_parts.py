"""One bad part of an Observation is refused by itself; what it does not define is stored."""

from typing import Any

import pytest

from tests.alerting.api.scene import CUFF, Client, Ward
from tests.alerting.api.test_fhir_submission import parameters
from tests.alerting.api.test_fhir_writing import SPO2, bundle, observation, post, rejections, stored

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def part(code: str, value: Any, unit: str) -> dict[str, Any]:
    quantity = {"value": value, "system": UCUM, "code": unit}
    return {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": quantity}


def pressure(systolic: Any = 188, diastolic: Any = 114, mean: Any = 511) -> dict[str, Any]:
    parts = [("8480-6", systolic), ("8462-4", diastolic), ("8478-0", mean)]
    return observation(
        code={"coding": [{"system": LOINC, "code": "85354-9"}]},
        valueQuantity=...,
        component=[part(code, value, "mm[Hg]") for code, value in parts],
        device={"reference": f"Device/{CUFF}-c1"},
    )


def saturation(pulse: Any) -> dict[str, Any]:
    return observation(80, component=[part("8867-4", pulse, "/min")])


def issues(outcome: Any) -> list[tuple[str, str]]:
    return [(one["severity"], one["details"]["text"]) for one in outcome["issue"]]


def kept(ward: Ward) -> list[tuple[str, tuple[str | None, ...]]]:
    return [(record.about, record.values) for record in stored(ward)]


@pytest.mark.parametrize(
    ("sent", "values", "path"),
    [
        (pressure(), [("blood_pressure", ("188", "114", None))], "Observation.component[2]"),
        (saturation(511), [("spo2", ("80",))], "Observation.component[0]"),
    ],
)
def test_a_bad_part_is_a_rejection_and_said_in_the_answer(
    client: Client, ward: Ward, sent: dict[str, Any], values: Any, path: str
) -> None:
    answer = post(client, "/Observation", sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert issues(answer.json()) == [("warning", "value-out-of-range")]
    assert kept(ward) == values
    (row,) = rejections(ward)
    assert (row.reason, row.path.startswith(path)) == ("value-out-of-range", True)
    again = post(client, "/Observation", sent)
    assert (again.status_code, len(stored(ward))) == (200, 1)
    assert [one.deliveries for one in rejections(ward)] == [2]


def test_what_defines_each_other_falls_together(client: Client, ward: Ward) -> None:
    answer = post(client, "/Observation", pressure(systolic=511, mean=139))
    assert answer.status_code == 201, answer.text
    assert kept(ward) == [("blood_pressure", (None, None, "139"))]
    assert sorted(row.reason for row in rejections(ward)) == [
        "component-missing",
        "value-out-of-range",
    ]


def test_nothing_left_is_refused_as_a_whole(client: Client, ward: Ward) -> None:
    answer = post(client, "/Observation", pressure(systolic=511))
    assert answer.status_code == 422
    assert (kept(ward), len(rejections(ward))) == ([], 1)


@pytest.mark.parametrize("kind", ["batch", "submit"])
def test_a_set_takes_the_good_parts(client: Client, ward: Ward, kind: str) -> None:
    if kind == "submit":
        answer = post(client, "/$submit-measurement", parameters(saturation(511)))
    else:
        answer = post(client, "", bundle(kind, saturation(511)))
    (entry,) = answer.json()["entry"]
    assert entry["response"]["status"].startswith("201")
    assert issues(entry["response"]["outcome"]) == [("warning", "value-out-of-range")]
    assert kept(ward) == [("spo2", ("80",))]


def test_a_transaction_stays_all_or_nothing(client: Client, ward: Ward) -> None:
    entries = (observation(93, minute=1), saturation(511))
    answer = post(client, "", bundle("transaction", *entries))
    assert answer.status_code == 422, answer.text
    assert issues(answer.json()) == [("warning", "value-out-of-range")]
    assert kept(ward) == []
    assert [row.reason for row in rejections(ward)] == ["value-out-of-range"]


def test_the_same_code_twice(client: Client, ward: Ward) -> None:
    twice = {**observation(80), "component": [part(SPO2["code"], 93, "%")]}
    assert post(client, "/Observation", twice).status_code == 422
    same = {**observation(80), "component": [part(SPO2["code"], 80, "%")]}
    assert post(client, "/Observation", same).status_code == 201
    assert kept(ward) == [("spo2", ("80",))]
