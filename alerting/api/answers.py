"""How the API answers: bytes, with a validator where polling pays, and one form for every error.

In: what is to be said. Out: Starlette responses, and the pieces of OpenAPI that describe them.
"""

import re
from hashlib import blake2b
from typing import Any

import msgspec
from fastapi import Request, Response

from fhir_mapping.bundle import operation_outcome

FHIR_JSON = "application/fhir+json"
JSON = "application/json"
VALUE_CHARACTERS_MAX = 100
"""So much of a refused value is repeated to its sender."""
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_encode = msgspec.json.Encoder().encode


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was wrong: a code to act on, a sentence to read, and field, value and limit if any."""

    code: str
    message: str
    field: str = ""
    value: str = ""
    limit: str = ""


class Refused(Exception):  # noqa: N818  it is the request that is wrong
    """A request that cannot be answered; becomes the documented error of its route.

    `issue` is FHIR's issue type, for routes below /fhir. `beside` stands in the JSON body next to
    the fault.
    """

    def __init__(
        self,
        status: int,
        fault: Fault,
        issue: str = "invalid",
        beside: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(fault.message)
        self.status = status
        self.fault = fault
        self.issue = issue
        self.beside = beside or {}


def json_answer(content: object, status: int = 200) -> Response:
    """A JSON body."""
    return Response(_encode(content), status, media_type=JSON)


def tagged(request: Request, response: Response, tag: str | None = None) -> Response:
    """The response with its validator, or 304 when the sender has just that already.

    Without a `tag` the content is its own: the same bytes, the same validator.
    """
    if tag is None:
        tag = blake2b(bytes(response.body), digest_size=12).hexdigest()
    response.headers["ETag"] = f'"{tag}"'
    held = request.headers.get("if-none-match", "")
    if held.strip() == "*" or tag in _TAG.findall(held):
        return Response(status_code=304, headers={"ETag": f'"{tag}"'})
    return response


def tags_of(header: str) -> list[str] | None:
    """The validators of an If-Match header; None for `*`, which any version meets.

    >>> tags_of('"3"'), tags_of('W/"1", "2"'), tags_of("3"), tags_of("*")
    (['3'], ['1', '2'], [], None)
    """
    return None if header.strip() == "*" else _TAG.findall(header)


def fault_answer(refused: Refused, fhir: bool) -> Response:
    """The error as JSON, or as an OperationOutcome below /fhir."""
    if not fhir:
        return json_answer({"error": refused.fault, **refused.beside}, refused.status)
    fault = refused.fault
    parts = [fault.message]
    if fault.field:
        parts.append(f"({fault.field} is {fault.value!r}; {fault.limit})")
    body = operation_outcome("error", refused.issue, " ".join(parts))
    return Response(body, refused.status, media_type=FHIR_JSON)


def shortened(value: object) -> str:
    """A refused value, no longer than may be repeated.

    >>> len(shortened("x" * 999))
    100
    """
    return str(value)[:VALUE_CHARACTERS_MAX].encode("utf-8", "replace").decode()


FAULT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                name: {"type": "string"} for name in ("code", "message", "field", "value", "limit")
            },
        },
        "alert": {"type": "object", "description": "the alert as it stands now"},
    },
}
OUTCOME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}
_MEANINGS = {
    200: "As asked",
    201: "Stored as a new Observation",
    202: "Taken, and not finished: see the body",
    304: "Nothing has changed since the answer with this ETag",
    400: "A parameter cannot be understood",
    403: "The request comes from another site or machine",
    404: "There is no such thing",
    409: "As it stands it does not allow that, and the error says why",
    410: "The cursor is of a history that is gone: the store was replaced; start again from 0",
    412: "It has another version than If-Match asks",
    413: "The body is too long",
    415: "The body is no FHIR JSON by its Content-Type, or is compressed",
    421: "The Host header names another machine",
    422: "A field is missing or out of bounds",
    429: "As many as may wait are waiting; try again later",
    500: "A fault of ours; what was sent is kept",
    503: "A store cannot be read right now; try again in a moment",
}
ALWAYS = (421, 503)
"""Any route may answer so."""


def documented(
    example: object,
    *statuses: int,
    schema: dict[str, Any] | None = None,
    fhir: bool = False,
    good: tuple[int, ...] = (200,),
) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its good answers by example, and every error it may give."""
    media_type = FHIR_JSON if fhir else JSON
    well = {"schema": schema or {"type": "object"}, "example": example}
    bad = {"schema": OUTCOME_SCHEMA if fhir else FAULT_SCHEMA}
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": _MEANINGS[status], "content": {media_type: well}} for status in good
    }
    for status in (*statuses, *ALWAYS, *((403,) if fhir else ())):
        found[status] = {"description": _MEANINGS[status]}
        if status != 304:
            found[status]["content"] = {media_type: bad}
    return dict(sorted(found.items()))
