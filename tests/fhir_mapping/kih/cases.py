"""The documents behind the golden files, the official example and schema, and foreign reports."""

import os
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import etree

from fhir_mapping.enrolled import Citizen, EnrolledDevice, Organisation, Plan
from fhir_mapping.kih.dataset import Citizen as Person
from fhir_mapping.kih.dataset import (
    CitizenMonitoringDataset,
    Instrument,
    LaboratoryReport,
    Producer,
    Sample,
)
from fhir_mapping.kih.reports import NATIONAL_SAMPLE, dataset_of, reports_of
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import CASES, stored

GOLDEN = Path(__file__).parents[2] / "golden" / "kih"
BESIDE = Path(__file__).parents[4] / "shared" / "examples"
EXAMPLES = Path(os.environ.get("HJEMMEPULS_EXAMPLES", BESIDE)) / "kih"

CITIZEN = Citizen(
    id="citizen-1",
    cpr="7101480010",
    given="Åse <Ærlig>",
    family="Ørsted & Søn",
    sex="female",
    birth_date=date(1948, 1, 11),
    condition="copd",
    organisation="oj",
    plan=Plan("1111111", "10:00", date(2026, 1, 1), ["spo2"]),
    phone="+45 12 34 56 78",
)
ORGANISATION = Organisation("oj", "999999999999999", "Øjebliksklinikken")
SCALE = EnrolledDevice("00091FFEFF801A2B", "528399", "A&D", "UC-352BLE")


def alone(record: Record) -> CitizenMonitoringDataset:
    """A dataset of this record only, whoever's it is."""
    return CitizenMonitoringDataset(
        Person("7101480010"), (Sample(tuple(reports_of(record)), "Øjebliksklinikken"),)
    )


DOCUMENTS: dict[str, CitizenMonitoringDataset] = {
    **{name: alone(record) for name, record in CASES.items()},
    "no-records": dataset_of(CITIZEN, [], ORGANISATION),
    "acts": dataset_of(
        CITIZEN,
        [
            stored("spo2"),
            stored("blood_pressure", device="cuff"),
            stored("pulse_oximeter"),
            stored("pulse_cuff", device="cuff"),
            stored("weight", device=SCALE.id, device_time="2026-02-18T07:31:00"),
        ],
        ORGANISATION,
        {SCALE.id: SCALE},
    ),
    "offset-too-wide": alone(stored("weight", offset_min=930)),
    "outside-the-calendar": alone(stored("weight", clock_gateway_ms=-62_135_646_400_000)),
    "hostile-circumstances": alone(
        stored(
            "spo2",
            circumstances='{"]]>":"a  b | Hjemmepuls/1 | x: y","a: b;":" \\ud83e\\uddea\\u0000"}',
        )
    ),
}


def example_path(name: str) -> Path:
    path = EXAMPLES / name
    if not path.is_file():
        pytest.skip(f"{path} is missing: set HJEMMEPULS_EXAMPLES to the folder of examples")
    return path


def official() -> bytes:
    return example_path("KIH-DB_version_1.0.1_eksempel1.xml").read_bytes()


def check_schema(xml: bytes) -> None:
    _schema(example_path("xsd/1.0.1/CitizenMonitoringDataset.xsd")).assertValid(
        etree.fromstring(xml)
    )


@lru_cache(maxsize=1)
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path))


def canonical(xml: bytes) -> bytes:
    """Canonical XML without the white space between elements, comments and declarations."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    return etree.tostring(etree.fromstring(xml, parser), method="c14n")


def pretty(xml: bytes) -> bytes:
    parser = etree.XMLParser(remove_blank_text=True)
    tree = etree.fromstring(xml, parser)
    return etree.tostring(tree, pretty_print=True, xml_declaration=True, encoding="UTF-8")


OPENTELE = LaboratoryReport(
    uuid="b33be781-bf97-11e1-afa7-0800200c9a66",
    created="2014-05-04T18:13:51.000+02:00",
    analysis="VÆGT",
    result="74.5",
    encoding="numeric",
    unit="Kg",
    abnormal="unspecified",
    minimum="unspecified",
    maximum="unspecified",
    interval="unspecified",
    national_sample=NATIONAL_SAMPLE,
    iupac="NPU03804",
    producer=Producer("Patient målt", "POT"),
    instrument=Instrument(model="UC-321PBT-C"),
    transferred_by="typed",
    location="home",
    scheduled="scheduled",
)
"""A report with the words and units that OpenTele sent."""


def foreign(*changes: dict[str, Any]) -> CitizenMonitoringDataset:
    """A dataset of OpenTele's weight report, once for each of these changes."""
    reports = tuple(
        msgspec.structs.replace(
            OPENTELE, **{"uuid": f"{place:08x}-bf97-11e1-afa7-0800200c9a66", **change}
        )
        for place, change in enumerate(changes)
    )
    return CitizenMonitoringDataset(Person("7101480010"), (Sample(reports, "OpenTele"),))
