"""A payload believed or refused: our stage beside checks by hand over a dict."""

from decimal import Decimal
from typing import Any

import pytest

from benchmarks.plain import checked, payloads_of
from devices.reading import Reading
from ingest.decode import Decoded, Delivery
from ingest.validate import Validated, validate

pytestmark = pytest.mark.benchmark(group="validate", disable_gc=True)


def test_ours(benchmark: Any, decoded: list[Decoded], deliveries: list[Delivery]) -> None:
    pairs = [(one, delivery.received_ms) for one, delivery in zip(decoded, deliveries, strict=True)]
    found = benchmark(lambda: [validate(one, received_ms) for one, received_ms in pairs])
    assert all(isinstance(one, Validated) for one in found)


def test_by_hand(benchmark: Any, deliveries: list[Delivery], readings: list[Reading]) -> None:
    pairs = [(item, delivery) for delivery in deliveries for item in payloads_of(delivery)]
    found = benchmark(lambda: [checked(item, delivery) for item, delivery in pairs])
    for reading, one in zip(readings, found, strict=True):
        numbers = dict(pair for group in one["values"].values() for pair in group.items())
        assert numbers == {
            value.metric.alias: None if value.text is None else Decimal(value.text)
            for value in reading.values
        }
        assert int(one["measured"].timestamp() * 1000) == reading.measured_ms
