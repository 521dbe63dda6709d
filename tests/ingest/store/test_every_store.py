"""What every store promises about readings: stored once, changed openly, told in order."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest

from fhir_mapping.record import Record
from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Mapped, Reader, Writer
from tests.ingest.enrolments import NOW_MS, citizen, enrolment, term
from tests.ingest.said import (
    DEVICE,
    MEASURED_MS,
    RECEIVED_MS,
    VOUCHED,
    arrival,
    delivery,
    pressure,
    readings_at,
    spo2,
)
from tests.ingest.store.adapters import Place

ALL = 10_000
UNVOUCHED = {"sync": "none"}


def results(writer: Writer, *arrivals: Arrival) -> list[str]:
    return [outcome.result for outcome in writer.append(arrivals)]


def everything(reader: Reader) -> list[Record]:
    return reader.records_after(0, ALL, unassigned=True)


def values(reader: Reader) -> list[str | None]:
    return [record.values[0] for record in everything(reader)]


@pytest.fixture
def assigned(writer: Writer) -> Writer:
    """A store in which the device is Anna's."""
    writer.enrol(enrolment(term("anna")), NOW_MS)
    return writer


def test_a_record_comes_back_as_it_was_given(assigned: Writer, reader: Reader) -> None:
    cuff = arrival(
        type="528391",
        r=[
            *pressure(systolic="134", diastolic="82"),
            {"c": "pulse_cuff", "st": ["invalid"], "sup": {"arm": "venstre \0 æøå 🫀"}},
        ],
        t="2026-02-18T07:29:40.250",
        boot="\x1f",
        model="m",
        fw="f",
        by="typed",
        loc="institution",
        clock={
            "sync": "ntp",
            "device": "2026-02-18T07:29:58",
            "gateway": "2026-02-18T07:31:09.120+01:00",
        },
    )
    (outcome,) = assigned.append([cuff])
    assert (outcome.result, outcome.topic) == ("accepted", cuff.delivery.topic)
    assert (outcome.message_id, outcome.message_seq) == ("0198c0de-0001", 4711)
    assert isinstance(cuff.item, Mapped)
    wanted = [
        msgspec.structs.replace(
            record,
            seq=seq,
            citizen="anna",
            received_ms=RECEIVED_MS,
            updated_ms=RECEIVED_MS,
            scheduled=True,
        )
        for seq, record in enumerate(cuff.item.records, 1)
    ]
    assert everything(reader) == wanted
    assert [reader.record(record.id) for record in wanted] == wanted
    assert reader.record(bytes(16)) is None


def test_a_record_that_is_withdrawn_comes_back_as_withdrawn(
    assigned: Writer, reader: Reader
) -> None:
    given = spo2("93")
    assert isinstance(given.item, Mapped)
    gone = [msgspec.structs.replace(record, withdrawn=True) for record in given.item.records]
    item = msgspec.structs.replace(given.item, records=gone)
    assigned.append(
        [msgspec.structs.replace(given, item=item), spo2("93", t="2026-02-18T07:00:00")]
    )
    assert [record.withdrawn for record in everything(reader)] == [True, False]


def test_the_same_arrival_is_stored_once_for_ever(assigned: Writer, reader: Reader) -> None:
    assert results(assigned, spo2("93"), spo2("93")) == ["accepted", "duplicate"]
    before = everything(reader)
    later = spo2("93", received_ms=RECEIVED_MS + 10**10, id="other", seq=1)
    for _ in range(3):
        assert results(assigned, later) == ["duplicate"]
    assert everything(reader) == before
    assert reader.last_seq() == 1


def test_anything_new_in_a_reading_makes_it_accepted(assigned: Writer, reader: Reader) -> None:
    pulse = {"c": "pulse_oximeter", "val": "88", "u": "/min"}
    assigned.append([spo2("93")])
    both = arrival(r=[{"c": "spo2", "val": "93", "u": "%"}, pulse])
    assert results(assigned, both, both) == ["accepted", "duplicate"]
    assert len(everything(reader)) == 2


def test_another_value_on_a_vouched_clock_amends(
    assigned: Writer, reader: Reader, place: Place
) -> None:
    first, second, third = (spo2(value, clock=VOUCHED) for value in ("93", "91", "92"))
    other = arrival("other", clock=VOUCHED)
    assert results(assigned, first, other, second) == ["accepted", "quarantined", "accepted"]
    assert results(assigned, third) == ["accepted"]
    (record,) = reader.records_of("anna")
    assert (record.values, record.version, record.seq) == (("92",), 3, 4)
    assert not record.conflict
    assert isinstance(first.item, Mapped)
    assert record.id == first.item.records[0].id
    assert place.earlier_values() == [(1, "93"), (2, "91")]


