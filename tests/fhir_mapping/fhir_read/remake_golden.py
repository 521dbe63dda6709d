"""Write anew what is read, then read the diff.

python -m tests.fhir_mapping.fhir_read.remake_golden
"""

from fhir_mapping.fhir_read import read_fhir
from tests.fhir_mapping.fhir_read.cases import GOLDEN, RECEIVED_MS, SOURCE, told

if __name__ == "__main__":
    for path in GOLDEN.glob("*.json"):
        text = told(read_fhir(path.read_bytes(), RECEIVED_MS, SOURCE))
        path.with_suffix(".read.txt").write_text(text, encoding="utf-8")
