"""The corpus' FHIR files."""

from tests.documents.corpus import At, case
from tests.documents.fhir import MDC, NPU, bundle, observation, pressure, written

SCALE = "scale-60"


@case("60-fhir-weight-typed.json", "a weight about a CPR number, without a device")
def _(at: At) -> bytes:
    return written(observation("29463-7", "77.5", "kg", at=at.iso))


@case("61-fhir-weight-of-a-device.json", "a weight by a device that is assigned to nobody")
def _(at: At) -> bytes:
    return written(observation("29463-7", "77.5", "kg", at=at.iso, device=SCALE))


@case("62-fhir-unit-as-text.json", "a unit that is given as text only")
def _(at: At) -> bytes:
    return written(observation("29463-7", "77.5", "kg", at=at.iso, coded=False))


@case("63-fhir-pressure.json", "a blood pressure with two components")
def _(at: At) -> bytes:
    return written(pressure("134", "82", at=at.iso))


@case("64-fhir-batch.json", "a weight beside an Observation that is not known")
def _(at: At) -> bytes:
    unknown = observation("718-7", "8.1", "mmol/L", at=at.iso)
    return written(bundle(unknown, observation("29463-7", "77.5", "kg", at=at.iso)))


@case("65a-fhir-to-be-withdrawn.json", "a weight that is entered in error")
def _(at: At) -> bytes:
    return written(observation("29463-7", "77.5", "kg", at=at.iso))


@case("65b-fhir-entered-in-error.json", "the same with status entered-in-error")
def _(at: At) -> bytes:
    return written(observation("29463-7", "77.5", "kg", at=at.iso, status="entered-in-error"))


@case("66a-fhir-to-be-corrected.json", "a weight that is corrected later")
def _(at: At) -> bytes:
    return written(observation("29463-7", "77.5", "kg", at=at.iso))


@case("66b-fhir-corrected.json", "the same with status corrected and another value")
def _(at: At) -> bytes:
    return written(observation("29463-7", "75.5", "kg", at=at.iso, status="corrected"))


@case("67-fhir-fraction-under-npu.json", "a saturation as a fraction under an NPU code")
def _(at: At) -> bytes:
    return written(observation("NPU03011", "0.97", "1", at=at.iso, system=NPU))


@case("68-fhir-note.json", "a note and a reference range beside the value")
def _(at: At) -> bytes:
    return written(
        observation(
            "150456",
            "97",
            "%",
            at=at.iso,
            system=MDC,
            note=[{"text": "efter trappe"}],
            referenceRange=[{"low": {"value": 92}}],
        )
    )


@case("69-fhir-split-pressure.json", "a blood pressure in two Observations")
def _(at: At) -> bytes:
    high = observation("8480-6", "134", "mm[Hg]", at=at.iso)
    return written(bundle(high, observation("8462-4", "82", "mm[Hg]", at=at.iso)))
