"""Write the golden files anew: `python -m tests.fhir_mapping.remake_golden`, then read the diff."""

import msgspec

from fhir_mapping.observation import render_observation
from tests.fhir_mapping import responses
from tests.fhir_mapping.cases import CASES, GOLDEN

if __name__ == "__main__":
    for old in GOLDEN.glob("*.json"):
        old.unlink()
    for name, record in CASES.items():
        text = msgspec.json.format(render_observation(record), indent=2)
        (GOLDEN / f"{name}.json").write_bytes(text + b"\n")
    responses.remake()
