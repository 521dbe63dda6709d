"""Zones and clocks that are hours ahead, through ingest and the store: nothing lost or doubled."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire import CLOCK_AHEAD, topic_for
from devices.zone import DENMARK, Zone, Zones, local_ms, local_text
from fhir_mapping.enrolled import Assignment, EnrolledDevice, Enrolment
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.pipeline import EVERYWHERE, process
from ingest.store import SqliteReader, SqliteWriter
from tests.alerting.clinic import ORGANISATION, citizen

SCALE = topic_for("syddanmark", "gw-1", "scale-1").text()


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Door:
    """A store, and the MQTT door to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "records.db"
        self.writer = SqliteWriter(self.path)
        since = datetime(2020, 1, 1, tzinfo=UTC)
        entries = Enrolment(
            organisations=[ORGANISATION],
            citizens=[citizen("c1")],
            devices=[EnrolledDevice("scale-1", "528399", "Maker", "Model 1", gateway="gw-1")],
            assignments=[Assignment("scale-1", "c1", since)],
        )
        self.writer.enrol(entries, at("2020-01-01T00:00:00Z"))

    def send(
        self, *payloads: dict[str, Any], arrives: str = "", zones: Zones = EVERYWHERE
    ) -> list[str]:
        body = payloads[0] if len(payloads) == 1 else list(payloads)
        received = arrives or payloads[-1]["sent"]
        delivery = Delivery(SCALE, json.dumps(body).encode(), at(received) + 500)
        return [one.result for one in process([delivery], self.writer, zones)]

    def records(self) -> list[Record]:
        with closing(SqliteReader(self.path)) as reader:
            found = reader.records_after(0, 100, unassigned=True)
        return sorted(found, key=lambda one: one.measured_ms)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path)
    yield door
    door.writer.close()


def weighed(t: str, sent: str, value: str = "74.0", seq: int = 1, **more: Any) -> dict[str, Any]:
    content = {"v": 1, "id": f"m{seq}", "seq": seq, "type": "528399", "t": t, "sent": sent}
    return content | {"r": [{"c": "weight", "val": value, "u": "kg"}]} | more


def test_a_reading_from_before_the_clock_change_is_read_in_the_zone_of_then(door: Door) -> None:
    door.send(weighed("2026-03-20T23:40:00", "2026-03-30T08:00:00+02:00"))
    (record,) = door.records()
    assert record.measured_ms == at("2026-03-20T22:40:00Z")
    assert (record.offset_min, record.flags) == (60, ())


def test_each_tenant_has_its_zone(door: Door) -> None:
    zones = Zones(DENMARK, {"syddanmark": Zone("Atlantic/Faroe")})
    door.send(weighed("2026-02-18T07:29:40", "2026-02-18T08:31:00+01:00"), zones=zones)
    (record,) = door.records()
    assert (record.measured_ms, record.offset_min) == (at("2026-02-18T07:29:40Z"), 0)


@pytest.mark.parametrize(
    ("t", "hours"),
    [("2026-02-18T08:29:40", 1), ("2026-02-18T09:29:40", 2), ("2026-02-18T08:10:00", 1)],
)
def test_a_clock_that_is_whole_hours_ahead_is_put_back_and_flagged(
    door: Door, t: str, hours: int
) -> None:
    assert door.send(weighed(t, "2026-02-18T07:31:00+01:00")) == ["accepted"]
    (record,) = door.records()
    assert record.measured_ms == at(f"{t}+01:00") - hours * 3_600_000
    assert record.flags == (CLOCK_AHEAD,)
    assert record.device_time == t
    assert record.usable(0), "rules may use it"


def test_more_than_two_hours_ahead_is_refused(door: Door) -> None:
    assert door.send(weighed("2026-02-18T09:41:02", "2026-02-18T07:31:00+01:00")) == ["rejected"]


def test_a_resend_of_it_is_the_same_reading_however_late(door: Door) -> None:
    payload = weighed("2026-02-18T08:29:40", "2026-02-18T07:31:00+01:00")
    assert door.send(payload) == ["accepted"]
    assert door.send(payload, arrives="2026-02-18T07:55:00+01:00") == ["duplicate"]
    assert door.send(payload, arrives="2026-02-18T08:31:00+01:00") == ["duplicate"]
    assert door.send(payload, arrives="2026-02-19T08:00:00+01:00") == ["duplicate"]
    later = weighed("2026-02-18T08:29:40", "2026-02-18T12:00:00+01:00")
    assert door.send(later) == ["duplicate"]
    (record,) = door.records()
    assert (record.measured_ms, record.version) == (at("2026-02-18T06:29:40Z"), 1)


