"""The page over HTTP: worklist, fragment, citizen, static files, and the forms of what is done.

A form works without scripts: it answers with a redirect to the page it came from, which says
what came of it. Whether the request is our own page's is checked by `alerting.api.guard`.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from alerting.api import forms
from alerting.api.acts import short_body
from alerting.api.answers import Fault, Refused
from alerting.api.rows import current_rows, deeds_of, with_trend
from alerting.api.sources import Sources
from alerting.local_time import DAY_MS, local_days
from alerting.situation import COLOURS, Colour
from alerting.web import render
from alerting.web.answers import answered
from alerting.web.changes import changed
from alerting.web.lines import SPARK_DAYS
from alerting.web.texts import language_of
from alerting.web.worklist import Row, rows_of
from devices.symptoms import RESPONSES

NAME_COOKIE = "hjemmepuls_name"
NAME_COOKIE_S = 12 * 3600
"""A working day: the next shift writes its own name."""
BEHIND_TOLD = 200
"""From so many unassessed arrivals on the page warns; fewer are just being worked on."""


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

    @router.post("/acts")
    def acts(request: Request, body: Annotated[bytes, Depends(short_body)]) -> Response:
        """Do what the pressed button says, then go back to the page."""
        form = forms.fields_of(body)
        return _back(form, forms.act(sources, form, _name_of(request)))

    @router.post("/name")
    def name(body: Annotated[bytes, Depends(short_body)]) -> Response:
        """Keep the name of who works here, then go back to the page."""
        form = forms.fields_of(body)
        fits = _fit_name(form.get("by", ""))
        return _back(form, forms.Outcome("" if fits else "name", form.get("citizen", "")))

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
    lang = language_of(request.query_params.get("lang"))
    return render.Frame(
        lang=lang,
        notice=sources.notices.get(lang, ""),
        now_ms=sources.monitor.now_ms(),
        rulebook=sources.monitor.rulebook,
        wall_ms=sources.wall_ms(),
        nurse=_name_of(request),
        said=said if said in render.SAID else "",
        live=sources.liveness(),
        behind=behind if behind >= BEHIND_TOLD else 0,
        cursor=sources.alerts().cursor(sources.alerts().last_change()),
    )


def _worklist(sources: Sources, request: Request) -> render.Worklist:
    """The cursor is read before the alerts: what changes in between comes once more, never not."""
    frame = _frame(sources, request)
    asked = _asked(request)
    citizens = sources.reader().citizens()
    rows = current_rows(sources, citizens, frame.wall_ms)
    shown, found = render.shown_of(rows, asked)
    curves = sources.monitor.curves([row.citizen for row in shown if _drawn(row)], SPARK_DAYS)
    return render.Worklist(
        frame=frame,
        rows=rows,
        shown=[with_trend(row, citizens[row.citizen], curves, sources.monitor) for row in shown],
        found=found,
        citizens={row.citizen: citizens[row.citizen] for row in shown},
        curves=curves,
        asked=asked,
        deeds={row.citizen: deeds_of(sources, row) for row in shown if row.alerts},
    )


def _drawn(row: Row) -> bool:
    return bool(row.alerts) or row.section == "watch"


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
        alerts,
        frame.now_ms,
        sources.monitor.rulebook.named,
        frame.wall_ms,
    )
    curves = sources.monitor.curves([citizen_id], render.CHART_DAYS)
    since_ms = frame.now_ms - render.CHART_DAYS * DAY_MS
    responses = sources.reader().records_of(citizen_id, RESPONSES, since_ms)
    return render.Person(
        frame=frame,
        row=with_trend(row, citizen, curves, sources.monitor),
        citizen=citizen,
        curves=curves.get(citizen_id, []),
        alerts=alerts,
        history={alert.id: store.history(alert.id) for alert in alerts},
        facts=sources.reader().facts_of(citizen_id),
        request=store.requests.running(citizen_id, int(local_days(frame.now_ms))),
        answers=answered(responses),
        changes=changed(
            sources.reader().records_of(citizen_id, since_ms=since_ms), sources.reader().superseded
        ),
    )


def _asked(request: Request) -> render.Asked:
    query = request.query_params
    page = query.get("page", "1")
    return render.Asked(
        only=_colour(query.get("colour")),
        search=query.get("q", "")[: render.NAME_CHARACTERS_MAX],
        page=max(1, int(page)) if page.isdecimal() and len(page) <= 4 else 1,
    )


def _colour(asked: str | None) -> Colour | None:
    return next((colour for colour in COLOURS if colour == asked), None)


def _name_of(request: Request) -> str:
    """The name that the nurse wrote last; nothing when the cookie is odd or too long."""
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(NAME_COOKIE)
    except CookieError:
        return ""
    return _fit_name(unquote(morsel.value)) if morsel else ""


def _fit_name(name: str) -> str:
    """The name, if it is one that may stand in a history; else nothing."""
    name = name.strip()
    fits = name.isprintable() and len(name) <= render.NAME_CHARACTERS_MAX
    return name if fits else ""


def _back(form: Mapping[str, str], outcome: forms.Outcome) -> Response:
    """To the page the form came from: one of our own paths, made here, never taken over."""
    lang = language_of(form.get("lang"))
    citizen, said = outcome.citizen, outcome.said
    if form.get("back") and citizen:
        place = render.link(f"/citizens/{quote(citizen)}", lang=lang, said=said)
    else:
        page = form.get("page", "")
        place = render.link(
            "/",
            lang=lang,
            colour=_colour(form.get("colour")),
            q=form.get("q", "")[: render.NAME_CHARACTERS_MAX],
            page=page if page.isdecimal() and len(page) <= 4 else None,
            said=said,
        )
        place += f"#c-{quote(citizen)}" if citizen else ""
    answer = RedirectResponse(place, status_code=303)
    if name := _fit_name(form.get("by", "")):
        answer.set_cookie(
            NAME_COOKIE,
            quote(name, safe=""),
            max_age=NAME_COOKIE_S,
            httponly=True,
            samesite="strict",
        )
    return answer
