"""Answers to a questionnaire as a FHIR R4 QuestionnaireResponse, and the Questionnaire itself.

In: a `Record` of answers, a row of `devices.symptoms`. Out: compact JSON bytes. Called by the
API's searches, the exports and the delivery. Rendering fills one byte template, as
`observation` does; the items of each set of answers are made once.

Symptoms are coded in a code system of our own (`codes.SYMPTOM`): none of the Danish sources that
the catalogue follows codes them. linkIds are the same aliases. What was not asked, or not
answered, has no item, as FHIR wants it for a question that `enableWhen` disables. The gateway is
told by the Provenance only: R4's extension for it stands on Observations alone.
"""

from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from devices.questionnaire import YES, Question, Questionnaire, When, is_complete
from devices.symptoms import QUESTIONNAIRES, questionnaire, symptom
from fhir_mapping import codes
from fhir_mapping.envelope import (
    CONFLICT,
    KIH,
    identifier,
    person_of,
    security_of,
    source_of,
    status_of,
)
from fhir_mapping.identity import id_text
from fhir_mapping.moment import moment
from fhir_mapping.observation import NO_LIMITS, render_observation
from fhir_mapping.ranges import InForce
from fhir_mapping.record import Record

_encode = msgspec.json.Encoder().encode
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_SHAPE = b"".join(
    (
        b'{"resourceType":"QuestionnaireResponse","id":"%b"',
        b',"meta":{"versionId":"%d","lastUpdated":"%b"%b},"extension":[%b%b]',
        b',"identifier":{"system":"' + codes.MEASUREMENT_IDENTITY.encode() + b'","value":%b}',
        b',"questionnaire":"%b","status":"%b"%b,"authored":"%b"',
        b',"author":{"reference":"Device/%b}%b%b}',
    )
)


def render(record: Record, limits: InForce = NO_LIMITS) -> bytes:
    """The resource that a record is: an Observation with its limits, or a QuestionnaireResponse."""
    return render_response(record) if record.is_response else render_observation(record, limits)


def resource_type(record: Record) -> str:
    """Which of the two it is."""
    return "QuestionnaireResponse" if record.is_response else "Observation"


def address_of(record: Record) -> str:
    """The record's address below a FHIR server: resource type and id."""
    return f"{resource_type(record)}/{id_text(record.id)}"


def render_response(record: Record) -> bytes:
    """The QuestionnaireResponse of this record: the same bytes in every process, for ever.

    Status is `completed`, or `stopped` where a question that the answers lead to is unanswered;
    from version 2 on `amended`, and `entered-in-error` when withdrawn, as with an Observation. The
    author is the tablet, the source the citizen.
    """
    asked = questionnaire(record.about)
    updated = moment(max(record.updated_ms, record.received_ms), 0)
    _, _, source = source_of(record.gateway, record.device, record.model, record.firmware)
    subject, person = person_of(record.citizen)
    completed, items = _items(record.about, record.values)
    return _SHAPE % (
        id_text(record.id).encode(),
        record.version,
        updated,
        security_of(record.flags),
        KIH[record.transferred_by, record.location, record.scheduled],
        CONFLICT if record.conflict else b"",
        identifier(record, asked.key),
        canonical(asked).encode(),
        status_of(record, b"completed" if completed else b"stopped"),
        subject,
        moment(record.measured_ms, record.offset_min),
        source,
        b',"source":%b' % person if person else b"",
        items,
    )


@lru_cache(maxsize=4096)
def _items(about: str, values: tuple[str | None, ...]) -> tuple[bool, bytes]:
    """Whether the answers are complete, and their items."""
    asked = questionnaire(about)
    pairs = zip(asked.questions, values, strict=True)
    given = {question.symptom: said for question, said in pairs if said is not None}
    items = [
        {
            "linkId": question.symptom,
            "text": question.text_da,
            "answer": [{"valueBoolean": given[question.symptom] == YES}],
        }
        for question in asked.questions
        if question.symptom in given
    ]
    return is_complete(asked, given), b',"item":%b' % _encode(items) if items else b""


def canonical(asked: Questionnaire) -> str:
    """The address and version by which a response names what it answers."""
    return f"{codes.QUESTIONNAIRE}/{asked.key}"


def questionnaire_id(asked: Questionnaire) -> str:
    """The FHIR id of one version of a questionnaire."""
    return f"{asked.id}-{asked.version}"


def render_questionnaire(asked: Questionnaire) -> bytes:
    """The Questionnaire: Danish with an English translation, branching as `enableWhen`.

    A question that may mean a call to 112 has that text as an item below it, shown with a yes.
    """
    return _QUESTIONNAIRES[asked.alias]


def _rendered(asked: Questionnaire) -> bytes:
    return _encode(
        {
            "resourceType": "Questionnaire",
            "id": questionnaire_id(asked),
            "language": "da",
            "url": f"{codes.QUESTIONNAIRE}/{asked.id}",
            "version": asked.version,
            "name": asked.id.title().replace("-", ""),
            "title": asked.title_da,
            "_title": _translated(asked.title_en),
            "status": "active",
            "subjectType": ["Patient"],
            "item": [_item(question) for question in asked.questions],
        }
    )


def _item(question: Question) -> dict[str, Any]:
    row = symptom(question.symptom)
    item: dict[str, Any] = {
        "linkId": question.symptom,
        "code": [{"system": codes.SYMPTOM, "code": row.alias, "display": row.name_en}],
        "text": question.text_da,
        "_text": _translated(question.text_en),
        "type": "boolean",
    }
    if question.when:
        item["enableWhen"] = [_enable_when(when) for when in question.when]
    if len(question.when) > 1:
        item["enableBehavior"] = "any"
    item["required"] = True
    if question.urgent_da:
        item["item"] = [
            {
                "linkId": f"{question.symptom}-112",
                "text": question.urgent_da,
                "_text": _translated(question.urgent_en),
                "type": "display",
                "enableWhen": [_enable_when((question.symptom, YES))],
            }
        ]
    return item


def _enable_when(when: When) -> dict[str, Any]:
    return {"question": when[0], "operator": "=", "answerBoolean": when[1] == YES}


def _translated(text_en: str) -> dict[str, Any]:
    parts = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": text_en}]
    return {"extension": [{"url": _TRANSLATION, "extension": parts}]}


_QUESTIONNAIRES = MappingProxyType({row.alias: _rendered(row) for row in QUESTIONNAIRES})
