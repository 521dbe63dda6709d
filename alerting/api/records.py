"""Searching and reading what records are rendered as: Observations and QuestionnaireResponses.

In: a request and the kind of resource. Out: pages and resources, as both routers answer with them.
"""

from typing import Any

from fastapi import Request, Response

from alerting.api.answers import FHIR_JSON
from alerting.api.operations import documented_query
from alerting.api.resources import renderer, resource, unknown
from alerting.api.search import COUNT_DEFAULT, COUNT_MAX, Kind, page, search_of, total
from alerting.api.sources import Sources
from fhir_mapping.bundle import searchset
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.record import Record
from fhir_mapping.response import address_of, resource_type


def search_answer(request: Request, sources: Sources, kind: Kind) -> Response:
    """The page of a search, as a Bundle; Refused for what cannot be understood."""
    search = search_of(request.query_params.multi_items(), kind)
    reader = sources.reader()
    records, after = page(search, reader)
    render = renderer(reader)
    base = f"{request.base_url}fhir"
    address = f"{base}/{kind.resource}"
    next_url = None if after is None else search.url(address, after)
    entries = ((f"{base}/{address_of(record)}", render(record)) for record in records)
    self_url = search.url(address, search.query.after)
    return resource(searchset(total(search, reader), self_url, next_url, entries))


def record_named(sources: Sources, text: str, *kinds: str, told: str = "") -> Record:
    """The record with this id if it is one of these kinds of resource; Refused with 404 else."""
    key = id_bytes(text)
    record = sources.reader().record(key) if key else None
    if record is None or id_text(record.id) != text or resource_type(record) not in kinds:
        raise unknown(told or kinds[0])
    return record


def documented_search(kind: Kind) -> list[dict[str, Any]]:
    """The query parameters of a search as OpenAPI describes them."""
    schemas: dict[str, dict[str, Any]] = {
        "patient": {"type": "string", "pattern": r"^(Patient/)?[A-Za-z0-9.\-]{1,64}$"},
        kind.date: {"type": "array", "items": {"type": "string"}},
        "_lastUpdated": {"type": "array", "items": {"type": "string"}},
        "_count": {
            "type": "integer",
            "minimum": 1,
            "maximum": COUNT_MAX,
            "default": COUNT_DEFAULT,
        },
        "_sort": {"type": "string", "enum": list(kind.sorts)},
        "_total": {"type": "string", "enum": ["accurate", "none"]},
        "_summary": {"type": "string", "enum": ["count", "false"]},
        "_format": {"type": "string", "enum": ["json", "application/json", FHIR_JSON]},
    }
    parameters = documented_query(kind.parameters, ())
    for row in parameters:
        row["schema"] = schemas.get(row["name"], row["schema"])
    return parameters
