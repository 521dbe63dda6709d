"""Strays are told, and must not fill the memory while nothing can be stored."""

from pathlib import Path

from ingest.decode import Delivery
from ingest.receive import Receiver
from ingest.settings import IngestSettings
from ingest.store import SqliteWriter
from ingest.watch import WAITING_MAX


def test_strays_wait_where_they_are_bounded_while_the_store_is_away(tmp_path: Path) -> None:
    settings = IngestSettings(store_path=tmp_path / "records.db", watch_user="watch")
    store = SqliteWriter(settings.store_path)
    receiver = Receiver(settings, store)
    watch = receiver._watch
    assert watch is not None
    for _ in range(5):
        watch.strays.extend(Delivery("HM/v1", b"x", 0) for _ in range(WAITING_MAX))
        receiver._take_strays(0.0)
    assert len(receiver._pending) < settings.batch_deliveries + WAITING_MAX + 1
    store.close()
