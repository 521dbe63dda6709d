"""Inputs of every flavour are read as written down, and what is taken is valid FHIR R4B."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.parameters import Parameters

from fhir_mapping.fhir_read import Found, read_fhir
from fhir_mapping.observation import render_observation
from fhir_mapping.record import records_of
from tests.fhir_mapping.fhir_read.cases import GOLDEN, RECEIVED_MS, SOURCE, told

INPUTS = sorted(GOLDEN.glob("*.json"))
ORACLES: dict[str, Any] = {"Bundle": Bundle, "Observation": Observation, "Parameters": Parameters}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_what_is_read_is_the_golden_file(path: Path) -> None:
    answer = read_fhir(path.read_bytes(), RECEIVED_MS, SOURCE)
    assert told(answer) == path.with_suffix(".read.txt").read_text(encoding="utf-8")


def test_every_golden_file_has_its_input() -> None:
    names = {path.name.split(".")[0] for path in GOLDEN.iterdir()}
    assert names == {path.stem for path in INPUTS}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_the_oracle_accepts_the_input(path: Path) -> None:
    payload = path.read_bytes()
    oracle = ORACLES[msgspec.json.decode(payload)["resourceType"]]
    assert oracle.model_validate_json(payload)


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_the_oracle_accepts_what_we_say_of_it(path: Path) -> None:
    for entry in read_fhir(path.read_bytes(), RECEIVED_MS, SOURCE).entries:
        if isinstance(entry, Found):
            for record in records_of(entry.reading):
                assert Observation.model_validate_json(render_observation(record))
