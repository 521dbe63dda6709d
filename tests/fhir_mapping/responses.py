"""The records of answers behind the golden files."""

from pathlib import Path
from typing import Any

import msgspec

from devices.reading import Response
from devices.symptoms import QUESTIONNAIRES, questionnaire
from devices.wire import TABLET_TYPE
from fhir_mapping.record import Record, records_of, twin_of
from fhir_mapping.response import render_questionnaire, render_response
from tests.fhir_mapping.cases import READING

GOLDEN = Path(__file__).parents[1] / "golden" / "fhir_response"


def answered(about: str, *said: str | None, flags: tuple[str, ...] = (), **changes: Any) -> Record:
    """A stored response; `said` are the first answers, `changes` what else differs."""
    row = questionnaire(about)
    values = said + (None,) * (len(row.questions) - len(said))
    reading = msgspec.structs.replace(
        READING,
        device="tablet-1",
        device_type=TABLET_TYPE,
        model="Tablet 1",
        transferred_by="typed",
        clock_sync="ntp",
        response=Response(row, values, flags),
    )
    (record,) = records_of(reading)
    facts = {"seq": 12, "citizen": "citizen-1", "received_ms": 1_771_396_269_500, **changes}
    return msgspec.structs.replace(record, **facts)


_CONFLICT: dict[str, Any] = {"clock_sync": "none", "conflict": True}
CASES: dict[str, Record] = {
    "copd-all-worse": answered("symptoms_copd_1", "yes", "yes", "yes", "yes"),
    "copd-nothing-worse": answered("symptoms_copd_1", "no", "no"),
    "copd-stopped": answered("symptoms_copd_1", "yes"),
    "copd-amended": answered("symptoms_copd_1", "yes", "no", "no", "yes", version=2),
    "copd-unassigned": answered("symptoms_copd_1", "no", "no", citizen=None),
    "copd-test-data": answered("symptoms_copd_1", "no", "no", flags=("test-data",)),
    "copd-conflict-first": answered("symptoms_copd_1", "no", "no", **_CONFLICT),
    "copd-conflict-second": twin_of(answered("symptoms_copd_1", "yes", "no", **_CONFLICT)),
    "heart-failure-chest-pain": answered("symptoms_heart_failure_1", "yes", scheduled=True),
    "both-some-worse": answered(
        "symptoms_both_1", "no", "no", "yes", "no", "no", "yes", "yes", "yes", "no"
    ),
    "copd-by-a-professional": answered(
        "symptoms_copd_1", "no", "no", transferred_by="typedbyhcprof", location="institution"
    ),
}


def renderings() -> dict[str, bytes]:
    """Every golden file by name, rendered now."""
    asked = {f"questionnaire-{row.alias}": render_questionnaire(row) for row in QUESTIONNAIRES}
    return asked | {name: render_response(record) for name, record in CASES.items()}


def remake() -> None:
    """Write the golden files anew."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.json"):
        old.unlink()
    for name, body in renderings().items():
        (GOLDEN / f"{name}.json").write_bytes(msgspec.json.format(body, indent=2) + b"\n")
