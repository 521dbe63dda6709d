"""The answers of one questionnaire, each judged by itself, for every door.

In: what was answered, and the questionnaire. Out: the answers that stand by symptom, and an
`AnswerFault` for every other: one bad answer does not keep "chest pain: yes" away. What contradicts
each other falls together: an answer that the others do not lead to, with those that do not lead to
it, and a question answered twice in two ways. Where what would have led to an answer is missing,
that answer falls alone.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from devices.questionnaire import Questionnaire, not_asked


class AnswerFault(msgspec.Struct, frozen=True, gc=False):
    """Why one answer is refused: its place, a reason of the closed list, and one sentence."""

    place: int
    reason: Literal["code-unknown", "code-repeated", "components-contradict"]
    detail: str


_Standing = dict[str, tuple[int, str]]
"""The answers that stand so far by symptom, each with its place."""


def judge_answers(
    given: Iterable[tuple[int, str, str]], asked: Questionnaire
) -> tuple[dict[str, str], list[AnswerFault]]:
    """What stands, and what does not, of answers given as place, symptom and answer.

    >>> from devices.symptoms import questionnaire
    >>> judge_answers([(0, "cough", "yes"), (1, "cough", "yes")], questionnaire("symptoms_copd_1"))
    ({'cough': 'yes'}, [AnswerFault(place=1, reason='code-repeated', detail='cough stands twice')])
    """
    standing: _Standing = {}
    faults: list[AnswerFault] = []
    clashing: dict[str, None] = {}
    for place, symptom, answer in given:
        if symptom not in asked.components:
            detail = f"{symptom[:64]!r} is nothing that {asked.key} asks about"
            faults.append(AnswerFault(place, "code-unknown", detail))
        elif symptom not in standing:
            standing[symptom] = (place, answer)
        else:
            faults.append(_repeated(symptom, place))
            if answer != standing[symptom][1]:
                clashing[symptom] = None
    faults += [_repeated(symptom, standing.pop(symptom)[0]) for symptom in clashing]
    faults += _not_led_to(standing, asked)
    return {symptom: answer for symptom, (_, answer) in standing.items()}, faults


def _repeated(symptom: str, place: int) -> AnswerFault:
    return AnswerFault(place, "code-repeated", f"{symptom} stands twice")


def _not_led_to(standing: _Standing, asked: Questionnaire) -> Iterator[AnswerFault]:
    """What contradicts the branching, taken out of `standing`."""
    leads = {question.symptom: question.when for question in asked.questions}
    while odd := not_asked(asked, {symptom: answer for symptom, (_, answer) in standing.items()}):
        detail = f"{odd[0]} is answered, though the other answers do not lead to it"
        parents = {symptom for symptom, _ in leads[odd[0]]}
        falling = {odd[0]} | (parents if parents <= standing.keys() else set())
        for symptom in sorted(falling, key=lambda one: one != odd[0]):
            place, _ = standing.pop(symptom)
            yield AnswerFault(place, "components-contradict", detail)
