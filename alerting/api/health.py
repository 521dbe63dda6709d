"""Whether the platform works, without personal data: that it lives, and whether it is ready.

Both say the same facts. They are answered on a thread of their own, so that people who wait for a
locked store, or many of them, do not keep whoever supervises us waiting.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from alerting.api.answers import documented, json_answer
from alerting.api.sources import Sources
from alerting.liveness import Bounds, Check, Liveness, disk_check
from ingest.store import StoreUnavailable

_CHECKS = msgspec.to_builtins(
    [
        Check("ingest", True, 1.2, Bounds().heartbeat_s, "s", "last sign of life 1 s ago"),
        disk_check(80_000 << 20, Bounds()),
    ]
)
_READY = {"status": "ok", "failing": [], "checks": _CHECKS}
_EXAMPLE = {
    "status": "ok",
    "failing": [],
    "records": 12000,
    "evaluated_seq": 12000,
    "last_seq": 12000,
    "open_alerts": 7,
    "rejections": 31,
    "tallies": {"readings-accepted": 12000},
    "checks": _CHECKS,
}


def routes(sources: Sources, looking: Executor) -> APIRouter:
    """The routes /health and /health/ready; `looking` is the thread that looks."""
    router = APIRouter(tags=["operation"])

    async def looked(work: Callable[[], Response]) -> Response:
        return await asyncio.get_running_loop().run_in_executor(looking, work)

    @router.get("/health", response_class=Response, responses=documented(_EXAMPLE))
    async def health() -> Response:
        """That the process lives, and how it is: ok, or degraded; 503 when a store cannot be read.

        `failing` names the checks that are not well; for a supervisor that restarts what it finds
        dead. Whether work can be done here is asked at /health/ready.
        """
        return await looked(lambda: _health(sources))

    @router.get("/health/ready", response_class=Response, responses=documented(_READY))
    async def ready() -> Response:
        """Whether readings come in, are judged and become alerts: 200, or 503 with what is wrong.

        Every check has its value, its limit and their unit. `record-store`: it can be read, and how
        old its newest record is. `evaluator`: how long ago the rules looked. `unjudged`: how long
        the oldest record has waited for them. `citizens`: how many cannot be judged and are set
        aside. `alert-store`: how long ago it could be written.
        `ingest`: its last sign of life. `broker`: whether ingest is connected. `silence`: minutes
        since something arrived, bad when most of those who were due since then are missing. `disk`:
        free space.
        """
        return await looked(lambda: _ready(sources.liveness()))

    return router


def _health(sources: Sources) -> Response:
    live = sources.liveness()
    try:
        reader = sources.reader()
        tallies = dict(reader.tallies())
        last_seq = reader.last_seq()
        open_alerts = len(sources.alerts().open_alerts())
    except StoreUnavailable:
        error = {"code": "store-unavailable", "message": "a store cannot be read"}
        return json_answer({**_facts(live), "status": "degraded", "error": error}, 503)
    return json_answer(
        {
            **_facts(live),
            "records": tallies.pop("records", 0),
            "evaluated_seq": sources.monitor.evaluated_seq(),
            "last_seq": last_seq,
            "open_alerts": open_alerts,
            "rejections": tallies.pop("rejections", 0),
            "tallies": tallies,
        }
    )


def _facts(live: Liveness) -> dict[str, Any]:
    return {
        "status": "ok" if live.ready else "degraded",
        "failing": [check.name for check in live.failing()],
        "checks": live.checks,
    }


def _ready(live: Liveness) -> Response:
    if live.ready:
        return json_answer(_facts(live))
    message = "; ".join(f"{check.name}: {check.text}" for check in live.failing())
    return json_answer({**_facts(live), "error": {"code": "not-ready", "message": message}}, 503)
