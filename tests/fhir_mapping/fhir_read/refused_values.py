"""Payloads whose values, units or parties are refused: reason, path and words of each."""

from typing import Any

import msgspec

from fhir_mapping.resources import resource_id
from tests.fhir_mapping.fhir_read.trees import (
    CUFF,
    LOINC,
    MDC,
    NPU,
    OURS,
    UCUM,
    bundle,
    code,
    measured,
    quantity,
    weight,
)

REFUSED: dict[str, tuple[Any, str, str, str]] = {
    "battery beyond full": (
        weight(code=code((MDC, "67996")), valueQuantity=quantity(101, "%")),
        "device-fact-invalid",
        "Observation.value[x]",
        "possible is 0 to 100",
    ),
    "battery of nothing": (
        weight(
            code=code((MDC, "67996")), valueQuantity=quantity(95, "%"), device=None, subject=None
        ),
        "device-fact-invalid",
        "Observation.device",
        "none is named",
    ),
    "no value": (
        weight(valueQuantity=None),
        "value-missing",
        "Observation.valueQuantity",
        "no value",
    ),
    "quantity without value": (
        weight(valueQuantity={"code": "kg", "system": UCUM}),
        "value-missing",
        "Observation.valueQuantity.value",
        "no value",
    ),
    "value and reason": (
        weight(dataAbsentReason=code(("http://terminology.hl7.org/x", "error"))),
        "field-value",
        "Observation.dataAbsentReason",
        "reason",
    ),
    "reason of nobody": (
        weight(valueQuantity=None, dataAbsentReason={"text": "hunden"}),
        "value-missing",
        "Observation.valueQuantity",
        "FHIR knows",
    ),
    "value in words": (
        weight(valueQuantity=None, valueString="74,5 kg"),
        "value-malformed",
        "Observation.valueString",
        "valueQuantity",
    ),
    "value a text": (
        weight(valueQuantity=quantity("74.5", "kg")),
        "field-type",
        "Observation.valueQuantity.value",
        '"74.5"',
    ),
    "a bound": (
        weight(valueQuantity=quantity(200, "kg", comparator=">")),
        "value-malformed",
        "Observation.valueQuantity.comparator",
        "bound",
    ),
    "too precise": (
        weight(valueQuantity=quantity(msgspec.Raw(b"74.1234567890"), "kg")),
        "value-malformed",
        "Observation.valueQuantity.value",
        "12 characters",
    ),
    "astronomic": (
        weight(valueQuantity=quantity(msgspec.Raw(b"1e999"), "kg")),
        "value-malformed",
        "Observation.valueQuantity.value",
        "32 characters",
    ),
    "impossible": (
        weight(valueQuantity=quantity(700, "kg")),
        "value-out-of-range",
        "Observation.valueQuantity.value",
        "0.5 to 500",
    ),
    "97 as a fraction": (
        measured(LOINC, "59408-5", 97, "1"),
        "value-out-of-range",
        "Observation.valueQuantity.value",
        "spo2 is '9700 %'",
    ),
    "fraction as per cent": (
        measured(LOINC, "59408-5", 0.97, "%"),
        "value-out-of-range",
        "Observation.valueQuantity.value",
        "spo2 is '0.97 %'",
    ),
    "per cent in words, fraction in code": (
        weight(
            code=code((NPU, "NPU03011")),
            valueQuantity=quantity(0.97, "1", unit="%"),
        ),
        "unit-mismatch",
        "Observation.valueQuantity.unit",
        "in words is '%', the coded unit beside it is '1'",
    ),
    "FEV1 as a flow": (
        measured(LOINC, "20150-9", 1.32, "L/s"),
        "unit-mismatch",
        "Observation.valueQuantity.code",
        "fev1 is 'L/s'",
    ),
    "FEV1 as a flow in MDC": (
        weight(code=code((MDC, "152586")), valueQuantity=quantity(132, "265201", MDC)),
        "unit-mismatch",
        "Observation.valueQuantity.code",
        "(265201) is 'cL/s'",
    ),
    "MDC unit without a table": (
        weight(valueQuantity=quantity(164, "263904", MDC)),
        "unit-unknown",
        "Observation.valueQuantity.code",
        "'263904'",
    ),
    "pounds": (
        weight(valueQuantity=quantity(164, "[lb_av]")),
        "unit-unknown",
        "Observation.valueQuantity.code",
        "accepted are kg, g",
    ),
    "unit in words of nobody": (
        weight(valueQuantity={"value": 74.5, "unit": "kilos"}),
        "unit-unknown",
        "Observation.valueQuantity.unit",
        "unit of weight is 'kilos'",
    ),
    "unit in words of another metric": (
        weight(valueQuantity={"value": 74.5, "unit": "mmHg"}),
        "unit-mismatch",
        "Observation.valueQuantity.unit",
        "unit of weight is 'mmHg'",
    ),
    "pounds in words": (
        weight(valueQuantity={"value": 164, "unit": "lb"}),
        "unit-unknown",
        "Observation.valueQuantity.unit",
        "unit of weight is 'lb', accepted are kg, g",
    ),
    "pounds in words, kilograms in code": (
        weight(valueQuantity=quantity(164, "kg", unit="lb")),
        "unit-mismatch",
        "Observation.valueQuantity.unit",
        "in words is 'lb', the coded unit beside it is 'kg'",
    ),
    "another metric in words": (
        weight(valueQuantity=quantity(164, "kg", unit="mmHg")),
        "unit-mismatch",
        "Observation.valueQuantity.unit",
        "in words is 'mmHg'",
    ),
    "no unit": (
        weight(valueQuantity={"value": 74.5}),
        "unit-unknown",
        "Observation.valueQuantity.unit",
        "accepted are kg, g",
    ),
    "unit of nobody": (
        weight(valueQuantity=quantity(74.5, "kg", "urn:units")),
        "unit-unknown",
        "Observation.valueQuantity.system",
        "'urn:units'",
    ),
    "about a group": (
        weight(subject={"reference": "Group/1"}),
        "field-value",
        "Observation.subject.reference",
        "Group",
    ),
    "subject elsewhere": (
        weight(subject={"reference": "urn:uuid:1"}),
        "field-value",
        "Observation.subject.reference",
        "urn:uuid:1",
    ),
    "a condition that is no identifier": (
        weight(subject={"reference": "Patient?name=Anna"}),
        "field-value",
        "Observation.subject.reference",
        "identifier=system|value",
    ),
    "a device by a condition that is no identifier": (
        weight(device={"reference": "Device?identifier=scale-17"}),
        "field-value",
        "Observation.device.reference",
        "identifier=system|value",
    ),
    "a device by the condition of a person": (
        weight(device={"reference": "Patient?identifier=urn:x|7"}),
        "field-value",
        "Observation.device.reference",
        "Patient",
    ),
    "a period that ends before it begins": (
        weight(
            effectiveDateTime=None,
            effectivePeriod={
                "start": "2026-02-18T07:29:40+01:00",
                "end": "2026-02-18T07:29:39+01:00",
            },
        ),
        "field-value",
        "Observation.effectivePeriod",
        "before it begins",
    ),
    "no device and nobody": (
        weight(device=None, subject=None),
        "field-missing",
        "Observation.device",
        "none is named",
    ),
    "device is a person": (
        weight(device={"reference": "Patient/1"}),
        "field-value",
        "Observation.device.reference",
        "Patient",
    ),
    "device elsewhere": (
        weight(device={"reference": "#scale"}),
        "field-value",
        "Observation.device.reference",
        "#scale",
    ),
    "weight from a cuff": (
        bundle(weight(), CUFF),
        "code-not-of-device",
        "Bundle.entry[0].resource.device",
        "blood-pressure cuff measures weight",
    ),
    "transferred by pigeon": (
        weight(
            extension=[{"url": f"{OURS}/StructureDefinition/transferred-by", "valueCode": "pigeon"}]
        ),
        "field-value",
        "Observation.extension[0].valueCode",
        "'pigeon'",
    ),
    "identifier of ours without sense": (
        weight(identifier=[{"system": f"{OURS}/measurement-identity", "value": "4711"}]),
        "identity-mismatch",
        "Observation.identifier[0].value",
        "device/slot/boot/188736/time",
    ),
    "identifier of ours of another device": (
        weight(
            identifier=[
                {
                    "system": f"{OURS}/measurement-identity",
                    "value": "scale-18/1//188736/2026-02-18T07:29:40",
                }
            ]
        ),
        "identity-mismatch",
        "Observation.device.reference",
        "scale-18",
    ),
    "identifier of ours at no time": (
        weight(
            identifier=[
                {
                    "system": f"{OURS}/measurement-identity",
                    "value": "scale-17/1//188736/2026-02-30T07:29:40",
                }
            ]
        ),
        "identity-mismatch",
        "Observation.identifier[0].value",
        "calendar",
    ),
    "identifier of ours with a longer boot than any": (
        weight(
            identifier=[
                {
                    "system": f"{OURS}/measurement-identity",
                    "value": f"scale-17/1/{'b' * 129}/188736/2026-02-18T07:29:40",
                }
            ]
        ),
        "identity-mismatch",
        "Observation.identifier[0].value",
        "device/slot/boot/188736/time",
    ),
    "identifier of ours with a separator in its device": (
        weight(
            device={"reference": f"Device/{resource_id(chr(0x1F) + 'x')}"},
            identifier=[
                {
                    "system": f"{OURS}/measurement-identity",
                    "value": "\x1fx/1//188736/2026-02-18T07:29:40",
                }
            ],
        ),
        "identity-mismatch",
        "Observation.identifier[0].value",
        "device/slot/boot/188736/time",
    ),
}
