"""FHIR through the processes that the shipped commands start: written, submitted, exported, and
published over MQTT, by two writers at once."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.wire import topic_for
from fhir_mapping.enrolled import Assignment, EnrolledDevice, Enrolment
from fhir_mapping.record import Record
from hjemmepuls.processes import Child, Mosquitto, free_port, hjemmepuls, listening
from ingest.store import SqliteReader, SqliteWriter
from tests.alerting.api.scene import OXIMETER, anna_and_bo

MADE = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
EACH = 150
FHIR = {"Content-Type": "application/fhir+json"}


def observation(second: int, device: str = "ox-1", **changes: Any) -> dict[str, Any]:
    content = {
        "resourceType": "Observation",
        "id": f"said-{second}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "59408-5"}]},
        "subject": {"reference": "Patient/c1"},
        "effectiveDateTime": (MADE + timedelta(seconds=second)).isoformat(),
        "valueQuantity": {"value": 93, "system": "http://unitsofmeasure.org", "code": "%"},
        "device": {"reference": f"Device/{device}"},
    }
    return {**content, **changes}


class House:
    """A store with two citizens and an oximeter each, and the shipped processes over it."""

    def __init__(self, broker: Mosquitto, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self.records = folder / "records.db"
        with closing(SqliteWriter(self.records)) as writer:
            writer.enrol(
                Enrolment(
                    citizens=anna_and_bo(),
                    devices=[
                        EnrolledDevice(f"ox-{n}", OXIMETER, "Maker", "Model", "s", f"gw-{n}")
                        for n in (1, 2)
                    ],
                    assignments=[
                        Assignment(f"ox-{n}", f"c{n}", MADE - timedelta(days=9)) for n in (1, 2)
                    ],
                ),
                0,
            )
        port = free_port()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self.alerting = self._start(
            "alerting", "--alerts", str(folder / "alerts.db"), "--port", str(port)
        )
        self.ingest = self._start("ingest")
        self.ingest.wait_until(lambda: "connected" in self.ingest.tail())
        self.alerting.wait_until(self._answers)

    def _start(self, command: str, *options: str) -> Child:
        return hjemmepuls(
            *(command, "--store", str(self.records), *options),
            log=self.folder / f"{command}.log",
            environment=self.broker.settings(command),
        )

    def _answers(self) -> bool:
        try:
            return self.http.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def records_now(self) -> list[Record]:
        with closing(SqliteReader(self.records)) as reader:
            return reader.records_after(0, 100_000, unassigned=True)

    def publish(
        self, payloads: list[Any], receipts: int, kind: str = "fhir"
    ) -> list[dict[str, Any]]:
        """What the platform answers to these payloads of the second oximeter."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="a-gateway")
        client.username_pw_set("devices", self.broker.password)
        topic = topic_for("syddanmark", "gw-2", "ox-2")
        answers: list[dict[str, Any]] = []
        ready = threading.Event()
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _c, _u, message: answers.append(json.loads(message.payload))
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        try:
            client.subscribe(topic.answer(), 1)
            assert ready.wait(10)
            for payload in payloads:
                client.publish(topic.text().removesuffix("obs") + kind, json.dumps(payload), 1)
            deadline = time.monotonic() + 60
            while len(answers) < receipts and time.monotonic() < deadline:
                time.sleep(0.02)
        finally:
            client.disconnect()
            client.loop_stop()
        return answers

    def post(self, path: str, content: Any) -> httpx.Response:
        return self.http.post(f"/fhir{path}", content=json.dumps(content), headers=FHIR)

    def stop(self) -> None:
        self.http.close()
        assert self.alerting.stop() == 0
        assert self.ingest.stop() == 0
        for child in (self.alerting, self.ingest):
            assert "Traceback" not in child.log.read_text()
            assert not any(name in child.log.read_text() for name in ("Lund", "7203480000"))


