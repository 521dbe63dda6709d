"""Identity comes from the facts of the measurement: not from arrival, value or process."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import RFC_4122, UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire import parse_topic
from fhir_mapping.identity import fingerprint, id_bytes, id_text, identity_of, observation_id
from fhir_mapping.record import Record, records_of, twin_of
from tests.ingest.said import one, pressure, reading, said

READING = reading(said(boot="b3"))
(RECORD,) = records_of(READING)
PROGRAM = """
import sys
from fhir_mapping.record import records_of
from tests.ingest.said import reading, said
record, = records_of(reading(said(boot="b3")))
sys.stdout.write(record.identity.hex() + record.id.hex())
"""


def changed(**changes: Any) -> Record:
    (record,) = records_of(msgspec.structs.replace(READING, **changes))
    return record


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_every_process_gives_the_same_identity_and_id(seed: str) -> None:
    there = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
        text=True,
    )
    assert there.stdout == RECORD.identity.hex() + RECORD.id.hex()


def test_identity_does_not_change_between_versions_of_this_code() -> None:
    """These bytes stand in stores: whoever changes them doubles every reading on a resend."""
    mark = fingerprint("d", 1, "b", "2026-02-18T07:29:40", "150456", "", "")
    assert mark.hex() == "a1c264321354af56b47c"
    assert identity_of(1_771_399_780_000, mark).hex() == "019c6fa796a0" + mark.hex()


@pytest.mark.parametrize(
    "change",
    [
        {"device": "other"},
        {"slot": 2},
        {"boot": "b4"},
        {"boot": ""},
        {"device_time": "2026-02-18T07:29:41"},
        {"device_time": "2026-02-18T07:29:40.500000"},
    ],
)
def test_each_identifying_fact_changes_it(change: dict[str, Any]) -> None:
    """The id follows from the corrected instant, not from how the device spells it."""
    other = changed(**change)
    assert other.identity != RECORD.identity
    assert (other.id != RECORD.id) == bool(change.keys() & {"device", "slot"})


def test_the_id_follows_from_the_corrected_second() -> None:
    second, next_second = changed(measured_ms=1_999), changed(measured_ms=2_000)
    assert changed(measured_ms=1_000).id == second.id != next_second.id
    assert {one.identity for one in (second, next_second)} == {RECORD.identity}


def test_what_was_measured_and_how_changes_it() -> None:
    pulse = {"c": "pulse_oximeter", "val": "93", "u": "/min"}
    (other,) = records_of(reading(said(boot="b3", r=[pulse])))
    assert other.identity != RECORD.identity
    walked = one("spo2", "93", "%", sup={"activity": "walking"})
    rested = one("spo2", "93", "%", sup={"activity": "resting"})
    marks = {records_of(reading(fields))[0].identity for fields in (walked, rested, said())}
    assert len(marks) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"message_id": "x", "message_seq": 1},
        {"gateway": "gw-0002", "part": 3, "tenant": "midt"},
        {"device_type": "528391", "model": "Other", "firmware": "9"},
        {"transferred_by": "typed", "location": "institution"},
        {"clock_sync": "ntp"},
    ],
)
def test_nothing_else_changes_it(change: dict[str, Any]) -> None:
    assert (changed(**change).identity, changed(**change).id) == (RECORD.identity, RECORD.id)


def test_value_unit_and_spelling_of_the_code_do_not_change_it() -> None:
    for code, value, unit in (("150456", "93", "%"), ("spo2", "88", "%"), ("spo2", "0.9", "1")):
        fields = said(boot="b3", r=[{"c": code, "val": value, "u": unit}])
        (record,) = records_of(reading(fields))
        assert record.identity == RECORD.identity


def test_a_resend_with_another_clock_pair_keeps_the_identity() -> None:
    """The gateway read both clocks again, some milliseconds apart from the first time."""
    records = [
        records_of(
            reading(
                said(
                    sent=f"2026-02-18T07:31:09.{late}+01:00",
                    clock={
                        "sync": "ntp",
                        "device": "2026-02-18T07:29:58",
                        "gateway": f"2026-02-18T07:31:09.{late}+01:00",
                    },
                )
            )
        )[0]
        for late in ("120", "137")
    ]
    assert records[0].measured_ms + 17 == records[1].measured_ms
    assert records[0].identity == records[1].identity


def test_a_panel_has_one_identity_in_whichever_order_it_is_said() -> None:
    items = pressure(systolic="134", diastolic="82", mean_pressure="99")
    items[0]["sup"] = {"arm": "left"}
    items[2]["sup"] = {"posture": "sitting"}
    there, back = (
        records_of(reading(said(type="528391", r=order)))[0] for order in (items, items[::-1])
    )
    assert there == back
    assert there.circumstances == '{"arm":"left","posture":"sitting"}'
    assert there.values == ("134", "82", "99")


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_the_id_is_a_uuid_of_version_8(measured_ms: int, mark: bytes) -> None:
    found = UUID(bytes=observation_id(measured_ms, mark))
    assert (found.version, found.variant) == (8, RFC_4122)
    assert found.int >> 80 == measured_ms // 1000 * 1000
    assert id_text(found.bytes) == str(found)
    assert id_bytes(str(found)) == found.bytes


@given(st.lists(st.integers(0, 2**38), unique=True, min_size=2, max_size=20), st.binary())
def test_ids_sort_by_the_time_of_measuring(seconds: list[int], salt: bytes) -> None:
    times = [second * 1000 for second in seconds]
    marks = [fingerprint(salt.hex(), 1, "", str(time), "c", "", "") for time in times]
    ids = [observation_id(time, mark) for time, mark in zip(times, marks, strict=True)]
    in_order = [observation_id_time(one) for one in sorted(ids)]
    assert in_order == sorted(times)


def observation_id_time(id_: bytes) -> int:
    return int.from_bytes(id_[:6], "big")


def test_a_twin_has_an_identity_of_its_own_that_follows_its_value() -> None:
    low, high = (twin_of(msgspec.structs.replace(RECORD, values=(text,))) for text in ("88", "94"))
    assert len({RECORD.identity, low.identity, high.identity}) == 3
    assert len({RECORD.id, low.id, high.id}) == 3
    assert low.conflict
    assert twin_of(msgspec.structs.replace(RECORD, values=("88",))) == low


def test_no_two_measurements_share_their_facts() -> None:
    """Facts are joined with a separator; no device can say a boot that reads as another's slot."""
    topic = "hm/v1/syddanmark/38/gw-1/d\x1f1/obs"
    assert parse_topic(topic) is None


@pytest.mark.parametrize("text", ["", "no", "0" * 31, "g" * 32])
def test_what_is_no_uuid_has_no_bytes(text: str) -> None:
    assert id_bytes(text) is None
