"""A record store that a simulated world has been received into."""

from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec

from hjemmepuls.simulation import simulated_world
from ingest.decode import Delivery
from ingest.enrolment import enrol, read_enrolment
from ingest.pipeline import process
from ingest.store import SqliteWriter
from tests.live import live_limits


def store_of(
    path: Path, homes: int, days: int, seed: int, start: date, cohort: bool = True
) -> Path:
    """Everything these homes sent, enrolled and stored."""
    world = simulated_world(homes, days, seed, start, faults=False, cohort=cohort)
    with closing(SqliteWriter(path)) as writer:
        enrol(writer, read_enrolment(msgspec.json.encode(world.enrolment())), [], live_limits, 0)
        sent = (Delivery(row.topic.text(), row.payload, row.send_ms) for row in world.deliveries())
        while some := [one for _, one in zip(range(500), sent, strict=False)]:
            process(some, writer)
    return path
