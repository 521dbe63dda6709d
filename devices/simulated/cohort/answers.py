"""What patients would answer if asked, day by day.

In: the people of a chunk, the truth. Out: answers (days, questions, patients), int8. Called by
`chunk`. A symptom is a state of the episode with a beginning and an end (`item_from`,
`item_until`); on its days the answer is yes, with a slip now and then. On all other days it is yes
at the patient's own background rate: most people never complain, a few often do.
"""

import numpy as np
from numpy.typing import NDArray

from devices.questionnaire import YES
from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.behaviour import spans
from devices.simulated.cohort.calendar import Calendar
from devices.simulated.cohort.people import People
from devices.simulated.cohort.streams import CHUNK, Purpose, stream
from devices.symptoms import questionnaire_of

_FULL = 1 << 16


def answers(
    seed: int, chunk: int, who: People, dates: Calendar, rows: truth.Rows
) -> NDArray[np.int8]:
    """1 yes (worse than usual, or present), 0 no, -1 not in this patient's questionnaire."""
    rng = stream(seed, Purpose.ANSWERS, chunk)
    shape = (dates.days, CHUNK)
    said = np.empty((dates.days, len(n.ITEMS), CHUNK), dtype=np.int8)
    truly = np.uint16(n.ANSWERED_TRULY * _FULL)
    for place, item in enumerate(n.ITEM_ORDER):
        draw = rng.integers(0, _FULL, size=shape, dtype=np.uint16)
        chance = np.minimum(n.BACKGROUND * item.background * who.complaints, n.BACKGROUND_MAX)
        yes = draw < np.rint(chance * _FULL).astype(np.uint16)
        felt = rows[np.isfinite(rows["item_from"][:, place])]
        begin, end = (felt["t0"] + felt[name][:, place] for name in ("item_from", "item_until"))
        yes |= spans(shape, dates.start, felt["patient"], begin, end) & (draw < truly)
        said[:, place] = np.where(asked(who, n.ITEMS[place]), yes, np.int8(-1))
    return said


def asked(who: People, symptom: str) -> NDArray[np.bool_]:
    """Whose questionnaire asks about this symptom, (patients,)."""
    conditions = np.where(who.copd & who.heart_failure, 2, np.where(who.copd, 0, 1))
    return np.array([symptom in form.components for form in _FORMS])[conditions]


def reached(said: NDArray[np.int8], who: People) -> NDArray[np.int8]:
    """Answers (patients, questions, days) as the questionnaires' branching lets them be given.

    -1 where the question is not put, since no answer to another leads to it: sputum is asked
    about only with more dyspnoea or cough (`devices.symptoms`).
    """
    given = said.copy()
    both = who.copd & who.heart_failure
    for form, those in zip(
        _FORMS, (who.copd & ~both, who.heart_failure & ~both, both), strict=True
    ):
        for question in form.questions:
            if question.when:
                leads = [
                    given[those, n.ITEMS.index(other)] == (answer == YES)
                    for other, answer in question.when
                ]
                place = n.ITEMS.index(question.symptom)
                given[those, place] = np.where(np.any(leads, axis=0), given[those, place], -1)
    return given


_FORMS = tuple(questionnaire_of(name) for name in ("copd", "heart-failure", "both"))
