"""What every store promises in a bad world, and to several processes at once."""

import multiprocessing
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Mapped, Reader, StoreUnavailable, Writer
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import arrival, delivery, readings_at, spo2
from tests.ingest.store.adapters import Place

ALL = 10_000
PATIENCE_S = 30.0


def poisoned(sound: Arrival) -> Arrival:
    """An arrival that no store can take: bad code made its slot a list."""
    assert isinstance(sound.item, Mapped)
    records = [msgspec.structs.replace(record, slot=[]) for record in sound.item.records]
    return msgspec.structs.replace(sound, item=msgspec.structs.replace(sound.item, records=records))


def test_a_place_that_is_held_is_unavailable_and_nothing_is_half_stored(
    place: Place, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.held(monkeypatch), closing(place.writer()) as waiting:
        calls: list[Callable[[], object]] = [
            lambda: waiting.append(readings_at(3)),
            lambda: waiting.enrol(enrolment(term("anna")), NOW_MS),
            lambda: waiting.mark_replayed(1, NOW_MS),
        ]
        for call in calls:
            with pytest.raises(StoreUnavailable):
                call()
        assert reader.records_after(0, ALL, unassigned=True) == []  # readers never wait
    with closing(place.writer()) as writer:
        writer.append(readings_at(3))
    assert reader.last_seq() == 3


def test_a_writer_that_was_refused_once_goes_on(
    place: Place, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(place.writer()) as first:
        first.append(readings_at(1))
    with place.held(monkeypatch):
        waiting = place.writer()
        with pytest.raises(StoreUnavailable):
            waiting.append(readings_at(5))
    outcomes = waiting.append(readings_at(5))
    waiting.close()
    assert [outcome.result for outcome in outcomes] == ["duplicate"] + ["quarantined"] * 4


def test_a_missing_place_has_no_reader_and_none_is_made(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        place.reader()
    assert list(tmp_path.rglob("*")) == []


def test_a_damaged_place_is_unavailable(place: Place) -> None:
    place.spoil()
    with pytest.raises(StoreUnavailable):
        place.writer()
    with pytest.raises(StoreUnavailable), closing(place.reader()) as reader:
        reader.last_seq()


def test_closing_twice_is_closing_once(place: Place) -> None:
    writer = place.writer()
    reader = place.reader()
    for opened in (writer, reader):
        opened.close()
        opened.close()


def test_bad_code_in_the_middle_of_a_batch_undoes_the_whole_batch(
    writer: Writer, reader: Reader
) -> None:
    refused = Arrival(delivery(b"x"), Rejection(Reason.JSON_MALFORMED, "$", "no"))
    batch = [spo2("93"), refused, poisoned(arrival("other"))]
    with pytest.raises(Exception) as caught:  # noqa: PT011  any of the adapter's own
        writer.append(batch)
    assert not isinstance(caught.value, StoreUnavailable)
    assert reader.records_after(0, ALL, unassigned=True) == []
    assert list(reader.rejections()) == []
    assert not any(reader.tallies().values())


def test_after_an_undone_batch_every_record_finds_its_source_again(
    writer: Writer, reader: Reader
) -> None:
    """What a batch learned about sources is undone with it: no later record gets another's."""
    with pytest.raises(Exception):  # noqa: B017, PT011
        writer.append([arrival("first"), poisoned(arrival("second"))])
    writer.append([arrival("third")])
    writer.append([arrival("first"), arrival("second")])
    records = reader.records_after(0, ALL, unassigned=True)
    assert [record.device for record in records] == ["third", "first", "second"]


def store_all(place: Place, count: int) -> None:
    """Append the same readings in small batches; another writer does so meanwhile."""
    with closing(place.writer()) as writer:
        arrivals = readings_at(count)
        for start in range(0, count, 7):
            writer.append(arrivals[start : start + 7])


def test_threads_that_send_the_same_readings_store_each_once(place: Place, reader: Reader) -> None:
    threads = [threading.Thread(target=store_all, args=(place, 100)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    check_once(place, reader, writers=3)


def test_processes_that_send_the_same_readings_store_each_once(
    place: Place, reader: Reader
) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=store_all, args=(place, 100)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(PATIENCE_S)
        child.kill()
        child.join()
        assert child.exitcode == 0
    check_once(place, reader, writers=2)


def check_once(place: Place, reader: Reader, writers: int) -> None:
    records = reader.records_after(0, ALL, unassigned=True)
    assert [record.seq for record in records] == list(range(1, 101))
    assert len({record.identity for record in records}) == 100
    assert place.times_stored() == [1] * 100
    tallies = reader.tallies()
    assert tallies["readings-quarantined"] == 100
    assert tallies["readings-duplicate"] == 100 * (writers - 1)


def test_a_follower_misses_nothing_while_two_connections_write(
    place: Place, reader: Reader
) -> None:
    """The feed only ever grows at its end: what was skipped once would be lost for good."""

    def write(device: str) -> None:
        with closing(place.writer()) as writer:
            for one in readings_at(60, device):
                writer.append([one])

    threads = [threading.Thread(target=write, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    heard: list[tuple[int, str, str]] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(heard) < 120 and time.monotonic() < deadline:
        after = heard[-1][0] if heard else 0
        news = reader.records_after(after, 5, unassigned=True)
        heard += [(record.seq, record.device, record.device_time) for record in news]
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [seq for seq, *_ in heard] == list(range(1, 121))
    for name in ("left", "right"):
        times = [at for _, device, at in heard if device == name]
        assert times == sorted(times)
        assert len(set(times)) == 60


def test_a_follower_hears_of_what_moves_behind_it(writer: Writer, reader: Reader) -> None:
    writer.append(readings_at(10))
    seen = reader.records_after(0, 5, unassigned=True)[-1].seq
    writer.enrol(enrolment(term("anna")), NOW_MS)
    heard = reader.records_after(seen, ALL)
    assert len(heard) == 10
    assert [record.seq for record in heard] == list(range(11, 21))
