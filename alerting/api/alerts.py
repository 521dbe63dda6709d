"""Alerts over HTTP: the feed for polling systems, one alert with its history, the worklist.

Changes are numbered in the order of their commits, so a poller that asks for everything after its
cursor misses nothing and sees each alert's newest state once. A cursor is opaque and of one
history: after the alert store was lost and made anew, or an older copy was put back, it is answered
with 410, never with half of the truth. `0` is the beginning of any history.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from alerting.alert_store import START
from alerting.api import acts
from alerting.api.answers import Fault, Refused, documented, json_answer, tagged
from alerting.api.feed import Feed
from alerting.api.rows import current_rows
from alerting.api.sources import Sources
from alerting.web.worklist import counts_of

LIMIT_MAX = 1000
LIMIT_DEFAULT = 200
WAIT_S_MAX = 30
CURSOR = r"^[0-9]{1,18}(-[0-9a-f]{16})?$"

_CURSOR = "17-9b1f0c3a5d7e2846"
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
        "cursor": {"type": "string", "pattern": CURSOR},
        "more": {"type": "boolean"},
    },
}


def routes(sources: Sources, feed: Feed) -> APIRouter:
    """The routes below /alerts, and the worklist as JSON."""
    router = APIRouter(tags=["alerts"])

    @router.get(
        "/alerts",
        response_class=Response,
        responses=documented(
            {"alerts": [_EXAMPLE], "cursor": _CURSOR, "more": False},
            304,
            410,
            422,
            schema=_FEED_SCHEMA,
        ),
    )
    async def alerts_since(
        request: Request,
        since: Annotated[str, Query(pattern=CURSOR)] = START,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
        wait: Annotated[int, Query(ge=0, le=WAIT_S_MAX)] = 0,
    ) -> Response:
        """Alerts that changed after the cursor, in commit order, each with its newest state.

        Ask again with the `cursor` of the answer, as it is; at once while `more` is true. With
        `wait` the answer comes when there is news, or after so many seconds. 410: the history that
        the cursor is of is gone; drop what was followed and start again from 0.
        """
        if wait:
            change = await run_in_threadpool(_position, sources, since)
            await feed.beyond(change, wait, request.is_disconnected)
        return await run_in_threadpool(_changes, sources, request, since, limit)

    @router.get(
        "/alerts/{alert_id}",
        response_class=Response,
        responses=documented({**_EXAMPLE, "history": []}, 304, 404),
    )
    def one_alert(request: Request, alert_id: str) -> Response:
        """One alert with its evidence and its history, oldest first."""
        alert = acts.alert_of(sources, alert_id)
        history = sources.alerts().history(alert_id)
        content = {**msgspec.structs.asdict(alert), "history": history}
        return tagged(request, json_answer(content), str(alert.version))

    @router.get(
        "/worklist",
        response_class=Response,
        responses=documented({"cursor": _CURSOR, "counts": {"red": 1}, "rows": []}, 304),
    )
    def worklist(request: Request) -> Response:
        """The rows of the page: every citizen with colour, why, since when, and open alerts."""
        store = sources.alerts()
        cursor = store.cursor(store.last_change())
        rows = current_rows(sources, sources.reader().citizens())
        content = {"cursor": cursor, "counts": counts_of(rows), "rows": rows}
        return tagged(request, json_answer(content))

    router.include_router(acts.routes(sources))
    return router


def _position(sources: Sources, cursor: str) -> int:
    """Where in the feed a cursor stands; Refused with 410 when it is of another history."""
    change = sources.alerts().change_of(cursor)
    if change is None:
        said = (
            "this cursor is of a history that is gone; drop what was followed, start again from 0"
        )
        raise Refused(410, Fault("cursor-unknown", said, "since", cursor, START))
    return change


def _changes(sources: Sources, request: Request, since: str, limit: int) -> Response:
    store = sources.alerts()
    found = store.alerts_since(_position(sources, since), limit + 1)
    alerts, more = found[:limit], len(found) > limit
    cursor = store.cursor(alerts[-1].change) if alerts else since
    return tagged(request, json_answer({"alerts": alerts, "cursor": cursor, "more": more}))
