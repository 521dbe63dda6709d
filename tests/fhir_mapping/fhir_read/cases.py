"""Inputs as they come from elsewhere, and what is read from them, told in lines."""

from pathlib import Path
from typing import Any

import msgspec

from fhir_mapping.fhir_read import Answer, Found, Source, read_fhir

GOLDEN = Path(__file__).parents[2] / "golden" / "fhir_in"
RECEIVED_MS = 1_800_000_000_000
SOURCE = Source(tenant="syddanmark")

WEIGHT: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
    "subject": {"reference": "Patient/else"},
    "effectiveDateTime": "2026-02-18T07:29:40+01:00",
    "valueQuantity": {
        "value": 74.5,
        "unit": "kg",
        "system": "http://unitsofmeasure.org",
        "code": "kg",
    },
    "device": {"reference": "Device/scale-17"},
}


def read(resource: Any) -> Answer:
    """What is read from a JSON tree, or from JSON as text."""
    payload = resource.encode() if isinstance(resource, str) else msgspec.json.encode(resource)
    return read_fhir(payload, RECEIVED_MS, SOURCE)


def found(answer: Answer) -> Found:
    """The only entry, taken."""
    (entry,) = answer.entries
    assert isinstance(entry, Found), entry
    return entry


def said(answer: Answer) -> dict[str, str]:
    """The values of the only entry, by alias."""
    return {value.metric.alias: str(value.text) for value in found(answer).reading.values}


def told(answer: Answer) -> str:
    """The answer in lines: for each entry path and facts, then the notes."""
    lines = []
    for entry in answer.entries:
        if not isinstance(entry, Found):
            lines.append(f"refused {entry.path}\n  {entry.reason}: {entry.detail}")
            continue
        reading = entry.reading
        lines.append(f"found {entry.path}")
        for value in reading.values:
            rest = " ".join(filter(None, (value.circumstances, *value.flags)))
            lines.append(f"  {value.metric.alias} {value.text} {value.metric.ucum} {rest}".rstrip())
        if reading.response is not None:
            asked, answers = reading.response.questionnaire, reading.response.answers
            pairs = zip(asked.components, answers, strict=True)
            lines += [f"  {asked.key} {symptom} {text}" for symptom, text in pairs]
        lines += [f"  {one.fact.alias} {one.text} {one.unit}".rstrip() for one in reading.facts]
        beside = {"values", "response", "facts"}
        fields = [one for one in reading.__struct_fields__ if one not in beside]
        facts = {
            "subject": entry.subject,
            "scheduled": entry.scheduled,
            **{field: getattr(reading, field) for field in fields},
        }
        lines += [f"  {name}: {fact}" for name, fact in facts.items() if fact not in (None, "")]
        lines += [f"  refused {one.path}\n    {one.reason}: {one.detail}" for one in entry.refused]
    lines += [f"note {note.path}\n  {note.detail}" for note in answer.notes]
    return "\n".join(lines) + "\n"
