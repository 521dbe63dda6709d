"""Patient, Device and Organization: who took part, as FHIR R4 resources.

In: the enrolled types. Out: compact JSON bytes, the same for the same input. Called by the API
and the exports, seldom; what is rendered often is an Observation (`fhir_mapping.observation`).
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from devices.catalogue import Code, device_type
from devices.device_types import TABLET
from fhir_mapping import codes
from fhir_mapping.enrolled import Citizen, EnrolledDevice, Organisation

_encode = msgspec.json.Encoder().encode
_RESOURCE_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9\-.]", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_OTHER_SPACE = re.compile(r"[^\S \t\r\n]")
_PAIRS = re.compile(r"[0-9A-F]{2}(?:([:-])[0-9A-F]{2})(?:\1[0-9A-F]{2})*", re.IGNORECASE)
_BARE = re.compile(r"(?=.*[A-F])[0-9A-F]+", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def resource_id(name: str) -> str:
    """The FHIR id of a device or gateway: its own name where FHIR allows it.

    Any other name (a colon, a letter outside A-Z, more than 64 characters) is made readable
    and told apart by 48 bits of hash, so that no two names share an id.

    >>> resource_id("606405FFFECFC604")
    '606405FFFECFC604'
    >>> resource_id("60:64:05:FF:FE:CF:C6:04")
    '60-64-05-FF-FE-CF-C6-04.e1c5d809ef44'
    """
    if _RESOURCE_ID.fullmatch(name):
        return name
    mark = blake2b(name.encode(), digest_size=6, person=b"hm-resource").hexdigest()
    return f"{_NOT_IN_ID.sub('-', name)[:51]}.{mark}"


def printable(text: str) -> str:
    r"""The text in the letters of FHIR's `string`: no control characters, and of white space only
    the plain kinds, as not every reader counts the others among the allowed.

    >>> printable("Værelse\x002,\u00a0stue")
    'Værelse�2, stue'
    """
    if text.isprintable():
        return text
    return _OTHER_SPACE.sub(" ", _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def render_patient(citizen: Citizen) -> bytes:
    """The citizen as a Patient in the shape of dk-core-patient.

    The invented CPR numbers of this project (day of month + 60) fail that profile's check of
    the day of birth, and must: they may belong to nobody.
    """
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "id": citizen.id,
        "meta": {"profile": [codes.DK_CORE_PATIENT]},
        "identifier": [
            {
                "use": "official",
                "type": {"coding": [{"system": codes.IDENTIFIER_TYPE, "code": "NI"}]},
                "system": codes.CPR,
                "value": citizen.cpr,
            }
        ],
        "name": [
            {
                "use": "official",
                "text": printable(f"{citizen.given} {citizen.family}"),
                "family": printable(citizen.family),
                "given": [printable(citizen.given)],
            }
        ],
        "gender": citizen.sex,
        "birthDate": citizen.birth_date.isoformat(),
        "managingOrganization": {"reference": f"Organization/{citizen.organisation}"},
    }
    if citizen.phone:
        patient["telecom"] = [{"system": "phone", "value": printable(citizen.phone)}]
    return _encode(patient)


def render_device(device: EnrolledDevice) -> bytes:
    """The device as HL7 PHD describes one: identifiers, MDC type, specialisation, make and model.

    It claims no PHD profile, which wants the version of the specialisation; nobody told us that.
    The gateway is left out: a personal health device is part of no other (PHD), and each
    Observation names the gateway that it came through. A tablet that was handed out is a gateway.
    """
    resource: dict[str, Any] = {
        "resourceType": "Device",
        "id": resource_id(device.id),
        "identifier": _device_identifiers(device.id),
        "manufacturer": printable(device.manufacturer),
        "modelNumber": printable(device.model),
    }
    if device.type == TABLET.mdc:
        resource["type"] = _concept(codes.PERSONAL_HEALTH_GATEWAY, TABLET.name_da)
    else:
        resource["type"] = _concept(codes.PERSONAL_HEALTH_DEVICE, "Personal health device")
        resource["specialization"] = [{"systemType": _specialisation(device.type)}]
    if device.serial:
        resource["serialNumber"] = printable(device.serial)
    return _encode(resource)


def render_gateway(gateway: str) -> bytes:
    """The box in the home that Observations name as their gateway: its name is all we know."""
    return _encode(
        {
            "resourceType": "Device",
            "id": resource_id(gateway),
            "identifier": _device_identifiers(gateway),
            "type": _concept(codes.PERSONAL_HEALTH_GATEWAY, "Personal health gateway"),
        }
    )


def render_organization(organisation: Organisation) -> bytes:
    """The organisation as dk-core-organization, known by its SOR number."""
    return _encode(
        {
            "resourceType": "Organization",
            "id": organisation.id,
            "meta": {"profile": [codes.DK_CORE_ORGANIZATION]},
            "identifier": [{"use": "official", "system": codes.SOR, "value": organisation.sor}],
            "name": printable(organisation.name),
        }
    )


def _device_identifiers(name: str) -> list[dict[str, Any]]:
    """Our own name for it, letter by letter, and the address that the name is, if it is one."""
    own: dict[str, Any] = {"system": codes.DEVICE_IDENTITY, "value": printable(name)}
    digits = re.sub("[:-]", "", name).upper()
    if not (_PAIRS.fullmatch(name) or _BARE.fullmatch(name)) or len(digits) not in (12, 16):
        return [own]
    kind, display, system = (
        ("SYSID", "IEEE 11073 System Identifier", codes.EUI64)
        if len(digits) == 16
        else ("BTMAC", "Bluetooth MAC address", codes.BLUETOOTH_ADDRESS)
    )
    coding = {"system": codes.CONTINUA_IDENTIFIER, "code": kind, "display": display}
    value = "-".join(digits[place : place + 2] for place in range(0, len(digits), 2))
    return [{"type": {"coding": [coding]}, "system": system, "value": value}, own]


def _specialisation(mdc: str) -> dict[str, Any]:
    kind = device_type(mdc)
    if kind is None:
        return {"coding": [{"system": codes.MDC, "code": mdc}]}
    return _concept(Code(kind.mdc, kind.mdc_name), kind.name_da)


def _concept(code: Code, text: str) -> dict[str, Any]:
    coding = {"system": codes.MDC, "code": code.code, "display": code.display}
    return {"coding": [coding], "text": text}
