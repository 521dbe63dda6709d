"""The corpus' PHMR files."""

from tests.documents.corpus import At, case
from tests.documents.phmr import (
    LOINC,
    MCS,
    MDC,
    NPU,
    comment,
    device,
    no_type,
    observation,
    organizer,
    report,
)

SCALE = [device("MCI00011", kind=no_type("MCI00011"))]
REPLACES = (
    '<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.208.184" extension="d-1"/>'
    "</parentDocument></relatedDocument>"
)


def weight(at: At, value: str = "77.5", *, status: str = "completed", **more: str) -> str:
    return organizer(
        observation("NPU03804", value, more.pop("unit", "kg"), **more),
        time=at.hl7,
        status=status,
    )


@case("30-phmr-ni-and-mci.xml", "a device of type NI with MedCom's number as translation")
def _(at: At) -> bytes:
    return report(results=[weight(at)], equipment=SCALE)


@case("31-phmr-device-without-code.xml", "a device without any code")
def _(at: At) -> bytes:
    return report(results=[weight(at)], equipment=[device("X-1", root="2.16.1", kind="")])


@case("32-phmr-two-devices.xml", "two devices: the one that can have measured it is taken")
def _(at: At) -> bytes:
    oximeter = device("MCI00013", kind=no_type("MCI00013"))
    return report(results=[weight(at)], equipment=[oximeter, *SCALE])


@case("33-phmr-no-device.xml", "no device at all, transferred automatically")
def _(at: At) -> bytes:
    return report(results=[weight(at)])


@case("34-phmr-split-pressure.xml", "a blood pressure split over two organizers")
def _(at: At) -> bytes:
    parts = (("DNK05473", "82"), ("DNK05472", "134"))
    return report(
        *(organizer(observation(code, value, "mmHg"), time=at.hl7) for code, value in parts)
    )


@case("35-phmr-mean-alone.xml", "a mean pressure alone")
def _(at: At) -> bytes:
    return report(organizer(observation("150023", "97", "mmHg", system=MDC), time=at.hl7))


@case("36-phmr-npu-under-medcom.xml", "an NPU code under MedCom's system")
def _(at: At) -> bytes:
    return report(results=[weight(at, system=MCS)], equipment=SCALE)


@case("37-phmr-mcs-under-npu.xml", "an MCS code under NPU's system, in Liter")
def _(at: At) -> bytes:
    return report(
        results=[organizer(observation("MCS88015", "1.32", "Liter", system=NPU), time=at.hl7)]
    )


@case("38-phmr-loinc.xml", "a saturation and a pulse under LOINC codes")
def _(at: At) -> bytes:
    parts = (("59408-5", "97", "%"), ("8867-4", "70", "/min"))
    return report(organizer(*(observation(*one, system=LOINC) for one in parts), time=at.hl7))


@case("39-phmr-text-units.xml", "units as texts: procent, Slag/min")
def _(at: At) -> bytes:
    parts = (("NPU03011", "97", "procent"), ("NPU21692", "70", "Slag/min"))
    return report(organizer(*(observation(*one) for one in parts), time=at.hl7))


@case("40-phmr-typed.xml", "a weight that a citizen typed, without a device")
def _(at: At) -> bytes:
    return report(results=[weight(at, methods="POT TPD")])


@case("41-phmr-typed-by-a-nurse.xml", "a weight that a professional measured and typed")
def _(at: At) -> bytes:
    return report(results=[weight(at, methods="PNT TPH")])


@case("42-phmr-kept-beside.xml", "a note, a body site, an alarm mark, a limit and who measured")
def _(at: At) -> bytes:
    more = (
        '<interpretationCode code="H"/><targetSiteCode code="368209003" displayName="Højre arm"/>'
        "<performer><assignedEntity><representedOrganization><name>Afdeling B</name>"
        "</representedOrganization></assignedEntity></performer>"
        '<referenceRange><observationRange><code code="RAL"/><value><high value="140" '
        f'unit="mmHg"/></value></observationRange></referenceRange>{comment("efter trappe")}'
    )
    high = observation("DNK05472", "144", "mmHg", more=more)
    return report(organizer(high, observation("DNK05473", "82", "mmHg"), time=at.hl7))


@case("43a-phmr-to-be-nullified.xml", "a weight whose organizer is nullified later")
def _(at: At) -> bytes:
    return report(results=[weight(at)], equipment=SCALE)


@case("43b-phmr-organizer-nullified.xml", "the same with organizer status nullified")
def _(at: At) -> bytes:
    return report(results=[weight(at, status="nullified")], equipment=SCALE, number="d-2")


@case("44a-phmr-to-be-nullified.xml", "a blood pressure of which one end is nullified later")
def _(at: At) -> bytes:
    parts = (("DNK05472", "134"), ("DNK05473", "82"))
    return report(organizer(*(observation(*one, "mmHg") for one in parts), time=at.hl7))


@case("44b-phmr-observation-nullified.xml", "the same with its systolic nullified")
def _(at: At) -> bytes:
    high = observation("DNK05472", "134", "mmHg", status="nullified")
    low = observation("DNK05473", "82", "mmHg")
    return report(organizer(high, low, time=at.hl7), number="d-2")


@case("45a-phmr-to-be-replaced.xml", "a report that is replaced later")
def _(at: At) -> bytes:
    return report(results=[weight(at, id_="o-1")], equipment=SCALE)


@case("45b-phmr-replaces.xml", "a report that replaces it (RPLC), with another value")
def _(at: At) -> bytes:
    return report(
        results=[weight(at, "75.5", id_="o-2")], equipment=SCALE, number="d-2", header=REPLACES
    )


@case("46a-phmr-exported.xml", "a weight that is exported twice")
def _(at: At) -> bytes:
    return report(results=[weight(at, id_="o-1")], equipment=SCALE)


@case("46b-phmr-exported-again.xml", "the same weight in another document, in another zone")
def _(at: At) -> bytes:
    utc = at.hl7.replace("0746", "0646").replace("+0100", "+0000")
    assert utc != at.hl7
    again = weight(at, id_="o-2").replace(at.hl7, utc)
    return report(results=[again], equipment=SCALE, number="d-2")


@case("47-phmr-no-value.xml", "a measurement that failed (nullFlavor NAV)")
def _(at: At) -> bytes:
    return report(results=[weight(at, "")], equipment=SCALE)


@case("48-phmr-aborted.xml", "an observation that was aborted, beside a saturation")
def _(at: At) -> bytes:
    aborted = observation("NPU03804", "77.5", "kg", status="aborted")
    return report(organizer(aborted, observation("NPU03011", "0.97", "NA"), time=at.hl7))


@case("49-phmr-unknown-code.xml", "a code that is not known, beside a saturation")
def _(at: At) -> bytes:
    unknown = observation("NPU01423", "7", "mg/L")
    return report(organizer(unknown, observation("NPU03011", "0.97", "NA"), time=at.hl7))


@case("50-phmr-no-method.xml", "no word on how it was transferred")
def _(at: At) -> bytes:
    return report(results=[weight(at, methods="")])


@case("51-phmr-stranger.xml", "a citizen whom nobody has enrolled")
def _(at: At) -> bytes:
    return report(results=[weight(at)], cpr="7105480002")


@case("52-phmr-document-type.xml", "a document type with an entity")
def _(at: At) -> bytes:
    head, rest = report(results=[weight(at)]).split(b"\n", 1)
    return head + b'\n<!DOCTYPE ClinicalDocument [<!ENTITY x "y">]>' + rest
