"""A backlog at a real broker, and who drains it how fast.

In: a world's messages. Out: rates of the ingest process and of a bare subscriber, and the audit
of what ingest left. The messages are published once into persistent sessions, one for every
drain, so that each one starts with all of them waiting and the publisher costs nothing. The clock
runs from the drain's connection to the last durable commit, seen from outside.
"""

import getpass
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import measure
from benchmarks.measure import Result
from benchmarks.workload import enrol, hash_of, stored_records
from devices.simulated import Delivery, Ledger, World
from hjemmepuls.processes import HOST, Child, find_mosquitto, free_port, hjemmepuls, listening
from hjemmepuls.simulation import audit_ledger
from ingest.settings import IngestSettings
from ingest.store import SqliteReader

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "deploy" / "mosquitto.conf"
REPLACED = ("listener", "allow_anonymous", "password_file", "acl_file", "persistence_location")
WINDOW = 1_000
SECONDS_MAX = 120.0
POLL_S = 0.005
SUBSCRIBING_S = 1.0


class Kind(StrEnum):
    """Which broker: `auto` is Mosquitto where it is installed, else the demo's embedded one."""

    AUTO = "auto"
    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"
    NONE = "none"


@dataclass(frozen=True)
class Offer:
    """What is published."""

    world: World
    sent: list[Delivery]


def through_broker(place: Path, offer: Offer, repeat: int, kind: Kind, receipts: bool) -> Result:
    """Publish once, drain `repeat` times by each; says why when there is no broker."""
    if kind is Kind.AUTO:
        kind = Kind.MOSQUITTO if find_mosquitto() else Kind.EMBEDDED
    if kind is Kind.NONE:
        return {"broker": "none: left out on request"}
    if kind is Kind.EMBEDDED:
        return _through_embedded(place, offer, receipts)
    ours = [f"bench-ingest-{number}" for number in range(repeat)]
    bare = [f"bench-bare-{number}" for number in range(repeat)]
    ledger = place / "ledger.jsonl"
    with ExitStack() as stack:
        port = stack.enter_context(_Broker(place, kind)).port
        for session in (*ours, *bare):
            _register(port, session)
        _publish(port, offer, ledger)
        bare_seconds, drains = [], []
        for session, bare_session in zip(ours, bare, strict=True):
            bare_seconds.append(_drain_bare(place, port, bare_session, len(offer.sent)))
            drains.append(_drain(port, session, offer, place / f"{session}.db", receipts))
        found = [_judge(place / f"{session}.db", ledger) for session in ours]
    return {
        "broker": f"mosquitto {measure.mosquitto_version()}",
        **_drained(drains, found),
        "broker_messages_per_s": measure.rate(len(offer.sent), bare_seconds),
        "broker_messages_per_s_range": measure.spread(len(offer.sent), bare_seconds),
        "broker_subscriber": "mosquitto_sub -q 1" if _mosquitto_sub() else "paho-mqtt",
    }


def _through_embedded(place: Path, offer: Offer, receipts: bool) -> Result:
    """One drain while publishing, as amqtt keeps no backlog; its figure is mostly amqtt's own."""
    ledger, store = place / "ledger.jsonl", place / "bench-ingest.db"
    with _Broker(place, Kind.EMBEDDED) as broker:
        seconds = _drain(
            broker.port,
            "bench-ingest",
            offer,
            store,
            receipts,
            lambda: _publish(broker.port, offer, ledger),
        )
        found = _judge(store, ledger)
    return {
        "broker": "embedded amqtt, while publishing (for a real figure: apt-get install mosquitto)",
        **_drained([seconds], [found]),
        "broker_messages_per_s": None,
    }


def _drained(seconds: list[float], found: list[dict[str, Any]]) -> Result:
    """Rates and audit of all drains, which must have left the same records."""
    readings = found[-1]["readings_taken"]
    hashes = {one["hash"] for one in found}
    assert len(hashes) == 1, "two drains left different records"
    return {
        "seconds": round(median(seconds), 3),
        "readings_per_s": measure.rate(readings, seconds),
        "readings_per_s_range": measure.spread(readings, seconds),
        "lost": sum(one["lost"] for one in found),
        "doubled": sum(one["doubled"] for one in found),
        "process_result_hash": hashes.pop(),
    }


