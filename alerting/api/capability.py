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
_EXPORT = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"
_SUBMIT_MEASUREMENT = "http://ehealth.sundhed.dk/fhir/OperationDefinition/submit-measurement"
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


def capability_statement(address: str, can_write: bool, can_export: bool) -> bytes:
    """The CapabilityStatement of this service under its address: what is switched on, no more."""
    observation = {
        "type": "Observation",
        "supportedProfile": [codes.DK_CORE_OBSERVATION, codes.VITAL_SIGNS],
        **_kept(can_write),
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
        "resource": [observation, *_asked(can_write), provenance, *others],
        **_of_the_system(can_write, can_export),
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


def _kept(can_write: bool) -> dict[str, Any]:
    """What may be done with the two kinds of resource that are rendered from records."""
    written = ["create", "update"] if can_write else []
    return {
        "interaction": _interactions("read", "search-type", *written),
        "versioning": "versioned",
        "updateCreate": False,
        "conditionalCreate": can_write,
        "conditionalRead": "not-match",
    }


def _of_the_system(can_write: bool, can_export: bool) -> dict[str, Any]:
    """What may be done with no single kind of resource; FHIR forbids empty lists."""
    operations = []
    if can_export:
        operations.append({"name": "export", "definition": _EXPORT})
    if can_write:
        operations.append({"name": "submit-measurement", "definition": _SUBMIT_MEASUREMENT})
    found: dict[str, Any] = {"operation": operations} if operations else {}
    if can_write:
        found["interaction"] = _interactions("transaction", "batch")
    return found


def _asked(can_write: bool) -> list[dict[str, Any]]:
    """What citizens are asked, and what they answered."""
    response = {
        "type": "QuestionnaireResponse",
        **_kept(can_write),
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
