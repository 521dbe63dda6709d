"""What is validated: rendered samples, which must be clean, and planted errors, which must not.

Out: files by name; the folder of a name says what it is. Called by `verdict` and the tests.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from devices.catalogue import DEVICE_TYPES
from fhir_mapping.bundle import operation_outcome, searchset
from fhir_mapping.enrolled import Citizen, EnrolledDevice, Organisation, Plan
from fhir_mapping.observation import render_observation
from fhir_mapping.resources import (
    render_device,
    render_gateway,
    render_organization,
    render_patient,
)
from tests.fhir_mapping.cases import CASES
from tests.fhir_mapping.test_ranges import LIMITS

ROOT: Final = Path(__file__).parents[2]
BESIDE: Final = ROOT.parent / "shared" / "examples"
EXAMPLES: Final = Path(os.environ.get("HJEMMEPULS_EXAMPLES", BESIDE))
GOLDEN: Final = ROOT / "tests" / "golden"
BASE: Final = "https://hjemmepuls.example/fhir"

CITIZEN = Citizen(
    id="citizen-1",
    cpr="3112575004",
    given="Åse",
    family='Sø"\\x',
    sex="female",
    birth_date=date(1945, 1, 11),
    condition="copd",
    organisation="svendborg",
    plan=Plan(weekdays="1111111", due="10:00", start=date(2026, 1, 1), signals=["spo2"]),
)
"""Her CPR number passes HL7 Denmark's check of the day of birth, and belongs to nobody: it says
31 December 2057. The project's own series (day + 60) must fail, and stands among the planted."""
DEVICE = EnrolledDevice(
    id="60:64:05:FF:FE:CF:C6:04", type="528399", manufacturer="Ø", model='"M"', serial="17"
)
ORGANISATION = Organisation(id="svendborg", sor="1234567890123456", name="Svendborg »Syd«")


_SCHEMA_OF: Final = {"kih": frozenset({"KIH schema"}), "phmr": frozenset({"CDA schema"})}


@dataclass(frozen=True, slots=True)
class Planted:
    """A broken sample, and the validators that must report an error in it."""

    content: bytes
    seen_by: frozenset[str]


def samples() -> dict[str, bytes]:
    """Every sample by file name: FHIR rendered here, KIH XML and PHMR as their golden files."""
    replace = msgspec.structs.replace
    observations = {name: render_observation(record) for name, record in CASES.items()}
    observations |= {
        f"{name}-limits": render_observation(CASES[name], LIMITS)
        for name in ("spo2", "pulse_cuff", "blood_pressure")
    }
    entries = {
        f"{BASE}/Observation/{json.loads(said)['id']}": said for said in observations.values()
    }
    page = f"{BASE}/Observation?patient=citizen-1"
    fhir = {
        **{f"observation/{name}": said for name, said in observations.items()},
        "patient/plain": render_patient(CITIZEN),
        "patient/phone": render_patient(replace(CITIZEN, phone="+45 00 00 00 00", sex="male")),
        **{
            f"device/{kind.mdc}": render_device(replace(DEVICE, type=kind.mdc))
            for kind in DEVICE_TYPES
        },
        "device/bluetooth": render_device(replace(DEVICE, id="60:64:05:CF:C6:04", serial="")),
        "device/own-name": render_device(replace(DEVICE, id="SN-5180400664")),
        "device/type-unknown": render_device(replace(DEVICE, type="528426")),
        "device/gateway": render_gateway("gw-0001"),
        "device/gateway-odd-name": render_gateway("gård 7"),
        "organization/plain": render_organization(ORGANISATION),
        "bundle/page": searchset(1000, page, f"{page}&page=2", entries.items()),
        "bundle/empty": searchset(0, page, None, []),
        "outcome/not-found": operation_outcome("error", "not-found", 'no "id" æ'),
        "outcome/fatal": operation_outcome("fatal", "exception", "the store is away"),
    }
    golden = {
        f"{kind}/{path.stem}.{kind}.xml": path.read_bytes()
        for kind in ("kih", "phmr")
        for path in sorted((GOLDEN / kind).glob("*.xml"))
    }
    return {f"{name}.json": content for name, content in fhir.items()} | golden


