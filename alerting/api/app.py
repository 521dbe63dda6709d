"""The HTTP application of the alerting process.

In: the settings and the monitor. Out: an ASGI application, the same for the shipped command, for
the tests and for the documents: what the settings switch off is in none of them. Who starts it
binds it to loopback, and turns the server's own access log off: ours names no person.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from alerting.alert_store import AlertStore
from alerting.api import alerts, fhir, health, pages
from alerting.api.answers import Fault, Refused, fault_answer, shortened
from alerting.api.export import Exports
from alerting.api.feed import Feed
from alerting.api.guard import LOOPBACK_HOSTS, Guard, is_fhir
from alerting.api.sources import Sources
from alerting.api.submission import rejected_answer
from alerting.liveness import Watch, least_free
from alerting.settings import AlertingSettings
from alerting.situation import Monitor
from alerting.web.render import error_page
from alerting.web.texts import language_of
from ingest.store import Reader, SqliteReader, SqliteWriter, StoreUnavailable

log = logging.getLogger(__name__)
_PAGES = ("/worklist.html", "/citizens", "/acts", "/name")


def create_app(
    settings: AlertingSettings,
    monitor: Monitor,
    *,
    open_reader: Callable[[], Reader] | None = None,
    wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    watch: Watch | None = None,
    hosts: Collection[str] = LOOPBACK_HOSTS,
) -> FastAPI:
    """The application over the stores of these settings; `hosts` are the names it answers to.

    `wall_ms` is when requests arrive; `open_reader` stands in for the reader of the records, and
    `watch` for the one that says whether all is well.

    The stores are opened by the threads that need them, and may be away: what needs them then
    answers 503. Before a server ends, `app.state.feed.close()` lets go of those who wait for news.
    """
    app = FastAPI(
        title="Hjemmepuls",
        summary="Alerts, worklist and FHIR of a home-monitoring platform. Not a medical device.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    read = open_reader or (lambda: SqliteReader(settings.store_path))
    sources = Sources(
        monitor,
        read,
        lambda: AlertStore.existing(settings.alert_store_path),
        (lambda: SqliteWriter(settings.store_path)) if settings.fhir_writing else None,
        wall_ms,
        watch or _watch(settings, monitor, read),
        settings.notices(),
        settings.zones(),
    )
    folder = settings.exports()
    exports = None if folder is None else Exports(folder, read, wall_ms)
    looking = ThreadPoolExecutor(1, "health")
    app.state.starting = [] if exports is None else [exports.resume]
    app.state.closing = [one.close for one in (exports, sources.writing) if one is not None]
    app.state.closing.append(looking.shutdown)
    feed = Feed(lambda: sources.alerts().last_change())
    app.state.feed = feed
    app.include_router(pages.routes(sources))
    app.include_router(alerts.routes(sources, feed))
    app.include_router(fhir.routes(sources, exports))
    app.include_router(health.routes(sources, looking))
    for error, answer in (
        (Refused, _refused),
        (RequestValidationError, _invalid),
        (HTTPException, _http_error),
        (StoreUnavailable, _store_away),
    ):
        app.add_exception_handler(error, answer)
    app.add_middleware(Guard, hosts=hosts)
    _tidy_openapi(app)
    return app


def _watch(settings: AlertingSettings, monitor: Monitor, read: Callable[[], Reader]) -> Watch:
    return Watch(
        monitor,
        read,
        bounds=settings.bounds(),
        disk_free=lambda: least_free(settings.store_path, settings.alert_store_path),
        data_clock=settings.clock == "data",
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What was begun goes on with the application, and its threads end with it."""
    for start in app.state.starting:
        await run_in_threadpool(start)
    yield
    for close in app.state.closing:
        await run_in_threadpool(close)


def _answer(request: Request, refused: Refused) -> Response:
    """An error in the form of the route it belongs to: page, FHIR or JSON."""
    path = request.url.path
    if path == "/" or path.startswith(_PAGES):
        lang = language_of(request.query_params.get("lang"))
        return HTMLResponse(error_page(lang, refused.status), refused.status)
    return fault_answer(refused, is_fhir(path))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return rejected_answer(error) or _answer(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field, value = str(first["loc"][-1]), shortened(first.get("input", ""))
    fault = Fault("parameter-invalid", "a parameter is wrong", field, value, first["msg"])
    return _answer(request, Refused(422, fault))


def _http_error(request: Request, error: Exception) -> Response:
    """What the router itself refuses: no such path, or not that method."""
    assert isinstance(error, HTTPException)
    issue = "not-found" if error.status_code == 404 else "not-supported"
    fault = Fault("not-found" if issue == "not-found" else "refused", str(error.detail))
    answer = _answer(request, Refused(error.status_code, fault, issue))
    answer.headers.update(error.headers or {})
    return answer


def _store_away(request: Request, error: Exception) -> Response:
    log.warning("a store cannot be read: %s", error)
    fault = Fault("store-unavailable", "a store cannot be read right now")
    answer = _answer(request, Refused(503, fault, "transient"))
    answer.headers["Retry-After"] = "1"
    return answer


def _tidy_openapi(app: FastAPI) -> None:
    """Take out the error that FastAPI adds by itself to every route with a path parameter."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        schema = made()
        for path in schema["paths"].values():
            for operation in path.values():
                content = operation["responses"].get("422", {}).get("content", {})
                named = content.get("application/json", {}).get("schema", {}).get("$ref", "")
                if named.endswith("/HTTPValidationError"):
                    del operation["responses"]["422"]
        for name in ("HTTPValidationError", "ValidationError"):
            schema.get("components", {}).get("schemas", {}).pop(name, None)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
