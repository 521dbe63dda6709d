"""Bytes to a typed payload: msgspec's decoder beside `json.loads` with the same topic check."""

from typing import Any

import pytest

from benchmarks.plain import payloads_of
from ingest.decode import Decoded, Delivery, decode

pytestmark = pytest.mark.benchmark(group="decode", disable_gc=True)


def test_ours(benchmark: Any, deliveries: list[Delivery]) -> None:
    found = benchmark(lambda: [decode(one) for one in deliveries])
    assert all(isinstance(one, Decoded) for (one,) in found)


def test_json(benchmark: Any, deliveries: list[Delivery]) -> None:
    found = benchmark(lambda: [payloads_of(one) for one in deliveries])
    ours = [one for delivery in deliveries for one in decode(delivery)]
    ids = [one.payload.id for one in ours if isinstance(one, Decoded)]
    assert [one["id"] for (one,) in found] == ids
