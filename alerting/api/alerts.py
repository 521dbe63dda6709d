"""Alerts over HTTP: the feed for polling systems, one alert with its history, acknowledging.

Changes are numbered in the order of their commits, so a poller that asks for everything after its
cursor misses nothing and sees each alert's newest state once.
"""

import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from alerting.alert import Alert
from alerting.alert_store import AlertChanged
from alerting.api.answers import (
    Fault,
    Refused,
    documented,
    json_answer,
    shortened,
    tagged,
    tags_of,
)
from alerting.api.feed import Feed
from alerting.api.sources import Sources
from alerting.web.render import NAME_CHARACTERS_MAX, NOTE_CHARACTERS_MAX
from alerting.web.worklist import counts_of, rows_of

BODY_BYTES_MAX = 16_384
LIMIT_MAX = 1000
LIMIT_DEFAULT = 200
WAIT_S_MAX = 30
CURSOR_MAX = 2**53
_AT = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")

_EXAMPLE: dict[str, Any] = {
    "id": "4b2f0c1e-6d0a-4a55-9d2c-0c8a54c6a1d3",
    "version": 1,
    "change": 17,
    "citizen": "citizen-0001",
    "hypothesis": "copd",
    "severity": "red",
    "condition": "active",
    "attention": "unacked",
    "state": "new",
    "text_da": "Iltmætning 86 % (rød grænse 87 % eller lavere).",
    "findings": [{"rule": "R01", "severity": "red", "evidence": {"value": 86.0, "limit": 87.0}}],
}
_FEED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["alerts", "cursor", "more"],
    "properties": {
        "alerts": {"type": "array", "items": {"type": "object"}},
        "cursor": {"type": "integer", "minimum": 0},
        "more": {"type": "boolean"},
    },
}
_BODY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["by"],
    "additionalProperties": False,
    "properties": {
        "by": {
            "type": "string",
            "minLength": 1,
            "maxLength": NAME_CHARACTERS_MAX,
            "description": "printable, and not blank",
        },
        "note": {"type": "string", "maxLength": NOTE_CHARACTERS_MAX, "default": ""},
    },
}


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has seen an alert, and what there is to say about it."""

    by: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    note: Annotated[str, msgspec.Meta(max_length=NOTE_CHARACTERS_MAX)] = ""


def acknowledgement_of(given: object) -> Acknowledgement:
    """The body as an acknowledgement; Refused with 422 names field, value and limit."""
    try:
        found = msgspec.convert(given, Acknowledgement)
    except msgspec.ValidationError as error:
        message = str(error)
        at = _AT.search(message)
        field = at["field"] if at else ""
        value = given.get(field, "") if isinstance(given, dict) else given
        raise _unfit(field or "$", value, _AT.sub("", message)) from error
    found = msgspec.structs.replace(found, by=found.by.strip(), note=found.note.strip())
    if not found.by or not found.by.isprintable():
        raise _unfit("by", found.by, "a name of printable characters, not blank")
    if not found.note.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        raise _unfit("note", found.note, "printable characters and line breaks")
    return found


async def short_body(request: Request) -> bytes:
    """The body of a request, read no further than it may be long."""
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > BODY_BYTES_MAX:
            limit = f"at most {BODY_BYTES_MAX} bytes"
            raise Refused(413, Fault("body-too-long", "the body is too long", limit=limit))
        parts.append(part)
    return b"".join(parts)


def routes(sources: Sources, feed: Feed) -> APIRouter:
    """The routes below /alerts, and the worklist as JSON."""
    router = APIRouter(tags=["alerts"])

    @router.get(
        "/alerts",
        response_class=Response,
        responses=documented(
            {"alerts": [_EXAMPLE], "cursor": 17, "more": False}, 304, 410, 422, schema=_FEED_SCHEMA
        ),
    )
    async def alerts_since(
        request: Request,
        since: Annotated[int, Query(ge=0, le=CURSOR_MAX)] = 0,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
        wait: Annotated[int, Query(ge=0, le=WAIT_S_MAX)] = 0,
    ) -> Response:
        """Alerts that changed after the cursor, in commit order, each with its newest state.

        Ask again with the `cursor` of the answer; at once while `more` is true. With `wait` the
        answer comes when there is news, or after so many seconds.
        """
        if wait:
            await feed.beyond(since, wait, request.is_disconnected)
        return await run_in_threadpool(_changes, sources, request, since, limit)

    @router.get(
        "/alerts/{alert_id}",
        response_class=Response,
        responses=documented({**_EXAMPLE, "history": []}, 304, 404),
    )
    def one_alert(request: Request, alert_id: str) -> Response:
        """One alert with its evidence and its history, oldest first."""
        alert = _alert(sources, alert_id)
        history = sources.alerts().history(alert_id)
        content = {**msgspec.structs.asdict(alert), "history": history}
        return tagged(request, json_answer(content), str(alert.version))

    @router.post(
        "/alerts/{alert_id}/acknowledge",
        response_class=Response,
        responses=documented(_EXAMPLE, 403, 404, 409, 412, 413, 422),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": _BODY_SCHEMA,
                        "example": {"by": "Mette Holm", "note": "Ringet; har det bedre."},
                    }
                },
            }
        },
    )
    def acknowledge(
        alert_id: str,
        body: Annotated[bytes, Depends(short_body)],
        if_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """A clinician has seen the alert; of two who say so, the first one counts."""
        said = acknowledgement_of(_json(body))
        alert = _alert(sources, alert_id)
        version = _version_asked(alert, if_match)
        now_ms = sources.monitor.now_ms()
        try:
            acked = sources.alerts().acknowledge(alert_id, said.by, said.note, version, now_ms)
        except AlertChanged as changed:
            raise _conflict(changed.current, version) from changed
        answer = json_answer(acked)
        answer.headers["ETag"] = f'"{acked.version}"'
        return answer

    @router.get(
        "/worklist",
        response_class=Response,
        responses=documented({"cursor": 17, "counts": {"red": 1}, "rows": []}, 304),
    )
    def worklist(request: Request) -> Response:
        """The rows of the page: every citizen with colour, why, since when, and open alerts."""
        store, monitor = sources.alerts(), sources.monitor
        cursor = store.last_change()
        citizens = sources.reader().citizens()
        rows = rows_of(monitor.situations(), citizens, store.open_alerts(), monitor.now_ms())
        content = {"cursor": cursor, "counts": counts_of(rows), "rows": rows}
        return tagged(request, json_answer(content))

    return router


def _changes(sources: Sources, request: Request, since: int, limit: int) -> Response:
    store = sources.alerts()
    found = store.alerts_since(since, limit + 1)
    if not found and since > store.last_change():
        raise Refused(410, Fault("cursor-unknown", "the feed never came so far; start from 0"))
    alerts, more = found[:limit], len(found) > limit
    cursor = alerts[-1].change if alerts else since
    return tagged(request, json_answer({"alerts": alerts, "cursor": cursor, "more": more}))


def _alert(sources: Sources, alert_id: str) -> Alert:
    alert = sources.alerts().alert(alert_id)
    if alert is None:
        raise Refused(404, Fault("alert-unknown", "there is no alert with this id"))
    return alert


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = shortened(body[:100].decode("utf-8", "replace"))
        raise _unfit("$", shown, "JSON in UTF-8") from error


def _unfit(field: str, value: object, limit: str) -> Refused:
    message = "the acknowledgement cannot be taken as it is"
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


def _conflict(current: Alert, version: int | None) -> Refused:
    if version is not None and version != current.version:
        return _version_changed(current)
    fault = Fault("acknowledged-already", "somebody has acknowledged it already")
    return Refused(409, fault, beside={"alert": current})
