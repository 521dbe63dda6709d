"""What the platform asks of homes: taken once, whatever is said and however often."""

import random
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.simulated.orders import DAYS_MAX, Orders
from devices.wire import Command, measure_daily, topic_for

GOLDEN = Path(__file__).parents[2] / "golden" / "command"
GOOD, BAD = sorted(GOLDEN.glob("*.json")), sorted((GOLDEN / "refused").glob("*.json"))
FIRST, SENT = date(2026, 3, 11), datetime(2026, 3, 10, 7, tzinfo=UTC)


def command(since: date = FIRST, days: int = 4, gateway: str = "gw-1") -> bytes:
    until = since + timedelta(days=days - 1)
    topic = topic_for("t", gateway, "tablet")
    return msgspec.json.encode(measure_daily(topic, 1, since, until, SENT))


def days_asked(orders: Orders, gateway: str = "gw-1") -> list[int]:
    """Which of the days around the first one are asked for, counted from it."""
    around = range(-40, 60)
    return [day for day in around if orders.asked(gateway, FIRST + timedelta(days=day))]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_command_is_taken(path: Path) -> None:
    orders = Orders()
    assert orders.hear("gw-1", path.read_bytes()) == "taken"
    said = msgspec.json.decode(path.read_bytes(), type=Command)
    wanted = range((said.since - FIRST).days, (said.until - FIRST).days + 1)
    assert days_asked(orders) == list(wanted)
    assert days_asked(orders, "gw-2") == []
    back = msgspec.json.decode(msgspec.json.encode(said), type=Command)
    assert back == said


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_command_that_none_may_obey_is_counted_and_forgotten(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    orders = Orders()
    assert orders.hear("gw-1", path.read_bytes()) == "refused"
    assert (days_asked(orders), orders.counts()) == ([], {"refused": 1})
    assert len(caplog.records) == 1
    assert orders.hear("gw-1", command()) == "taken", "a bad one spoils no good one"


def test_what_the_platform_says_is_as_in_the_example() -> None:
    sent = datetime.fromisoformat("2026-03-10T08:00+01:00")
    said = measure_daily(topic_for("t", "gw1", "dev1"), 1, FIRST, FIRST + timedelta(days=3), sent)
    example = (GOLDEN / "measure-daily.json").read_bytes()
    assert msgspec.json.decode(msgspec.json.encode(said)) == msgspec.json.decode(example)


def test_there_are_examples() -> None:
    assert len(GOOD) >= 3
    assert len(BAD) >= 15


@given(st.binary())
def test_no_payload_is_too_strange(payload: bytes) -> None:
    assert Orders().hear("gw-1", payload) == "refused"


def test_a_command_said_again_asks_for_nothing_more() -> None:
    orders = Orders()
    assert orders.hear("gw-1", command()) == "taken"
    assert orders.hear("gw-1", command(days=20)) == "repeated", "the same home and first day"
    assert days_asked(orders) == [0, 1, 2, 3]
    assert orders.hear("gw-2", command()) == "taken", "each home hears for itself"
    assert orders.counts() == {"taken": 2, "repeated": 1}


def test_more_days_are_added() -> None:
    orders = Orders()
    for first in (10, 0, 2):
        orders.hear("gw-1", command(FIRST + timedelta(days=first)))
    assert days_asked(orders) == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]


def test_the_longest_request_counts_from_exactly_there_on() -> None:
    orders = Orders()
    assert orders.hear("gw-1", command(days=DAYS_MAX)) == "taken"
    assert orders.hear("gw-1", command(FIRST + timedelta(days=1), DAYS_MAX + 1)) == "refused"


@pytest.mark.parametrize(
    "other",
    [
        measure_daily(topic_for("u", "gw-1", "tablet"), 1, FIRST, FIRST, SENT),
        measure_daily(topic_for("t", "gw-2", "tablet"), 1, FIRST, FIRST, SENT),
        measure_daily(topic_for("t", "gw-1", "scale"), 1, FIRST, FIRST, SENT),
        measure_daily(topic_for("t", "gw-1", "tablet"), 2, FIRST, FIRST, SENT),
        measure_daily(topic_for("t", "gw-1", "tablet"), 1, FIRST + timedelta(1), FIRST, SENT),
    ],
)
def test_a_command_is_known_by_home_user_and_first_day(other: Command) -> None:
    topic = topic_for("t", "gw-1", "tablet")
    one = measure_daily(topic, 1, FIRST, FIRST, SENT)
    assert other.id != one.id
    later = measure_daily(topic, 1, FIRST, FIRST + timedelta(3), SENT + timedelta(hours=9))
    assert later.id == one.id


def test_commands_come_in_one_thread_while_another_lives_the_days() -> None:
    orders, rng = Orders(), random.Random(1)
    sent = [command(FIRST + timedelta(days=day)) for day in range(200)] * 3
    rng.shuffle(sent)
    told = threading.Thread(target=lambda: [orders.hear("gw-1", one) for one in sent])
    told.start()
    while told.is_alive():
        orders.asked("gw-1", FIRST)
    told.join()
    assert orders.counts() == {"taken": 200, "repeated": 400}