@pytest.fixture
def house(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        found = House(mosquitto, tmp_path)
        stack.callback(found.stop)
        yield found


def test_what_is_written_over_http_is_stored_and_exported(house: House) -> None:
    assert house.post("/Observation", observation(0)).status_code == 201
    assert house.post("/Observation", observation(0)).status_code == 200
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    entries = [
        {"resource": observation(n), "request": {"method": "POST", "url": "Observation"}}
        for n in (1, 2)
    ]
    assert house.post("", {**bundle, "entry": entries}).status_code == 200
    part = {"name": "measurement", "resource": {**bundle, "entry": entries}}
    parameters = {"resourceType": "Parameters", "parameter": [part]}
    told = house.post("/$submit-measurement", parameters).json()
    assert [one["response"]["status"] for one in told["entry"]] == ["200 OK", "200 OK"]
    assert [record.citizen for record in house.records_now()] == ["c1"] * 3

    begun = house.http.get("/fhir/$export", headers={"Prefer": "respond-async"})
    assert begun.status_code == 202
    place = begun.headers["content-location"]
    house.alerting.wait_until(lambda: house.http.get(place).status_code == 200)
    lines = {
        one["type"]: house.http.get(one["url"]).text.splitlines()
        for one in house.http.get(place).json()["output"]
    }
    assert len(lines["Observation"]) == 3
    assert len(lines["Patient"]) == 2
    folder = house.folder / "exports"
    assert {one.stat().st_mode & 0o077 for one in folder.iterdir()} == {0}
    assert house.http.delete(place).status_code == 202
    assert list(folder.iterdir()) == []


def test_fhir_over_mqtt_is_stored_and_receipted(house: House) -> None:
    good = observation(0, "ox-2", subject={"reference": "Patient/c2"})
    bad = {
        **good,
        "id": "said-x",
        "code": {"coding": [{"system": "http://loinc.org", "code": "1"}]},
    }
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": bad}]}
    answers = house.publish([good, bundle, good], 3)
    assert [(one["id"], one["result"]) for one in answers] == [
        ("said-0", "accepted"),
        ("", "rejected"),
        ("said-0", "duplicate"),
    ]
    assert (answers[1]["reason"], answers[1]["path"][:16]) == ("code-unknown", "Bundle.entry[0].")
    assert answers[0]["path"] == answers[2]["path"] == "Observation"
    (record,) = house.records_now()
    assert (record.citizen, record.gateway, record.values) == ("c2", "gw-2", ("93",))
    nameless = [{**observation(n, "ox-2"), "subject": good["subject"], "id": ""} for n in (1, 2)]
    batch = {"resourceType": "Bundle", "type": "batch"}
    answers = house.publish([{**batch, "entry": [{"resource": one} for one in nameless]}], 2)
    assert [one["result"] for one in answers] == ["accepted"] * 2
    assert [one["path"] for one in answers] == [f"Bundle.entry[{n}].resource" for n in (0, 1)]
    wrong = {**good, "status": "entered-in-error"}
    assert [one["result"] for one in house.publish([wrong], 1)] == ["accepted"]
    withdrawn = next(one for one in house.records_now() if one.id == record.id)
    assert (withdrawn.withdrawn, withdrawn.version) == (True, 2)


def test_two_processes_write_one_store_at_once(house: House) -> None:
    """Ingest and alerting write the same file: nothing is lost, the order of changes has no gap."""
    statuses: list[int] = []

    def over_http() -> None:
        for second in range(EACH):
            statuses.append(house.post("/Observation", observation(second)).status_code)

    thread = threading.Thread(target=over_http)
    thread.start()
    said = [observation(n, "ox-2", subject={"reference": "Patient/c2"}) for n in range(EACH)]
    answers = house.publish(said, EACH)
    thread.join()
    assert statuses == [201] * EACH
    assert [one["result"] for one in answers] == ["accepted"] * EACH
    records = house.records_now()
    assert [record.seq for record in records] == list(range(1, 2 * EACH + 1))
    assert {record.citizen for record in records} == {"c1", "c2"}
    whose = [record.citizen for record in records]
    assert sum(one != other for one, other in pairwise(whose)) > 1, "they did not take turns"


def test_the_demo_takes_and_exports_fhir(tmp_path: Path) -> None:
    port = free_port()
    ours = ("demo", "--port", str(port), "--no-browser", "--json", "--folder", str(tmp_path))
    child = hjemmepuls(*ours, "--homes", "2", "--seconds", "15", log=tmp_path / "demo.log")
    with child, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        child.wait_until(lambda: listening(port), 60)
        (rest,) = http.get("/fhir/metadata").json()["rest"]
        assert [one["name"] for one in rest["operation"]] == ["export", "submit-measurement"]
        said = observation(0, "nobodys", subject={"reference": "Patient/nobody"})
        answer = http.post("/fhir/Observation", content=json.dumps(said), headers=FHIR)
        assert answer.status_code == 202, answer.text
        assert http.get(answer.headers["location"]).json()["valueQuantity"]["value"] == 93
        begun = http.get("/fhir/$export", headers={"Prefer": "respond-async"})
        assert begun.status_code == 202
        assert [one.name for one in tmp_path.glob("exports/*/job.json")] == ["job.json"]
