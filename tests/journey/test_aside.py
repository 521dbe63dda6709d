"""One citizen whom no rule can judge, as an older program enrolled him, in the shipped processes.

`hjemmepuls enrol` refuses what that program took; `ingest` takes his readings and everybody's;
`alerting` shows him as one who cannot be assessed, and the other citizen's red alarm arrives.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from alerting.local_time import ZONE
from fhir_mapping.enrolled import Assignment, EnrolledDevice, Enrolment, Fact
from hjemmepuls.processes import Mosquitto, find_mosquitto, free_port, hjemmepuls
from ingest.store import SqliteReader, SqliteWriter
from tests.alerting.clinic import ORGANISATION, OXIMETER, citizen, reading

SECONDS = 30.0
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_ONE = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def bad_entries(kind: str) -> Enrolment:
    """One citizen as no program ought to take him."""
    fact = Fact("bad", "travel", SINCE, END)
    if kind == "year one":
        fact = Fact("bad", "oxygen", YEAR_ONE)
    return Enrolment([ORGANISATION], [citizen("bad", family="Dårlig")], facts=[fact])


def good_entries() -> Enrolment:
    """Another citizen with an oximeter."""
    device = EnrolledDevice(f"{OXIMETER}-good", OXIMETER, "Maker", "Model 1", gateway="gw-good")
    person = citizen("good", cpr="7203480001", signals=["spo2"])
    term = Assignment(device.id, person.id, SINCE)
    return Enrolment([ORGANISATION], [person], [device], [term])


class House:
    """Broker, ingest and alerting as shipped, over a store with one bad citizen in it."""

    def __init__(self, stack: ExitStack, folder: Path, kind: str) -> None:
        self.folder, self.records, self._stack = folder, folder / "records.db", stack
        with closing(SqliteWriter(self.records)) as writer:
            writer.enrol(bad_entries(kind), 0)
        self.broker = stack.enter_context(Mosquitto(folder / "broker"))
        self.ingest = stack.enter_context(
            hjemmepuls(
                *("ingest", "--store", str(self.records)),
                log=folder / "ingest.log",
                environment=self.broker.settings("ingest"),
            )
        )
        self.port = free_port()
        self.http = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5)
        )
        self.alerting = self.start_alerting()

    def start_alerting(self) -> Any:
        return self._stack.enter_context(
            hjemmepuls(
                *("alerting", "--store", str(self.records)),
                *("--alerts", str(self.folder / "alerts.db"), "--port", str(self.port)),
                log=self.folder / "alerting.log",
            )
        )

    def enrol(self, entries: Enrolment) -> subprocess.CompletedProcess[str]:
        """`hjemmepuls enrol FILE`."""
        file = self.folder / "enrolment.json"
        file.write_bytes(msgspec.json.encode(entries))
        command = (sys.executable, "-m", "hjemmepuls", "enrol", str(file))
        return subprocess.run(
            [*command, "--store", str(self.records)], capture_output=True, text=True
        )

    def publish(self, *values: int) -> None:
        """The good citizen's oximeter measures, one minute after another, just now."""
        self.ingest.wait_until(lambda: "connected" in self.ingest.tail())
        client = Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set("devices", self.broker.password)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        now = datetime.now(ZONE).replace(microsecond=0)
        for place, value in enumerate(values):
            moment = now - timedelta(minutes=len(values) - place)
            shown: dict[str, str | None] = {"spo2": str(value), "pulse_oximeter": "75"}
            sent = reading("good", OXIMETER, moment, shown, number=place + 1)
            client.publish(sent.topic, sent.payload, qos=1).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()

    def got(self, path: str) -> Any:
        try:
            return self.http.get(path).json()
        except httpx.TransportError:
            return {}

    def wait(self, met: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not met():
            assert time.monotonic() < deadline, self.got("/health/ready")
            assert self.alerting.process.poll() is None, self.alerting.tail()
            time.sleep(0.1)

    def check(self) -> dict[str, Any]:
        """What is said of citizens who cannot be judged."""
        checks = self.got("/health/ready").get("checks", [])
        return next((row for row in checks if row["name"] == "citizens"), {})

    def red(self) -> set[str]:
        alerts = self.got("/alerts").get("alerts", [])
        return {row["citizen"] for row in alerts if row["severity"] == "red"}


@pytest.fixture(params=["year one", "endless fact"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if find_mosquitto() is None:
        pytest.skip("Mosquitto is missing; install: apt-get install mosquitto")
    with ExitStack() as stack:
        running = House(stack, tmp_path, request.param)
        yield running
    logs = "".join(log.read_text() for log in tmp_path.glob("*.log"))
    assert "Traceback" not in logs
    assert not {"Dårlig", "7203480000"} & set(logs.split())


def test_one_bad_citizen_stops_nobody(house: House) -> None:
    house.wait(lambda: house.check().get("value") == 1)
    assert not house.check()["ok"]
    assert "1 citizen cannot be judged" in house.check()["text"]
    refused = house.enrol(bad_entries("year one"))
    assert refused.returncode == 2
    assert "facts[0].from is '0001-01-01T00:00:00+02:00'" in refused.stderr
    assert "in the years 2000 to 2099" in refused.stderr
    done = house.enrol(good_entries())
    assert done.returncode == 0, done.stderr
    house.publish(84, 83)
    house.wait(lambda: house.red() == {"good"})
    page = house.http.get("/").text
    assert "Kan ikke vurderes: teknisk fejl" in page
    assert "1 borger kan ikke vurderes på grund af en teknisk fejl" in page
    assert house.http.get("/citizens/bad").status_code == 200
    house.alerting.stop()
    house.alerting = house.start_alerting()  # from its snapshot
    house.wait(lambda: house.check().get("value") == 1)
    assert house.red() == {"good"}
    mend(house)
    house.wait(lambda: house.check().get("ok") is True)
    assert "teknisk fejl" not in house.http.get("/").text


def mend(house: House) -> None:
    """The bad citizen's entries are put right by `hjemmepuls enrol`."""
    with closing(SqliteReader(house.records)) as reader:
        facts = [msgspec.structs.replace(one, void=True) for one in reader.facts_of("bad")]
    done = house.enrol(Enrolment([ORGANISATION], [citizen("bad", family="Dårlig")], facts=facts))
    assert done.returncode == 0, done.stderr
