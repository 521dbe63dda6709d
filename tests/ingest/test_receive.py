"""The edge to MQTT, against a real broker: acknowledged last, lost never."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devices.wire import topic_for
from fhir_mapping.enrolled import Enrolment
from hjemmepuls.processes import HOST, find_mosquitto, free_port
from ingest.decode import Delivery
from ingest.receive import Receiver
from ingest.rejection import Reason
from ingest.settings import IngestSettings
from ingest.store import (
    Arrival,
    EnrolledChange,
    Heartbeat,
    Outcome,
    SqliteReader,
    SqliteWriter,
    StoreUnavailable,
    Writer,
)
from tests.ingest.broker import Mosquitto, at_work, home, stored, wait_until
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.golden import delivery_of, failing
from tests.ingest.said import delivery, said

needs_mosquitto = pytest.mark.skipif(
    find_mosquitto() is None, reason="install: apt-get install mosquitto"
)
OTHERS = topic_for("syddanmark", "gw-0001", "of-nobody").text()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the records are; the device of the example is Anna's."""
    found = tmp_path / "records.db"
    with closing(SqliteWriter(found)) as writer:
        writer.enrol(enrolment(term("anna")), NOW_MS)
    return found


class Away:
    """A store that is away for its first calls."""

    def __init__(self, store: Writer, calls: int) -> None:
        self.store = store
        self.left = calls
        self.refused = 0

    def append(self, arrivals: Sequence[Arrival], together: bool = False) -> list[Outcome]:
        if self.left:
            self.left -= 1
            self.refused += 1
            raise StoreUnavailable("away")
        return self.store.append(arrivals)

    def enrol(self, entries: Enrolment, now_ms: int) -> EnrolledChange:
        return self.store.enrol(entries, now_ms)

    def beat(self, heartbeat: Heartbeat) -> None:
        self.store.beat(heartbeat)

    def stands(self) -> bool:
        return self.store.stands()

    def mark_replayed(self, key: int, now_ms: int) -> None:
        self.store.mark_replayed(key, now_ms)

    def close(self) -> None:
        self.store.close()


def a_day(count: int, day: str = "17") -> list[Delivery]:
    """So many sound deliveries."""
    times = [f"2026-02-{day}T{n // 60:02d}:{n % 60:02d}:00" for n in range(count)]
    return [delivery(said(t=time, id=f"{day}-{time[11:16]}")) for time in times]


def times_of(count: int, day: str = "17") -> list[str]:
    return [f"2026-02-{day}T{n // 60:02d}:{n % 60:02d}:00" for n in range(count)]


@needs_mosquitto
def test_every_delivery_is_answered(broker: Mosquitto, path: Path) -> None:
    with home(broker.port) as sender, at_work(broker.port, path) as work:
        wait_until(work.connected)
        sound = delivery(said(id="one"))
        wrong = delivery(said(id="two", r=[{"c": "spo2", "val": "93", "u": "kg"}]))
        nobody = delivery(said(id="three"), OTHERS)
        sender.send(sound, sound, wrong, nobody, delivery(b"{"))
        wait_until(lambda: len(sender.receipts) == 5)
        assert sender.answers() == [
            ("one", "accepted"),
            ("one", "duplicate"),
            ("two", "rejected"),
            ("three", "quarantined"),
            ("", "rejected"),
        ]
        refused = sender.receipts[2]
        assert (refused.seq, refused.reason, refused.path) == (
            4711,
            Reason.UNIT_MISMATCH,
            "$.r[0].u",
        )
        assert sender.receipts[3].reason == "device-unassigned"
    assert len(stored(path)) == 2


@needs_mosquitto
def test_receipts_may_be_switched_off(broker: Mosquitto, path: Path) -> None:
    with home(broker.port) as sender:
        with at_work(broker.port, path, receipts=False) as work:
            wait_until(work.connected)
            sender.send(*a_day(3))
            wait_until(lambda: len(stored(path)) == 3)
        with at_work(broker.port, path) as work:
            wait_until(work.connected)
            sender.send(*a_day(1, "16"))
            wait_until(lambda: sender.receipts)
        assert sender.answers() == [("16-00:00", "accepted")]


