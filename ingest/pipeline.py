"""The spine: decode → validate → map → store, for one batch of deliveries.

In: deliveries as they arrived. Out: one outcome per reading, after the durable commit. Bad data
becomes a stored rejection; a bad world raises `StoreUnavailable` and leaves nothing half done;
bad code on one delivery costs that delivery a rejection, never its neighbours.
"""

import logging
from collections.abc import Iterator, Sequence

from fhir_mapping.record import records_of
from ingest.decode import Decoded, Delivery, decode
from ingest.rejection import Reason, Rejection
from ingest.store import (
    Arrival,
    Mapped,
    Outcome,
    Reader,
    StoredRejection,
    StoreUnavailable,
    Writer,
)
from ingest.validate import validate

log = logging.getLogger(__name__)


def process(deliveries: Sequence[Delivery], store: Writer) -> list[Outcome]:
    """Take one batch through every stage; what is returned is durable.

    Raises `StoreUnavailable` when the store is away: give the same batch again later.
    """
    return _append([arrival for delivery in deliveries for arrival in examine(delivery)], store)


def _append(arrivals: Sequence[Arrival], store: Writer) -> list[Outcome]:
    try:
        return store.append(arrivals)
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("a batch of %d arrivals failed; storing them one by one", len(arrivals))
        return [outcome for arrival in arrivals for outcome in _append_alone(arrival, store)]


def examine(delivery: Delivery) -> Iterator[Arrival]:
    """The arrivals of one delivery: each a mapped reading or a rejection. Never raises."""
    try:
        items = decode(delivery)
    except Exception as error:
        log.exception("a delivery could not be decoded; it is kept as a rejection")
        items = [_failed(error)]
    for item in items:
        yield Arrival(delivery, _judge(item, delivery.received_ms))


def _judge(decoded: Decoded | Rejection, received_ms: int) -> Mapped | Rejection:
    if isinstance(decoded, Rejection):
        return decoded
    payload, index = decoded.payload, decoded.index
    try:
        reading = validate(decoded, received_ms)
        if isinstance(reading, Rejection):
            return reading
        return Mapped(payload.id, payload.seq, records_of(reading), index)
    except Exception as error:
        log.exception("a reading could not be mapped; it is kept as a rejection")
        return _failed(error, index, payload.id, payload.seq)


def replay(reader: Reader, store: Writer, now_ms: int) -> tuple[int, int]:
    """Give every open rejection again; how many were tried and how many are now accepted.

    For use after the cause is mended (a new code in the catalogue, a corrected rule). The payload
    is judged as of its own arrival; what is still refused stays as it is. Where a whole delivery
    was refused, each reading in it that is still wrong becomes a rejection of its own.
    """
    tried = accepted = 0
    for rejection in reader.rejections(unreplayed_only=True):
        tried += 1
        if _accepted_now(rejection, store):
            store.mark_replayed(rejection.key, now_ms)
            accepted += 1
    return tried, accepted


def _accepted_now(rejection: StoredRejection, store: Writer) -> bool:
    place = rejection.place
    delivery = Delivery(rejection.topic, rejection.payload, rejection.received_ms)
    arrivals = [
        arrival for arrival in examine(delivery) if place < 0 or arrival.item.index == place
    ]
    if not arrivals or any(_is_refused(arrival, place) for arrival in arrivals):
        return False
    outcomes = _append(arrivals, store)
    return all(outcome.reason != Reason.PROCESSING_FAILED for outcome in outcomes)


def _is_refused(arrival: Arrival, place: int) -> bool:
    return isinstance(arrival.item, Rejection) and arrival.item.index == place


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
