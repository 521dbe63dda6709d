"""Homes that are asked to measure daily: more readings on those days, and nothing else changes."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from devices.simulated import Broker, FaultRates, Fleet, Progress, Timeline, World
from devices.simulated.cohort import Cohort
from devices.simulated.ledger import ReadingLine
from devices.wire import measure_daily, topic_for
from hjemmepuls.processes import Mosquitto
from tests.devices.simulated.conftest import RunningBroker
from tests.devices.simulated.test_fleet import Platform
from tests.voice import Voice

START = date(2026, 1, 5)
GATEWAY = "gw-000003"
DAYS = 35


def cohort_world(days: int = DAYS) -> World:
    cohort = Cohort(7, 12, days, START, schedule="twice_weekly")
    return World.of(cohort, faults=FaultRates.none())


def showcase_world() -> World:
    return World(7, 12, start=START, days=DAYS, schedule="dk_standard", faults=FaultRates.none())


def said(world: World, asked: Any = None) -> dict[tuple[str, str, str], ReadingLine]:
    """Every distinct reading, by what makes it distinct."""
    deliveries = world.deliveries(asked) if asked else world.deliveries()
    lines = [line for row in deliveries if not row.again for line in row.readings]
    found = {(line.device, line.boot, line.t): line for line in lines}
    assert len(found) == len(lines), "two readings of one device at one moment"
    return found


def asks(since: int, until: int) -> Any:
    """One home is asked from this day of the world until that one, both included."""
    first, last = (START + timedelta(days=day) for day in (since, until))
    return lambda gateway, day: gateway == GATEWAY and first <= day <= last


@pytest.mark.parametrize("make", [cohort_world, showcase_world])
def test_asked_for_days_bring_readings_and_change_no_other(make: Any) -> None:
    plain, asked = said(make()), said(make(), asks(20, 27))
    assert plain.items() <= asked.items(), "a planned reading is another"
    more = {line.t[:10] for key, line in asked.items() if key not in plain}
    devices = {key[0] for key in asked if key not in plain}
    assert len(more) >= 4
    assert min(more) >= str(START + timedelta(days=20))
    assert max(more) <= str(START + timedelta(days=28)), "clocks may be ahead by a day"
    assert devices <= devices_of(make(), "pt-000003")


def devices_of(world: World, citizen: str) -> set[str]:
    found: Any = world.enrolment()["assignments"]
    return {row["device"] for row in found if row["citizen"] == citizen}


def test_a_patient_who_is_asked_measures_when_willing_as_in_memory() -> None:
    """Measured = (scheduled | asked) & willing, as the cohort says of itself."""
    cohort = Cohort(7, 12, DAYS, START, schedule="twice_weekly")
    world = World.of(cohort, faults=FaultRates.none(), asking=True)
    days: dict[str, set[str]] = {}
    for row in world.deliveries(lambda *_: True):
        days.setdefault(row.topic.gateway, set()).update(line.t[:10] for line in row.readings)
    block = cohort.block(0, 12)
    willing = block.willing.sum(axis=1)
    measured = np.array([len(days.get(f"gw-{one + 1:06d}", ())) for one in range(12)])
    assert (measured >= willing).all()
    assert measured.sum() <= 1.2 * willing.sum(), "a clock that is wrong may show another day"
    assert (willing < DAYS).any(), "nobody was unwilling: nothing is shown"


def test_a_home_with_no_word_from_the_platform_is_the_same_bytes() -> None:
    one = [row.payload for row in cohort_world().deliveries()]
    other = [row.payload for row in cohort_world().deliveries(lambda *_: False)]
    assert one == other


def test_a_home_obeys_over_the_air(broker: RunningBroker) -> None:
    """The command comes, twice, among others that are none; the days bring more readings."""
    world = showcase_world()
    first, days = START + timedelta(days=18), timedelta(days=9)
    topic = topic_for(world.tenant, GATEWAY, "anything", "cmd")
    order = msgspec.json.encode(measure_daily(topic, 1, first, first + days, datetime.now(UTC)))
    platform = Platform(broker.port)
    told = False

    def tell(progress: Progress) -> None:
        nonlocal told
        if progress.connected == 2 and not told:
            told = True
            for payload in (order, b"{", order, b"[1]"):
                platform.publish(topic.text(), payload)

    pace = Timeline(world.starts_at + timedelta(days=16), speed=86_400 / 0.15)
    done = Fleet(world, broker.address, pace, progress=tell).run()
    platform.close()
    assert done.commands == {"taken": 1, "repeated": 1, "refused": 2}
    assert done.callback_errors == 0
    assert done.unreceipted == 0
    assert done.readings == len(said(world, asks(18, 27))) > len(said(world))


def test_a_command_waits_for_homes_that_are_away(mosquitto: Mosquitto) -> None:
    """The session stays with the broker; what was said meanwhile comes with the next connection."""
    world = showcase_world()
    first = START + timedelta(days=18)
    topic = topic_for(world.tenant, GATEWAY, "anything", "cmd")
    order = msgspec.json.encode(measure_daily(topic, 1, first, first, datetime.now(UTC)))
    login = Broker(port=mosquitto.port, username="devices", password=mosquitto.password)
    over = Timeline(world.ends_at)
    Fleet(world, login, over, window=5, announce=False).run(seconds=0.5, drain_s=0.1)
    with closing(Voice(mosquitto, "alerting")) as platform:
        platform.say(topic.text(), order)
    back = Fleet(world, login, over, window=5, announce=False).run(seconds=1.5, drain_s=0.1)
    assert back.commands == {"taken": 1}
