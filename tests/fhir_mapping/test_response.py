"""Answers and questionnaires as FHIR: golden files, the oracle, and what is read back."""

import json
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire as OracleQuestionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given
from hypothesis import strategies as st

from devices.questionnaire import NO, YES, Questionnaire, is_asked, next_question
from devices.symptoms import QUESTIONNAIRES, RESPONSES, questionnaire
from fhir_mapping import codes
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record
from fhir_mapping.response import (
    address_of,
    canonical,
    questionnaire_id,
    render,
    render_questionnaire,
    render_response,
)
from tests.fhir_mapping.cases import CASES as OBSERVATIONS
from tests.fhir_mapping.responses import CASES, GOLDEN, answered, renderings
from tests.fhir_mapping.test_oracle import at, same

EACH = pytest.mark.parametrize("row", QUESTIONNAIRES, ids=lambda row: row.alias)


@pytest.mark.parametrize("name", renderings())
def test_the_rendering_is_the_golden_file(name: str) -> None:
    rendered = renderings()[name]
    assert rendered == msgspec.json.format(rendered, indent=-1)
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert msgspec.json.format(rendered, indent=2).decode() + "\n" == text


def test_every_golden_file_has_its_case_and_every_questionnaire_both() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == renderings().keys()
    assert {record.about for record in CASES.values()} == set(RESPONSES)


def check(record: Record) -> None:
    """The oracle accepts the rendering, drops nothing, and reads the record's own facts."""
    rendered = render_response(record)
    response: Any = QuestionnaireResponse.model_validate_json(rendered)
    assert same(json.loads(rendered), response.model_dump())
    asked = questionnaire(record.about)
    said = {one.linkId: one.answer[0].valueBoolean for one in response.item or ()}
    pairs = zip(asked.components, record.values, strict=True)
    assert said == {name: text == YES for name, text in pairs if text is not None}
    assert list(said) == [name for name in asked.components if name in said]
    assert response.questionnaire == canonical(asked)
    assert response.authored == at(record.measured_ms, record.offset_min)
    assert response.authored.utcoffset().total_seconds() == record.offset_min * 60
    person = f"Patient/{record.citizen}" if record.citizen else None
    assert response.subject.reference == person
    assert (response.source.reference if response.source else None) == person
    assert response.author.reference == "Device/tablet-1"


@pytest.mark.parametrize("name", CASES)
def test_the_oracle_reads_every_case(name: str) -> None:
    check(CASES[name])


@st.composite
def responses(draw: st.DrawFn) -> Record:
    about = draw(st.sampled_from(RESPONSES))
    said = [draw(st.none() | st.sampled_from([YES, NO])) for _ in questionnaire(about).questions]
    return answered(
        about,
        *said,
        version=draw(st.integers(1, 99)),
        scheduled=draw(st.booleans()),
        conflict=draw(st.booleans()),
        offset_min=draw(st.integers(-12 * 60, 14 * 60)),
        citizen=draw(st.none() | st.just("c-1")),
        boot=draw(st.text(max_size=20)),
        model=draw(st.text(max_size=20)),
    )


@given(responses())
def test_the_oracle_reads_any_response(record: Record) -> None:
    check(record)


def test_the_status_says_how_far_the_citizen_came() -> None:
    status = {name: json.loads(render_response(record))["status"] for name, record in CASES.items()}
    assert status["copd-nothing-worse"] == "completed"
    assert status["copd-stopped"] == status["heart-failure-chest-pain"] == "stopped"
    assert status["copd-amended"] == "amended"


@EACH
def test_the_oracle_reads_the_questionnaire(row: Questionnaire) -> None:
    rendered = render_questionnaire(row)
    oracle: Any = OracleQuestionnaire.model_validate_json(rendered)
    assert same(json.loads(rendered), oracle.model_dump())
    assert oracle.id == questionnaire_id(row)
    assert f"{oracle.url}|{oracle.version}" == canonical(row)
    assert [item.linkId for item in oracle.item] == list(row.components)
    for item, question in zip(oracle.item, row.questions, strict=True):
        assert item.text == question.text_da
        content = item.text__ext.extension[0].extension[1]
        assert (content.url, content.valueString) == ("content", question.text_en)
        assert item.code[0].system == codes.SYMPTOM
        below = [one.text for one in item.item or ()]
        assert below == ([question.urgent_da] if question.urgent_da else [])


@given(st.sampled_from(QUESTIONNAIRES), st.data())
def test_enable_when_leads_where_the_evaluator_leads(
    row: Questionnaire, data: st.DataObject
) -> None:
    """Judged by FHIR's own words: any of the conditions holds, an unanswered one never does."""
    answers: dict[str, str] = {}
    while (question := next_question(row, answers)) is not None:
        answers[question.symptom] = data.draw(st.sampled_from([YES, NO]))
    for item in json.loads(render_questionnaire(row))["item"]:
        conditions = item.get("enableWhen", [])
        assert len(conditions) < 2 or item["enableBehavior"] == "any"
        enabled = not conditions or any(
            one["question"] in answers and (answers[one["question"]] == YES) == one["answerBoolean"]
            for one in conditions
        )
        question = next(one for one in row.questions if one.symptom == item["linkId"])
        assert enabled == is_asked(question, answers) == (item["linkId"] in answers)


def test_a_record_is_rendered_as_what_it_is() -> None:
    response, observation = CASES["copd-stopped"], OBSERVATIONS["weight"]
    assert render(response) == render_response(response)
    assert address_of(response) == f"QuestionnaireResponse/{id_text(response.id)}"
    assert b'"resourceType":"Observation"' in render(observation)
    assert address_of(observation) == f"Observation/{id_text(observation.id)}"
