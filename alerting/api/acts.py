"""What people say of an alert, over HTTP: acknowledge, start, snooze, resolve, note, undo.

In: a short JSON body that names who says so. Out: an `Act` for the store, and the alert as it then
stands. What is allowed is the table in `alerting.lifecycle`; here is only how it is asked and
refused. A role is taken as it is told: nothing proves it until there is access control.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, get_args

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response

from alerting.alert import Alert
from alerting.alert_store import AlertChanged
from alerting.api.answers import Fault, Refused, documented, json_answer, shortened, tags_of
from alerting.api.bodies import whole_body
from alerting.api.sources import Sources
from alerting.lifecycle import OUTCOMES, Act, Outcome
from alerting.web.render import NAME_CHARACTERS_MAX, NOTE_CHARACTERS_MAX

BODY_BYTES_MAX = 16_384
Deed: TypeAlias = Literal["acknowledge", "start", "snooze", "resolve", "note", "undo"]
StaffRole: TypeAlias = Literal["nurse", "physician"]
_FIELD = re.compile(r"(?:field `(?P<key>[^`]*)`| - at `\$\.?(?P<path>[^`]*)`)$")
_LIMITS: Final = {
    "role": f"one of {', '.join(get_args(StaffRole))}",
    "until": "a moment with its zone (RFC 3339)",
    "outcome": f"one of {', '.join(OUTCOMES)}",
}
"""What may stand in a field, where the decoder's own words say too little."""


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who says something of an alert, as whom, and what there is to say beside it."""

    by: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    note: Annotated[str, msgspec.Meta(max_length=NOTE_CHARACTERS_MAX)] = ""
    role: StaffRole = "nurse"


class PutOff(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It is to come back at a later moment, and why."""

    until: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_CHARACTERS_MAX)]


