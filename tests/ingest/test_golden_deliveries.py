"""The golden deliveries are the specification: each is taken, or refused for its one reason."""

from collections import Counter
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

import pytest

from devices.catalogue import METRICS
from ingest.pipeline import examine, process
from ingest.rejection import Reason, Rejection
from ingest.store import Mapped, SqliteReader, SqliteWriter
from tests.ingest.golden import (
    SHOULD_FAIL,
    delivery_of,
    expected,
    failing,
    name_of,
    passing,
    stored_lines,
    taken_in_part,
    told,
)

EXPECTED = expected()


@pytest.mark.parametrize("path", passing(), ids=lambda path: path.stem)
def test_a_good_delivery_becomes_its_records(path: Path) -> None:
    lines = stored_lines(path)
    assert lines == path.with_suffix(".stored.txt").read_text(encoding="utf-8").splitlines()


def test_every_metric_passes_by_its_code_and_by_its_alias() -> None:
    said = b"\n".join(path.read_bytes() for path in passing())
    for row in METRICS:
        assert f'"c": "{row.alias}"'.encode() in said
        assert row.mdc is None or f'"c": "{row.mdc}"'.encode() in said


@pytest.mark.parametrize("path", taken_in_part(), ids=lambda path: path.stem)
def test_one_bad_value_leaves_its_neighbours_alone(path: Path) -> None:
    (item,) = [arrival.item for arrival in examine(delivery_of(path))]
    assert isinstance(item, Mapped), item
    stored = path.with_suffix(".stored.txt").read_text(encoding="utf-8").splitlines()
    assert [told(record) for record in item.records] == stored
    refused = [f"{one.reason}\t{one.path}" for one in sorted(item.refused, key=lambda r: r.part)]
    assert refused == path.with_suffix(".refused.tsv").read_text(encoding="utf-8").splitlines()
    assert len({one.part for one in item.refused}) == len(refused)


@pytest.mark.parametrize("path", failing(), ids=name_of)
def test_a_bad_delivery_is_refused_for_the_reason_of_its_folder(path: Path) -> None:
    (arrival,) = examine(delivery_of(path))
    refused = arrival.item
    assert isinstance(refused, Rejection), refused
    assert refused.reason == path.parent.name, refused
    answer = EXPECTED[name_of(path)]
    assert refused.path == answer.path
    assert len(refused.detail) <= 500
    for word in answer.words:
        assert word in refused.detail


def test_every_reason_has_its_folder_and_every_file_its_line() -> None:
    folders = {path.name for path in SHOULD_FAIL.iterdir() if path.is_dir()}
    assert folders == set(Reason) - {Reason.PROCESSING_FAILED}
    assert set(EXPECTED) == {name_of(path) for path in failing()}
    assert {path.stem for path in SHOULD_FAIL.glob("*/*.topic")} <= {
        path.stem for path in failing()
    }


def test_one_stream_of_good_and_bad_loses_nothing(tmp_path: Path) -> None:
    good, bad = passing(), failing()
    stream = [
        delivery_of(path)
        for pair in zip_longest(bad, good * (len(bad) // len(good) + 1))
        for path in pair
        if path is not None
    ]
    with closing(SqliteWriter(tmp_path / "records.db")) as writer:
        outcomes = []
        for start in range(0, len(stream), 50):
            outcomes += process(stream[start : start + 50], writer)
    with closing(SqliteReader(tmp_path / "records.db")) as reader:
        rejections = list(reader.rejections())
        records = reader.records_after(0, 10_000, unassigned=True)
        tallies = reader.tallies()
    wanted = sorted(
        told(record)
        for path in good
        for arrival in examine(delivery_of(path))
        if isinstance(arrival.item, Mapped)
        for record in arrival.item.records
    )
    assert sorted(map(told, records)) == wanted
    stored = {(row.reason, row.topic.encode(), row.payload): row.deliveries for row in rejections}
    for path in bad:
        delivery = delivery_of(path)
        assert stored.pop((path.parent.name, delivery.topic.encode(), delivery.payload)) == 1
    assert stored == {}
    assert tallies["rejections"] == len(bad)
    by_reason = Counter(path.parent.name for path in bad)
    assert {r: tallies[f"rejected-{r}"] for r in by_reason} == dict(by_reason)
    results = Counter(outcome.result for outcome in outcomes)
    held = by_reason[Reason.IDENTITY_MISMATCH]
    assert results["rejected"] == len(bad) - held
    readings = sum(len(list(examine(delivery_of(path)))) for path in good)
    assert results["quarantined"] == held + readings  # nobody has these devices yet
