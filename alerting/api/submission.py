"""What is handed to the pipeline over HTTP, and what became of every part of it.

In: a body and how its entries belong together. Out: `Told` for each Observation and response, after
the durable commit, with what was noted about each entry (an element that was left out, a fact about
a device). What is refused is kept as a rejection, for `hjemmepuls replay`; a submission of which
nothing could be stored raises, and becomes an OperationOutcome that names every refused entry.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

import msgspec
from fastapi import Response

from alerting.api.answers import Fault, Refused
from alerting.api.resources import Issue, outcome, resource
from alerting.api.sources import Sources
from fhir_mapping.fhir_read import Note
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.decode_fhir import HTTP_TOPIC, OWN_BASES, place_of
from ingest.pipeline import append, append_together, examined, names_of
from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Outcome, Reader, Writer

ISSUES_MAX = 100
_UNREADABLE = frozenset({Reason.PAYLOAD_EMPTY, Reason.PAYLOAD_NOT_UTF8, Reason.JSON_MALFORMED})
_REASONS = frozenset(Reason)
_ISSUE_TYPE: Mapping[str, str] = MappingProxyType(
    {
        Reason.PAYLOAD_TOO_LARGE: "too-long",
        Reason.TOO_MANY_READINGS: "too-long",
        Reason.PAYLOAD_EMPTY: "structure",
        Reason.PAYLOAD_NOT_UTF8: "structure",
        Reason.JSON_MALFORMED: "structure",
        Reason.FIELD_MISSING: "required",
        Reason.FIELD_TYPE: "structure",
        Reason.COMPONENT_MISSING: "required",
        Reason.VALUE_MISSING: "required",
        Reason.CODE_UNKNOWN: "code-invalid",
        Reason.UNIT_UNKNOWN: "code-invalid",
        Reason.IDENTITY_MISMATCH: "conflict",
        Reason.PROCESSING_FAILED: "exception",
        "device-unassigned": "incomplete",
        "not-together": "business-rule",
    }
)
_SAID = MappingProxyType(
    {
        "device-unassigned": "it is stored, and waits until its device is assigned to a citizen",
        "not-together": "it is not stored, as another entry of the transaction is refused",
    }
)


class Told(msgspec.Struct, frozen=True):
    """What became of one entry: HTTP status, its record if it is stored, what to say of it."""

    status: int
    record: Record | None
    issues: list[Issue]


class Submitted(msgspec.Struct, frozen=True):
    """What became of each Observation and response, by its place, in the payload's order; `notes`
    are on entries by their place, -1 on the whole."""

    told: list[tuple[int, Told]]
    notes: Mapping[int, list[Issue]]


def submit(
    sources: Sources,
    body: bytes,
    base: str,
    together: bool = False,
    without: Collection[int] = (),
    allow_none: bool = False,
) -> Submitted:
    """Store what a body brings; Refused when nothing of it could be stored.

    `base` is the address by which the sender asks for this FHIR interface.
    `together`: all or nothing. `without` are the places of entries that only look as if they
    brought something; `allow_none` lets a body that brings nothing be.
    """
    assert sources.writing is not None, "asked before: `switched_on`"
    reader = sources.reader()
    delivery = Delivery(HTTP_TOPIC, body, sources.wall_ms(), (base, *OWN_BASES))
    found, noted = examined(delivery, names_of(reader), sources.zones)
    arrivals = [
        arrival
        for arrival in found
        if arrival.item.index not in without and not (allow_none and _is_nothing(arrival))
    ]
    store = append_together if together else append
    outcomes = sources.writing.do(lambda writer: store(arrivals, writer)) if arrivals else []
    refused = [one for one in outcomes if _status(one) >= 400]
    sinking = [one for one in refused if one.reason != Reason.DEVICE_FACT_INVALID]
    nothing = not any(arrival.item.index >= 0 for arrival in arrivals)
    if (sinking and together) or (refused and nothing):
        raise _rejected(arrivals, outcomes)
    notes = _by_place(noted)
    told = [
        (arrival.item.index, _told(arrival, one, reader, notes.get(arrival.item.index, [])))
        for arrival, one in zip(arrivals, outcomes, strict=True)
    ]
    return Submitted(told, notes)


def examined_one(sources: Sources, body: bytes, base: str) -> Arrival:
    """What the one resource of a body is: the first that it brings, or why it brings none."""
    delivery = Delivery(HTTP_TOPIC, body, sources.wall_ms(), (base, *OWN_BASES))
    return examined(delivery, names_of(sources.reader()))[0][0]


def stored_alone(sources: Sources, arrival: Arrival, check: Callable[[], None]) -> Told:
    """Store one arrival, unless `check` raises right before; Refused when it is refused."""
    assert sources.writing is not None, "asked before: `switched_on`"

    def work(writer: Writer) -> list[Outcome]:
        check()
        return append([arrival], writer)

    (told,) = sources.writing.do(work)
    if _status(told) >= 400:
        raise _rejected([arrival], [told])
    return _told(arrival, told, sources.reader(), [])


def refuse_if_all_are(submitted: Submitted) -> None:
    """Refused when there is nothing among it but refusals, which are kept as rejections."""
    statuses = [told.status for _, told in submitted.told]
    if statuses and min(statuses) >= 400:
        raise _Rejected(max(statuses), [one for _, told in submitted.told for one in told.issues])


def _by_place(notes: Sequence[Note]) -> dict[int, list[Issue]]:
    found: dict[int, list[Issue]] = {}
    for note in notes:
        issue = Issue("information", "informational", "noted", note.detail, note.path)
        found.setdefault(place_of(note.path), []).append(issue)
    return found


def _is_nothing(arrival: Arrival) -> bool:
    return isinstance(arrival.item, Rejection) and arrival.item.reason is Reason.READING_EMPTY


class _Rejected(Refused):
    """Nothing was stored; the answer names every refused entry."""

    def __init__(self, status: int, issues: Sequence[Issue]) -> None:
        super().__init__(status, Fault("rejected", "nothing was stored"))
        self.issues = issues[:ISSUES_MAX]


def _rejected(arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> _Rejected:
    refused = [
        (arrival, one)
        for arrival, one in zip(arrivals, outcomes, strict=True)
        if one.reason in _REASONS
    ]
    statuses = [status if (status := _status(one)) >= 400 else 422 for _, one in refused]
    issues = [_issue(arrival, one) for arrival, one in refused]
    issues += [issue for arrival in arrivals for issue in _issues_of_parts(arrival)]
    return _Rejected(max(statuses, default=422), issues)


def _issues_of_parts(arrival: Arrival) -> list[Issue]:
    """What of an Observation was refused while the rest of it stands; kept as rejections."""
    item = arrival.item
    return [
        Issue("warning", _ISSUE_TYPE.get(one.reason, "value"), one.reason, one.detail, one.path)
        for one in ([] if isinstance(item, Rejection) else item.refused)
    ]


def rejected_answer(refused: Refused) -> Response | None:
    """The OperationOutcome of a submission that was refused as a whole; None for other errors."""
    if not isinstance(refused, _Rejected):
        return None
    return resource(outcome(refused.issues), refused.status)


def _status(told: Outcome) -> int:
    if told.reason == Reason.PROCESSING_FAILED:
        return 500
    if told.result == "quarantined":
        return 202
    if told.result == "rejected":
        return 400 if told.reason in _UNREADABLE else 422
    return 201 if told.result == "accepted" else 200


def _told(arrival: Arrival, told: Outcome, reader: Reader, notes: list[Issue]) -> Told:
    status, item = _status(told), arrival.item
    if isinstance(item, Rejection) or told.reason in _REASONS:
        return Told(status, None, [_issue(arrival, told), *notes])
    if not item.records:
        names = ", ".join(state.fact for state in item.states)
        detail = f"{names}: taken as a fact about the device, no measurement; see the Device"
        issue = Issue("information", "informational", "device-fact", detail)
        return Told(202, None, [issue, *notes])
    record = reader.standing(item.records[0])
    if record is not None and status == 201 and record.version > 1:
        status = 200  # it amended what was known
    said = [_issue(arrival, told)] if told.reason else []
    return Told(status, record, [*said, *_issues_of_parts(arrival), *notes])


def _issue(arrival: Arrival, told: Outcome) -> Issue:
    item = arrival.item
    detail = item.detail if isinstance(item, Rejection) else _SAID.get(told.reason, told.reason)
    if not isinstance(item, Rejection) and told.reason == Reason.IDENTITY_MISMATCH:
        detail = "it names another citizen than the one the device belongs to; it is held"
    severity = "warning" if told.result == "quarantined" else "error"
    path = "" if told.path in {"$", "topic"} else told.path
    code = _ISSUE_TYPE.get(told.reason, "value")
    return Issue(severity, code, told.reason, detail, path)
