"""FHIR resources to be read or refused, built from a valid weight and a blood pressure."""

import copy
from typing import Any

from tests.fhir_mapping.fhir_read.cases import WEIGHT

LOINC, MDC, NPU = "http://loinc.org", "urn:iso:std:iso:11073:10101", "http://npu-terminology.org"
UCUM = "http://unitsofmeasure.org"
MCS = "urn:oid:1.2.208.184.100.8"


def code(*codings: tuple[str, str]) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for system, code in codings]}


def quantity(value: Any, code: str, system: str = UCUM, **more: Any) -> dict[str, Any]:
    return {"value": value, "system": system, "code": code, **more}


def part(value: Any, *codings: tuple[str, str]) -> dict[str, Any]:
    return {"code": code(*codings), "valueQuantity": quantity(value, "mm[Hg]")}


def weight(**changes: Any) -> dict[str, Any]:
    """The valid weight with changes; None takes an element away."""
    merged = {**copy.deepcopy(WEIGHT), **changes}
    return {name: value for name, value in merged.items() if value is not None}


def measured(system: str, said: str, value: Any, unit: str, **more: Any) -> dict[str, Any]:
    return weight(code=code((system, said)), valueQuantity=quantity(value, unit), **more)


def pressure(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    about = code((LOINC, "85354-9"))
    return weight(code=about, component=list(components), valueQuantity=None, **more)


def bundle(*resources: Any, kind: str = "collection") -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


SYSTOLIC, DIASTOLIC = part(134, (LOINC, "8480-6")), part(82, (MDC, "150022"))
CUFF = {
    "resourceType": "Device",
    "id": "scale-17",
    "specialization": [{"systemType": code((MDC, "528391"))}],
}
OURS = "https://hjemmepuls.example/fhir"
