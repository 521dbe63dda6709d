"""What was refused, given again: readings, FHIR and documents alike.

In: the open rejections of the store. Out: how many were tried, and how many are closed: accepted
now, or standing in the store already, since they came by another way meanwhile.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, groupby

import msgspec

from devices.zone import Zones
from ingest.decode import Delivery
from ingest.pipeline import EVERYWHERE, HELD, append, examine, names_of
from ingest.rejection import Rejection
from ingest.store import Arrival, Mapped, Reader, StoredRejection, Writer
from ingest.take import TOPIC, arrivals_of


def replay(
    reader: Reader, store: Writer, now_ms: int, zones: Zones = EVERYWHERE
) -> tuple[int, int]:
    """Give every open rejection again; how many were tried and how many are closed.

    For use after the cause is mended (a new code in the catalogue, a corrected rule). The payload
    is judged as of its own arrival; what is still refused stays as it is. Where a whole delivery
    was refused, each reading in it that is still wrong becomes a rejection of its own.
    """
    tried = accepted = 0
    names = names_of(reader)
    open_ones = reader.rejections(unreplayed_only=True)
    for delivery, rejections in groupby(open_ones, _delivery_of):
        arrivals: dict[int, list[Arrival]] = {}
        again = (
            arrivals_of(delivery, reader, store, zones=zones)[0]
            if delivery.topic == TOPIC
            else examine(delivery, names, zones)
        )
        for arrival in again:
            arrivals.setdefault(arrival.item.index, []).append(arrival)
        for rejection in rejections:
            tried += 1
            if _stands_now(rejection, arrivals, reader, store):
                store.mark_replayed(rejection.key, now_ms)
                accepted += 1
    return tried, accepted


def _delivery_of(rejection: StoredRejection) -> Delivery:
    return Delivery(rejection.topic, rejection.payload, rejection.received_ms)


def _stands_now(
    rejection: StoredRejection,
    examined: Mapping[int, list[Arrival]],
    reader: Reader,
    store: Writer,
) -> bool:
    """Whether what stands at this place of a delivery (-1: all of it) is taken at last.

    A place that is gone was a refused part of a document, and is part of a measurement now. Of a
    value that was refused alone its whole reading is given again: the other values stand already.
    """
    place, part = rejection.place, rejection.part
    everything = list(chain(*examined.values()))
    arrivals = everything if place < 0 else examined.get(place) or _measured(everything)
    if not arrivals or any(_is_refused(arrival, place, part) for arrival in everything):
        return False
    if place in examined and all(_stands(arrival, reader) for arrival in arrivals):
        return True
    if part >= 0:
        arrivals = [_without_refused(arrival) for arrival in arrivals]
    outcomes = append(arrivals, store)
    return not any(
        outcome.reason in HELD and arrival.item.index == place
        for arrival, outcome in zip(arrivals, outcomes, strict=True)
    )


def _without_refused(arrival: Arrival) -> Arrival:
    """The same without what of it is still refused, which is counted already."""
    item = arrival.item
    if isinstance(item, Rejection):
        return arrival
    return Arrival(arrival.delivery, msgspec.structs.replace(item, refused=[]))


def _measured(arrivals: Sequence[Arrival]) -> list[Arrival]:
    return [arrival for arrival in arrivals if isinstance(arrival.item, Mapped)]


def _stands(arrival: Arrival, reader: Reader) -> bool:
    """Whether every measurement of it stands in the store, by whatever way it came."""
    item = arrival.item
    if isinstance(item, Rejection) or item.intent != "reading" or item.refused or item.states:
        return False
    known = ((one, reader.standing(one)) for one in item.records)
    return all(found is not None and found.values == one.values for one, found in known)


def _is_refused(arrival: Arrival, place: int, part: int) -> bool:
    item = arrival.item
    if isinstance(item, Rejection):
        return item.index in (place, -1)
    return item.index == place and part in {one.part for one in item.refused}
