"""Every questionnaire is complete and sound, and the evaluator leads through it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.questionnaire import (
    NO,
    YES,
    Questionnaire,
    is_asked,
    is_complete,
    next_question,
    not_asked,
    urgent,
)
from devices.symptoms import (
    QUESTIONNAIRES,
    RESPONSES,
    SYMPTOMS,
    questionnaire,
    questionnaire_for,
    questionnaire_of,
    symptom,
)

COPD, FAILURE, BOTH = (questionnaire_of(one) for one in ("copd", "heart-failure", "both"))
each = pytest.mark.parametrize("row", QUESTIONNAIRES, ids=lambda row: row.alias)
SYMPTOM = frozenset(row.alias for row in SYMPTOMS)


def answered(row: Questionnaire, worse: set[str]) -> dict[str, str]:
    """What a citizen says who has these symptoms, asked one question after the other."""
    answers: dict[str, str] = {}
    while (question := next_question(row, answers)) is not None:
        answers[question.symptom] = YES if question.symptom in worse else NO
    return answers


def test_the_symptoms_are_those_of_the_rules_in_their_order() -> None:
    assert [row.alias for row in SYMPTOMS] == [
        "dyspnoea",
        "cough",
        "sputum",
        "sputum_colour",
        "oedema",
        "orthopnoea",
        "dizziness",
        "chest_pain",
        "syncope",
    ]
    assert all(symptom(row.alias) is row for row in SYMPTOMS)
    assert len({row.name_da for row in SYMPTOMS}) == len(SYMPTOMS)


@each
def test_a_questionnaire_is_complete(row: Questionnaire) -> None:
    assert row.alias.isidentifier()
    assert row.alias.islower()
    assert len(row.alias) <= 40
    assert row.title_da
    assert row.title_en
    assert row.conditions
    assert len(row.components) == len(set(row.components))
    assert set(row.components) <= SYMPTOM
    assert questionnaire(row.alias) is row
    assert questionnaire_for(row.id, row.version) is row
    for question in row.questions:
        assert question.text_da.endswith("?")
        assert question.text_en.endswith("?")
        assert bool(question.urgent_da) == bool(question.urgent_en)


@each
def test_a_question_depends_on_earlier_ones_only_and_can_be_reached(row: Questionnaire) -> None:
    earlier: set[str] = set()
    for question in row.questions:
        assert {name for name, _ in question.when} <= earlier
        assert any(
            question.symptom in answered(row, worse) for worse in (set(), set(row.components))
        )
        earlier.add(question.symptom)


def test_no_two_questionnaires_are_told_apart_by_less_than_their_names() -> None:
    assert len({row.alias for row in QUESTIONNAIRES}) == len(QUESTIONNAIRES)
    assert len({row.key for row in QUESTIONNAIRES}) == len(QUESTIONNAIRES)
    assert tuple(row.alias for row in QUESTIONNAIRES) == RESPONSES
    with pytest.raises(KeyError):
        questionnaire_of("asthma")
    assert questionnaire_for("symptoms-copd", "99") is None


def test_whoever_has_both_is_asked_what_either_is_asked() -> None:
    assert set(BOTH.components) == set(COPD.components) | set(FAILURE.components)
    texts = {question.symptom: question.text_da for question in BOTH.questions}
    for row in (COPD, FAILURE):
        assert all(texts[question.symptom] == question.text_da for question in row.questions)


def test_sputum_is_asked_about_with_more_dyspnoea_or_more_cough() -> None:
    """The branching of the KOL tree: nothing worse ends it after two questions."""
    assert answered(COPD, set()) == {"dyspnoea": NO, "cough": NO}
    for worse in ({"dyspnoea"}, {"cough"}, {"dyspnoea", "cough"}):
        assert set(answered(COPD, worse)) == set(COPD.components)


def test_only_what_cannot_wait_says_112() -> None:
    for row in (FAILURE, BOTH):
        calls = [question for question in row.questions if question.urgent_da]
        assert [question.symptom for question in calls] == ["chest_pain", "syncope"]
        assert row.questions[:2] == tuple(calls)
        for question in calls:
            assert "112" in question.urgent_da
            assert "112" in question.urgent_en
        assert urgent(row, {"chest_pain": NO, "syncope": YES}) == (calls[1],)
        assert urgent(row, {"chest_pain": NO, "dizziness": YES}) == ()


@given(st.sampled_from(QUESTIONNAIRES), st.sets(st.sampled_from(sorted(SYMPTOM))))
def test_whoever_answers_in_order_is_complete_and_consistent(
    row: Questionnaire, worse: set[str]
) -> None:
    answers = answered(row, worse)
    assert is_complete(row, answers)
    assert not_asked(row, answers) == ()
    assert set(answers) == {one.symptom for one in row.questions if is_asked(one, answers)}
    for count in range(len(answers)):
        begun = dict(list(answers.items())[:count])
        assert not is_complete(row, begun)
        assert not_asked(row, begun) == ()


@given(st.sampled_from(QUESTIONNAIRES), st.data())
def test_what_nobody_asked_is_found(row: Questionnaire, data: st.DataObject) -> None:
    said = st.dictionaries(st.sampled_from(row.components), st.sampled_from([YES, NO]))
    answers = data.draw(said)
    wrong = {
        question.symptom
        for question in row.questions
        if question.symptom in answers
        and question.when
        and not any(answers.get(name) == wanted for name, wanted in question.when)
    }
    assert set(not_asked(row, answers)) == wanted_only(wrong)


def wanted_only(found: set[str]) -> set[str]:
    """Only questions with a condition can be out of place."""
    assert found <= {"sputum", "sputum_colour"}
    return found
