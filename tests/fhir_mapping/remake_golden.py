"""The golden renderings of records as FHIR; `make golden` writes them anew."""

import msgspec

from fhir_mapping.observation import render_observation
from tests.fhir_mapping.cases import CASES, GOLDEN


def remake() -> None:
    """Write the golden files anew."""
    for old in GOLDEN.glob("*.json"):
        old.unlink()
    for name, record in CASES.items():
        text = msgspec.json.format(render_observation(record), indent=2)
        (GOLDEN / f"{name}.json").write_bytes(text + b"\n")
