"""The fleet against a real broker, with a platform of ten lines that answers."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.simulated import FaultRates, Fleet, Ledger, Progress, Timeline, World, read_ledger
from devices.simulated.ledger import GarbageLine, ReadingLine, digest
from devices.wire import KIND_RESPONSE, Payload, Receipt, ResponsePayload, parse_topic
from tests.devices.simulated.conftest import RunningBroker

START = date(2026, 1, 5)


class Platform:
    """Receipts every reading it can read; swallows the first `deaf` of them, and answers the
    first `rude` with something else before."""

    def __init__(self, port: int, deaf: int = 0, rude: int = 0) -> None:
        self.seen: Counter[tuple[str, bytes]] = Counter()
        self.status: set[str] = set()
        self._answered: set[str] = set()
        self._deaf = deaf
        self._rude = rude
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "platform", clean_session=False)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(f"hm/v1/+/+/+/+/{kind}", 1) for kind in ("obs", "qr", "status")])

    def _on_message(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        assert topic is not None
        if topic.kind == "status":
            self.status.add(topic.gateway)
            return
        body = bytes(message.payload)
        self.seen[message.topic, body] += 1
        for payload in self._readable(body, topic.kind):
            if self._deaf > 0:
                self._deaf -= 1
                continue
            if self._rude > 0:
                self._rude -= 1
                client.publish(topic.answer(), b'{"id":', 1)
            result = "duplicate" if payload.id in self._answered else "accepted"
            self._answered.add(payload.id)
            receipt = Receipt(payload.id, payload.seq, result)  # type: ignore[arg-type]
            client.publish(topic.answer(), msgspec.json.encode(receipt), 1)

    def _readable(self, body: bytes, kind: str) -> list[Payload | ResponsePayload]:
        form: Any = ResponsePayload if kind == KIND_RESPONSE else Payload
        try:
            if body.startswith(b"["):
                return list(msgspec.json.decode(body, type=list[form]))
            return [msgspec.json.decode(body, type=form)]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return []


@pytest.fixture
def platform(broker: RunningBroker) -> Iterator[Platform]:
    made = Platform(broker.port)
    yield made
    made.close()


def small(faults: FaultRates | None = None, days: int = 6) -> World:
    return World(21, 12, start=START, days=days, faults=faults)


def fleet(world: World, broker: RunningBroker, **more: Any) -> Fleet:
    return Fleet(world, broker.address, Timeline(world.ends_at), **more)


def test_a_world_is_played_logged_and_receipted(
    broker: RunningBroker, platform: Platform, tmp_path: Path
) -> None:
    rates = FaultRates(resend_same=0.1, resend_rebuilt=0.1, garbage=0.3, offline_burst=0.1)
    world = small(rates)
    told: list[Progress] = []
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, world.header()) as ledger:
        done = fleet(world, broker, ledger=ledger, progress=told.append).run()
    expected = list(world.deliveries())
    assert done.unreceipted == 0
    assert done.published == len(expected)
    assert done.garbage == sum(delivery.garbage for delivery in expected)
    assert done.callback_errors == 0
    assert told[-1].published == done.published
    assert done.virtual_now == expected[-1].send_at
    awaited = Counter(name for delivery in expected for name in delivery.ids)
    assert done.receipted >= len(awaited)
    assert done.receipts["duplicate"] > 0

    said = Counter((row.topic.text(), row.payload) for row in expected)
    assert set(platform.seen) == set(said)
    lines = list(read_ledger(path))
    readings = [line for line in lines if isinstance(line, ReadingLine)]
    assert len(readings) == done.readings
    assert len({(line.device, line.boot, line.t) for line in readings}) == len(readings)
    spoilt = {line.digest for line in lines if isinstance(line, GarbageLine)}
    assert spoilt == {digest(row.topic.text(), row.payload) for row in expected if row.garbage}
    assert {row.topic.gateway for row in expected} <= platform.status


def test_a_lost_receipt_makes_the_gateway_repeat_itself(broker: RunningBroker) -> None:
    platform = Platform(broker.port, deaf=7)
    try:
        world = small(FaultRates.none(), days=2)
        done = fleet(world, broker, resend_after_s=0.3, announce=False).run()
    finally:
        platform.close()
    assert done.unreceipted == 0
    assert done.resends >= 7
    assert sum(platform.seen.values()) == done.published + done.resends
    assert len(platform.seen) == done.published, "a repeat has the same bytes"
    assert done.receipts == {"accepted": done.published}


def test_without_a_platform_it_stops_at_the_window_and_says_so(broker: RunningBroker) -> None:
    world = small(FaultRates.none())
    done = fleet(world, broker, window=20, announce=False).run(seconds=0.7, drain_s=0.1)
    assert done.published == 20
    assert done.unreceipted == 20


def test_without_receipts_the_puback_is_enough(broker: RunningBroker) -> None:
    world = small(FaultRates.none())
    done = fleet(world, broker, window=20, receipts=False).run()
    assert done.published == len(list(world.deliveries()))
    assert done.unreceipted == 0
    assert done.receipts == {}


def test_a_broker_that_restarts_loses_nothing(broker: RunningBroker) -> None:
    """The broker forgets everything (no persistence); what it had unreceipted is said again."""
    platform = Platform(broker.port, deaf=30)
    world = small(FaultRates.none())
    playing = fleet(world, broker, window=30, resend_after_s=3.0, announce=False)
    ended: list[Progress] = []
    runner = threading.Thread(target=lambda: ended.append(playing.run(drain_s=20)))
    runner.start()
    try:
        for _ in range(500):  # the window is full and nobody has answered
            if playing.counters().unreceipted == 30 and sum(platform.seen.values()) == 30:
                break
            time.sleep(0.01)
        broker.stop()
        broker.start()
        runner.join(25)
    finally:
        platform.close()
    assert ended
    assert ended[0].unreceipted == 0
    assert ended[0].resends >= 30
    assert {row.payload for row in world.deliveries()} == {body for _, body in platform.seen}


def test_a_receipt_that_is_none_is_counted_and_survived(broker: RunningBroker) -> None:
    platform = Platform(broker.port, rude=3)
    try:
        done = fleet(small(FaultRates.none(), days=2), broker, announce=False).run()
    finally:
        platform.close()
    assert done.callback_errors == 3
    assert done.unreceipted == 0


def test_a_broker_that_is_away_is_waited_for(broker: RunningBroker) -> None:
    broker.stop()
    away = fleet(small(), broker).run(seconds=0.3, drain_s=0.1)
    assert (away.published, away.connected) == (0, 0)
    late = threading.Timer(0.5, broker.start)
    late.start()
    done = fleet(small(), broker, receipts=False).run()
    assert done.published > 0
    assert done.unreceipted == 0


def test_stop_ends_a_run_that_waits_for_its_time(broker: RunningBroker) -> None:
    world = World(1, 2, start=date(2190, 1, 1), days=1)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    done = Fleet(world, broker.address, Timeline(world.starts_at)).run(stop=stop)
    assert (done.published, done.unreceipted) == (0, 0)


@pytest.mark.parametrize("connections", [0, 65])
def test_connections_are_few_but_some(connections: int) -> None:
    world = small()
    with pytest.raises(ValueError, match="connections"):
        Fleet(world, RunningBroker.address, Timeline(world.ends_at), connections=connections)  # type: ignore[arg-type]
