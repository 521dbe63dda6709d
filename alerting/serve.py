"""The alerting process: evaluator and sender on threads of their own, API and page on loopback.

Called by the command line. When one of them dies of a fault of ours, the process ends with it, so
that no page goes on showing old alerts; whoever supervises it starts it again, and it goes on
from its snapshot and the records.
"""

import logging
import signal
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
from ingest.store import SqliteReader

log = logging.getLogger(__name__)


def serve(settings: AlertingSettings, rulebook: Rulebook) -> bool:
    """Serve until SIGTERM or SIGINT; False when the evaluator or the sender failed."""
    settings.alert_store_path.parent.mkdir(parents=True, exist_ok=True)

    def open_reader() -> SqliteReader:
        return SqliteReader(settings.store_path)

    def open_alerts() -> AlertStore:
        return AlertStore.existing(settings.alert_store_path)

    AlertStore(settings.alert_store_path).close()

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
            host=settings.http_host,
            port=settings.http_port,
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
        settings.http_host,
        settings.http_port,
    )
    try:
        server.run()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return not failed.is_set()
