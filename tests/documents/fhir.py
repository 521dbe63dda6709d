"""FHIR as others write it: Observations and Bundles in JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.documents.phmr import CPR

LOINC, MDC, NPU = "http://loinc.org", "urn:iso:std:iso:11073:10101", "urn:oid:1.2.208.176.2.1"
UCUM = "http://unitsofmeasure.org"
CITIZEN = {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": CPR}}


def observation(
    code: str,
    value: str,
    unit: str,
    *,
    at: str,
    system: str = LOINC,
    device: str = "",
    coded: bool = True,
    status: str = "final",
    **more: Any,
) -> dict[str, Any]:
    """One Observation of Anna's; its value is written as a JSON number with these digits."""
    quantity: dict[str, Any] = {"value": float(value), "unit": unit}
    if coded:
        quantity |= {"system": UCUM, "code": unit}
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "status": status,
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": CITIZEN,
        "effectiveDateTime": at,
        "valueQuantity": quantity,
        **more,
    }
    if device:
        found["device"] = {"reference": f"Device/{device}"}
    return found


def pressure(high: str, low: str, *, at: str, **more: Any) -> dict[str, Any]:
    """A blood pressure with its two components."""
    parts = [
        {
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "valueQuantity": {
                "value": int(value),
                "unit": "mmHg",
                "system": UCUM,
                "code": "mm[Hg]",
            },
        }
        for code, value in (("8480-6", high), ("8462-4", low))
    ]
    found = observation("85354-9", "0", "", at=at, component=parts, **more)
    del found["valueQuantity"]
    return found


def bundle(*resources: Mapping[str, Any], kind: str = "collection") -> dict[str, Any]:
    """Resources that travel together."""
    entries: Sequence[Mapping[str, Any]] = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def written(resource: Mapping[str, Any]) -> bytes:
    """The file."""
    return (json.dumps(resource, ensure_ascii=False, indent=1) + "\n").encode()
