"""FHIR over HTTP: Observations by search and by id, who and what they name, and what they were.

Resources are rendered from records when they are asked for; nothing else knows their form.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from alerting.api import export_routes, operations, questionnaires, updating, writing
from alerting.api.access import authorised
from alerting.api.answers import documented, tagged
from alerting.api.capability import capability_statement
from alerting.api.export import Exports
from alerting.api.moments import wrong
from alerting.api.operations import documented_query
from alerting.api.records import documented_search, record_named, search_answer
from alerting.api.resources import (
    render_party,
    render_provenance,
    renderer,
    resource,
    unknown,
)
from alerting.api.search import OBSERVATION_KIND, given_of
from alerting.api.sources import Sources
from fhir_mapping.bundle import searchset
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.resources import render_organization, render_patient
from fhir_mapping.response import resource_type

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
_TARGETS = ("Observation", "QuestionnaireResponse")
_TARGET = {"target": "Observation/ or QuestionnaireResponse/, and the id; required"}


def routes(sources: Sources, exports: Exports | None = None) -> APIRouter:
    """The routes below /fhir; all of them ask `authorised` first.

    What is switched off answers 501 and says so, and stands in no document: neither in OpenAPI nor
    in the CapabilityStatement.
    """
    router = _router()
    operations.add_routes(router, sources)
    _add_observations(router, sources)
    _add_parties(router, sources)
    _add_provenance(router, sources)
    questionnaires.add_routes(router, sources)

    @router.get(
        "/metadata",
        response_class=Response,
        responses=documented({"resourceType": "CapabilityStatement"}, fhir=True),
    )
    def metadata(request: Request) -> Response:
        """What this service can."""
        can_write, can_export = sources.writing is not None, exports is not None
        return resource(capability_statement(f"{request.base_url}fhir", can_write, can_export))

    written, exported = _router(writing.switched_on(sources)), _router()
    writing.add_routes(written, sources)
    updating.add_routes(written, sources)
    export_routes.add_routes(exported, sources, exports)
    whole = APIRouter()
    whole.include_router(exported, include_in_schema=exports is not None)
    whole.include_router(router)
    whole.include_router(written, include_in_schema=sources.writing is not None)
    return whole


def _router(*checks: Callable[[], None]) -> APIRouter:
    asked = [Depends(authorised), *map(Depends, checks)]
    return APIRouter(prefix="/fhir", tags=["fhir"], dependencies=asked)


def _add_observations(router: APIRouter, sources: Sources) -> None:
    @router.get(
        "/Observation",
        response_class=Response,
        responses=documented(_BUNDLE, 400, fhir=True),
        openapi_extra={"parameters": documented_search(OBSERVATION_KIND)},
    )
    def search_observations(request: Request) -> Response:
        """A citizen's Observations, or everybody's by the time of their last change, in pages.

        Follow the `next` link for more; there is none on the last page. `total` is told to who
        asks for it.
        """
        return search_answer(request, sources, OBSERVATION_KIND)

    @router.get(
        "/Observation/{observation_id}",
        response_class=Response,
        responses=documented({"resourceType": "Observation"}, 304, 404, fhir=True),
    )
    def observation(request: Request, observation_id: str) -> Response:
        """One Observation; its version is its ETag."""
        record = record_named(sources, observation_id, "Observation")
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
        """Where an Observation or response came from: a Bundle of one Provenance, or of none."""
        given = given_of(request.query_params.multi_items(), _TARGET, ())
        target = given.get("target", [""])[0]
        kind, _, key = target.rpartition("/")
        kind = kind.rpartition("/")[2]
        if kind not in _TARGETS:
            raise wrong("target", target, "Observation/ or QuestionnaireResponse/, id", "required")
        reader = sources.reader()
        id_part = id_bytes(key)
        record = reader.record(id_part) if id_part else None
        if record is not None and resource_type(record) != kind:
            record = None
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
        """Where the resource with the same id came from, and which values it had before."""
        record = record_named(sources, observation_id, *_TARGETS, told="Provenance")
        return resource(render_provenance(record, observation_id, sources.reader()))
