"""The spine: decode → validate → map → store, for one batch of deliveries.

In: deliveries as they arrived. Out: one outcome per reading, after the durable commit. Bad data
becomes a stored rejection; a bad world raises `StoreUnavailable` and leaves nothing half done;
bad code on one delivery costs that delivery a rejection, never its neighbours.
"""

import logging
from collections.abc import Sequence

from devices.catalogue import metric_for_code
from devices.wire import ResponsePayload
from devices.zone import Zones
from fhir_mapping.codes import CPR
from fhir_mapping.device_state import states_of
from fhir_mapping.fhir_read import Note
from fhir_mapping.record import records_of
from fhir_mapping.stand_in import stand_in
from ingest.decode import Decoded, Delivery, decode
from ingest.decode_fhir import HTTP_TOPIC, Names, Read, decode_fhir, same_name
from ingest.rejection import Reason, Rejection
from ingest.store import (
    Arrival,
    Mapped,
    Outcome,
    Reader,
    StoreUnavailable,
    Writer,
)
from ingest.validate import validate

log = logging.getLogger(__name__)
EVERYWHERE = Zones()
"""One zone for all tenants, where no setting says otherwise."""
HELD = frozenset({Reason.PROCESSING_FAILED, Reason.IDENTITY_MISMATCH})
"""What an arrival that looked good may still become in the store."""


def process(
    deliveries: Sequence[Delivery], store: Writer, zones: Zones = EVERYWHERE
) -> list[Outcome]:
    """Take one batch through every stage; what is returned is durable.

    `zones` says where each tenant's local times are read. Raises `StoreUnavailable` when the store
    is away: give the same batch again later.
    """
    arrivals = [one for delivery in deliveries for one in examine(delivery, zones=zones)]
    return append(arrivals, store)


def append(arrivals: Sequence[Arrival], store: Writer) -> list[Outcome]:
    """Store what was examined; what our own fault keeps out becomes a rejection."""
    try:
        return store.append(arrivals)
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("a batch of %d arrivals failed; storing them one by one", len(arrivals))
        return [outcome for arrival in arrivals for outcome in _append_alone(arrival, store)]


def append_together(arrivals: Sequence[Arrival], store: Writer) -> list[Outcome]:
    """Store all of these or, where one is refused, their rejections only."""
    try:
        return store.append(arrivals, together=True)
    except StoreUnavailable:
        raise
    except Exception as error:
        log.exception("%d arrivals that belong together failed; kept as rejections", len(arrivals))
        items = [arrival.item for arrival in arrivals]
        refused = [_failed(error, item.index, item.message_id, item.message_seq) for item in items]
        pairs = zip(arrivals, refused, strict=True)
        return store.append([Arrival(arrival.delivery, item) for arrival, item in pairs])


def examine(
    delivery: Delivery, names: Names = same_name, zones: Zones = EVERYWHERE
) -> list[Arrival]:
    """The arrivals of one delivery: each a mapped reading or a rejection. Never raises.

    `names` knows devices by what FHIR calls them, for what came over HTTP.
    """
    return examined(delivery, names, zones)[0]


def examined(
    delivery: Delivery, names: Names, zones: Zones = EVERYWHERE
) -> tuple[list[Arrival], list[Note]]:
    """The same, with what is noted about what came over HTTP."""
    items: Sequence[Decoded | Read | Rejection]
    notes: list[Note] = []
    try:
        if delivery.topic == HTTP_TOPIC:
            items, notes = decode_fhir(
                delivery.payload, delivery.received_ms, None, names, delivery.bases, zones.of("")
            )
        else:
            items = decode(delivery, zones)
    except Exception as error:
        log.exception("a delivery could not be decoded; it is kept as a rejection")
        items = [_failed(error)]
    judged: list[Mapped | Rejection] = []
    before: Mapped | None = None
    for item in items:
        judged.append(_judge(item, delivery.received_ms, zones, before))
        before = judged[-1] if isinstance(judged[-1], Mapped) else before
    return [Arrival(delivery, item) for item in judged], notes


def _judge(
    decoded: Decoded | Read | Rejection, received_ms: int, zones: Zones, before: Mapped | None
) -> Mapped | Rejection:
    if not isinstance(decoded, Decoded):
        return _mapped(decoded) if isinstance(decoded, Read) else decoded
    payload, index = decoded.payload, decoded.index
    try:
        zone, after_ms = zones.of(decoded.topic.tenant), _after(decoded, before)
        found = validate(decoded, received_ms, zone, after_ms)
        if isinstance(found, Rejection):
            return found
        reading = found.reading
        records, states = records_of(reading), states_of(reading)
        return Mapped(payload.id, payload.seq, records, index, states=states, refused=found.refused)
    except Exception as error:
        log.exception("a reading could not be mapped; it is kept as a rejection")
        return _failed(error, index, payload.id, payload.seq)


def _after(decoded: Decoded, before: Mapped | None) -> int | None:
    """When the reading before this one in its delivery was measured, oldest first; later than that
    where both say the same time and measured the same."""
    if before is None:
        return None
    record, payload = before.records[0], decoded.payload
    if isinstance(payload, ResponsePayload) or record.device_time != payload.t.isoformat():
        return record.measured_ms
    rows = [row for one in payload.r if (row := metric_for_code(one.c))]
    again = {row.panel or row.alias for row in rows} & {one.about for one in before.records}
    return record.measured_ms + bool(again and payload.id != before.message_id)


def _mapped(read: Read) -> Mapped | Rejection:
    """What came as FHIR is validated already."""
    reading, index = read.reading, read.index
    try:
        records = records_of(reading)
    except Exception as error:
        log.exception("an Observation could not be mapped; it is kept as a rejection")
        return _failed(error, index, reading.message_id)
    states = states_of(reading)
    return Mapped(
        reading.message_id,
        0,
        records,
        index,
        read.subject,
        read.path,
        states=states,
        refused=read.refused,
        intent=read.intent,
    )


def names_of(reader: Reader) -> Names:
    """What devices, gateways and CPR numbers in FHIR are called here; see `decode_fhir.Names`."""
    stand_ins: dict[str, str] = {}

    def name(said: str) -> str:
        if said.startswith(f"{CPR}|"):
            if not stand_ins:
                stand_ins.update(
                    (one.cpr, stand_in(f"Patient/{one.id}")) for one in reader.citizens().values()
                )
            return stand_ins.get(said.partition("|")[2], said)
        party = reader.party(said)
        return said if party is None else party.name

    return name


def _append_alone(arrival: Arrival, store: Writer) -> list[Outcome]:
    try:
        return store.append([arrival])
    except StoreUnavailable:
        raise
    except Exception as error:
        log.exception("an arrival could not be stored; it is kept as a rejection")
        item = arrival.item
        failed = _failed(error, item.index, item.message_id, item.message_seq)
        return store.append([Arrival(arrival.delivery, failed)])


def _failed(
    error: Exception, index: int = -1, message_id: str = "", message_seq: int = 0
) -> Rejection:
    """A rejection for what our own code could not take; names the fault, not the data."""
    detail = f"processing failed with {type(error).__name__}"
    return Rejection(Reason.PROCESSING_FAILED, "$", detail, index, message_id, message_seq)
