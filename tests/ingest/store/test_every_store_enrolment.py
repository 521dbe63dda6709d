"""What every store promises about people: whose a reading is, also when that is said late."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.enrolled import Assignment, Enrolment
from ingest.attribution import Assignments, Term
from ingest.store import Arrival, Reader, Writer
from tests.ingest.enrolments import (
    ANNA,
    BO,
    CLINIC,
    NOW_MS,
    OXIMETER,
    START,
    citizen,
    day,
    enrolment,
    fact,
    limits,
    term,
)
from tests.ingest.said import DEVICE, MEASURED_MS, VOUCHED, readings_at, spo2
from tests.ingest.store.adapters import Place

ALL = 10_000


def owners(reader: Reader) -> dict[str, str | None]:
    """Whose each record is, by the day of February it was measured."""
    records = reader.records_after(0, ALL, unassigned=True)
    return {record.device_time[8:10]: record.citizen for record in records}


def measured_on(*days: int, slot: int = 1) -> list[Arrival]:
    return [spo2("93", t=f"2026-02-{number:02d}T12:00:00", slot=slot) for number in days]


def test_nobody_s_reading_is_quarantined_until_the_assignment_arrives(
    writer: Writer, reader: Reader
) -> None:
    outcomes = writer.append(measured_on(2, 4))
    assert [(outcome.result, outcome.reason) for outcome in outcomes] == [
        ("quarantined", "device-unassigned")
    ] * 2
    assert reader.records_after(0, ALL) == []
    assert reader.tallies()["records-unassigned"] == 2
    before = reader.records_after(0, ALL, unassigned=True)
    change = writer.enrol(enrolment(term("anna", since=day(3))), NOW_MS)
    assert (change.assignments, change.reattributed) == (1, 1)
    (record,) = reader.records_after(before[-1].seq, ALL)
    assert (record.citizen, record.device_time[8:10], record.version) == ("anna", "04", 2)
    assert record.scheduled
    assert record.identity == before[1].identity
    assert owners(reader) == {"02": None, "04": "anna"}
    assert reader.departures_after(0) == []  # nobody lost anything
    assert writer.append(measured_on(4))[0].result == "duplicate"


def test_a_device_that_was_lent_twice_gives_each_their_own(writer: Writer, reader: Reader) -> None:
    writer.append(measured_on(1, 4, 7, 10))
    writer.enrol(enrolment(term("anna", day(3), day(6)), term("bo", day(9))), NOW_MS)
    assert owners(reader) == {"01": None, "04": "anna", "07": None, "10": "bo"}
    assert writer.append(measured_on(5))[0].result == "accepted"
    assert writer.append(measured_on(8))[0].result == "quarantined"
    assert owners(reader)["05"] == "anna"


def test_a_term_begins_inclusive_and_ends_exclusive(writer: Writer, reader: Reader) -> None:
    begin, end = day(2).replace(hour=11), day(3).replace(hour=11)  # 12:00+01:00
    writer.enrol(enrolment(term("anna", begin, end)), NOW_MS)
    writer.append(measured_on(1, 2, 3))
    assert owners(reader) == {"01": None, "02": "anna", "03": None}


def test_each_slot_has_its_own_citizen(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna"), term("bo", slot=2)), NOW_MS)
    writer.append(measured_on(1, slot=1) + measured_on(2, slot=2) + measured_on(3, slot=3))
    assert owners(reader) == {"01": "anna", "02": "bo", "03": None}


def test_a_corrected_assignment_moves_records_and_tells_who_lost_them(
    writer: Writer, reader: Reader
) -> None:
    writer.enrol(enrolment(term("anna")), NOW_MS)
    writer.append(measured_on(1, 2, 5, 6))
    seen = reader.last_seq()
    anna_before = msgspec.structs.replace(term("anna"), to=day(4))
    change = writer.enrol(enrolment(anna_before, term("bo", day(6))), NOW_MS)
    assert change.reattributed == 2
    assert owners(reader) == {"01": "anna", "02": "anna", "05": None, "06": "bo"}
    departures = reader.departures_after(seen)
    assert [who for _, who in departures] == ["anna", "anna"]
    moved = reader.records_after(seen, ALL, unassigned=True)
    assert [record.seq for record in moved] == [seq for seq, _ in departures]
    assert reader.departures_after(departures[0][0]) == departures[1:]
    assert [r.device_time[8:10] for r in reader.records_of("anna")] == ["01", "02"]
    assert [r.device_time[8:10] for r in reader.records_of("bo")] == ["06"]


def test_an_amendment_that_moves_a_reading_to_somebody_else_tells_who_lost_it(
    writer: Writer, reader: Reader
) -> None:
    """Same identity, other value, and another clock pair that puts it into the next term."""
    writer.enrol(enrolment(term("anna", to=day(18)), term("bo", day(18))), NOW_MS)
    pair = {"sync": "ntp", "device": "2026-02-18T00:05:00"}
    early = {**pair, "gateway": "2026-02-18T01:03:30+01:00"}
    late = {**pair, "gateway": "2026-02-18T01:04:30+01:00"}
    writer.append([spo2("93", t="2026-02-18T00:01:00", clock=early)])
    seen = reader.last_seq()
    assert [record.citizen for record in reader.records_after(0, ALL)] == ["anna"]
    writer.append([spo2("92", t="2026-02-18T00:01:00", clock=late)])
    (record,) = reader.records_after(seen, ALL)
    assert record.citizen == "bo"
    assert reader.departures_after(seen) == [(record.seq, "anna")]


def test_a_record_in_conflict_stays_so_when_it_is_amended(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna")), NOW_MS)
    writer.append([spo2("93"), spo2("91"), spo2("90", clock=VOUCHED)])
    records = {record.values[0]: record.conflict for record in reader.records_after(0, ALL)}
    assert records == {"91": True, "90": True}


def test_enrolling_again_changes_nothing(writer: Writer, reader: Reader) -> None:
    whole = enrolment(
        term("anna"), term("bo", slot=2), limits=[limits("anna", "85")], facts=[fact("oxygen")]
    )
    first = writer.enrol(whole, NOW_MS)
    assert msgspec.structs.astuple(first) == (1, 2, 1, 2, 1, 1, 0)
    writer.append(readings_at(3))
    version, seq = reader.enrolment_version(), reader.last_seq()
    for later in range(3):
        again = writer.enrol(whole, NOW_MS + later)
        assert not any(msgspec.structs.astuple(again))
    assert (reader.enrolment_version(), reader.last_seq()) == (version, seq)
    assert len(reader.limits()["anna"]) == 1


def test_everything_enrolled_comes_back(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(), NOW_MS)
    assert reader.citizens() == {"anna": ANNA, "bo": BO}
    assert reader.organisation("clinic") == CLINIC
    assert reader.device(DEVICE) == OXIMETER
    changed = citizen("anna", "1000000")
    change = writer.enrol(Enrolment(citizens=[changed]), NOW_MS)
    assert msgspec.structs.astuple(change) == (0, 1, 0, 0, 0, 0, 0)
    assert reader.citizens()["anna"] == changed
    assert reader.enrolment_version() == 2


def test_limits_are_added_to_and_never_changed(writer: Writer, reader: Reader) -> None:
    first, second = limits("anna", "85"), limits("anna", "88")
    for number, row in enumerate((first, second, second, first)):
        writer.enrol(enrolment(limits=[row]), NOW_MS + number)
    assert reader.limits() == {"anna": [first, second, first]}


def test_limits_of_the_same_millisecond_keep_their_order(writer: Writer, reader: Reader) -> None:
    rows = [limits("anna", text) for text in ("85", "88", "86")]
    for row in rows:
        writer.enrol(enrolment(limits=[row]), NOW_MS)
    assert reader.limits()["anna"] == rows


def test_limits_take_effect_in_the_order_of_their_beginning(writer: Writer, reader: Reader) -> None:
    late, early = limits("anna", "85", day(9)), limits("anna", "88", day(2))
    writer.enrol(enrolment(limits=[late]), NOW_MS)
    writer.enrol(enrolment(limits=[early]), NOW_MS + 1)
    assert reader.limits()["anna"] == [early, late]


def test_relative_limits_have_a_history_of_their_own(writer: Writer, reader: Reader) -> None:
    absolute = limits("anna", "85")
    relative = msgspec.structs.replace(absolute, low_red="4", relative=True, base="94")
    writer.enrol(enrolment(limits=[absolute]), NOW_MS)
    change = writer.enrol(enrolment(limits=[relative]), NOW_MS)
    assert change.limits == 1
    assert reader.limits_of("anna") == [(NOW_MS, absolute), (NOW_MS, relative)]
    assert writer.enrol(enrolment(limits=[absolute, relative]), NOW_MS + 1).limits == 0


def test_the_newest_word_on_a_fact_counts_and_all_are_kept(writer: Writer, reader: Reader) -> None:
    begun = fact("prednisolone", day(2))
    ended = msgspec.structs.replace(begun, to=day(9))
    other = fact("admission", day(1), day(3))
    for number, row in enumerate((begun, ended, ended, other)):
        change = writer.enrol(enrolment(facts=[row]), NOW_MS + number)
        assert change.facts == (number != 2)
    assert reader.facts() == {"anna": [other, ended]}
    assert reader.facts_of("anna") == [other, ended]
    assert reader.facts_of("bo") == reader.facts_of("ghost") == []
    mistaken = msgspec.structs.replace(other, void=True)
    writer.enrol(enrolment(facts=[mistaken]), NOW_MS + 9)
    assert reader.facts_of("anna") == [mistaken, ended], "that it never held is known as well"
    writer.enrol(enrolment(facts=[begun]), NOW_MS)  # by a clock that was set back
    assert reader.facts_of("anna") == [mistaken, begun]


def test_what_was_handed_out_to_whom_comes_back_in_order(writer: Writer, reader: Reader) -> None:
    second, first = term("anna", day(5), day(9)), term("anna", day(1), day(5))
    writer.enrol(enrolment(second, first, term("bo", slot=2)), NOW_MS)
    assert reader.assignments() == {"anna": [first, second], "bo": [term("bo", slot=2)]}


def test_an_unknown_citizen_undoes_the_whole_enrolment(writer: Writer, reader: Reader) -> None:
    with pytest.raises(KeyError):
        writer.enrol(enrolment(term("anna"), term("ghost", slot=2)), NOW_MS)
    assert reader.citizens() == {}
    assert reader.enrolment_version() == 0


def test_a_writer_sees_what_another_one_enrolled(writer: Writer, place: Place) -> None:
    assert writer.append(measured_on(1))[0].result == "quarantined"
    other = place.writer()
    other.enrol(enrolment(term("anna")), NOW_MS)
    assert writer.append(measured_on(2))[0].result == "accepted"
    other.close()


HOURS = st.integers(0, 30)
TERMS = st.lists(st.tuples(st.sampled_from(["anna", "bo"]), HOURS, st.none() | HOURS), max_size=6)


def terms(rows: list[tuple[str, int, int | None]]) -> list[Assignment]:
    """Assignments by day of February, one per beginning."""
    found = {begin: (who, end) for who, begin, end in rows if end is None or end > begin}
    return [
        term(who, day(begin), day(end) if end is not None else None)
        for begin, (who, end) in found.items()
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(early=TERMS, late=TERMS, number=st.integers(1, 10**9))
def test_it_does_not_matter_when_an_assignment_is_told(
    writer: Writer,
    reader: Reader,
    early: list[tuple[str, int, int | None]],
    late: list[tuple[str, int, int | None]],
    number: int,
) -> None:
    """Attribution afterwards is the same as if all assignments had been known before."""
    device = f"device-{number}-{reader.last_seq()}"

    def of(rows: list[Assignment]) -> list[Assignment]:
        return [msgspec.structs.replace(row, device=device) for row in rows]

    writer.enrol(enrolment(*of(terms(early))), NOW_MS)
    writer.append([spo2("93", device=device, t=f"2026-02-{d:02d}T06:00:00") for d in range(1, 17)])
    writer.enrol(enrolment(*of(terms(late))), NOW_MS)
    known = {row.since: row for row in terms(early)} | {row.since: row for row in terms(late)}
    names = {"anna": 1, "bo": 2}
    oracle = Assignments(
        Term("d", 1, _ms(row.since), _ms(row.to) if row.to else None, names[row.citizen])
        for row in known.values()
    )
    found = [r for r in reader.records_after(0, ALL, unassigned=True) if r.device == device]
    assert len(found) == 16
    for record in found:
        owner = oracle.citizen_of("d", 1, record.measured_ms)
        assert names.get(record.citizen or "") == owner


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def test_the_example_is_where_the_tests_think_it_is() -> None:
    assert _ms(START) < _ms(day(17)) < MEASURED_MS < _ms(day(19))
