"""What a citizen answered about symptoms, day by day: rows for a small table of the page.

In: the records of the questionnaires that were answered. Out: `Answered`, the newest first, so that
it is what every width and every sheet of paper shows.
Pure: no clock, no store, no language. Called by `alerting.api.pages`.
"""

from collections.abc import Iterable

import msgspec

from alerting.sittings import answers_in
from devices.symptoms import SYMPTOMS
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record

SITTINGS_SHOWN_MAX = 21
"""Most columns: three weeks of daily answers."""


class Answered(msgspec.Struct, frozen=True):
    """Answers over time: each row of `marks` is one of `symptoms`, each column one of `sittings`.

    A mark is True for a yes, False for a no, None where nobody was asked or nothing answered. A
    sitting is its moment (UTC ms) and the id of its QuestionnaireResponse.
    """

    symptoms: list[str]
    sittings: list[tuple[int, str]]
    marks: list[list[bool | None]]


def answered(records: Iterable[Record]) -> Answered:
    """The newest answers that the rules may use, of the symptoms that were asked about.

    >>> answered([])
    Answered(symptoms=[], sittings=[], marks=[])
    """
    used = sorted(
        ((record.measured_ms, id_text(record.id), answers_in(record)) for record in records),
        key=lambda told: told[:2],
    )
    shown = [told for told in used if told[2]][: -SITTINGS_SHOWN_MAX - 1 : -1]
    asked = sorted({item for _, _, answers in shown for item in answers})
    return Answered(
        symptoms=[SYMPTOMS[item].alias for item in asked],
        sittings=[(at_ms, key) for at_ms, key, _ in shown],
        marks=[[_mark(answers.get(item)) for _, _, answers in shown] for item in asked],
    )


def _mark(answer: int | None) -> bool | None:
    return None if answer is None else answer == 1
