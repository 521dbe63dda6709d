"""QuestionnaireResponses read: what we render comes back, what is wrong is refused in its place."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from fhir_mapping import codes
from fhir_mapping.fhir_read import Found, Refused, read_fhir
from fhir_mapping.fhir_read.answer import REASONS
from fhir_mapping.record import Record, records_of, twin_of
from fhir_mapping.response import render_response
from tests.fhir_mapping.fhir_read.cases import RECEIVED_MS, found, read
from tests.fhir_mapping.responses import CASES
from tests.fhir_mapping.test_response import responses

SAME = (
    *("id", "identity", "about", "values", "measured_ms", "offset_min", "device_time"),
    *("device", "device_type", "slot", "boot", "transferred_by", "location"),
)
COPD = f"{codes.QUESTIONNAIRE}/symptoms-copd|1"


def response(**changes: Any) -> dict[str, Any]:
    content = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": COPD,
        "status": "completed",
        "subject": {"reference": "Patient/else"},
        "authored": "2026-02-18T07:29:40+01:00",
        "author": {"reference": "Device/tablet-17"},
        "item": [item("dyspnoea", True), item("cough", False)],
    }
    return {name: said for name, said in {**content, **changes}.items() if said is not ...}


def item(name: str, *answers: Any) -> dict[str, Any]:
    return {"linkId": name, "answer": [{"valueBoolean": one} for one in answers]}


def back(record: Record) -> Record:
    (entry,) = read_fhir(render_response(record), RECEIVED_MS).entries
    assert isinstance(entry, Found), entry
    assert entry.scheduled == record.scheduled
    (again,) = records_of(entry.reading)
    is_twin = record.conflict and again.identity != record.identity
    return twin_of(again) if is_twin else again


@pytest.mark.parametrize("name", CASES)
def test_every_case_comes_back(name: str) -> None:
    record, again = CASES[name], back(CASES[name])
    for field in SAME:
        assert getattr(again, field) == getattr(record, field), field
    assert again.flags == record.flags


@given(responses())
def test_any_response_comes_back_or_says_why(record: Record) -> None:
    (entry,) = read_fhir(render_response(record), 4_102_444_800_000).entries
    if isinstance(entry, Refused):
        assert entry.reason in {"reading-empty", "components-contradict", "identity-mismatch"}
        return
    (again,) = records_of(entry.reading)
    lost = [old for old, new in zip(record.values, again.values, strict=True) if old != new]
    assert len(lost) == len(entry.refused)
    assert {one.reason for one in entry.refused} <= {"components-contradict"}


def test_a_foreign_response_is_a_tablet_s_or_the_citizen_s() -> None:
    one = found(read(response()))
    assert (one.reading.device, one.reading.device_type) == ("tablet-17", "531981")
    assert (one.reading.transferred_by, one.subject) == ("typed", "Patient/else")
    assert one.reading.response is not None
    assert one.reading.response.answers == ("yes", "no", None, None)
    typed = found(read(response(author={"reference": "Patient/else"})))
    assert typed.reading.device.startswith("typed.")
    nurse = found(read(response(author={"reference": "Practitioner/7"})))
    assert nurse.reading.transferred_by == "typedbyhcprof"


def test_an_unanswered_item_is_no_answer() -> None:
    items = [item("dyspnoea", True), item("cough"), item("sputum", False)]
    one = found(read(response(item=items, status="stopped")))
    assert one.reading.response is not None
    assert one.reading.response.answers == ("yes", None, "no", None)


@pytest.mark.parametrize(
    ("bad", "reason", "element"),
    [
        (item("oedema", True), "code-unknown", "linkId"),
        (item("dyspnoea", False), "code-repeated", "linkId"),
        (item("cough", True, False), "field-value", "answer"),
        ({"linkId": "cough", "answer": [{"valueString": "ja"}]}, "field-value", "answer"),
        (item("sputum", True), "components-contradict", "answer"),
    ],
)
def test_one_bad_answer_keeps_no_other_away(bad: dict[str, Any], reason: str, element: str) -> None:
    one = found(read(response(item=[item("dyspnoea", False), bad])))
    assert one.reading.response is not None
    assert one.reading.response.answers == ("no", None, None, None)
    (refused,) = one.refused
    assert (refused.reason, refused.path) == (
        reason,
        f"QuestionnaireResponse.item[1].{element}",
    )


@pytest.mark.parametrize(
    ("changes", "reason", "path"),
    [
        ({"questionnaire": ...}, "field-missing", ".questionnaire"),
        ({"questionnaire": COPD.replace("|1", "")}, "code-unknown", ".questionnaire"),
        ({"questionnaire": COPD.replace("|1", "|9")}, "code-unknown", ".questionnaire"),
        ({"status": ...}, "field-missing", ".status"),
        ({"status": "in-progress"}, "field-value", ".status"),
        ({"authored": ...}, "field-missing", ".authored"),
        ({"authored": "2026-02-18"}, "time-malformed", ".authored"),
        ({"authored": "2099-02-18T07:29:40+01:00"}, "time-in-future", ".authored"),
        ({"item": []}, "reading-empty", ".item"),
        ({"item": [item("dyspnoea")]}, "reading-empty", ".item"),
        ({"item": [item("oedema", True)]}, "code-unknown", ".item[0].linkId"),
        ({"item": [item("cough", True), item("cough", False)]}, "code-repeated", ".item[1].linkId"),
        ({"item": [item("cough", True, False)]}, "field-value", ".item[0].answer"),
        (
            {"item": [{"linkId": "cough", "answer": [{"valueString": "ja"}]}]},
            "field-value",
            ".item[0].answer",
        ),
        ({"item": [item("sputum", True)]}, "components-contradict", ".item"),
        ({"item": [item("cough", "yes")]}, "field-type", ".item[0].answer[0].valueBoolean"),
        ({"modifierExtension": [{"url": "x"}]}, "field-value", ".modifierExtension"),
        ({"author": ..., "subject": ...}, "field-missing", ".author"),
        ({"author": {"reference": "urn:uuid:1"}}, "field-value", ".author.reference"),
    ],
)
def test_what_is_wrong_is_refused_in_its_place(
    changes: dict[str, Any], reason: str, path: str
) -> None:
    (entry,) = read(response(**changes)).entries
    assert isinstance(entry, Refused), entry
    assert (entry.reason, entry.path) == (reason, f"QuestionnaireResponse{path}")
    assert reason in REASONS


def test_an_identifier_of_ours_must_fit() -> None:
    content = json.loads(render_response(CASES["copd-nothing-worse"]))
    content["identifier"]["value"] = content["identifier"]["value"].replace("/1/", "/2/", 1)
    (entry,) = read(content).entries
    assert isinstance(entry, Refused)
    assert entry.reason == "identity-mismatch"
    del content["id"]
    content["identifier"]["value"] = "tablet-1/nonsense"
    (entry,) = read(content).entries
    assert isinstance(entry, Refused)
    assert (entry.reason, entry.path) == (
        "identity-mismatch",
        "QuestionnaireResponse.identifier.value",
    )


def test_a_bundle_leaves_out_what_answers_somebody_else() -> None:
    foreign = response(questionnaire="http://elsewhere.example/Questionnaire/mood|1")
    entries = [{"resource": one} for one in (foreign, response())]
    answer = read({"resourceType": "Bundle", "type": "collection", "entry": entries})
    (entry,) = answer.entries
    assert entry.path == "Bundle.entry[1].resource"
    (note,) = answer.notes
    assert note.path == "Bundle.entry[0].resource"


def test_no_bytes_break_the_reading() -> None:
    whole = msgspec.json.encode(response())
    for end in range(0, len(whole), 7):
        (entry,) = read_fhir(whole[:end] or b" ", RECEIVED_MS).entries
        assert isinstance(entry, Refused)
