"""The records behind the golden files: one per catalogue row, and the cases that differ."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from devices.admission import Window
from devices.catalogue import DEVICE_TYPES, METRICS, OBSERVABLES, Panel, metric, observed
from devices.reading import Reading, Value
from fhir_mapping.record import Record, records_of, twin_of

HISTORY = Window(0, 4_102_444_800_000)
"""1970 to 2099: what a reader is asked to take where its reading alone is looked at."""

GOLDEN = Path(__file__).parents[1] / "golden" / "fhir"

TEXTS = {row.alias: row.example for row in METRICS}
"""A decimal text for every metric of the catalogue."""

READING = Reading(
    message_id="0198c0de",
    message_seq=4711,
    tenant="syddanmark",
    part=7,
    gateway="gw-0001",
    device="00091FFEFF801A2B",
    device_type="528388",
    model="Model 1",
    firmware="1.2",
    slot=1,
    boot="b3",
    device_time="2026-02-18T07:29:40",
    measured_ms=1_771_396_251_120,
    offset_min=60,
    clock_sync="manual",
    clock_device_ms=1_771_399_798_000,
    clock_gateway_ms=1_771_396_269_120,
    transferred_by="automatic",
    location="home",
    values=(),
)
NO_CLOCK: dict[str, Any] = {
    "clock_sync": "",
    "clock_device_ms": None,
    "clock_gateway_ms": None,
    "measured_ms": 1_771_396_180_000,
}
NOBODY: dict[str, Any] = {"citizen": None}
NO_FLAGS: Mapping[str, tuple[str, ...]] = {}


def stored(
    about: str,
    texts: dict[str, str | None] | None = None,
    *,
    circumstances: str = "",
    flags: tuple[str, ...] = (),
    each: Mapping[str, tuple[str, ...]] = NO_FLAGS,
    **changes: Any,
) -> Record:
    """A stored record of this row, with `changes` to the reading or to what the store adds.

    `flags` are the whole act's, `each` those of single components beside them.
    """
    row = observed(about)
    aliases = row.components if isinstance(row, Panel) else (about,)
    said = {alias: TEXTS[alias] for alias in aliases} if texts is None else texts
    of_store = {key: changes.pop(key) for key in tuple(changes) if key not in _OF_READING}
    kind = next(kind for kind in DEVICE_TYPES if aliases[0] in kind.metrics)
    values = tuple(
        Value(metric(alias), text, circumstances, (*flags, *each.get(alias, ())))
        for alias, text in said.items()
    )
    changes = {"device_type": kind.mdc, "values": values, **changes}
    (record,) = records_of(msgspec.structs.replace(READING, **changes))
    facts = {"seq": 12, "citizen": "citizen-1", "received_ms": 1_771_396_269_500, **of_store}
    return msgspec.structs.replace(record, **facts)


_OF_READING = frozenset(Reading.__struct_fields__)
_SUMMER: dict[str, Any] = {
    "device_time": "2026-07-01T07:29:40",
    "measured_ms": 1_782_883_780_000,
    "received_ms": 1_782_883_790_000,
}
_TWIN: dict[str, Any] = {"clock_sync": "none", "conflict": True}

CASES: dict[str, Record] = {
    **{about: stored(about) for about in OBSERVABLES},
    "weight-36.50": stored("weight", {"weight": "36.50"}),
    "weight-unassigned": stored("weight", **NOBODY),
    "weight-no-clock": stored("weight", **NO_CLOCK),
    "weight-version-2": stored("weight", version=2),
    "weight-summer-time": stored("weight", offset_min=120, **NO_CLOCK | _SUMMER),
    "weight-typed-by-professional": stored(
        "weight", transferred_by="typedbyhcprof", location="institution", scheduled=True
    ),
    "weight-conflict-first": stored("weight", **_TWIN),
    "weight-conflict-second": twin_of(stored("weight", {"weight": "74.6"}, **_TWIN)),
    "weight-test-data": stored(
        "weight", flags=("questionable", "early-estimate", "test-data", "demo-data")
    ),
    "weight-odd-text": stored(
        "weight",
        device="60:64:05:FF:FE:CF:C6:04",
        gateway="gård 7",
        boot='b"3\\\x01',
        model="Vægt »Ærø«\t\x1b",
        firmware="",
        clock_sync='ur "køkken"',
    ),
    "spo2-failed": stored("spo2", {"spo2": None}, flags=("invalid",)),
    "spo2-not-available": stored("spo2", {"spo2": None}, flags=("not-available",)),
    "spo2-withheld": stored("spo2", {"spo2": "71"}, flags=("not-available", "invalid")),
    "spo2-circumstances": stored(
        "spo2",
        circumstances=(
            '{"empty":"","finger":"venstre \\"lange\\" finger",'
            '"o2_flow":"2.0 L/min","steps":"40 trin"}'
        ),
    ),
    "blood_pressure-no-mean": stored("blood_pressure", {"systolic": "134", "diastolic": "82"}),
    "blood_pressure-failed": stored(
        "blood_pressure", {"systolic": None, "diastolic": "82"}, flags=("invalid",)
    ),
    "blood_pressure-mean-not-available": stored(
        "blood_pressure",
        {"systolic": "188", "diastolic": "114", "mean_pressure": None},
        each={"mean_pressure": ("not-available",)},
    ),
    "blood_pressure-systolic-invalid": stored(
        "blood_pressure",
        flags=("questionable",),
        each={"systolic": ("invalid",), "mean_pressure": ("test-data", "early-estimate")},
    ),
    "blood_pressure-circumstances": stored(
        "blood_pressure", circumstances='{"arm":"højre"}', **NO_CLOCK
    ),
}
