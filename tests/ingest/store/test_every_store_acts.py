"""What every store makes of several words on one act, and of one word on several acts."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import msgspec
import pytest

from fhir_mapping.record import Intent, Record, Superseded, identity_by_content
from ingest.rejection import Reason
from ingest.store import Arrival, Mapped, Query, Reader, Writer
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import DEVICE, RECEIVED_MS, VOUCHED, arrival, pressure, spo2
from tests.ingest.store.adapters import Place

ALL = 10_000
UNVOUCHED = {"sync": "none"}
SCALE: dict[str, Any] = {"type": "528399", "t": "2000-01-01T00:00:12"}


@pytest.fixture
def store(writer: Writer) -> Writer:
    """A store in which the device is Anna's."""
    writer.enrol(enrolment(term("anna")), NOW_MS)
    return writer


def results(writer: Writer, arrivals: Sequence[Arrival]) -> list[str]:
    return [outcome.result for outcome in writer.append(arrivals)]


def everything(reader: Reader) -> list[Record]:
    return reader.records_after(0, ALL, unassigned=True)


def sent(second: int) -> str:
    return f"2026-02-18T07:30:{second:02d}+01:00"


def value(text: str, second: int = 0, **changes: Any) -> Arrival:
    """A saturation of one act, said at this second."""
    return spo2(text, **{"sent": sent(second), "clock": VOUCHED, **changes})


def withdrawal(second: int = 30, **changes: Any) -> Arrival:
    """The same act taken back by the device itself."""
    fields = {"sent": sent(second), "clock": VOUCHED, "st": ["invalid"], **changes}
    return arrival(r=[{"c": "spo2"}], **fields)


def meant(of: Arrival, intent: Intent, sent_ms: int = 0, **changes: Any) -> Arrival:
    """What another door hands in: the same records, with what its author means."""
    assert isinstance(of.item, Mapped)
    records = [
        msgspec.structs.replace(record, sent_ms=sent_ms, **changes) for record in of.item.records
    ]
    item = msgspec.structs.replace(of.item, records=records, intent=intent)
    return Arrival(of.delivery, item)


def weighed(text: str, day: int, clock: str = "2000-01-01T00:00:20") -> Arrival:
    """A scale whose clock begins anew at every wake, read by its gateway at seven each morning."""
    pair = {"sync": "none", "device": clock, "gateway": f"2026-02-{day}T07:00:08+01:00"}
    item = {"c": "weight", "val": text, "u": "kg"}
    return arrival(r=[item], clock=pair, sent=f"2026-02-{day}T07:00:09+01:00", **SCALE)


def history(reader: Reader, record: Record) -> list[tuple[str | None, bool]]:
    return [(was.values[0], was.withdrawn) for was in reader.superseded(record.identity)]


# One identity, several acts


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_a_clock_that_restarts_at_every_wake_makes_three_records_of_three_mornings(
    store: Writer, reader: Reader, order: tuple[int, ...]
) -> None:
    mornings = [weighed("71.0", 15), weighed("71.0", 16), weighed("73.6", 17)]
    in_order = [mornings[place] for place in order]
    assert results(store, in_order) == ["accepted"] * 3
    assert results(store, [*in_order, *in_order]) == ["duplicate"] * 6
    records = reader.records_of("anna")
    assert [(one.values, one.version) for one in records] == [
        (("71.0",), 1), (("71.0",), 1), (("73.6",), 1),
    ]  # fmt: skip
    assert not any(one.conflict for one in records)
    assert [one.id for one in records] == [
        one.item.records[0].id for one in mornings if isinstance(one.item, Mapped)
    ]


def test_each_of_them_is_amended_and_resent_as_itself(store: Writer, reader: Reader) -> None:
    results(store, [weighed("71.0", 15), weighed("71.0", 16), weighed("73.6", 17)])
    read_again = weighed("71.0", 16, clock="2000-01-01T00:00:23")
    assert results(store, [read_again]) == ["duplicate"]  # three seconds of jitter
    moved = weighed("71.0", 16, clock="2000-01-01T00:01:00")
    assert results(store, [moved, moved]) == ["accepted", "duplicate"]  # forty: the same act
    first, second, third = reader.records_of("anna")
    assert (first.version, second.version, third.version) == (1, 2, 1)
    (was,) = reader.superseded(second.identity)
    assert was.measured_ms is not None
    assert was.measured_ms - second.measured_ms == 40_000
    assert (was.clock_device_ms, was.clock_sync) == (946_684_820_000, "none")


