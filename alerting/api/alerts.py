"""Alerts over HTTP: the feed for polling systems, one alert with its history, the worklist.

Changes are numbered in the order of their commits, so a poller that asks for everything after its
cursor misses nothing and sees each alert's newest state once.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from alerting.api import acts
from alerting.api.answers import Fault, Refused, documented, json_answer, tagged
from alerting.api.feed import Feed
from alerting.api.sources import Sources
from alerting.web.worklist import counts_of, rows_of

LIMIT_MAX = 1000
LIMIT_DEFAULT = 200
WAIT_S_MAX = 30
CURSOR_MAX = 2**53

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
        alert = acts.alert_of(sources, alert_id)
        history = sources.alerts().history(alert_id)
        content = {**msgspec.structs.asdict(alert), "history": history}
        return tagged(request, json_answer(content), str(alert.version))

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

    router.include_router(acts.routes(sources))
    return router


def _changes(sources: Sources, request: Request, since: int, limit: int) -> Response:
    store = sources.alerts()
    found = store.alerts_since(since, limit + 1)
    if not found and since > store.last_change():
        raise Refused(410, Fault("cursor-unknown", "the feed never came so far; start from 0"))
    alerts, more = found[:limit], len(found) > limit
    cursor = alerts[-1].change if alerts else since
    return tagged(request, json_answer({"alerts": alerts, "cursor": cursor, "more": more}))
