"""The alerting process: evaluator and sender on threads of their own, API and page on loopback.

Called by the command line. When one of them dies of a fault of ours, the process ends with it, so
that no page goes on showing old alerts; whoever supervises it starts it again, and it goes on
from its snapshot and the records.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

from alerting.alert_store import AlertStore
from alerting.api.app import create_app
from alerting.evaluate import Evaluator
from alerting.rules import Rulebook
from alerting.send import Sender
from alerting.settings import AlertingSettings
from ingest.store import SqliteReader, StoreUnavailable

log = logging.getLogger(__name__)


class PortTaken(OSError):  # noqa: N818  it is the world that is bad, not the code
    """The address to listen at is not free, or not ours."""


def serve(settings: AlertingSettings, rulebook: Rulebook) -> bool:
    """Serve until SIGTERM or SIGINT; False when the evaluator or the sender failed."""

    def open_reader() -> SqliteReader:
        try:
            return SqliteReader(settings.store_path)
        except StoreUnavailable as error:  # of two stores, say which
            raise StoreUnavailable(f"{settings.store_path}: {error}") from error

    def open_alerts() -> AlertStore:
        return AlertStore.existing(settings.alert_store_path)

    AlertStore(settings.alert_store_path).close()

    listener = _listener(settings)
    evaluator = Evaluator(
        open_reader,
        open_alerts,
        wall_ms=lambda: time.time_ns() // 1_000_000,
        rulebook=rulebook,
        data_clock=settings.clock == "data",
        snapshot=settings.alert_store_path.with_suffix(".snapshot"),
        asking=bool(settings.ask_tenant),
    )
    app = create_app(settings, evaluator)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
    stop = threading.Event()
    failed = threading.Event()

    def evaluate() -> None:
        evaluator.serve(stop.is_set, settings.poll_ms / 1000, settings.clock_tick_s)

    def send() -> None:
        Sender(settings, open_reader, open_alerts, evaluator.now_ms).run(stop)

    def thread_of(work: Callable[[], None], name: str) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except Exception:
                log.exception("the %s failed; the process ends", name)
                failed.set()
                end()

        return threading.Thread(target=guarded, name=name)

    def end(_number: int = 0, _frame: FrameType | None = None) -> None:
        app.state.feed.close()  # let go of those who wait for news
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    threads = [thread_of(evaluate, "evaluator")]
    if settings.ask_tenant:
        threads.append(thread_of(send, "sender"))
    for thread in threads:
        thread.start()
    log.info(
        "serving on http://%s:%d, loopback only until access is secured",
        *listener.getsockname()[:2],
    )
    try:
        server.run(sockets=[listener])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return not failed.is_set()


def _listener(settings: AlertingSettings) -> socket.socket:
    """The socket to serve on, bound before anything else begins; PortTaken when it is not free."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.http_host, settings.http_port))
        listener.listen()
    except OSError as error:
        listener.close()
        address = f"{settings.http_host}:{settings.http_port}"
        raise PortTaken(
            f"cannot listen at {address}: {error.strerror}; stop what listens there, or give "
            "another --port (0: a free one)"
        ) from error
    return listener
