"""What every store promises about itself: that ingest lives, what waits, and where it stands."""

import pytest

from ingest.store import Heartbeat, Reader, StoreUnavailable, Writer
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import RECEIVED_MS, spo2
from tests.ingest.store.adapters import Place


@pytest.fixture
def assigned(writer: Writer) -> Writer:
    """A store in which the device is Anna's."""
    writer.enrol(enrolment(term("anna")), NOW_MS)
    return writer


def test_the_last_sign_of_life_stands_in_place_of_the_others(
    writer: Writer, reader: Reader
) -> None:
    assert reader.vitals(0).heartbeat is None
    for number in range(100):
        writer.beat(Heartbeat(NOW_MS + number, NOW_MS, None, number))
    assert reader.vitals(0).heartbeat == Heartbeat(NOW_MS + 99, NOW_MS, None, 99)
    assert reader.tallies()["records"] == reader.last_seq() == 0


def test_vitals_say_what_came_last_and_what_waits_for_the_rules(
    assigned: Writer, reader: Reader
) -> None:
    assert (reader.vitals(0).newest_ms, reader.vitals(0).unjudged_ms) == (None, None)
    for number in range(2):
        time = f"2026-02-17T07:00:0{number}"
        assigned.append([spo2("93", t=time, received_ms=RECEIVED_MS + number * 1000)])
    vitals = reader.vitals(0)
    assert (vitals.newest_ms, vitals.unjudged_ms) == (RECEIVED_MS + 1000, RECEIVED_MS)
    assert reader.vitals(1).unjudged_ms == RECEIVED_MS + 1000
    assert reader.vitals(2).unjudged_ms is None
    assert reader.heard_since(RECEIVED_MS + 1000) == {"anna"}
    assert reader.heard_since(RECEIVED_MS + 1001) == set()


def test_what_belongs_to_nobody_waits_for_no_rule(writer: Writer, reader: Reader) -> None:
    writer.append([spo2("93")])
    vitals = reader.vitals(0)
    assert (vitals.newest_ms, vitals.unjudged_ms) == (RECEIVED_MS, None)
    assert reader.heard_since(0) == set()


def test_a_place_that_was_moved_is_noticed_and_takes_nothing(
    assigned: Writer, reader: Reader, place: Place
) -> None:
    assert assigned.stands()
    assert reader.stands()
    place.move_away()
    assert not assigned.stands()
    assert not reader.stands()
    for write in (
        lambda: assigned.append([spo2("93")]),
        lambda: assigned.beat(Heartbeat(NOW_MS, NOW_MS)),
        lambda: assigned.enrol(enrolment(term("bo")), NOW_MS),
    ):
        with pytest.raises(StoreUnavailable, match="moved, removed or replaced"):
            write()
    place.move_back()
    assert assigned.stands()
    assert reader.stands()
    (outcome,) = assigned.append([spo2("93")])
    assert outcome.result == "accepted"
