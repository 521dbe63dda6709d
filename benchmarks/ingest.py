"""`ingest`: from the broker to a durable record, and the same work done plainly.

In one run and on one disk: the ingest process draining a backlog from a real broker; the same
messages through `ingest.pipeline` inside this process; the ordinary way (`plain`) on a part of
them; a bare subscriber on the same backlog, which is what the broker itself can give; and how
often the disk takes a page durably. Both of our paths must leave the same records, and the
ordinary way the same values, or the run fails.
"""

from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import measure
from benchmarks.broker import Kind, Offer, through_broker
from benchmarks.measure import Result, Stopwatch
from benchmarks.plain import PlainStore
from benchmarks.workload import (
    SEED,
    deliveries_of,
    enrol,
    hash_of,
    received,
    stored_records,
    world_of,
)
from devices.simulated import World
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.limits import BATCH_DELIVERIES_MAX
from ingest.pipeline import process
from ingest.store import SqliteReader, SqliteWriter


@dataclass(frozen=True)
class Stored:
    """What one run left behind, and how long it took."""

    seconds: float
    render_seconds: float
    readings: int
    records: list[Record]
    refused: int
    bytes_on_disk: int


def run(
    messages: int,
    plain_messages: int,
    repeat: int,
    kind: Kind,
    receipts: bool,
    folder: Path | None = None,
) -> Result:
    """Every path over the same messages; stores live in `folder` while it runs."""
    world = world_of(messages)
    sent = deliveries_of(world, messages)
    deliveries = received(sent)
    some = deliveries[:plain_messages]
    with TemporaryDirectory(prefix="hjemmepuls-bench-", dir=folder) as name:
        place = Path(name)
        warm = in_process(place / "warm.db", world, some)
        inside, plain = [], []
        for number in range(repeat):  # in turn, so that the machine's other work burdens both
            inside.append(in_process(place / f"ours-{number}.db", world, deliveries))
            plain.append(plainly(place / f"plain-{number}.db", some, warm))
        fsync = measure.fsync_per_s(place)
        broker = through_broker(place, Offer(world, sent), repeat, kind, receipts)
    result = {
        "name": "ingest",
        "parameters": {
            "messages": messages,
            "resends": sum(one.again for one in sent),
            "garbage": sum(one.garbage for one in sent),
            "batch": BATCH_DELIVERIES_MAX,
            "plain_messages": plain_messages,
            "repeat": repeat,
            "receipts": receipts,
            "seed": SEED,
        },
        "machine": measure.machine(),
        **figures(inside, plain, warm.readings),
        **broker,
        "fsync_per_s": fsync,
    }
    assert broker.get("process_result_hash", result["result_hash"]) == result["result_hash"]
    return result


def figures(inside: list[Stored], plain: list[float], plain_readings: int) -> Result:
    """Rates of the two ways inside this process, per reading taken, resends included."""
    last = inside[-1]
    hashes = {hash_of(one.records) for one in inside}
    assert len(hashes) == 1, "two runs left different records"
    stored = [one.seconds for one in inside]
    rendered = [one.seconds + one.render_seconds for one in inside]
    ours, both = measure.rate(last.readings, stored), measure.rate(last.readings, rendered)
    theirs = measure.rate(plain_readings, plain)
    return {
        "readings": last.readings,
        "records": len(last.records),
        "refused": last.refused,
        "bytes_per_record": round(last.bytes_on_disk / len(last.records), 1),
        "pipeline_readings_per_s": ours,
        "pipeline_readings_per_s_range": measure.spread(last.readings, stored),
        "pipeline_and_render_readings_per_s": both,
        "plain_readings_per_s": theirs,
        "plain_readings_per_s_range": measure.spread(plain_readings, plain),
        "ratio_vs_plain": measure.ratio(ours, theirs),
        "ratio_vs_plain_with_render": measure.ratio(both, theirs),
        "result_hash": hashes.pop(),
    }


def in_process(path: Path, world: World, deliveries: list[Delivery]) -> Stored:
    """`pipeline.process` on every message; beside it, every record rendered once."""
    enrol(path, world)
    before = path.stat().st_size
    watch, render = Stopwatch(), Stopwatch()
    with closing(SqliteWriter(path)) as writer, watch:
        readings = sum(len(process(batch, writer)) for batch in batches(deliveries))
    grown = path.stat().st_size - before
    with closing(SqliteReader(path)) as reader:
        records = stored_records(reader)
        refused = sum(1 for _ in reader.rejections())
    with render:
        for record in records:
            render_observation(record)
    return Stored(watch.seconds, render.seconds, readings, records, refused, grown)


def plainly(path: Path, deliveries: list[Delivery], ours: Stored) -> float:
    """Seconds of the ordinary way; it must store the values that we stored, and refuse alike."""
    watch = Stopwatch()
    with closing(PlainStore(path)) as store:
        with watch:
            readings = sum(store.process(batch) for batch in batches(deliveries))
        assert readings == ours.readings, (readings, ours.readings)
        assert store.refused() == ours.refused, (store.refused(), ours.refused)
        assert store.values() == {
            (one.device, one.slot, one.boot, one.device_time, one.about): tuple(
                None if text is None else Decimal(text) for text in one.values
            )
            for one in ours.records
        }, "the ordinary way stored other values"
    return watch.seconds


def batches(deliveries: list[Delivery]) -> list[list[Delivery]]:
    """The messages as ingest commits them."""
    size = BATCH_DELIVERIES_MAX
    return [deliveries[start : start + size] for start in range(0, len(deliveries), size)]
