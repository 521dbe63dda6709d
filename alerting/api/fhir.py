"""FHIR over HTTP: Observations by search and by id, and who and what they name.

Resources are rendered from records when they are asked for; nothing else knows their form.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from alerting.api.answers import FHIR_JSON, Fault, Refused, documented, tagged
from alerting.api.search import COUNT_DEFAULT, COUNT_MAX, PARAMETERS, page, search_of
from alerting.api.sources import Sources
from fhir_mapping.bundle import searchset
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.observation import render_observation
from fhir_mapping.resources import render_device, render_organization, render_patient

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


def routes(sources: Sources) -> APIRouter:
    """The routes below /fhir."""
    router = APIRouter(prefix="/fhir", tags=["fhir"])

    @router.get(
        "/Observation",
        response_class=Response,
        responses=documented(_BUNDLE, 400, fhir=True),
        openapi_extra={"parameters": _documented_parameters()},
    )
    def search_observations(request: Request) -> Response:
        """A citizen's Observations, newest first, page by page.

        Follow the `next` link for more; there is none on the last page. `total` is left out:
        nobody counts what nobody asked for.
        """
        search = search_of(request.query_params.multi_items())
        records, after = page(search, sources.reader())
        address = f"{request.base_url}fhir/Observation"
        next_url = None if after is None else search.url(address, after)
        entries = (
            (f"{address}/{id_text(record.id)}", render_observation(record)) for record in records
        )
        body = searchset(None, search.url(address, search.after), next_url, entries)
        return Response(body, media_type=FHIR_JSON)

    @router.get(
        "/Observation/{observation_id}",
        response_class=Response,
        responses=documented({"resourceType": "Observation"}, 304, 404, fhir=True),
    )
    def observation(request: Request, observation_id: str) -> Response:
        """One Observation; its version is its ETag."""
        key = id_bytes(observation_id)
        record = sources.reader().record(key) if key else None
        if record is None or id_text(record.id) != observation_id:
            raise _unknown("Observation")
        return tagged(request, _resource(render_observation(record)), str(record.version))

    @router.get(
        "/Patient/{patient_id}",
        response_class=Response,
        responses=documented({"resourceType": "Patient"}, 404, fhir=True),
    )
    def patient(patient_id: str) -> Response:
        """One citizen."""
        citizen = sources.reader().citizens().get(patient_id)
        if citizen is None:
            raise _unknown("Patient")
        return _resource(render_patient(citizen))

    @router.get(
        "/Device/{device_id}",
        response_class=Response,
        responses=documented({"resourceType": "Device"}, 404, fhir=True),
    )
    def device(device_id: str) -> Response:
        """One device as it was handed out."""
        enrolled = sources.reader().device(device_id)
        if enrolled is None:
            raise _unknown("Device")
        return _resource(render_device(enrolled))

    @router.get(
        "/Organization/{organization_id}",
        response_class=Response,
        responses=documented({"resourceType": "Organization"}, 404, fhir=True),
    )
    def organization(organization_id: str) -> Response:
        """One organisation."""
        found = sources.reader().organisation(organization_id)
        if found is None:
            raise _unknown("Organization")
        return _resource(render_organization(found))

    return router


def _resource(body: bytes) -> Response:
    return Response(body, media_type=FHIR_JSON)


def _unknown(kind: str) -> Refused:
    return Refused(404, Fault("resource-unknown", f"there is no {kind} with this id"), "not-found")


def _documented_parameters() -> list[dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = {
        "patient": {"type": "string", "pattern": r"^(Patient/)?[A-Za-z0-9.\-]{1,64}$"},
        "code": {"type": "string"},
        "combo-code": {"type": "string"},
        "date": {"type": "array", "items": {"type": "string"}},
        "_count": {
            "type": "integer",
            "minimum": 1,
            "maximum": COUNT_MAX,
            "default": COUNT_DEFAULT,
        },
        "_cursor": {"type": "string"},
        "_sort": {"type": "string", "enum": ["-date"]},
        "_format": {"type": "string", "enum": ["json", "application/json", FHIR_JSON]},
    }
    return [
        {
            "name": name,
            "in": "query",
            "required": name == "patient",
            "description": text,
            "schema": schemas[name],
        }
        for name, text in PARAMETERS.items()
    ]
