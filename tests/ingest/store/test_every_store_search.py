"""What every store promises about searching: the order, the span, the place, and the count."""

import random
from itertools import pairwise

import msgspec
import pytest

from devices.catalogue import OBSERVABLES
from fhir_mapping.codes import CPR
from fhir_mapping.record import Record
from fhir_mapping.resources import resource_id
from ingest.rejection import Reason, Rejection
from ingest.replay import replay
from ingest.store import Arrival, Counted, Mapped, Party, Query, Reader, Writer
from tests.ingest.enrolments import NOW_MS, OXIMETER, citizen, day, enrolment, limits, term
from tests.ingest.said import (
    DEVICE,
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
CUFF, OTHER = "60:64:05:FF:FE:CF:C6:04", "other"


def everything(reader: Reader) -> list[Record]:
    return reader.records_after(0, ALL, unassigned=True)


@pytest.fixture
def ward(writer: Writer) -> Writer:
    """Anna has an oximeter and a cuff, Bo one more oximeter; many readings share a moment."""
    writer.enrol(
        enrolment(term("anna"), term("anna", device=CUFF), term("bo", device=OTHER)), NOW_MS
    )
    dice = random.Random(1)
    arrivals = []
    for number in range(60):
        at = f"2026-02-17T{dice.randrange(6):02}:{dice.randrange(3):02}:00"
        device = dice.choice([DEVICE, CUFF, OTHER])
        if device == CUFF:
            said = {"type": "528391", "r": pressure(systolic="134", diastolic="82")}
        else:
            pulse = {"c": "pulse_oximeter", "val": "71", "u": "/min"}
            said = {"r": [{"c": "spo2", "val": str(90 + number % 9), "u": "%"}, pulse]}
        received = RECEIVED_MS + dice.randrange(-50_000, 50_000)
        arrivals.append(arrival(device, received, t=at, clock=VOUCHED, **said))
    for start in range(0, 60, 7):
        writer.append(arrivals[start : start + 7])
    return writer


def expected(records: list[Record], query: Query) -> list[Record]:
    """What a query means, by looking at every record."""
    found = [
        record
        for record in records
        if (query.citizen is None or record.citizen == query.citizen)
        and (not query.about or record.about in query.about)
        and not (query.standing and record.withdrawn)
        and (query.measured_from_ms or 0) <= record.measured_ms < (query.measured_until_ms or 2**60)
        and (query.changed_from_ms or 0) <= record.updated_ms < (query.changed_until_ms or 2**60)
    ]
    sign = -1 if query.newest_first else 1

    def key(record: Record) -> tuple[int, str, bytes]:
        if query.by_change:
            return sign * record.seq, "", b""
        return sign * record.measured_ms, record.about, record.id

    found.sort(key=key)
    if query.after is not None:
        cut = (sign * query.after[0], *query.after[1:])
        found = [record for record in found if key(record) > cut]
    if query.limit_each is not None:
        seen: dict[str, int] = {}
        kept = []
        for record in found:
            seen[record.about] = seen.get(record.about, 0) + 1
            if seen[record.about] <= query.limit_each:
                kept.append(record)
        found = kept
    return found if query.limit is None else found[: query.limit]


def test_a_search_is_what_looking_at_everything_gives(ward: Writer, reader: Reader) -> None:
    records = everything(reader)
    dice = random.Random(2)
    measured = [None, *(record.measured_ms for record in records)]
    changed = [None, *(record.updated_ms for record in records), RECEIVED_MS * 2]
    hits = 0
    for _ in range(600):
        by_change = dice.random() < 0.5
        patient = None if by_change and dice.random() < 0.4 else dice.choice(["anna", "bo", "eve"])
        place = dice.choice(records)
        after = (place.seq, "", b"") if by_change else (place.measured_ms, place.about, place.id)
        about = dice.choice([(), ("spo2",), ("spo2", "blood_pressure"), OBSERVABLES])
        bounded = dice.random() < 0.5
        query = Query(
            citizen=patient,
            about=() if patient is None else tuple(about),
            measured_from_ms=dice.choice(measured) if patient and bounded else None,
            measured_until_ms=dice.choice(measured) if patient and bounded else None,
            changed_from_ms=dice.choice(changed) if bounded else None,
            changed_until_ms=dice.choice(changed) if bounded else None,
            by_change=by_change,
            newest_first=dice.random() < 0.5,
            after=dice.choice([None, after]),
            limit=dice.choice([None, 0, 1, 5]),
            limit_each=None if by_change else dice.choice([None, 1, 3]),
        )
        found = reader.search(query)
        assert found == expected(records, query), query
        whole = msgspec.structs.replace(query, after=None, limit=None, limit_each=None)
        assert reader.count(query) == len(expected(records, whole)), query
        hits += bool(found)
    assert hits > 100


def test_changes_are_numbered_and_timed_in_one_order(ward: Writer, reader: Reader) -> None:
    """Late deliveries, corrected assignments and replays included: no poller misses one."""
    late = {"received_ms": RECEIVED_MS - 10**7, "t": "2026-02-18T02:00:00", "clock": VOUCHED}
    for value in ("77", "78"):
        ward.append([spo2(value, **late)])
    ward.append([spo2("78", t="2026-02-18T01:00:00"), spo2("79", t="2026-02-18T01:00:00")])
    ward.enrol(enrolment(term("bo", since=day(10))), NOW_MS)
    records = everything(reader)
    assert any(record.version > 1 for record in records)
    assert any(record.conflict for record in records)
    assert all(before.updated_ms <= after.updated_ms for before, after in pairwise(records))
    assert all(record.updated_ms >= record.received_ms for record in records)


def test_a_distribution_counts_every_value_with_its_flags(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna")), NOW_MS)
    for second, (value, flags) in enumerate([("93", []), ("93", []), ("93", ["test-data"])]):
        item = {"c": "spo2", "val": value, "u": "%", "st": flags}
        writer.append([arrival(t=f"2026-02-17T07:00:0{second}", r=[item])])
    found = reader.distribution("anna", "spo2")
    assert sorted(found, key=lambda one: one.count) == [
        Counted(("93",), ("test-data",), 1),
        Counted(("93",), (), 2),
    ]
    at_ms = everything(reader)[1].measured_ms
    assert sum(one.count for one in reader.distribution("anna", "spo2", at_ms)) == 2
    assert sum(one.count for one in reader.distribution("anna", "spo2", None, at_ms)) == 1
    assert reader.distribution("anna", "weight") == []
    assert reader.distribution("eve", "spo2") == []


def test_a_party_is_found_by_its_fhir_id(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(), NOW_MS)
    writer.append(
        [arrival(CUFF, type="528391", r=pressure(systolic="134", diastolic="82"), model="M")]
    )
    writer.append(
        [arrival(CUFF, type="528391", r=pressure(systolic="130", diastolic="80"), fw="2")]
    )
    assert reader.party(DEVICE) == Party(DEVICE, OXIMETER)
    assert reader.party(resource_id(CUFF)) == Party(CUFF, None, ("528391", "", "2"))
    assert reader.party("gw-0001") == Party("gw-0001")
    assert reader.party(CUFF) is None
    assert reader.parties() == sorted([DEVICE, resource_id(CUFF), "gw-0001"])


def test_one_of_each_is_found_as_among_all(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna"), limits=[limits("bo", "85"), limits("anna", "86")]), NOW_MS)
    assert reader.citizen("anna") == reader.citizens()["anna"]
    assert reader.citizen("eve") is None
    assert [(at, row.low_red) for at, row in reader.limits_of("bo")] == [(NOW_MS, "85")]
    assert reader.limits_of("eve") == []
    assert list(reader.devices()) == [DEVICE]
    assert list(reader.organisations()) == ["clinic"]


def test_a_record_is_found_by_identity_with_what_it_was(writer: Writer, reader: Reader) -> None:
    for value in ("93", "91", "92"):
        writer.append([spo2(value, clock=VOUCHED)])
    (record,) = everything(reader)
    assert reader.standing(record) == record
    other = msgspec.structs.replace(record, identity=bytes(16), id=bytes(16))
    assert reader.standing(other) is None
    was = [(one.version, one.values) for one in reader.superseded(record.identity)]
    assert was == [(1, ("93",)), (2, ("91",))]
    assert reader.superseded(bytes(16)) == []


def test_the_tally_of_records_is_how_many_there_are(writer: Writer, reader: Reader) -> None:
    """Amended ones stay one, two that claim one identity are two, a resend is none."""
    for value in ("93", "91", "91"):
        writer.append([spo2(value, clock=VOUCHED)])
        assert reader.tallies()["records"] == 1
    for value in ("93", "91", "91"):
        writer.append([spo2(value, t="2026-02-17T01:00:00")])
    writer.enrol(enrolment(term("anna")), NOW_MS)
    assert reader.tallies()["records"] == len(everything(reader)) == 3


REFUSED = Rejection(Reason.UNIT_UNKNOWN, "$.r[0].u", "u is 'x'", 7)


def test_together_is_all_or_only_the_rejections(writer: Writer, reader: Reader) -> None:
    good = readings_at(3)
    bad = Arrival(good[0].delivery, REFUSED)
    outcomes = writer.append([good[0], bad, good[1]], together=True)
    assert [one.reason for one in outcomes] == ["not-together", "unit-unknown", "not-together"]
    assert everything(reader) == []
    assert [row.place for row in reader.rejections()] == [7]
    assert {one.result for one in writer.append(good, together=True)} == {"quarantined"}
    assert len(everything(reader)) == 3


def about(subject: str) -> Arrival:
    found = spo2("93")
    assert isinstance(found.item, Mapped)
    item = msgspec.structs.replace(found.item, subject=subject, path="Observation", index=4)
    return Arrival(found.delivery, item)


def test_another_citizen_than_the_devices_is_held(writer: Writer, reader: Reader) -> None:
    writer.enrol(enrolment(term("anna")), NOW_MS)
    for subject in ("Patient/bo", f"{CPR}|{citizen('bo').cpr}"[:-1] + "9"):
        (outcome,) = writer.append([about(subject)])
        assert (outcome.result, outcome.reason) in {
            ("quarantined", "identity-mismatch"),
            ("accepted", ""),  # a number that nobody has says nothing
        }
    (row,) = reader.rejections()
    assert (row.path, row.place, row.reason) == ("Observation.subject", 4, "identity-mismatch")
    (outcome,) = writer.append([about("Patient/bo")], together=True)
    assert outcome.reason == "identity-mismatch"
    for subject in ("Patient/anna", "Patient/of-another-server"):
        assert writer.append([about(subject)])[0].result == "duplicate"


def test_a_payload_is_stored_once_however_many_of_its_readings_are_refused(
    writer: Writer, reader: Reader, place: Place
) -> None:
    payload = b"x" * 1000
    refusals = [Rejection(Reason.UNIT_UNKNOWN, "$", "", place) for place in range(120)]
    writer.append([Arrival(delivery(payload), item) for item in refusals])
    writer.append([Arrival(delivery(b""), refusals[0])])
    rows = list(reader.rejections())
    assert [row.payload for row in rows] == [payload] * 120 + [b""]
    assert place.payload_bytes() == len(payload)
    assert replay(reader, writer, NOW_MS) == (121, 0)