def test_the_doubled_hour_in_october_keeps_two_readings(store: Writer, reader: Reader) -> None:
    late = RECEIVED_MS + 300 * 86_400_000
    twice = [
        value("93", t="2026-10-25T02:30:00", sent=f"2026-10-25T02:31:00+0{hours}:00",
              received_ms=late,
              clock={"sync": "ntp", "device": "2026-10-25T02:31:00",
                     "gateway": f"2026-10-25T02:31:00+0{hours}:00"})
        for hours in (2, 1)
    ]  # fmt: skip
    assert results(store, [*twice, *twice]) == ["accepted", "accepted", "duplicate", "duplicate"]
    one, other = reader.records_of("anna")
    assert other.measured_ms - one.measured_ms == 3_600_000
    assert one.id != other.id


# One act, several spellings


def spelled(text: str, device_time: str, offset_min: int, **changes: Any) -> Arrival:
    """SpO2 measured at one instant, its device time as a door spells it."""
    given = spo2(text, clock=VOUCHED)
    assert isinstance(given.item, Mapped)
    records = []
    for record in given.item.records:
        facts = {"device_time": device_time, "offset_min": offset_min, "sent_ms": 0, **changes}
        named = msgspec.structs.replace(record, **facts)
        identity = identity_by_content(named)
        records.append(msgspec.structs.replace(named, identity=identity))
    return Arrival(given.delivery, msgspec.structs.replace(given.item, records=records))


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_one_instant_in_two_zones_is_one_record(
    store: Writer, reader: Reader, order: tuple[int, ...]
) -> None:
    spellings = [
        spelled("81", "2026-02-18T07:29:40", 60),
        spelled("81", "2026-02-18T06:29:40", 0),
        spelled("81", "2026-02-18T07:29:40", 60, boot="b3"),
    ]
    in_order = [spellings[place] for place in order]
    assert results(store, [*in_order, *in_order]) == ["accepted", *["duplicate"] * 5]
    (record,) = everything(reader)
    assert (record.values, record.version) == (("81",), 1)


def test_another_value_at_that_instant_is_a_change_of_it(store: Writer, reader: Reader) -> None:
    assert results(store, [spelled("81", "2026-02-18T07:29:40", 60)]) == ["accepted"]
    other = spelled("84", "2026-02-18T06:29:40", 0)
    assert results(store, [other, other]) == ["accepted", "duplicate"]
    (record,) = everything(reader)
    assert (record.values, record.device_time) == (("84",), "2026-02-18T07:29:40")
    assert history(reader, record) == [("81", False)]


def test_two_values_within_a_second_by_two_device_times_are_both_kept(
    store: Writer, reader: Reader
) -> None:
    """A device that measures several times in a second; the same number twice counts once."""
    at = [
        spelled(
            text, f"2026-02-18T07:29:40.{part}00", 60, measured_ms=1_771_396_180_000 + 100 * part
        )
        for text, part in (("93", 1), ("92", 4), ("93", 7))
    ]
    assert results(store, at) == ["accepted", "accepted", "duplicate"]
    assert results(store, at[::-1]) == ["duplicate"] * 3
    assert sorted(record.values[0] or "" for record in everything(reader)) == ["92", "93"]
    assert len({record.id for record in everything(reader)}) == 2


# Taken back


def test_a_withdrawal_is_a_version_without_value(store: Writer, reader: Reader) -> None:
    assert results(store, [value("93"), withdrawal(), withdrawal()]) == [
        "accepted", "accepted", "duplicate",
    ]  # fmt: skip
    (record,) = everything(reader)
    assert (record.withdrawn, record.version, record.values) == (True, 2, (None,))
    assert record.flags == ("invalid",)
    (was,) = reader.superseded(record.identity)
    assert (was.values, was.flags, was.withdrawn) == (("93",), (), False)
    assert was.measured_ms == record.measured_ms
    assert results(store, [value("93"), value("93", second=59)]) == ["duplicate", "duplicate"]


def test_a_withdrawal_that_comes_before_its_reading_wins(store: Writer, reader: Reader) -> None:
    assert results(store, [withdrawal(), value("93"), value("93"), withdrawal()]) == [
        "accepted", "accepted", "duplicate", "duplicate",
    ]  # fmt: skip
    (record,) = everything(reader)
    assert (record.withdrawn, record.version, record.values) == (True, 2, (None,))
    assert history(reader, record) == [("93", False)]


