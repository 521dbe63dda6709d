"""What a gateway misspells is refused with a reason by the shipped process, not lost unseen."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from devices.wire import topic_for
from hjemmepuls.processes import Mosquitto, find_mosquitto, hjemmepuls
from ingest.store import SqliteReader, SqliteWriter
from tests.ingest.said import PAYLOAD
from tests.voice import Voice

PATIENCE_S = 20.0
GATEWAY, OTHER = "gw-1", "gw-2"
PAYLOAD_BYTES = json.dumps(PAYLOAD).encode()
pytestmark = pytest.mark.skipif(
    find_mosquitto() is None, reason="install Mosquitto: apt-get install mosquitto"
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker", gateways=(GATEWAY,)) as running:
        yield running


def reasons(store: Path) -> Counter[tuple[str, str]]:
    with closing(SqliteReader(store)) as reader:
        return Counter((row.topic, row.reason) for row in reader.rejections())


def test_every_stray_is_a_rejection_and_no_neighbour_is_heard_twice(
    tmp_path: Path, broker: Mosquitto
) -> None:
    store = tmp_path / "records.db"
    SqliteWriter(store).close()
    sound = topic_for("syddanmark", GATEWAY, "dev-1").text()
    strays = {
        sound.replace("hm/", "HM/"): "topic-malformed",
        sound.replace("/v1/", "/v2/"): "topic-malformed",
        sound.replace("/obs", "/OBS"): "kind-unsupported",
        sound.replace("/obs", "/omh"): "kind-unsupported",
        sound.replace("/obs", "/banana"): "kind-unsupported",
    }
    others = sound.replace(GATEWAY, OTHER).replace("/obs", "/OBS")
    environment = {
        **broker.settings("ingest"),
        "HJEMMEPULS_WATCH_USER": "watch",
        "HJEMMEPULS_WATCH_PASSWORD": broker.password,
    }
    log = tmp_path / "ingest.log"
    with ExitStack() as stack:
        ingest = stack.enter_context(
            hjemmepuls("ingest", "--store", str(store), log=log, environment=environment)
        )
        ingest.wait_until(lambda: "watching for strays" in ingest.tail())
        ingest.wait_until(lambda: "connected" in ingest.tail())
        home = stack.enter_context(closing(Voice(broker, GATEWAY, "hm/v1/+/+/+/+/ack")))
        for topic in (*strays, sound):
            home.say(topic, PAYLOAD_BYTES)
        until = time.monotonic() + PATIENCE_S
        while (len(reasons(store)) < 5 or len(home.heard) < 4) and time.monotonic() < until:
            time.sleep(0.1)
        home.say(others, PAYLOAD_BYTES)  # refused by the broker, which may end the connection
        answers = [json.loads(payload)["result"] for _, payload, _ in home.heard]
    assert reasons(store) == dict.fromkeys(strays.items(), 1)
    assert answers.count("quarantined") == 1, "the sound one, of a device that is nobody's"
    assert answers.count("rejected") == 3, "the three whose answer has a topic"
    with closing(SqliteReader(store)) as reader:
        assert reader.tallies()["deliveries"] == len(strays) + 1