@needs_mosquitto
def test_nothing_is_acknowledged_before_it_is_stored(broker: Mosquitto, path: Path) -> None:
    """The first receiver never reaches its store; the broker must then still have everything."""
    with home(broker.port) as sender:
        with at_work(broker.port, path, lambda store: Away(store, 10**9)) as work:
            wait_until(work.connected)
            sender.send(*a_day(5))
            wait_until(lambda: work.waiting() == 5 and work.store.refused >= 2)
        assert stored(path) == []
        assert sender.receipts == []
        with at_work(broker.port, path):
            wait_until(lambda: len(sender.receipts) == 5)
        assert {result for _, result in sender.answers()} == {"accepted"}
    assert sorted(stored(path)) == times_of(5)


@needs_mosquitto
def test_a_store_that_returns_gets_everything_in_order(broker: Mosquitto, path: Path) -> None:
    with home(broker.port) as sender:
        with at_work(
            broker.port, path, lambda store: Away(store, 10**9), batch_deliveries=5
        ) as work:
            wait_until(work.connected)
            sender.send(*a_day(20))
            wait_until(lambda: work.waiting() == 20 and work.store.refused >= 2)
            work.store.left = 0
            wait_until(lambda: len(sender.receipts) == 20)
        assert {result for _, result in sender.answers()} == {"accepted"}
    assert stored(path) == times_of(20)


@needs_mosquitto
def test_what_waits_at_the_broker_outlives_its_restart(broker: Mosquitto, path: Path) -> None:
    with at_work(broker.port, path) as work:
        wait_until(work.connected)  # from here on the session exists
    with home(broker.port) as sender:
        sender.send(*a_day(10))
    broker.stop()
    broker.start()
    with at_work(broker.port, path):
        wait_until(lambda: len(stored(path)) == 10)
    assert stored(path) == times_of(10)


@needs_mosquitto
def test_a_receiver_outlives_the_broker_s_restart(broker: Mosquitto, path: Path) -> None:
    """What it held and had not committed comes again: message numbers died with the connection."""
    with at_work(broker.port, path, lambda store: Away(store, 10**9)) as work:
        wait_until(work.connected)
        with home(broker.port) as sender:
            sender.send(*a_day(3))
            wait_until(lambda: work.waiting() == 3)
        broker.stop()
        wait_until(lambda: not work.connected())
        wait_until(lambda: work.waiting() == 0)
        broker.start()
        wait_until(lambda: work.waiting() == 3)
        with home(broker.port) as sender:
            sender.send(*a_day(2, "16"))
        work.store.left = 0
        wait_until(lambda: len(stored(path)) == 5)
    assert stored(path) == times_of(3) + times_of(2, "16")


@needs_mosquitto
def test_a_receiver_may_start_before_its_broker(tmp_path: Path, path: Path) -> None:
    broker = Mosquitto(tmp_path)
    with at_work(broker.port, path) as work:
        wait_until(lambda: work.receiver is not None and work.receiver._retry_s > 0)
        with broker, home(broker.port) as sender:
            wait_until(work.connected)
            sender.send(*a_day(1))
            wait_until(lambda: sender.receipts)


@needs_mosquitto
def test_retained_and_unacknowledged_messages_are_stored_once(
    broker: Mosquitto, path: Path
) -> None:
    (kept,), (plain,) = a_day(1), a_day(1, "16")
    with home(broker.port) as sender:
        sender.send(kept, retain=True)
        with at_work(broker.port, path) as work:
            wait_until(lambda: sender.receipts)
            sender.send(plain, plain, qos=0)
            wait_until(lambda: len(sender.receipts) == 3)
            assert work.waiting() == 0
        with at_work(broker.port, path):
            wait_until(lambda: len(sender.receipts) == 4)
        results = [result for _, result in sender.answers()]
        assert results == ["accepted", "accepted", "duplicate", "duplicate"]
    assert len(stored(path)) == 2


@needs_mosquitto
def test_stopping_commits_and_acknowledges_what_is_at_hand(broker: Mosquitto, path: Path) -> None:
    with home(broker.port) as sender:
        with at_work(broker.port, path, flush_ms=10_000) as work:
            wait_until(work.connected)
            sender.send(*a_day(3))
            wait_until(lambda: work.waiting() == 3)
            assert stored(path) == []
        assert stored(path) == times_of(3)
        wait_until(lambda: len(sender.receipts) == 3)
        with at_work(broker.port, path) as work:
            sender.send(*a_day(1, "16"))
            wait_until(lambda: len(sender.receipts) == 4)
            assert [len(batch) for batch in work.batches] == [1]  # nothing came a second time


