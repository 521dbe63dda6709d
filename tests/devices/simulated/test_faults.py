"""Rates, clocks and garbage by themselves."""

import msgspec
import pytest

from devices.simulated import FaultRates, World
from devices.simulated.faults import GARBAGE, RESET_EPOCH_S, DeviceClock, draw_clock
from devices.wire import Payload, part_of

WRONG_IN_FORM = {
    "json-malformed",
    "field-type",
    "field-missing",
    "time-malformed",
    "payload-empty",
    "payload-not-utf8",
}


@pytest.mark.parametrize("rate", [-0.01, 1.01])
def test_a_rate_is_a_share(rate: float) -> None:
    with pytest.raises(ValueError, match="late is a rate"):
        FaultRates(late=rate)


def test_a_lost_clock_begins_at_2000_under_a_new_boot_id() -> None:
    clock = DeviceClock(offset_s=5, reset_at=1_000_000)
    assert clock.shows(999_999, 3_600) == 999_999 + 3_600 + 5
    assert clock.shows(1_000_007, 3_600) == RESET_EPOCH_S + 7
    assert (clock.boot(999_999), clock.boot(1_000_000)) == ("b1", "b2")
    assert (clock.sync(999_999), clock.sync(1_000_000)) == ("ntp", "none")


@pytest.mark.parametrize(("which", "least_s"), [(0.1, 120), (0.5, 3_600), (0.9, 86_400)])
def test_wrong_clocks_are_off_by_minutes_hours_or_days(which: float, least_s: int) -> None:
    clock = draw_clock([1, 0, 0, which, 0.5, 0.9], FaultRates(wrong_clock=1.0), 0, 30)
    assert clock.offset_s <= -least_s
    assert clock.sync(0) == "none"


def test_clock_faults_are_as_frequent_as_asked(faulty: World) -> None:
    boots: dict[str, set[str]] = {}
    synchronised: dict[str, set[str]] = {}
    for delivery in faulty.deliveries():
        if delivery.garbage or delivery.payload.startswith(b"["):
            continue
        payload = msgspec.json.decode(delivery.payload, type=Payload)
        assert payload.clock is not None
        boots.setdefault(delivery.topic.device, set()).add(payload.boot)
        if payload.boot == "b1":
            synchronised.setdefault(delivery.topic.device, set()).add(payload.clock.sync)
    assert all(len(values) == 1 for values in synchronised.values())
    reset = sum("b2" in values for values in boots.values()) / len(boots)
    wrong = sum("none" in values for values in synchronised.values()) / len(boots)
    assert reset == pytest.approx(faulty.faults.clock_reset, abs=0.08)
    assert wrong == pytest.approx(faulty.faults.wrong_clock, abs=0.08)


def test_garbage_is_what_it_says(faulty: World) -> None:
    decodable: dict[str, set[bool]] = {name: set() for name in GARBAGE}
    for delivery in faulty.deliveries():
        if not delivery.garbage:
            continue
        assert delivery.readings == ()
        try:
            payload = msgspec.json.decode(delivery.payload, type=Payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            decodable[delivery.fault].add(False)
            assert delivery.ids == ()
        else:
            decodable[delivery.fault].add(True)
            misplaced = delivery.topic.part != part_of(delivery.topic.gateway)
            assert misplaced == (delivery.fault == "topic-part-mismatch")
            assert delivery.ids == (() if misplaced else (payload.id,))
    assert decodable == {name: {name not in WRONG_IN_FORM} for name in GARBAGE}