def test_an_amendment_that_is_the_newest_record_still_gets_a_new_number(
    assigned: Writer, reader: Reader
) -> None:
    assigned.append([spo2("93", clock=VOUCHED)])
    seq = reader.last_seq()
    assigned.append([spo2("91", clock=VOUCHED)])
    assert [record.values for record in reader.records_after(seq, ALL)] == [("91",)]


def test_a_late_resend_of_an_amended_value_changes_nothing(
    assigned: Writer, reader: Reader
) -> None:
    for value in ("93", "91"):
        assigned.append([spo2(value, clock=VOUCHED)])
    before = everything(reader)
    for clock in (VOUCHED, UNVOUCHED):
        assert results(assigned, spo2("93", clock=clock)) == ["duplicate"]
    assert everything(reader) == before


def test_two_values_on_an_unvouched_clock_are_both_kept_and_flagged(
    assigned: Writer, reader: Reader, place: Place
) -> None:
    first, twin, triplet = (spo2(value, clock=UNVOUCHED) for value in ("93", "91", "88"))
    assert results(assigned, first, twin, twin, first) == [
        "accepted",
        "accepted",
        "duplicate",
        "duplicate",
    ]
    records = everything(reader)
    assert sorted(record.values[0] or "" for record in records) == ["91", "93"]
    assert all(record.conflict for record in records)
    assert len({record.id for record in records}) == 2
    assert {record.version for record in records} == {1, 2}
    assert results(assigned, triplet, twin) == ["accepted", "duplicate"]
    assert place.earlier_values() == []
    assert len(everything(reader)) == 3


def test_a_follower_hears_that_a_record_is_now_in_conflict(
    assigned: Writer, reader: Reader
) -> None:
    assigned.append([spo2("93", clock=UNVOUCHED)])
    seen = reader.last_seq()
    assigned.append([spo2("91", clock=UNVOUCHED)])
    news = reader.records_after(seen, ALL)
    assert sorted(record.values[0] or "" for record in news) == ["91", "93"]
    assert all(record.conflict for record in news)


def test_a_twin_that_comes_again_with_a_vouched_clock_is_a_duplicate(
    assigned: Writer, reader: Reader
) -> None:
    """A gateway rebuilds a message with its clock in sync meanwhile: it is still stored once."""
    for value in ("93", "91"):
        assigned.append([spo2(value, clock=UNVOUCHED)])
    assert results(assigned, spo2("91", clock=VOUCHED)) == ["duplicate"]
    assert sorted(value or "" for value in values(reader)) == ["91", "93"]


def test_numbers_rise_without_gaps_and_pages_meet(assigned: Writer, reader: Reader) -> None:
    arrivals = readings_at(57)
    for start in range(0, 57, 10):
        assigned.append(arrivals[start : start + 10])
    seen: list[int] = []
    while page := reader.records_after(seen[-1] if seen else 0, 7):
        assert len(page) <= 7
        seen += [record.seq for record in page]
    assert seen == list(range(1, 58))
    assert reader.last_seq() == 57


def test_a_plan_decides_what_was_scheduled(writer: Writer, reader: Reader) -> None:
    """2026-02-18 is a Wednesday. Midnight is the local one, in the zone of the reading."""
    who = citizen("wednesdays", "0010000")
    people = msgspec.structs.replace(enrolment(term("wednesdays")), citizens=[who])
    writer.enrol(people, NOW_MS)
    times = {
        "2026-02-17T23:59:59": False,
        "2026-02-18T00:00:00": True,
        "2026-02-18T23:59:59": True,
        "2026-02-19T00:00:00": False,
    }
    late = RECEIVED_MS + 10 * 86_400_000
    for time in times:
        writer.append([spo2("93", t=time, received_ms=late)])
    found = {record.device_time: record.scheduled for record in everything(reader)}
    assert found == times


