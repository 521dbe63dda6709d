"""Decode: every delivery becomes readings or rejections, each knowing its place and its sender."""

import msgspec
import pytest

from devices.wire import topic_for
from ingest.decode import Decoded, decode
from ingest.limits import PAYLOAD_BYTES_MAX, READINGS_PER_DELIVERY_MAX
from ingest.rejection import Reason, Rejection
from tests.ingest.said import PAYLOAD, TOPIC, as_payload, decoded, delivery, refused, said


def test_a_payload_comes_out_as_it_was_said() -> None:
    fields = said(boot="b3", model="Model 1", clock={"sync": "ntp"})
    found = decoded(fields)
    assert found.payload == as_payload(fields)
    assert found.topic.text() == TOPIC
    assert found.index == -1


def test_every_reading_of_an_array_knows_its_place() -> None:
    items = decode(delivery([said(id="a"), {"id": "b", "seq": 7}, said(id="c")]))
    first, second, third = items
    assert isinstance(first, Decoded)
    assert isinstance(third, Decoded)
    assert [first.index, second.index, third.index] == [0, 1, 2]
    assert [first.payload.id, third.payload.id] == ["a", "c"]
    assert isinstance(second, Rejection)
    assert (second.message_id, second.message_seq) == ("b", 7)
    assert second.path == "$.v"  # from the reading's own root


def test_a_reading_that_is_not_utf8_leaves_its_neighbours_alone() -> None:
    good = msgspec.json.encode(PAYLOAD)
    bad = good.replace(b"0198c0de-0001", b"\xff")
    items = decode(delivery(b"[" + good + b"," + bad + b"," + good + b"]"))
    kinds = [item.reason if isinstance(item, Rejection) else "" for item in items]
    assert kinds == ["", Reason.PAYLOAD_NOT_UTF8, ""]


def test_the_limits_are_inclusive() -> None:
    full = [PAYLOAD] * READINGS_PER_DELIVERY_MAX
    assert len(decode(delivery(full))) == READINGS_PER_DELIVERY_MAX
    payload = msgspec.json.encode(PAYLOAD)
    padded = payload + b" " * (PAYLOAD_BYTES_MAX - len(payload))
    assert isinstance(decode(delivery(padded))[0], Decoded)
    (over,) = decode(delivery(padded + b" "))
    assert isinstance(over, Rejection)
    assert over.reason is Reason.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        (said(slot="x"), ("0198c0de-0001", 4711)),
        (said(slot="x", id=5), ("", 4711)),
        (said(slot="x", id="i" * 70), ("i" * 64, 4711)),
        (said(seq="x"), ("0198c0de-0001", 0)),
        (said(seq=-1), ("0198c0de-0001", 0)),
        (said(seq=2**60), ("0198c0de-0001", 0)),
        (said(seq=True, slot="x"), ("0198c0de-0001", 0)),
        (said(id={"deep": [1]}, seq=[2]), ("", 0)),
        (said(v=2), ("0198c0de-0001", 4711)),
        ([1], ("", 0)),
        ("text", ("", 0)),
    ],
)
def test_the_sender_is_named_as_far_as_it_can_be_read(
    fields: object, sender: tuple[str, int]
) -> None:
    rejection = refused(fields)
    assert (rejection.message_id, rejection.message_seq) == sender
    assert isinstance(rejection.message_seq, int)
    assert not isinstance(rejection.message_seq, bool)


def test_a_huge_number_of_the_sender_does_no_harm() -> None:
    payload = msgspec.json.encode(said(seq=7, slot=0)).replace(b":7,", b":" + b"7" * 5000 + b",")
    rejection = refused(payload)
    assert rejection.message_seq == 0


def test_unknown_fields_are_for_later_versions() -> None:
    fields = said(battery=5, deep={"a": [1, {"b": None}]})
    assert decoded(fields).payload == decoded(said()).payload


def test_of_a_field_said_twice_the_last_holds() -> None:
    twice = msgspec.json.encode(PAYLOAD)[:-1] + b',"id":"second"}'
    assert decoded(twice).payload.id == "second"


@pytest.mark.parametrize("topic", ["\udcff", "hm/v1/t/07/gw\ud800/d/obs", "", "/" * 6, "a\0b"])
def test_no_topic_is_too_strange_to_refuse(topic: str) -> None:
    rejection = refused(PAYLOAD, topic)
    assert (rejection.reason, rejection.path) == (Reason.TOPIC_MALFORMED, "topic")
    rejection.detail.encode()


def test_the_topic_is_judged_before_the_payload() -> None:
    wrong = topic_for("t", "gw-0001", "d", "status").text()
    assert refused(b"\xff", wrong).reason is Reason.KIND_UNSUPPORTED


def test_details_are_short_whatever_was_sent() -> None:
    for fields in (said(by="r" * 100_000), said(v=10**4000), {"x" * 200_000: 1}):
        assert len(refused(fields).detail) <= 300
    assert len(refused(PAYLOAD, "t" * 60_000).detail) <= 300


def test_absent_and_null_are_the_same_where_a_field_may_be_absent() -> None:
    fields = said(clock=None, device=None, gateway=None)
    assert decoded(fields).payload == decoded(said()).payload
