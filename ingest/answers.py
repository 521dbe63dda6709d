"""The answers of one questionnaire, each judged by itself, as `values` does for measurements.

In: what was answered, and the questionnaire. Out: the answers that stand by symptom, and a `Fault`
for every other: one bad answer does not keep "chest pain: yes" away. What contradicts each other
falls together: an answer that the others do not lead to, with those that do not lead to it, and a
question answered twice in two ways. Where what would have led to an answer is missing, that answer
falls alone.
"""

from collections.abc import Iterator, Sequence

from devices.questionnaire import Questionnaire, not_asked
from devices.wire import AnswerItem
from ingest.rejection import Reason
from ingest.values import Fault

_Standing = dict[str, tuple[int, str]]
"""The answers that stand so far by symptom, each with its place."""


def judge_answers(
    items: Sequence[AnswerItem], places: Sequence[int], asked: Questionnaire
) -> tuple[dict[str, str], list[Fault]]:
    """What stands, and what does not; `places` are those of the items in the payload."""
    standing: _Standing = {}
    faults: list[Fault] = []
    clashing: dict[str, None] = {}
    for place, one in zip(places, items, strict=True):
        if one.c not in asked.components:
            detail = f"c is {one.c!r}, which {asked.key} does not ask about"
            faults.append(Fault(place, Reason.CODE_UNKNOWN, f"$.a[{place}].c", detail))
        elif one.c not in standing:
            standing[one.c] = (place, one.val)
        else:
            faults.append(_repeated(one.c, place))
            if one.val != standing[one.c][1]:
                clashing[one.c] = None
    faults += [_repeated(symptom, standing.pop(symptom)[0]) for symptom in clashing]
    faults += _not_led_to(standing, asked)
    return {symptom: said for symptom, (_, said) in standing.items()}, faults


def _repeated(symptom: str, place: int) -> Fault:
    detail = f"c {symptom!r} stands twice in one response"
    return Fault(place, Reason.CODE_REPEATED, f"$.a[{place}].c", detail)


def _not_led_to(standing: _Standing, asked: Questionnaire) -> Iterator[Fault]:
    """What contradicts the branching, taken out of `standing`."""
    leads = {question.symptom: question.when for question in asked.questions}
    while odd := not_asked(asked, {symptom: said for symptom, (_, said) in standing.items()}):
        detail = f"{odd[0]} is answered, though the other answers do not lead to it"
        parents = {symptom for symptom, _ in leads[odd[0]]}
        falling = {odd[0]} | (parents if parents <= standing.keys() else set())
        for symptom in sorted(falling, key=lambda one: one != odd[0]):
            place, _ = standing.pop(symptom)
            path = f"$.a[{place}].val"
            yield Fault(place, Reason.COMPONENTS_CONTRADICT, path, detail, "$.a")