def test_a_changed_plan_holds_for_what_comes_after(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna")), NOW_MS)
    writer.append([spo2("93")])
    never = citizen("anna", "0000000")
    writer.enrol(msgspec.structs.replace(enrolment(), citizens=[never]), NOW_MS)
    writer.append([spo2("93", t="2026-02-18T07:00:00")])
    assert [record.scheduled for record in everything(reader)] == [True, False]


def test_a_citizen_s_records_by_kind_time_and_number(assigned: Writer, reader: Reader) -> None:
    pulse = {"c": "pulse_oximeter", "val": "88", "u": "/min"}
    item = {"c": "spo2", "val": "93", "u": "%"}
    hours = ("09", "07", "08")
    assigned.append([arrival(t=f"2026-02-17T{hour}:00:00", r=[item, pulse]) for hour in hours])
    assigned.append([arrival("other")])
    at = {hour: MEASURED_MS - (24 - int(hour) + 7) * 3_600_000 - 1_780_000 for hour in hours}

    def found(about: Sequence[str] = (), **bounds: int) -> list[tuple[str, str]]:
        records = reader.records_of("anna", about, **bounds)
        return [(record.about, record.device_time[11:13]) for record in records]

    assert [hour for _, hour in found()] == ["07", "07", "08", "08", "09", "09"]
    assert found(["spo2"]) == [("spo2", "07"), ("spo2", "08"), ("spo2", "09")]
    assert found(["spo2"], limit=2) == [("spo2", "08"), ("spo2", "09")]
    assert found(["spo2"], since_ms=at["08"]) == [("spo2", "08"), ("spo2", "09")]
    assert found(["spo2"], since_ms=at["07"], until_ms=at["09"]) == found(["spo2"])[:2]
    assert len(found(["spo2", "pulse_oximeter", "weight"])) == 6
    assert found(["weight"]) == []
    assert found(limit=0) == []
    assert reader.records_of("nobody") == []


def refusal(place: int, reason: Reason = Reason.UNIT_UNKNOWN, payload: bytes = b"\xff") -> Arrival:
    rejection = Rejection(reason, "$.r[0].u", "u is 'x'", place, "m", 3)
    return Arrival(delivery(payload), rejection)


def test_a_rejection_is_stored_once_with_its_payload_and_counted(
    writer: Writer, reader: Reader
) -> None:
    first = writer.append([refusal(0), refusal(1), refusal(0)])
    again = writer.append([refusal(0)])
    assert [outcome.reason for outcome in first + again] == ["unit-unknown"] * 4
    assert (first[0].result, first[0].path, first[0].message_id) == ("rejected", "$.r[0].u", "m")
    rows = list(reader.rejections())
    assert [(row.place, row.deliveries) for row in rows] == [(0, 3), (1, 1)]
    assert rows[0].payload == b"\xff"
    assert (rows[0].detail, rows[0].received_ms) == ("u is 'x'", RECEIVED_MS)
    tallies = reader.tallies()
    assert (tallies["rejections"], tallies["rejected-unit-unknown"]) == (2, 2)
    assert tallies["readings-rejected"] == 4


def test_an_identity_mismatch_is_held_not_refused(writer: Writer, reader: Reader) -> None:
    (outcome,) = writer.append([refusal(-1, Reason.IDENTITY_MISMATCH)])
    assert outcome.result == "quarantined"
    assert [row.result for row in reader.rejections()] == ["quarantined"]


def test_a_replayed_rejection_is_no_longer_open(writer: Writer, reader: Reader) -> None:
    writer.append([refusal(0), refusal(1)])
    first, second = reader.rejections(unreplayed_only=True)
    writer.mark_replayed(first.key, NOW_MS)
    assert [row.key for row in reader.rejections(unreplayed_only=True)] == [second.key]
    assert [row.replayed_ms for row in reader.rejections()] == [NOW_MS, None]


def test_more_rejections_than_a_page_come_oldest_first(writer: Writer, reader: Reader) -> None:
    writer.append([refusal(place) for place in range(1_203)])
    assert [row.place for row in reader.rejections()] == list(range(1_203))
    assert len(reader.rejection_digests()) == 1


def test_the_tallies_say_what_the_rows_say(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna")), NOW_MS)
    outcomes = writer.append([*readings_at(5), *readings_at(3), arrival("other"), refusal(2)])
    outcomes += writer.append([refusal(2), refusal(3, Reason.CODE_UNKNOWN)])
    tallies = reader.tallies()
    by_result = Counter(outcome.result for outcome in outcomes)
    assert {name: tallies[f"readings-{name}"] for name in by_result} == dict(by_result)
    rows = list(reader.rejections())
    by_reason = Counter(row.reason for row in rows)
    assert {name: tallies[f"rejected-{name}"] for name in by_reason} == dict(by_reason)
    records = everything(reader)
    assert tallies["records"] == len(records) == 6
    assert tallies["records-unassigned"] == sum(record.citizen is None for record in records)
    assert tallies["rejections"] == len(rows)
    assert tallies["deliveries"] == len(outcomes)


def test_an_empty_store_has_nothing_to_tell(reader: Reader) -> None:
    assert everything(reader) == []
    assert reader.departures_after(0) == []
    assert (reader.last_seq(), reader.enrolment_version()) == (0, 0)
    assert (reader.citizens(), reader.limits()) == ({}, {})
    assert reader.organisation("clinic") is None
    assert reader.device(DEVICE) is None
    assert list(reader.rejections()) == []
    assert reader.tallies()["records"] == 0


def test_an_empty_batch_stores_nothing(writer: Writer, reader: Reader) -> None:
    assert writer.append([]) == []
    assert reader.tallies().get("deliveries", 0) == 0


def test_seconds_are_enough_to_tell_readings_apart(assigned: Writer, reader: Reader) -> None:
    assigned.append(readings_at(100))
    records = reader.records_of("anna")
    assert all(a.measured_ms < b.measured_ms for a, b in pairwise(records))
    assert [record.id for record in records] == sorted(record.id for record in records)
