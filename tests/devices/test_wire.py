"""What travels: topics and payloads come back as they were said, and parts stay where they are."""

from binascii import crc32
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire import (
    LEVEL_CHARACTERS_MAX,
    PARTS,
    Clock,
    Item,
    Location,
    Payload,
    Receipt,
    Result,
    StatusFlag,
    Topic,
    TransferredBy,
    parse_topic,
    part_of,
    topic_for,
)

LEVEL = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="/+#"),
    min_size=1,
    max_size=LEVEL_CHARACTERS_MAX,
)
SHORT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
LONG = st.text(st.characters(codec="utf-8"), max_size=128)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LOCAL = st.datetimes()
ZONED = st.builds(lambda moment, zone: moment.replace(tzinfo=zone), LOCAL, ZONES)
FLAGS = st.lists(st.sampled_from(get_args(StatusFlag)), max_size=3)
ITEMS = st.builds(
    Item,
    c=SHORT,
    val=st.none() | st.text(max_size=32),
    u=st.text(max_size=32),
    sup=st.none() | st.dictionaries(SHORT, LONG, max_size=3),
    st=FLAGS,
)
PAYLOADS = st.builds(
    Payload,
    v=st.just(1),
    id=SHORT,
    seq=st.integers(0, 2**53),
    type=SHORT,
    t=LOCAL,
    sent=ZONED,
    r=st.lists(ITEMS, max_size=3),
    boot=LONG,
    model=LONG,
    fw=LONG,
    clock=st.none() | st.builds(Clock, sync=SHORT, device=st.none() | LOCAL, gateway=ZONED),
    by=st.sampled_from(get_args(TransferredBy)),
    loc=st.sampled_from(get_args(Location)),
    slot=st.integers(1, 99),
    st=FLAGS,
    device=st.none() | SHORT,
    gateway=st.none() | SHORT,
)
RECEIPTS = st.builds(
    Receipt, id=LONG, seq=st.integers(0), result=st.sampled_from(get_args(Result)), reason=LONG
)


@given(PAYLOADS)
def test_a_payload_comes_back_as_it_was_said(payload: Payload) -> None:
    encoded = msgspec.json.encode(payload)
    back = msgspec.json.decode(encoded, type=Payload)
    assert back == payload
    assert back.sent.utcoffset() == payload.sent.utcoffset()
    assert msgspec.json.encode(back) == encoded


@given(RECEIPTS)
def test_a_receipt_comes_back_as_it_was_said(receipt: Receipt) -> None:
    assert msgspec.json.decode(msgspec.json.encode(receipt), type=Receipt) == receipt


def test_what_is_usual_is_not_said() -> None:
    moment = datetime.fromisoformat("2026-02-18T07:29:40")
    payload = Payload(1, "a", 1, "528388", moment, moment.replace(tzinfo=UTC), [Item("spo2", "93")])
    assert msgspec.json.decode(msgspec.json.encode(payload)) == {
        "v": 1,
        "id": "a",
        "seq": 1,
        "type": "528388",
        "t": "2026-02-18T07:29:40",
        "sent": "2026-02-18T07:29:40Z",
        "r": [{"c": "spo2", "val": "93"}],
    }


@given(LEVEL, st.integers(0, PARTS - 1), LEVEL, LEVEL, LEVEL)
def test_a_topic_comes_back_as_it_was_said(
    tenant: str, part: int, gateway: str, device: str, kind: str
) -> None:
    topic = Topic(tenant, part, gateway, device, kind)
    assert parse_topic(topic.text()) == topic
    assert parse_topic(topic.answer()) == Topic(tenant, part, gateway, device, "ack")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "hm/v1",
        "hm/v1/t/07/g/d",
        "hm/v1/t/07/g/d/obs/",
        "/hm/v1/t/07/g/d/obs",
        "hm/v1//07/g/d/obs",
        "hm/v1/t/07/g/d/",
        "hm/v2/t/07/g/d/obs",
        "HM/v1/t/07/g/d/obs",
        "hm/v1/t/7/g/d/obs",
        "hm/v1/t/007/g/d/obs",
        "hm/v1/t/-1/g/d/obs",
        "hm/v1/t/+7/g/d/obs",
        "hm/v1/t/ 7/g/d/obs",
        "hm/v1/t/64/g/d/obs",
        "hm/v1/t/99/g/d/obs",
        "hm/v1/t/²³/g/d/obs",
        "hm/v1/t/\N{ARABIC-INDIC DIGIT ZERO}\N{ARABIC-INDIC DIGIT SEVEN}/g/d/obs",
        "hm/v1/t/07/g\x1f/d/obs",
        "hm/v1/t/07/g/d\0/obs",
        "hm/v1/t/07/g/\ud800/obs",
        "hm/v1/t/07/g/d\n/obs",
        f"hm/v1/t/07/{'g' * 65}/d/obs",
        f"hm/v1/t/07/g/{'d' * 65}/obs",
    ],
)
def test_what_is_not_of_our_form_is_no_topic(text: str) -> None:
    assert parse_topic(text) is None


@given(st.text())
def test_no_text_is_too_strange_to_be_refused(text: str) -> None:
    assert parse_topic(text) is None


def test_the_edges_of_our_form_are_topics() -> None:
    for part in ("00", "63"):
        found = parse_topic(f"hm/v1/t/{part}/gård 7/{'d' * 64}/obs")
        assert found is not None
        assert found.part == int(part)


def test_parts_stay_where_they_are() -> None:
    """All devices of a home share a part for ever: these numbers stand in topics out there."""
    found = [part_of(gateway) for gateway in ("gw-0001", "gw-0002", "gård 7")]
    assert found == [crc32(name.encode()) % 64 for name in ("gw-0001", "gw-0002", "gård 7")]
    assert found == [33, 27, 47]


def test_homes_are_spread_over_all_parts() -> None:
    counts = Counter(part_of(f"gw-{number:05d}") for number in range(6_400))
    assert set(counts) == set(range(PARTS))
    assert max(counts.values()) < 200  # twice the mean


@given(LEVEL, LEVEL)
def test_a_topic_for_a_home_is_in_the_home_s_part(gateway: str, device: str) -> None:
    topic = topic_for("t", gateway, device)
    assert (topic.part, topic.kind) == (part_of(gateway), "obs")
    assert parse_topic(topic.text()) == topic
