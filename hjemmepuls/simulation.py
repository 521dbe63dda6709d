"""From options to a simulated world on the air, and its ledger held against the store."""

from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from devices.simulated import FaultRates, Timeline, World, read_ledger
from devices.simulated.build import MIXED
from devices.simulated.cohort import Cohort
from devices.simulated.home import ZONE
from devices.simulated.ledger import GarbageLine, ReadingLine
from ingest.audit import Audit, Said, audit
from ingest.store import Reader


def simulated_world(
    homes: int,
    days: int,
    seed: int,
    start: date | None = None,
    faults: bool = True,
    cohort: bool = False,
    story_days: int | None = None,
) -> World:
    """A world of `days` days that ends tonight unless it is given a start.

    With `cohort` its people are those that rules are scored on (docs/SIMULATOR.md), else a
    showcase: a few clear cases among people who are well, and every second home measures twice a
    week and may be asked for more. Its story is told within `story_days`, and then goes on.
    """
    first = start or datetime.now(ZONE).date() - timedelta(days=days - 1)
    rates = FaultRates() if faults else FaultRates.none()
    if cohort:
        return World.of(Cohort(seed, homes, days, first), faults=rates)
    return World(
        seed, homes, start=first, days=days, faults=rates, schedule=MIXED, story_days=story_days
    )


def timeline(world: World, history_days: float, speed: float) -> Timeline:
    """The first days at once, the rest at `speed` until it has caught up with now."""
    return Timeline(world.starts_at + timedelta(days=history_days), speed)


def audit_ledger(ledger: Path, reader: Reader) -> Audit:
    """Hold a publisher's ledger against the store.

    OSError, UnicodeDecodeError or msgspec.DecodeError when it is none.
    """
    headed = False
    readings: list[Said] = []
    garbage: list[str] = []
    for line in read_ledger(ledger):
        if isinstance(line, ReadingLine):
            readings.append(Said(line.device, line.slot, line.boot, line.t, line.values))
        elif isinstance(line, GarbageLine):
            garbage.append(line.digest)
        else:
            headed = True
    if not headed:
        raise msgspec.DecodeError("it does not say of which world it is")
    return audit(readings, garbage, reader)
