"""fhir.resources (R4B) reads every rendering and finds in it what the record says."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.observation import Observation
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import OBSERVABLES, Panel, metric, observed
from fhir_mapping import codes
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import CASES, stored


def at(utc_ms: int, offset_min: int = 0) -> datetime:
    zone = timezone(timedelta(minutes=offset_min))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=utc_ms)).astimezone(zone)


def same(ours: Any, theirs: Any) -> bool:
    """Whether two JSON trees mean the same, the oracle's own having dates and decimals in it."""
    if isinstance(theirs, Mapping):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(theirs, datetime):
        moment = datetime.fromisoformat(ours)
        return moment == theirs and moment.utcoffset() == theirs.utcoffset()
    if isinstance(theirs, Sequence) and not isinstance(theirs, str):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, Decimal | int | float) and not isinstance(theirs, bool):
        return Decimal(ours) == Decimal(str(theirs))
    return bool(ours == theirs)


def said_values(observation: Any, about: str) -> list[Decimal | None]:
    """What the oracle reads as value of each metric of the row, None where there is none."""
    row = observed(about)
    if not isinstance(row, Panel):
        quantity = observation.valueQuantity
        assert (quantity is None) == (observation.dataAbsentReason is not None)
        return [quantity.value if quantity else None]
    found: dict[str, Decimal | None] = {}
    for component in observation.component or ():
        for coding in component.code.coding or ():
            if coding.system == codes.LOINC:
                quantity = component.valueQuantity
                found[coding.code] = quantity.value if quantity else None
    return [found.get(metric(alias).loinc[0].code) for alias in row.components]


def check(record: Record) -> None:
    """The oracle accepts the rendering, drops nothing, and reads the record's own facts."""
    rendered = render_observation(record)
    observation: Any = Observation.model_validate_json(rendered)
    ours = json.loads(rendered, parse_float=Decimal)
    assert same(ours, observation.model_dump())
    assert said_values(observation, record.about) == [
        None if text is None or record.absent_reason(place) else Decimal(text)
        for place, text in enumerate(record.values)
    ]
    measured = at(record.measured_ms, record.offset_min)
    assert observation.effectiveDateTime == measured
    assert observation.effectiveDateTime.utcoffset() == measured.utcoffset()
    assert observation.issued == observation.meta.lastUpdated == at(record.received_ms)
    person = f"Patient/{record.citizen}" if record.citizen else None
    assert (observation.subject.reference if observation.subject else None) == person
    if record.clock_device_ms is not None and record.clock_gateway_ms is not None:
        (clock,) = observation.contained
        assert clock.effectiveDateTime == at(record.clock_gateway_ms)
        assert clock.valueDateTime.replace(tzinfo=UTC) == at(record.clock_device_ms)


@pytest.mark.parametrize("name", CASES)
def test_the_oracle_reads_every_case(name: str) -> None:
    check(CASES[name])


MOMENTS = st.integers(1_420_070_400_000, 4_102_444_800_000)
OFFSETS = st.integers(-12 * 60, 14 * 60)
TEXTS = st.text(max_size=64)
NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)
DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?", fullmatch=True)
FLAGS = st.lists(
    st.sampled_from(
        [*codes.ABSENT_REASON_OF_FLAG, *codes.INTERPRETATION_OF_FLAG, *sorted(codes.TEST_FLAGS)]
    ),
    unique=True,
).map(tuple)
CIRCUMSTANCES = st.dictionaries(
    st.text(min_size=1, max_size=64),
    TEXTS | st.builds("{} {}".format, DECIMALS, st.sampled_from(["L/min", "trin", "%"])),
    max_size=4,
).map(lambda said: msgspec.json.encode(said, order="sorted").decode() if said else "")


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that validation could let through, and some that it would not."""
    about = draw(st.sampled_from(OBSERVABLES))
    row = observed(about)
    count = len(row.components) if isinstance(row, Panel) else 1
    pair = draw(st.none() | st.tuples(MOMENTS, MOMENTS))
    changes: dict[str, Any] = {
        "measured_ms": draw(MOMENTS),
        "received_ms": draw(MOMENTS),
        "offset_min": draw(OFFSETS),
        "device": draw(NAMES),
        "gateway": draw(NAMES),
        "boot": draw(TEXTS),
        "model": draw(TEXTS),
        "firmware": draw(TEXTS),
        "slot": draw(st.integers(1, 99)),
        "clock_sync": draw(st.sampled_from(["none", "manual", "ntp"]) | TEXTS),
        "clock_device_ms": pair[0] if pair else None,
        "clock_gateway_ms": pair[1] if pair else None,
        "flags": draw(FLAGS),
        "component_flags": tuple(draw(FLAGS) for _ in range(count)) if count > 1 else (),
        "circumstances": draw(CIRCUMSTANCES),
        "values": tuple(draw(st.lists(st.none() | DECIMALS, min_size=count, max_size=count))),
        "version": draw(st.integers(1, 2**31)),
        "citizen": draw(st.none() | st.from_regex(r"[A-Za-z0-9.\-]{1,64}", fullmatch=True)),
        "scheduled": draw(st.booleans()),
        "conflict": draw(st.booleans()),
    }
    return msgspec.structs.replace(stored(about), **changes)


@settings(max_examples=250, deadline=None)
@given(records())
def test_the_oracle_reads_any_record(record: Record) -> None:
    check(record)
