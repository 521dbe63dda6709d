"""FHIR over HTTP: searching, paging without gaps or repeats, reading, and what is refused."""

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from alerting.api.answers import Refused
from alerting.api.search import OBSERVATION_KIND, search_of
from fhir_mapping.identity import id_text
from ingest.store import SqliteReader
from tests.alerting.api.scene import CUFF, DAY_MS, HOUR_MS, NOW_MS, OXIMETER, Client, Ward

MORNING_MS = NOW_MS - 5 * HOUR_MS  # 2026-02-18T07:00+01:00


def found(client: Client, **query: Any) -> Any:
    answer = client.get("/fhir/Observation", params={"patient": "c1", **query})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    return answer.json()


def ids(bundle: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def link(bundle: Any, relation: str) -> str | None:
    return next((row["url"] for row in bundle["link"] if row["relation"] == relation), None)


def walk(client: Client, url: str | None, between: Callable[[], None] = lambda: None) -> list[str]:
    seen = []
    while url:
        assert "7203480000" not in url
        bundle = client.get(url).json()
        assert link(bundle, "self") == url
        seen += ids(bundle)
        url = link(bundle, "next")
        between()
    return seen


def test_nobody_and_nothing_are_empty_bundles(client: Client) -> None:
    for query in ({}, {"patient": "nobody"}, {"code": "unknown"}, {"code": "|2708-6"}):
        bundle = found(client, **query)
        assert bundle["type"] == "searchset"
        assert "entry" not in bundle


def test_observations_come_newest_first(client: Client, ward: Ward) -> None:
    for day in (2, 0, 1):
        ward.measure("c1", MORNING_MS - day * DAY_MS, {"spo2": str(90 + day)})
    bundle = found(client, patient="Patient/c1")
    values = [entry["resource"]["valueQuantity"]["value"] for entry in bundle["entry"]]
    assert values == [90, 91, 92]
    entry = bundle["entry"][0]
    assert entry["fullUrl"] == (f"http://127.0.0.1:8700/fhir/Observation/{entry['resource']['id']}")
    assert client.get(entry["fullUrl"]).json() == entry["resource"]


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("2708-6", 1),
        ("http://loinc.org|59408-5", 1),
        ("150456", 1),
        ("urn:iso:std:iso:11073:10101|150456", 1),
        ("NPU03011", 1),
        ("http://npu-terminology.org|NPU03011", 1),
        ("http://npu-terminology.org|", 2),
        ("http://loinc.org|", 3),
        ("http://loinc.org|150456", 0),
        ("2708-6,8867-4", 2),
        ("85354-9", 1),
        ("150020", 1),
        ("8480-6", 0),
    ],
)
def test_a_code_finds_what_it_names(client: Client, ward: Ward, code: str, count: int) -> None:
    ward.measure("c1", MORNING_MS, {"spo2": "93", "pulse_oximeter": "71"})
    ward.measure("c1", MORNING_MS, {"systolic": "128", "diastolic": "82"}, CUFF)
    assert len(ids(found(client, code=code))) == count


def test_a_combo_code_finds_the_panel_of_a_component(client: Client, ward: Ward) -> None:
    ward.measure("c1", MORNING_MS, {"systolic": "128", "diastolic": "82"}, CUFF)
    assert len(ids(found(client, **{"combo-code": "DNK05472"}))) == 1
    assert not ids(found(client, **{"combo-code": "DNK05472", "code": "2708-6"}))


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["2026-02-18"], [0]),
        (["ge2026-02-17", "le2026-02-17"], [1]),
        (["ge2026-02-17"], [0, 1]),
        (["gt2026-02-17"], [0]),
        (["lt2026-02-17"], [2]),
        (["le2026-02-17T07:00:00+01:00"], [1, 2]),
        (["lt2026-02-17T07:00:00+01:00"], [2]),
        (["ge2026-02-17T06:00:00Z"], [0, 1]),
        (["gt2026-02-17T06:00Z"], [0]),
        (["ge2026-02-17T07:00:00 01:00"], [0, 1]),
        (["2026-02"], [0, 1, 2]),
        (["2026"], [0, 1, 2]),
        (["2025"], []),
        (["sa2026-02-17", "eb2026-02-19"], [0]),
        (["gt2026-02-18", "lt2026-02-17"], []),
    ],
)
def test_a_date_covers_the_span_of_its_precision(
    client: Client, ward: Ward, dates: list[str], days: list[int]
) -> None:
    for day in range(3):
        ward.measure("c1", MORNING_MS - day * DAY_MS, {"spo2": str(90 + day)})
    bundle = found(client, date=dates)
    values = [row["resource"]["valueQuantity"]["value"] - 90 for row in bundle.get("entry", [])]
    assert values == days


