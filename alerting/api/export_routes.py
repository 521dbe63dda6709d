"""Bulk export over HTTP, as FHIR's Bulk Data guide has it: begin, poll, fetch, cancel."""

from email.utils import formatdate
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from alerting.api.answers import JSON, Fault, Refused, documented, json_answer
from alerting.api.export import KEPT_MS, KINDS, Exports
from alerting.api.moments import span_of, wrong
from alerting.api.operations import documented_query
from alerting.api.resources import Issue, outcome, resource, unknown
from alerting.api.search import given_of
from alerting.api.sources import Sources
from fhir_mapping.moment import moment

NDJSON = "application/fhir+ndjson"
_NAMES = {
    "_type": f"{', '.join(KINDS)}, with commas between them; all unless told",
    "_since": "a FHIR instant: only Observations that changed since then; the rest comes whole",
    "_outputFormat": "application/fhir+ndjson",
}
_FORMATS = frozenset({NDJSON, "application/ndjson", "ndjson"})
_MANIFEST: dict[str, Any] = {
    "transactionTime": "2026-02-18T11:00:00Z",
    "request": "http://127.0.0.1:8700/fhir/$export",
    "requiresAccessToken": False,
    "output": [{"type": "Observation", "url": "http://127.0.0.1:8700/…", "count": 1}],
    "error": [],
}


def add_routes(router: APIRouter, sources: Sources, exports: Exports | None) -> None:
    """The routes of the export; where it is switched off they answer 501."""

    @router.get(
        "/$export",
        status_code=202,
        response_class=Response,
        responses=documented(
            {"resourceType": "OperationOutcome"}, 400, 429, fhir=True, good=(202,)
        ),
        openapi_extra={"parameters": documented_query(_NAMES, ())},
    )
    def begin(request: Request) -> Response:
        """Begin an export; poll at `Content-Location`. Wants `Prefer: respond-async`."""
        jobs = _jobs(exports)
        given = given_of(request.query_params.multi_items(), _NAMES, ())
        if "respond-async" not in request.headers.get("prefer", ""):
            raise wrong("Prefer", request.headers.get("prefer", ""), "respond-async", "required")
        kinds = given.get("_type", [",".join(KINDS)])[0].split(",")
        for kind in kinds:
            if kind not in KINDS:
                raise wrong("_type", kind, f"of {', '.join(KINDS)}", "not-supported")
        for value in given.get("_outputFormat", []):
            if value not in _FORMATS:
                raise wrong("_outputFormat", value, NDJSON, "not-supported")
        since_ms = span_of("_since", [f"ge{value}" for value in given.get("_since", [])])[0]
        job = jobs.begin(kinds, since_ms, str(request.url), sources.reader())
        if job is None:
            fault = Fault("too-many-exports", "as many exports as may wait are waiting")
            raise Refused(429, fault, "throttled")
        answer = resource(
            outcome([Issue("information", "informational", "begun", "the export has begun")]), 202
        )
        answer.headers["Content-Location"] = f"{request.base_url}fhir/$export/{job.id}"
        return answer

    @router.get(
        "/$export/{job_id}",
        response_class=Response,
        responses=_documented_status(),
    )
    def status(request: Request, job_id: str) -> Response:
        """202 with `X-Progress` while it is written, then the manifest of the files."""
        job = _jobs(exports).job(job_id)
        if job is None:
            raise unknown("export")
        if job.state == "failed":
            raise Refused(500, Fault("export-failed", "the export failed"), "exception")
        if job.state != "done":
            progress = {"X-Progress": job.progress, "Retry-After": "1"}
            return Response(status_code=202, headers=progress)
        place = f"{request.base_url}fhir/$export/{job.id}"
        answer = json_answer(
            {
                "transactionTime": moment(job.began_ms, 0).decode(),
                "request": job.request,
                "requiresAccessToken": False,
                "output": [
                    {"type": one.kind, "url": f"{place}/{one.name}", "count": one.lines}
                    for one in job.outputs
                ],
                "error": [],
            }
        )
        answer.headers["Expires"] = _http_date(job.done_ms + KEPT_MS)
        return answer

    @router.get(
        "/$export/{job_id}/{name}",
        response_class=Response,
        responses=_documented_file(),
    )
    def fetch(job_id: str, name: str) -> Response:
        """One file of a finished export: a resource on every line."""
        path = _jobs(exports).file(job_id, name)
        if path is None or not path.is_file():
            raise unknown("file")
        return FileResponse(path, media_type=NDJSON)

    @router.delete(
        "/$export/{job_id}",
        status_code=202,
        response_class=Response,
        responses=documented({"resourceType": "OperationOutcome"}, 404, fhir=True, good=(202,)),
    )
    def cancel(job_id: str) -> Response:
        """Cancel an export, or delete one that is done, with its files."""
        if not _jobs(exports).cancel(job_id):
            raise unknown("export")
        issue = Issue("information", "informational", "cancelled", "the export is deleted")
        return resource(outcome([issue]), 202)


def _jobs(exports: Exports | None) -> Exports:
    if exports is None:
        fault = Fault("no-export", "exports are switched off here (HJEMMEPULS_FHIR_EXPORT)")
        raise Refused(501, fault, "not-supported")
    return exports


def _documented_status() -> dict[int | str, dict[str, Any]]:
    found = documented({}, 404, 500, fhir=True, good=(200, 202))
    found[200]["content"] = {JSON: {"schema": {"type": "object"}, "example": _MANIFEST}}
    return found


def _documented_file() -> dict[int | str, dict[str, Any]]:
    found = documented({}, 404, fhir=True)
    found[200]["content"] = {NDJSON: {"schema": {"type": "string"}}}
    return found


def _http_date(at_ms: int) -> str:
    return formatdate(at_ms / 1000, usegmt=True)
