"""Every document that we render has the structure that CDA, PHMR and PHMR-DK ask for.

HL7's schema is not to be had from a package registry, so the check stands in `structure`. That it
sees is shown by breaking a good document in one place at a time.
"""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from devices.catalogue import METRICS
from fhir_mapping.phmr import codes, render_phmr
from fhir_mapping.phmr.tree import XSI_TYPE
from tests.fhir_mapping.phmr.cases import DOCUMENTS
from tests.fhir_mapping.phmr.structure import faults

_NS = {"h": "urn:hl7-org:v3"}


def parsed(name: str = "mixed") -> etree._Element:
    return etree.fromstring(render_phmr(DOCUMENTS[name]))


def first(root: etree._Element, path: str) -> etree._Element:
    found: Any = root.xpath(path, namespaces=_NS)
    node: etree._Element = found[0]
    return node


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_structure_has_no_fault(name: str) -> None:
    assert faults(parsed(name)) == []


def remove(path: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        node = first(root, path)
        node.getparent().remove(node)  # type: ignore[union-attr]

    return change


def put(path: str, name: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: first(root, path).set(name, value)


def swap(path: str) -> Callable[[etree._Element], None]:
    """Move an element behind its next sibling."""

    def change(root: etree._Element) -> None:
        node = first(root, path)
        node.getnext().addnext(node)  # type: ignore[union-attr]

    return change


BREAKS: dict[str, Callable[[etree._Element], None]] = {
    "no template of PHMR": remove("/*/h:templateId[1]"),
    "no template of DK": remove("/*/h:templateId[2]"),
    "another report": put("/*/h:code", "code", "34133-9"),
    "no author": remove("/*/h:author"),
    "no custodian": remove("/*/h:custodian"),
    "author after custodian": swap("/*/h:author"),
    "no period": remove("//h:serviceEvent/h:effectiveTime"),
    "no CPR": put("//h:patientRole/h:id[1]", "root", "1.2.3"),
    "no person": remove("//h:assignedAuthor/h:assignedPerson"),
    "no telecom": remove("//h:representedOrganization/h:telecom"),
    "no section": remove("//h:structuredBody/h:component[2]"),
    "sections in another order": swap("//h:structuredBody/h:component[1]"),
    "a section without template": remove("//h:section/h:templateId"),
    "value before status": swap("//h:observation/h:statusCode"),
    "no status of the organizer": remove("//h:organizer/h:statusCode"),
    "no observation template": remove("//h:observation/h:templateId"),
    "code of no system": put("//h:observation/h:code", "codeSystem", "1.2"),
    "no code": remove("//h:observation/h:code"),
    "value of another type": put("//h:observation/h:value", XSI_TYPE, "ST"),
    "value and null flavour": put("//h:observation/h:value", "nullFlavor", "UNK"),
    "a comma": put("//h:observation/h:value", "value", "1,5"),
    "one method": remove("//h:observation/h:methodCode"),
    "a wrong pair": put("//h:observation/h:methodCode[1]", "code", "PCG"),
    "an unknown method": put("//h:observation/h:methodCode[1]", "code", "QQQ"),
    "an id twice": put(
        "(//h:observation)[1]/h:id",
        "extension",
        DOCUMENTS["mixed"].sections[0].parts[1].observations[0].ids[0].extension,  # type: ignore[union-attr]
    ),
    "no timestamp": put("//h:organizer/h:effectiveTime", "value", "2026-02-18"),
    "no OID": put("//h:organizer/h:id", "root", "urn:x"),
    "no device code": put("//h:playingDevice/h:code", "code", ""),
    "no model": remove("//h:playingDevice/h:manufacturerModelName"),
    "a range without type": put("//h:observationRange/h:value", XSI_TYPE, "PQ"),
    "an unknown element": lambda root: first(root, "//h:observation").append(
        etree.Element("{urn:hl7-org:v3}extra")
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_check_sees_what_is_broken(name: str) -> None:
    root = parsed()
    BREAKS[name](root)
    assert faults(root) != []


def test_every_metric_stands_in_the_section_and_unit_that_its_row_says() -> None:
    root = parsed()
    for row in METRICS:
        code, system, _ = codes.national_code(row)
        path = f"//h:observation[h:code/h:translation[@code='{row.mdc or code}']]"
        observation = first(root, path)
        translation = first(observation, f".//h:translation[@code='{code}']")
        assert translation.get("codeSystem") == system
        assert translation.get("displayName") == row.phmr.name
        assert first(observation, "h:value").get("unit") == row.phmr.unit
        section = first(observation, "ancestor::h:section/h:code")
        assert section.get("code") == codes.SECTIONS[row.phmr_section][0]
