"""The spine: bad code costs one reading a rejection, never its neighbours and never the data."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ingest.pipeline
import ingest.store.rows
import ingest.values
from devices.catalogue import METRICS, metric_for_code
from devices.reading import Reading
from devices.wire import topic_for
from devices.zone import Zones
from fhir_mapping.enrolled import Enrolment
from fhir_mapping.record import Record, records_of
from ingest.decode import Decoded, Delivery, decode
from ingest.decode_fhir import Read
from ingest.pipeline import process
from ingest.rejection import Reason, Rejection
from ingest.replay import replay
from ingest.store import (
    Arrival,
    EnrolledChange,
    Heartbeat,
    Mapped,
    Outcome,
    Reader,
    SqliteReader,
    SqliteWriter,
    StoreUnavailable,
    Writer,
)
from tests.ingest.said import PAYLOAD, TOPIC, delivery, said

POISON = "2026-02-18T06:06:06"
GOOD = said(id="good", t="2026-02-18T05:00:00")
BAD = said(id="bad", t=POISON)
ALSO_GOOD = said(id="also", t="2026-02-18T05:30:00")
NEW_CODE = said(id="new", r=[{"c": "spo2_new", "val": "93", "u": "%"}])


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with closing(SqliteWriter(tmp_path / "records.db")) as opened:
        yield opened


@pytest.fixture
def reader(tmp_path: Path, writer: Writer) -> Iterator[Reader]:
    with closing(SqliteReader(tmp_path / "records.db")) as opened:
        yield opened


class Fussy:
    """A store that breaks on one measurement, or is away for some calls."""

    def __init__(self, store: Writer, away: int = 0) -> None:
        self.store = store
        self.away = away
        self.calls = 0

    def append(self, arrivals: Sequence[Arrival], together: bool = False) -> list[Outcome]:
        self.calls += 1
        if self.calls <= self.away:
            raise StoreUnavailable("away")
        for arrival in arrivals:
            if isinstance(arrival.item, Mapped):
                for record in arrival.item.records:
                    if record.device_time == POISON:
                        raise KeyError(record.device_time)
        return self.store.append(arrivals)

    def enrol(self, enrolment: Enrolment, now_ms: int) -> EnrolledChange:
        return self.store.enrol(enrolment, now_ms)

    def beat(self, heartbeat: Heartbeat) -> None:
        self.store.beat(heartbeat)

    def stands(self) -> bool:
        return self.store.stands()

    def mark_replayed(self, key: int, now_ms: int) -> None:
        self.store.mark_replayed(key, now_ms)

    def close(self) -> None:
        self.store.close()


def times(reader: Reader) -> list[str]:
    return [record.device_time for record in reader.records_after(0, 1000, unassigned=True)]


def breaks_on_poison(step: Callable[[Reading], list[Record]]) -> Callable[[Reading], list[Record]]:
    def broken(reading: Reading) -> list[Record]:
        if reading.device_time == POISON:
            raise ZeroDivisionError(reading.device_time)
        return step(reading)

    return broken


@pytest.mark.parametrize("in_one_array", [True, False])
def test_neighbours_survive_a_reading_that_breaks_the_mapping(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch, in_one_array: bool
) -> None:
    monkeypatch.setattr(ingest.pipeline, "records_of", breaks_on_poison(records_of))
    said_by = [GOOD, BAD, ALSO_GOOD]
    batch = [delivery(said_by)] if in_one_array else [delivery(one) for one in said_by]
    outcomes = process(batch, writer)
    assert [outcome.reason for outcome in outcomes] == [
        "device-unassigned",
        "processing-failed",
        "device-unassigned",
    ]
    assert [outcome.message_id for outcome in outcomes] == ["good", "bad", "also"]
    assert times(reader) == [GOOD["t"], ALSO_GOOD["t"]]
    (row,) = reader.rejections()
    assert (row.reason, row.place) == (Reason.PROCESSING_FAILED, 1 if in_one_array else -1)
    assert row.payload == batch[0 if in_one_array else 1].payload
    assert "ZeroDivisionError" in row.detail
    assert POISON not in row.detail  # names the fault, not the data


@pytest.mark.parametrize("in_one_array", [True, False])
def test_neighbours_survive_a_reading_that_breaks_the_store(
    writer: Writer, reader: Reader, in_one_array: bool
) -> None:
    said_by = [GOOD, BAD, ALSO_GOOD]
    batch = [delivery(said_by)] if in_one_array else [delivery(one) for one in said_by]
    outcomes = process(batch, Fussy(writer))
    assert [outcome.reason == "processing-failed" for outcome in outcomes] == [False, True, False]
    assert outcomes[1].message_id == "bad"
    assert times(reader) == [GOOD["t"], ALSO_GOOD["t"]]
    (row,) = reader.rejections()
    assert (row.reason, row.place) == (Reason.PROCESSING_FAILED, 1 if in_one_array else -1)


def test_two_failures_in_one_array_are_two_rejections(writer: Writer, reader: Reader) -> None:
    pulse = {"c": "pulse_oximeter", "val": "88", "u": "/min"}
    process([delivery([BAD, said(t=POISON, r=[pulse]), GOOD])], Fussy(writer))
    assert [row.place for row in reader.rejections()] == [0, 1]


def test_a_delivery_that_breaks_the_decoder_is_kept_whole(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(one: Delivery, zones: Zones) -> Sequence[Decoded | Read | Rejection]:
        if b"bad" in one.payload:
            raise AssertionError
        return decode(one, zones)

    monkeypatch.setattr(ingest.pipeline, "decode", broken)
    batch = [delivery(one) for one in (GOOD, BAD, ALSO_GOOD)]
    process(batch, writer)
    assert times(reader) == [GOOD["t"], ALSO_GOOD["t"]]
    (row,) = reader.rejections()
    assert (row.reason, row.payload) == (Reason.PROCESSING_FAILED, batch[1].payload)


def test_a_store_that_is_away_is_told_and_the_batch_may_be_given_again(
    writer: Writer, reader: Reader
) -> None:
    store = Fussy(writer, away=1)
    batch = [delivery(GOOD), delivery(b"")]
    with pytest.raises(StoreUnavailable):
        process(batch, store)
    assert times(reader) == []
    assert list(reader.rejections()) == []
    assert [outcome.result for outcome in process(batch, store)] == ["quarantined", "rejected"]
    assert times(reader) == [GOOD["t"]]


def test_a_store_that_goes_away_after_a_failure_is_told_too(writer: Writer) -> None:
    class Leaving(Fussy):
        def append(self, arrivals: Sequence[Arrival], together: bool = False) -> list[Outcome]:
            if self.calls:
                raise StoreUnavailable("gone")
            return super().append(arrivals)

    with pytest.raises(StoreUnavailable):
        process([delivery(BAD)], Leaving(writer))


def test_outcomes_stand_in_the_order_of_the_deliveries(writer: Writer) -> None:
    batch = [delivery([GOOD, {"id": "x"}]), delivery(b"["), delivery(GOOD)]
    results = [(outcome.message_id, outcome.result) for outcome in process(batch, writer)]
    assert results == [
        ("good", "quarantined"),
        ("x", "rejected"),
        ("", "rejected"),
        ("good", "duplicate"),
    ]


def test_a_delivery_is_hashed_and_kept_once_however_much_of_it_is_refused(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else a long delivery full of faults would hold the store's only writer for minutes."""
    hashed: list[int] = []

    def counting(content: bytes) -> Any:
        hashed.append(len(content))
        return sha256(content)

    monkeypatch.setattr(ingest.store.rows, "sha256", counting)
    batch = [delivery([{"v": 1}] * 20), delivery([{"v": 2}] * 20), delivery([{"v": 1}] * 20)]
    process(batch, writer)
    assert len(hashed) == len(batch)
    rows = list(reader.rejections())
    assert [row.payload for row in rows] == [one.payload for one in batch[:2] for _ in range(20)]
    assert {row.deliveries for row in rows[:20]} == {2}
    with closing(sqlite3.connect(tmp_path / "records.db")) as db:
        (kept,) = db.execute("SELECT sum(length(payload)) FROM rejection").fetchone()
    assert kept == sum(len(one.payload) for one in batch[:2])


