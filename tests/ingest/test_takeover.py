"""A session that another client takes: named, counted, and answered with patience."""

import re
import time
from contextlib import ExitStack
from pathlib import Path

from hjemmepuls.processes import Child, Mosquitto, hjemmepuls
from ingest.takeover import LAST_S, STEADY_S, Takeovers


def lose(session: Takeovers, at_s: float, lasted_s: float = 0.5, attempts: int = 1) -> float:
    for _ in range(attempts):
        session.attempted()
    session.connected(at_s)
    return session.lost(at_s + lasted_s)


def test_a_broker_that_was_away_is_no_takeover() -> None:
    session = Takeovers()
    assert [lose(session, at, attempts=3) for at in range(5)] == [0.0] * 5
    assert session.count == 0


def test_a_broker_that_restarts_quickly_once_is_no_takeover() -> None:
    session = Takeovers()
    assert lose(session, 0, lasted_s=5_000) == 0
    assert lose(session, 5_001, lasted_s=5_000) == 0
    assert session.count == 0


def test_patience_grows_has_an_end_and_begins_anew() -> None:
    session = Takeovers()
    pauses = [lose(session, at) for at in range(14)]
    assert pauses[:5] == [0.0, 2.0, 4.0, 8.0, 16.0]
    assert pauses[-1] == LAST_S
    assert session.count == 13
    assert lose(session, 20, lasted_s=STEADY_S) == 0
    assert lose(session, 3_000) == 2.0
    assert lose(session, 4_000, attempts=2) == 0, "the broker was away"


def connections(child: Child) -> int:
    return len(re.findall("connected to the broker", child.log.read_text()))


def named(child: Child) -> bool:
    return "another client took the session 'hjemmepuls-ingest'" in child.log.read_text()


def test_two_processes_with_one_name_do_not_fight(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Both name it, and the session changes hands ever more rarely."""
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                hjemmepuls(
                    *("ingest", "--store", str(tmp_path / f"{name}.db")),
                    log=tmp_path / f"{name}.log",
                    environment=mosquitto.settings("ingest"),
                )
            )
            for name in ("one", "two")
        ]
        for child in both:
            child.wait_until(lambda: named(child))  # noqa: B023  called now
        time.sleep(4)
        before = sum(map(connections, both))
        time.sleep(6)
        assert sum(map(connections, both)) - before <= 4
        for child in both:
            assert "HJEMMEPULS_CLIENT_ID" in child.log.read_text()
            assert "Traceback" not in child.log.read_text()


def test_a_broker_that_is_started_again_is_not_called_a_rival(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with hjemmepuls(
        *("ingest", "--store", str(tmp_path / "records.db")),
        log=tmp_path / "ingest.log",
        environment=mosquitto.settings("ingest"),
    ) as child:
        child.wait_until(lambda: connections(child) == 1)
        mosquitto.kill()
        child.wait_until(lambda: "not reached" in child.tail())
        with Mosquitto(tmp_path / "broker", mosquitto.port):
            child.wait_until(lambda: connections(child) == 2)
        assert "another client" not in child.log.read_text()


def test_a_second_ingest_on_the_same_store_is_refused(mosquitto: Mosquitto, tmp_path: Path) -> None:
    line = ("ingest", "--store", str(tmp_path / "records.db"))
    login = mosquitto.settings("ingest")
    with hjemmepuls(*line, log=tmp_path / "one.log", environment=login) as first:
        first.wait_until(lambda: connections(first) == 1)
        second = hjemmepuls(*line, log=tmp_path / "two.log", environment=login)
        assert second.process.wait(30) == 1
        assert "another ingest process works on" in second.tail()
        assert len(second.tail().splitlines()) == 1
        first.kill()
        with hjemmepuls(*line, log=tmp_path / "three.log", environment=login) as third:
            third.wait_until(lambda: connections(third) == 1)