def test_a_first_reading_without_value_is_a_failure_as_ever(store: Writer, reader: Reader) -> None:
    assert results(store, [withdrawal(), withdrawal(59)]) == ["accepted", "duplicate"]
    (record,) = everything(reader)
    assert (record.withdrawn, record.version, record.flags) == (False, 1, ("invalid",))


@pytest.mark.parametrize("clock", [VOUCHED, UNVOUCHED])
def test_a_corrected_value_after_a_withdrawal_is_a_new_version(
    store: Writer, reader: Reader, clock: dict[str, str]
) -> None:
    words = [value("93", clock=clock), withdrawal(30, clock=clock), value("95", 40, clock=clock)]
    assert results(store, words) == ["accepted"] * 3
    assert results(store, words) == ["duplicate"] * 3
    (record,) = everything(reader)
    assert (record.values, record.version, record.withdrawn) == (("95",), 3, False)
    assert not record.conflict
    assert history(reader, record) == [("93", False), (None, True)]


@pytest.mark.parametrize("order", [*permutations(range(4))])
@pytest.mark.parametrize("clock", [VOUCHED, UNVOUCHED])
def test_words_that_say_when_they_were_sent_end_alike_in_any_order(
    store: Writer, reader: Reader, order: tuple[int, ...], clock: dict[str, str]
) -> None:
    words = [
        value("93", 0, clock=clock),
        withdrawal(10, clock=clock),
        value("95", 20, clock=clock),
        value("95", 30, clock=clock, st=["questionable"]),
    ]
    in_order = [words[place] for place in order]
    results(store, in_order)
    before = everything(reader)
    assert results(store, in_order) == ["duplicate"] * 4
    assert everything(reader) == before
    (last,) = (record for record in before if record.usable(0))
    assert (last.values, last.flags) == (("95",), ("questionable",))
    if clock is VOUCHED:
        assert (before, last.version) == ([last], 4)
        said = {(was.values[0], was.flags) for was in reader.superseded(last.identity)}
        assert said == {("93", ()), (None, ("invalid",)), ("95", ())}


@pytest.mark.parametrize("clock", [VOUCHED, UNVOUCHED])
def test_both_values_that_claimed_one_act_are_taken_back(
    store: Writer, reader: Reader, clock: dict[str, str]
) -> None:
    results(store, [value("93", clock=UNVOUCHED), value("91", 1, clock=UNVOUCHED)])
    assert results(store, [withdrawal(clock=clock)]) == ["accepted"]
    assert [(one.withdrawn, one.values) for one in everything(reader)] == [(True, (None,))] * 2
    assert results(store, [withdrawal(clock=clock)]) == ["duplicate"]


def test_a_search_for_what_stands_passes_over_what_was_taken_back(
    store: Writer, reader: Reader
) -> None:
    results(store, [value("94", t="2026-02-18T07:00:00"), value("81"), withdrawal()])
    newest = Query(citizen="anna", about=("spo2",), limit_each=1)
    (gone,) = reader.search(newest)
    (stands,) = reader.search(msgspec.structs.replace(newest, standing=True))
    assert (gone.withdrawn, stands.values) == (True, ("94",))
    assert reader.count(newest) == 2
    assert reader.count(msgspec.structs.replace(newest, standing=True)) == 1


def test_a_panel_is_taken_back_as_a_whole(store: Writer, reader: Reader) -> None:
    cuff: dict[str, Any] = {"type": "528391", "clock": VOUCHED}
    said = arrival(r=pressure(systolic="134", diastolic="82"), sent=sent(0), **cuff)
    items = [{"c": "systolic"}, {"c": "diastolic"}]
    gone = arrival(r=items, st=["invalid"], sent=sent(30), **cuff)
    assert results(store, [said, gone, said, gone]) == [
        "accepted", "accepted", "duplicate", "duplicate",
    ]  # fmt: skip
    (record,) = everything(reader)
    assert (record.withdrawn, record.values) == (True, (None, None, None))


# Changes of other things than the number


def test_other_flags_are_an_amendment(store: Writer, reader: Reader) -> None:
    doubtful = value("93", 20, st=["questionable"])
    assert results(store, [value("93"), doubtful]) == ["accepted", "accepted"]
    assert results(store, [value("93"), doubtful, value("93", 40)]) == ["duplicate"] * 3
    (record,) = everything(reader)
    assert (record.version, record.flags) == (2, ("questionable",))
    assert [was.flags for was in reader.superseded(record.identity)] == [()]


