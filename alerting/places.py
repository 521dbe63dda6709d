"""Where a citizen is told something: the gateway, the device and the user of it.

In: the records and the enrolment. Out: a `Place` or None. Called by `alerting.send`. Whose a device
is now follows from the same rule as whose a reading is (`ingest.attribution`), so that nobody is
told what was meant for who had the device before.
"""

from datetime import datetime
from typing import Final, NamedTuple

from devices.wire import TABLET_TYPE, parse_topic, topic_for
from fhir_mapping.record import Record
from ingest.attribution import Assignments, Term
from ingest.store import Reader

HISTORY_RECORDS: Final = 200
"""So many of a citizen's newest records are looked at for the gateway that is in use."""
AWAY: Final = frozenset({"admission", "travel"})


class Place(NamedTuple):
    """A device behind its gateway; `slot` is the user of a device that people share."""

    gateway: str
    device: str
    slot: int


class Places:
    """Places as one store knows them; enrolment is read again only when it has changed."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._version = -1
        self._number: dict[str, int] = {}
        self._assigned = Assignments([])

    def of(self, citizen: str, now_ms: int) -> Place | None:
        """The gateway that spoke last for one of the devices that are the citizen's now; there
        the tablet, if it is one of them.

        None when there is none, or when the citizen is paused, admitted, travelling or unknown.
        """
        self._follow_enrolment()
        if self._away(citizen, now_ms):
            return None
        number = self._number.get(citizen)
        own = [
            record
            for record in reversed(self._reader.records_of(citizen, limit=HISTORY_RECORDS))
            if _can_be_told(record)
            and self._assigned.citizen_of(record.device, record.slot, now_ms) == number
        ]
        at_home = [record for record in own if record.gateway == own[0].gateway]
        if not at_home:
            return None
        tablets = (record for record in at_home if record.device_type == TABLET_TYPE)
        chosen = next(tablets, at_home[0])
        return Place(chosen.gateway, chosen.device, chosen.slot)

    def _follow_enrolment(self) -> None:
        version = self._reader.enrolment_version()
        if version == self._version:
            return
        assignments = self._reader.assignments()
        self._number = {citizen: number for number, citizen in enumerate(assignments)}
        self._assigned = Assignments(
            Term(
                one.device,
                one.slot,
                _ms(one.since),
                None if one.to is None else _ms(one.to),
                self._number[citizen],
            )
            for citizen, terms in assignments.items()
            for one in terms
        )
        self._version = version

    def _away(self, citizen: str, now_ms: int) -> bool:
        known = self._reader.citizen(citizen)
        if known is None or known.paused:
            return True
        return any(
            fact.kind in AWAY
            and not fact.void
            and _ms(fact.since) <= now_ms
            and (fact.to is None or now_ms < _ms(fact.to))
            for fact in self._reader.facts_of(citizen)
        )


def _can_be_told(record: Record) -> bool:
    """Whether gateway and device are names that a topic may have; those of imported records, and
    of strangers, need not be."""
    topic = topic_for("any", record.gateway, record.device).text()
    return parse_topic(topic) is not None and not any(wild in topic for wild in "+#")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
