"""FHIR R4 JSON from elsewhere, as readings: bytes in, one answer per Observation out.

`payload` takes an Observation, a Bundle or FUT's `$submit-measurement` Parameters apart, `reading`
makes one Observation a reading, `response` one QuestionnaireResponse; `terms`, `quantity`,
`moment`, `parties` and `own` say what its codes, numbers, times, references and our own identifier
mean, and `shapes` what JSON is looked at.
"""

from fhir_mapping.fhir_read.answer import (
    COMPONENTS_MAX,
    ENTRIES_MAX,
    FHIR_BYTES_MAX,
    Answer,
    Found,
    Note,
    Refused,
    Source,
)
from fhir_mapping.fhir_read.payload import read_fhir

__all__ = [
    "COMPONENTS_MAX",
    "ENTRIES_MAX",
    "FHIR_BYTES_MAX",
    "Answer",
    "Found",
    "Note",
    "Refused",
    "Source",
    "read_fhir",
]
