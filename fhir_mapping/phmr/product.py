"""A measuring device in a PHMR document: as equipment, and as what an observation was made with.

In: the typed device and an XML tree, each made from the other. Called by `body`. The type of the
device is its MDC specialisation (CONF-PHMR-80), MedCom's instrument code stands beside it, as in
the published examples.
"""

from lxml import etree

from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Coded, Device
from fhir_mapping.phmr.header import read_code, read_id, write_code, write_id
from fhir_mapping.phmr.tree import element, find, find_all, said, templates


def write_product(device: Device) -> etree._Element:
    """The device as participantRole."""
    translation = [write_code("translation", device.instrument)] if device.instrument else []
    kind = device.kind or Coded("NI", codes.MDC, system_name="MDC Dynamic")
    playing = element(
        "playingDevice",
        write_code("code", kind, *translation),
        element("manufacturerModelName", text=device.model)
        if device.model
        else element("manufacturerModelName", nullFlavor="NI"),
        element("softwareName", text=device.software) if device.software else None,
        classCode="DEV",
        determinerCode="INSTANCE",
    )
    return element(
        "participantRole",
        *templates(codes.PRODUCT_CCD, codes.PRODUCT),
        *(write_id(value) for value in device.ids),
        playing,
        classCode="MANU",
    )


def read_product(role: etree._Element) -> Device:
    """The device that a participantRole names."""
    playing = find(role, "playingDevice")
    kind = find(playing, "code")
    translation = find(playing, "code/translation")
    return Device(
        ids=tuple(read_id(node) for node in find_all(role, "id")),
        kind=None if kind is None or kind.get("code") in (None, "NI") else read_code(kind),
        instrument=None if translation is None else read_code(translation),
        model=said(playing, "manufacturerModelName"),
        software=said(playing, "softwareName"),
    )


def write_equipment(device: Device) -> etree._Element:
    """The device as an entry of the section Medical Equipment, one to an organizer."""
    participant = element(
        "participant", write_product(device), typeCode="SBJ", contextControlCode="OP"
    )
    organizer = element(
        "organizer",
        *templates(codes.DEVICE_DEFINITION),
        element("statusCode", code="completed"),
        participant,
        classCode="CLUSTER",
        moodCode="EVN",
    )
    return element("entry", organizer, typeCode="COMP", contextConductionInd="true")


def read_equipment(entry: etree._Element) -> Device | None:
    """The device of an entry; None when the entry does not hold exactly one."""
    roles = find_all(entry, "organizer/participant/participantRole")
    return read_product(roles[0]) if len(roles) == 1 else None
