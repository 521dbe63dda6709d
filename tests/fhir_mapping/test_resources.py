"""Patient, Device and Organization, read by the oracle."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.organization import Organization
from fhir.resources.R4B.patient import Patient
from hypothesis import given
from hypothesis import strategies as st

from devices.catalogue import DEVICE_TYPES
from devices.device_types import TABLET
from fhir_mapping import codes
from fhir_mapping.enrolled import Citizen, EnrolledDevice, Organisation, Plan
from fhir_mapping.observation import render_observation
from fhir_mapping.resources import (
    render_device,
    render_gateway,
    render_organization,
    render_patient,
    resource_id,
)
from tests.fhir_mapping.cases import stored

CITIZEN = Citizen(
    id="citizen-1",
    cpr="7101450001",
    given="Åse",
    family='Sø"\\x',
    sex="female",
    birth_date=date(1945, 1, 11),
    condition="copd",
    organisation="svendborg",
    plan=Plan(weekdays="1111111", due="10:00", start=date(2026, 1, 1), signals=["spo2"]),
)
DEVICE = EnrolledDevice(
    id="60:64:05:FF:FE:CF:C6:04", type="528399", manufacturer="Ø", model='"M"', serial="17"
)
BAD = "\x00\x1f\x7f"


def read(model: Any, rendered: bytes) -> Any:
    """What the oracle reads: any element may be missing, and a test that expects it then fails."""
    return model.model_validate_json(rendered)


def test_a_patient_says_who() -> None:
    patient = read(Patient, render_patient(CITIZEN))
    assert patient.id == CITIZEN.id
    assert patient.meta.profile == [codes.DK_CORE_PATIENT]
    (identifier,) = patient.identifier
    assert (identifier.use, identifier.system, identifier.value) == (
        "official",
        "urn:oid:1.2.208.176.1.2",
        CITIZEN.cpr,
    )
    (name,) = patient.name
    assert (name.use, name.family, name.given) == ("official", CITIZEN.family, [CITIZEN.given])
    assert name.text == f"{CITIZEN.given} {CITIZEN.family}"
    assert (patient.gender, patient.birthDate) == ("female", CITIZEN.birth_date)
    assert patient.managingOrganization.reference == "Organization/svendborg"
    assert patient.telecom is None


def test_a_patient_has_a_phone_if_he_has_one() -> None:
    citizen = msgspec.structs.replace(CITIZEN, phone="+45 12 34 56 78", sex="male")
    patient = read(Patient, render_patient(citizen))
    assert (patient.telecom[0].system, patient.telecom[0].value) == ("phone", citizen.phone)
    assert patient.gender == "male"


@pytest.mark.parametrize("kind", DEVICE_TYPES, ids=lambda kind: kind.name_en)
def test_a_device_says_what(kind: Any) -> None:
    device = read(Device, render_device(msgspec.structs.replace(DEVICE, type=kind.mdc)))
    assert (device.manufacturer, device.modelNumber, device.serialNumber) == ("Ø", '"M"', "17")
    if kind is TABLET:
        assert device.type.coding[0].code == kind.mdc
        return
    assert device.type.coding[0].code == "65573"
    coding = device.specialization[0].systemType.coding[0]
    assert (coding.system, coding.code, coding.display) == (codes.MDC, kind.mdc, kind.mdc_name)


def test_a_device_of_unknown_type_keeps_its_code() -> None:
    device = read(Device, render_device(msgspec.structs.replace(DEVICE, type="528426", serial="")))
    assert device.specialization[0].systemType.coding[0].code == "528426"
    assert device.serialNumber is None


@pytest.mark.parametrize(
    ("name", "system", "value"),
    [
        ("60:64:05:FF:FE:CF:C6:04", codes.EUI64, "60-64-05-FF-FE-CF-C6-04"),
        ("60-64-05-ff-fe-cf-c6-04", codes.EUI64, "60-64-05-FF-FE-CF-C6-04"),
        ("606405FFFECFC604", codes.EUI64, "60-64-05-FF-FE-CF-C6-04"),
        ("60:64:05:CF:C6:04", codes.BLUETOOTH_ADDRESS, "60-64-05-CF-C6-04"),
        ("6064050000000004", None, None),
        ("60:64-05:CF:C6:04", None, None),
        ("SN-5180400664", None, None),
        ("60:64:05", None, None),
    ],
)
def test_an_address_is_told_as_one(name: str, system: str | None, value: str | None) -> None:
    device = msgspec.structs.replace(DEVICE, id=name)
    identifiers = json.loads(render_device(device))["identifier"]
    assert (identifiers[-1]["system"], identifiers[-1]["value"]) == (codes.DEVICE_IDENTITY, name)
    said = [(item["system"], item["value"]) for item in identifiers[:-1]]
    assert said == ([(system, value)] if system else [])


def test_an_observation_refers_to_its_device_gateway_and_patient() -> None:
    record = stored("weight", device=DEVICE.id, gateway="gård 7", citizen=CITIZEN.id)
    observation = json.loads(render_observation(record))
    device = read(Device, render_device(DEVICE))
    gateway = read(Device, render_gateway("gård 7"))
    assert observation["device"]["reference"] == f"Device/{device.id}"
    assert observation["extension"][0]["valueReference"]["reference"] == f"Device/{gateway.id}"
    assert observation["subject"]["reference"] == f"Patient/{CITIZEN.id}"
    assert gateway.type.coding[0].code == "531981"


def test_an_organisation_says_its_sor_number() -> None:
    organisation = Organisation(id="svendborg", sor="1234567890123456", name="Svendborg »Syd«")
    said = read(Organization, render_organization(organisation))
    (identifier,) = said.identifier
    assert (identifier.use, identifier.system, identifier.value) == (
        "official",
        "urn:oid:1.2.208.176.1.1",
        organisation.sor,
    )
    assert said.meta.profile == [codes.DK_CORE_ORGANIZATION]
    assert (said.id, said.name) == (organisation.id, organisation.name)


def test_no_control_character_comes_through() -> None:
    replace = msgspec.structs.replace
    for rendered in (
        render_patient(replace(CITIZEN, given=BAD, family=BAD, phone=BAD)),
        render_device(replace(DEVICE, manufacturer=BAD, model=BAD, serial=BAD)),
        render_organization(Organisation(id="o", sor="12345678901", name=BAD)),
    ):
        text = msgspec.json.format(rendered, indent=-1).decode()
        assert not any(code in text for code in ("\\u0000", "\\u001f", "\x7f", "\\u007f"))
        assert "\N{REPLACEMENT CHARACTER}" * 3 in text


@given(st.text(min_size=1, max_size=128))
def test_any_name_has_an_id_that_fhir_allows(name: str) -> None:
    said = resource_id(name)
    assert Device.model_validate({"resourceType": "Device", "id": said}).id == said
    assert resource_id(said) == said


@given(st.lists(st.text("ab:-.", min_size=1, max_size=6), unique=True, min_size=2, max_size=40))
def test_no_two_names_share_an_id(names: list[str]) -> None:
    assert len({resource_id(name) for name in names}) == len(names)


def test_a_name_that_fhir_allows_is_its_own_id() -> None:
    assert resource_id("gw-0001") == "gw-0001"
    assert resource_id("x" * 64) == "x" * 64
    assert len(resource_id("x" * 65)) <= 64
