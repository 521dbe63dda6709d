"""One run of simulated homes against real processes, with something killed on the way."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from devices.simulated import Broker, FaultRates, Fleet, Ledger, Progress, World, read_ledger
from devices.simulated.ledger import GarbageLine
from hjemmepuls.processes import Child, Mosquitto, hjemmepuls
from hjemmepuls.simulation import audit_ledger, timeline
from ingest.audit import Audit
from ingest.enrolment import enrol, read_enrolment
from ingest.store import SqliteReader, SqliteWriter
from tests.live import live_limits


class Run:
    """A world, its publisher and an ingest process that can be killed and started again."""

    def __init__(self, world: World, broker: Mosquitto, folder: Path) -> None:
        self.world = world
        self.broker = broker
        self.store = folder / "records.db"
        self.ledger = folder / "ledger.jsonl"
        self._log = folder / "ingest.log"
        self._fleet_done: list[Progress] = []
        with closing(SqliteWriter(self.store)) as writer:
            entries = read_enrolment(msgspec.json.encode(world.enrolment()))
            enrol(writer, entries, [], live_limits, 0)
        self.ingest = self.start_ingest()

    def start_ingest(self) -> Child:
        """A new ingest process with the same session; does not wait for it."""
        return hjemmepuls(
            "ingest",
            *("--store", str(self.store)),
            log=self._log,
            environment=self.broker.settings("ingest"),
        )

    def play(self, during: Callable[["Run", Fleet], None]) -> Progress:
        """Publish the whole world at full speed while `during` does its worst; then drain."""
        self.ingest.wait_until(lambda: "connected" in self.ingest.tail())
        login = Broker(
            port=self.broker.port, username="devices", password=self.broker.password, keepalive_s=10
        )
        with Ledger(self.ledger, self.world.header()) as ledger:
            fleet = Fleet(
                self.world,
                login,
                timeline(self.world, self.world.days + 1, 1.0),
                ledger=ledger,
                resend_after_s=5.0,
            )
            thread = threading.Thread(
                target=lambda: self._fleet_done.append(fleet.run(drain_s=120.0))
            )
            thread.start()
            try:
                during(self, fleet)
            finally:
                thread.join()
                self.ingest.stop()
        return self._fleet_done[0]

    def audit(self) -> Audit:
        """The publisher's ledger against the store."""
        with closing(SqliteReader(self.store)) as reader:
            return audit_ledger(self.ledger, reader)

    def faults(self) -> dict[str, str]:
        """What the publisher says is wrong with each garbage message, by digest."""
        lines = read_ledger(self.ledger)
        return {line.digest: line.fault for line in lines if isinstance(line, GarbageLine)}


def world_of(messages: int, seed: int, garbage: float = 0.02) -> World:
    """A world of about so many messages, a tenth of them resends, with every fault in it."""
    homes, per_day = 80, 3.7
    days = max(1, round(messages / homes / per_day))
    start = datetime.fromtimestamp(datetime.now(UTC).timestamp() - (days + 2) * 86_400, UTC).date()
    faults = FaultRates(resend_same=0.06, resend_rebuilt=0.05, garbage=garbage, unassigned=0.03)
    return World(seed, homes, start=start, days=days, faults=faults)


def moments(messages: int, count: int, rng: random.Random) -> list[int]:
    """Random points of progress, in order, none in the first or last hundredth."""
    return sorted(rng.sample(range(messages // 100, messages * 99 // 100), count))


def wait_for(fleet: Fleet, published: int, seconds: float = 60.0) -> None:
    """Wait until so much is published, or nothing moves any more."""
    deadline = time.monotonic() + seconds
    while fleet.counters().published < published and time.monotonic() < deadline:
        time.sleep(0.002)
