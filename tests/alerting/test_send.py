"""Requests on their way to the homes, by a real broker that goes away, refuses and forgets."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting import send
from alerting.alert_store import AlertStore
from alerting.alert_store.requests import Requests
from alerting.asking import Request
from alerting.local_time import day_number
from alerting.places import Place, Places
from alerting.rules import DAILY_DAYS
from alerting.send import Sender
from alerting.settings import AlertingSettings
from devices.simulated.orders import Orders
from devices.wire import Command, parse_topic
from hjemmepuls.processes import Mosquitto, free_port, hjemmepuls
from ingest.store import SqliteReader, StoreUnavailable
from tests.alerting.clinic import FIRST_DAY, OXIMETER, Clinic, at, citizen, ms, oximetry
from tests.ingest.broker import PATIENCE_S, wait_until
from tests.voice import Voice

DAY = 10
TODAY = day_number(FIRST_DAY) + DAY


class Desk:
    """A clinic whose citizens are asked, and the sender that tells them."""

    def __init__(self, clinic: Clinic, broker: Mosquitto) -> None:
        self.clinic, self.broker = clinic, broker
        self.path = clinic.folder / "live.db"
        clinic.now_ms = ms(at(DAY, 12))
        clinic.enrol([citizen("c2")])
        clinic.receive(*(oximetry(who, DAY, 94) for who in ("c1", "c2")))

    def ask(self, who: str = "c1", day: int = TODAY) -> None:
        """There was evidence, and it is kept."""
        with closing(AlertStore(self.path)) as store:
            store.requests.ask(who, day, 1)

    def requests(self) -> list[Request]:
        with closing(AlertStore(self.path)) as store:
            return store.requests.all()

    def unsent(self) -> int:
        return sum(one.sent_until < one.until for one in self.requests())

    @contextmanager
    def sending(self, **changes: Any) -> Iterator[threading.Thread]:
        """A sender at work until the end of the block."""
        settings = AlertingSettings(
            broker_port=self.broker.port,
            broker_user="alerting",
            broker_password=self.broker.password,
            ask_tenant="syddanmark",
            poll_ms=10,
        ).model_copy(update=changes)
        sender = Sender(
            settings,
            lambda: SqliteReader(self.clinic.records),
            lambda: AlertStore(self.path),
            lambda: self.clinic.now_ms,
        )
        stop = threading.Event()
        thread = threading.Thread(target=sender.run, args=(stop,))
        thread.start()
        try:
            yield thread
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


@pytest.fixture
def desk(clinic: Clinic, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("ingest.deliver.back_off.FIRST_S", 0.05)
    monkeypatch.setattr("ingest.deliver.back_off.LAST_S", 0.2)
    return Desk(clinic, mosquitto)


@pytest.fixture
def home(mosquitto: Mosquitto) -> Iterator[Voice]:
    """All homes of the simulated fleet; their session stays with the broker."""
    with closing(Voice(mosquitto, "devices", name="homes")) as voice:
        yield voice


def test_a_home_is_told_once_and_nothing_is_retained(desk: Desk, home: Voice) -> None:
    desk.ask()
    with desk.sending():
        wait_until(lambda: desk.unsent() == 0)
        wait_until(lambda: home.heard)
        time.sleep(0.2)
    ((topic, payload, retained),) = home.heard
    assert topic == f"hm/v1/syddanmark/{partition(topic)}/gw-c1/{OXIMETER}-c1/cmd"
    said = msgspec.json.decode(payload, type=Command)
    first = FIRST_DAY + timedelta(days=DAY + 1)
    assert (said.since, said.until) == (first, first + timedelta(days=DAILY_DAYS - 1))
    assert not retained
    with closing(Voice(desk.broker, "devices")) as later:
        time.sleep(0.2)
        assert later.heard == []
    names = {"v", "id", "cmd", "from", "until", "sent"}
    assert msgspec.json.decode(payload).keys() == names, "nothing about the citizen"


def partition(topic: str) -> str:
    found = parse_topic(topic)
    assert found is not None
    return f"{found.part:02d}"


def test_what_is_added_is_told_as_a_command_of_its_own(desk: Desk, home: Voice) -> None:
    desk.ask()
    with desk.sending():
        wait_until(lambda: len(home.heard) == 1)
        desk.ask(day=TODAY + 2)
        wait_until(lambda: len(home.heard) == 2)
        wait_until(lambda: desk.unsent() == 0)
    commands = [msgspec.json.decode(payload, type=Command) for _, payload, _ in home.heard]
    assert len({one.id for one in commands}) == 2
    assert (commands[1].since - commands[0].since).days == 2
    assert days_of(home) == [TODAY + day for day in range(1, 2 + DAILY_DAYS + 1)]


def days_of(home: Voice) -> list[int]:
    """The days on which a home would measure that hears all this."""
    orders = Orders()
    for topic, payload, _ in home.heard:
        orders.hear(topic.split("/")[4], payload)
    around = range(TODAY - 30, TODAY + 60)
    day = date.fromordinal
    zero = date(1970, 1, 1).toordinal()
    return [one for one in around if orders.asked("gw-c1", day(zero + one))]


def test_a_broker_that_is_away_delays_and_loses_nothing(desk: Desk, home: Voice) -> None:
    folder = desk.broker.log.parent
    with desk.sending():
        desk.broker.stop()
        desk.ask()
        desk.ask("c2")
        time.sleep(0.3)
        assert desk.unsent() == 2
        with Mosquitto(folder, desk.broker.port):
            wait_until(lambda: desk.unsent() == 0)
            wait_until(lambda: len(home.heard) >= 2)
    assert {topic.split("/")[4] for topic, _, _ in home.heard} == {"gw-c1", "gw-c2"}


def test_a_request_whose_days_passed_while_the_broker_was_away_is_not_sent(
    desk: Desk, home: Voice
) -> None:
    desk.ask()
    desk.ask("c2", TODAY + 1)
    desk.clinic.now_ms = ms(at(DAY + 1 + DAILY_DAYS, 12))
    with desk.sending():
        wait_until(lambda: desk.unsent() == 1)
        time.sleep(0.2)
    assert [topic.split("/")[4] for topic, _, _ in home.heard] == ["gw-c2"]
    assert desk.unsent() == 1


@pytest.mark.parametrize("name", ["mark_sent", "unsent"])
def test_a_store_that_fails_is_opened_again(
    desk: Desk, home: Voice, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What was sent and could not be marked is sent again; a home obeys it once."""
    real, calls = getattr(Requests, name), 0

    def fail(*args: Any) -> Any:
        nonlocal calls
        if threading.current_thread() is threading.main_thread():
            return real(*args)  # the test itself looks
        calls += 1
        if calls <= 2:
            raise StoreUnavailable("a test took it away")
        return real(*args)

    monkeypatch.setattr(Requests, name, fail)
    desk.ask()
    with desk.sending():
        wait_until(lambda: desk.unsent() == 0)
    assert len({msgspec.json.decode(one, type=Command).id for _, one, _ in home.heard}) == 1
    assert len(home.heard) == (3 if name == "mark_sent" else 1)
    assert days_of(home) == [TODAY + day for day in range(1, DAILY_DAYS + 1)]


