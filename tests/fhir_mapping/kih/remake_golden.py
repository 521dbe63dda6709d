"""The golden KIH datasets; `make golden` writes them anew."""

from fhir_mapping.kih.write import render_dataset
from tests.fhir_mapping.kih.cases import DOCUMENTS, GOLDEN, pretty


def remake() -> None:
    """Write the golden files anew."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.xml"):
        old.unlink()
    for name, dataset in DOCUMENTS.items():
        (GOLDEN / f"{name}.xml").write_bytes(pretty(render_dataset(dataset)))
