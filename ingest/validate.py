"""Stage 2, validate: a well-formed payload becomes a `Reading`, or a `Rejection`.

In: `Decoded`, and the moment it arrived. Out: a reading with corrected time and every value in
its catalogue unit, decimal text kept to the digit. Refuses what cannot be (unknown code, wrong
unit, impossible value or time); what is merely unlikely for a living patient is kept, shown and
flagged by the rules (T01), since throwing it away could hide a dying one. Answers to a
questionnaire (kind `qr`) pass the same checks of identity and time, and become its `response`.
Pure: no clock, no storage, no broker.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from devices.catalogue import METRICS, DeviceType, Metric, device_type, metric_for_code, panel
from devices.device_types import TABLET
from devices.questionnaire import not_asked
from devices.reading import Reading, Response, Value
from devices.symptoms import questionnaire_for
from devices.wire import Item, Payload, ResponsePayload
from ingest.decode import Decoded
from ingest.limits import (
    EARLIEST_MEASURED_MS,
    FUTURE_TOLERANCE_MS,
    VALUE_CHARACTERS_MAX,
    VALUES_PER_READING_MAX,
    YEAR_FIRST,
    YEAR_LAST,
)
from ingest.rejection import Reason, Rejection

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_KNOWN_UNITS = frozenset(unit for row in METRICS for unit in row.units)
_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_encode = msgspec.json.Encoder(order="sorted").encode

NO_VALUE_FLAGS = frozenset({"invalid", "not-available"})
"""Flags with which a value may be absent: the device itself says that it failed."""


class _Refused(Exception):  # noqa: N818  never leaves this module: it only shortens the checks
    def __init__(self, reason: Reason, path: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.path = path
        self.detail = detail


def validate(decoded: Decoded, received_ms: int) -> Reading | Rejection:
    """The reading that this payload is, or why it is refused; never raises."""
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


def _reading(decoded: Decoded, payload: Payload | ResponsePayload, received_ms: int) -> Reading:
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
    clock = payload.clock
    return Reading(
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
        values=() if isinstance(payload, ResponsePayload) else _values(payload, kind),
        response=_response(payload) if isinstance(payload, ResponsePayload) else None,
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
            if not YEAR_FIRST <= at.year <= YEAR_LAST:
                detail = f"clock.{name} is {at.isoformat()}, not in {YEAR_FIRST} to {YEAR_LAST}"
                raise _Refused(Reason.TIME_IMPLAUSIBLE, f"$.clock.{name}", detail)
        moment = clock.gateway - (clock.device - payload.t)
    else:
        moment = payload.t.replace(tzinfo=payload.sent.tzinfo)
    measured_ms = _utc_ms(moment)
    if measured_ms > received_ms + FUTURE_TOLERANCE_MS:
        arrived = (_EPOCH_UTC + timedelta(milliseconds=received_ms)).isoformat("T", "seconds")
        detail = f"t is {moment.isoformat()} once corrected, later than its arrival {arrived}"
        raise _Refused(Reason.TIME_IN_FUTURE, "$.t", detail)
    if measured_ms < EARLIEST_MEASURED_MS:
        detail = f"t is {moment.isoformat()} once corrected, earlier than 2015-01-01"
        raise _Refused(Reason.TIME_IMPLAUSIBLE, "$.t", detail)
    offset = moment.utcoffset()
    return measured_ms, int(offset.total_seconds()) // 60 if offset else 0


def _utc_ms(moment: datetime) -> int:
    return (moment - _EPOCH_UTC) // _MILLISECOND


def _naive_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _values(payload: Payload, kind: DeviceType) -> tuple[Value, ...]:
    items = payload.r
    if not items:
        raise _Refused(Reason.READING_EMPTY, "$.r", "r holds no value")
    if len(items) > VALUES_PER_READING_MAX:
        detail = f"r holds {len(items)} values, at most {VALUES_PER_READING_MAX} are taken"
        raise _Refused(Reason.TOO_MANY_VALUES, "$.r", detail)
    seen: dict[str, Value] = {}
    shared: dict[str, dict[str, str]] = {}
    for index, item in enumerate(items):
        path = f"$.r[{index}]"
        row = metric_for_code(item.c)
        if row is None:
            detail = f"c is {item.c!r}, which is no code or alias of the catalogue"
            raise _Refused(Reason.CODE_UNKNOWN, f"{path}.c", detail)
        if row.alias in seen:
            detail = f"c {item.c!r} ({row.alias}) stands twice in one reading"
            raise _Refused(Reason.CODE_REPEATED, f"{path}.c", detail)
        if row.alias not in kind.metrics:
            detail = f"c is {item.c!r} ({row.alias}), which a {kind.name_en.lower()} cannot measure"
            raise _Refused(Reason.CODE_NOT_OF_DEVICE, f"{path}.c", detail)
        seen[row.alias] = _value(item, row, path, payload.st)
        if row.panel and item.sup:
            _check_circumstances(item.sup, shared.setdefault(row.panel, {}), path)
    _check_panels(seen)
    return tuple(seen.values())


def _value(item: Item, row: Metric, path: str, shared_flags: Iterable[str]) -> Value:
    flags = tuple(dict.fromkeys((*shared_flags, *item.st)))
    circumstances = _encode(item.sup).decode() if item.sup else ""
    if item.val is None:
        if NO_VALUE_FLAGS.isdisjoint(flags):
            detail = f"val of {row.alias} is missing and st does not say that the device failed"
            raise _Refused(Reason.VALUE_MISSING, f"{path}.val", detail)
        return Value(row, None, circumstances, flags)
    return Value(row, _decimal_text(item, row, path), circumstances, flags)


def _decimal_text(item: Item, row: Metric, path: str) -> str:
    """The value's text in the row's unit: unchanged, or its decimal point moved, exactly."""
    text = item.val or ""
    if len(text) > VALUE_CHARACTERS_MAX or _DECIMAL.fullmatch(text) is None:
        detail = (
            f"val of {row.alias} is {text!r}, not a decimal number with a point "
            f"and at most {VALUE_CHARACTERS_MAX} characters"
        )
        raise _Refused(Reason.VALUE_MALFORMED, f"{path}.val", detail)
    shift = row.units.get(item.u)
    if shift is None:
        accepted = ", ".join(row.units)
        reason = Reason.UNIT_MISMATCH if item.u in _KNOWN_UNITS else Reason.UNIT_UNKNOWN
        detail = f"u of {row.alias} is {item.u!r}, accepted are {accepted}"
        raise _Refused(reason, f"{path}.u", detail)
    number = Decimal(text)
    if shift:
        number = number.scaleb(shift)
        text = f"{number:f}"
        if len(text) > VALUE_CHARACTERS_MAX:
            detail = (
                f"val of {row.alias} is {text} in {row.ucum}, longer than "
                f"{VALUE_CHARACTERS_MAX} characters"
            )
            raise _Refused(Reason.VALUE_MALFORMED, f"{path}.val", detail)
    low, high = row.possible
    if not low <= number <= high:
        detail = f"val of {row.alias} is {text} {row.ucum}, possible is {low} to {high}"
        raise _Refused(Reason.VALUE_OUT_OF_RANGE, f"{path}.val", detail)
    return text


def _check_circumstances(said: dict[str, str], shared: dict[str, str], path: str) -> None:
    """The components of one panel were measured in one act: on one arm, in one posture."""
    for name, text in said.items():
        before = shared.setdefault(name, text)
        if text != before:
            detail = f"{name[:64]} is {text!r} here but {before!r} at an earlier component"
            raise _Refused(Reason.COMPONENTS_CONTRADICT, f"{path}.sup", detail)


def _check_panels(values: dict[str, Value]) -> None:
    """Blood pressure needs both ends, and the systolic above the diastolic."""
    panels = {value.metric.panel for value in values.values() if value.metric.panel}
    for alias in panels:
        row = panel(alias)
        for required in row.required:
            if required not in values:
                detail = f"{alias} needs {' and '.join(row.required)}; {required} is missing"
                raise _Refused(Reason.COMPONENT_MISSING, "$.r", detail)
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic is None or diastolic is None or not systolic.text or not diastolic.text:
        return
    if Decimal(diastolic.text) >= Decimal(systolic.text):
        detail = f"diastolic {diastolic.text} is not below systolic {systolic.text}"
        raise _Refused(Reason.COMPONENTS_CONTRADICT, "$.r", detail)


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
