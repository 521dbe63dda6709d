"""`$lastn` and `$stats`: what is newest, and what it amounts to, straight from the index."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from alerting.api.answers import FHIR_JSON, documented
from alerting.api.bodies import fhir_body
from alerting.api.moments import TIME_MAX, span_of, wrong
from alerting.api.resources import renderer, resource
from alerting.api.search import given_of, patient_of
from alerting.api.sources import Sources
from alerting.api.statistics import (
    KINDS,
    PARTS,
    Part,
    render_statistics,
    values_of,
)
from alerting.api.terms import about_of, tokens_of
from devices.catalogue import observed
from fhir_mapping.bundle import searchset
from fhir_mapping.identity import id_text
from ingest.store import Counted, Query

MAX_MAX = 100
_HOUR_MS = 3_600_000
_MAX = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_HOURS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
LASTN: Mapping[str, str] = MappingProxyType(
    {
        "patient": "whose: the id of a Patient; required",
        "code": "what: `system|code` or a bare code; commas mean or; everything unless told",
        "max": f"how many of each code, 1 to {MAX_MAX}; 1 unless told",
        "_format": "json",
    }
)
STATS: Mapping[str, str] = MappingProxyType(
    {
        "subject": "whose: Patient/ and the id; required",
        "code": "what: a code, or `system|code`; may stand again; required",
        "system": "the system of every bare code",
        "statistic": f"{', '.join(KINDS)}; may stand again; required",
        "duration": "the last so many hours",
        "period": "start and end as FHIR dates with a slash between them; each may be left out",
    }
)
_EXAMPLE = {"resourceType": "Parameters", "parameter": [{"name": "statistics"}]}


class _Parameter(msgspec.Struct, rename="camel"):
    name: str
    value_uri: str | None = None
    value_string: str | None = None
    value_code: str | None = None
    value_decimal: Decimal | None = None
    value_coding: dict[str, Any] | None = None
    value_period: dict[str, Any] | None = None
    value_reference: dict[str, Any] | None = None


class _Parameters(msgspec.Struct, rename="camel"):
    resource_type: str
    parameter: list[_Parameter] = []


_decode = msgspec.json.Decoder(_Parameters, float_hook=Decimal).decode


def add_routes(router: APIRouter, sources: Sources) -> None:
    """The operations on Observation."""

    @router.get(
        "/Observation/$lastn",
        response_class=Response,
        responses=documented({"resourceType": "Bundle", "type": "searchset"}, 400, fhir=True),
        openapi_extra={"parameters": documented_query(LASTN, ("patient",))},
    )
    def lastn(request: Request) -> Response:
        """The newest Observations of every code, newest first, but for those entered in error."""
        pairs = request.query_params.multi_items()
        given = given_of(pairs, LASTN, ("code",))
        patient = patient_of(given.get("patient", ()))
        if patient is None:
            raise wrong("patient", "", "it is required: the id of a Patient", "required")
        each = given.get("max", ["1"])[0]
        if not _MAX.fullmatch(each) or int(each) > MAX_MAX:
            raise wrong("max", each, f"a whole number from 1 to {MAX_MAX}")
        about = about_of(given.get("code", ()), ())
        reader = sources.reader()
        query = Query(citizen=patient, about=about or (), limit_each=int(each), standing=True)
        records = [] if about == () else reader.search(query)
        render = renderer(reader)
        address = f"{request.base_url}fhir/Observation"
        entries = ((f"{address}/{id_text(record.id)}", render(record)) for record in records)
        return resource(searchset(len(records), str(request.url), None, entries))

    @router.get(
        "/Observation/$stats",
        response_class=Response,
        responses=documented(_EXAMPLE, 400, fhir=True),
        openapi_extra={"parameters": documented_query(STATS, ("subject", "code", "statistic"))},
    )
    def stats(request: Request) -> Response:
        """What a citizen's measurements amount to: an Observation for each code.

        Blood pressure by its panel's code is told as systolic, diastolic and mean.
        """
        return _stats(sources, request.query_params.multi_items())

    @router.post(
        "/Observation/$stats",
        response_class=Response,
        responses=documented(_EXAMPLE, 400, 413, 415, fhir=True),
        openapi_extra=documented_body({"resourceType": "Parameters", "parameter": []}),
    )
    def stats_posted(body: Annotated[bytes, Depends(fhir_body)]) -> Response:
        """As GET, the parameters in a Parameters resource."""
        return _stats(sources, _pairs(body))


def documented_query(names: Mapping[str, str], required: Sequence[str]) -> list[dict[str, Any]]:
    """Query parameters as OpenAPI describes them."""
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": text,
            "schema": {"type": "string"},
        }
        for name, text in names.items()
    ]


def documented_body(example: object) -> dict[str, Any]:
    """A FHIR body as OpenAPI describes it: by example."""
    schema = {"type": "object", "required": ["resourceType"]}
    content = {FHIR_JSON: {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _stats(sources: Sources, pairs: Iterable[tuple[str, str]]) -> Response:
    given = given_of(pairs, STATS, ("code", "statistic"))
    patient = patient_of(given.get("subject", ()))
    if patient is None:
        raise wrong("subject", "", "it is required: Patient/ and the id", "required")
    kinds = _kinds(given.get("statistic", ()))
    since_ms, until_ms = _period(given, sources.wall_ms())
    reader = sources.reader()
    parameters = []
    known: dict[str, list[Counted]] = {}
    for part in _parts(given):
        about = part.about
        if about not in known:
            known[about] = reader.distribution(patient, about, since_ms, until_ms)
        values = values_of(part, known[about])
        body = render_statistics(part, patient, values, kinds, (since_ms, until_ms))
        parameters.append(b'{"name":"statistics","resource":%b}' % body)
    listed = b",".join(parameters)
    return resource(b'{"resourceType":"Parameters","parameter":[%b]}' % listed)


def _kinds(values: Iterable[str]) -> list[str]:
    kinds = list(dict.fromkeys(kind for value in values for kind in value.split(",")))
    for kind in kinds or [""]:
        if kind not in KINDS:
            issue = "not-supported" if kind else "required"
            raise wrong("statistic", kind, f"one of {', '.join(KINDS)}", issue)
    return kinds


def _parts(given: Mapping[str, list[str]]) -> list[Part]:
    """What the codes name: a metric, or all that a panel holds; Refused for one that is unknown."""
    tokens = [token for value in given.get("code", ()) for token in value.split(",")]
    if not tokens:
        raise wrong("code", "", "it is required", "required")
    system = given.get("system", [""])[0]
    found: dict[tuple[str, int], Part] = {}
    for token in tokens:
        full = f"{system}|{token}" if system and "|" not in token else token
        named = [
            part
            for part in PARTS
            if full in tokens_of(part.row) or full in tokens_of(observed(part.about))
        ]
        if not named or full.endswith("|"):
            raise wrong("code", full, "a code of the catalogue", "not-found")
        found.update({(part.about, part.place): part for part in named})
    return list(found.values())


def _period(given: Mapping[str, list[str]], now_ms: int) -> tuple[int | None, int | None]:
    since_ms, until_ms = None, None
    if "duration" in given and "period" in given:
        raise wrong("duration", given["duration"][0], "not together with period")
    if "duration" in given:
        text = given["duration"][0]
        if not _HOURS.fullmatch(text):
            raise wrong("duration", text, "hours as a decimal number")
        since_ms, until_ms = now_ms - round(Decimal(text) * _HOUR_MS), now_ms + 1
    if "period" in given:
        start, slash, end = given["period"][0].partition("/")
        if not slash or not (start or end):
            raise wrong("period", given["period"][0], "start/end, of which one may be left out")
        begins, _ = span_of("period", [start]) if start else (None, 0)
        _, ends = span_of("period", [end]) if end else (0, None)
        since_ms, until_ms = begins, None if ends == TIME_MAX else ends
    return since_ms, until_ms


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """The parameters of a Parameters resource, as a query would say them."""
    try:
        given = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise wrong("$", body[:60].decode("utf-8", "replace"), str(error)[:200]) from error
    if given.resource_type != "Parameters":
        raise wrong("resourceType", given.resource_type, "Parameters")
    return [("code" if one.name == "coding" else one.name, _said(one)) for one in given.parameter]


def _said(one: _Parameter) -> str:
    if one.value_coding is not None:
        return f"{one.value_coding.get('system', '')}|{one.value_coding.get('code', '')}"
    if one.value_period is not None:
        return f"{one.value_period.get('start', '')}/{one.value_period.get('end', '')}"
    if one.value_reference is not None:
        return str(one.value_reference.get("reference", ""))
    said = one.value_uri or one.value_string or one.value_code
    return said if said is not None else str(one.value_decimal or "")
