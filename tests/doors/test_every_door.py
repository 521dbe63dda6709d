"""Every door judges alike: the same wrong value, unit, panel or time has the same reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from devices.admission import (
    FUTURE_TOLERANCE_MS,
    NAME_CHARACTERS_MAX,
    NUMBER_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Because,
)
from devices.catalogue import METRICS
from devices.wire import LEVEL_CHARACTERS_MAX
from ingest.rejection import Reason
from tests.doors.house import DOORS, House, Saying, at

JSON_ONLY = ("fhir-http", "fhir-mqtt", "typed")
"""Doors where a number is one of JSON: what is none at all never comes as far as its value."""
FAULTS: dict[str, tuple[Saying, str]] = {
    "more than twelve characters": (Saying(value="74.0000000000"), "value-malformed"),
    "thirteen in kilograms": (Saying(value="7400000000.25", unit="g"), "value-malformed"),
    "a decimal comma": (Saying(value="74,0"), "value-malformed"),
    "words": (Saying(value="seventy"), "value-malformed"),
    "far too heavy": (Saying(value="740"), "value-out-of-range"),
    "grams as kilograms": (Saying(value="74000"), "value-out-of-range"),
    "kilograms as grams": (Saying(value="74", unit="g"), "value-out-of-range"),
    "below nothing": (Saying(value="-74.0"), "value-out-of-range"),
    "saturation of nothing": (Saying("spo2", "0", "%"), "value-out-of-range"),
    "saturation over a hundred": (Saying("spo2", "101", "%"), "value-out-of-range"),
    "a fraction as per cent": (Saying("spo2", "0.97", "%"), "value-out-of-range"),
    "pounds": (Saying(unit="lb"), "unit-unknown"),
    "no unit": (Saying(unit=""), "unit-unknown"),
    "the unit of a pressure": (Saying(unit="mm[Hg]"), "unit-mismatch"),
    "the unit of a weight": (Saying("spo2", "97", "kg"), "unit-mismatch"),
    "tomorrow": (Saying(time="2026-02-19T12:00:00+01:00"), "time-in-future"),
    "in 2099": (Saying(time="2099-02-18T07:29:40+01:00"), "time-in-future"),
    "more than two hours ahead": (Saying(time="2026-02-18T14:11:00+01:00"), "time-in-future"),
    "the last moment of 2014": (Saying(time="2014-12-31T23:59:59+00:00"), "time-implausible"),
    "in 2006": (Saying(time="2006-05-04T20:13:51+02:00"), "time-implausible"),
    "an unset clock": (Saying(time="2000-01-01T00:00:12+01:00"), "time-implausible"),
    "in 1970": (Saying(time="1970-01-01T03:00:00+00:00"), "time-implausible"),
    "an offset of nowhere": (Saying(time="2026-02-18T07:29:40+14:30"), "time-malformed"),
    "no offset": (Saying(time="2026-02-18T07:29:40"), "time-malformed"),
    "the thirtieth of February": (Saying(time="2026-02-30T07:29:40+01:00"), "time-malformed"),
}  # fmt: skip
PANELS: dict[str, tuple[tuple[Saying, ...], str]] = {
    "upside down": (
        (Saying("systolic", "82", "mm[Hg]"), Saying("diastolic", "134", "mm[Hg]")),
        "components-contradict",
    ),
    "no pulse pressure": (
        (Saying("systolic", "90", "mm[Hg]"), Saying("diastolic", "90", "mm[Hg]")),
        "components-contradict",
    ),
    "half of it": ((Saying("systolic", "134", "mm[Hg]"),), "component-missing"),
}
TAKEN = {
    "a weight": Saying(),
    "twelve characters": Saying(value="74.000000000"),
    "grams": Saying(value="74050", unit="g"),
    "the first moment of 2015": Saying(time="2015-01-01T01:00:00+01:00"),
    "ten minutes ahead": Saying(time="2026-02-18T12:09:59+01:00"),
    "a saturation of a dying person": Saying("spo2", "48", "%"),
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_same_fault_has_the_same_reason(house: House, door: str, fault: str) -> None:
    saying, reason = FAULTS[fault]
    if door in JSON_ONLY and not saying.value.replace(".", "").lstrip("-").isdigit():
        reason = "json-malformed"
    DOORS[door](house, saying)
    assert house.reasons() == {reason}, house.details()
    assert house.records() == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("fault", PANELS)
def test_values_that_cannot_stand_together_have_one_reason(
    house: House, door: str, fault: str
) -> None:
    sayings, reason = PANELS[fault]
    DOORS[door](house, *sayings)
    assert house.reasons() == {reason}, house.details()
    assert house.records() == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", TAKEN)
def test_what_one_door_takes_every_door_takes(house: House, door: str, name: str) -> None:
    saying = TAKEN[name]
    DOORS[door](house, saying)
    assert house.reasons() == set(), house.details()
    (record,) = house.records()
    expected = {"74050": "74.050"}.get(saying.value, saying.value)
    assert record.values == (expected,)
    assert record.measured_ms == at(saying.time)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("time", "hours"),
    [("2026-02-18T12:11:00+01:00", 1), ("2026-02-18T13:09:00+01:00", 1),
     ("2026-02-18T13:59:00+01:00", 2)],
)  # fmt: skip
def test_a_clock_that_is_whole_hours_ahead_is_put_back_at_every_door(
    house: House, door: str, time: str, hours: int
) -> None:
    DOORS[door](house, Saying(time=time))
    assert house.reasons() == set(), house.details()
    (record,) = house.records()
    assert record.measured_ms == at(time) - hours * 3_600_000
    assert record.flags == ("clock-ahead",)
    assert record.device_time == time[:19]


@pytest.mark.parametrize("door", [one for one in DOORS if one != "mqtt"])
@pytest.mark.parametrize("time", ["2026-02-18T06:29:40+00:00", "2026-02-17T20:29:40-10:00"])
def test_an_instant_has_one_name_whatever_offset_it_is_said_with(
    house: House, door: str, time: str
) -> None:
    DOORS[door](house, Saying())
    DOORS[door](house, Saying(time=time))
    (record,) = house.records()
    assert (record.device_time, record.offset_min) == ("2026-02-18T07:29:40", 60)
    assert record.version == 1


@pytest.mark.parametrize("door", DOORS)
def test_a_refusal_names_value_and_limit(house: House, door: str) -> None:
    DOORS[door](house, Saying(value="740"))
    (detail,) = house.details()
    assert "740 kg" in detail
    assert "0.5 to 500 kg" in detail


def test_the_reasons_are_of_the_closed_list_and_the_limits_those_of_the_wire() -> None:
    assert {reason.value for reason in Reason} >= set(get_args(Because))
    assert LEVEL_CHARACTERS_MAX == NAME_CHARACTERS_MAX
    assert NUMBER_CHARACTERS_MAX == 32
    assert TEXT_CHARACTERS_MAX == 128
    assert FUTURE_TOLERANCE_MS == 600_000
    assert all(row.units[row.ucum] == 0 for row in METRICS)
