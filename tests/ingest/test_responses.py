"""Answers take the whole path of a measurement: whose they are, twice, amended, late, corrected."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devices.wire import TABLET_TYPE, topic_for
from fhir_mapping.enrolled import EnrolledDevice
from fhir_mapping.record import Record
from fhir_mapping.response import render_response
from ingest.audit import Said, audit
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.store import Outcome, Query, SqliteReader, SqliteWriter
from tests.ingest.enrolments import NOW_MS, day, enrolment, term
from tests.ingest.said import RECEIVED_MS, VOUCHED, spo2

TABLET = "tablet-1"
SAID: dict[str, Any] = {
    "v": 1,
    "id": "0198c0de-0002",
    "seq": 1,
    "t": "2026-02-18T07:20:00",
    "sent": "2026-02-18T07:31:09.120+01:00",
    "q": "symptoms-copd",
    "qv": "1",
    "clock": VOUCHED,
}


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SqliteWriter]:
    with closing(SqliteWriter(tmp_path / "records.db")) as opened:
        yield opened


@pytest.fixture
def reader(writer: SqliteWriter, tmp_path: Path) -> Iterator[SqliteReader]:
    with closing(SqliteReader(tmp_path / "records.db")) as opened:
        yield opened


def say(writer: SqliteWriter, *answers: str, device: str = TABLET, **changes: Any) -> Outcome:
    """Send answers in the order of the KOL questions; "" is no answer."""
    names = ("dyspnoea", "cough", "sputum", "sputum_colour")
    given = [{"c": name, "val": one} for name, one in zip(names, answers, strict=False) if one]
    payload = msgspec.json.encode({**SAID, "a": given, **changes})
    topic = topic_for("syddanmark", "gw-0001", device, "qr").text()
    (outcome,) = process([Delivery(topic, payload, RECEIVED_MS)], writer)
    return outcome


def everything(reader: SqliteReader) -> list[Record]:
    return reader.records_after(0, 100, unassigned=True)


def test_a_tablet_is_enrolled_and_assigned_as_a_device_is(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    assert say(writer, "yes", "no") == Outcome(
        topic_for("syddanmark", "gw-0001", TABLET, "qr").text(),
        SAID["id"],
        1,
        "quarantined",
        "device-unassigned",
    )
    tablet = EnrolledDevice(TABLET, TABLET_TYPE, "Maker", "Tablet")
    change = writer.enrol(
        msgspec.structs.replace(enrolment(term("anna", device=TABLET)), devices=[tablet]), NOW_MS
    )
    assert change.reattributed == 1
    (record,) = reader.records_of("anna")
    assert (record.about, record.values) == ("symptoms_copd_1", ("yes", "no", None, None))
    assert (record.transferred_by, record.device_type, record.is_response) == (
        "typed",
        TABLET_TYPE,
        True,
    )
    assert record.scheduled


def test_the_tablet_given_to_somebody_else_answers_for_him(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    writer.enrol(
        enrolment(
            term("anna", since=day(1), to=day(10), device=TABLET),
            term("bo", since=day(10), device=TABLET),
        ),
        NOW_MS,
    )
    say(writer, "yes", "no", t="2026-02-09T23:59:00")
    say(writer, "no", "no", t="2026-02-10T12:00:00")
    assert [record.values[0] for record in reader.records_of("anna")] == ["yes"]
    assert [record.values[0] for record in reader.records_of("bo")] == ["no"]


def test_the_same_answers_again_are_a_duplicate(writer: SqliteWriter, reader: SqliteReader) -> None:
    writer.enrol(enrolment(term("anna", device=TABLET)), NOW_MS)
    assert say(writer, "yes", "no").result == "accepted"
    assert say(writer, "yes", "no", id="again", seq=2).result == "duplicate"
    assert len(everything(reader)) == 1


def test_more_answers_amend_those_that_were_there(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    writer.enrol(enrolment(term("anna", device=TABLET)), NOW_MS)
    say(writer, "yes")
    assert say(writer, "yes", "no", "no", "yes").result == "accepted"
    (record,) = everything(reader)
    assert (record.version, record.values) == (2, ("yes", "no", "no", "yes"))
    (was,) = reader.superseded(record.identity)
    assert was.values == ("yes", None, None, None)


def test_answers_are_taken_back_by_the_tablet_in_either_order(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    writer.enrol(enrolment(term("anna", device=TABLET)), NOW_MS)
    for t in ("2026-02-18T07:42:10", "2026-02-18T07:00:00"):
        words = [("yes", "no"), ()]
        for answers in words if t.endswith("10") else words[::-1]:
            flags = [] if answers else ["invalid"]
            assert say(writer, *answers, st=flags, t=t).result == "accepted"
        assert say(writer, "yes", "no", t=t).result == "duplicate"
    for record in everything(reader):
        assert (record.withdrawn, record.version, record.values) == (True, 2, (None,) * 4)
        assert reader.superseded(record.identity)[0].values == ("yes", "no", None, None)
        rendered = msgspec.json.decode(render_response(record))
        assert (rendered["status"], "item" in rendered) == ("entered-in-error", False)


def test_other_answers_on_a_clock_that_nobody_vouches_for_are_both_kept(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    writer.enrol(enrolment(term("anna", device=TABLET)), NOW_MS)
    for cough in ("yes", "no", "no"):
        say(writer, "yes", cough, clock={"sync": "none"})
    records = everything(reader)
    assert {record.values[1] for record in records} == {"yes", "no"}
    assert len(records) == 2
    assert all(record.conflict for record in records)


def test_another_questionnaire_at_the_same_moment_is_another_record(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    say(writer, "yes", "no")
    answers = [{"c": "chest_pain", "val": "no"}]
    say(writer, q="symptoms-heart-failure", a=answers)
    assert len({record.identity for record in everything(reader)}) == 2


def test_an_array_is_taken_one_by_one(writer: SqliteWriter, reader: SqliteReader) -> None:
    good = {**SAID, "a": [{"c": "dyspnoea", "val": "no"}]}
    bad = {**good, "q": "mood", "id": "bad"}
    payload = msgspec.json.encode([good, bad, {**good, "t": "2026-02-18T07:21:00"}])
    topic = topic_for("syddanmark", "gw-0001", TABLET, "qr").text()
    outcomes = process([Delivery(topic, payload, RECEIVED_MS)], writer)
    assert [(one.result, one.reason, one.path) for one in outcomes] == [
        ("quarantined", "device-unassigned", ""),
        ("rejected", "code-unknown", "$.q"),
        ("quarantined", "device-unassigned", ""),
    ]
    assert [row.place for row in reader.rejections()] == [1]


def test_a_search_means_measurements_unless_it_names_answers(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    writer.enrol(enrolment(term("anna"), term("anna", device=TABLET)), NOW_MS)
    writer.append([spo2("93", clock=VOUCHED)])
    say(writer, "yes", "no")
    for whose in ("anna", None):
        for about, wanted in ((), "spo2"), (("symptoms_copd_1",), "symptoms_copd_1"):
            query = Query(citizen=whose, about=about, by_change=True)
            assert [record.about for record in reader.search(query)] == [wanted]
            assert reader.count(query) == 1
    assert [record.about for record in reader.search(Query(citizen="anna"))] == ["spo2"]
    assert {record.about for record in reader.records_of("anna")} == {"spo2", "symptoms_copd_1"}


def test_the_audit_finds_lost_and_changed_answers(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    say(writer, "yes", "no")
    said = Said(TABLET, 1, "", "2026-02-18T07:20:00", {"symptoms_copd_1": "yes/no//"})
    assert audit([said], [], reader).clean
    other = msgspec.structs.replace(said, values={"symptoms_copd_1": "yes/yes//"})
    assert audit([other], [], reader).differing == 1
    later = msgspec.structs.replace(said, t="2026-02-18T07:21:00")
    assert (audit([later], [], reader).lost, audit([later], [], reader).unasked) == (1, 1)


def test_the_clock_pair_corrects_the_time_of_answering(
    writer: SqliteWriter, reader: SqliteReader
) -> None:
    clock = {
        "sync": "none",
        "device": "2026-02-18T08:00:00",
        "gateway": "2026-02-18T07:25:00+01:00",
    }
    say(writer, "yes", clock=clock, t="2026-02-18T07:55:00")
    (record,) = everything(reader)
    wanted = datetime(2026, 2, 18, 6, 20, tzinfo=UTC)
    assert record.measured_ms == int(wanted.timestamp()) * 1000
