"""What FHIR takes back and corrects: by update, by create, in whatever order; and what it does not
touch. Blood pressure that was split over Observations is one record."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.alerting.api.scene import CUFF, Client, Ward
from tests.alerting.api.test_fhir_writing import (
    JSON,
    bundle,
    issues,
    observation,
    post,
    rejections,
    statuses,
    stored,
)

WRONG = "entered-in-error"


def put(client: Client, content: dict[str, Any], place: str = "", **headers: str) -> Any:
    path = place or f"/fhir/{content['resourceType']}/{content['id']}"
    return client.put(path, json=content, headers={**JSON, **headers})


@pytest.fixture
def made(client: Client) -> dict[str, Any]:
    """An Observation as the server has it."""
    found: dict[str, Any] = post(client, "/Observation", observation()).json()
    return found


def history(client: Client, key: str) -> list[str]:
    told = client.get(f"/fhir/Provenance/{key}").json()
    return [one["what"]["display"] for one in told.get("entity", [])]


def test_an_update_takes_it_back(client: Client, ward: Ward, made: dict[str, Any]) -> None:
    answer = put(client, {**made, "status": WRONG})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (answer.json()["id"], answer.json()["status"]) == (made["id"], WRONG)
    assert "valueQuantity" not in answer.json()
    (record,) = stored(ward)
    assert (record.withdrawn, record.values, record.citizen) == (True, (None,), "c1")
    assert "93" in history(client, made["id"])[0]
    again = put(client, {**made, "status": WRONG, "meta": {}})
    assert (again.status_code, again.headers["etag"]) == (200, '"2"')


def test_who_takes_it_back_need_not_say_what_it_was(
    client: Client, ward: Ward, made: dict[str, Any]
) -> None:
    said = {"resourceType": "Observation", "id": made["id"], "status": WRONG}
    assert put(client, said).status_code == 200
    assert [record.withdrawn for record in stored(ward)] == [True]
    assert rejections(ward) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"valueQuantity": ...},
        {"note": [{"text": "forkert person"}]},
        {"valueQuantity": ..., "dataAbsentReason": {"coding": [{"code": "error"}]}},
    ],
)
def test_a_create_of_the_same_takes_it_back(
    client: Client, ward: Ward, changes: dict[str, Any]
) -> None:
    first = post(client, "/Observation", observation())
    answer = post(client, "/Observation", observation(**{"status": WRONG, **changes}))
    assert answer.status_code == 200, answer.text
    assert answer.headers["location"] == first.headers["location"]
    (record,) = stored(ward)
    assert (record.withdrawn, record.version) == (True, 2)


def test_what_is_taken_back_before_it_came_stays_so(client: Client, ward: Ward) -> None:
    early = observation(status=WRONG, issued="2026-02-18T10:00:00Z")
    assert post(client, "/Observation", early).status_code == 201
    late = observation(issued="2026-02-18T07:00:00Z")
    assert post(client, "/Observation", late).status_code in {200, 202}
    (record,) = stored(ward)
    assert (record.withdrawn, record.values) == (True, (None,))


@pytest.mark.parametrize("status", ["corrected", "amended"])
@pytest.mark.parametrize("door", ["create", "update", "batch", "transaction"])
def test_a_corrected_value_is_a_new_version(
    client: Client, ward: Ward, status: str, door: str
) -> None:
    made = post(client, "/Observation", observation(93)).json()
    if door == "update":
        amended = {**made, "status": status}
        amended["valueQuantity"] = {**made["valueQuantity"], "value": 91}
        assert put(client, amended).status_code == 200
    elif door == "create":
        assert post(client, "/Observation", observation(91, status=status)).status_code == 200
    else:
        answer = post(client, "", bundle(door, observation(91, status=status)))
        assert statuses(answer) == ["200"]
    (record,) = stored(ward)
    assert (record.values, record.version, record.conflict) == (("91",), 2, False)
    now = client.get(f"/fhir/Observation/{made['id']}").json()
    assert (now["valueQuantity"]["value"], now["status"]) == (91, "amended")
    assert "93" in history(client, made["id"])[0]


def test_what_was_taken_back_can_be_corrected(
    client: Client, ward: Ward, made: dict[str, Any]
) -> None:
    put(client, {**made, "status": WRONG})
    again = {**made, "status": "corrected", "meta": {}}
    assert put(client, again).status_code == 200
    (record,) = stored(ward)
    assert (record.withdrawn, record.values, record.version) == (False, ("93",), 3)


def test_two_who_change_it_at_once_are_told(client: Client, made: dict[str, Any]) -> None:
    """412 by If-Match, 409 by the version in the body; the current version is let through."""
    wrong = {**made, "status": WRONG}
    for condition in ('"7"', 'W/"7"', "1"):
        answer = put(client, wrong, **{"If-Match": condition})
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "conflict")
    stale = {**wrong, "meta": {"versionId": "7"}}
    assert put(client, stale).status_code == 409
    assert put(client, stale, **{"If-Match": 'W/"1"'}).status_code == 200
    assert put(client, wrong).status_code == 409, "it has changed since it was read"
    assert put(client, wrong, **{"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"effectiveDateTime": "2026-02-18T08:00:00+01:00", "identifier": []},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}, "identifier": []},
        {"device": {"reference": "Device/another"}, "identifier": []},
    ],
)
def test_another_measurement_is_no_update(
    client: Client, ward: Ward, made: dict[str, Any], change: dict[str, Any]
) -> None:
    said = {**made, **change}
    if "code" in change:
        said["valueQuantity"] = {"value": 93, "system": "http://unitsofmeasure.org", "code": "kg"}
    assert put(client, said).status_code == 422
    (record,) = stored(ward)
    assert (record.values, record.version) == (("93",), 1)


def test_what_is_not_there_and_what_is_not_named_is_refused(
    client: Client, ward: Ward, made: dict[str, Any]
) -> None:
    assert put(client, {**made, "id": "x"}).status_code == 404
    place = f"/fhir/Observation/{made['id']}"
    assert put(client, {**made, "id": "x"}, place).status_code == 422
    assert put(client, {**made, "resourceType": "Patient"}, place).status_code == 422
    other = f"/fhir/QuestionnaireResponse/{made['id']}"
    assert put(client, {**made, "resourceType": "QuestionnaireResponse"}, other).status_code == 404
    bad = {**made, "valueQuantity": {**made["valueQuantity"], "value": 930}}
    answer = put(client, bad)
    assert (answer.status_code, issues(answer)) == (422, ["value-out-of-range"])
    assert [row.reason for row in rejections(ward)] == ["value-out-of-range"]
    assert [record.version for record in stored(ward)] == [1]


def part(code: str, value: int, minute: int = 0, **changes: Any) -> dict[str, Any]:
    """One component of a blood pressure as an Observation of its own."""
    return observation(
        minute=minute,
        **{
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {
                "value": value,
                "system": "http://unitsofmeasure.org",
                "code": "mm[Hg]",
            },
            "device": {"reference": f"Device/{CUFF}-c1"},
            **changes,
        },
    )


SYSTOLIC, DIASTOLIC, MEAN = "8480-6", "8462-4", "8478-0"


def by_bundle(client: Client, *parts: dict[str, Any]) -> None:
    answer = post(client, "", bundle("transaction", *parts))
    assert set(statuses(answer)) <= {"200", "201"}, answer.text


def by_messages(client: Client, *parts: dict[str, Any]) -> None:
    for one in parts:
        assert post(client, "/Observation", one).status_code in {200, 201}


@pytest.mark.parametrize("way", [by_bundle, by_messages])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_split_blood_pressure_is_one_record(
    client: Client, ward: Ward, way: Callable[..., None], order: tuple[int, ...]
) -> None:
    parts = [part(SYSTOLIC, 188), part(DIASTOLIC, 114), part(MEAN, 139)]
    way(client, *(parts[place] for place in order))
    (record,) = stored(ward)
    assert (record.about, record.values) == ("blood_pressure", ("188", "114", "139"))
    assert [record.usable(place) for place in range(3)] == [True] * 3
    way(client, *parts)
    assert [one.seq for one in stored(ward)] == [record.seq], "told again it is the same"


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ([(SYSTOLIC, 188)], ("188", None, None)),
        ([(MEAN, 97)], (None, None, "97")),
        ([(SYSTOLIC, 188), (MEAN, 139)], ("188", None, "139")),
    ],
)
def test_a_part_alone_is_a_value(
    client: Client, ward: Ward, said: list[tuple[str, int]], values: tuple[str | None, ...]
) -> None:
    by_messages(client, *(part(code, value) for code, value in said))
    (record,) = stored(ward)
    assert record.values == values
    assert [record.usable(place) for place in range(3)] == [one is not None for one in values]


def test_parts_of_two_moments_are_two_records(client: Client, ward: Ward) -> None:
    by_messages(client, part(SYSTOLIC, 188), part(DIASTOLIC, 114, minute=5))
    assert [one.values for one in stored(ward)] == [("188", None, None), (None, "114", None)]


def test_a_panel_that_only_groups_adds_nothing(client: Client, ward: Ward) -> None:
    panel = part("85354-9", 0, valueQuantity=..., hasMember=[{"reference": "Observation/1"}])
    parts = (part(SYSTOLIC, 188), part(DIASTOLIC, 114))
    answer = post(client, "", bundle("transaction", panel, *parts))
    assert statuses(answer)[0] == "202"
    assert [one.values for one in stored(ward)] == [("188", "114", None)]


@pytest.mark.parametrize("order", [1, -1])
def test_parts_that_contradict_each_other_are_in_conflict(
    client: Client, ward: Ward, order: int
) -> None:
    """Nobody knows which of the two is wrong: both are kept, and neither is used."""
    by_messages(client, *[part(SYSTOLIC, 80), part(DIASTOLIC, 114)][::order])
    found = stored(ward)
    assert {one.values for one in found} == {("80", None, None), (None, "114", None)}
    assert [one.conflict for one in found] == [True, True]


@pytest.mark.parametrize("wrong", [0, 1])
def test_of_two_values_in_conflict_the_wrong_one_is_taken_back_and_the_other_counts(
    client: Client, ward: Ward, wrong: int
) -> None:
    by_messages(client, part(SYSTOLIC, 80), part(DIASTOLIC, 114))
    ids = [one.id for one in stored(ward)]
    made = [client.get(f"/fhir/Observation/{key}").json() for key in map(_address, ids)]
    for _ in range(2):
        assert put(client, {**made[wrong], "status": WRONG, "meta": {}}).status_code == 200
        found = {one.id: (one.withdrawn, one.conflict) for one in stored(ward)}
        assert found == {ids[wrong]: (True, True), ids[1 - wrong]: (False, False)}


def _address(key: bytes) -> str:
    return str(UUID(bytes=key))
