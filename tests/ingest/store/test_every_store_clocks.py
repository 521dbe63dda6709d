"""What every store makes of clocks that begin anew, and of a clock pair that comes late."""

from datetime import UTC, datetime

import pytest

from ingest.store import Arrival, Reader, Writer
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import MEASURED_MS
from tests.ingest.store.test_every_store_acts import UNVOUCHED, everything, results, sent, value


@pytest.fixture
def store(writer: Writer) -> Writer:
    """A store in which the device is Anna's."""
    writer.enrol(enrolment(term("anna")), NOW_MS)
    return writer


def test_a_clock_that_begins_anew_without_a_pair_repeats_no_act(
    store: Writer, reader: Reader
) -> None:
    said = [
        value("71", clock=UNVOUCHED, boot=boot, sent=f"2026-02-18T0{hour}:30:00+01:00")
        for hour, boot in enumerate(("b1", "b2", "b3"), 5)
    ]
    assert results(store, [*said, *said]) == ["accepted"] * 3 + ["duplicate"] * 3
    assert [record.boot for record in everything(reader)] == ["b1", "b2", "b3"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_resend_that_has_a_clock_pair_at_last_is_the_same_act(
    store: Writer, reader: Reader, order: tuple[int, ...]
) -> None:
    pair = {"sync": "none", "device": "2026-02-18T07:53:00", "gateway": sent(30)}
    said = [value("71", clock=UNVOUCHED), value("71", 40, clock=pair)]
    results(store, [said[place] for place in order])
    (record,) = everything(reader)
    assert (record.measured_ms, record.values) == (MEASURED_MS - 22 * 60_000 - 30_000, ("71",))


def test_a_reading_of_october_s_second_hour_that_is_sent_again_later_is_no_third(
    store: Writer, reader: Reader
) -> None:
    store.enrol(enrolment(term("anna", since=datetime(2025, 1, 1, tzinfo=UTC))), NOW_MS)

    def night(text: str, at: str) -> Arrival:
        received_ms = int(datetime.fromisoformat(at).timestamp() * 1000)
        return value(text, t="2025-10-26T02:30:00", sent=at, clock=..., received_ms=received_ms)

    first, second = "2025-10-26T02:30:20+02:00", "2025-10-26T02:30:20+01:00"
    said = [night("91", first), night("88", second), night("88", "2025-10-26T10:30:20+01:00")]
    assert results(store, said) == ["accepted", "accepted", "duplicate"]
    assert results(store, [night("91", "2025-10-26T11:30:20+01:00")]) == ["duplicate"]
    assert [(one.values, one.conflict) for one in everything(reader)] == [
        (("91",), False),
        (("88",), False),
    ]
