"""Answers over HTTP: searched, read, written, exported, and never taken for Observations."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from devices.symptoms import QUESTIONNAIRES
from devices.wire import TABLET_TYPE, topic_for
from fhir_mapping.enrolled import Assignment, EnrolledDevice, Enrolment
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record
from fhir_mapping.response import canonical, render_response
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.store import SqliteReader
from tests.alerting.api.scene import HOUR_MS, LOCAL, NOW_MS, Client, Ward
from tests.alerting.api.test_fhir_export import begun, lines, manifest
from tests.alerting.api.test_fhir_writing import (
    bundle,
    issues,
    observation,
    post,
    rejections,
    statuses,
)

COPD, FAILURE = QUESTIONNAIRES[0], QUESTIONNAIRES[1]
BASE = "http://127.0.0.1:8700/fhir"


@pytest.fixture(autouse=True)
def tablets(ward: Ward) -> None:
    since = datetime(2025, 12, 1, tzinfo=UTC)
    names = {"tab-c1": "c1", "tab-c2": "c2"}
    ward.writer.enrol(
        Enrolment(
            devices=[EnrolledDevice(name, TABLET_TYPE, "Maker", "Tablet") for name in names],
            assignments=[Assignment(name, who, since) for name, who in names.items()],
        ),
        NOW_MS,
    )


def answer(
    ward: Ward, who: str, at_ms: int, said: dict[str, str], asked: str = COPD.id, **changes: Any
) -> None:
    """What a citizen answered on the tablet, through the whole of ingest."""
    ward.messages += 1
    payload = {
        "v": 1,
        "id": f"q{ward.messages}",
        "seq": ward.messages,
        "t": datetime.fromtimestamp(at_ms / 1000, LOCAL).replace(tzinfo=None).isoformat(),
        "sent": datetime.fromtimestamp(NOW_MS / 1000, LOCAL).isoformat(),
        "q": asked,
        "qv": "1",
        "a": [{"c": name, "val": text} for name, text in said.items()],
        "clock": {"sync": "ntp"},
        **changes,
    }
    topic = topic_for("syddanmark", f"gw-{who}", f"tab-{who}", "qr").text()
    (outcome,) = process([Delivery(topic, msgspec.json.encode(payload), NOW_MS)], ward.writer)
    assert outcome.result == "accepted", outcome


def stored(ward: Ward) -> list[Record]:
    return SqliteReader(ward.records).records_after(0, 1000, unassigned=True)


def found(client: Client, query: str) -> list[Any]:
    got = client.get(f"/fhir/{query}")
    assert got.status_code == 200, got.text
    Bundle.model_validate_json(got.content)
    return [entry["resource"] for entry in got.json().get("entry", [])]


def test_a_citizen_s_answers_are_found_and_read(client: Client, ward: Ward) -> None:
    answer(ward, "c1", NOW_MS - HOUR_MS, {"dyspnoea": "yes", "cough": "no"})
    answer(ward, "c1", NOW_MS - 2 * HOUR_MS, {"dyspnoea": "no", "cough": "no"})
    answer(ward, "c2", NOW_MS - HOUR_MS, {"chest_pain": "no"}, FAILURE.id)
    newest, older = found(client, "QuestionnaireResponse?patient=c1")
    assert newest["authored"] > older["authored"]
    assert newest["subject"] == {"reference": "Patient/c1"}
    assert newest["questionnaire"] == canonical(COPD)
    got = client.get(f"/fhir/QuestionnaireResponse/{newest['id']}")
    QuestionnaireResponse.model_validate_json(got.content)
    assert got.json() == newest
    again = client.get(
        f"/fhir/QuestionnaireResponse/{newest['id']}",
        headers={"If-None-Match": got.headers["etag"]},
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("patient=c1", 2),
        (f"patient=c1&questionnaire={canonical(COPD)}", 1),
        (f"patient=c1&questionnaire={canonical(COPD).partition('|')[0]}", 1),
        (f"patient=c1&questionnaire={canonical(COPD)},{canonical(FAILURE)}", 2),
        ("patient=c1&questionnaire=http://elsewhere.example/mood", 0),
        ("patient=c1&authored=ge2026-02-18T10:30:00%2B01:00", 1),
        ("patient=c1&authored=lt2026-02-18T10:30:00%2B01:00&_sort=authored", 1),
        ("_lastUpdated=ge2026-02-01", 2),
    ],
)
def test_a_search_narrows(client: Client, ward: Ward, query: str, count: int) -> None:
    answer(ward, "c1", NOW_MS - HOUR_MS, {"dyspnoea": "yes", "cough": "no"})
    answer(ward, "c1", NOW_MS - 2 * HOUR_MS, {"chest_pain": "no"}, FAILURE.id)
    ward.measure("c1", NOW_MS - HOUR_MS, {"spo2": "93"})
    assert len(found(client, f"QuestionnaireResponse?{query}")) == count
    told = client.get(f"/fhir/QuestionnaireResponse?{query}&_summary=count").json()
    assert told["total"] == count


def test_pages_follow_one_another(client: Client, ward: Ward) -> None:
    for hours in range(1, 6):
        answer(ward, "c1", NOW_MS - hours * HOUR_MS, {"dyspnoea": "yes", "cough": "no"})
    seen, url = [], "/fhir/QuestionnaireResponse?patient=c1&_count=2"
    while url:
        page = client.get(url).json()
        seen += [entry["resource"]["authored"] for entry in page["entry"]]
        url = {row["relation"]: row["url"] for row in page["link"]}.get("next", "")
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    "query",
    ["", "code=2708-6&patient=c1", "authored=2026", "patient=c1&_sort=-date", "date=2026-01-01"],
)
def test_what_is_no_search_of_answers_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/fhir/QuestionnaireResponse?{query}").status_code == 400


def test_answers_are_no_observations_and_measurements_no_answers(
    client: Client, ward: Ward
) -> None:
    answer(ward, "c1", NOW_MS - HOUR_MS, {"dyspnoea": "yes", "cough": "no"})
    ward.measure("c1", NOW_MS - HOUR_MS, {"spo2": "93"})
    ids = {record.about: id_text(record.id) for record in stored(ward)}
    response, measured = ids["symptoms_copd_1"], ids["spo2"]
    for query in (
        "Observation?patient=c1",
        "Observation?_lastUpdated=ge2026-02-01",
        "Observation/$lastn?patient=c1&max=5",
        f"Observation?_id={response},{measured}",
    ):
        assert [row["id"] for row in found(client, query)] == [measured], query
    assert client.get("/fhir/Observation?patient=c1&_summary=count").json()["total"] == 1
    feed = "/fhir/Observation?_lastUpdated=ge2026-02-01&_summary=count"
    assert client.get(feed).json()["total"] == 1
    got = found(client, f"QuestionnaireResponse?_id={response},{measured}")
    assert [row["id"] for row in got] == [response]
    assert client.get(f"/fhir/Observation/{response}").status_code == 404
    assert client.get(f"/fhir/QuestionnaireResponse/{measured}").status_code == 404


def test_the_provenance_names_tablet_gateway_and_citizen(client: Client, ward: Ward) -> None:
    answer(ward, "c1", NOW_MS - HOUR_MS, {"dyspnoea": "yes"})
    answer(ward, "c1", NOW_MS - HOUR_MS, {"dyspnoea": "yes", "cough": "no"})
    (record,) = stored(ward)
    key = id_text(record.id)
    told = client.get(f"/fhir/Provenance/{key}").json()
    assert told["target"] == [{"reference": f"QuestionnaireResponse/{key}"}]
    assert [row["who"]["reference"] for row in told["agent"]] == [
        "Device/tab-c1",
        "Device/gw-c1",
        "Patient/c1",
    ]
    assert "yes///" in told["entity"][0]["what"]["display"]
    assert found(client, f"Provenance?target=QuestionnaireResponse/{key}") == [told]
    assert found(client, f"Provenance?target=Observation/{key}") == []
    assert client.get("/fhir/Device/tab-c1").json()["type"]["coding"][0]["code"] == TABLET_TYPE


def test_the_questionnaires_are_found_and_read(client: Client) -> None:
    every = found(client, "Questionnaire")
    assert len(every) == len(QUESTIONNAIRES)
    url = canonical(COPD).partition("|")[0]
    (one,) = found(client, f"Questionnaire?url={url}&version=1")
    got = client.get(f"/fhir/Questionnaire/{one['id']}")
    Questionnaire.model_validate_json(got.content)
    assert got.json() == one == found(client, f"Questionnaire?_id={one['id']}")[0]
    assert found(client, f"Questionnaire?url={url}&version=9") == []
    assert client.get("/fhir/Questionnaire/mood").status_code == 404
    assert client.get("/fhir/Questionnaire?name=x").status_code == 400


def said_over_http(minute: int = 0, **changes: Any) -> dict[str, Any]:
    content = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": canonical(COPD),
        "status": "completed",
        "subject": {"reference": "Patient/c1"},
        "authored": f"2026-02-18T07:{minute:02}:00+01:00",
        "author": {"reference": "Device/tab-c1"},
        "item": [
            {"linkId": "dyspnoea", "answer": [{"valueBoolean": True}]},
            {"linkId": "cough", "answer": [{"valueBoolean": False}]},
        ],
    }
    return {name: said for name, said in {**content, **changes}.items() if said is not ...}


def test_answers_are_created_once(client: Client, ward: Ward) -> None:
    got = post(client, "/QuestionnaireResponse", said_over_http())
    assert got.status_code == 201, got.text
    assert got.headers["location"].startswith("/fhir/QuestionnaireResponse/")
    assert client.get(got.headers["location"]).content == got.content
    assert post(client, "/QuestionnaireResponse", said_over_http()).status_code == 200
    (record,) = stored(ward)
    assert (record.citizen, record.values) == ("c1", ("yes", "no", None, None))
    assert (record.transferred_by, record.device_type) == ("typed", TABLET_TYPE)


def test_one_bad_answer_keeps_no_other_away(client: Client, ward: Ward) -> None:
    said = said_over_http()
    said["item"].append({"linkId": "fever", "answer": [{"valueBoolean": True}]})
    got = post(client, "/QuestionnaireResponse", said)
    assert got.status_code == 201, got.text
    assert issues(got) == ["code-unknown"]
    assert len(stored(ward)) == 1
    (row,) = rejections(ward)
    assert (row.reason, row.path) == ("code-unknown", "QuestionnaireResponse.item[2].linkId")


def test_what_we_rendered_is_known_again(client: Client, ward: Ward) -> None:
    answer(ward, "c1", NOW_MS - HOUR_MS, {"dyspnoea": "yes", "cough": "no"}, boot="b7")
    (record,) = stored(ward)
    got = post(client, "/QuestionnaireResponse", json.loads(render_response(record)))
    assert got.status_code == 200, got.text
    assert len(stored(ward)) == 1


def test_a_set_of_measurements_and_answers_is_stored_together(client: Client, ward: Ward) -> None:
    got = post(client, "", bundle("transaction", observation(), said_over_http()))
    assert statuses(got) == ["201", "201"]
    places = [entry["response"]["location"] for entry in got.json()["entry"]]
    assert [place.partition("/")[0] for place in places] == ["Observation", "QuestionnaireResponse"]
    submitted = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "measurement",
                "resource": bundle("transaction", observation(minute=5), said_over_http(5)),
            }
        ],
    }
    assert statuses(post(client, "/$submit-measurement", submitted)) == ["201", "201"]
    assert len(stored(ward)) == 4


def test_another_s_questionnaire_is_left_out_of_a_set_and_refused_alone(
    client: Client, ward: Ward
) -> None:
    foreign = said_over_http(questionnaire="http://elsewhere.example/Questionnaire/mood|1")
    got = post(client, "", bundle("transaction", observation(), foreign))
    assert statuses(got) == ["201", "202"]
    alone = post(client, "/QuestionnaireResponse", foreign)
    assert (alone.status_code, issues(alone)) == (422, ["code-unknown"])
    assert len(stored(ward)) == 1


def test_an_export_holds_the_answers_beside_the_measurements(client: Client, ward: Ward) -> None:
    for hours in range(1, 4):
        answer(ward, "c1", NOW_MS - hours * HOUR_MS, {"dyspnoea": "yes", "cough": "no"})
        ward.measure("c1", NOW_MS - hours * HOUR_MS, {"spo2": "93"})
    files = lines(client, manifest(client, begun(client)))
    assert len(files["Observation"]) == len(files["QuestionnaireResponse"]) == 3
    assert len(files["Questionnaire"]) == len(QUESTIONNAIRES)
    for kind in ("Observation", "QuestionnaireResponse", "Questionnaire"):
        assert {row["resourceType"] for row in files[kind]} == {kind}
    only = lines(client, manifest(client, begun(client, "?_type=QuestionnaireResponse")))
    assert only == {"QuestionnaireResponse": files["QuestionnaireResponse"]}
