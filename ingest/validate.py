"""Stage 2, validate: a well-formed payload becomes a `Reading`, or a `Rejection`.

In: `Decoded`, and the moment it arrived. Out: a reading with corrected time and every value in
its catalogue unit, decimal text kept to the digit. Refuses what cannot be (unknown code, wrong
unit, impossible value or time); what is merely unlikely for a living patient is kept, shown and
flagged by the rules (T01), since throwing it away could hide a dying one. Answers to a
questionnaire (kind `qr`) pass the same checks of identity and time, and become its `response`.
Pure: no clock, no storage, no broker.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from devices.admission import (
    Inadmissible,
    instant_fault,
    offset_fault,
    window_at,
    year_fault,
)
from devices.catalogue import DeviceType, device_type
from devices.device_types import TABLET
from devices.questionnaire import not_asked
from devices.reading import Reading, Response
from devices.symptoms import questionnaire_for
from devices.wire import Payload, ResponsePayload
from ingest.decode import Decoded
from ingest.limits import VALUES_PER_READING_MAX
from ingest.rejection import Reason, Rejection
from ingest.values import Fault, Judged, judge

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


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


def validate(decoded: Decoded, received_ms: int) -> Validated | Rejection:
    """The reading that this payload is, or why it is refused as a whole; never raises."""
    payload = decoded.payload
    try:
        return _reading(decoded, payload, received_ms)
    except _Refused as refused:
        return Rejection(
            refused.reason,
            refused.path,
            refused.detail,
            decoded.index,
            payload.id,
            payload.seq,
        )


def _reading(decoded: Decoded, payload: Payload | ResponsePayload, received_ms: int) -> Validated:
    topic = decoded.topic
    _check_identity("device", payload.device, topic.device)
    _check_identity("gateway", payload.gateway, topic.gateway)
    kind = device_type(payload.type)
    if kind is None:
        detail = f"type {payload.type!r} is not a device specialisation of the catalogue"
        raise _Refused(Reason.DEVICE_TYPE_UNKNOWN, "$.type", detail)
    try:
        measured_ms, offset_min = _corrected_time(payload, received_ms)
    except OverflowError:
        detail = f"t is {payload.t.isoformat()}, which cannot be corrected to a date at all"
        raise _Refused(Reason.TIME_IMPLAUSIBLE, "$.t", detail) from None
    clock, judged = payload.clock, None
    if isinstance(payload, Payload):
        judged = _judged(payload, decoded.places, kind)
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
        measured_ms=measured_ms,
        offset_min=offset_min,
        clock_sync=clock.sync if clock else "",
        clock_device_ms=_naive_ms(clock.device) if clock and clock.device else None,
        clock_gateway_ms=_utc_ms(clock.gateway) if clock and clock.gateway else None,
        transferred_by=payload.by,
        location=payload.loc,
        values=judged.values if judged else (),
        response=_response(payload) if isinstance(payload, ResponsePayload) else None,
        sent_ms=max(0, min(_utc_ms(payload.sent), received_ms)),
        facts=judged.facts if judged else (),
    )
    faults = judged.faults if judged else ()
    refused = [*decoded.refused, *(_rejection(one, decoded) for one in faults)]
    return Validated(reading, refused)


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


def _corrected_time(payload: Payload | ResponsePayload, received_ms: int) -> tuple[int, int]:
    """The instant of measuring (UTC, ms) and the local offset (minutes).

    With the coincident clock pair, the time that passed on the device's own clock since the
    measurement is subtracted from the gateway's clock, so that a wrong device clock does no harm
    (HL7 PHD: correction by coincident timestamp). Without it, the device's time is taken as
    local time in the zone that the gateway sent from.
    """
    clock = payload.clock
    if clock is not None and clock.device is not None and clock.gateway is not None:
        for name, at in (("device", clock.device), ("gateway", clock.gateway)):
            wrong = year_fault(at)
            if wrong is not None:
                raise _refused(wrong, f"$.clock.{name}", f"clock.{name}")
        moment = clock.gateway - (clock.device - payload.t)
        zone_of = "clock.gateway"
    else:
        moment = payload.t.replace(tzinfo=payload.sent.tzinfo)
        zone_of = "sent"
    offset = moment.utcoffset()
    offset_min = int(offset.total_seconds()) // 60 if offset else 0
    wrong = offset_fault(offset_min, moment)
    if wrong is not None:
        raise _refused(wrong, f"$.{zone_of}", zone_of)
    measured_ms = _utc_ms(moment)
    wrong = instant_fault(measured_ms, window_at(received_ms), moment)
    if wrong is not None:
        raise _refused(wrong, "$.t", "t once corrected")
    return measured_ms, offset_min


def _utc_ms(moment: datetime) -> int:
    return (moment - _EPOCH_UTC) // _MILLISECOND


def _naive_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


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


def _response(payload: ResponsePayload) -> Response:
    """The answers in the order of the questions.

    They must agree with the branching, but need not be complete: who stops half way has still
    said what he said.
    """
    if payload.type != TABLET.mdc:
        detail = f"type is {payload.type!r}; questions are answered on {TABLET.mdc}, a tablet"
        raise _Refused(Reason.CODE_NOT_OF_DEVICE, "$.type", detail)
    asked = questionnaire_for(payload.q, payload.qv)
    if asked is None:
        detail = f"q is {payload.q!r} and qv {payload.qv!r}, which is no known questionnaire"
        raise _Refused(Reason.CODE_UNKNOWN, "$.q", detail)
    if not payload.a:
        raise _Refused(Reason.READING_EMPTY, "$.a", "a holds no answer")
    answers: dict[str, str] = {}
    for index, one in enumerate(payload.a):
        if one.c not in asked.components:
            detail = f"c is {one.c!r}, which {asked.key} does not ask about"
            raise _Refused(Reason.CODE_UNKNOWN, f"$.a[{index}].c", detail)
        if one.c in answers:
            detail = f"c {one.c!r} stands twice in one response"
            raise _Refused(Reason.CODE_REPEATED, f"$.a[{index}].c", detail)
        answers[one.c] = one.val
    for symptom in not_asked(asked, answers):
        detail = f"{symptom} is answered, though the other answers do not lead to it"
        raise _Refused(Reason.COMPONENTS_CONTRADICT, "$.a", detail)
    told = tuple(answers.get(symptom) for symptom in asked.components)
    return Response(asked, told, tuple(dict.fromkeys(payload.st)))
