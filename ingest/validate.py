"""Stage 2, validate: a well-formed payload becomes a `Reading`, or a `Rejection`.

In: `Decoded`, and the moment it arrived. Out: a reading with corrected time and every value in
its catalogue unit, decimal text kept to the digit. Refuses what cannot be (unknown code, wrong
unit, impossible value or time); what is merely unlikely for a living patient is kept, shown and
flagged by the rules (T01), since throwing it away could hide a dying one. Answers to a
questionnaire (kind `qr`) pass the same checks of identity and time, and become its `response`.
Pure: no clock, no storage, no broker.
"""

from collections.abc import Sequence

import msgspec

from devices.admission import Inadmissible
from devices.answers import AnswerFault, judge_answers
from devices.catalogue import DeviceType, device_type
from devices.device_types import TABLET
from devices.reading import Reading, Response, marked
from devices.symptoms import questionnaire_for
from devices.wire import Payload, ResponsePayload
from devices.zone import DENMARK, Zone
from ingest.clocks import Measured, Misread, measured_at
from ingest.decode import Decoded
from ingest.limits import VALUES_PER_READING_MAX
from ingest.rejection import Reason, Rejection
from ingest.values import Fault, Judged, judge


class _Refused(Exception):  # noqa: N818  never leaves this module: it only shortens the checks
    def __init__(self, reason: Reason, path: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.path = path
        self.detail = detail


def _refused(found: Inadmissible, path: str, name: str) -> _Refused:
    """What the admission of all doors does not let in, with where it stands on the wire."""
    return _Refused(Reason(found.reason), path, found.of(name))


class Validated(msgspec.Struct, frozen=True, gc=False):
    """The reading that a payload is, and what of its values had to be refused."""

    reading: Reading
    refused: list[Rejection]


def validate(
    decoded: Decoded, received_ms: int, zone: Zone = DENMARK, after_ms: int | None = None
) -> Validated | Rejection:
    """The reading that this payload is, or why it is refused as a whole; never raises.

    `zone` is where the device's local time is read, `after_ms` when the reading before it in the
    same delivery was measured (`ingest.clocks`).
    """
    payload = decoded.payload
    try:
        measured = _measured(payload, received_ms, zone, after_ms)
        return _reading(decoded, payload, measured, received_ms)
    except _Refused as refused:
        return Rejection(
            refused.reason,
            refused.path,
            refused.detail,
            decoded.index,
            payload.id,
            payload.seq,
        )


def _measured(
    payload: Payload | ResponsePayload, received_ms: int, zone: Zone, after_ms: int | None
) -> Measured:
    try:
        found = measured_at(payload, received_ms, zone, after_ms)
    except OverflowError:
        detail = f"t is {payload.t.isoformat()}, which cannot be corrected to a date at all"
        raise _Refused(Reason.TIME_IMPLAUSIBLE, "$.t", detail) from None
    if isinstance(found, Misread):
        raise _refused(found.wrong, found.path, found.name)
    return found


def _reading(
    decoded: Decoded, payload: Payload | ResponsePayload, measured: Measured, received_ms: int
) -> Validated:
    topic = decoded.topic
    _check_identity("device", payload.device, topic.device)
    _check_identity("gateway", payload.gateway, topic.gateway)
    kind = device_type(payload.type)
    if kind is None:
        detail = f"type {payload.type!r} is not a device specialisation of the catalogue"
        raise _Refused(Reason.DEVICE_TYPE_UNKNOWN, "$.type", detail)
    clock, response = payload.clock, None
    if isinstance(payload, Payload):
        judged = _judged(payload, decoded.places, kind)
    else:
        response, faults = _answered(payload, decoded.places)
        judged = Judged((), (), faults)
    reading = Reading(
        message_id=payload.id,
        message_seq=payload.seq,
        tenant=topic.tenant,
        part=topic.part,
        gateway=topic.gateway,
        device=topic.device,
        device_type=payload.type,
        model=payload.model,
        firmware=payload.fw,
        slot=payload.slot,
        boot=payload.boot,
        device_time=payload.t.isoformat(),
        measured_ms=measured.measured_ms,
        offset_min=measured.offset_min,
        clock_sync=clock.sync if clock else "",
        clock_device_ms=measured.device_ms,
        clock_gateway_ms=measured.gateway_ms,
        transferred_by=payload.by,
        location=payload.loc,
        values=judged.values,
        response=response,
        sent_ms=max(0, min(measured.sent_ms, received_ms)),
        facts=judged.facts,
    )
    refused = [*decoded.refused, *(_rejection(one, decoded) for one in judged.faults)]
    return Validated(marked(reading, measured.flags), refused)


def _rejection(fault: Fault, decoded: Decoded) -> Rejection:
    payload = decoded.payload
    return Rejection(
        fault.reason,
        fault.path,
        fault.detail,
        decoded.index,
        payload.id,
        payload.seq,
        fault.place,
    )


def _check_identity(field: str, said: str | None, topic: str) -> None:
    """Topic identity beats payload identity; a contradiction is held for a person to look at."""
    if said is not None and said != topic:
        detail = f"{field} is {said!r} in the payload but {topic!r} in the topic"
        raise _Refused(Reason.IDENTITY_MISMATCH, f"$.{field}", detail)


def _judged(payload: Payload, places: Sequence[int], kind: DeviceType) -> Judged:
    """What of the act's values stands; raises when nothing is left of it."""
    items = payload.r
    if not items:
        raise _Refused(Reason.READING_EMPTY, "$.r", "r holds no value")
    if len(items) > VALUES_PER_READING_MAX:
        detail = f"r holds {len(items)} values, at most {VALUES_PER_READING_MAX} are taken"
        raise _Refused(Reason.TOO_MANY_VALUES, "$.r", detail)
    judged = judge(items, places or range(len(items)), kind, payload.st)
    if not judged.values and not judged.facts:
        worst = judged.faults[0]
        raise _Refused(worst.reason, worst.whole or worst.path, worst.detail)
    return judged


def _answered(payload: ResponsePayload, places: Sequence[int]) -> tuple[Response, list[Fault]]:
    """The answers in the order of the questions, and what is wrong with the others.

    They must agree with the branching, but need not be complete: who stops half way has still
    said what he said. None at all, and the flag `invalid`, takes back what was answered.
    """
    if payload.type != TABLET.mdc:
        detail = f"type is {payload.type!r}; questions are answered on {TABLET.mdc}, a tablet"
        raise _Refused(Reason.CODE_NOT_OF_DEVICE, "$.type", detail)
    asked = questionnaire_for(payload.q, payload.qv)
    if asked is None:
        detail = f"q is {payload.q!r} and qv {payload.qv!r}, which is no known questionnaire"
        raise _Refused(Reason.CODE_UNKNOWN, "$.q", detail)
    flags = tuple(dict.fromkeys(payload.st))
    if not payload.a and "invalid" in flags:
        return Response(asked, (None,) * len(asked.components), flags), []
    if not payload.a:
        raise _Refused(Reason.READING_EMPTY, "$.a", "a holds no answer")
    given = zip(places or range(len(payload.a)), payload.a, strict=True)
    answers, found = judge_answers(((place, one.c, one.val) for place, one in given), asked)
    faults = [_answer_fault(one) for one in found]
    if not answers:
        worst = faults[0]
        raise _Refused(worst.reason, worst.whole or worst.path, worst.detail)
    told = tuple(answers.get(symptom) for symptom in asked.components)
    return Response(asked, told, flags), faults


def _answer_fault(fault: AnswerFault) -> Fault:
    contradicts = fault.reason == "components-contradict"
    path = f"$.a[{fault.place}].{'val' if contradicts else 'c'}"
    whole = "$.a" if contradicts else ""
    return Fault(fault.place, Reason(fault.reason), path, fault.detail, whole)
