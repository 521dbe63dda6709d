"""A reading to what is stored: our records beside Observations built by fhir.resources."""

from typing import Any

import pytest

from benchmarks.plain import checked, observation, payloads_of
from devices.reading import Reading
from fhir_mapping.record import records_of
from ingest.decode import Delivery

pytestmark = pytest.mark.benchmark(group="map", disable_gc=True)


def test_ours(benchmark: Any, readings: list[Reading]) -> None:
    found = benchmark(lambda: [records_of(one) for one in readings])
    assert len({record.identity for records in found for record in records}) == sum(map(len, found))


def test_fhir_resources(
    benchmark: Any, deliveries: list[Delivery], readings: list[Reading]
) -> None:
    items = [checked(item, delivery) for delivery in deliveries for item in payloads_of(delivery)]
    found = benchmark(
        lambda: [
            [observation("0" * 64, one, about, values) for about, values in one["values"].items()]
            for one in items
        ]
    )
    assert [len(one) for one in found] == [len(records_of(one)) for one in readings]