def planted() -> dict[str, Planted]:
    """Every broken sample by file name."""
    weight = json.loads(render_observation(CASES["weight"]))
    pressure = json.loads(render_observation(CASES["blood_pressure"]))
    organisation = render_organization(msgspec.structs.replace(ORGANISATION, sor="1234567890"))
    fictitious = render_patient(msgspec.structs.replace(CITIZEN, cpr="7101450001"))
    broken: dict[str, tuple[bytes, tuple[str, ...]]] = {
        "no-code": (_without(weight, "code"), ("HAPI", "Medplum")),
        "no-status": (_without(weight, "status"), ("HAPI", "Medplum")),
        "no-subject": (_without(weight, "subject"), ("HAPI", "Medplum")),
        "unknown-element": (_with(weight, colour="red"), ("HAPI", "Medplum")),
        "two-loinc-codes": (_changed(weight, _second_loinc), ("HAPI", "Medplum")),
        "two-values": (_with(weight, valueString="74 kg"), ("HAPI",)),
        "id-with-space": (_with(weight, id="a b"), ("HAPI",)),
        "status-unknown": (_with(weight, status="finale"), ("HAPI",)),
        "extension-unknown": (_changed(weight, _unknown_extension), ("HAPI",)),
        "extension-value": (_changed(weight, _extension_value), ("HAPI",)),
        "unit-of-weight": (_changed(weight, _litres), ("HAPI",)),
        "no-diastolic": (_with(pressure, component=pressure["component"][:1]), ("HAPI",)),
        "cpr-of-nobody": (fictitious, ("HAPI",)),
        "sor-too-short": (organisation, ("HAPI",)),
        "in-a-page": (
            searchset(1, BASE, None, [(f"{BASE}/Observation/1", _without(weight, "code"))]),
            ("HAPI", "Medplum"),
        ),
    }
    fhir = {
        f"planted/{name}.json": Planted(content, frozenset(seen_by))
        for name, (content, seen_by) in broken.items()
    }
    return fhir | _planted_xml()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """The files, each below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def profiles(content: bytes) -> list[str]:
    """The last part of each profile that a FHIR sample claims."""
    claimed: list[str] = json.loads(content).get("meta", {}).get("profile", [])
    return [url.rsplit("/", 1)[-1] for url in claimed]


def _planted_xml() -> dict[str, Planted]:
    """An empty document of each kind, and each example with one word changed."""
    broken = {
        "empty.kih": b'<CitizenMonitoringDataset xmlns="urn:oio:medcom:chronicdataset:1.0.1"/>',
        "empty.phmr": b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>',
    }
    for path in (EXAMPLES / "kih").glob("*.xml"):
        example = path.read_bytes()
        broken["location.kih"] = example.replace(b"Location>home<", b"Location>away<")
    for path in (EXAMPLES / "phmr").glob("*.xml"):
        broken["code.phmr"] = path.read_bytes().replace(b"<code ", b"<cipher ")
    return {
        f"planted/{name}.xml": Planted(content, _SCHEMA_OF[name.split(".")[-1]])
        for name, content in broken.items()
    }


def _with(resource: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps(resource | changes).encode()


def _without(resource: dict[str, Any], key: str) -> bytes:
    return json.dumps({name: said for name, said in resource.items() if name != key}).encode()


def _changed(resource: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> bytes:
    copy = json.loads(json.dumps(resource))
    change(copy)
    return json.dumps(copy).encode()


def _second_loinc(resource: dict[str, Any]) -> None:
    resource["code"]["coding"].append({"system": "http://loinc.org", "code": "3141-9"})


def _unknown_extension(resource: dict[str, Any]) -> None:
    resource["extension"].append({"url": f"{BASE}/StructureDefinition/mood", "valueCode": "good"})


def _extension_value(resource: dict[str, Any]) -> None:
    resource["extension"][1]["valueCode"] = "by-pigeon"


def _litres(resource: dict[str, Any]) -> None:
    resource["valueQuantity"] |= {"unit": "L", "code": "L"}