def test_records_that_are_not_there_yet_are_waited_for(
    desk: Desk, home: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, away = SqliteReader.assignments, threading.Event()

    def fail(reader: SqliteReader) -> Any:
        if not away.is_set():
            raise StoreUnavailable("a test took it away")
        return real(reader)

    monkeypatch.setattr(SqliteReader, "assignments", fail)
    desk.ask()
    with desk.sending():
        time.sleep(0.2)
        assert (home.heard, desk.unsent()) == ([], 1)
        away.set()
        wait_until(lambda: desk.unsent() == 0)


def test_a_wrong_password_delays_and_loses_nothing(
    desk: Desk, home: Voice, caplog: pytest.LogCaptureFixture
) -> None:
    desk.ask()
    with desk.sending(broker_password="wrong") as thread:
        wait_until(lambda: "did not let us in" in caplog.text)
        assert thread.is_alive()
    assert (home.heard, desk.unsent()) == ([], 1)
    assert "wrong" not in caplog.text
    with desk.sending():
        wait_until(lambda: home.heard)


def test_nothing_is_sent_before_the_data_say_what_day_it_is(desk: Desk, home: Voice) -> None:
    desk.ask()
    desk.clinic.now_ms = 0
    with desk.sending():
        time.sleep(0.3)
        assert (home.heard, desk.unsent()) == ([], 1)


@pytest.mark.parametrize("user", ["devices", "ingest"])
def test_only_alerting_may_say_what_homes_should_do(desk: Desk, home: Voice, user: str) -> None:
    topic = f"hm/v1/syddanmark/07/gw-c1/{OXIMETER}-c1/cmd"
    for who, kind in ((user, "cmd"), ("alerting", "obs"), ("alerting", "ack"), ("alerting", "cmd")):
        with closing(Voice(desk.broker, who, "hm/v1/#")) as other:
            other.say(topic.replace("cmd", kind), who.encode())
            if who == "alerting":
                assert other.heard == [], "it may not listen"
    wait_until(lambda: home.heard)
    time.sleep(0.1)
    assert [(topic, payload) for topic, payload, _ in home.heard] == [(topic, b"alerting")]


def test_killed_between_sending_and_marking_it_is_said_again_and_obeyed_once(
    desk: Desk, home: Voice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real process, killed outright while it is about to mark; the next one says it again."""
    desk.ask()
    ours = ("--store", str(desk.clinic.records), "--alerts", str(desk.path))
    environment = {
        **desk.broker.settings("alerting"),
        "HJEMMEPULS_ASK_TENANT": "syddanmark",
        "HJEMMEPULS_POLL_MS": "10",
    }

    def start() -> Any:
        port = ("--port", str(free_port()), "--clock", "data")
        log = tmp_path / "alerting.log"
        return hjemmepuls("alerting", *ours, *port, log=log, environment=environment)

    with closing(AlertStore(desk.path)) as blocker, start() as first:
        first.wait_until(lambda: "requests to measure daily are sent" in first.tail())
        wait_until(lambda: not desk.unsent())
        blocker.requests.ask("c2", TODAY, 1)
        blocker._db.execute("BEGIN IMMEDIATE")  # from now on it can send, but not mark
        wait_until(
            lambda: {topic.split("/")[4] for topic, _, _ in home.heard} == {"gw-c1", "gw-c2"}
        )
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        blocker._db.execute("ROLLBACK")
    assert desk.unsent() == 1, "it was killed too late to show anything"
    with start():
        wait_until(lambda: desk.unsent() == 0)
        wait_until(lambda: len(home.heard) == 3)
    orders = Orders()
    for topic, payload, _ in home.heard:
        orders.hear(topic.split("/")[4], payload)
    assert orders.counts() == {"taken": 2, "repeated": 1}


@pytest.mark.parametrize("tenant", ["a/b", "+", "syd danmark", "#", "t" * 65])
def test_a_tenant_that_no_topic_can_have_is_refused_at_the_start(tenant: str) -> None:
    with pytest.raises(ValueError, match="ask_tenant"):
        AlertingSettings(ask_tenant=tenant)


def test_nobody_is_asked_unless_a_tenant_is_named() -> None:
    assert not AlertingSettings().ask_tenant


def test_a_home_that_cannot_be_found_is_looked_for_later(
    desk: Desk, home: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told, nothing is lost, nobody else waits; and then it is found."""
    looked, real = 0, Places.of

    def looking(places: Places, who: str, now_ms: int) -> Place | None:
        nonlocal looked
        looked += who == "c1"
        return None if who == "c1" and looked <= 2 else real(places, who, now_ms)

    monkeypatch.setattr(Places, "of", looking)
    monkeypatch.setattr(send, "NOBODY_AGAIN_S", 0.3)
    desk.ask("c1")
    desk.ask("c2")
    with desk.sending():
        wait_until(lambda: home.heard)
        assert home.heard[0][0].split("/")[4] == "gw-c2"
        wait_until(lambda: desk.unsent() == 0)
    assert looked == 3


def test_many_who_cannot_be_told_keep_nobody_waiting(desk: Desk, home: Voice) -> None:
    for number in range(send.AT_ONCE + 20):
        desk.ask(f"nobody-{number}")
    desk.ask("c2")
    with desk.sending():
        wait_until(lambda: home.heard)
        wait_until(lambda: desk.unsent() == send.AT_ONCE + 20)  # a moment later: the mark