def test_a_plain_resend_stays_a_duplicate_with_any_new_clock(store: Writer, reader: Reader) -> None:
    pair = {"sync": "ntp", "device": "2026-02-18T07:29:58"}
    words = [
        value("93", second, clock={**pair, "gateway": f"2026-02-18T07:29:5{second}+01:00"})
        for second in range(8)
    ]
    assert results(store, words) == ["accepted", *["duplicate"] * 7]
    assert results(store, [value("93", 50, clock=UNVOUCHED)]) == ["duplicate"]
    (record,) = everything(reader)
    assert record.version == 1


def test_of_two_amendments_sent_at_one_instant_the_last_to_arrive_holds(
    store: Writer, reader: Reader
) -> None:
    assert results(store, [value("93"), value("91", 5), value("92", 5)]) == ["accepted"] * 3
    (record,) = everything(reader)
    assert (record.values, history(reader, record)) == (("92",), [("93", False), ("91", False)])


# What other doors hand in


def test_a_door_withdraws_and_corrects_by_intent(store: Writer, reader: Reader) -> None:
    first = spelled("93", "2026-02-18T07:29:40", 60, clock_sync="none")
    wrong = meant(first, "withdrawal", 2_000)
    right = meant(spelled("95", "2026-02-18T07:29:40", 60, clock_sync="none"), "correction", 3_000)
    assert results(store, [first, wrong, wrong]) == ["accepted", "accepted", "duplicate"]
    (record,) = everything(reader)
    assert (record.withdrawn, record.values, record.flags) == (True, (None,), ("invalid",))
    assert results(store, [right, right, first, wrong]) == ["accepted", *["duplicate"] * 3]
    (record,) = everything(reader)
    assert (record.withdrawn, record.values, record.conflict) == (False, ("95",), False)
    assert history(reader, record) == [("93", False), (None, True)]


def test_a_withdrawal_of_what_nobody_said_yet_stands_and_wins(
    store: Writer, reader: Reader
) -> None:
    said = spelled("93", "2026-02-18T07:29:40", 60)
    assert results(store, [meant(said, "withdrawal"), said]) == ["accepted", "accepted"]
    (record,) = everything(reader)
    assert (record.withdrawn, record.values, record.version) == (True, (None,), 2)
    assert history(reader, record) == [("93", False)]


def test_a_correction_by_another_spelling_finds_the_record(store: Writer, reader: Reader) -> None:
    results(store, [spelled("81", "2026-02-18T07:29:40", 60, boot="b3")])
    right = meant(spelled("91", "2026-02-18T06:29:40", 0), "correction", 5_000)
    assert results(store, [right]) == ["accepted"]
    (record,) = everything(reader)
    assert (record.values, record.boot) == (("91",), "b3")
    assert isinstance(right.item, Mapped)
    assert reader.standing(right.item.records[0]) == record


def test_what_somebody_else_says_of_it_is_held(store: Writer, reader: Reader) -> None:
    """A resend is a resend whoever brings it; a change is its author's alone."""
    results(store, [value("93")])
    before = everything(reader)
    assert results(store, [value("93", by="typed")]) == ["duplicate"]
    for word in (value("95", 20, by="typed"), withdrawal(by="typedbyhcprof")):
        (outcome,) = store.append([word])
        assert (outcome.result, outcome.reason) == ("quarantined", Reason.IDENTITY_MISMATCH)
    assert everything(reader) == before
    assert [(row.reason, row.path) for row in reader.rejections()] == [
        ("identity-mismatch", "$.by")
    ] * 2


def test_an_earlier_version_is_kept_whole(store: Writer, reader: Reader, place: Place) -> None:
    pair = {"sync": "ntp", "device": "2026-02-18T07:29:58", "gateway": "2026-02-18T07:29:58+01:00"}
    results(store, [value("93", clock=pair, st=["questionable"]), value("91", 9)])
    (record,) = everything(reader)
    assert reader.superseded(record.identity) == [
        Superseded(
            version=1,
            values=("93",),
            received_ms=RECEIVED_MS,
            flags=("questionable",),
            measured_ms=record.measured_ms,
            sent_ms=1_771_396_200_000,
            clock_sync="ntp",
            clock_device_ms=1_771_399_798_000,
            clock_gateway_ms=1_771_396_198_000,
        )
    ]
    assert (record.device, reader.tallies()["records"]) == (DEVICE, 1)
