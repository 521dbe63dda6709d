"""`/fhir/metadata`: what the FHIR interface can, told as a CapabilityStatement.

A test holds it against the routes and the search parameters that there are.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from alerting.api.questionnaires import QUESTIONNAIRE
from alerting.api.search import OBSERVATION_KIND, RESPONSE_KIND, Kind
from fhir_mapping import codes

_encode = msgspec.json.Encoder().encode
_PUBLISHED = "2026-11-21"
_DEFINITIONS = "http://hl7.org/fhir/OperationDefinition"
_TYPE_OF: Mapping[str, str] = {
    "patient": "reference",
    "code": "token",
    "combo-code": "token",
    "date": "date",
    "authored": "date",
    "questionnaire": "reference",
    "_lastUpdated": "date",
    "_id": "token",
}
READABLE = ("Patient", "Device", "Organization")


def capability_statement(address: str) -> bytes:
    """The CapabilityStatement of this service under its address."""
    observation = {
        "type": "Observation",
        "supportedProfile": [codes.DK_CORE_OBSERVATION, codes.VITAL_SIGNS],
        "interaction": _interactions("read", "search-type", "create"),
        "versioning": "versioned",
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "searchParam": _searched(OBSERVATION_KIND),
        "operation": [
            {"name": "lastn", "definition": f"{_DEFINITIONS}/Observation-lastn"},
            {"name": "stats", "definition": f"{_DEFINITIONS}/Observation-stats"},
        ],
    }
    provenance = {
        "type": "Provenance",
        "interaction": _interactions("read", "search-type"),
        "searchParam": [{"name": "target", "type": "reference"}],
    }
    others = [{"type": kind, "interaction": _interactions("read")} for kind in READABLE]
    rest = {
        "mode": "server",
        "documentation": "Only this machine is answered, until access is secured.",
        "resource": [observation, *_asked(), provenance, *others],
        "interaction": _interactions("transaction", "batch"),
        "operation": [
            {
                "name": "export",
                "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
            },
            {
                "name": "submit-measurement",
                "definition": "http://ehealth.sundhed.dk/fhir/OperationDefinition/submit-measurement",
            },
        ],
    }
    content: dict[str, Any] = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _PUBLISHED,
        "kind": "instance",
        "software": {"name": "Hjemmepuls"},
        "implementation": {
            "description": "Home monitoring; not a medical device",
            "url": address,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }
    return _encode(content)


def _asked() -> list[dict[str, Any]]:
    """What citizens are asked, and what they answered."""
    response = {
        "type": "QuestionnaireResponse",
        "interaction": _interactions("read", "search-type", "create"),
        "versioning": "versioned",
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "searchParam": _searched(RESPONSE_KIND),
    }
    questionnaire = {
        "type": "Questionnaire",
        "interaction": _interactions("read", "search-type"),
        "searchParam": [
            {"name": name, "type": kind, "documentation": QUESTIONNAIRE[name]}
            for name, kind in (("url", "uri"), ("version", "token"), ("_id", "token"))
        ],
    }
    return [response, questionnaire]


def _searched(kind: Kind) -> list[dict[str, str]]:
    return [
        {"name": name, "type": _TYPE_OF[name], "documentation": text}
        for name, text in kind.parameters.items()
        if name in _TYPE_OF
    ]


def _interactions(*names: str) -> list[dict[str, str]]:
    return [{"code": name} for name in names]
