"""PHMR-DK, Denmark's Personal Health Monitoring Report, written and read.

Records become a document (`document_of`, `render_phmr`), and a document becomes records again
(`read_phmr`, `records_from`). What a document of ours says comes back exactly; a document from
elsewhere comes in by the mapping that `recover` documents. What cannot be read is a `Refusal`.
"""

from fhir_mapping.phmr.compose import document_of
from fhir_mapping.phmr.document import Document, Refusal
from fhir_mapping.phmr.read import DOCUMENT_BYTES_MAX, ELEMENTS_MAX, read_phmr
from fhir_mapping.phmr.recover import Taken, read_report, records_from
from fhir_mapping.phmr.render import render_phmr

__all__ = [
    "DOCUMENT_BYTES_MAX",
    "ELEMENTS_MAX",
    "Document",
    "Refusal",
    "Taken",
    "document_of",
    "read_phmr",
    "read_report",
    "records_from",
    "render_phmr",
]
