"""One act, through any doors, in any order, any number of times, in any zone's spelling, is one
record with one version; no two acts become one.

The doors are MQTT, FHIR as dk-core writes it (over HTTP and MQTT), our own rendering of the record,
and our own exports as KIH XML and PHMR; pipeline, store, renderings and readers are the real ones.
Acts lie minutes, hours and a clock change apart, among them the doubled hour of October.
"""

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.wire import topic_for
from devices.zone import DENMARK, local_text
from fhir_mapping.enrolled import (
    Assignment,
    Citizen,
    EnrolledDevice,
    Enrolment,
    Organisation,
    Plan,
)
from fhir_mapping.kih.reports import dataset_of
from fhir_mapping.kih.write import render_dataset
from fhir_mapping.observation import render_observation
from fhir_mapping.phmr import document_of, render_phmr
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.decode_fhir import HTTP_TOPIC
from ingest.pipeline import append, examine, names_of, process
from ingest.store import SqliteReader, SqliteWriter
from ingest.take import take
from tests.alerting.clinic import in_memory

NOW_MS = round(datetime(2026, 2, 18, 12, tzinfo=UTC).timestamp() * 1000)
ORGANISATION = Organisation("org", "1234567890123456", "Odense Kommune (syntetisk)")
ANNA = Citizen(
    id="anna",
    cpr="7105480001",
    given="Anna",
    family="Prøve",
    sex="female",
    birth_date=date(1948, 5, 11),
    condition="both",
    organisation="org",
    plan=Plan("1111111", "12:00", date(2020, 1, 1), ["weight"]),
)
SCALE, CUFF, GATEWAY = "scale-1", "cuff-1", "gw-1"
KINDS = {SCALE: "528399", CUFF: "528391"}
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


class Act(msgspec.Struct, frozen=True):
    """One act of measuring: when (UTC, ms), by what, and the values by alias.

    A device that `restarts` its clock at every wake says the same time of every act, and a pair.
    """

    at_ms: int
    device: str
    values: tuple[tuple[str, str], ...]
    restarts: bool = False


MOMENTS = [
    datetime(2026, 2, 18, 6, 29, 40, tzinfo=UTC),
    datetime(2026, 2, 18, 6, 32, 5, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 30, 0, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 30, 0, tzinfo=UTC),
    datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC),
    datetime(2025, 3, 30, 1, 0, 0, tzinfo=UTC) + timedelta(minutes=5),
    datetime(2025, 7, 1, 22, 30, 0, tzinfo=UTC),
]
WEIGHTS = st.sampled_from(["74.0", "74.5", "71.25"]).map(lambda text: ((("weight", text)),))
PRESSURES = st.sampled_from([("134", "82"), ("188", "114")]).map(
    lambda pair: (("systolic", pair[0]), ("diastolic", pair[1]))
)
OFFSETS = st.sampled_from([0, 60, 120, -300, 345, 840])
DOORS = ("mqtt", "dk-core http", "dk-core mqtt", "our fhir", "kih", "phmr")


@st.composite
def acts(draw: st.DrawFn) -> list[Act]:
    """Different acts of two devices: a device measures once at a moment."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(MOMENTS), st.sampled_from([SCALE, CUFF])),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    return [
        Act(
            round(moment.timestamp() * 1000),
            device,
            draw(WEIGHTS if device == SCALE else PRESSURES),
            draw(st.booleans()),
        )
        for moment, device in keys
    ]


class Platform:
    """A store with two devices of one citizen, and every door to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "records.db"
        self.writer = SqliteWriter(self.path)
        since = datetime(2020, 1, 1, tzinfo=UTC)
        kinds = KINDS.items()
        entries = Enrolment(
            organisations=[ORGANISATION],
            citizens=[ANNA],
            devices=[EnrolledDevice(one, kind, "Maker", "M", "", GATEWAY) for one, kind in kinds],
            assignments=[Assignment(one, "anna", since) for one in KINDS],
        )
        self.writer.enrol(entries, NOW_MS)

    def give(self, act: Act, door: str, offset: int) -> None:
        if door == "mqtt":
            self._deliver("obs", act, native(act, offset))
        elif door == "dk-core mqtt":
            self._deliver("fhir", act, dk_core(act, offset))
        elif door == "dk-core http":
            self._http(dk_core(act, offset))
        else:
            record = record_of(act)
            if door == "our fhir":
                self._http(render_observation(record))
            elif door == "kih":
                self._take(render_dataset(dataset_of(ANNA, [record], ORGANISATION)))
            else:
                document = document_of(ANNA, [record], ORGANISATION, created_ms=NOW_MS)
                self._take(render_phmr(document))

    def _deliver(self, kind: str, act: Act, payload: bytes) -> None:
        topic = topic_for("syddanmark", GATEWAY, act.device, kind).text()
        process([Delivery(topic, payload, NOW_MS)], self.writer)

    def _http(self, payload: bytes) -> None:
        with closing(SqliteReader(self.path)) as reader:
            arrivals = examine(Delivery(HTTP_TOPIC, payload, NOW_MS), names_of(reader))
        append(arrivals, self.writer)

    def _take(self, document: bytes) -> None:
        with closing(SqliteReader(self.path)) as reader:
            take(document, reader, self.writer, NOW_MS)

    def stored(self) -> tuple[list[Record], list[str]]:
        with closing(SqliteReader(self.path)) as reader:
            records = reader.records_after(0, 1000, unassigned=True)
            refused = [f"{row.reason} {row.detail}" for row in reader.rejections()]
        return records, refused


