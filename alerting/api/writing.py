"""FHIR written over HTTP: the same pipeline as MQTT, and an answer for every entry.

In: an Observation or QuestionnaireResponse, a Bundle (batch or transaction), or FUT's
`$submit-measurement` Parameters. Out: what became of each of these two, after the durable commit.
Identity makes it idempotent, so `If-None-Exist` is met without being looked at. A batch is stored
entry by entry; a transaction, and what is submitted as one set of measurements, all or nothing.
What is refused is kept as a rejection either way, for `hjemmepuls replay`. Devices, Patients and
clocks in a Bundle serve the references of its Observations; they are enrolled, not written, and
are answered with 202.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Response

from alerting.api.answers import FHIR_JSON, Fault, Refused, documented, shortened
from alerting.api.bodies import fhir_body
from alerting.api.operations import documented_body
from alerting.api.resources import Issue, outcome, renderer, resource
from alerting.api.sources import Sources
from fhir_mapping.moment import moment
from fhir_mapping.record import Record, twin_of
from fhir_mapping.response import address_of
from ingest.decode import Delivery
from ingest.decode_fhir import HTTP_TOPIC
from ingest.pipeline import append, append_together, examine, names_of
from ingest.rejection import Reason, Rejection
from ingest.store import Arrival, Outcome, Reader

ISSUES_MAX = 100
_ERRORS = (400, 413, 415, 422, 500)
_UNREADABLE = frozenset({Reason.PAYLOAD_EMPTY, Reason.PAYLOAD_NOT_UTF8, Reason.JSON_MALFORMED})
_REASONS = frozenset(Reason)
_STORED = frozenset({"Observation", "QuestionnaireResponse"})
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
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
_Body = Annotated[bytes, Depends(fhir_body)]
_decode = msgspec.json.decode
_encode = msgspec.json.Encoder().encode


class _Head(msgspec.Struct, rename="camel"):
    """What it is, whatever else stands in it."""

    resource_type: str = ""


class _Bundle(msgspec.Struct):
    type: str = ""
    entry: list[msgspec.Raw] = []


class _Method(msgspec.Struct):
    method: str = ""


class _Entry(msgspec.Struct):
    resource: _Head | None = None
    request: _Method | None = None


class Told(msgspec.Struct, frozen=True):
    """What became of one Observation: HTTP status, its record if it is stored, what to say."""

    status: int
    record: Record | None
    issue: Issue | None


def switched_on(sources: Sources) -> Callable[[], None]:
    """What every route that writes asks first."""

    def check() -> None:
        if sources.writing is None:
            fault = Fault("read-only", "writing is switched off here (HJEMMEPULS_FHIR_WRITING)")
            raise Refused(501, fault, "not-supported")

    return check


def add_routes(router: APIRouter, sources: Sources) -> None:
    """The routes that write."""

    @router.post(
        "/Observation",
        response_class=Response,
        responses=documented({"resourceType": "Observation"}, *_ERRORS, fhir=True, good=_GOOD),
        openapi_extra=documented_body({"resourceType": "Observation", "status": "final"}),
    )
    def create(body: _Body) -> Response:
        """Store an Observation: 201 when it is new, 200 when it is known (or amends a known one).

        202 with an OperationOutcome when it is stored or held and waits for a person: its device
        is assigned to nobody, or device and content contradict each other.
        """
        return _created(sources, body, "Observation")

    @router.post(
        "/QuestionnaireResponse",
        response_class=Response,
        responses=documented(
            {"resourceType": "QuestionnaireResponse"}, *_ERRORS, fhir=True, good=_GOOD
        ),
        openapi_extra=documented_body(
            {"resourceType": "QuestionnaireResponse", "status": "completed"}
        ),
    )
    def create_response(body: _Body) -> Response:
        """Store answers to one of our questionnaires, as an Observation is stored."""
        return _created(sources, body, "QuestionnaireResponse")

    @router.post("/", include_in_schema=False)
    @router.post(
        "",
        response_class=Response,
        responses=documented(
            {"resourceType": "Bundle", "type": "batch-response"}, *_ERRORS, fhir=True
        ),
        openapi_extra=documented_body({"resourceType": "Bundle", "type": "batch", "entry": []}),
    )
    def bundle(body: _Body) -> Response:
        """Store a Bundle: a batch entry by entry, a transaction all or nothing.

        The answer has an entry for each entry: 201, 200, 202 as for a single Observation, 405 for
        what only reads or deletes, 422 with an OperationOutcome for what is refused.
        """
        _check_kind(body, "Bundle")
        told = _bundle(body)
        if told.type not in {"batch", "transaction", ""}:
            raise _unfit("type", told.type, "batch or transaction")
        together = told.type == "transaction"
        entries = [_entry(raw) for raw in told.entry]
        unfit = {place for place, entry in enumerate(entries) if not _is_write(entry)}
        if together and unfit:
            method = getattr(entries[min(unfit)].request, "method", "")
            raise _unfit(f"entry[{min(unfit)}].request.method", method, "POST, with a resource")
        submitted = _submitted(sources, body, together, unfit, allow_none=True)
        return _response(told.type, len(entries), dict(submitted), unfit)

    @router.post(
        "/$submit-measurement",
        response_class=Response,
        responses=documented(
            {"resourceType": "Bundle", "type": "transaction-response"}, *_ERRORS, fhir=True
        ),
        openapi_extra=documented_body({"resourceType": "Parameters", "parameter": []}),
    )
    def submit_measurement(body: _Body) -> Response:
        """Store a set of measurements, all or nothing, as the Danish infrastructure (FUT) does.

        The answer has an entry for each Observation, in the order of the set.
        """
        _check_kind(body, "Parameters")
        submitted = _submitted(sources, body, together=True)
        numbered = {place: told for place, (_, told) in enumerate(submitted)}
        return _response("transaction", len(numbered), numbered, set())


_GOOD = (200, 201, 202)


def _created(sources: Sources, body: bytes, kind: str) -> Response:
    """What became of the one resource of a body."""
    _check_kind(body, kind)
    ((_, told),) = _submitted(sources, body, together=False)
    if told.record is None or told.issue is not None:
        answer = resource(outcome([told.issue] if told.issue else []), told.status)
    else:
        answer = resource(renderer(sources.reader())(told.record), told.status)
    if told.record is not None:
        answer.headers["Location"] = f"/fhir/{address_of(told.record)}"
        answer.headers["ETag"] = f'"{told.record.version}"'
    return answer


def _check_kind(body: bytes, wanted: str) -> None:
    """Refuse what says it is another resource; what says nothing readable the pipeline refuses."""
    try:
        said = _decode(body, type=_Head).resource_type
    except _BROKEN:
        return
    if said != wanted:
        raise _unfit("resourceType", said, wanted)


def _bundle(body: bytes) -> _Bundle:
    """Its entries; none where the pipeline will refuse the whole."""
    try:
        return _decode(body, type=_Bundle)
    except _BROKEN:
        return _Bundle()


def _entry(raw: msgspec.Raw) -> _Entry:
    try:
        return _decode(raw, type=_Entry)
    except _BROKEN:
        return _Entry(_Head(), _Method("POST"))  # the pipeline says what is wrong with it


def _is_write(entry: _Entry) -> bool:
    """Whether it brings something; what is stored must be a POST."""
    if entry.resource is None:
        return False
    method = entry.request.method if entry.request else "POST"
    allowed = {"POST"} if entry.resource.resource_type in _STORED else {"POST", "PUT"}
    return method in allowed


def _submitted(
    sources: Sources,
    body: bytes,
    together: bool,
    without: set[int] = frozenset(),  # type: ignore[assignment]
    allow_none: bool = False,
) -> list[tuple[int, Told]]:
    """Every Observation's place and what became of it; Refused when nothing could be stored.

    `without` are the places of entries that only look as if they brought something.
    """
    assert sources.writing is not None, "asked before: `switched_on`"
    reader = sources.reader()
    delivery = Delivery(HTTP_TOPIC, body, sources.wall_ms())
    arrivals = [
        arrival
        for arrival in examine(delivery, names_of(reader))
        if arrival.item.index not in without and not (allow_none and _is_nothing(arrival))
    ]
    store = append_together if together else append
    outcomes = sources.writing.do(lambda writer: store(arrivals, writer)) if arrivals else []
    refused = [one for one in outcomes if _status(one) >= 400]
    whole = not any(arrival.item.index >= 0 for arrival in arrivals)
    if refused and (together or whole):
        raise _Rejected(arrivals, outcomes)
    pairs = zip(arrivals, outcomes, strict=True)
    return [(arrival.item.index, _told(arrival, one, reader)) for arrival, one in pairs]


def _is_nothing(arrival: Arrival) -> bool:
    return isinstance(arrival.item, Rejection) and arrival.item.reason is Reason.READING_EMPTY


class _Rejected(Refused):
    """Nothing was stored; the answer names every refused entry."""

    def __init__(self, arrivals: Sequence[Arrival], outcomes: Sequence[Outcome]) -> None:
        refused = [
            (arrival, one)
            for arrival, one in zip(arrivals, outcomes, strict=True)
            if one.reason in _REASONS
        ]
        status = max(status if (status := _status(one)) >= 400 else 422 for _, one in refused)
        super().__init__(status, Fault("rejected", "nothing was stored"))
        self.issues = [_issue(arrival, one) for arrival, one in refused[:ISSUES_MAX]]


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


def _told(arrival: Arrival, told: Outcome, reader: Reader) -> Told:
    status, item = _status(told), arrival.item
    if isinstance(item, Rejection) or told.reason in _REASONS:
        return Told(status, None, _issue(arrival, told))
    record = _stored(item.records[0], reader)
    if record is not None and status == 201 and record.version > 1:
        status = 200  # it amended what was known
    return Told(status, record, _issue(arrival, told) if told.reason else None)


def _stored(record: Record, reader: Reader) -> Record | None:
    """The record as it stands now: under its identity, or beside another value's."""
    found = reader.record_of_identity(record.identity)
    if found is not None and found.values != record.values:
        return reader.record_of_identity(twin_of(record).identity) or found
    return found


