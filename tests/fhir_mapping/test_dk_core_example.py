"""HL7 Denmark's own weight Observation, element by element, against ours of the same weighing.

The example is not part of this project: it is read from the folder named by HJEMMEPULS_EXAMPLES,
or from `shared/examples` beside the checkout (dk-core 3.7.0, Observation-Weight.Poul.230221).
"""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from devices.catalogue import METRICS, PANELS, Metric, Panel
from fhir_mapping import codes
from fhir_mapping.enrolled import EnrolledDevice
from fhir_mapping.observation import render_observation
from fhir_mapping.resources import render_device
from tests.fhir_mapping.cases import stored

BESIDE = Path(__file__).parents[3] / "shared" / "examples"
EXAMPLES = Path(os.environ.get("HJEMMEPULS_EXAMPLES", BESIDE)) / "dk-core"

DIFFERENCES: dict[str, tuple[Any, str]] = {
    "id": (
        "018672e7-3340-8ccf-baa4-b8aa03b38ecf",
        "ours is made from the measurement, so that a resend gets the same",
    ),
    "meta.profile[0]": (
        codes.DK_CORE_OBSERVATION,
        "the parent: IPA asks for what a home device does not know",
    ),
    "meta.profile[1]": (codes.VITAL_SIGNS, "PHD's profile allows no extension but the gateway"),
    "meta.profile[2]": (None, "the same claim, one place earlier"),
    "meta.profile[3]": (None, "follows from vital-signs and the LOINC code"),
    "text.status": (None, "no narrative: it repeats the data at four times the size"),
    "text.div": (None, "no narrative: it repeats the data at four times the size"),
    "identifier[0].value": (
        "WeightScale.606405FFFECFC604/1//188736/2023-02-21T08:36:40",
        "no patient, so that it survives re-assignment; no value, so that it knows a correction",
    ),
    "code.coding[2].display": ("Pt—Legeme; masse = ? kg", "the NPU name in Danish"),
    "code.text": ("Vægt", "what a Danish reader calls it; the MDC name stands in its coding"),
    "derivedFrom[0].reference": ("#clock", "our clock Observation is contained, theirs is apart"),
}
"""Where ours says something else than the example: what instead (None: nothing), and why."""


def example(name: str) -> dict[str, Any]:
    path = EXAMPLES / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is missing: set HJEMMEPULS_EXAMPLES to the folder of examples")
    resource: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return resource


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path.

    >>> list(leaves({"a": [{"b": 1}], "c": 2}))
    [('a[0].b', 1), ('c', 2)]
    """
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from leaves(value, f"{path}[{place}]")
    else:
        yield path, tree


def the_same_weighing() -> dict[str, Any]:
    record = stored(
        "weight",
        {"weight": "74"},
        citizen="Poul",
        device="WeightScale.606405FFFECFC604",
        gateway="Telma.FEEDDADADEADBEEF",
        boot="",
        device_time="2023-02-21T08:36:40",
        measured_ms=1_676_965_000_000,
        clock_device_ms=1_676_968_602_000,
        clock_gateway_ms=1_676_965_002_000,
    )
    resource: dict[str, Any] = json.loads(render_observation(record), parse_float=Decimal)
    return resource


def test_every_element_of_the_weight_example_is_in_ours() -> None:
    theirs = dict(leaves(example("Observation-Weight.Poul.230221")))
    ours = dict(leaves(the_same_weighing()))
    expected = theirs | {path: said for path, (said, _) in DIFFERENCES.items()}
    assert {path: ours.get(path) for path in theirs} == expected


def test_every_documented_difference_is_one() -> None:
    theirs = dict(leaves(example("Observation-Weight.Poul.230221")))
    for path, (said, why) in DIFFERENCES.items():
        assert path in theirs, path
        assert theirs[path] != said, path
        assert why, path


def test_the_scale_has_the_address_type_and_specialisation_of_the_example() -> None:
    theirs = example("Device-WeightScale.606405FFFECFC604")
    device = EnrolledDevice(
        id="60:64:05:ff:fe:cf:c6:04",
        type="528399",
        manufacturer=theirs["manufacturer"],
        model=theirs["modelNumber"],
        serial=theirs["serialNumber"],
    )
    ours = json.loads(render_device(device))
    assert ours["identifier"][0] == theirs["identifier"][0]
    for key in ("resourceType", "manufacturer", "modelNumber", "serialNumber"):
        assert ours[key] == theirs[key]
    assert ours["type"]["coding"] == theirs["type"]["coding"]
    (our_kind,), (their_kind,) = ours["specialization"], theirs["specialization"]
    assert our_kind["systemType"]["coding"] == their_kind["systemType"]["coding"]


def test_what_claims_to_be_a_vital_sign_is_one_for_hl7_denmark() -> None:
    value_set = example("ValueSet-dk-core-LoincBasicObservation")["compose"]["include"][0]
    known = {concept["code"] for concept in value_set["concept"]}
    rows: tuple[Metric | Panel, ...] = (*METRICS, *PANELS)
    for row in rows:
        is_known = bool(row.loinc) and {code.code for code in row.loinc} <= known
        assert is_known == (codes.VITAL_SIGNS in codes.PROFILES[row.category]), row.alias


def test_the_basic_profile_allows_one_category_and_so_cannot_be_claimed() -> None:
    profile = example("StructureDefinition-dk-core-basic-observation")
    elements = {element["id"]: element for element in profile["snapshot"]["element"]}
    assert elements["Observation.category"]["max"] == "1"
    assert len(the_same_weighing()["category"]) == 2
    assert profile["url"] not in the_same_weighing()["meta"]["profile"]


def test_every_code_stands_in_a_slice_that_hl7_denmark_names() -> None:
    profile = example("StructureDefinition-dk-core-observation")
    elements = {element["id"]: element for element in profile["snapshot"]["element"]}
    slices = ("LOINC", "IEEE", "NPU", "MedCom")
    assert all(elements[f"Observation.code.coding:{name}"]["max"] == "1" for name in slices)
    systems = [coding["system"] for coding in the_same_weighing()["code"]["coding"]]
    fixed = [elements[f"Observation.code.coding:{name}.system"]["fixedUri"] for name in slices]
    assert set(systems) <= set(fixed)
