"""Write the golden files anew: `python -m tests.fhir_mapping.phmr.remake_golden`, read the diff."""

from fhir_mapping.phmr import render_phmr
from tests.fhir_mapping.phmr.cases import DOCUMENTS, GOLDEN

if __name__ == "__main__":
    for old in GOLDEN.glob("*.xml"):
        old.unlink()
    for name, document in DOCUMENTS.items():
        (GOLDEN / f"{name}.xml").write_bytes(render_phmr(document))
