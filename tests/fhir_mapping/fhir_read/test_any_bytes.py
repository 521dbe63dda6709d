"""Whatever comes, it is answered: a reading that can be rendered, or a reason of the list."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mapping.fhir_read import Found, answer, read_fhir
from fhir_mapping.observation import render_observation
from fhir_mapping.record import records_of
from tests.fhir_mapping.cases import CASES
from tests.fhir_mapping.fhir_read.cases import GOLDEN, RECEIVED_MS

OURS = ("blood_pressure", "spo2-circumstances", "weight-conflict-second", "weight-unassigned")
INPUTS = [
    *(path.read_bytes() for path in sorted(GOLDEN.glob("*.json"))),
    *(render_observation(CASES[name]) for name in OURS),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def check(payload: bytes) -> None:
    for entry in read_fhir(payload, RECEIVED_MS).entries:
        if isinstance(entry, Found):
            assert entry.reading.device
            for record in records_of(entry.reading):
                assert msgspec.json.decode(render_observation(record))
        else:
            assert entry.reason in answer.REASONS
            assert entry.path
            assert len(entry.detail) < 1_000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(payload: bytes) -> None:
    check(payload)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_inputs_with_bytes_changed(data: st.DataObject) -> None:
    payload = bytearray(data.draw(st.sampled_from(INPUTS)))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(payload[: data.draw(st.integers(0, len(payload)) | st.just(len(payload)))]))


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with a key or index of it."""
    keys: list[Any] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    inner = (tree[key] for key in keys)
    deeper = [place for one in inner if isinstance(one, dict | list) for place in places(one)]
    return [*((tree, key) for key in keys), *deeper]


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_inputs_with_an_element_replaced(data: st.DataObject) -> None:
    tree = msgspec.json.decode(data.draw(st.sampled_from(INPUTS)))
    container, key = data.draw(st.sampled_from(places(tree)))
    container[key] = data.draw(JSON)
    check(msgspec.json.encode(tree))


@pytest.mark.parametrize(
    "payload",
    [
        b'{"resourceType":"Observation","id":"\\ud800abc"}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{"a":' + b"[" * 100_000,
        b'{"resourceType":"Observation","extension":' + b'[{"extension":' * 50_000,
        b'\xef\xbb\xbf{"resourceType":"Observation"}',
        b'{"resourceType":"Observation","status":"final","status":null}',
        b"nul",
    ],
)
def test_what_breaks_other_readers(payload: bytes) -> None:
    check(payload)
