"""Whom and what FHIR refers to: persons without a device, our own addresses, conditions; and what
of an Observation is kept, or named in the answer."""

from typing import Any

import msgspec
import pytest

from fhir_mapping.codes import CPR
from fhir_mapping.fhir_read.surroundings import QUALITY, RESOLVED_TIMING
from fhir_mapping.stand_in import is_stand_in
from ingest.replay import replay
from ingest.store import SqliteReader
from tests.alerting.api.scene import NOW_MS, OXIMETER, Client, Ward, citizen
from tests.alerting.api.test_fhir_writing import (
    bundle,
    issues,
    observation,
    post,
    statuses,
    stored,
)

ANNA, BO, NOBODY = "7203480017", "7203480025", "7203480033"
OWN = "http://127.0.0.1:8700/fhir/"


@pytest.fixture(autouse=True)
def numbers(ward: Ward) -> None:
    """Anna and Bo, each with a number of their own."""
    ward.enrol([citizen("c1", "Anna", "Lund", cpr=ANNA), citizen("c2", "Bo", "Friis", cpr=BO)])


def typed(cpr: str = ANNA, **changes: Any) -> dict[str, Any]:
    """A value that a person typed: no device, and a citizen by number."""
    subject = {"identifier": {"system": CPR, "value": cpr}}
    return observation(**{"device": ..., "subject": subject, **changes})


def by_condition(kind: str, system: str, value: str) -> dict[str, str]:
    return {"reference": f"{kind}?identifier={system}|{value}"}


@pytest.mark.parametrize(
    "subject",
    [
        {"identifier": {"system": CPR, "value": ANNA}},
        {"reference": "Patient/c1"},
        {"reference": f"{OWN}Patient/c1"},
        {"reference": f"Patient?identifier={CPR}|{ANNA}"},
        {"reference": f"{OWN}Patient?identifier={CPR.replace(':', '%3A')}%7C{ANNA}"},
    ],
)
@pytest.mark.parametrize(
    ("performer", "by"),
    [
        ([], "typed"),
        ([{"reference": "Patient/c1"}], "typed"),
        ([{"reference": "Practitioner/7"}], "typedbyhcprof"),
        ([{"type": "Practitioner", "display": "Mette"}], "typedbyhcprof"),
    ],
)
def test_what_a_person_typed_is_stored_at_once_as_theirs(
    client: Client, ward: Ward, subject: Any, performer: Any, by: str
) -> None:
    """However the citizen is named: it is one and the same record, and no device waits for one."""
    answer = post(client, "/Observation", typed(subject=subject, performer=performer))
    assert answer.status_code == 201, answer.text
    (record,) = stored(ward)
    assert (record.citizen, record.transferred_by, record.values) == ("c1", by, ("93",))
    assert is_stand_in(record.device)
    assert ANNA not in answer.text
    assert post(client, "/Observation", typed(performer=performer)).status_code == 200
    assert len(stored(ward)) == 1


def test_two_citizens_who_type_at_once_are_two(client: Client, ward: Ward) -> None:
    said = bundle("batch", typed(ANNA), typed(BO))
    assert statuses(post(client, "", said)) == ["201", "201"]
    assert [record.citizen for record in stored(ward)] == ["c1", "c2"]


def test_a_number_that_nobody_has_waits_for_the_enrolment(client: Client, ward: Ward) -> None:
    answer = post(client, "/Observation", typed(NOBODY))
    assert (answer.status_code, issues(answer)) == (202, ["identity-mismatch"])
    assert NOBODY not in answer.text
    assert stored(ward) == []
    ward.enrol([citizen("c3", "Ib", "Juhl", cpr=NOBODY)])
    assert replay(SqliteReader(ward.records), ward.writer, NOW_MS) == (1, 1)
    assert [record.citizen for record in stored(ward)] == ["c3"]


def test_a_citizen_by_reference_is_given_what_waits_at_the_enrolment(
    client: Client, ward: Ward
) -> None:
    answer = post(client, "/Observation", typed(subject={"reference": "Patient/c3"}))
    assert (answer.status_code, issues(answer)) == (202, ["device-unassigned"])
    assert [record.citizen for record in stored(ward)] == [None]
    ward.enrol([citizen("c3", "Ib", "Juhl", cpr=NOBODY)])
    assert [record.citizen for record in stored(ward)] == ["c3"]


@pytest.mark.parametrize("base", ["https://other.example/fhir/", "http://127.0.0.1:8701/fhir/"])
def test_another_servers_patient_is_not_ours(client: Client, ward: Ward, base: str) -> None:
    """Its Patient/c1 may be anybody."""
    answer = post(client, "/Observation", typed(subject={"reference": f"{base}Patient/c1"}))
    assert answer.status_code == 202
    theirs = observation(minute=1, subject={"reference": f"{base}Patient/c2"})
    assert post(client, "/Observation", theirs).status_code == 201
    assert [record.citizen for record in stored(ward)] == [None, "c1"]


