"""What a document's word on a measurement means beside what stands: again, corrected, taken back.

In: a record as a document has it, or the sender's number of one that it deletes; and the store.
Out: the intent with which it is handed in, and the records that a deletion is about.

Whose word counts: that of the sender who gave the measurement its number (KIH's UuidIdentifier, the
observation's id of PHMR), or of a document that says that it replaces an earlier one. KIH corrects
by deleting a report and creating another, so a report with a new number is the new value of one
that was deleted. Any other second value for one instrument and instant is no correction: both are
kept and flagged (`ingest.resolve`).
"""

from collections.abc import Iterator

from devices.catalogue import Metric, Panel, metric
from fhir_mapping.annotations import SOURCE, annotation
from fhir_mapping.foreign import Made
from fhir_mapping.kih.reports import uuid_of
from fhir_mapping.record import Intent, Record
from ingest.store import Reader


def intent_of(made: Made, record: Record, reader: Reader) -> Intent:
    """With which intent a document's record is handed in; `record` is it on its own device."""
    if made.withdrawn:
        return "withdrawal"
    if made.corrected:
        return "correction"
    standing = reader.standing(record)
    if standing is None or standing.values == record.values:
        return "reading"
    known = _numbers(standing) & _numbers(record)
    if standing.withdrawn:
        return "reading" if known or not _numbers(record) else "correction"
    return "correction" if known else "reading"


def records_by_number(citizen: str, reader: Reader) -> dict[str, Record]:
    """A citizen's measurements by every number that a KIH report of them has, ours and others'."""
    found: dict[str, Record] = {}
    for record in reader.records_of(citizen):
        for number in (*_own_numbers(record), *_numbers(record)):
            found[number] = record
    return found


def _numbers(record: Record) -> set[str]:
    """The numbers that a sender has given to a measurement."""
    return set(annotation(record.circumstances, SOURCE).split())


def _own_numbers(record: Record) -> Iterator[str]:
    """The numbers of the reports in which we write it."""
    if record.is_response:
        return
    row: Metric | Panel = record.row
    parts = [metric(alias) for alias in row.components] if isinstance(row, Panel) else [row]
    for part in parts:
        yield uuid_of(record.id, part)
