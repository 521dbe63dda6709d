"""What every benchmark is given: one seeded world, the same bytes on every run and machine.

In: how many messages. Out: simulated deliveries, the same as ingest receives them, and the hash
of what a store then holds. Called by every benchmark of the message path and by `micro`.
"""

from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path

import msgspec

from devices.simulated import Delivery, FaultRates, World
from fhir_mapping.record import Record
from hjemmepuls.stores import apply_enrolment
from ingest import decode
from ingest.enrolment import read_enrolment
from ingest.pipeline import examine
from ingest.store import Mapped, Reader

SEED = 1
START = date(2025, 1, 6)
"""Long past, so that no reading lies in the future of any machine's clock."""
DAYS = 28
MESSAGES_PER_HOME = 60
"""Fewer than a home sends in `DAYS`, so that a world never runs out of messages."""
FAULTS = FaultRates(resend_same=0.105, resend_rebuilt=0.01)
"""One message in ten is a resend; all other faults as the simulator has them by default."""
CHUNK = 10_000


def world_of(messages: int) -> World:
    """A world that sends at least this many messages, all of them measurements: what the others
    in a benchmark can read, too."""
    homes = max(24, -(-messages // MESSAGES_PER_HOME))
    return World(SEED, homes, start=START, days=DAYS, faults=FAULTS, asking=False)


def deliveries_of(world: World, messages: int) -> list[Delivery]:
    """The first messages of a world, in order of sending."""
    sent = list(islice(world.deliveries(), messages))
    assert len(sent) == messages, f"the world sent {len(sent)} messages, not {messages}"
    return sent


def received(sent: list[Delivery]) -> list[decode.Delivery]:
    """The same messages as ingest receives them, each at the moment of its sending."""
    return [decode.Delivery(one.topic.text(), one.payload, one.send_ms) for one in sent]


def enrol(store: Path, world: World) -> None:
    """Apply the world's enrolment to a store: most devices then belong to somebody."""
    apply_enrolment(store, read_enrolment(msgspec.json.encode(world.enrolment())))


def mapped_records(messages: int) -> list[Record]:
    """The records that the good readings of these messages become, as if stored for somebody."""
    deliveries = received(deliveries_of(world_of(messages), messages))
    return [
        msgspec.structs.replace(
            record, seq=1, citizen="citizen-1", received_ms=delivery.received_ms
        )
        for delivery in deliveries
        for arrival in examine(delivery)
        if isinstance(arrival.item, Mapped)
        for record in arrival.item.records
    ]


def stored_records(reader: Reader) -> list[Record]:
    """Everything that a store holds."""
    records: list[Record] = []
    while more := reader.records_after(records[-1].seq if records else 0, CHUNK, unassigned=True):
        records += more
    return records


def hash_of(records: list[Record]) -> str:
    """SHA-256 over the sorted identity and value text of all records.

    >>> hash_of([])[:8]
    'e3b0c442'
    """
    lines = sorted(
        f"{record.identity.hex()} {record.about} {'/'.join(text or '' for text in record.values)}\n"
        for record in records
    )
    return sha256("".join(lines).encode()).hexdigest()
