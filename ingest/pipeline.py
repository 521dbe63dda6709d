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
from ingest.store import Arrival, Mapped, Outcome, Reader, StoreUnavailable, Writer
from ingest.validate import validate

log = logging.getLogger(__name__)


def process(deliveries: Sequence[Delivery], store: Writer) -> list[Outcome]:
    """Take one batch through every stage; what is returned is durable.

    Raises `StoreUnavailable` when the store is away: give the same batch again later.
    """
    arrivals = [arrival for delivery in deliveries for arrival in examine(delivery)]
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
        for decoded in decode(delivery):
            yield Arrival(delivery, _judge(decoded, delivery.received_ms))
    except Exception as error:
        log.exception("a delivery could not be examined; it is kept as a rejection")
        yield Arrival(delivery, _failed(error))


def _judge(decoded: Decoded | Rejection, received_ms: int) -> Mapped | Rejection:
    if isinstance(decoded, Rejection):
        return decoded
    reading = validate(decoded, received_ms)
    if isinstance(reading, Rejection):
        return reading
    return Mapped(reading.message_id, reading.message_seq, records_of(reading))


def replay(reader: Reader, store: Writer, now_ms: int) -> tuple[int, int]:
    """Give every open rejection again; how many were tried and how many are now accepted.

    For use after the cause is mended (a new code in the catalogue, a corrected rule). The payload
    is judged as of its own arrival; what is still refused stays as it is.
    """
    tried = accepted = 0
    for rejection in reader.rejections(unreplayed_only=True):
        tried += 1
        delivery = Delivery(rejection.topic, rejection.payload, rejection.received_ms)
        arrivals = list(examine(delivery))
        places = range(len(arrivals)) if rejection.place < 0 else (rejection.place,)
        if any(isinstance(arrivals[place].item, Rejection) for place in places):
            continue
        store.append([arrivals[place] for place in places])
        store.mark_replayed(rejection.key, now_ms)
        accepted += 1
    return tried, accepted


def _append_alone(arrival: Arrival, store: Writer) -> list[Outcome]:
    try:
        return store.append([arrival])
    except StoreUnavailable:
        raise
    except Exception as error:
        log.exception("an arrival could not be stored; it is kept as a rejection")
        message_id, message_seq = arrival.item.message_id, arrival.item.message_seq
        failed = _failed(error, message_id, message_seq)
        return store.append([Arrival(arrival.delivery, failed)])


def _failed(error: Exception, message_id: str = "", message_seq: int = 0) -> Rejection:
    """A rejection for what our own code could not take; names the fault, not the data."""
    detail = f"processing failed with {type(error).__name__}"
    return Rejection(Reason.PROCESSING_FAILED, "$", detail, -1, message_id, message_seq)
