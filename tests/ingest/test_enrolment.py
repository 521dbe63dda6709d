"""Enrolment: a file that contradicts itself is refused whole, and a file may come twice."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fhir_mapping.enrolled import Citizen, Enrolment, Limits
from ingest.enrolment import EnrolmentRefused, enrol, read_enrolment
from ingest.store import EnrolledChange, Reader, SqliteReader, SqliteWriter, Writer
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

WHOLE = enrolment(term("anna"), term("bo", slot=2), limits=[limits("anna", "85")])


def standard(person: Citizen) -> list[Limits]:
    return [
        Limits(person.id, "spo2", START, low_red="88", low_yellow="90"),
        Limits(person.id, "weight", START, high_red="120"),
    ]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with closing(SqliteWriter(tmp_path / "records.db")) as opened:
        yield opened


@pytest.fixture
def reader(tmp_path: Path, writer: Writer) -> Iterator[Reader]:
    with closing(SqliteReader(tmp_path / "records.db")) as opened:
        yield opened


def apply(entries: Enrolment, writer: Writer, reader: Reader, now_ms: int = 1) -> EnrolledChange:
    return enrol(writer, entries, reader.citizens(), standard, now_ms)


def spo2_limits(reader: Reader, who: str = "anna") -> list[str | None]:
    return [row.low_red for row in reader.limits()[who] if row.metric == "spo2"]


def as_file(**changes: Any) -> bytes:
    """The whole enrolment with the first entry of each named list changed."""
    whole = msgspec.to_builtins(WHOLE)
    for name, fields in changes.items():
        whole[name][0] |= fields
    return msgspec.json.encode(whole)


def test_a_file_is_read_as_it_was_written() -> None:
    assert read_enrolment(msgspec.json.encode(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", ["truncated"]),
        (b"\xff", ["byte 0"]),
        (b"[]", ["object", "array"]),
        (as_file(citizens={"sex": "x"}), ["'x'", "$.citizens[0].sex"]),
        (as_file(citizens={"cpr": "1234"}), ["[0-9]{10}", "$.citizens[0].cpr"]),
        (as_file(citizens={"nick": "A"}), ["nick", "$.citizens[0]"]),
        (as_file(citizens={"plan": {}}), ["weekdays", "$.citizens[0].plan"]),
        (as_file(assignments={"slot": 0}), [">= 1", "$.assignments[0].slot"]),
        (as_file(assignments={"from": "2026-01-01T00:00:00"}), ["timezone", "assignments[0].from"]),
        (as_file(limits={"low_red": "85,0"}), ["$.limits[0].low_red"]),
        (as_file(limits={"metric": "mood"}), ["'mood'", "$.limits[0].metric"]),
        (as_file(devices={"id": "a/b"}), ["$.devices[0].id"]),
        (b'{"citizen": []}', ["citizen"]),
    ],
)
def test_a_wrong_field_is_named(text: bytes, words: list[str]) -> None:
    with pytest.raises(EnrolmentRefused) as refused:
        read_enrolment(text)
    for word in words:
        assert word in str(refused.value)


def with_(**changes: Any) -> Enrolment:
    return msgspec.structs.replace(WHOLE, **changes)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (with_(organisations=[]), ["$.citizens[0].organisation", "'clinic'"]),
        (with_(assignments=[term("ghost")]), ["$.assignments[0].citizen", "'ghost'"]),
        (with_(limits=[limits("ghost", "85")]), ["$.limits[0].citizen", "'ghost'"]),
        (
            with_(devices=[msgspec.structs.replace(OXIMETER, type="528999")]),
            ["$.devices[0].type", "'528999'"],
        ),
        (
            with_(assignments=[term("anna"), term("bo", day(3), day(3), slot=2)]),
            ["$.assignments[1].to", "2026-02-03", "later"],
        ),
        (
            with_(limits=[Limits("anna", "spo2", START, low_red="90", low_yellow="88")]),
            ["$.limits[0]", "90.0", "88.0", "rising"],
        ),
        (
            with_(limits=[Limits("anna", "pulse", START, low_red="90", high_red="50")]),
            ["$.limits[0]", "90.0", "50.0"],
        ),
        (
            with_(limits=[Limits("anna", "spo2", START, "3", "4", relative=True)]),
            ["$.limits[0]", "-3.0", "-4.0", "rising"],
        ),
        (
            with_(limits=[Limits("anna", "spo2", START, "88", base="94")]),
            ["$.limits[0].base", "'94'", "not relative"],
        ),
        (
            with_(facts=[msgspec.structs.replace(fact("travel"), citizen="ghost")]),
            ["$.facts[0].citizen", "'ghost'"],
        ),
        (with_(facts=[fact("travel", day(3), day(3))]), ["$.facts[0].to", "2026-02-03", "later"]),
        (with_(facts=[fact("dry-weight")]), ["$.facts[0].value", "None", "kg"]),
        (with_(facts=[fact("oxygen", value="2")]), ["$.facts[0].value", "'2'"]),
        (with_(facts=[fact("travel"), fact("travel")]), ["$.facts[1]", "travel", "once"]),
        (with_(citizens=[ANNA, BO, citizen("anna", "1000000")]), ["$.citizens[2]", "anna"]),
        (with_(organisations=[CLINIC, CLINIC]), ["$.organisations[1]", "clinic"]),
        (with_(devices=[OXIMETER, OXIMETER]), ["$.devices[1]", OXIMETER.id]),
        (with_(assignments=[term("anna"), term("bo")]), ["$.assignments[1]", OXIMETER.id]),
        (
            with_(limits=[limits("anna", "85"), limits("anna", "86")]),
            ["$.limits[1]", "anna", "spo2"],
        ),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_whole(
    entries: Enrolment, words: list[str], writer: Writer, reader: Reader
) -> None:
    with pytest.raises(EnrolmentRefused) as refused:
        apply(entries, writer, reader)
    for word in words:
        assert word in str(refused.value)
    assert reader.citizens() == {}
    assert reader.enrolment_version() == 0


def test_absolute_and_relative_limits_of_a_signal_stand_side_by_side(
    writer: Writer, reader: Reader
) -> None:
    relative = Limits("anna", "spo2", START, "4", "3", "3", "3", relative=True, base="94")
    apply(with_(limits=[limits("anna", "85"), relative]), writer, reader)
    kept = [row for _, row in reader.limits_of("anna") if row.metric == "spo2"]
    assert kept == [limits("anna", "85"), relative]


def test_equal_neighbouring_limits_leave_no_yellow_and_are_taken(
    writer: Writer, reader: Reader
) -> None:
    row = Limits("anna", "spo2", START, "88", "88", "88", "88")
    apply(with_(limits=[row]), writer, reader)
    assert spo2_limits(reader) == ["88"]


def test_known_citizens_may_be_referred_to(writer: Writer, reader: Reader) -> None:
    apply(enrolment(), writer, reader)
    change = apply(Enrolment(assignments=[term("anna")]), writer, reader)
    assert change.assignments == 1
    changed = Enrolment(citizens=[citizen("anna", "1000000")])
    assert apply(changed, writer, reader).citizens == 1


def test_a_new_citizen_gets_the_standard_limits_once(writer: Writer, reader: Reader) -> None:
    assert apply(enrolment(), writer, reader).limits == 4
    assert [row.metric for row in reader.limits()["bo"]] == ["spo2", "weight"]
    apply(Enrolment(limits=[limits("bo", "80")]), writer, reader, now_ms=2)
    for _ in range(2):
        apply(enrolment(), writer, reader, now_ms=3)
    assert spo2_limits(reader, "bo") == ["88", "80"]


@pytest.mark.parametrize(
    ("since", "found"),
    [
        (datetime.fromisoformat("2026-01-01T01:00:00+01:00"), ["85"]),
        (datetime.fromisoformat("2025-12-01T00:00:00+00:00"), ["85"]),
        (day(3), ["88", "85"]),
    ],
)
def test_limits_of_the_file_win_over_the_standard(
    since: datetime, found: list[str], writer: Writer, reader: Reader
) -> None:
    """From the moment they begin: the standard ones hold before, never afterwards."""
    apply(enrolment(limits=[limits("anna", "85", since)]), writer, reader)
    assert spo2_limits(reader) == found
    assert spo2_limits(reader, "bo") == ["88"]


def test_applying_a_file_twice_changes_nothing(writer: Writer, reader: Reader) -> None:
    first = apply(WHOLE, writer, reader)
    assert (first.citizens, first.assignments) == (2, 2)
    before = (reader.limits(), reader.enrolment_version(), reader.citizens())
    for now_ms in (1, 2, NOW_MS):
        again = apply(WHOLE, writer, reader, now_ms)
        assert not any(msgspec.structs.astuple(again))
    assert (reader.limits(), reader.enrolment_version(), reader.citizens()) == before


def test_a_reading_s_owner_may_have_two_devices_and_a_device_two_terms(
    writer: Writer, reader: Reader
) -> None:
    rows = [
        term("anna", START, day(3)),
        term("bo", day(3)),
        term("anna", day(3), slot=2),
        term("anna", day(3), device="other"),
    ]
    assert apply(enrolment(*rows), writer, reader).assignments == 4


FAR = {
    "0001-01-01": "0001-01-01T00:00:00Z",
    "1999-12-31": "1999-12-31T23:59:59Z",
    "2100-01-01": "2100-01-01T00:00:00Z",
    "9999-12-31": "9999-12-31T23:59:59Z",
}


@pytest.mark.parametrize("day_text", FAR)
@pytest.mark.parametrize(
    "path",
    [
        *("citizens[1].plan.start", "assignments[0].from", "assignments[0].to"),
        *("limits[0].from", "facts[0].from", "facts[0].to"),
    ],
)
def test_a_date_beyond_its_bounds_is_refused_by_name(
    writer: Writer, reader: Reader, path: str, day_text: str
) -> None:
    """A date of year 1 or 9999 was taken, and stopped the evaluator at every start."""
    whole = msgspec.structs.replace(WHOLE, facts=[fact("oxygen", START)])
    file = msgspec.to_builtins(whole)
    value = day_text if path.endswith("start") else FAR[day_text]
    *steps, last = path.replace("[", ".").replace("]", "").split(".")
    at = file
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    with pytest.raises(EnrolmentRefused) as refused:
        apply(read_enrolment(msgspec.json.encode(file)), writer, reader)
    assert str(refused.value).startswith(f"$.{path} is '{day_text}")
    assert "in the years 2000 to 2099" in str(refused.value)
    assert ("until further notice" in str(refused.value)) == path.endswith(".to")
    assert not reader.citizens(), "the file is refused whole"


@pytest.mark.parametrize("born", ["0001-01-01", "1899-12-31", "2100-01-01", "9999-12-31"])
def test_a_birth_beyond_its_bounds_is_refused(writer: Writer, reader: Reader, born: str) -> None:
    person = msgspec.structs.replace(ANNA, birth_date=date.fromisoformat(born))
    entries = msgspec.structs.replace(WHOLE, citizens=[person, BO])
    with pytest.raises(EnrolmentRefused, match=r"citizens\[0\].birth_date .* years 1900 to 2099"):
        apply(entries, writer, reader)


def test_a_fact_beyond_its_bounds_can_be_taken_back(writer: Writer, reader: Reader) -> None:
    apply(WHOLE, writer, reader)
    wrong = fact("oxygen", datetime(1, 1, 1, tzinfo=UTC))
    writer.enrol(Enrolment(facts=[wrong]), 1)  # as an older program did
    void = msgspec.structs.replace(wrong, void=True)
    apply(Enrolment(facts=[void]), writer, reader, 2)
    assert reader.facts_of("anna") == [void]


def test_the_first_and_the_last_year_are_taken(writer: Writer, reader: Reader) -> None:
    plan = msgspec.structs.replace(ANNA.plan, start=date(2099, 12, 31))
    person = msgspec.structs.replace(ANNA, birth_date=date(1900, 1, 1), plan=plan)
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, 23, tzinfo=UTC)
    entries = enrolment(term("anna", first, last), facts=[fact("oxygen", first, last)])
    apply(msgspec.structs.replace(entries, citizens=[person, BO]), writer, reader)
    assert reader.citizens()["anna"] == person


@pytest.mark.parametrize(
    "cpr", ["9999999999", "7203480000\n", "0000000000", "3002480000", "7213480000", "9203480000"]
)
def test_a_cpr_number_that_is_none_is_refused_and_not_repeated(
    writer: Writer, reader: Reader, cpr: str
) -> None:
    person = msgspec.structs.replace(ANNA, cpr=cpr)
    file = msgspec.json.encode(msgspec.structs.replace(WHOLE, citizens=[person, BO]))
    with pytest.raises(EnrolmentRefused, match=r"citizens\[0\].cpr .*ten digits") as refused:
        apply(read_enrolment(file), writer, reader)
    assert cpr.strip() not in str(refused.value)


@pytest.mark.parametrize("name", ["..", ".", "anna\n"])
def test_an_id_that_no_address_can_hold_is_refused(
    writer: Writer, reader: Reader, name: str
) -> None:
    file = msgspec.json.encode(Enrolment([CLINIC], [citizen(name)]))
    with pytest.raises(EnrolmentRefused, match=r"citizens\[0\].id .* stand in an address"):
        apply(read_enrolment(file), writer, reader)


@pytest.mark.parametrize("field", ["given", "family"])
@pytest.mark.parametrize("name", [" ", "\u00a0", "Anna\n", "An\x00na"])
def test_a_name_that_nobody_can_read_is_refused(
    writer: Writer, reader: Reader, field: str, name: str
) -> None:
    person = msgspec.structs.replace(ANNA, **{field: name})
    file = msgspec.json.encode(msgspec.structs.replace(WHOLE, citizens=[person, BO]))
    with pytest.raises(EnrolmentRefused, match=rf"citizens\[0\].{field} .* can be read"):
        apply(read_enrolment(file), writer, reader)
