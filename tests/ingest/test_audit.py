"""The audit finds every kind of fault, and is silent where there is none."""

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec
import pytest

import ingest.audit
from fhir_mapping.record import Record
from ingest.audit import Audit, Said, audit
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.store import Reader, SqliteReader, SqliteWriter
from tests.ingest.said import DEVICE, TOPIC, delivery, pressure, said

SATURATIONS = {f"2026-02-17T{hour:02d}:00:00": str(90 + hour) for hour in range(5)}
CUFF = {"systolic": "134", "diastolic": "82", "pulse_cuff": "76"}
CUFF_TIME = "2026-02-17T09:00:00"
GARBAGE = (b"", b"\xff\0", b'{"v":1}', b"[{}]")


def log() -> list[Said]:
    """What the publisher says it sent."""
    rows = [Said(DEVICE, 1, "b", t, {"spo2": value}) for t, value in SATURATIONS.items()]
    return [*rows, Said(DEVICE, 1, "b", CUFF_TIME, CUFF)]


def digest(payload: bytes) -> str:
    return sha256(TOPIC.encode() + b"\0" + payload).hexdigest()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A store that holds just what the log says, some of it sent twice."""
    deliveries = [
        delivery(said(t=t, boot="b", r=[{"c": "spo2", "val": value, "u": "%"}]))
        for t, value in SATURATIONS.items()
    ]
    items = [
        {"c": "pulse_cuff", "val": "76", "u": "/min"},
        *pressure(diastolic="82", systolic="134"),
    ]
    deliveries.append(delivery(said(type="528391", t=CUFF_TIME, boot="b", r=items)))
    deliveries += [Delivery(TOPIC, payload, 0) for payload in GARBAGE]
    with closing(SqliteWriter(tmp_path / "records.db")) as writer:
        process(deliveries, writer)
        process(deliveries[::2], writer)
    with closing(SqliteReader(tmp_path / "records.db")) as opened:
        yield opened


def found(reader: Reader, rows: list[Said], garbage: tuple[bytes, ...] = GARBAGE) -> Audit:
    return audit(rows, map(digest, garbage), reader)


def test_what_was_stored_once_and_unchanged_is_clean(reader: Reader) -> None:
    result = found(reader, log())
    assert result == Audit(
        readings=6,
        records=7,
        garbage=4,
        lost=0,
        doubled=0,
        differing=0,
        unasked=0,
        garbage_lost=0,
    )
    assert result.clean


def test_the_log_may_say_a_reading_twice(reader: Reader) -> None:
    assert found(reader, log() * 2).clean


@pytest.mark.parametrize(
    "change",
    [{"device": "x"}, {"slot": 2}, {"boot": "c"}, {"t": "2026-02-17T00:00:01"}],
)
def test_a_reading_that_is_not_stored_is_lost(reader: Reader, change: dict[str, object]) -> None:
    rows = [*log(), msgspec.structs.replace(log()[0], **change)]
    result = found(reader, rows)
    assert (result.lost, result.unasked, result.differing) == (1, 0, 0)
    assert not result.clean


def test_a_component_s_record_is_lost_with_its_panel(reader: Reader) -> None:
    rows = [*log(), Said(DEVICE, 1, "b", "2026-02-17T10:00:00", CUFF)]
    assert found(reader, rows).lost == 2  # the blood pressure, and the pulse


def test_a_record_that_nobody_said_is_unasked(reader: Reader) -> None:
    result = found(reader, log()[1:])
    assert (result.lost, result.unasked) == (0, 1)
    assert not result.clean


@pytest.mark.parametrize("text", ["90.0", "89", ""])
def test_another_text_differs_even_where_the_number_does_not(reader: Reader, text: str) -> None:
    first = msgspec.structs.replace(log()[0], values={"spo2": text})
    result = found(reader, [first, *log()[1:]])
    assert (result.differing, result.lost, result.unasked) == (1, 0, 0)
    assert not result.clean


def test_a_component_that_differs_is_one_differing_record(reader: Reader) -> None:
    changed = Said(DEVICE, 1, "b", CUFF_TIME, {**CUFF, "diastolic": "83"})
    assert found(reader, [*log()[:-1], changed]).differing == 1
    added = Said(DEVICE, 1, "b", CUFF_TIME, {**CUFF, "mean_pressure": "99"})
    assert found(reader, [*log()[:-1], added]).differing == 1


def test_garbage_that_was_not_kept_is_lost(reader: Reader) -> None:
    result = found(reader, log(), (*GARBAGE, b"never kept", b"nor this"))
    assert (result.garbage, result.garbage_lost) == (6, 2)
    assert not result.clean


class Doubling:
    """A store without a unique key: some records stand in it twice."""

    def __init__(self, reader: Reader, times: int) -> None:
        self.reader = reader
        self.times = times

    def records_after(self, seq: int, limit: int, unassigned: bool = False) -> list[Record]:
        records = self.reader.records_after(seq, limit, unassigned)
        return records[: self.times] + records

    def rejection_digests(self) -> set[str]:
        return self.reader.rejection_digests()


def test_a_record_that_stands_twice_is_doubled(reader: Reader) -> None:
    result = found(cast("Reader", Doubling(reader, 2)), log())
    assert (result.doubled, result.records) == (2, 7)
    assert not result.clean


def test_the_comparison_does_not_depend_on_the_size_of_a_page(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(reader, log()[1:])
    monkeypatch.setattr(ingest.audit, "CHUNK", 2)
    assert found(reader, log()[1:]) == whole


def test_nothing_said_and_nothing_stored_is_clean(tmp_path: Path) -> None:
    SqliteWriter(tmp_path / "empty.db").close()
    with closing(SqliteReader(tmp_path / "empty.db")) as reader:
        assert audit([], [], reader).clean
