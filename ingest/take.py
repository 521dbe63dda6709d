"""National documents into the platform: KIH datasets and PHMR reports, as exported elsewhere.

In: the bytes of a document. Out: what became of its measurements. They enter through the same
store as everything else; what is refused is kept with the document. Whose they are is said by the
CPR number, which must belong to an enrolled citizen; a measurement by a device that was somebody
else's is held. A measurement of ours comes back as itself; one from elsewhere names no device of a
home, so a device of its own is enrolled for the citizen.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from fhir_mapping import phmr
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Enrolment
from fhir_mapping.kih.foreign import SOURCE as FROM_KIH
from fhir_mapping.kih.read import DatasetError, read_dataset
from fhir_mapping.kih.records import records_from as kih_records
from fhir_mapping.phmr import codes as phmr_codes
from fhir_mapping.phmr.foreign import GATEWAY as FROM_PHMR
from fhir_mapping.record import Record, on_device
from fhir_mapping.resources import resource_id
from ingest.decode import Delivery
from ingest.enrolment import enrol
from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Mapped, Reader, Writer

TOPIC = "document"
"""Where a document says it came from; no MQTT topic of ours looks so."""
FOREIGN = frozenset({FROM_KIH, FROM_PHMR})
"""Gateways that stand for a document, not for a box in a home."""
_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


class Refusal(msgspec.Struct, frozen=True):
    """Something of a document that was not taken: where, and one sentence."""

    path: str
    detail: str


class Read(msgspec.Struct, frozen=True):
    """A document's measurements, and what of it cannot be taken."""

    cpr: str
    records: list[Record]
    refusals: list[Refusal]


def take(document: bytes, reader: Reader, writer: Writer, now_ms: int) -> Mapping[str, int]:
    """Store a document's measurements; how many were accepted, duplicate, quarantined, rejected.

    Giving it again stores nothing twice. A document that cannot be read, or is about nobody who
    is enrolled, is kept whole as one rejection. StoreUnavailable when the store is away.
    """
    delivery = Delivery(TOPIC, document, now_ms)
    read = _read(document)
    if isinstance(read, Refusal):
        return _store(writer, delivery, [_rejection(Reason.FIELD_VALUE, read)])
    citizen = _citizen(reader.citizens(), read.cpr)
    if citizen is None:
        nobody = Refusal("CPR", "the document's CPR number belongs to no enrolled citizen")
        return _store(writer, delivery, [_rejection(Reason.IDENTITY_MISMATCH, nobody)])
    records = [_at_home(record, citizen) for record in read.records]
    _enrol_devices(records, citizen, reader, writer, now_ms)
    items: list[Mapped | Rejection] = [
        Mapped(f"document-{place}", 0, [record], place, f"Patient/{citizen}", "CPR")
        for place, record in enumerate(records)
    ]
    items += [
        _rejection(Reason.FIELD_VALUE, refusal, len(records) + place)
        for place, refusal in enumerate(read.refusals)
    ]
    return _store(writer, delivery, items)


def _read(document: bytes) -> Read | Refusal:
    """A document of either kind; which one it is, its root element says."""
    start = document[:4096]
    readers: Iterable[tuple[bytes, Callable[[bytes], Read | Refusal]]] = (
        (b"CitizenMonitoringDataset", _read_kih),
        (b"ClinicalDocument", _read_phmr),
    )
    for root, reader in readers:
        if root in start:
            return reader(document)
    return Refusal("/", "the root element is neither CitizenMonitoringDataset nor ClinicalDocument")


def _read_kih(document: bytes) -> Read | Refusal:
    try:
        dataset = read_dataset(document)
    except DatasetError as error:
        return Refusal(error.element, str(error))
    taken = kih_records(dataset)
    refusals = [
        Refusal(one.element, f"{one.element} is {one.value[:64]!r}: {one.limit}")
        for one in taken.rejections
    ]
    return Read(dataset.citizen.cpr, taken.records, refusals)


def _read_phmr(document: bytes) -> Read | Refusal:
    report = phmr.read_phmr(document)
    if isinstance(report, phmr.Refusal):
        return Refusal(report.element, report.detail)
    found = phmr.records_from(report)
    cpr = next((one.extension for one in report.patient.ids if one.root == phmr_codes.CPR), "")
    return Read(
        cpr or "",
        [one for one in found if isinstance(one, Record)],
        [Refusal(one.element, one.detail) for one in found if isinstance(one, phmr.Refusal)],
    )


def _citizen(citizens: Mapping[str, Citizen], cpr: str) -> str | None:
    return next((key for key, citizen in citizens.items() if citizen.cpr == cpr), None)


def _at_home(record: Record, citizen: str) -> Record:
    """A foreign record on a device of the citizen's own: two people's exports never share one."""
    if record.gateway not in FOREIGN:
        return record
    return on_device(record, resource_id(f"{record.device[:24]}.{citizen}")[:64])


def _enrol_devices(
    records: Iterable[Record], citizen: str, reader: Reader, writer: Writer, now_ms: int
) -> None:
    """Enrol and assign, once, the devices that stand for what foreign documents name."""
    devices = {
        record.device: EnrolledDevice(
            id=record.device,
            type=record.device_type,
            manufacturer="ukendt",
            model=record.model or "ukendt",
            gateway=record.gateway,
        )
        for record in records
        if record.gateway in FOREIGN and reader.device(record.device) is None
    }
    if devices:
        assignments = [Assignment(device, citizen, _BEGINNING) for device in devices]
        entries = Enrolment(devices=list(devices.values()), assignments=assignments)
        enrol(writer, entries, [citizen], _no_limits, now_ms)


def _no_limits(_citizen: Citizen) -> tuple[()]:
    return ()  # nobody new is enrolled here


def _rejection(reason: Reason, refusal: Refusal, index: int = -1) -> Rejection:
    return Rejection(reason, refusal.path, refusal.detail, index)


def _store(
    writer: Writer, delivery: Delivery, items: Iterable[Mapped | Rejection]
) -> Mapping[str, int]:
    outcomes = writer.append([Arrival(delivery, item) for item in items])
    return Counter(outcome.result for outcome in outcomes)