@needs_mosquitto
def test_a_batch_is_never_larger_than_asked(broker: Mosquitto, path: Path) -> None:
    with at_work(broker.port, path) as work:
        wait_until(work.connected)
    with home(broker.port) as sender:
        sender.send(*a_day(23))
        with at_work(broker.port, path, batch_deliveries=5) as work:
            wait_until(lambda: len(stored(path)) == 23)
    sizes = [len(batch) for batch in work.batches]
    assert sum(sizes) == 23
    assert max(sizes) == 5
    assert stored(path) == times_of(23)


@needs_mosquitto
def test_garbage_is_kept_and_its_neighbours_arrive(broker: Mosquitto, path: Path) -> None:
    garbage = [
        found
        for file in failing()
        if len((found := delivery_of(file)).topic.split("/")) == 7
        and found.topic.startswith("hm/v1/")
        and found.topic.endswith("/obs")
        and found.topic.isprintable()  # this broker takes no control characters
    ]
    assert len(garbage) > 100
    with home(broker.port) as sender, at_work(broker.port, path) as work:
        wait_until(work.connected)
        for place, bad in enumerate(garbage):
            sender.send(bad)
            if place % 10 == 0:
                sender.send(*a_day(1 + place // 10)[-1:])
        good = 1 + (len(garbage) - 1) // 10
        wait_until(lambda: sum(map(len, work.batches)) == len(garbage) + good)
    assert stored(path) == times_of(good)
    with closing(SqliteReader(path)) as reader:
        kept = {(row.topic, row.payload) for row in reader.rejections()}
    assert kept == {(bad.topic, bad.payload) for bad in garbage}


@needs_mosquitto
def test_only_the_parts_asked_for_are_taken(broker: Mosquitto, path: Path) -> None:
    near, far = (topic_for("syddanmark", gateway, "d") for gateway in ("gw-0001", "gw-0002"))
    assert near.part != far.part
    with home(broker.port) as sender, at_work(broker.port, path, parts=f"{near.part:02d}") as work:
        wait_until(work.connected)
        for topic in (far, near, far):
            sender.send(delivery(said(id=topic.gateway), topic.text()))
        wait_until(lambda: sender.receipts)
        assert sender.answers() == [("gw-0001", "quarantined")]


def test_a_broker_that_hangs_up_at_once_is_not_called_without_a_pause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def no_pause(_: Receiver) -> float:
        pauses.append(0.0)
        return 0.0

    monkeypatch.setattr(Receiver, "_next_retry", no_pause)
    calls: list[int] = []
    with socket.create_server((HOST, 0)) as server:

        def hang_up() -> None:
            while len(calls) < 4:
                caller, _ = server.accept()
                caller.close()
                calls.append(len(pauses))

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        with at_work(port, path):
            thread.join(20)
    assert len(calls) == 4
    assert calls[-1] >= 2  # a pause was asked for after each call that came to nothing


def test_a_receiver_stops_where_there_is_no_broker(path: Path) -> None:
    with at_work(free_port(), path) as work:
        wait_until(lambda: work.receiver is not None)
    assert work.batches == []


def test_settings_name_their_subscriptions() -> None:
    settings = IngestSettings(parts="00,07", tenant="t")
    assert settings.subscriptions() == [
        f"hm/v1/t/{part}/+/+/{kind}" for part in ("00", "07") for kind in ("obs", "qr", "fhir")
    ]


@needs_mosquitto
def test_local_times_are_read_in_the_tenant_s_zone(broker: Mosquitto, path: Path) -> None:
    zones: dict[str, Any] = {"zone": "UTC", "tenant_zones": {"syddanmark": "Atlantic/Faroe"}}
    payload = said(t="2026-02-18T07:29:40", sent="2026-02-18T08:31:09+01:00")
    with at_work(broker.port, path, **zones) as work:
        wait_until(work.connected)
        with home(broker.port) as sender:
            sender.send(delivery(payload))
            wait_until(lambda: sender.receipts)
    with closing(SqliteReader(path)) as reader:
        (record,) = reader.records_after(0, 10, unassigned=True)
    assert (record.measured_ms, record.offset_min) == (1_771_399_780_000, 0)


def test_a_zone_that_is_none_ends_the_settings_by_name() -> None:
    with pytest.raises(ValueError, match=r"Europe/Kobenhavn.*no zone of the tz database"):
        IngestSettings(zone="Europe/Kobenhavn")
