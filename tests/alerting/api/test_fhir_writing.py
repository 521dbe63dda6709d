"""FHIR written over HTTP: what becomes of each entry, once and for all, whole or in parts."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from alerting.api.bodies import FHIR_BODY_BYTES_MAX
from fhir_mapping.codes import CPR
from fhir_mapping.record import Record
from ingest.replay import replay
from ingest.store import SqliteReader, StoredRejection
from tests.alerting.api.scene import NOW_MS, OXIMETER, Client, Ward

SPO2 = {"system": "http://loinc.org", "code": "59408-5"}
JSON = {"Content-Type": "application/fhir+json"}
WEIRD = "60:64:05:FF:FE:CF:C6:04"


def observation(value: Any = 93, minute: int = 0, **changes: Any) -> dict[str, Any]:
    content = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [SPO2]},
        "subject": {"reference": "Patient/c1"},
        "effectiveDateTime": f"2026-02-18T07:{minute:02}:00+01:00",
        "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "%"},
        "device": {"reference": f"Device/{OXIMETER}-c1"},
    }
    return {name: said for name, said in {**content, **changes}.items() if said is not ...}


def bundle(kind: str, *resources: Any, method: str = "POST") -> dict[str, Any]:
    entries = [
        {"resource": one, "request": {"method": method, "url": one["resourceType"]}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def post(client: Client, path: str, content: Any, **headers: str) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(f"/fhir{path}", content=body, headers={**JSON, **headers})


def stored(ward: Ward) -> list[Record]:
    return SqliteReader(ward.records).records_after(0, 1000, unassigned=True)


def rejections(ward: Ward) -> list[StoredRejection]:
    return list(SqliteReader(ward.records).rejections())


def statuses(answer: Any) -> list[str]:
    Bundle.model_validate_json(answer.content)
    return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]


def issues(answer: Any) -> list[Any]:
    OperationOutcome.model_validate_json(answer.content)
    return [issue["details"]["text"] for issue in answer.json()["issue"]]


def test_an_observation_is_created_once(client: Client, ward: Ward) -> None:
    answer = post(client, "/Observation", observation())
    assert answer.status_code == 201, answer.text
    assert client.get(answer.headers["location"]).content == answer.content
    assert answer.json()["subject"] == {"reference": "Patient/c1"}
    again = post(client, "/Observation", observation(), **{"If-None-Exist": "identifier=x"})
    assert (again.status_code, again.content) == (200, answer.content)
    assert again.headers["location"] == answer.headers["location"]
    (record,) = stored(ward)
    assert (record.values, record.received_ms, record.citizen) == (("93",), NOW_MS, "c1")


def test_http_and_mqtt_know_each_other(client: Client, ward: Ward) -> None:
    ward.measure("c1", NOW_MS - 3_600_000, {"spo2": "93"})
    said = observation(effectiveDateTime="2026-02-18T11:00:00+01:00")
    assert post(client, "/Observation", said).status_code == 200
    rendered = client.get("/fhir/Observation?patient=c1").json()["entry"][0]["resource"]
    assert post(client, "/Observation", rendered).status_code == 200
    assert len(stored(ward)) == 1


def test_another_value_beside_the_first_is_created_under_its_own_id(
    client: Client, ward: Ward
) -> None:
    first = post(client, "/Observation", observation(93))
    second = post(client, "/Observation", observation(91))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["valueQuantity"]["value"] == 91
    assert second.headers["location"] != first.headers["location"]
    assert len(stored(ward)) == 2


def test_the_digits_are_kept(client: Client) -> None:
    body = json.dumps(observation("X")).replace('"X"', "93.50").encode()
    assert b'"value":93.50,' in post(client, "/Observation", body).content


def test_nobodys_device_waits(client: Client, ward: Ward) -> None:
    answer = post(client, "/Observation", observation(device={"reference": "Device/new"}))
    assert (answer.status_code, issues(answer)) == (202, ["device-unassigned"])
    assert client.get(answer.headers["location"]).json()["device"]["reference"] == "Device/new"


@pytest.mark.parametrize(
    "subject",
    [{"reference": "Patient/c2"}, {"identifier": {"system": CPR, "value": "7203480000"}}],
)
def test_another_citizen_than_the_devices_is_held(client: Client, ward: Ward, subject: Any) -> None:
    ward.enrol([])
    answer = post(client, "/Observation", observation(subject=subject))
    if "identifier" in subject:  # both citizens of the ward have this number
        assert answer.status_code in {201, 202}
        return
    assert (answer.status_code, issues(answer)) == (202, ["identity-mismatch"])
    assert answer.json()["issue"][0]["expression"] == ["Observation.subject"]
    assert stored(ward) == []
    assert [row.reason for row in rejections(ward)] == ["identity-mismatch"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (observation(status="cancelled"), 422, "field-value"),
        (observation(code={"coding": [{**SPO2, "code": "1-1"}]}), 422, "code-unknown"),
        (observation(930), 422, "value-out-of-range"),
        (observation(effectiveDateTime="2027-01-01T00:00:00Z"), 422, "time-in-future"),
        (observation(effectiveDateTime=...), 422, "field-missing"),
        (b"", 400, "payload-empty"),
        (b"{", 400, "json-malformed"),
        (b'{"resourceType":"Observation","status":"\xff"}', 400, "payload-not-utf8"),
        (b"\x00\xff" * 99, 400, "payload-not-utf8"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_and_kept(
    client: Client, ward: Ward, body: Any, status: int, reason: str
) -> None:
    answer = post(client, "/Observation", body)
    assert answer.status_code == status, answer.text
    assert issues(answer) == [reason]
    (row,) = rejections(ward)
    assert (row.topic, row.reason) == ("http/fhir", reason)
    assert row.payload == (body if isinstance(body, bytes) else json.dumps(body).encode())
    if row.path != "$":
        assert answer.json()["issue"][0]["expression"] == [row.path]


def test_a_batch_is_taken_entry_by_entry(client: Client, ward: Ward) -> None:
    post(client, "/Observation", observation(minute=9))
    device = {"resourceType": "Device", "id": "x"}
    said = bundle(
        "batch",
        observation(minute=1),
        device,
        observation(930),
        observation(minute=9),
        observation(minute=3),
    )
    said["entry"].append({"request": {"method": "GET", "url": "Patient/c1"}})
    said["entry"].append(
        {"request": {"method": "PUT", "url": "x"}, "resource": observation(minute=4)}
    )
    said["entry"].append("nonsense")
    answer = post(client, "", said)
    assert answer.status_code == 200
    assert answer.json()["type"] == "batch-response"
    assert statuses(answer) == ["201", "202", "422", "200", "201", "405", "405", "422"]
    refused = answer.json()["entry"][2]["response"]["outcome"]["issue"][0]
    assert refused["expression"] == ["Bundle.entry[2].resource.valueQuantity.value"]
    place = answer.json()["entry"][0]["response"]["location"]
    assert client.get(f"/fhir/{place}").status_code == 200
    assert len(stored(ward)) == 3
    assert [row.place for row in rejections(ward)] == [2, 7]
    assert statuses(post(client, "/", said))[:2] == ["200", "202"]


def test_a_transaction_is_all_or_nothing(client: Client, ward: Ward) -> None:
    said = bundle("transaction", observation(minute=1), observation(930), observation(940))
    answer = post(client, "", said)
    assert answer.status_code == 422
    assert issues(answer) == ["value-out-of-range", "value-out-of-range"]
    assert stored(ward) == []
    assert [row.place for row in rejections(ward)] == [1, 2]
    answer = post(client, "", bundle("transaction", observation(minute=1), observation(minute=2)))
    assert answer.json()["type"] == "transaction-response"
    assert statuses(answer) == ["201", "201"]


def test_a_transaction_for_two_citizens_by_one_device_stores_nothing(
    client: Client, ward: Ward
) -> None:
    """Whose the device is is known in the store alone: also there it is all or nothing."""
    other = observation(minute=2, subject={"reference": "Patient/c2"})
    answer = post(client, "", bundle("transaction", observation(minute=1), other))
    assert stored(ward) == []
    assert (answer.status_code, issues(answer)) == (422, ["identity-mismatch"])


def test_a_transaction_that_would_delete_is_refused_whole(client: Client, ward: Ward) -> None:
    said = bundle("transaction", observation(minute=1))
    said["entry"].append({"request": {"method": "DELETE", "url": "Observation/x"}})
    answer = post(client, "", said)
    assert answer.status_code == 422
    assert "entry[1].request.method" in answer.text
    assert stored(ward) == []


def test_what_the_catalogue_learns_is_replayed(
    client: Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client, "/Observation", observation(status="registered"))
    monkeypatch.setattr(
        "fhir_mapping.fhir_read.reading.INTENTS", dict.fromkeys(("final", "registered"), "reading")
    )
    reader = SqliteReader(ward.records)
    assert replay(reader, ward.writer, NOW_MS) == (1, 1)
    assert [record.citizen for record in stored(ward)] == ["c1"]


@pytest.mark.parametrize(
    "path", ["/Observation", "", "/$submit-measurement", "/Observation/$stats"]
)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/fhir+xml"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Origin": "http://evil.example"}, 403),
        ({"Content-Type": "application/json; charset=utf-8"}, 0),
    ],
)
def test_what_is_no_fhir_json_is_not_read(
    client: Client, ward: Ward, path: str, headers: dict[str, str], status: int
) -> None:
    answer = post(client, path, b"{", **headers)
    assert answer.status_code == (status or 400)
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert bool(rejections(ward)) == (not status and "stats" not in path)


@pytest.mark.parametrize("path", ["/Observation", "", "/$submit-measurement"])
def test_another_resource_and_too_long_a_body_are_refused(
    client: Client, ward: Ward, path: str
) -> None:
    assert post(client, path, {"resourceType": "Patient"}).status_code == 422
    assert post(client, path, b" " * (FHIR_BODY_BYTES_MAX + 1)).status_code == 413
    assert rejections(ward) == []


PARAMETERS = {
    "resourceType": "Parameters",
    "entry": 7,
    "parameter": [{"name": "measurement", "resource": observation(93, at)} for at in range(2)],
}
DELETION = bundle("batch", observation(type=7), method="DELETE")


@pytest.mark.parametrize("path", ["/Observation", "/QuestionnaireResponse", ""])
def test_what_the_body_is_does_not_depend_on_what_else_stands_in_it(
    client: Client, ward: Ward, path: str
) -> None:
    """Elements that this kind of resource does not have must not hide what it is."""
    assert post(client, path, PARAMETERS).status_code == 422
    assert statuses(post(client, "", DELETION)) == ["405"]
    assert stored(ward) == []


@pytest.mark.parametrize("kind", ["searchset", "collection", "history", "x"])
def test_a_bundle_that_is_no_request_is_refused(client: Client, kind: str) -> None:
    assert post(client, "", bundle(kind, observation())).status_code == 422


def test_an_empty_bundle_is_answered_with_one(client: Client) -> None:
    answer = post(client, "", {"resourceType": "Bundle", "type": "batch"})
    assert answer.json() == {"resourceType": "Bundle", "type": "batch-response"}


def test_a_fault_of_ours_is_kept_and_told(
    client: Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("7203480000")

    monkeypatch.setattr("ingest.pipeline.records_of", broken)
    answer = post(client, "/Observation", observation())
    assert (answer.status_code, issues(answer)) == (500, ["processing-failed"])
    assert "7203480000" not in answer.text
    assert [row.reason for row in rejections(ward)] == ["processing-failed"]


def test_another_machine_is_refused_everywhere(ward: Ward) -> None:
    """Every route below /fhir asks the one place where it is decided."""
    with ward.client(("192.0.2.7", 1)) as client:
        schema = client.get("/openapi.json").json()
        routes = [
            (path, method)
            for path, operations in schema["paths"].items()
            for method in operations
            if path.startswith("/fhir")
        ]
        assert len(routes) > 15
        for path, method in routes:
            answer = client.request(method, path, headers=JSON)
            assert answer.status_code == 403, path
            assert answer.json()["issue"][0]["code"] == "forbidden"


def test_without_a_writer_nothing_is_written(ward: Ward) -> None:
    with ward.client(fhir_writing=False, fhir_export=False) as client:
        answer = post(client, "/Observation", observation())
        assert (answer.status_code, "HJEMMEPULS_FHIR_WRITING" in answer.text) == (501, True)
        answer = client.get("/fhir/$export")
        assert (answer.status_code, "HJEMMEPULS_FHIR_EXPORT" in answer.text) == (501, True)
    assert stored(ward) == []


def test_many_may_write_at_once(client: Client, ward: Ward) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def submit(number: int) -> int:
        return int(post(client, "/Observation", observation(minute=number % 20)).status_code)

    calls: Callable[..., Any] = ThreadPoolExecutor(8).map
    answers = sorted(calls(submit, range(60)))
    assert answers == [200] * 40 + [201] * 20
    assert len(stored(ward)) == 20


WEIRD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e400,
    10**400,
    "",
    "\x00\ud800",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_changed_in_a_bundle_is_answered(client: Client, ward: Ward, seed: int) -> None:
    """Hostile input: any part of a sound request replaced by anything else."""
    dice = random.Random(seed)
    for number in range(60):
        content: Any = deepcopy(bundle("batch", observation(minute=1), observation(minute=2)))
        for _ in range(dice.randrange(1, 3)):
            node = content
            while True:
                keys = list(node) if isinstance(node, dict) else list(range(len(node)))
                key = dice.choice(keys)
                if not isinstance(node[key], dict | list) or not node[key] or dice.random() < 0.2:
                    node[key] = deepcopy(dice.choice(WEIRD_VALUES))
                    break
                node = node[key]
            if not isinstance(content, dict):
                break
        body = json.dumps(content).encode("utf-8", "surrogatepass")
        path = dice.choice(["", "/Observation", "/$submit-measurement", "/Observation/$stats"])
        answer = post(client, path, body)
        assert answer.status_code in {200, 201, 202, 400, 422}, (number, path, body, answer.text)
        assert answer.json()["resourceType"] in {"Bundle", "OperationOutcome", "Observation"}
