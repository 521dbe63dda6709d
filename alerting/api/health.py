"""Whether the platform keeps up, in numbers without personal data."""

from fastapi import APIRouter, Response

from alerting.api.answers import documented, json_answer
from alerting.api.sources import Sources
from ingest.store import StoreUnavailable

LAG_MAX = 5000
"""Arrivals that the rules may be behind before we call it degraded: ten full batches of ingest."""

_EXAMPLE = {
    "status": "ok",
    "records": 12000,
    "evaluated_seq": 12000,
    "last_seq": 12000,
    "open_alerts": 7,
    "rejections": 31,
    "tallies": {"readings-accepted": 12000},
}


def routes(sources: Sources) -> APIRouter:
    """The route /health."""
    router = APIRouter(tags=["operation"])

    @router.get("/health", response_class=Response, responses=documented(_EXAMPLE))
    def health() -> Response:
        """ok, or degraded: the rules are far behind, or (with 503) a store cannot be read."""
        try:
            reader = sources.reader()
            tallies = dict(reader.tallies())
            last_seq = reader.last_seq()
            open_alerts = len(sources.alerts().open_alerts())
        except StoreUnavailable:
            return json_answer(
                {
                    "status": "degraded",
                    "error": {"code": "store-unavailable", "message": "a store cannot be read"},
                },
                503,
            )
        evaluated_seq = sources.monitor.evaluated_seq()
        return json_answer(
            {
                "status": "ok" if last_seq - evaluated_seq <= LAG_MAX else "degraded",
                "records": tallies.pop("records", 0),
                "evaluated_seq": evaluated_seq,
                "last_seq": last_seq,
                "open_alerts": open_alerts,
                "rejections": tallies.pop("rejections", 0),
                "tallies": tallies,
            }
        )

    return router
