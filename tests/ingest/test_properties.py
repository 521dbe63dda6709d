"""Whatever arrives, `examine` answers it: nothing raises, nothing vanishes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decode import Delivery
from ingest.pipeline import examine
from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Mapped
from tests.ingest.golden import delivery_of, failing, passing
from tests.ingest.said import PAYLOAD, RECEIVED_MS, TOPIC, delivery, one

SOUND = [delivery_of(path) for path in passing()]
SEEDS = SOUND + [item for path in failing() if len((item := delivery_of(path)).payload) < 2000]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
NASTY: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 2**53, 2**70, 1e300, [], {}, [[]], "", "\0", "\x1f", "\u202e", "ﬁ", "🫀"]
)
NASTY |= st.sampled_from(
    ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "NaN", "-0", "1e5", "x" * 300]
)


def examined(item: Delivery) -> list[Arrival]:
    """The arrivals; what our own code could not take is a failure here."""
    arrivals = list(examine(item))
    assert arrivals
    for arrival in arrivals:
        assert arrival.delivery is item
        if isinstance(arrival.item, Rejection):
            assert arrival.item.reason is not Reason.PROCESSING_FAILED, arrival.item
            assert arrival.item.path
            assert arrival.item.detail
            arrival.item.detail.encode()
        else:
            assert arrival.item.records
    return arrivals


@given(st.binary(max_size=200))
def test_any_bytes(payload: bytes) -> None:
    examined(Delivery(TOPIC, payload, RECEIVED_MS))


@given(st.text(max_size=80), st.sampled_from(SOUND))
def test_any_topic(topic: str, sound: Delivery) -> None:
    (arrival,) = examined(Delivery(topic, sound.payload, RECEIVED_MS))
    assert isinstance(arrival.item, Rejection)


@given(JSON)
def test_any_json(fields: Any) -> None:
    arrivals = examined(delivery(fields))
    if isinstance(fields, list) and fields:
        assert len(arrivals) == len(fields)


@given(st.dictionaries(st.sampled_from([*PAYLOAD, "clock", "st", "by", "sup"]), NASTY | JSON))
def test_any_field_replaced(changes: dict[str, Any]) -> None:
    examined(delivery({**PAYLOAD, **changes}))


@given(st.dictionaries(st.sampled_from(["c", "val", "u", "sup", "st"]), NASTY | JSON))
def test_any_field_of_a_value_replaced(changes: dict[str, Any]) -> None:
    examined(delivery({**PAYLOAD, "r": [{"c": "spo2", "val": "93", "u": "%", **changes}]}))


@given(st.sampled_from(SEEDS), st.data())
def test_any_byte_changed_inserted_or_cut(seed: Delivery, data: st.DataObject) -> None:
    payload = bytearray(seed.payload)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(payload)))
        cut = data.draw(st.integers(0, 3))
        payload[place : place + cut] = data.draw(st.binary(max_size=3))
    examined(Delivery(seed.topic, bytes(payload), seed.received_ms))


def test_a_malformed_value_beside_bytes_that_are_no_text() -> None:
    whole = msgspec.json.encode({**PAYLOAD, "\u00e9": "", "r": [{"c": "", "val": "93"}]})
    (arrival,) = examined(Delivery(TOPIC, whole.replace(b"\xc3\xa9", b"\x80"), RECEIVED_MS))
    assert isinstance(arrival.item, Rejection)
    assert arrival.item.reason is Reason.PAYLOAD_NOT_UTF8


@given(st.integers(500, 500_000).map(lambda grams: f"{grams // 1000}.{grams % 1000:03d}"))
def test_a_decimal_text_comes_through_to_the_record(text: str) -> None:
    (arrival,) = examined(delivery(one("weight", text, "kg")))
    assert isinstance(arrival.item, Mapped)
    (record,) = arrival.item.records
    assert record.values == (text,)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"r":['])
def test_any_depth(opening: bytes) -> None:
    for depth in (10, 900, 1_100, 30_000):
        (arrival,) = examined(Delivery(TOPIC, opening * depth, RECEIVED_MS))
        assert isinstance(arrival.item, Rejection)
        assert arrival.item.reason is Reason.JSON_MALFORMED


def test_depth_in_a_field_that_is_not_ours_is_refused_too() -> None:
    whole = msgspec.json.encode(PAYLOAD)[:-1] + b',"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    for payload in (whole, b"[" + whole + b"]"):
        (arrival,) = examined(Delivery(TOPIC, payload, RECEIVED_MS))
        assert isinstance(arrival.item, Rejection)
        assert "nested" in arrival.item.detail