def test_an_absolute_reference_to_us_is_the_relative_one(client: Client, ward: Ward) -> None:
    device = {"reference": f"{OWN}Device/{OXIMETER}-c1"}
    said = observation(device=device, subject={"reference": f"{OWN}Patient/c1"})
    assert post(client, "/Observation", said).status_code == 201
    assert post(client, "/Observation", observation()).status_code == 200
    (record,) = stored(ward)
    assert (record.device, record.citizen) == (f"{OXIMETER}-c1", "c1")
    others = observation(minute=1, subject={"reference": f"{OWN}Patient/c2"})
    answer = post(client, "/Observation", others)
    assert (answer.status_code, issues(answer)) == (202, ["identity-mismatch"])


def test_a_condition_is_resolved_or_refused(client: Client, ward: Ward) -> None:
    """It never becomes a name."""
    device = by_condition("Device", "urn:x", f"{OXIMETER}-c1")
    right = observation(subject=by_condition("Patient", CPR, ANNA), device=device)
    assert post(client, "/Observation", right).status_code == 201
    wrong = observation(minute=1, subject=by_condition("Patient", CPR, BO))
    answer = post(client, "/Observation", wrong)
    assert (answer.status_code, issues(answer)) == (202, ["identity-mismatch"])
    for name in ("subject", "device"):
        kind = {"subject": "Patient", "device": "Device"}[name]
        said = observation(minute=2, **{name: {"reference": f"{kind}?name=Anna"}})
        answer = post(client, "/Observation", said)
        assert (answer.status_code, issues(answer)) == (422, ["field-value"])
    assert [record.device for record in stored(ward)] == [f"{OXIMETER}-c1"]


RICH: dict[str, Any] = {
    "bodySite": {"text": "left hand"},
    "method": {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "probe"}]},
    "note": [{"text": "efter en gåtur"}],
    "referenceRange": [
        {"low": {"value": 90}},
        {"low": {"value": 85}, "type": {"coding": [{"code": "RAL"}]}},
    ],
    "interpretation": [{"coding": [{"code": "L"}]}],
    "encounter": {"reference": "Encounter/e1"},
    "extension": [
        {
            "url": QUALITY,
            "extension": [
                {"url": "qualityType", "valueCodeableConcept": {"coding": [{"code": "SQ"}]}},
                {"url": "qualityCode", "valueCodeableConcept": {"coding": [{"code": "sitting"}]}},
            ],
        },
        {
            "url": RESOLVED_TIMING,
            "extension": [{"url": "type", "valueCodeableConcept": {"coding": [{"code": "Extra"}]}}],
        },
    ],
}
WARD = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
}


def test_what_is_known_beside_the_value_is_kept(client: Client, ward: Ward) -> None:
    """Under the names that every door has for it; and it makes no other measurement."""
    answer = post(client, "", bundle("batch", observation(**RICH), WARD))
    assert statuses(answer) == ["201", "202"]
    assert "outcome" not in answer.json()["entry"][0]["response"]
    (record,) = stored(ward)
    assert record.location == "institution"
    assert msgspec.json.decode(record.circumstances) == {
        "abnormal": "L",
        "body-site": "left hand",
        "comment": "efter en gåtur",
        "methods": "probe",
        "minimum": "90",
        "RAL": "85..",
        "scheduled": "notscheduled",
        "situation": "sitting",
    }
    rendered = client.get("/fhir/Observation?patient=c1").json()["entry"][0]["resource"]
    again = post(client, "", bundle("batch", rendered)).json()["entry"][0]["response"]
    assert again["status"] == "200 OK"
    assert "outcome" not in again, "our own rendering is read back whole"
    assert post(client, "/Observation", observation()).status_code == 200
    assert len(stored(ward)) == 1


def test_a_long_note_comes_back(client: Client, ward: Ward) -> None:
    text = "Patienten har gået en lang tur. " * 60
    said = post(client, "/Observation", observation(note=[{"text": text}]))
    assert said.status_code == 201
    assert post(client, "/Observation", said.json()).status_code == 200
    (record,) = stored(ward)
    assert msgspec.json.decode(record.circumstances) == {"comment": text.strip()}
    too_long = observation(minute=1, note=[{"text": "x" * 5000}])
    too_long["referenceRange"] = [{"low": {"value": "no number"}}, {"high": {}}]
    assert post(client, "/Observation", too_long).status_code == 201, "it refuses no measurement"
    assert msgspec.json.decode(stored(ward)[-1].circumstances) == {"comment": "x" * 4096}


def test_who_asks_is_told_what_was_left_out_of_one_observation(client: Client) -> None:
    said = observation(encounter={"reference": "Encounter/elsewhere"})
    assert post(client, "/Observation", said).json()["resourceType"] == "Observation"
    answer = post(client, "/Observation", said, Prefer="return=OperationOutcome")
    assert answer.status_code == 200
    assert issues(answer) == ["noted"]
    said = observation(minute=1)
    answer = post(client, "/Observation", said, Prefer="return=OperationOutcome")
    assert (answer.status_code, issues(answer)) == (201, ["stored"])


def test_a_professional_who_used_a_device_is_kept(client: Client, ward: Ward) -> None:
    said = observation(performer=[{"reference": "Practitioner/7", "display": "Afdeling B"}])
    assert post(client, "/Observation", said).status_code == 201
    (record,) = stored(ward)
    assert record.transferred_by == "automatic"
    assert msgspec.json.decode(record.circumstances) == {"performer": "Afdeling B"}
