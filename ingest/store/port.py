"""The store's port: all that the platform asks of a place where records are kept.

Adapters are interchangeable; one suite (`tests/ingest/store/test_every_store.py`) runs over all of
them. What every method promises:

  Waiting   A call returns when its work is durable (writes) or read (reads). A writer waits for
            another writer at most `busy_timeout` seconds.
  Failure   `StoreUnavailable` when the place cannot be reached, written or locked in time. The
            whole batch is then undone and may be given again; nothing is half stored.
  Doubling  Giving the same arrival again, at any time and from any process, stores nothing twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from devices.wire import RefusedValue, Result
from fhir_mapping.device_state import DeviceState
from fhir_mapping.enrolled import (
    Assignment,
    Citizen,
    EnrolledDevice,
    Enrolment,
    Fact,
    Limits,
    Organisation,
)
from fhir_mapping.record import Intent, Record, Superseded
from fhir_mapping.status import Flags, flags_at, is_usable
from ingest.decode import Delivery
from ingest.rejection import Rejection


class StoreUnavailable(Exception):  # noqa: N818  it is the world that is bad, not the code
    """The store cannot be reached, written or locked; nothing of the call was stored."""


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """One reading that passed every stage, as the records it becomes, and what it says of the
    device itself (`states`), which may be all; `refused` are the values of it that could not be
    taken; `index` as in `Rejection`.

    `subject` is whom the sender says it is about (a reference, or `system|value`), empty where he
    does not say; `path` is where he says it. It never decides whose the reading is, but one that
    names another citizen than the device's is held.

    `intent` is how an author takes back or corrects what he said, at any door. Give the record as
    its facts make it (`records_of`, or one that was read from the store) and

      "withdrawal"  it was no measurement (FHIR `entered-in-error`, HL7 `nullified`, KIH's
                    deletion): whatever values the record still has are ignored; the record that
                    stands gets a version without value, and one that comes later none either;
      "correction"  it replaces what was said of the same act, whatever the device's clock (FHIR
                    `corrected` and `amended`); of a withdrawn record it is the new value.

    In both `Record.sent_ms` says when the author said so (FHIR `issued` or `meta.lastUpdated`, a
    document's own time): of two words the later sent one holds. A plain `reading` may do both as
    well, as over MQTT: see `ingest.resolve`.
    """

    message_id: str
    message_seq: int
    records: list[Record]
    index: int = -1
    subject: str = ""
    path: str = ""
    states: list[DeviceState] = []
    intent: Intent = "reading"
    refused: list[Rejection] = []


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One reading (or refused delivery) on its way into the store."""

    delivery: Delivery
    item: Mapped | Rejection


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one arrival, for its receipt."""

    topic: str
    message_id: str
    message_seq: int
    result: Result
    reason: str = ""
    path: str = ""
    refused: tuple[RefusedValue, ...] = ()
    """What of a reading that was taken could not be."""


class StoredRejection(msgspec.Struct, frozen=True):
    """One refused arrival as it stands in the store; `place` and `part` are the `index` and `part`
    of `Rejection`."""

    key: int
    place: int
    result: str
    reason: str
    path: str
    detail: str
    topic: str
    payload: bytes
    received_ms: int
    deliveries: int
    replayed_ms: int | None
    part: int = -1


class Query(msgspec.Struct, frozen=True):
    """A search for records; None bounds nothing. Spans include their beginning only.

    `about` () means every Observation: answers to a questionnaire are found by its alias only.

    In order of measuring (by `measured_ms`, then alias and id, both always rising), which needs a
    citizen; or `by_change`, in order of `seq`, which is also that of `updated_ms`. `after` is the
    place of the last record that was seen: (measured_ms, about, id), or (seq, "", b"").
    `limit_each` bounds every alias by itself, newest or oldest first as asked. `standing` leaves
    out what was withdrawn.
    """

    citizen: str | None = None
    about: tuple[str, ...] = ()
    measured_from_ms: int | None = None
    measured_until_ms: int | None = None
    changed_from_ms: int | None = None
    changed_until_ms: int | None = None
    by_change: bool = False
    newest_first: bool = True
    after: tuple[int, str, bytes] | None = None
    limit: int | None = None
    limit_each: int | None = None
    standing: bool = False


class Counted(msgspec.Struct, frozen=True, gc=False):
    """How often these values were measured with these flags (of the act, and of components)."""

    values: tuple[str | None, ...]
    flags: Flags
    count: int
    component_flags: tuple[Flags, ...] = ()

    def usable(self, place: int) -> bool:
        """Whether the value of this component may be counted."""
        flags = flags_at(self.flags, self.component_flags, place)
        return self.values[place] is not None and is_usable(flags)


class Party(msgspec.Struct, frozen=True):
    """A device or gateway that records name: as enrolled, and as its newest reading told it.

    Both None, and no states: a gateway, of which nothing but the name is known.
    """

    name: str
    enrolled: EnrolledDevice | None = None
    told: tuple[str, str, str] | None = None
    """Device type, model and firmware."""
    states: tuple[DeviceState, ...] = ()
    """The newest of each fact about it."""


class EnrolledChange(msgspec.Struct, frozen=True):
    """What applying an enrolment changed; all zero when it was applied before."""

    organisations: int
    citizens: int
    devices: int
    assignments: int
    limits: int
    facts: int
    reattributed: int


class Heartbeat(msgspec.Struct, frozen=True):
    """What the ingest process last said of itself; times are UTC milliseconds."""

    at_ms: int
    started_ms: int
    connected_ms: int | None = None
    """Since when the broker has let it in; None while it has not."""
    takeovers: int = 0
    """How often since its start another client seems to have taken its session."""


class Vitals(msgspec.Struct, frozen=True):
    """What tells whether records come in and are judged; None where there is nothing."""

    newest_ms: int | None
    """When the newest records arrived."""
    unjudged_ms: int | None
    """When the oldest record was stored that the rules have not seen."""
    heartbeat: Heartbeat | None


class Writer(Protocol):
    """What ingest and enrolment ask of the store."""

    def append(self, arrivals: Sequence[Arrival], together: bool = False) -> list[Outcome]:
        """Store a batch in one durable transaction; one outcome per arrival, in order.

        `together`: all or nothing. When one of them is refused, only the rejections are stored,
        and the others' outcome is `rejected` with reason `not-together`.
        """

    def enrol(self, enrolment: Enrolment, now_ms: int) -> EnrolledChange:
        """Apply an enrolment in one transaction and move the records that it concerns."""

    def mark_replayed(self, key: int, now_ms: int) -> None:
        """Note that a rejection was given again and accepted."""

    def beat(self, heartbeat: Heartbeat) -> None:
        """Note that ingest lives, in place of the last time; waits a moment at most."""

    def stands(self) -> bool:
        """Whether the place is still the one that was opened; if not, open it anew."""

    def close(self) -> None:
        """Release the store; idempotent."""


class Reader(Protocol):
    """What the rules, the page and the API ask of the store. Never waits for a writer."""

    def records_after(self, seq: int, limit: int, unassigned: bool = False) -> list[Record]:
        """Records that changed after `seq`, in order of change; also nobody's if asked."""

    def departures_after(self, seq: int) -> list[tuple[int, str]]:
        """Which citizens lost a record after `seq`: arrival number and citizen, in order."""

    def records_of(
        self,
        citizen: str,
        about: Sequence[str] = (),
        since_ms: int | None = None,
        until_ms: int | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """A citizen's records in order of measuring (the newest `limit` of them)."""

    def record(self, id_bytes: bytes) -> Record | None:
        """The record with this Observation id."""

    def standing(self, record: Record) -> Record | None:
        """What an arrival is in the store, whichever name it got there (`ingest.resolve`)."""

    def superseded(self, identity: bytes) -> list[Superseded]:
        """The earlier versions of a record, in the order in which they were superseded."""

    def search(self, query: Query) -> list[Record]:
        """The records that a query asks for, in its order; costs what the answer costs."""

    def count(self, query: Query) -> int:
        """How many records a query means, whatever its place and limits."""

    def distribution(
        self, citizen: str, about: str, since_ms: int | None = None, until_ms: int | None = None
    ) -> list[Counted]:
        """A citizen's values of one alias, each with how often it was measured, in no order."""

    def last_seq(self) -> int:
        """The newest arrival number; 0 in an empty store."""

    def citizens(self) -> dict[str, Citizen]:
        """All citizens by id."""

    def citizen(self, citizen_id: str) -> Citizen | None:
        """One citizen."""

    def organisation(self, organisation_id: str) -> Organisation | None:
        """One organisation."""

    def device(self, device_id: str) -> EnrolledDevice | None:
        """One device as enrolled."""

    def devices(self) -> dict[str, EnrolledDevice]:
        """All enrolled devices by id."""

    def organisations(self) -> dict[str, Organisation]:
        """All organisations by id."""

    def party(self, resource_id: str) -> Party | None:
        """The device or gateway with this FHIR id (`fhir_mapping.resources.resource_id`)."""

    def parties(self) -> list[str]:
        """The FHIR ids of all devices and gateways, in order."""

    def device_states(self) -> list[DeviceState]:
        """The newest of each fact about each device, by device and fact."""

    def device_history(self, device: str) -> list[DeviceState]:
        """What is kept of the facts about one device, newest first."""

    def limits(self) -> dict[str, list[Limits]]:
        """All personal limits by citizen, in the order in which they take effect."""

    def limits_of(self, citizen: str) -> list[tuple[int, Limits]]:
        """One citizen's personal limits, in the order in which they take effect, each with the
        time at which it was entered.
        """

    def facts(self) -> dict[str, list[Fact]]:
        """What holds of each citizen for a time, by its beginning; the newest word on each."""

    def facts_of(self, citizen: str) -> list[Fact]:
        """What holds of one citizen for a time, by its beginning; the newest word on each."""

    def assignments(self) -> dict[str, list[Assignment]]:
        """Every citizen's devices, by citizen, in the order in which they were handed out."""

    def enrolment_version(self) -> int:
        """A number that rises with every applied enrolment."""

    def rejections(self, unreplayed_only: bool = False) -> Iterator[StoredRejection]:
        """What was refused, oldest first."""

    def rejections_of(self, topic: str, payload: bytes) -> list[StoredRejection]:
        """What was refused of this very delivery, oldest first."""

    def rejection_digests(self) -> set[str]:
        """What was refused, by SHA-256 (hex) of topic, a zero byte and payload."""

    def vitals(self, evaluated_seq: int) -> Vitals:
        """Whether records come in, and are judged, where the rules have seen up to there."""

    def heard_since(self, since_ms: int) -> set[str]:
        """The citizens of whom a record was stored or changed since then."""

    def tallies(self) -> Mapping[str, int]:
        """Running totals: readings by result, rejections by reason, records."""

    def stands(self) -> bool:
        """Whether the place is still the one that was opened; if not, open it anew."""

    def close(self) -> None:
        """Release the store; idempotent."""
