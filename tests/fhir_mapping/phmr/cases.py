"""The documents behind the golden files: one per section, one mixed, and the edges."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from devices.catalogue import OBSERVABLES
from fhir_mapping.enrolled import Citizen, EnrolledDevice, Limits, Organisation, Plan
from fhir_mapping.phmr import Document, document_of
from fhir_mapping.record import Record, twin_of
from tests.fhir_mapping.cases import CASES, stored

GOLDEN = Path(__file__).parents[2] / "golden" / "phmr"
CREATED_MS = 1_771_396_300_000

CITIZEN = Citizen(
    id="citizen-1",
    cpr="6101010000",
    given="Åse",
    family="Ærø",
    sex="female",
    birth_date=date(1950, 1, 1),
    condition="copd",
    organisation="syddanmark-lunge",
    plan=Plan("1111111", "09:00", date(2026, 1, 1), ["spo2", "weight"]),
    phone="+4500000000",
)
ORGANISATION = Organisation(
    id="syddanmark-lunge", sor="241301000016007", name="Lungemedicinsk afdeling"
)
DEVICES = (
    EnrolledDevice(
        id="00091FFEFF801A2B",
        type="528388",
        manufacturer="Nonin",
        model="Onyx II 9560",
        serial="0001",
        gateway="gw-0001",
    ),
    EnrolledDevice(
        id="scale-7", type="528399", manufacturer="A&D", model="UC-351PBT-Ci", serial="<7>"
    ),
)
LIMITS = (
    Limits(
        citizen="citizen-1",
        metric="spo2",
        since=datetime(2026, 1, 1, tzinfo=UTC),
        low_red="88",
        low_yellow="92.5",
    ),
    Limits(
        citizen="citizen-1",
        metric="pulse",
        since=datetime(2026, 1, 1, tzinfo=UTC),
        low_red="40",
        high_yellow="110",
        high_red="130",
    ),
    Limits(
        citizen="citizen-2", metric="weight", since=datetime(2026, 1, 1, tzinfo=UTC), low_red="60"
    ),
)
SCALE: dict[str, Any] = {"device": "scale-7", "model": "UC-351PBT-Ci", "device_type": "528399"}


def document(*records: Record, **more: Any) -> Document:
    return document_of(CITIZEN, records, ORGANISATION, DEVICES, created_ms=CREATED_MS, **more)


def later(minutes: int, record: Record) -> Record:
    """The record as of another act of measuring, so that its id is another too."""
    moved = int.from_bytes(record.id, "big") ^ minutes
    return msgspec.structs.replace(
        record,
        id=moved.to_bytes(16, "big"),
        measured_ms=record.measured_ms + minutes * 60_000,
    )


_TWIN: dict[str, Any] = {"clock_sync": "none", "conflict": True}

DOCUMENTS: dict[str, Document] = {
    "empty": document(),
    "vital-signs": document(stored("spo2"), stored("blood_pressure"), limits=LIMITS),
    "results": document(stored("weight", {"weight": "36.50"}, **SCALE), stored("fev1")),
    "equipment-unknown": document(
        stored("weight", device="60:64:05:FF:FE:CF:C6:04", model="", firmware="")
    ),
    "mixed": document(
        *(later(place, stored(about)) for place, about in enumerate(OBSERVABLES)), limits=LIMITS
    ),
    "typed": document(
        stored("weight", transferred_by="typed"),
        later(
            1,
            stored(
                "weight", transferred_by="typedbyhcprof", location="institution", scheduled=True
            ),
        ),
    ),
    "spo2-decimals": document(
        stored("spo2", {"spo2": "97.0"}),
        later(1, stored("spo2", {"spo2": "97.5"})),
        later(2, stored("spo2", {"spo2": "100"})),
    ),
    "failed": document(
        stored("spo2", {"spo2": None}, flags=("invalid",)),
        later(1, stored("spo2", {"spo2": None}, flags=("not-available",))),
        later(2, stored("spo2", {"spo2": "71"}, flags=("questionable", "invalid"))),
        later(
            3,
            stored("blood_pressure", {"systolic": None, "diastolic": "82"}, flags=("invalid",)),
        ),
    ),
    "failed-in-part": document(
        CASES["blood_pressure-mean-not-available"],
        later(1, CASES["blood_pressure-systolic-invalid"]),
    ),
    "twins": document(
        stored("weight", **_TWIN), twin_of(stored("weight", {"weight": "74.6"}, **_TWIN))
    ),
    "circumstances": document(
        stored("spo2", circumstances='{"o2_flow":"2.0 L/min","posture":"siddende"}'),
        stored("blood_pressure", {"systolic": "134", "diastolic": "82"}, flags=("test-data",)),
    ),
    "odd-text": document(
        stored(
            "weight",
            device="60:64:05:FF:FE:CF:C6:04 & <co>",
            gateway="gård 7",
            boot='b"3\\\x01\uffff ]]>',
            model="Vægt »Ærø«\t\x1b\r\n",
            firmware="<!--",
            clock_sync='ur "køkken"',
            circumstances='{"\\u0000":"\\ufffe","rum":" <stue> "}',
        )
    ),
}