def test_a_gateway_that_is_an_hour_behind_moves_nothing_silently(door: Door) -> None:
    """Its local time is right, its offset wrong: by the arrival the device is right."""
    payload = weighed("2026-02-18T07:29:40", "2026-02-18T07:31:00+02:00")
    door.send(payload, arrives="2026-02-18T07:31:00+01:00")
    (record,) = door.records()
    assert record.measured_ms == at("2026-02-18T06:29:40Z")
    assert record.flags == (CLOCK_AHEAD,)


def test_a_clock_pair_that_shows_skew_wins(door: Door) -> None:
    """A device in winter time all summer: its pair says so, no zone could."""
    pair = {"sync": "none", "device": "2026-07-01T07:30:50", "gateway": "2026-07-01T08:31:00+02:00"}
    door.send(weighed("2026-07-01T07:29:50", "2026-07-01T08:31:00+02:00", clock=pair))
    (record,) = door.records()
    assert record.measured_ms == at("2026-07-01T06:30:00Z")


def test_a_clock_pair_without_skew_is_a_clock_on_the_wall(door: Door) -> None:
    """Measured before the change, forwarded after it: the device followed summer time."""
    pair = {"sync": "ntp", "device": "2026-03-30T07:59:48", "gateway": "2026-03-30T08:00:00+02:00"}
    door.send(weighed("2026-03-28T23:40:00", "2026-03-30T08:00:00+02:00", clock=pair))
    (record,) = door.records()
    assert record.measured_ms == at("2026-03-28T22:40:12Z")


def test_the_doubled_hour_keeps_two_readings_of_one_local_time(door: Door) -> None:
    first = weighed("2025-10-26T02:30:00", "2025-10-26T02:31:00+02:00", seq=1)
    second = weighed("2025-10-26T02:30:00", "2025-10-26T02:31:00+01:00", seq=2)
    assert door.send(first) == ["accepted"]
    assert door.send(second) == ["accepted"]
    assert door.send(first) == ["duplicate"]
    assert door.send(second) == ["duplicate"]
    found = [one.measured_ms for one in door.records()]
    assert found == [at("2025-10-26T00:30:00Z"), at("2025-10-26T01:30:00Z")]


def test_the_doubled_hour_of_a_stored_array_is_in_order(door: Door) -> None:
    sent = "2025-10-26T08:00:00+01:00"
    times = ["01:50:00", "02:20:00", "02:50:00", "02:10:00", "02:40:00", "03:05:00"]
    stored = [weighed(f"2025-10-26T{t}", sent, seq=n) for n, t in enumerate(times, 1)]
    assert door.send(*stored) == ["accepted"] * 6
    expected = ["23:50", "00:20", "00:50", "01:10", "01:40", "02:05"]
    found = [local_text(one.measured_ms)[11:16] for one in door.records()]
    assert found == expected


def test_one_local_time_twice_in_an_array_is_two_acts(door: Door) -> None:
    sent = "2025-10-26T08:00:00+01:00"
    first, second = (weighed("2025-10-26T02:30:00", sent, seq=seq) for seq in (1, 2))
    assert door.send(first, second) == ["accepted", "accepted"]
    assert door.send(first, second) == ["duplicate", "duplicate"]
    assert len(door.records()) == 2


def test_the_missing_hour_is_a_clock_that_was_not_changed_yet(door: Door) -> None:
    door.send(weighed("2026-03-29T02:30:00", "2026-03-29T03:31:00+02:00"))
    door.send(weighed("2026-03-29T03:29:00", "2026-03-29T03:31:00+02:00", seq=2))
    found = [one.measured_ms for one in door.records()]
    assert found == [at("2026-03-29T01:29:00Z"), at("2026-03-29T01:30:00Z")]


@given(st.integers(1_420_070_400_000, 4_102_444_800_000))
def test_an_instant_comes_back_from_what_the_wall_shows(instant_ms: int) -> None:
    shown = DENMARK.local_ms(instant_ms)
    meant = DENMARK.instants(shown)
    assert instant_ms in meant
    assert len(meant) == (2 if DENMARK.comes_twice(shown) else 1)
    assert local_ms(local_text(shown)) == shown
    moment = datetime.fromtimestamp(instant_ms / 1000, DENMARK._zone)
    assert moment.utcoffset().total_seconds() == DENMARK.offset_min(instant_ms) * 60  # type: ignore[union-attr]


def test_a_name_of_no_zone_is_refused_by_name() -> None:
    for name in ("Europe/Kobenhavn", "", "../etc/passwd", "+02:00"):
        with pytest.raises(ValueError, match="no zone"):
            Zone(name)
