"""The delivery process put together from its settings, and its commands. Called by the CLI."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from ingest.deliver.back_off import BackOff
from ingest.deliver.endpoint import Endpoint
from ingest.deliver.exchange import client_of
from ingest.deliver.fhir_server import FhirServer
from ingest.deliver.folder import Folder
from ingest.deliver.follow import Deliverer, Progress
from ingest.deliver.port import Destination
from ingest.deliver.settings import DeliverSettings
from ingest.deliver.state import DeadLetter, Deliveries
from ingest.store import SqliteReader, StoreUnavailable

log = logging.getLogger(__name__)


def serve(
    settings: DeliverSettings,
    stop: threading.Event,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Deliver until `stop` is set; the batch under way is finished first.

    Waits for a store that is not there yet. `WrongState` when the state file is of another
    destination or store, or in use; `StoreUnavailable` when it cannot be opened; OSError when the
    CA file cannot be read.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request tells nothing new
    with ExitStack() as stack:
        state = stack.enter_context(closing(_opened_state(settings)))
        seq = state.hold(settings.target, settings.first_seq)
        destination = stack.enter_context(closing(destination_of(settings, stop.is_set)))
        log.info("delivering to %s, from arrival number %d on", settings.target, seq)
        while (reader := _opened_store(settings, stop)) is not None:
            with closing(reader):
                state.check(reader)
                Deliverer(
                    reader,
                    state,
                    destination,
                    seq=state.hold(settings.target, settings.first_seq),
                    batch_records=settings.batch_records,
                    now_ms=_now_ms,
                    jitter=random.random,
                    on_progress=on_progress,
                ).run(stop.wait, settings.poll_ms / 1000)
            if not stop.is_set():
                log.warning("%s was moved, removed or replaced: opening anew", settings.store_path)


def dead_letters(settings: DeliverSettings) -> list[DeadLetter]:
    """What the destination refused and still has not taken."""
    with closing(_opened_state(settings)) as state:
        return state.dead_letters()


def retry_dead_letters(settings: DeliverSettings, ids: Sequence[bytes] | None = None) -> int:
    """Have these dead letters, or all, sent again by the delivery process; how many."""
    with closing(_opened_state(settings)) as state:
        return state.retry(ids, _now_ms())


def destination_of(
    settings: DeliverSettings, should_stop: Callable[[], bool] = lambda: False
) -> Destination:
    """The destination that the settings name; OSError when the CA file cannot be read."""
    if settings.destination == "folder":
        return Folder(settings.folder, settings.format)
    client = client_of(settings)
    if settings.destination == "endpoint":
        return Endpoint(client, settings.url, settings.format, settings.timeout_s, should_stop)
    return FhirServer(client, settings.url, settings.timeout_s, settings.settle_s)


def _opened_state(settings: DeliverSettings) -> Deliveries:
    settings.state_path.parent.mkdir(parents=True, exist_ok=True)
    return Deliveries(settings.state_path)


def _opened_store(settings: DeliverSettings, stop: threading.Event) -> SqliteReader | None:
    """The store, as soon as it is there; None when told to stop before."""
    back_off = BackOff(random.random)
    while not stop.is_set():
        try:
            reader = SqliteReader(settings.store_path)
            reader.last_seq()
        except StoreUnavailable as error:
            pause = back_off.failed()
            log.warning(
                "store %s: not available (%s), trying again in %.1f s",
                settings.store_path,
                error,
                pause,
            )
            stop.wait(pause)
        else:
            return reader
    return None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
