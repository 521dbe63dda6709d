"""FHIR written over HTTP: the same pipeline as MQTT, and an answer for every entry.

In: an Observation or QuestionnaireResponse, a Bundle (batch or transaction), or FUT's
`$submit-measurement` Parameters. Out: what became of each of these two, after the durable commit.
Identity makes it idempotent, so `If-None-Exist` is met without being looked at. A transaction is
stored all or nothing, as FHIR has it. A batch, and what is submitted as a set of measurements, is
stored entry by entry: one entry that cannot be taken does not keep a sick person's other readings
away. What is refused is kept as a rejection either way, for `hjemmepuls replay`. Devices, Patients
and facts about a device (its clock, its battery) in a Bundle serve its Observations, refuse
nothing, and are answered with 202.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response

from alerting.api.answers import FHIR_JSON, Fault, Refused, documented, shortened
from alerting.api.bodies import fhir_body
from alerting.api.operations import documented_body
from alerting.api.resources import Issue, outcome, renderer, resource
from alerting.api.sources import Sources
from alerting.api.submission import Submitted, Told, refuse_if_all_are, submit
from fhir_mapping.moment import moment
from fhir_mapping.response import address_of

_ERRORS = (400, 413, 415, 422, 500)
_STORED = frozenset({"Observation", "QuestionnaireResponse"})
BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Body = Annotated[bytes, Depends(fhir_body)]


def own_base(request: Request) -> str:
    """The address by which the sender asks for this FHIR interface."""
    return f"{request.base_url}fhir"


Base = Annotated[str, Depends(own_base)]
_Prefer = Annotated[str, Header()]
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
    def create(body: Body, base: Base, prefer: _Prefer = "") -> Response:
        """Store an Observation: 201 when it is new, 200 when it is known (or amends a known one).

        202 with an OperationOutcome when it is stored or held and waits for a person: its device
        is assigned to nobody, or device and content contradict each other. With `Prefer:
        return=OperationOutcome` the answer names what of it was left out.
        """
        return _created(sources, body, base, "Observation", prefer)

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
    def create_response(body: Body, base: Base, prefer: _Prefer = "") -> Response:
        """Store answers to one of our questionnaires, as an Observation is stored."""
        return _created(sources, body, base, "QuestionnaireResponse", prefer)

    @router.post("/", include_in_schema=False)
    @router.post(
        "",
        response_class=Response,
        responses=documented(
            {"resourceType": "Bundle", "type": "batch-response"}, *_ERRORS, fhir=True
        ),
        openapi_extra=documented_body({"resourceType": "Bundle", "type": "batch", "entry": []}),
    )
    def bundle(body: Body, base: Base) -> Response:
        """Store a Bundle: a batch entry by entry, a transaction all or nothing.

        The answer has an entry for each entry: 201, 200, 202 as for a single Observation, 405 for
        what only reads or deletes, 422 with an OperationOutcome for what is refused.
        """
        check_kind(body, "Bundle")
        told = _bundle(body)
        if told.type not in {"batch", "transaction", ""}:
            raise unfit("type", told.type, "batch or transaction")
        together = told.type == "transaction"
        entries = [_entry(raw) for raw in told.entry]
        odd = {place for place, entry in enumerate(entries) if not _is_write(entry)}
        if together and odd:
            method = getattr(entries[min(odd)].request, "method", "")
            raise unfit(f"entry[{min(odd)}].request.method", method, "POST, with a resource")
        submitted = submit(sources, body, base, together, odd, allow_none=True)
        return _response(told.type, len(entries), submitted, odd)

    @router.post(
        "/$submit-measurement",
        response_class=Response,
        responses=documented(
            {"resourceType": "Bundle", "type": "batch-response"}, *_ERRORS, fhir=True
        ),
        openapi_extra=documented_body({"resourceType": "Parameters", "parameter": []}),
    )
    def submit_measurement(body: Body, base: Base) -> Response:
        """Store a set of measurements, each by itself, as the Danish infrastructure (FUT) asks.

        The answer is a batch-response with an entry for each Observation and response, in the order
        of the set: one that is not known is 422 and held, and does not keep the others away. When
        nothing of it could be stored the answer is 422 as a whole.
        """
        check_kind(body, "Parameters")
        submitted = submit(sources, body, base)
        refuse_if_all_are(submitted)
        in_order = [(place, told) for place, (_, told) in enumerate(submitted.told)]
        return _response("batch", len(in_order), Submitted(in_order, {}), set())


_GOOD = (200, 201, 202)


def _is_partial(told: Told) -> bool:
    """Whether a part of it was refused, which a sender must hear whatever he prefers."""
    return any(issue.severity == "warning" for issue in told.issues)


def _created(sources: Sources, body: bytes, base: str, kind: str, prefer: str) -> Response:
    """What became of the one resource of a body."""
    check_kind(body, kind)
    ((_, told),) = submit(sources, body, base).told
    if told.record is None or told.status == 202:
        answer = resource(outcome(told.issues), told.status)
    elif "return=OperationOutcome" in prefer or _is_partial(told):
        whole = Issue("information", "informational", "stored", "all of it is stored")
        answer = resource(outcome(told.issues or [whole]), told.status)
    else:
        answer = resource(renderer(sources.reader())(told.record), told.status)
    if told.record is not None:
        answer.headers["Location"] = f"/fhir/{address_of(told.record)}"
        answer.headers["ETag"] = f'"{told.record.version}"'
    return answer


def check_kind(body: bytes, wanted: str) -> None:
    """Refuse what says it is another resource; what says nothing readable the pipeline refuses."""
    try:
        said = _decode(body, type=_Head).resource_type
    except BROKEN:
        return
    if said != wanted:
        raise unfit("resourceType", said, wanted)


def _bundle(body: bytes) -> _Bundle:
    """Its entries; none where the pipeline will refuse the whole."""
    try:
        return _decode(body, type=_Bundle)
    except BROKEN:
        return _Bundle()


def _entry(raw: msgspec.Raw) -> _Entry:
    try:
        return _decode(raw, type=_Entry)
    except BROKEN:
        return _Entry(_Head(), _Method("POST"))  # the pipeline says what is wrong with it


def _is_write(entry: _Entry) -> bool:
    """Whether it brings something; what is stored must be a POST."""
    if entry.resource is None:
        return False
    method = entry.request.method if entry.request else "POST"
    allowed = {"POST"} if entry.resource.resource_type in _STORED else {"POST", "PUT"}
    return method in allowed


def _response(kind: str, count: int, submitted: Submitted, unfit: set[int]) -> Response:
    entries, told = [], dict(submitted.told)
    for place in range(count):
        one = told.get(place)
        if one is None and place in unfit:
            limit = "only POST is taken, with a resource"
            one = Told(405, None, [Issue("error", "not-supported", "method", limit)])
        elif one is None:
            said = "it serves the references of this Bundle; by itself it is not stored"
            issue = Issue("information", "informational", "not-stored", said)
            one = Told(202, None, submitted.notes.get(place) or [issue])
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
    if one.issues:
        answer["outcome"] = msgspec.Raw(outcome(one.issues))
    return answer


def unfit(field: str, value: str, limit: str) -> Refused:
    """A body that is no request of this kind."""
    fault = Fault(
        "body-invalid", "the body cannot be taken as it is", field, shortened(value), limit
    )
    return Refused(422, fault, "value")
