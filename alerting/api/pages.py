"""The page over HTTP: worklist, fragment, citizen, static files, and the form that acknowledges.

The form works without scripts: it answers with a redirect to the page it came from, which says
what came of it. Whether the request is our own page's is checked by `alerting.api.guard`.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Annotated
from urllib.parse import parse_qs, quote, unquote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from alerting.alert_store import AlertChanged
from alerting.api.acts import Said, said_of, short_body
from alerting.api.answers import Fault, Refused
from alerting.api.sources import Sources
from alerting.local_time import DAY_MS, local_days
from alerting.situation import COLOURS, Colour
from alerting.web import render
from alerting.web.answers import answered
from alerting.web.texts import language_of
from alerting.web.worklist import rows_of
from devices.symptoms import RESPONSES

NAME_COOKIE = "hjemmepuls_name"
NAME_COOKIE_S = 12 * 3600
"""A working day: the next shift writes its own name."""
BEHIND_TOLD = 200
"""From so many unassessed arrivals on the page warns; fewer are just being worked on."""
FIELDS_MAX = 2000
_VERSION_DIGITS_MAX = 12


def routes(sources: Sources) -> APIRouter:
    """The routes of the page; none of them is part of the API's contract."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/")
    def worklist(request: Request) -> Response:
        """The worklist."""
        return HTMLResponse(render.worklist_page(_worklist(sources, request)))

    @router.get("/worklist.html")
    def worklist_fragment(request: Request) -> Response:
        """The part of the worklist that changes."""
        return HTMLResponse(render.worklist_fragment(_worklist(sources, request)))

    @router.get("/citizens/{citizen_id}")
    def person(request: Request, citizen_id: str) -> Response:
        """The page of one citizen."""
        return HTMLResponse(render.person_page(_person(sources, request, citizen_id)))

    @router.post("/acknowledge")
    def acknowledge(body: Annotated[bytes, Depends(short_body)]) -> Response:
        """Acknowledge what the pressed button names, then go back to the page."""
        form = _fields(body)
        said, citizen = _acknowledge(sources, form)
        return _back(form, said, citizen)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        """A file of the page; its address changes with its content, so it may be kept."""
        asset = render.ASSETS.get(name)
        if asset is None:
            raise Refused(404, Fault("file-unknown", "there is no such file"))
        kept = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(asset.content, headers=kept, media_type=asset.media_type)

    return router


def _frame(sources: Sources, request: Request) -> render.Frame:
    said = request.query_params.get("said", "")
    behind = sources.behind()
    return render.Frame(
        lang=language_of(request.query_params.get("lang")),
        now_ms=sources.monitor.now_ms(),
        rulebook=sources.monitor.rulebook,
        nurse=_name_of(request),
        said=said if said in render.SAID else "",
        behind=behind if behind >= BEHIND_TOLD else 0,
        cursor=sources.alerts().cursor(sources.alerts().last_change()),
    )


def _worklist(sources: Sources, request: Request) -> render.Worklist:
    """The cursor is read before the alerts: what changes in between comes once more, never not."""
    frame = _frame(sources, request)
    citizens = sources.reader().citizens()
    rows = rows_of(
        sources.monitor.situations(), citizens, sources.alerts().open_alerts(), frame.now_ms
    )
    only = _colour(request.query_params.get("colour"))
    drawn = [row.citizen for row in rows if row.alerts and only in (None, row.colour)]
    return render.Worklist(
        frame=frame,
        rows=rows,
        citizens=citizens,
        curves=sources.monitor.curves(drawn, render.SPARK_DAYS),
        only=only,
    )


def _person(sources: Sources, request: Request, citizen_id: str) -> render.Person:
    frame = _frame(sources, request)
    citizen = sources.reader().citizens().get(citizen_id)
    if citizen is None:
        raise Refused(404, Fault("citizen-unknown", "there is no such citizen"))
    store = sources.alerts()
    alerts = store.alerts_of(citizen_id)[::-1]
    (row,) = rows_of(
        sources.monitor.situations(),
        {citizen_id: citizen},
        [alert for alert in alerts if alert.condition in ("active", "latched")],
        frame.now_ms,
    )
    curves = sources.monitor.curves([citizen_id], render.CHART_DAYS)
    since_ms = frame.now_ms - render.CHART_DAYS * DAY_MS
    responses = sources.reader().records_of(citizen_id, RESPONSES, since_ms)
    return render.Person(
        frame=frame,
        row=row,
        citizen=citizen,
        curves=curves.get(citizen_id, []),
        alerts=alerts,
        history={alert.id: store.history(alert.id) for alert in alerts},
        facts=sources.reader().facts_of(citizen_id),
        request=store.requests.running(citizen_id, int(local_days(frame.now_ms))),
        answers=answered(responses),
    )


def _colour(asked: str | None) -> Colour | None:
    return next((colour for colour in COLOURS if colour == asked), None)


def _name_of(request: Request) -> str:
    """The name that the nurse wrote last; nothing when the cookie is odd or too long."""
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(NAME_COOKIE)
    except CookieError:
        return ""
    name = unquote(morsel.value) if morsel else ""
    return name if name.isprintable() and len(name) <= render.NAME_CHARACTERS_MAX else ""


def _fields(body: bytes) -> Mapping[str, str]:
    """The form's fields; the last one wins, as only one button was pressed."""
    try:
        found = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        fault = Fault("form-too-long", "the form has too many fields", limit=str(FIELDS_MAX))
        raise Refused(413, fault) from error
    return {name: values[-1] for name, values in found.items()}


def _acknowledge(sources: Sources, form: Mapping[str, str]) -> tuple[str, str]:
    """What came of it (a key of `render.SAID`), and whose alerts they were.

    Each alert is named with the version that the page showed: what has changed since then was
    not seen, and is not acknowledged.
    """
    store, now_ms = sources.alerts(), sources.monitor.now_ms()
    said, citizen = "gone", ""
    for named in form.get("alerts", "").split():
        alert_id, _, version = named.partition(":")
        alert = store.alert(alert_id)
        if alert is None or not version.isdecimal() or len(version) > _VERSION_DIGITS_MAX:
            continue
        citizen = alert.citizen
        note = form.get(f"note-{alert.id}") or form.get(f"note-{citizen}") or ""
        try:
            told = said_of({"by": form.get("by", ""), "note": note}, Said)
        except Refused as refused:
            return ("note" if refused.fault.field == "note" else "name"), citizen
        try:
            store.acknowledge(alert_id, told.by, told.note, int(version), now_ms)
            said = "done" if said == "gone" else said
        except AlertChanged as changed:
            seen = changed.current.attention == "acked"
            mine = seen and changed.current.acked_by == told.by
            said = ("done" if said == "gone" else said) if mine else "taken" if seen else "changed"
    return said, citizen


def _back(form: Mapping[str, str], said: str, citizen: str) -> Response:
    """To the page the form came from: one of our own paths, made here, never taken over."""
    lang = language_of(form.get("lang"))
    colour = _colour(form.get("colour"))
    if form.get("back") and citizen:
        place = render.link(f"/citizens/{quote(citizen)}", lang=lang, said=said)
    else:
        place = render.link("/", lang=lang, colour=colour, said=said)
        place += f"#c-{quote(citizen)}" if citizen else ""
    answer = RedirectResponse(place, status_code=303)
    name = form.get("by", "").strip()
    if name and name.isprintable() and len(name) <= render.NAME_CHARACTERS_MAX:
        answer.set_cookie(
            NAME_COOKIE,
            quote(name, safe=""),
            max_age=NAME_COOKIE_S,
            httponly=True,
            samesite="strict",
        )
    return answer
