"""Payloads whose structure, status, codes or times are refused: reason, path and words of each."""

from typing import Any

from fhir_mapping.fhir_read import COMPONENTS_MAX
from tests.fhir_mapping.fhir_read.trees import (
    DIASTOLIC,
    LOINC,
    MDC,
    NPU,
    SYSTOLIC,
    bundle,
    code,
    measured,
    part,
    pressure,
    quantity,
    weight,
)

REFUSED: dict[str, tuple[Any, str, str, str]] = {
    "empty": ("  \n", "payload-empty", "$", "empty"),
    "no JSON": ("<Observation/>", "json-malformed", "$", "malformed"),
    "cut off": ('{"resourceType":"Observation"', "json-malformed", "$", "truncated"),
    "an array": ("[]", "field-type", "$", "array"),
    "another resource": ({"resourceType": "Patient"}, "field-value", "$.resourceType", "Patient"),
    "no resource type": ({"id": "1"}, "field-missing", "$.resourceType", "missing"),
    "history": (bundle(kind="history"), "field-value", "Bundle.type", "'history'"),
    "no bundle type": ({"resourceType": "Bundle"}, "field-missing", "Bundle.type", "''"),
    "no measurement": (
        {"resourceType": "Parameters", "parameter": [{"name": "other"}]},
        "field-missing",
        "Parameters.parameter",
        "'measurement'",
    ),
    "measurement without a Bundle": (
        {"resourceType": "Parameters", "parameter": [{"name": "measurement", "valueString": "1"}]},
        "field-value",
        "Parameters.parameter[0].resource",
        "nothing",
    ),
    "cancelled": (weight(status="cancelled"), "field-value", "Observation.status", "never made"),
    "registered": (weight(status="registered"), "field-value", "Observation.status", "no result"),
    "invented status": (weight(status="done"), "field-value", "Observation.status", "'done'"),
    "no status": (weight(status=None), "field-missing", "Observation.status", "missing"),
    "status a number": (weight(status=1), "field-type", "Observation.status", "Expected `str`"),
    "modifier extension": (
        weight(modifierExtension=[{"url": "urn:not", "valueBoolean": True}]),
        "field-value",
        "Observation.modifierExtension",
        "meaning",
    ),
    "implicit rules": (
        weight(implicitRules="urn:rules"),
        "field-value",
        "Observation.implicitRules",
        "rules",
    ),
    "no code": (weight(code=None), "field-missing", "Observation.code", "missing"),
    "height": (
        measured(LOINC, "8302-2", 1.71, "m"),
        "code-unknown",
        "Observation.code",
        "LOINC 8302-2",
    ),
    "a code of nobody": (measured("urn:x", "7", 1, "kg"), "code-unknown", "Observation.code", "7"),
    "a code in words": (
        weight(code={"text": "Vægt"}),
        "code-unknown",
        "Observation.code",
        "text 'Vægt'",
    ),
    "weight and height": (
        weight(code=code((LOINC, "29463-7"), (NPU, "NPU03794"))),
        "components-contradict",
        "Observation.code.coding",
        "LOINC 29463-7 is weight, but NPU NPU03794 is body height",
    ),
    "diastolic coded as heart rate": (
        pressure(SYSTOLIC, part(82, (LOINC, "8867-4"), (MDC, "150022"))),
        "components-contradict",
        "Observation.component[1].code.coding",
        "LOINC 8867-4 is pulse_cuff or pulse_oximeter, but MDC 150022 is diastolic",
    ),
    "no diastolic": (
        pressure(SYSTOLIC),
        "component-missing",
        "Observation.component",
        "diastolic is missing",
    ),
    "upside down": (
        pressure(part(82, (LOINC, "8480-6")), part(134, (LOINC, "8462-4"))),
        "components-contradict",
        "Observation.component",
        "diastolic 134 is not below systolic 82",
    ),
    "systolic twice": (
        pressure(SYSTOLIC, part(135, (LOINC, "8480-6")), DIASTOLIC),
        "code-repeated",
        "Observation.component[1].code",
        "systolic stands twice",
    ),
    "component without code": (
        pressure(SYSTOLIC, {"valueString": "?"}),
        "field-missing",
        "Observation.component[1].code",
        "missing",
    ),
    "panel with a value": (
        {**pressure(SYSTOLIC, DIASTOLIC), "valueQuantity": quantity(134, "mm[Hg]")},
        "field-value",
        "Observation.valueQuantity",
        "components",
    ),
    "circumstance said twice": (
        weight(component=[{"code": {"text": "arm"}, "valueString": said} for said in "vh"]),
        "components-contradict",
        "Observation.component[1]",
        "'h' here but 'v' before",
    ),
    "circumstance without end": (
        weight(component=[{"code": {"text": "arm"}, "valueString": "v" * 129}]),
        "field-value",
        "Observation.component[0]",
        "at most 128",
    ),
    "too many components": (
        weight(component=[{"code": {"text": f"{n}"}} for n in range(COMPONENTS_MAX + 1)]),
        "too-many-values",
        "Observation.component",
        "256",
    ),
    "date only": (
        weight(effectiveDateTime="2026-02-18"),
        "time-malformed",
        "Observation.effectiveDateTime",
        "zone",
    ),
    "no zone": (
        weight(effectiveDateTime="2026-02-18T07:29:40"),
        "time-malformed",
        "Observation.effectiveDateTime",
        "zone",
    ),
    "no such day": (
        weight(effectiveDateTime="2026-02-30T07:29:40Z"),
        "time-malformed",
        "Observation.effectiveDateTime",
        "calendar",
    ),
    "no such zone": (
        weight(effectiveDateTime="2026-02-18T07:29:40+14:01"),
        "time-malformed",
        "Observation.effectiveDateTime",
        "14:00",
    ),
    "no time": (
        weight(effectiveDateTime=None, issued="2026-02-18T07:29:40Z"),
        "field-missing",
        "Observation.effectiveDateTime",
        "issued does not",
    ),
    "open period": (
        weight(effectiveDateTime=None, effectivePeriod={"start": "2026-02-18T07:29:40Z"}),
        "field-missing",
        "Observation.effectivePeriod.end",
        "ended",
    ),
    "timing": (
        weight(effectiveDateTime=None, effectiveTiming={"event": ["2026-02-18T07:29:40Z"]}),
        "field-value",
        "Observation.effectiveTiming",
        "one date",
    ),
    "tomorrow": (
        weight(effectiveDateTime="2027-01-15T10:10:01Z"),
        "time-in-future",
        "Observation.effectiveDateTime",
        "later",
    ),
    "a device clock of no time": (
        weight(
            contained=[
                {
                    "resourceType": "Observation",
                    "id": "clock",
                    "code": code((MDC, "67975")),
                    "effectiveDateTime": "2026-02-18T07:29:40Z",
                    "valueDateTime": "0001-01-01T00:00:00Z",
                }
            ],
            derivedFrom=[{"reference": "#clock"}],
        ),
        "time-implausible",
        "Observation.derivedFrom[0].resolve().valueDateTime",
        "1900 to 2200",
    ),
    "unset clock": (
        weight(effectiveDateTime="2000-01-01T00:00:00Z"),
        "time-implausible",
        "Observation.effectiveDateTime",
        "2015",
    ),
}