def learn_the_new_code(monkeypatch: pytest.MonkeyPatch) -> None:
    spo2 = METRICS[0]

    def knows_more(code: str) -> Any:
        return spo2 if code == "spo2_new" else metric_for_code(code)

    monkeypatch.setattr(ingest.values, "metric_for_code", knows_more)


def test_a_rejection_is_accepted_once_its_cause_is_mended(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    process([delivery([GOOD, NEW_CODE, {"v": 1}]), delivery(b"{")], writer)
    assert replay(reader, writer, 1) == (3, 0)
    learn_the_new_code(monkeypatch)
    assert replay(reader, writer, 2) == (3, 1)
    assert times(reader) == [GOOD["t"], NEW_CODE["t"]]
    assert [row.replayed_ms for row in reader.rejections()] == [2, None, None]
    assert replay(reader, writer, 3) == (2, 0)
    assert times(reader) == [GOOD["t"], NEW_CODE["t"]]


def test_a_delivery_is_taken_apart_once_however_many_of_it_are_replayed(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [delivery([NEW_CODE] + [{"v": one}] * 20) for one in (1, 2)]
    process(batch, writer)
    decoded: list[Delivery] = []

    def counting(given: Delivery, zones: Zones) -> Any:
        decoded.append(given)
        return decode(given, zones)

    monkeypatch.setattr(ingest.pipeline, "decode", counting)
    learn_the_new_code(monkeypatch)
    assert replay(reader, writer, 1) == (42, 2)
    assert [one.payload for one in decoded] == [one.payload for one in batch]
    assert times(reader) == [NEW_CODE["t"]]


def test_a_replay_that_was_cut_off_before_its_mark_stores_nothing_twice(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(Fussy):
        def mark_replayed(self, key: int, now_ms: int) -> None:
            raise StoreUnavailable("power")

    process([delivery(NEW_CODE)], writer)
    learn_the_new_code(monkeypatch)
    with pytest.raises(StoreUnavailable):
        replay(reader, Cut(writer), 1)
    assert replay(reader, writer, 2) == (1, 1)
    assert times(reader) == [NEW_CODE["t"]]


def test_a_replay_stays_judged_as_of_its_own_arrival(writer: Writer, reader: Reader) -> None:
    process([delivery(said(t="2027-01-01T00:00:00"))], writer)
    assert replay(reader, writer, 2_000_000_000_000) == (1, 0)


def test_what_the_store_could_not_take_is_replayed_beside_a_bad_neighbour(
    writer: Writer, reader: Reader
) -> None:
    process([delivery([BAD, {"v": 1}, GOOD])], Fussy(writer))
    assert replay(reader, writer, 1) == (2, 1)
    assert sorted(times(reader)) == [GOOD["t"], BAD["t"]]


def test_of_a_whole_delivery_the_sound_readings_are_taken_at_last(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its fault was the decoder's; one of its readings has a fault of its own."""
    with monkeypatch.context() as broken:
        broken.setattr(ingest.pipeline, "decode", lambda *_: 1 / 0)
        process([delivery([GOOD, {"v": 1}, ALSO_GOOD])], writer)
    assert [row.reason for row in reader.rejections()] == [Reason.PROCESSING_FAILED]
    tried, accepted = replay(reader, writer, 1)
    assert accepted == 1
    assert tried in {1, 2}  # the reading's own rejection may be seen in the same round
    assert times(reader) == [GOOD["t"], ALSO_GOOD["t"]]
    rows = [(row.place, row.reason, row.replayed_ms) for row in reader.rejections()]
    assert rows == [(-1, "processing-failed", 1), (1, "field-missing", None)]
    assert replay(reader, writer, 2) == (1, 0)


def test_one_rejection_that_still_breaks_does_not_stop_the_others(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    process([delivery(BAD)], Fussy(writer))
    process([delivery(NEW_CODE)], writer)
    learn_the_new_code(monkeypatch)
    assert replay(reader, Fussy(writer), 1) == (2, 1)
    assert times(reader) == [NEW_CODE["t"]]
    assert replay(reader, writer, 2) == (1, 1)
    assert times(reader) == [NEW_CODE["t"], BAD["t"]]


def test_a_replay_survives_a_delivery_that_is_now_refused_as_a_whole(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit was lowered meanwhile: the reading has no place in what is decoded now."""
    process([delivery([GOOD, NEW_CODE])], writer)
    whole = Rejection(Reason.TOO_MANY_READINGS, "$", "too many")
    monkeypatch.setattr(ingest.pipeline, "decode", lambda _: [whole])
    assert replay(reader, writer, 1) == (1, 0)


def test_an_empty_batch_is_no_trouble(writer: Writer) -> None:
    assert process([], writer) == []


def test_topics_of_every_kind_reach_their_outcome(writer: Writer) -> None:
    payload = msgspec.json.encode(PAYLOAD)
    topics = [TOPIC, topic_for("t", "gw", "d", "status").text(), "\udcff", "hm/v1"]
    outcomes = process([Delivery(topic, payload, 0) for topic in topics], writer)
    assert [outcome.topic for outcome in outcomes] == topics
