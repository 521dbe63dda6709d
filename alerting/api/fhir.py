"""FHIR over HTTP: Observations by search and by id, who and what they name, and what they were.

Resources are rendered from records when they are asked for; nothing else knows their form.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from alerting.api import export_routes, operations, writing
from alerting.api.access import authorised
from alerting.api.answers import FHIR_JSON, documented, tagged
from alerting.api.capability import capability_statement
from alerting.api.export import Exports
from alerting.api.moments import wrong
from alerting.api.operations import documented_query
from alerting.api.resources import (
    render_party,
    render_provenance,
    renderer,
    resource,
    unknown,
)
from alerting.api.search import (
    COUNT_DEFAULT,
    COUNT_MAX,
    PARAMETERS,
    SORTS,
    given_of,
    page,
    search_of,
    total,
)
from alerting.api.sources import Sources
from fhir_mapping.bundle import searchset
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.record import Record
from fhir_mapping.resources import render_organization, render_patient

_BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "searchset",
    "link": [
        {
            "relation": "self",
            "url": "http://127.0.0.1:8700/fhir/Observation?patient=citizen-0001&code=2708-6",
        }
    ],
}
_TARGET = {"target": "Observation/ and its id; required"}


def routes(sources: Sources, exports: Exports | None = None) -> APIRouter:
    """The routes below /fhir; all of them ask `authorised` first."""
    router = APIRouter(prefix="/fhir", tags=["fhir"], dependencies=[Depends(authorised)])
    operations.add_routes(router, sources)
    _add_observations(router, sources)
    _add_parties(router, sources)
    _add_provenance(router, sources)
    export_routes.add_routes(router, sources, exports)
    writing.add_routes(router, sources)

    @router.get(
        "/metadata",
        response_class=Response,
        responses=documented({"resourceType": "CapabilityStatement"}, fhir=True),
    )
    def metadata(request: Request) -> Response:
        """What this service can."""
        return resource(capability_statement(f"{request.base_url}fhir"))

    return router


def _add_observations(router: APIRouter, sources: Sources) -> None:
    @router.get(
        "/Observation",
        response_class=Response,
        responses=documented(_BUNDLE, 400, fhir=True),
        openapi_extra={"parameters": _documented_search()},
    )
    def search_observations(request: Request) -> Response:
        """A citizen's Observations, or everybody's by the time of their last change, in pages.

        Follow the `next` link for more; there is none on the last page. `total` is told to who
        asks for it.
        """
        search = search_of(request.query_params.multi_items())
        reader = sources.reader()
        records, after = page(search, reader)
        render = renderer(reader)
        address = f"{request.base_url}fhir/Observation"
        next_url = None if after is None else search.url(address, after)
        entries = ((f"{address}/{id_text(record.id)}", render(record)) for record in records)
        self_url = search.url(address, search.query.after)
        return resource(searchset(total(search, reader), self_url, next_url, entries))

    @router.get(
        "/Observation/{observation_id}",
        response_class=Response,
        responses=documented({"resourceType": "Observation"}, 304, 404, fhir=True),
    )
    def observation(request: Request, observation_id: str) -> Response:
        """One Observation; its version is its ETag."""
        record = _record(sources, observation_id, "Observation")
        answer = resource(renderer(sources.reader())(record))
        return tagged(request, answer, str(record.version))


def _add_parties(router: APIRouter, sources: Sources) -> None:
    @router.get(
        "/Patient/{patient_id}",
        response_class=Response,
        responses=documented({"resourceType": "Patient"}, 404, fhir=True),
    )
    def patient(patient_id: str) -> Response:
        """One citizen."""
        citizen = sources.reader().citizen(patient_id)
        if citizen is None:
            raise unknown("Patient")
        return resource(render_patient(citizen))

    @router.get(
        "/Device/{device_id}",
        response_class=Response,
        responses=documented({"resourceType": "Device"}, 404, fhir=True),
    )
    def device(device_id: str) -> Response:
        """One device as it was handed out, or as its readings told it, or a home's gateway."""
        party = sources.reader().party(device_id)
        if party is None:
            raise unknown("Device")
        return resource(render_party(party))

    @router.get(
        "/Organization/{organization_id}",
        response_class=Response,
        responses=documented({"resourceType": "Organization"}, 404, fhir=True),
    )
    def organization(organization_id: str) -> Response:
        """One organisation."""
        found = sources.reader().organisation(organization_id)
        if found is None:
            raise unknown("Organization")
        return resource(render_organization(found))


def _add_provenance(router: APIRouter, sources: Sources) -> None:
    @router.get(
        "/Provenance",
        response_class=Response,
        responses=documented(_BUNDLE, 400, fhir=True),
        openapi_extra={"parameters": documented_query(_TARGET, ("target",))},
    )
    def provenances(request: Request) -> Response:
        """Where an Observation came from: a Bundle of one Provenance, or of none."""
        given = given_of(request.query_params.multi_items(), _TARGET, ())
        target = given.get("target", [""])[0]
        kind, _, key = target.rpartition("/")
        if kind != "Observation" and not kind.endswith("/Observation"):
            raise wrong("target", target, "Observation/ and its id", "required")
        reader = sources.reader()
        id_part = id_bytes(key)
        record = reader.record(id_part) if id_part else None
        found = [] if record is None else [render_provenance(record, id_text(record.id), reader)]
        address = f"{request.base_url}fhir/Provenance/{key}"
        entries = ((address, body) for body in found)
        return resource(searchset(len(found), str(request.url), None, entries))

    @router.get(
        "/Provenance/{observation_id}",
        response_class=Response,
        responses=documented({"resourceType": "Provenance"}, 404, fhir=True),
    )
    def provenance(observation_id: str) -> Response:
        """Where the Observation with the same id came from, and which values it had before."""
        record = _record(sources, observation_id, "Provenance")
        return resource(render_provenance(record, observation_id, sources.reader()))


def _record(sources: Sources, text: str, kind: str) -> Record:
    key = id_bytes(text)
    record = sources.reader().record(key) if key else None
    if record is None or id_text(record.id) != text:
        raise unknown(kind)
    return record


def _documented_search() -> list[dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = {
        "patient": {"type": "string", "pattern": r"^(Patient/)?[A-Za-z0-9.\-]{1,64}$"},
        "date": {"type": "array", "items": {"type": "string"}},
        "_lastUpdated": {"type": "array", "items": {"type": "string"}},
        "_count": {
            "type": "integer",
            "minimum": 1,
            "maximum": COUNT_MAX,
            "default": COUNT_DEFAULT,
        },
        "_sort": {"type": "string", "enum": list(SORTS)},
        "_total": {"type": "string", "enum": ["accurate", "none"]},
        "_summary": {"type": "string", "enum": ["count", "false"]},
        "_format": {"type": "string", "enum": ["json", "application/json", FHIR_JSON]},
    }
    parameters = documented_query(PARAMETERS, ())
    for row in parameters:
        row["schema"] = schemas.get(row["name"], row["schema"])
    return parameters