def _issue(arrival: Arrival, told: Outcome) -> Issue:
    item = arrival.item
    detail = item.detail if isinstance(item, Rejection) else _SAID.get(told.reason, told.reason)
    if not isinstance(item, Rejection) and told.reason == Reason.IDENTITY_MISMATCH:
        detail = "it names another citizen than the one the device belongs to; it is held"
    severity = "warning" if told.result == "quarantined" else "error"
    path = "" if told.path in {"$", "topic"} else told.path
    code = _ISSUE_TYPE.get(told.reason, "value")
    return Issue(severity, code, told.reason, detail, path)


def _response(kind: str, count: int, told: Mapping[int, Told], unfit: set[int]) -> Response:
    entries = []
    for place in range(count):
        one = told.get(place)
        if one is None and place in unfit:
            limit = "only POST is taken, with a resource"
            one = Told(405, None, Issue("error", "not-supported", "method", limit))
        elif one is None:
            said = "it serves the references of this Bundle; by itself it is not stored"
            one = Told(202, None, Issue("information", "informational", "not-stored", said))
        entries.append(_encode({"response": _entry_response(one)}))
    listed = b',"entry":[%b]' % b",".join(entries) if entries else b""
    name = b"transaction-response" if kind == "transaction" else b"batch-response"
    return Response(
        b'{"resourceType":"Bundle","type":"%b"%b}' % (name, listed), media_type=FHIR_JSON
    )


def _entry_response(one: Told) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": f"{one.status} {HTTPStatus(one.status).phrase}"}
    if one.record is not None:
        answer["location"] = address_of(one.record)
        answer["etag"] = f'W/"{one.record.version}"'
        answer["lastModified"] = moment(one.record.updated_ms, 0).decode()
    if one.issue is not None:
        answer["outcome"] = msgspec.Raw(outcome([one.issue]))
    return answer


def _unfit(field: str, value: str, limit: str) -> Refused:
    fault = Fault(
        "body-invalid", "the body cannot be taken as it is", field, shortened(value), limit
    )
    return Refused(422, fault, "value")