class _Broker:
    """The broker as a child; Mosquitto with the configuration that we ship."""

    def __init__(self, place: Path, kind: Kind) -> None:
        self.port = free_port()
        log = place / "broker.log"
        if kind is Kind.EMBEDDED:
            self._child = _ours("broker", "--port", str(self.port), log=log)
            return
        program = find_mosquitto()
        if program is None:
            raise FileNotFoundError("no Mosquitto here: apt-get install mosquitto")
        folder = place / "broker"
        folder.mkdir()
        shipped = CONFIGURATION.read_text(encoding="utf-8").splitlines()
        kept = [line for line in shipped if not line.startswith(REPLACED)]
        kept += [
            f"listener {self.port} {HOST}",
            "allow_anonymous true",
            f"persistence_location {folder}/",
            f"user {getpass.getuser()}",
        ]
        (place / "mosquitto.conf").write_text("\n".join(kept) + "\n", encoding="utf-8")
        self._child = Child([program, "-c", str(place / "mosquitto.conf")], log)

    def __enter__(self) -> "_Broker":
        self._child.__enter__()
        self._child.wait_until(lambda: listening(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()


class _Countdown:
    """A paho callback that counts its calls down to nought, on paho's own thread."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.reached = Event()

    def __call__(self, *_: Any) -> None:
        self.left -= 1
        if self.left <= 0:
            self.reached.set()


def _register(port: int, session: str) -> None:
    """Open a persistent session with ingest's subscriptions, and leave it behind."""
    subscribed = Event()
    client = _client(session)

    def subscribe(*_: Any) -> None:
        client.subscribe(_filters())

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect(HOST, port)
    client.loop_start()
    try:
        if not subscribed.wait(10):
            raise TimeoutError("the broker did not take the subscription")
    finally:
        client.disconnect()
        client.loop_stop()


def _publish(port: int, offer: Offer, ledger: Path) -> None:
    """Log each message, then publish it with QoS 1; returns when the broker has them all."""
    client = _client("bench-publisher", clean=True)
    client.max_inflight_messages_set(WINDOW)
    taken = _Countdown(len(offer.sent))
    client.on_publish = taken
    client.connect(HOST, port)
    client.loop_start()
    try:
        with Ledger(ledger, offer.world.header()) as log:
            for one in offer.sent:
                topic = one.topic.text()
                if one.garbage:
                    log.garbage(topic, one.payload, one.fault)
                elif not one.again:
                    log.readings(one.readings)
                client.publish(topic, one.payload, qos=1)
        if not taken.reached.wait(SECONDS_MAX):
            raise TimeoutError(f"the broker did not take {taken.left} messages")
    finally:
        client.disconnect()
        client.loop_stop()


def _drain(
    port: int,
    session: str,
    offer: Offer,
    store: Path,
    receipts: bool,
    publish: Callable[[], None] | None = None,
) -> float:
    """Seconds that the ingest process needs from its connection to the last durable commit.

    With `publish`, from the beginning of the publishing, which starts once it is subscribed.
    """
    enrol(store, offer.world)
    environment = {
        "HJEMMEPULS_CLIENT_ID": session,
        "HJEMMEPULS_RECEIPTS": str(receipts).lower(),
    }
    arguments = ("ingest", "--store", str(store), "--broker-port", str(port))
    log = store.with_suffix(".log")
    with (
        _ours(*arguments, log=log, environment=environment) as child,
        closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db,
    ):
        _wait(child, lambda: b"connected to the broker" in log.read_bytes())
        if publish is not None:
            time.sleep(SUBSCRIBING_S)
        started = time.perf_counter()
        if publish is not None:
            publish()
        _wait(child, lambda: _deliveries(db) >= len(offer.sent))
        seconds = time.perf_counter() - started
        assert child.stop() == 0, child.tail()
    return seconds


def _deliveries(db: sqlite3.Connection) -> int:
    """The running total that ingest commits with every batch; cheaper to ask than a reader."""
    row = db.execute("SELECT count FROM tally WHERE name = 'deliveries'").fetchone()
    return int(row[0]) if row else 0


def _drain_bare(place: Path, port: int, session: str, count: int) -> float:
    """Seconds that a subscriber which does nothing else needs for the same messages."""
    program = _mosquitto_sub()
    if program is None:
        return _drain_by_paho(port, session, count)
    (topic, _), *_rest = _filters()
    arguments = [program, "-h", HOST, "-p", str(port), "-q", "1", "-c", "-i", session]
    arguments += ["-t", topic, "-C", str(count), "-F", ""]
    started = time.perf_counter()
    with Child(arguments, place / f"{session}.log") as child:
        ended = child.process.wait(SECONDS_MAX)
        seconds = time.perf_counter() - started
        assert ended == 0, child.tail()
    return seconds


def _drain_by_paho(port: int, session: str, count: int) -> float:
    came = _Countdown(count)
    client = _client(session)
    client.on_message = came
    started = time.perf_counter()
    client.connect(HOST, port)
    client.loop_start()
    try:
        if not came.reached.wait(SECONDS_MAX):
            raise TimeoutError(f"{came.left} of {count} messages never came")
        return time.perf_counter() - started
    finally:
        client.disconnect()
        client.loop_stop()


def _judge(store: Path, ledger: Path) -> dict[str, Any]:
    """Nothing lost, nothing doubled, by the publisher's own log; and the hash of what is there."""
    with closing(SqliteReader(store)) as reader:
        found = audit_ledger(ledger, reader)
        tallies = reader.tallies()
        return {
            "lost": found.lost + found.garbage_lost + found.differing,
            "doubled": found.doubled + found.unasked,
            "readings_taken": sum(
                count for name, count in tallies.items() if name.startswith("readings-")
            ),
            "hash": hash_of(stored_records(reader)),
        }


def _wait(child: Child, ready: Callable[[], bool]) -> None:
    """Like `Child.wait_until`, ten times as closely."""
    deadline = time.monotonic() + SECONDS_MAX
    while not ready():
        if child.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{child.log.stem} did not get there: {child.tail()}")
        time.sleep(POLL_S)


def _ours(*arguments: str, log: Path, environment: dict[str, str] | None = None) -> Child:
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    return hjemmepuls(*arguments, log=log, environment={**(environment or {}), "PYTHONPATH": path})


def _filters() -> list[tuple[str, int]]:
    return [(topic, 1) for topic in IngestSettings().subscriptions()]


def _client(name: str, clean: bool = False) -> mqtt.Client:
    return mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)


def _mosquitto_sub() -> str | None:
    return shutil.which("mosquitto_sub")