def native(act: Act, offset: int) -> bytes:
    """Our own payload; `sent` a minute after the act, with whatever offset."""
    sent = datetime.fromtimestamp(act.at_ms / 1000 + 60, timezone(timedelta(minutes=offset)))
    items = [
        {"c": alias, "val": text, "u": "kg" if alias == "weight" else "mm[Hg]"}
        for alias, text in act.values
    ]
    content = {"v": 1, "id": f"m{act.at_ms}", "seq": 1, "type": KINDS[act.device]}
    content |= {"t": local_text(DENMARK.local_ms(act.at_ms)), "sent": sent.isoformat(), "r": items}
    if act.restarts:
        pair = {"sync": "none", "device": "2000-01-01T00:01:12", "gateway": sent.isoformat()}
        content |= {"t": "2000-01-01T00:00:12", "clock": pair}
    return json.dumps(content).encode()


def dk_core(act: Act, offset: int) -> bytes:
    """An Observation as HL7 Denmark's core writes it, its time with whatever offset."""
    at = datetime.fromtimestamp(act.at_ms / 1000, timezone(timedelta(minutes=offset)))
    content: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/anna"},
        "effectiveDateTime": at.isoformat(),
        "device": {"reference": f"Device/{act.device}"},
    }
    codes = {"weight": "29463-7", "systolic": "8480-6", "diastolic": "8462-4"}
    parts = [
        {
            "code": {"coding": [{"system": LOINC, "code": codes[alias]}]},
            "valueQuantity": {
                "value": msgspec.Raw(text.encode()),
                "system": UCUM,
                "code": "kg" if alias == "weight" else "mm[Hg]",
            },
        }
        for alias, text in act.values
    ]
    if act.device == SCALE:
        return msgspec.json.encode(content | parts[0])
    panel = {"coding": [{"system": LOINC, "code": "85354-9"}]}
    return msgspec.json.encode(content | {"code": panel, "component": parts})


@cache
def record_of(act: Act) -> Record:
    """The record of this act on another platform that got it over MQTT: what it exports."""
    with TemporaryDirectory(dir=in_memory()) as folder:
        elsewhere = Platform(Path(folder))
        elsewhere.give(act, "mqtt", 60)
        (record,), refused = elsewhere.stored()
        elsewhere.writer.close()
    assert refused == []
    return record


def check(given_acts: Sequence[Act], ways: Sequence[tuple[int, str, int]]) -> None:
    """Give acts by these ways; what stands must be each act that was given, once."""
    with TemporaryDirectory(dir=in_memory()) as folder:
        platform = Platform(Path(folder))
        for place, door, offset in ways:
            platform.give(given_acts[place % len(given_acts)], door, offset)
        records, refused = platform.stored()
        platform.writer.close()
    assert refused == []
    told = {given_acts[place % len(given_acts)] for place, _, _ in ways}
    found = sorted((one.measured_ms, one.device, one.values[:2]) for one in records)
    expected = sorted(
        (act.at_ms, act.device, tuple(text for _, text in act.values)) for act in told
    )
    assert found == expected
    assert all(one.version == 1 for one in records), [one.version for one in records]
    assert all(not one.conflict and one.citizen == "anna" for one in records)


WAYS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(DOORS), OFFSETS), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts(), WAYS)
def test_any_acts_by_any_doors_are_those_acts(
    given_acts: list[Act], ways: list[tuple[int, str, int]]
) -> None:
    check(given_acts, ways)


@pytest.mark.parametrize("first", DOORS)
@pytest.mark.parametrize("second", DOORS)
@pytest.mark.parametrize("device", [SCALE, CUFF])
@pytest.mark.parametrize("restarts", [False, True])
def test_every_pair_of_doors_tells_one_act(
    first: str, second: str, device: str, restarts: bool
) -> None:
    values = (("weight", "74.0"),)
    if device == CUFF:
        values = (("systolic", "134"), ("diastolic", "82"))  # type: ignore[assignment]
    act = Act(round(MOMENTS[0].timestamp() * 1000), device, values, restarts)
    check([act], [(0, first, 60), (0, second, 0), (0, first, 0), (0, second, 60)])
