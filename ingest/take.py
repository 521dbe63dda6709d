"""Documents of others into the platform: KIH datasets, PHMR reports and FHIR files.

In: the bytes of a document. Out: an `Answer`, what became of it. What it holds enters through the
same store as everything else; what is refused is kept with the document. Whose it is, is said by
the CPR number, which must belong to an enrolled citizen; a measurement by a device that was
somebody else's is held. A measurement of ours comes back as itself; one from elsewhere names no
device of a home, so a device of its own is enrolled for the citizen.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from devices.admission import EARLIEST_MEASURED_MS, window_at
from devices.zone import Zones
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Enrolment
from fhir_mapping.kih.foreign import SOURCE as FROM_KIH
from fhir_mapping.phmr.foreign import GATEWAY as FROM_PHMR
from fhir_mapping.record import Intent, Record, on_device
from fhir_mapping.resources import resource_id
from fhir_mapping.stand_in import is_stand_in, stand_in
from ingest.decode import Delivery
from ingest.decode_fhir import HTTP_TOPIC
from ingest.document import Contents, Note, Refusal, fault, kind_of, read_document
from ingest.enrolment import SINCE_EVER, enrol
from ingest.pipeline import EVERYWHERE, HELD, append, examined, names_of
from ingest.reexport import intent_of, records_by_number
from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Mapped, Outcome, Reader, StoreUnavailable, Writer

log = logging.getLogger(__name__)

TOPIC = "document"
"""Where a document says it came from; no MQTT topic of ours looks so."""
FOREIGN = frozenset({FROM_KIH, FROM_PHMR})
"""Gateways that stand for a document, not for a box in a home."""
_HELD_MEANING = "it is stored, and waits until its device is somebody's"


class Answer(msgspec.Struct, frozen=True):
    """What became of one document: how many results of each kind, what was refused, and notes."""

    kind: str
    results: Mapping[str, int]
    refusals: list[Refusal]
    notes: list[Note]

    @property
    def clean(self) -> bool:
        """Whether all of it stands in the store, under the citizen it is about."""
        return bool(self.results) and self.results.keys() <= {"accepted", "duplicate"}


def take(
    document: bytes,
    reader: Reader,
    writer: Writer,
    now_ms: int,
    first_ms: int = EARLIEST_MEASURED_MS,
    zones: Zones = EVERYWHERE,
) -> Answer:
    """Store a document's measurements; giving it again stores nothing twice.

    `first_ms` is from when on KIH and PHMR may hold history: as at every other door, but for
    whoever knows these documents and says otherwise; `zones` is where the clocks hang. A document
    that cannot be read, or is about nobody who is enrolled, is kept whole as one rejection. Raises
    nothing but StoreUnavailable, when the store is away.
    """
    kind = kind_of(document)
    delivery = Delivery(HTTP_TOPIC if kind == "FHIR" else TOPIC, document, now_ms)
    arrivals, notes = arrivals_of(delivery, reader, writer, first_ms, zones)
    outcomes = append(arrivals, writer)
    _close_taken(delivery, arrivals, outcomes, reader, writer)
    notes += _changes(arrivals, outcomes)
    return Answer(kind, _results(outcomes), _refusals(arrivals, outcomes), notes)


def refuse(document: bytes, refusal: Refusal, writer: Writer, now_ms: int) -> Answer:
    """Keep a document, or as much of it as was read, as one rejection."""
    arrivals = [Arrival(Delivery(TOPIC, document, now_ms), _rejection(refusal))]
    outcomes = append(arrivals, writer)
    return Answer("", _results(outcomes), _refusals(arrivals, outcomes), [])


def arrivals_of(
    delivery: Delivery,
    reader: Reader,
    writer: Writer,
    first_ms: int = EARLIEST_MEASURED_MS,
    zones: Zones = EVERYWHERE,
) -> tuple[list[Arrival], list[Note]]:
    """What a document holds, as it goes to the store, and notes on it.

    Enrols the devices that stand for what foreign documents name, since a reading of a device
    that is nobody's would be held.
    """
    if delivery.topic == HTTP_TOPIC:
        arrivals, left_out = examined(delivery, names_of(reader), zones)
        return arrivals, [Note(one.path, one.detail) for one in left_out]
    notes: list[Note] = []
    items: Sequence[Mapped | Rejection]
    try:
        window = window_at(delivery.received_ms, first_ms, zones.of(""))
        contents = read_document(delivery.payload, window)
        items = _items(contents, delivery.received_ms, reader, writer, notes)
    except StoreUnavailable:
        raise
    except Exception as error:
        log.error("a document could not be taken: %s", fault(error))
        detail = f"processing failed with {fault(error)}"
        items = [_rejection(Refusal("/", detail, Reason.PROCESSING_FAILED))]
    return [Arrival(delivery, item) for item in items], notes


def _items(
    read: list[Contents] | Refusal, now_ms: int, reader: Reader, writer: Writer, notes: list[Note]
) -> list[Mapped | Rejection]:
    if isinstance(read, Refusal):
        return [_rejection(read)]
    items: list[Mapped | Rejection] = []
    for contents in read:
        notes += contents.notes
        citizen = _citizen(reader.citizens(), contents.cpr)
        if citizen is None:
            detail = "the document's CPR number belongs to no enrolled citizen"
            stranger = Refusal("CPR", detail, Reason.IDENTITY_MISMATCH)
            items.append(_rejection(stranger, -1 if len(read) == 1 else contents.first_place))
            continue
        items += _of_citizen(contents, citizen, now_ms, reader, writer)
    return items or [_rejection(Refusal("/", "it holds no measurement", Reason.READING_EMPTY))]


def _of_citizen(
    contents: Contents, citizen: str, now_ms: int, reader: Reader, writer: Writer
) -> list[Mapped | Rejection]:
    records = [_at_home(one.record, citizen, reader) for one in contents.made]
    _enrol_devices(records, citizen, reader, writer, now_ms)
    items: list[Mapped | Rejection] = [
        _mapped(made.place, record, citizen, intent_of(made, record, reader))
        for made, record in zip(contents.made, records, strict=True)
    ]
    items += _deleted(contents, citizen, reader)
    return [*items, *(_rejection(refusal, place) for place, refusal in contents.refusals)]


def _deleted(contents: Contents, citizen: str, reader: Reader) -> Iterator[Mapped | Rejection]:
    """What KIH deletes, taken back; a number that nobody knows is kept until it is known."""
    known = records_by_number(citizen, reader) if contents.deleted else {}
    for place, number in contents.deleted:
        record = known.get(number)
        if record is None:
            detail = f"UuidIdentifier is {number[:64]!r}: no measurement of the citizen has it"
            yield _rejection(Refusal(f"UuidIdentifier[{place + 1}]", detail), place)
        else:
            yield _mapped(place, record, citizen, "withdrawal")


def _mapped(place: int, record: Record, citizen: str, intent: Intent) -> Mapped:
    path = f"measurement[{place + 1}]"
    subject = f"Patient/{citizen}"
    return Mapped(f"document-{place}", 0, [record], place, subject, path, intent=intent)


def _citizen(citizens: Mapping[str, Citizen], cpr: str) -> str | None:
    return next((key for key, citizen in citizens.items() if citizen.cpr == cpr), None)


def _at_home(record: Record, citizen: str, reader: Reader) -> Record:
    """A foreign record on a device of the citizen's own: two people's exports never share one.

    What a person typed and no device is named for has the citizen himself in a device's place.
    What we have sent on of it ourselves, and comes back, is on that device already.
    """
    own = stand_in(f"Patient/{citizen}")
    if is_stand_in(record.device):
        return record if record.device == own else on_device(record, own)
    if record.gateway not in FOREIGN:
        return record
    known = reader.device(record.device)
    if known is not None and known.gateway in FOREIGN and f".{citizen}" in record.device:
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
        if record.gateway in FOREIGN
        and not is_stand_in(record.device)
        and reader.device(record.device) is None
    }
    if devices:
        assignments = [Assignment(device, citizen, SINCE_EVER) for device in devices]
        entries = Enrolment(devices=list(devices.values()), assignments=assignments)
        enrol(writer, entries, [citizen], _no_limits, now_ms)


def _no_limits(_citizen: Citizen) -> tuple[()]:
    return ()  # nobody new is enrolled here


def _rejection(refusal: Refusal, index: int = -1) -> Rejection:
    return Rejection(Reason(refusal.reason), refusal.path, refusal.detail, index)


def _close_taken(
    delivery: Delivery,
    arrivals: Sequence[Arrival],
    outcomes: Sequence[Outcome],
    reader: Reader,
    writer: Writer,
) -> None:
    """Mark what was once refused of this very document, and is taken now."""
    refused = {
        arrival.item.index
        for arrival, outcome in zip(arrivals, outcomes, strict=True)
        if isinstance(arrival.item, Rejection) or outcome.reason in HELD
    }
    for rejection in reader.rejections_of(delivery.topic, delivery.payload):
        if rejection.replayed_ms is None and not refused & {rejection.place, -1}:
            writer.mark_replayed(rejection.key, delivery.received_ms)


def _changes(arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> Iterator[Note]:
    """What a document took back or corrected."""
    for arrival, outcome in zip(arrivals, outcomes, strict=True):
        item = arrival.item
        if isinstance(item, Mapped) and outcome.result == "accepted":
            if item.intent == "withdrawal":
                yield Note(item.path, "taken back")
            elif item.intent == "correction":
                yield Note(item.path, "corrected")


def _results(outcomes: Sequence[Outcome]) -> Mapping[str, int]:
    return Counter(outcome.result for outcome in outcomes)


def _refusals(arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> list[Refusal]:
    """What was refused or is held, whether the reader or the store said so."""
    found = []
    for arrival, outcome in zip(arrivals, outcomes, strict=True):
        if isinstance(arrival.item, Rejection):
            item = arrival.item
            found.append(Refusal(item.path, item.detail, item.reason))
        elif outcome.result in ("rejected", "quarantined"):
            found.append(Refusal(arrival.item.path, _HELD_MEANING, outcome.reason))
    return found
