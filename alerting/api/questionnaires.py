"""What citizens are asked and what they answered: Questionnaire and QuestionnaireResponse.

In: the rows of `devices.symptoms`, and the records of answers. Out: FHIR resources, by search and
by id. Responses are searched as Observations are, with `authored` in the place of `date`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response

from alerting.api.answers import documented, tagged
from alerting.api.operations import documented_query
from alerting.api.records import documented_search, record_named, search_answer
from alerting.api.resources import renderer, resource, unknown
from alerting.api.search import RESPONSE_KIND, given_of
from alerting.api.sources import Sources
from devices.questionnaire import Questionnaire
from devices.symptoms import QUESTIONNAIRES
from fhir_mapping import codes
from fhir_mapping.bundle import searchset
from fhir_mapping.response import questionnaire_id, render_questionnaire

QUESTIONNAIRE: Mapping[str, str] = MappingProxyType(
    {
        "url": "the canonical address, without a version",
        "version": "the version; every one unless told",
        "_id": "ids, with commas between them",
        "_format": "json",
    }
)
_BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": []}


def add_routes(router: APIRouter, sources: Sources) -> None:
    """The routes of questionnaires and answers."""
    _add_questionnaires(router)

    @router.get(
        "/QuestionnaireResponse",
        response_class=Response,
        responses=documented(_BUNDLE, 400, fhir=True),
        openapi_extra={"parameters": documented_search(RESPONSE_KIND)},
    )
    def search_responses(request: Request) -> Response:
        """A citizen's answers, or everybody's by the time of their last change, in pages."""
        return search_answer(request, sources, RESPONSE_KIND)

    @router.get(
        "/QuestionnaireResponse/{response_id}",
        response_class=Response,
        responses=documented({"resourceType": "QuestionnaireResponse"}, 304, 404, fhir=True),
    )
    def response(request: Request, response_id: str) -> Response:
        """One questionnaire as it was answered; its version is its ETag."""
        record = record_named(sources, response_id, "QuestionnaireResponse")
        answer = resource(renderer(sources.reader())(record))
        return tagged(request, answer, str(record.version))


def _add_questionnaires(router: APIRouter) -> None:
    @router.get(
        "/Questionnaire",
        response_class=Response,
        responses=documented(_BUNDLE, 400, fhir=True),
        openapi_extra={"parameters": documented_query(QUESTIONNAIRE, ())},
    )
    def questionnaires(request: Request) -> Response:
        """The questionnaires that citizens answer, every version of them."""
        given = given_of(request.query_params.multi_items(), QUESTIONNAIRE, ())
        found = list(_matching(given))
        address = f"{request.base_url}fhir/Questionnaire"
        entries = (
            (f"{address}/{questionnaire_id(row)}", render_questionnaire(row)) for row in found
        )
        return resource(searchset(len(found), str(request.url), None, entries))

    @router.get(
        "/Questionnaire/{row_id}",
        response_class=Response,
        responses=documented({"resourceType": "Questionnaire"}, 404, fhir=True),
    )
    def one(row_id: str) -> Response:
        """One version of one questionnaire."""
        found = [row for row in QUESTIONNAIRES if questionnaire_id(row) == row_id]
        if not found:
            raise unknown("Questionnaire")
        return resource(render_questionnaire(found[0]))


def _matching(given: Mapping[str, list[str]]) -> Iterable[Questionnaire]:
    (ids, urls, versions) = (given.get(name, [""])[0] for name in ("_id", "url", "version"))
    for row in QUESTIONNAIRES:
        if (
            (not ids or questionnaire_id(row) in ids.split(","))
            and (not urls or urls == f"{codes.QUESTIONNAIRE}/{row.id}")
            and (not versions or versions == row.version)
        ):
            yield row
