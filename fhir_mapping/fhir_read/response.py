"""One QuestionnaireResponse as a reading of answers, or the reason why not.

In: a `QuestionnaireResponse` to a questionnaire of ours, and where it stands. Out: `Found`, or a
`Refusal`, as `ingest.validate` holds the kind `qr` to it: the answers must agree with the
branching. Its envelope (who, when, which device) is that of an Observation under other names, and
is read as one: `authored` is the time, the `author` that is a Device the tablet. Without a tablet
the subject stands for it, as with a typed measurement.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from devices.answers import AnswerFault, judge_answers
from devices.device_types import TABLET
from devices.questionnaire import NO, YES, Questionnaire
from devices.reading import Response
from devices.symptoms import QUESTIONNAIRES
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import Found, Refusal, Refused
from fhir_mapping.fhir_read.parties import Context
from fhir_mapping.fhir_read.reading import Said, reading_said
from fhir_mapping.fhir_read.shapes import Observation, QuestionnaireResponse, ResponseItem
from fhir_mapping.fhir_read.values import WITHDRAWN
from fhir_mapping.response import canonical

OBSERVATION_STATUS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "completed": "final",
        "amended": "amended",
        "stopped": "final",
        WITHDRAWN: WITHDRAWN,
    }
)
"""The statuses that are taken, as an Observation calls them."""
_FLAG_OF_LABEL: Final = {"HTEST": "test-data"}
_NAMES: Final = (
    (".effectiveDateTime", ".authored"),
    (".device", ".author"),
    (".identifier[0]", ".identifier"),
)
"""What an Observation's elements are called here, for the paths of refusals."""


def is_answered_here(response: QuestionnaireResponse) -> bool:
    """Whether it answers a questionnaire of ours, in whatever version."""
    return response.questionnaire.partition("|")[0].startswith(f"{codes.QUESTIONNAIRE}/")


def response_of(response: QuestionnaireResponse, context: Context) -> Found:
    """The reading of this response; raises `Refusal`."""
    path = context.path
    _check_status(response, path)
    asked = _asked(response, path)
    answers, refused = _answers(response, asked, path)
    labels = [label.code for label in response.meta.security if label.system == codes.ACT_REASON]
    flags = tuple(_FLAG_OF_LABEL[one] for one in labels if one in _FLAG_OF_LABEL)
    if response.status == WITHDRAWN:
        flags = (*flags, "invalid")
    said = Said(asked.key, device_type=TABLET.mdc, response=Response(asked, answers, flags))
    envelope = _envelope(response)
    context.open(envelope)
    try:
        found = reading_said(envelope, said, None, context)
    except Refusal as refusal:
        raise _renamed(refusal, path) from None
    return msgspec.structs.replace(found, refused=refused)


def _envelope(response: QuestionnaireResponse) -> Observation:
    """All but the answers, under the names that an Observation has for it."""
    author = response.author
    is_device = author is not None and not _is_person(author.reference)
    by = [one for one in (response.source, None if is_device else author) if one is not None]
    return Observation(
        id=response.id,
        implicit_rules=response.implicit_rules,
        contained=response.contained,
        extension=response.extension,
        modifier_extension=response.modifier_extension,
        identifier=[response.identifier] if response.identifier else [],
        status=OBSERVATION_STATUS[response.status],
        meta=response.meta,
        subject=response.subject,
        performer=by,
        effective_date_time=response.authored,
        device=author if is_device else None,
    )


def _is_person(reference: str) -> bool:
    kinds = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Organization")
    return any(f"{kind}/" in reference for kind in kinds)


def _check_status(response: QuestionnaireResponse, path: str) -> None:
    status = response.status
    if status not in OBSERVATION_STATUS:
        reason = "field-value" if status else "field-missing"
        detail = f"status is {status[:32]!r}, taken are {', '.join(sorted(OBSERVATION_STATUS))}"
        raise Refusal(reason, f"{path}.status", detail)


def _asked(response: QuestionnaireResponse, path: str) -> Questionnaire:
    for row in QUESTIONNAIRES:
        if response.questionnaire == canonical(row):
            return row
    reason = "code-unknown" if response.questionnaire else "field-missing"
    detail = f"questionnaire is {response.questionnaire[:200]!r}, which is none that is known here"
    raise Refusal(reason, f"{path}.questionnaire", detail)


def _answers(
    response: QuestionnaireResponse, asked: Questionnaire, path: str
) -> tuple[tuple[str | None, ...], tuple[Refused, ...]]:
    """The answers in the order of the questions, and what of them is refused by itself."""
    if response.status == WITHDRAWN:
        return (None,) * len(asked.components), ()
    given: list[tuple[int, str, str]] = []
    refused: list[Refused] = []
    for place, item in enumerate(response.item):
        try:
            answer = _said(item, f"{path}.item[{place}]")
        except Refusal as refusal:
            refused.append(refusal.refused)
            continue
        if answer is not None:
            given.append((place, item.link_id, answer))
    answers, faults = judge_answers(given, asked)
    refused += (_refused(fault, path) for fault in faults)
    if not answers and any(fault.reason == "components-contradict" for fault in faults):
        raise Refusal(faults[-1].reason, f"{path}.item", faults[-1].detail)
    if not answers:
        for one in refused:
            raise Refusal(one.reason, one.path, one.detail)
        raise Refusal("reading-empty", f"{path}.item", "no question is answered")
    return tuple(answers.get(symptom) for symptom in asked.components), tuple(refused)


def _refused(fault: AnswerFault, path: str) -> Refused:
    element = "answer" if fault.reason == "components-contradict" else "linkId"
    return Refused(fault.reason, f"{path}.item[{fault.place}].{element}", fault.detail)


def _said(item: ResponseItem, path: str) -> str | None:
    """Yes or no; None where the question is not answered."""
    if not item.answer:
        return None
    said = item.answer[0].value_boolean
    if said is None or len(item.answer) > 1:
        detail = "the answer to this question is one valueBoolean"
        raise Refusal("field-value", f"{path}.answer", detail)
    return YES if said else NO


def _renamed(refusal: Refusal, path: str) -> Refusal:
    refused = refusal.refused
    for observation, ours in _NAMES:
        if refused.path.startswith(f"{path}{observation}"):
            rest = refused.path.removeprefix(f"{path}{observation}")
            return Refusal(refused.reason, f"{path}{ours}{rest}", refused.detail)
    return refusal
