"""A sceptic kills the delivery process at any moment and finds nothing lost and nothing stale."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fhir_mapping.identity import id_text
from fhir_mapping.kih.read import read_dataset
from ingest.deliver import DeliverSettings, dead_letters
from tests.ingest.deliver.home import Home
from tests.ingest.deliver.runner import Runner
from tests.ingest.deliver.strict import Fault, StrictServer, serving

KILLS = 8


@pytest.fixture
def rng() -> random.Random:
    seed = random.SystemRandom().randrange(2**32)
    print(f"random seed {seed}")  # noqa: T201  shown when the test fails
    return random.Random(seed)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with closing(Home(tmp_path)) as opened:
        yield opened


def store_more(home: Home, rng: random.Random, turn: int) -> None:
    """New readings, amended ones, and sometimes everything moves to somebody else."""
    home.measure(*range(turn * 30, turn * 30 + 30))
    home.measure(*rng.sample(range(turn * 30 + 30), 10), value=str(rng.randrange(80, 93)))
    if rng.random() < 0.3:
        home.move(rng.choice(["anna", "bo"]))


def test_nothing_is_lost_or_stale_at_a_fhir_server(home: Home, rng: random.Random) -> None:
    """Killed at random moments while records are stored, amended and moved, by a bad server."""
    with serving() as server:
        runner = Runner(
            home, DESTINATION="fhir", URL=server.url, BATCH_RECORDS=7, TIMEOUT_S=2, SETTLE_S=0.5
        )
        for turn in range(KILLS):
            store_more(home, rng, turn)
            server.script.append(rng.choice([Fault("reset"), Fault("reset-after")]))
            goal = len(server.requests) + rng.randrange(1, 6)
            runner.wait_until(lambda: len(server.requests) >= goal)  # noqa: B023  called now
            runner.kill_and_start(rng.uniform(0, 0.05))
        store_more(home, rng, KILLS)
        expected = home.expected()
        runner.wait_until(lambda: server.observations() == expected)
        runner.stop()
        check(server, home)


def check(server: StrictServer, home: Home) -> None:
    assert server.wrongs == []
    assert server.observations() == home.expected()
    assert all(versions == sorted(versions) for versions in server.history.values()), "overtaken"
    repeats = sum(len(versions) - len(set(versions)) for versions in server.history.values())
    print(f"{len(server.history)} records, {repeats} updates repeated")  # noqa: T201
    state = DeliverSettings(state_path=home.path.with_name("deliveries.db"))
    assert dead_letters(state) == []


def test_no_torn_document_is_ever_seen(home: Home, rng: random.Random) -> None:
    """Killed in the middle of writing: a name that is seen has all of its content."""
    folder = home.path.with_name("outbox")
    runner = Runner(home, FOLDER=folder, FORMAT="kih", BATCH_RECORDS=7)
    for turn in range(KILLS):
        store_more(home, rng, turn)
        goal = len(visible(folder)) + rng.randrange(1, 20)
        runner.wait_until(lambda: len(visible(folder)) >= goal)  # noqa: B023  called now
        runner.kill_and_start(rng.uniform(0, 0.02))
        check_files(folder)
    store_more(home, rng, KILLS)
    runner.wait_until(lambda: all(wanted(folder, home)))
    runner.stop()
    check_files(folder)
    assert not list(folder.glob(".*"))


def visible(folder: Path) -> list[str]:
    names = (file.name for file in folder.glob("*"))
    return sorted(name for name in names if not name.startswith("."))


def wanted(folder: Path, home: Home) -> Iterator[bool]:
    """Whether the newest version of each record is there."""
    names = set(visible(folder))
    for one in home.records():
        stem = f"{one.seq:016}-{id_text(one.id)}-v{one.version}"
        yield f"{stem}.2-create.kih.xml" in names
        yield one.version == 1 or f"{stem}.1-delete.txt" in names


def check_files(folder: Path) -> None:
    """Every document reads; a record's versions stand in order, deletion before creation."""
    order: dict[str, list[tuple[int, str]]] = {}
    for name in visible(folder):
        content = (folder / name).read_bytes()
        stem, step = name.split(".", 1)
        record_id, _, version = stem[17:].rpartition("-v")
        order.setdefault(record_id, []).append((int(version), step))
        if step.startswith("2-create"):
            assert len(read_dataset(content).reports) == 1
        else:
            assert content.decode() == f"{record_id}\n"
    for steps in order.values():
        assert steps == sorted(steps)
        for number, step in steps:
            if number > 1 and step.startswith("2"):
                assert (number, "1-delete.txt") in steps


def test_a_stopped_process_goes_on_where_it_was(home: Home) -> None:
    with serving() as server:
        runner = Runner(home, DESTINATION="fhir", URL=server.url)
        home.measure(*range(20))
        runner.wait_until(lambda: len(server.observations()) == 20)
        runner.stop()
        before = len(server.requests)
        home.measure(20)
        runner.child = runner.start()
        runner.wait_until(lambda: len(server.observations()) == 21)
        runner.stop()
        sent = [one for one in server.requests[before:] if b"Observation" in one.body]
        assert len(sent) == 1
        assert all(len(versions) == 1 for versions in server.history.values())
