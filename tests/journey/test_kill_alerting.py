"""The alerting process is killed at random moments while records come in, again and again."""

import random
import time
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from alerting.alert_store import AlertStore
from alerting.evaluate import Evaluator
from alerting.rules import RULEBOOK
from devices.simulated import FaultRates, World
from hjemmepuls.processes import Child, free_port, hjemmepuls
from ingest.decode import Delivery
from ingest.enrolment import enrol, read_enrolment
from ingest.pipeline import process
from ingest.store import SqliteReader, SqliteWriter
from tests.alerting.clinic import meanings, rules_in
from tests.live import live_limits

KILLS = 5
HOMES, DAYS = 16, 28


@pytest.fixture
def rng() -> random.Random:
    seed = random.SystemRandom().randrange(2**32)
    print(f"random seed {seed}")  # noqa: T201  shown when the test fails
    return random.Random(seed)


class Service:
    """The real alerting process over stores in a folder; the data are its clock."""

    def __init__(self, folder: Path) -> None:
        self.records, self.alerts = folder / "records.db", folder / "alerts.db"
        self._log = folder / "alerting.log"
        self._port = free_port()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=10)
        self.child = self._start()

    def _start(self) -> Child:
        return hjemmepuls(
            "alerting",
            *("--store", str(self.records), "--alerts", str(self.alerts)),
            *("--port", str(self._port), "--clock", "data"),
            log=self._log,
            environment={"HJEMMEPULS_POLL_MS": "10", "HJEMMEPULS_CLOCK_TICK_S": "0.02"},
        )

    def kill_and_start(self) -> None:
        """As a power cut would, and a supervisor after it."""
        assert self.child.process.poll() is None, self.child.tail()
        self.child.kill()
        self.child = self._start()

    def health(self) -> dict[str, Any]:
        """What it says of itself; empty while it does not answer."""
        try:
            found: dict[str, Any] = self.http.get("/health").json()
        except httpx.TransportError:
            return {}
        return found

    def wait_until_up_to_date(self) -> None:
        """Wait until the rules have seen every record."""
        with closing(SqliteReader(self.records)) as reader:
            last = reader.last_seq()
        self.child.wait_until(lambda: self.health().get("evaluated_seq") == last)

    def acknowledge(self, rng: random.Random) -> set[str]:
        """Acknowledge some alert over HTTP; its id, once the process has said yes."""
        try:
            alerts = self.http.get("/alerts", params={"limit": 1000}).json()["alerts"]
            unseen = [row["id"] for row in alerts if row["attention"] == "unacked"]
            if not unseen:
                return set()
            chosen: str = rng.choice(unseen)
            answer = self.http.post(f"/alerts/{chosen}/acknowledge", json={"by": "Mette Holm"})
        except httpx.TransportError:
            return set()
        return {chosen} if answer.status_code == 200 else set()

    def stop(self) -> None:
        """End it in good order."""
        self.http.close()
        self.child.stop()


def test_alerting_is_killed_at_random_moments(tmp_path: Path, rng: random.Random) -> None:
    """Nothing is lost, nothing doubled, and what a clinician said before a kill still stands."""
    faults = FaultRates(late=0.08, out_of_order=0.03, resend_rebuilt=0.03, artefact=0.02)
    world = World(
        21, HOMES, start=date(2026, 3, 9), days=DAYS, deteriorating=0.7, silent=0.2, faults=faults
    )
    writer = SqliteWriter(tmp_path / "records.db")
    enrol(writer, read_enrolment(msgspec.json.encode(world.enrolment())), [], live_limits, 0)
    sent = [
        Delivery(row.topic.text(), row.payload, row.send_ms + 1000) for row in world.deliveries()
    ]
    service = Service(tmp_path)
    acknowledged = play(service, writer, sent, rng)
    check(service, acknowledged)


def play(
    service: Service, writer: SqliteWriter, sent: list[Delivery], rng: random.Random
) -> set[str]:
    """Write everything, killing on the way; the ids of the alerts that were acknowledged."""
    acknowledged: set[str] = set()
    step = len(sent) // (KILLS + 1)
    try:
        for killed in range(KILLS + 1):
            service.child.wait_until(lambda: bool(service.health()))
            if killed % 2 == 1:  # otherwise the next kill may well come before it is up to date
                service.wait_until_up_to_date()
            part = sent[killed * step : (killed + 1) * step if killed < KILLS else len(sent)]
            acknowledged |= service.acknowledge(rng)
            kill_at = rng.randrange(len(part)) if killed < KILLS else -1
            for place in range(0, len(part), 20):
                process(part[place : place + 20], writer)
                if place == kill_at // 20 * 20:
                    acknowledged |= service.acknowledge(rng)
                    time.sleep(rng.uniform(0, 0.05))
                    service.kill_and_start()
        service.wait_until_up_to_date()
        time.sleep(0.3)  # a look at the clock, and another
    finally:
        service.stop()
        writer.close()
    return acknowledged


def check(service: Service, acknowledged: set[str]) -> None:
    """The alerts are those of an uninterrupted rebuild, and the acknowledgements are among them."""
    fresh = service.alerts.with_name("fresh.db")
    rebuild = Evaluator(
        lambda: SqliteReader(service.records),
        lambda: AlertStore(fresh),
        lambda: 0,
        data_clock=True,
        rulebook=RULEBOOK,
    )
    while rebuild.poll():
        pass
    rebuild.tick()
    rebuild.close()
    with closing(AlertStore(service.alerts)) as lived, closing(AlertStore(fresh)) as rebuilt:
        alerts = lived.alerts_since(0, 100_000)
        wanted = meanings(rebuilt.alerts_since(0, 100_000))
        assert len(wanted) > HOMES // 2
        assert rules_in(wanted) > {"R01", "R24"}
        assert meanings(alerts) == wanted
        standing = [row for row in alerts if row.condition != "retracted"]
        assert (
            max(Counter((row.citizen, row.hypothesis, row.onset_ms) for row in standing).values())
            == 1
        )
        again = {(row["citizen"], row["hypothesis"], row["onset_ms"]) for row in wanted}
        retracted = [row for row in alerts if row.condition == "retracted"]
        assert not again & {(row.citizen, row.hypothesis, row.onset_ms) for row in retracted}
        assert len(acknowledged) >= 3, "there were too few acknowledgements"
        by_id = {row.id: row for row in alerts}
        assert all(by_id[key].acked_by == "Mette Holm" for key in acknowledged)
        for key in acknowledged:
            assert [event.what for event in lived.history(key)].count("acknowledged") >= 1
        positions = [event.change for row in alerts for event in lived.history(row.id)]
        assert sorted(positions) == list(range(1, lived.last_change() + 1))
