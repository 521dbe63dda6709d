"""One document of others, taken apart: a KIH dataset, a PHMR report, or neither.

In: its bytes. Out: whose measurements stand in it, as records, and what of it cannot be taken.
Which kind it is, its root element says. Bad data is a value here, whatever it is; a fault of our
own is one, too: no document stops the next one.
"""

import logging
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Final

import msgspec
from lxml import etree

from devices.admission import Window
from fhir_mapping import phmr
from fhir_mapping.foreign import Made
from fhir_mapping.kih.message import ROOTS as KIH_ROOTS
from fhir_mapping.kih.message import Told, read_message
from fhir_mapping.kih.read import DatasetError
from fhir_mapping.kih.records import records_of_reports
from fhir_mapping.phmr import codes as phmr_codes
from ingest.rejection import Reason

log = logging.getLogger(__name__)

DOCUMENT_BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest document read, as the readers of each kind have it."""
_HEAD_BYTES = 65_536
"""Within these the root element must begin."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Something of a document that was not taken: where, why, and one sentence."""

    path: str
    detail: str
    reason: str = Reason.FIELD_VALUE


class Note(msgspec.Struct, frozen=True, gc=False):
    """Something of a document that was taken in a certain sense, or that has no place here."""

    path: str
    detail: str


class Contents(msgspec.Struct, frozen=True):
    """What one document says of one person (his CPR number, empty where it names none).

    Every item has its place in the document, which is the same whenever it is read. `deleted` are
    the sender's numbers of measurements that are taken back.
    """

    cpr: str
    made: list[Made] = []
    refusals: list[tuple[int, Refusal]] = []
    deleted: list[tuple[int, str]] = []
    notes: list[Note] = []

    @property
    def first_place(self) -> int:
        """The place of the first item; 0 where there is none."""
        places = (one.place for one in self.made)
        others = (place for place, _ in (*self.refusals, *self.deleted))
        return min((*places, *others), default=0)


def kind_of(document: bytes) -> str:
    """`KIH`, `PHMR`, `FHIR` (JSON) or, of anything else, the empty text.

    >>> kind_of(b'{"resourceType": "Bundle"}'), kind_of(b'<a:ClinicalDocument xmlns:a="b"/>')
    ('FHIR', 'PHMR')
    """
    if document.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return "FHIR"
    return _KIND_OF_ROOT.get(_root_of(document), "")


def read_document(document: bytes, window: Window) -> list[Contents] | Refusal:
    """What stands in a KIH message or a PHMR report, by person; never raises for what it holds.

    `window` is what can have been measured when it came.
    """
    if not document.strip():
        return Refusal("/", "the file is empty", Reason.PAYLOAD_EMPTY)
    if len(document) > DOCUMENT_BYTES_MAX:
        return too_large(len(document))
    kind = kind_of(document)
    if kind not in _READERS:
        root = _root_of(document)
        found = f"the root element is {root[:64]!r}" if root else "it is neither XML nor JSON"
        return Refusal("/", f"{found}; taken are KIH, PHMR and FHIR in JSON")
    try:
        return _READERS[kind](document, window)
    except Exception as error:
        # The message may hold what stands in the document; its type and place say enough.
        log.error("a %s document could not be read: %s", kind, fault(error))
        return Refusal("/", f"processing failed with {fault(error)}", Reason.PROCESSING_FAILED)


def too_large(size: int) -> Refusal:
    """The refusal of a document of this many bytes."""
    detail = f"the document has {size} bytes, at most {DOCUMENT_BYTES_MAX} are read"
    return Refusal("/", detail, Reason.PAYLOAD_TOO_LARGE)


def fault(error: Exception) -> str:
    """A fault of ours by its kind and the line that raised it, without a word of the data."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f" at {trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}{place}"


def _root_of(document: bytes) -> str:
    """The local name of the root element; empty where there is none, or no XML."""
    head = BytesIO(document[:_HEAD_BYTES])
    try:
        events = etree.iterparse(
            head, events=("start",), resolve_entities=False, no_network=True, load_dtd=False
        )
        for _, element in events:
            return etree.QName(element).localname
    except (etree.XMLSyntaxError, ValueError):
        pass
    return ""


def _read_kih(document: bytes, window: Window) -> list[Contents] | Refusal:
    try:
        told = read_message(document)
    except DatasetError as error:
        return Refusal(error.element, str(error))
    return [_kih_contents(one, window) for one in told]


def _kih_contents(told: Told, window: Window) -> Contents:
    taken = records_of_reports(told.reports, window)
    refusals = [
        (
            one.place,
            Refusal(
                f"{_REPORT}[{one.place + 1}]/{one.element}",
                f"{one.element} is {one.value[:64]!r}: {one.limit}",
                one.reason,
            ),
        )
        for one in taken.rejections
    ]
    refusals += [
        (one.place, Refusal(f"{_REPORT}[{one.place + 1}]/{one.element}", one.detail))
        for one in told.broken
    ]
    notes = [
        Note(one.element, f"{one.element} is {one.value[:64]!r}: {one.meaning}")
        for one in taken.remarks
    ]
    notes += [
        Note(name, f"it has no place here and is left out: {text[:64]!r}")
        for name, text in told.left_out
    ]
    return Contents(told.cpr, taken.made, refusals, list(told.deleted), notes)


def _read_phmr(document: bytes, window: Window) -> list[Contents] | Refusal:
    report = phmr.read_phmr(document)
    if isinstance(report, phmr.Refusal):
        return Refusal(report.element, report.detail)
    taken = phmr.read_report(report, window)
    cpr = next((one.extension for one in report.patient.ids if one.root == phmr_codes.CPR), "")
    refusals = [
        (place, Refusal(one.element, one.detail, one.reason)) for place, one in taken.refusals
    ]
    notes = [Note(one.path, f"{one.value[:64]!r}: {one.meaning}") for one in taken.remarks]
    return [Contents(cpr.replace("-", ""), taken.made, refusals, notes=notes)]


_READERS: Mapping[str, Callable[[bytes, Window], list[Contents] | Refusal]] = MappingProxyType(
    {"KIH": _read_kih, "PHMR": _read_phmr}
)
_KIND_OF_ROOT = {**dict.fromkeys(KIH_ROOTS, "KIH"), "ClinicalDocument": "PHMR"}
_REPORT = "LaboratoryReportExtended"
