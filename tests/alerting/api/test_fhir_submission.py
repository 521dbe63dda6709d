"""What one entry that cannot be taken means for the others: in a set, a batch, a transaction."""

from typing import Any

import pytest

from tests.alerting.api.scene import Client, Ward
from tests.alerting.api.test_fhir_writing import (
    bundle,
    issues,
    observation,
    post,
    rejections,
    statuses,
    stored,
)


def parameters(*resources: Any) -> Any:
    part = {"name": "measurement", "resource": bundle("transaction", *resources)}
    return {"resourceType": "Parameters", "parameter": [part]}


UNKNOWN: dict[str, Any] = {"code": {"coding": [{"system": "http://loinc.org", "code": "1-8"}]}}


def test_an_unknown_observation_does_not_sink_a_set_of_measurements(
    client: Client, ward: Ward
) -> None:
    """The good are stored, the unknown are held, and every one of them is answered."""
    said = parameters(observation(minute=1), observation(**UNKNOWN), observation(minute=2))
    answer = post(client, "/$submit-measurement", said)
    assert answer.status_code == 200
    assert answer.json()["type"] == "batch-response"
    assert statuses(answer) == ["201", "422", "201"]
    refused = answer.json()["entry"][1]["response"]["outcome"]["issue"][0]
    assert refused["details"]["text"] == "code-unknown"
    assert refused["expression"] == ["Parameters.parameter[0].resource.entry[1].resource.code"]
    assert [record.values for record in stored(ward)] == [("93",)] * 2
    assert [(row.reason, row.place) for row in rejections(ward)] == [("code-unknown", 1)]
    again = post(client, "/$submit-measurement", said)
    assert statuses(again) == ["200", "422", "200"]
    assert [row.deliveries for row in rejections(ward)] == [2]


def test_a_set_of_which_nothing_can_be_stored_is_refused(client: Client, ward: Ward) -> None:
    path = "/$submit-measurement"
    answer = post(client, path, parameters(observation(**UNKNOWN), observation(940)))
    assert (answer.status_code, issues(answer)) == (422, ["code-unknown", "value-out-of-range"])
    assert stored(ward) == []
    assert len(rejections(ward)) == 2
    assert post(client, path, {"resourceType": "Parameters"}).status_code == 422


def test_an_unknown_observation_does_not_sink_a_batch_but_a_transaction(
    client: Client, ward: Ward
) -> None:
    entries = (observation(minute=1), observation(**UNKNOWN))
    answer = post(client, "", bundle("transaction", *entries))
    assert (answer.status_code, issues(answer)) == (422, ["code-unknown"])
    assert stored(ward) == []
    assert statuses(post(client, "", bundle("batch", *entries))) == ["201", "422"]
    assert len(stored(ward)) == 1


def fact(code: str, **value: Any) -> dict[str, Any]:
    """An Observation of HL7 PHD that says something about the device, not about a person."""
    coding = {"system": "urn:iso:std:iso:11073:10101", "code": code}
    return observation(**{"code": {"coding": [coding]}, "valueQuantity": ..., **value})


BATTERY = fact("67996", valueQuantity={"value": 81, "code": "%"})
STATUS = fact("150604", valueCodeableConcept={"text": "sensor displaced"})
CLOCK = fact("67975", valueDateTime="2026-02-18T07:00:00+01:00")


@pytest.mark.parametrize("kind", ["transaction", "batch", "submit"])
def test_facts_about_a_device_refuse_nothing(client: Client, ward: Ward, kind: str) -> None:
    """Battery, status and coincident time beside a reading: it is stored, whatever they say."""
    entries = (BATTERY, observation(minute=1), STATUS, CLOCK)
    if kind == "submit":
        answer = post(client, "/$submit-measurement", parameters(*entries))
    else:
        answer = post(client, "", bundle(kind, *entries))
    assert statuses(answer) == ["202", "201", "202", "202"]
    told = answer.json()["entry"][0]["response"]["outcome"]["issue"][0]
    assert told["severity"] == "information"
    assert "battery" in told["diagnostics"].lower()
    assert [record.values for record in stored(ward)] == [("93",)]
    assert rejections(ward) == []
