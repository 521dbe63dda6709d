"""The golden PHMR documents; `make golden` writes them anew."""

from fhir_mapping.phmr import render_phmr
from tests.fhir_mapping.phmr.cases import DOCUMENTS, GOLDEN


def remake() -> None:
    """Write the golden files anew."""
    for old in GOLDEN.glob("*.xml"):
        old.unlink()
    for name, document in DOCUMENTS.items():
        (GOLDEN / f"{name}.xml").write_bytes(render_phmr(document))
