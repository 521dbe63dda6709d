"""What a questionnaire is made of, and which question comes next: types and a pure evaluator.

In: a row of `devices.symptoms` and the answers given so far, by symptom. Out: the next question,
and whether what was answered is what the branching asks. Called by the tablet (the simulated one),
by `ingest.validate`, and by the renderings. Knows no time, no person and no wire.

An answer is `yes` or `no`: worse than usual, or present. A question is asked when one of its
conditions is met by an answer that was given; one without conditions is always asked. So a
question below another that was not asked is not asked either, and FHIR's `enableWhen` says the
same (`enableBehavior` any).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Answer = Literal["yes", "no"]
YES: Final = "yes"
NO: Final = "no"
When = tuple[str, Answer]
"""A symptom and the answer to it with which another question is asked."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that is asked about, which the rules take as one item."""

    alias: str
    name_da: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one symptom; `urgent_*` is told at once to who answers yes."""

    symptom: str
    text_da: str
    text_en: str
    when: tuple[When, ...] = ()
    urgent_da: str = ""
    urgent_en: str = ""


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One version of one questionnaire; a change of it is a new row, and the old one stays.

    `conditions` are those of the citizens who get it. `questions` stand in the order of asking.
    """

    alias: str
    id: str
    version: str
    title_da: str
    title_en: str
    conditions: frozenset[str]
    questions: tuple[Question, ...]

    @property
    def key(self) -> str:
        """What stands for it in an identity: id and version, as a FHIR canonical joins them."""
        return f"{self.id}|{self.version}"

    @property
    def components(self) -> tuple[str, ...]:
        """The symptoms asked about, in order: those of a record's values."""
        return tuple(question.symptom for question in self.questions)


def is_asked(question: Question, answers: Mapping[str, str]) -> bool:
    """Whether these answers lead to the question."""
    return not question.when or any(answers.get(symptom) == said for symptom, said in question.when)


def next_question(asked: Questionnaire, answers: Mapping[str, str]) -> Question | None:
    """The first question that is asked and not answered; None when there is none left.

    >>> from devices.symptoms import questionnaire
    >>> copd = questionnaire("symptoms_copd_1")
    >>> next_question(copd, {"dyspnoea": "no", "cough": "no"}) is None
    True
    >>> next_question(copd, {"dyspnoea": "no", "cough": "yes"}).symptom
    'sputum'
    """
    for question in asked.questions:
        if question.symptom not in answers and is_asked(question, answers):
            return question
    return None


def is_complete(asked: Questionnaire, answers: Mapping[str, str]) -> bool:
    """Whether every question that these answers lead to is answered."""
    return next_question(asked, answers) is None


def not_asked(asked: Questionnaire, answers: Mapping[str, str]) -> tuple[str, ...]:
    """The symptoms that are answered though the other answers do not lead to their question.

    Empty when the answers agree with the branching.

    >>> from devices.symptoms import questionnaire
    >>> not_asked(questionnaire("symptoms_copd_1"), {"dyspnoea": "no", "sputum": "yes"})
    ('sputum',)
    """
    return tuple(
        question.symptom
        for question in asked.questions
        if question.symptom in answers and not is_asked(question, answers)
    )


def urgent(asked: Questionnaire, answers: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions whose answer means that help must be called now."""
    return tuple(
        question
        for question in asked.questions
        if question.urgent_da and answers.get(question.symptom) == YES
    )
