"""The same hundred readings at every stage."""

import gc

import pytest

from benchmarks.workload import deliveries_of, received, world_of
from devices.reading import Reading
from fhir_mapping.record import Record, records_of
from ingest.decode import Decoded, Delivery, decode
from ingest.validate import Validated, validate

COUNT = 100


@pytest.fixture(scope="session")
def deliveries() -> list[Delivery]:
    """The first good messages that hold one reading, and were never sent before."""
    sent = deliveries_of(world_of(2 * COUNT), 2 * COUNT)
    good = [one for one in sent if len(one.readings) == 1 and not one.again]
    return received(good[:COUNT])


@pytest.fixture(scope="session")
def decoded(deliveries: list[Delivery]) -> list[Decoded]:
    """After stage 1."""
    found = [one for delivery in deliveries for one in decode(delivery)]
    assert len(found) == COUNT
    return [one for one in found if isinstance(one, Decoded)]


@pytest.fixture(scope="session")
def readings(decoded: list[Decoded], deliveries: list[Delivery]) -> list[Reading]:
    """After stage 2."""
    pairs = zip(decoded, deliveries, strict=True)
    found = [validate(one, delivery.received_ms) for one, delivery in pairs]
    return [one.reading for one in found if isinstance(one, Validated)]


@pytest.fixture(scope="session")
def records(readings: list[Reading]) -> list[Record]:
    """After stage 3: one record for each reading, its first."""
    return [records_of(reading)[0] for reading in readings]


@pytest.fixture(autouse=True)
def _collected() -> None:
    """No test pays for another one's rubbish."""
    gc.collect()
