"""What becomes of foreign FHIR, as told beside it; `make golden` writes it anew."""

from fhir_mapping.fhir_read import read_fhir
from tests.fhir_mapping.fhir_read.cases import GOLDEN, RECEIVED_MS, SOURCE, told


def remake() -> None:
    """Write the golden files anew."""
    for path in GOLDEN.glob("*.json"):
        text = told(read_fhir(path.read_bytes(), RECEIVED_MS, SOURCE))
        path.with_suffix(".read.txt").write_text(text, encoding="utf-8")