class Noted(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be known of it, and nothing else."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_CHARACTERS_MAX)]


class Closed(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has been dealt with, and how it came out."""

    outcome: Outcome


_Told = TypeVar("_Told", bound=Said)
BODIES: Final[Mapping[Deed, type[Said]]] = {
    "acknowledge": Said,
    "start": Said,
    "snooze": PutOff,
    "resolve": Closed,
    "note": Noted,
    "undo": Said,
}
"""What may be said, and what is said with it."""
_MEANINGS: Final[Mapping[Deed, str]] = {
    "acknowledge": "A clinician has seen the alert; of two who say so, the first one counts.",
    "start": "Somebody tries to reach the citizen.",
    "snooze": "The alert is put off until a moment, with a reason; then it is new again by itself. "
    "A yellow one for 7 days at most, a red one for one day and by a physician only.",
    "resolve": "The alert has been dealt with, with an outcome; it must have been started.",
    "note": "A note is written into the history; who has seen the alert stays as it is.",
    "undo": "Who did the last thing to the alert takes it back, within a minute; both stay in the "
    "history.",
}
_ALERT: Final[dict[str, Any]] = {
    "id": "4b2f0c1e-6d0a-4a55-9d2c-0c8a54c6a1d3",
    "version": 3,
    "change": 19,
    "citizen": "citizen-0001",
    "severity": "yellow",
    "condition": "active",
    "attention": "acked",
}
_EXAMPLES: Final[Mapping[Deed, tuple[dict[str, Any], dict[str, Any]]]] = {
    "acknowledge": ({"note": "Ringet; har det bedre."}, {"state": "acknowledged"}),
    "start": ({"note": "Ringer igen kl. 14."}, {"state": "in_progress"}),
    "snooze": (
        {"until": "2026-03-04T12:00:00+01:00", "reason": "afventer svar fra læge"},
        {"state": "snoozed", "until_ms": 1_772_622_000_000, "reason": "afventer svar fra læge"},
    ),
    "resolve": ({"outcome": "treated"}, {"state": "resolved", "outcome": "treated"}),
    "note": ({"note": "Datter ringer i eftermiddag."}, {"state": "new", "attention": "unacked"}),
    "undo": ({}, {"state": "new", "attention": "unacked"}),
}
"""What is sent and what comes of it, beside who says so."""
_TEXT: Final = {"type": "string", "maxLength": NOTE_CHARACTERS_MAX}
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "by": {
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_CHARACTERS_MAX,
        "description": "printable, and not blank",
    },
    "note": {**_TEXT, "default": ""},
    "role": {
        "type": "string",
        "enum": list(get_args(StaffRole)),
        "default": "nurse",
        "description": "as told, not proven: there is no access control yet",
    },
    "until": {"type": "string", "format": "date-time", "description": _LIMITS["until"]},
    "reason": {**_TEXT, "minLength": 1, "description": "not blank"},
    "outcome": {"type": "string", "enum": list(OUTCOMES)},
}


async def short_body(request: Request) -> bytes:
    """The body of a request, when it is short."""
    return await whole_body(request, BODY_BYTES_MAX)


def said_of(given: object, kind: type[_Told]) -> _Told:
    """The body as what somebody says; Refused with 422 names field, value and limit."""
    try:
        found = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        at = _FIELD.search(message)
        field = (at["key"] or at["path"] or "") if at else ""
        value = given.get(field, "") if isinstance(given, dict) else given
        limit = message.partition(" - at ")[0]
        if field in kind.__struct_fields__:
            limit = _LIMITS.get(field, limit)
        raise _unfit(field or "$", value, limit) from error
    texts = {name: getattr(found, name, "").strip() for name in ("by", "note", "reason")}
    if not texts["by"] or not texts["by"].isprintable():
        raise _unfit("by", texts["by"], "a name of printable characters, not blank")
    for name in ("note", "reason"):
        if not re.sub(r"[\n\r\t]", "", texts[name]).isprintable():
            raise _unfit(name, texts[name], "printable characters and line breaks")
    if isinstance(found, PutOff) and not texts["reason"]:
        raise _unfit("reason", "", "a reason, not blank")
    if isinstance(found, Noted) and not texts["note"]:
        raise _unfit("note", "", "a note, not blank")
    own = {name: text for name, text in texts.items() if hasattr(found, name)}
    return msgspec.structs.replace(found, **own)


def routes(sources: Sources) -> APIRouter:
    """One route for each thing that a person may say of an alert."""
    router = APIRouter(tags=["alerts"])
    for deed in BODIES:
        _add(router, sources, deed)
    return router


def _add(router: APIRouter, sources: Sources, deed: Deed) -> None:
    sent, becomes = _EXAMPLES[deed]
    example = {"by": "Mette Holm", **sent}

    @router.post(
        f"/alerts/{{alert_id}}/{deed}",
        name=deed,
        description=_MEANINGS[deed],
        response_class=Response,
        responses=documented({**_ALERT, **becomes}, 403, 404, 409, 412, 413, 422),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _schema(deed), "example": example}},
            }
        },
    )
    def said(
        alert_id: str,
        body: Annotated[bytes, Depends(short_body)],
        if_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        told = said_of(_json(body), BODIES[deed])
        alert = alert_of(sources, alert_id)
        version = _version_asked(alert, if_match)
        act = act_of(deed, told, sources)
        try:
            changed = sources.alerts().apply(alert_id, act, version, note_beside(told))
        except AlertChanged as conflict:
            raise _conflict(conflict, deed) from conflict
        answer = json_answer(changed)
        answer.headers["ETag"] = f'"{changed.version}"'
        return answer


def alert_of(sources: Sources, alert_id: str) -> Alert:
    """The alert with this id; Refused with 404."""
    alert = sources.alerts().alert(alert_id)
    if alert is None:
        raise Refused(404, Fault("alert-unknown", "there is no alert with this id"))
    return alert


def _schema(deed: Deed) -> dict[str, Any]:
    fields = msgspec.structs.fields(BODIES[deed])
    return {
        "type": "object",
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
        "properties": {field.name: _FIELDS[field.name] for field in fields},
    }


def act_of(deed: Deed, told: Said, sources: Sources) -> Act:
    """What is said, as an act of this moment."""
    act = Act(deed, sources.monitor.now_ms(), told.by, told.role, wall_ms=sources.wall_ms())
    if isinstance(told, PutOff):
        until_ms = round(told.until.timestamp() * 1000)
        return msgspec.structs.replace(act, until_ms=until_ms, reason=told.reason)
    if isinstance(told, Closed):
        return msgspec.structs.replace(act, outcome=told.outcome)
    if isinstance(told, Noted):
        return msgspec.structs.replace(act, reason=told.note)
    return act


def note_beside(told: Said) -> str:
    """What is noted beside the act; of a note nothing, as it is the act."""
    return "" if isinstance(told, Noted) else told.note


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = shortened(body[:100].decode("utf-8", "replace"))
        raise _unfit("$", shown, "JSON in UTF-8") from error


def _unfit(field: str, value: object, limit: str) -> Refused:
    message = "what is said of the alert cannot be taken as it is"
    return Refused(422, Fault("body-invalid", message, field, shortened(value), limit))


def _version_asked(alert: Alert, if_match: str | None) -> int | None:
    """The version that must still stand when we write; Refused with 412 when it is gone."""
    asked = None if if_match is None else tags_of(if_match)
    if asked is None:
        return None
    if str(alert.version) not in asked:
        raise _version_changed(alert)
    return alert.version


def _version_changed(current: Alert) -> Refused:
    fault = Fault("version-changed", f"the alert is at version {current.version}")
    return Refused(412, fault, beside={"alert": current})


def _conflict(conflict: AlertChanged, deed: Deed) -> Refused:
    if not conflict.why:
        return _version_changed(conflict.current)
    fault = Fault("not-allowed", conflict.why)
    if deed == "acknowledge":
        fault = Fault("acknowledged-already", "somebody has acknowledged it already")
    return Refused(409, fault, beside={"alert": conflict.current})
