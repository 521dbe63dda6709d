"""The outbox: what leaves it, what it repeats, in which order."""

import threading

import pytest

from devices.simulated.outbox import Outbox


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(clock: Clock) -> Outbox:
    return Outbox(window=3, timeout_s=10, now=clock)


def put(outbox: Outbox, *ids: str, line: int = 0, gateway: str = "gw1") -> int:
    return outbox.put(gateway, line, "topic", "+".join(ids).encode(), ids)


def test_only_the_receipt_clears_what_awaits_one(outbox: Outbox) -> None:
    outbox.puback(put(outbox, "a"))
    assert len(outbox) == 1
    assert not outbox.receipt("gw2", "a")
    assert outbox.receipt("gw1", "a")
    assert len(outbox) == 0
    assert not outbox.receipt("gw1", "a")


def test_a_receipt_before_the_puback_clears_as_well(outbox: Outbox) -> None:
    ticket = put(outbox, "a")
    assert outbox.receipt("gw1", "a")
    outbox.puback(ticket)
    assert len(outbox) == 0


def test_without_ids_the_puback_clears(outbox: Outbox) -> None:
    outbox.puback(put(outbox))
    assert len(outbox) == 0


def test_an_array_is_cleared_by_its_last_receipt(outbox: Outbox) -> None:
    put(outbox, "a", "b")
    outbox.receipt("gw1", "b")
    assert len(outbox) == 1
    outbox.receipt("gw1", "a")
    assert len(outbox) == 0


def test_an_identical_repeat_leaves_the_receipt_to_the_first(outbox: Outbox) -> None:
    put(outbox, "a")
    outbox.puback(put(outbox, "a"))
    assert len(outbox) == 1
    assert outbox.receipt("gw1", "a")
    assert len(outbox) == 0


def test_repeats_come_after_the_timeout_oldest_first_and_paced(
    outbox: Outbox, clock: Clock
) -> None:
    tickets = [put(outbox, name) for name in "abc"]
    for ticket in reversed(tickets):
        outbox.puback(ticket)
    clock.now_s = 9.9
    assert outbox.overdue(10) == []
    clock.now_s = 10
    assert [ticket for ticket, _ in outbox.overdue(2)] == tickets[:2]
    assert [parcel.payload for _, parcel in outbox.overdue(2)] == [b"c"]
    assert outbox.overdue(2) == [], "what was taken is on its way again"


def test_patience_doubles_with_every_repeat(outbox: Outbox, clock: Clock) -> None:
    ticket = put(outbox, "a")
    gaps = []
    for _ in range(6):
        outbox.puback(ticket)
        sent_s = clock.now_s
        while not outbox.overdue(1):
            clock.now_s += 1
        gaps.append(clock.now_s - sent_s)
    assert gaps == [10, 20, 40, 80, 160, 160]


def test_what_the_client_still_holds_is_not_repeated(outbox: Outbox, clock: Clock) -> None:
    put(outbox, "a")
    clock.now_s = 1_000
    outbox.reconnected(0)
    assert outbox.overdue(10) == []


def test_a_reconnect_makes_that_connection_due_at_once(outbox: Outbox) -> None:
    ours, theirs = put(outbox, "a", line=0), put(outbox, "b", line=1)
    outbox.puback(ours)
    outbox.puback(theirs)
    outbox.reconnected(1)
    assert [ticket for ticket, _ in outbox.overdue(10)] == [theirs]


def test_what_the_client_refused_is_due_at_once(outbox: Outbox) -> None:
    ticket = put(outbox, "a")
    outbox.not_sent(ticket)
    assert [found for found, _ in outbox.overdue(10)] == [ticket]


def test_a_full_window_waits_for_a_receipt(outbox: Outbox) -> None:
    for name in "abc":
        assert outbox.wait_for_room(0)
        put(outbox, name)
    assert not outbox.wait_for_room(0)
    answer = threading.Timer(0.05, outbox.receipt, ("gw1", "b"))
    answer.start()
    assert outbox.wait_for_room(5)
    assert not outbox.wait_until_empty(0)


@pytest.mark.parametrize(("window", "timeout_s"), [(0, 1.0), (1, 0.0)])
def test_a_window_and_a_timeout_are_positive(window: int, timeout_s: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Outbox(window, timeout_s)
