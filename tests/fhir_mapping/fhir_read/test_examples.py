"""The official examples, read: HL7 Denmark's weight, HL7 PHD's blood pressure, FUT's submission.

The examples are not part of this project: they are read from the folder named by
HJEMMEPULS_EXAMPLES, or from `shared/examples` beside the checkout (sources in its SOURCES.txt).
"""

import json
import os
from pathlib import Path

import pytest

from fhir_mapping.fhir_read import Answer, read_fhir
from tests.fhir_mapping.fhir_read.cases import RECEIVED_MS, found, said

BESIDE = Path(__file__).parents[4] / "shared" / "examples"
EXAMPLES = Path(os.environ.get("HJEMMEPULS_EXAMPLES", BESIDE))


def example(name: str) -> bytes:
    path = EXAMPLES / name
    if not path.is_file():
        pytest.skip(f"{path} is missing: set HJEMMEPULS_EXAMPLES to the folder of examples")
    return path.read_bytes()


def read(payload: bytes) -> Answer:
    return read_fhir(payload, RECEIVED_MS)


def test_the_weight_of_hl7_denmark() -> None:
    answer = read(example("dk-core/Observation-Weight.Poul.230221.json"))
    assert said(answer) == {"weight": "74"}
    entry = found(answer)
    assert entry.subject == "Patient/Poul"
    assert entry.reading.device == "WeightScale.606405FFFECFC604"
    assert entry.reading.gateway == "Telma.FEEDDADADEADBEEF"
    assert entry.reading.device_type == "528399"
    assert (entry.reading.device_time, entry.reading.offset_min) == ("2023-02-21T08:36:40", 60)
    assert entry.reading.measured_ms == 1_676_965_000_000
    assert [note.path for note in answer.notes] == ["Observation.derivedFrom[0]"]


def test_the_weight_beside_its_device_and_patient() -> None:
    names = ("Observation-Weight.Poul.230221", "Device-WeightScale.606405FFFECFC604")
    resources = [json.loads(example(f"dk-core/{name}.json")) for name in (*names, "Patient-Poul")]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    }
    entry = found(read(json.dumps(bundle).encode()))
    assert entry.subject == "urn:oid:1.2.208.176.1.2|" + resources[2]["identifier"][0]["value"]
    assert entry.reading.device == "606405FFFECFC604"
    assert (entry.reading.model, entry.reading.firmware) == ("UC-352BLE", "WSP002_208")


def test_the_blood_pressure_of_hl7_phd() -> None:
    answer = read(example("hl7-phd/compound-numeric-blood-pressure.json"))
    assert said(answer) == {"systolic": "116", "diastolic": "71", "mean_pressure": "86"}
    reading = found(answer).reading
    assert reading.device == "phd-711000FEFF5F49B0.B0495F001071"
    assert (reading.device_type, reading.offset_min) == ("528391", 60)
    assert "coin-20181119174911" in answer.notes[0].detail


def test_the_submission_of_fut_holds_an_image_and_says_so() -> None:
    answer = read(example("fut/POST_submit-measurement__1_Parameters.json"))
    assert answer.entries == []
    assert [note.detail.split()[1] for note in answer.notes] == ["Media"]
