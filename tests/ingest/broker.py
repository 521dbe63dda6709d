"""A real Mosquitto on loopback, a home that publishes to it, and a receiver at work beside it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from devices.wire import Receipt
from hjemmepuls.processes import HOST, Child, find_mosquitto, free_port, listening
from ingest.decode import Delivery
from ingest.receive import Receiver
from ingest.settings import IngestSettings
from ingest.store import Outcome, SqliteReader, SqliteWriter, Writer

PATIENCE_S = 20.0


def wait_until(ready: Callable[[], object]) -> None:
    """Poll; fail when it never comes."""
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Mosquitto:
    """One broker that keeps its sessions on disk; may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} {HOST}",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {folder}/",
            "max_inflight_messages 1000",
            "max_queued_messages 10000",
            *(["user root"] if os.geteuid() == 0 else []),
        ]
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._child: Child | None = None

    def start(self) -> None:
        program = find_mosquitto()
        assert program is not None
        self._child = Child([program, "-c", str(self._config)], self._log)
        self._child.wait_until(lambda: listening(self.port))

    def stop(self) -> None:
        """End it in peace: sessions and what waits in them are written to disk."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def __enter__(self) -> "Mosquitto":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Home:
    """Publishes deliveries, and hears the receipts of its gateway's devices."""

    def __init__(self, port: int) -> None:
        self.receipts: list[Receipt] = []
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("hm/v1/+/+/+/+/ack", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_receipt
        self._client.connect(HOST, port)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def _on_receipt(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.receipts.append(msgspec.json.decode(message.payload, type=Receipt))

    def send(self, *deliveries: Delivery, qos: int = 1, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        for one in deliveries:
            info = self._client.publish(one.topic, one.payload, qos, retain)
            info.wait_for_publish(PATIENCE_S)
            assert info.is_published()

    def answers(self) -> list[tuple[str, str]]:
        """Message id and result of every receipt so far."""
        return [(receipt.id, receipt.result) for receipt in self.receipts]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def home(port: int) -> Iterator[Home]:
    with closing(Home(port)) as opened:
        yield opened


class Work:
    """A receiver at work in a thread of its own, with the store it writes to."""

    def __init__(
        self, port: int, path: Path, wrap: Callable[[Writer], Writer], **more: Any
    ) -> None:
        settings = IngestSettings(broker_host=HOST, broker_port=port, store_path=path, **more)
        self.batches: list[list[Outcome]] = []
        self.receiver: Receiver | None = None
        self.store: Any = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(settings, wrap), daemon=True)
        self._thread.start()

    def _run(self, settings: IngestSettings, wrap: Callable[[Writer], Writer]) -> None:
        with closing(SqliteWriter(settings.store_path)) as writer:
            self.store = wrap(writer)
            self.receiver = Receiver(settings, self.store, self.batches.append)
            self.receiver.run(self._stop.is_set)

    def connected(self) -> bool:
        heartbeat = getattr(self.receiver, "_heartbeat", None)
        return heartbeat is not None and heartbeat.connected_ms is not None

    def waiting(self) -> int:
        """How many deliveries it holds that are not committed."""
        return len(getattr(self.receiver, "_pending", ()))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@contextmanager
def at_work(
    port: int, path: Path, wrap: Callable[[Writer], Writer] = lambda writer: writer, **more: Any
) -> Iterator[Work]:
    """A receiver that serves until the end of the block."""
    work = Work(port, path, wrap, **more)
    try:
        yield work
    finally:
        work.stop()


def stored(path: Path) -> list[str]:
    """The device times that stand in the store, in order of arrival."""
    with closing(SqliteReader(path)) as reader:
        records = reader.records_after(0, 10_000, unassigned=True)
    return [record.device_time for record in records]
