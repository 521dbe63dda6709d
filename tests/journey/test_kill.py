"""A sceptic kills any process at any moment and finds nothing lost and nothing doubled."""

import random
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from devices.simulated import Fleet
from hjemmepuls.processes import Mosquitto
from ingest.store import SqliteReader
from tests.journey.run import Run, moments, wait_for, world_of

KILLS = 20
MESSAGES = 20_000


@pytest.fixture
def rng() -> random.Random:
    seed = random.SystemRandom().randrange(2**32)
    print(f"random seed {seed}")  # noqa: T201  shown when the test fails
    return random.Random(seed)


def test_ingest_is_killed_at_twenty_random_moments(
    mosquitto: Mosquitto, tmp_path: Path, rng: random.Random
) -> None:
    """20 000 messages, 10 % resends: every reading once, every refusal kept with its reason."""
    run = Run(world_of(MESSAGES, seed=11), mosquitto, tmp_path)
    killed = 0

    def kill_ingest(run: Run, fleet: Fleet) -> None:
        nonlocal killed
        for moment in moments(MESSAGES, KILLS, rng):
            wait_for(fleet, moment)
            time.sleep(rng.uniform(0, 0.1))
            assert run.ingest.process.poll() is None, "it ended before it was killed"
            run.ingest.kill()
            killed += 1
            run.ingest = run.start_ingest()
            if rng.random() < 0.5:  # half of them again while it is starting or catching up
                run.ingest.wait_until(lambda: "connected" in run.ingest.tail(1))

    played = run.play(kill_ingest)
    found = run.audit()

    assert killed == KILLS
    assert played.published > 0.9 * MESSAGES
    again = played.published - played.garbage - played.readings
    assert again > 0.08 * played.published, "there were too few resends to prove anything"
    assert played.unreceipted == 0
    assert found.clean, found
    assert found.readings == played.readings
    check_rejections(run)


def test_broker_is_killed(mosquitto: Mosquitto, tmp_path: Path, rng: random.Random) -> None:
    """What the broker forgets in a crash, the gateways send again.

    Without malformed messages: one whose number cannot be read gets no receipt that its gateway
    could match, so nobody sends it again when a broker loses it.
    """
    run = Run(world_of(4_000, seed=12, garbage=0.0), mosquitto, tmp_path)

    def kill_broker(run: Run, fleet: Fleet) -> None:
        for moment in moments(4_000, 3, rng):
            wait_for(fleet, moment)
            run.broker.kill()
            run.broker = Mosquitto(tmp_path / "broker", run.broker.port)

    try:
        run.play(kill_broker)
    finally:
        run.broker.stop()
    assert run.audit().clean, run.audit()


def check_rejections(run: Run) -> None:
    """Every malformed message stands in the store with its reason, its path and its payload."""
    faults = run.faults()
    assert faults, "the world had no malformed message"
    seen = {}
    with closing(SqliteReader(run.store)) as reader:
        for row in reader.rejections():
            assert row.path
            seen[sha256(row.topic.encode() + b"\0" + row.payload).hexdigest()] = row.reason
    assert seen == faults
