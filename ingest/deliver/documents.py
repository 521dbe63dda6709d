"""A record as a document of its own, KIH XML or PHMR, and what of earlier ones it replaces.

In: an `Item`. Out: a `Dispatch`. Called by `folder` and `endpoint`.

One record, one document: KIH's deletion of one report deletes every report of its sample, so a
sample holds one record and nothing else. A document's bytes follow from the record and what is
enrolled, not from when it is sent.
"""

import msgspec

from devices.catalogue import Panel, metric
from fhir_mapping.identity import id_text
from fhir_mapping.kih.reports import dataset_of, uuid_of
from fhir_mapping.kih.write import render_dataset
from fhir_mapping.phmr import document_of, render_phmr
from fhir_mapping.record import Record
from ingest.deliver.port import Item
from ingest.deliver.settings import DocumentFormat


class Dispatch(msgspec.Struct, frozen=True):
    """What one version of a record means to whoever keeps documents.

    `withdraw` are the ids under which earlier versions may stand there: KIH refuses an id that it
    has, so these must be deleted before `content` is created. `content` is None for a record
    that is nobody's any more, or was withdrawn.
    """

    record_id: str
    seq: int
    version: int
    withdraw: tuple[str, ...]
    content: bytes | None

    @property
    def document_id(self) -> str:
        """Unique to this version of this record, and the same whenever it is sent."""
        return f"{self.record_id}-v{self.version}"


def dispatch_of(item: Item, form: DocumentFormat) -> Dispatch:
    """The document of an item; LookupError when the citizen's organisation is not enrolled."""
    record = item.record
    return Dispatch(
        record_id=id_text(record.id),
        seq=record.seq,
        version=record.version,
        withdraw=_ids(record, form) if record.version > 1 else (),
        content=None if item.citizen is None or record.withdrawn else _content(item, form),
    )


def _content(item: Item, form: DocumentFormat) -> bytes:
    assert item.citizen is not None
    if item.organisation is None:
        raise LookupError("the organisation is not enrolled")
    devices = [item.device] if item.device else []
    if form == "kih":
        by_id = {device.id: device for device in devices}
        return render_dataset(dataset_of(item.citizen, [item.record], item.organisation, by_id))
    document = document_of(
        item.citizen,
        [item.record],
        item.organisation,
        devices,
        created_ms=item.record.received_ms,
        limits=item.limits,
    )
    return render_phmr(document)


def _ids(record: Record, form: DocumentFormat) -> tuple[str, ...]:
    """The ids of every report that any version of the record may have had."""
    row = record.row
    if form == "phmr":
        return (id_text(record.id),)
    parts = map(metric, row.components) if isinstance(row, Panel) else (row,)
    return tuple(uuid_of(record.id, part) for part in parts)