@pytest.mark.parametrize("seed", range(4))
def test_paging_never_skips_or_repeats_while_data_arrive(
    client: Client, ward: Ward, seed: int
) -> None:
    """Many records of one moment, cut anywhere; new ones arrive between the pages."""
    dice = random.Random(seed)
    moments = [MORNING_MS - minutes * 60_000 for minutes in range(40)]
    early, late = moments[::2], moments[1::2]
    for at_ms in early:
        ward.measure("c1", at_ms, {"spo2": "93", "pulse_oximeter": "71"})
        ward.measure("c1", at_ms, {"systolic": "128", "diastolic": "82"}, CUFF)
    before = ids(found(client, _count=1000))
    dice.shuffle(late)

    def add() -> None:
        if late:
            ward.measure("c1", late.pop(), {"spo2": "94", "pulse_oximeter": "72"})

    url = f"http://127.0.0.1:8700/fhir/Observation?patient=c1&_count={dice.choice([1, 4, 7])}"
    seen = walk(client, url, add)
    assert len(seen) == len(set(seen))
    assert [key for key in seen if key in set(before)] == before
    assert len(before) == 60


def test_pages_keep_the_search_in_their_links(client: Client, ward: Ward) -> None:
    for minute in range(5):
        ward.measure("c1", MORNING_MS - minute * 60_000, {"spo2": "93", "pulse_oximeter": "71"})
    bundle = found(client, code="2708-6", date=["ge2026-01-01", "le2026-12-31"], _count="2")
    following = dict(parse_qsl(urlsplit(str(link(bundle, "next"))).query))
    assert following.pop("_cursor")
    assert following == {"patient": "c1", "code": "2708-6", "date": "le2026-12-31", "_count": "2"}
    assert len(walk(client, link(bundle, "self"))) == 5


@pytest.mark.parametrize(
    ("query", "issue"),
    [
        ({"patient": ""}, "invalid"),
        ({"patient": ["c1", "c2"]}, "invalid"),
        ({"patient": "Group/c1"}, "invalid"),
        ({"identifier": "x"}, "not-supported"),
        ({"date": "yesterday"}, "invalid"),
        ({"date": "ne2026"}, "invalid"),
        ({"date": "2026-02-30"}, "invalid"),
        ({"date": "2026-02-01Z"}, "invalid"),
        ({"date": "0000"}, "invalid"),
        ({"_count": "0"}, "invalid"),
        ({"_count": "1001"}, "invalid"),
        ({"_count": "9" * 5000}, "invalid"),
        ({"_count": "\u0661"}, "invalid"),
        ({"_cursor": "x"}, "invalid"),
        ({"_cursor": "1.spo2." + "z" * 36}, "invalid"),
        ({"_sort": "status"}, "not-supported"),
        ({"_lastUpdated": "yesterday"}, "invalid"),
        ({"_total": "estimate"}, "not-supported"),
        ({"_summary": "true"}, "not-supported"),
        ({"_cursor": "17"}, "invalid"),
        ({"_sort": "_lastUpdated", "_cursor": "1.spo2." + "0" * 36}, "invalid"),
        ({"_id": ",".join(map(str, range(101)))}, "invalid"),
        ({"_format": "xml"}, "not-supported"),
    ],
)
def test_a_wrong_search_is_an_operation_outcome(client: Client, query: Any, issue: str) -> None:
    answer = client.get("/fhir/Observation", params={"patient": "c1", **query})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/fhir+json"
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == issue
    named = list(query)[-1] if "_sort" in query else next(iter(query))
    assert named in outcome["issue"][0]["diagnostics"]


def test_a_search_needs_a_patient() -> None:
    with pytest.raises(Refused) as refused:
        search_of([("code", "2708-6")], OBSERVATION_KIND)
    assert refused.value.issue == "required"


def test_every_parameter_is_documented(client: Client) -> None:
    schema = client.get("/openapi.json").json()
    listed = schema["paths"]["/fhir/Observation"]["get"]["parameters"]
    assert [row["name"] for row in listed] == list(OBSERVATION_KIND.parameters)


def test_an_observation_is_read_by_its_id(client: Client, ward: Ward) -> None:
    ward.measure("c1", MORNING_MS, {"spo2": "93"})
    (record,) = SqliteReader(ward.records).records_of("c1")
    answer = client.get(f"/fhir/Observation/{id_text(record.id)}")
    assert answer.json()["subject"] == {"reference": "Patient/c1"}
    tag = answer.headers["etag"]
    assert client.get(answer.url, headers={"If-None-Match": tag}).status_code == 304


def test_who_and_what_an_observation_names_can_be_read(client: Client) -> None:
    patient = client.get("/fhir/Patient/c1").json()
    assert patient["name"][0]["family"] == "Lund"
    organisation = client.get("/fhir/" + patient["managingOrganization"]["reference"]).json()
    assert organisation["resourceType"] == "Organization"
    assert client.get(f"/fhir/Device/{OXIMETER}-c1").json()["modelNumber"] == "Model 1"


@pytest.mark.parametrize(
    "path",
    [
        "Observation/nobody",
        "Observation/0198C0DE-0000-8000-8000-000000000001",
        "Observation/00000000-0000-8000-8000-000000000000",
        "Patient/nobody",
        "Device/nobody",
        "Organization/nobody",
        "Medication/1",
        "Medication",
    ],
)
def test_what_is_not_there_is_an_operation_outcome(client: Client, path: str) -> None:
    answer = client.get(f"/fhir/{path}")
    assert answer.status_code == 404
    assert answer.json()["issue"][0]["code"] == "not-found"


def test_another_method_is_an_operation_outcome(client: Client) -> None:
    answer = client.delete("/fhir/Patient/c1")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["resourceType"] == "OperationOutcome"
