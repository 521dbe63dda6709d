"""Write the golden files anew: `python -m tests.fhir_mapping.kih.remake_golden`; read the diff."""

from fhir_mapping.kih.write import render_dataset
from tests.fhir_mapping.kih.cases import DOCUMENTS, GOLDEN, pretty

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.xml"):
        old.unlink()
    for name, dataset in DOCUMENTS.items():
        (GOLDEN / f"{name}.xml").write_bytes(pretty(render_dataset(dataset)))
