"""A PHMR file as a typed document.

In: bytes from anybody. Out: a `Document`, or a `Refusal` that names what stands where. Nothing is
fetched, no entity is expanded, no document type is accepted, and what is too large is not parsed.
Comments and processing instructions outside the root element are not kept, nor any processing
instruction; every element, attribute and text is (`tree` says how).
"""

import msgspec
from lxml import etree

from fhir_mapping.phmr import codes
from fhir_mapping.phmr.body import read_section
from fhir_mapping.phmr.document import Document, Refusal, Section
from fhir_mapping.phmr.render import read_shell, write_shell
from fhir_mapping.phmr.tree import HL7, attribute, cut, find_all, kept

DOCUMENT_BYTES_MAX = 16 * 1024 * 1024
"""Largest document read. A record of ours takes 4.3 kB: two years of five signals a day fit."""

ELEMENTS_MAX = 500_000
"""Most elements read, as each costs memory; a document of ours that is as large has a third."""


def read_phmr(xml: bytes) -> Document | Refusal:
    """The document in these bytes; never raises for what they hold.

    >>> read_phmr(b"<a/>").detail
    "/ is 'a': the root must be ClinicalDocument in urn:hl7-org:v3"
    """
    root = _parse(xml)
    if isinstance(root, Refusal):
        return root
    if root.tag != f"{{{HL7}}}ClinicalDocument":
        return Refusal("/", str(root.tag), f"the root must be ClinicalDocument in {HL7}")
    roots = [node.get("root", "") for node in find_all(root, "templateId")]
    if codes.PHMR not in roots:
        return Refusal("templateId/@root", " ".join(roots), f"{codes.PHMR} (HL7 PHMR) is needed")
    people = find_all(root, "recordTarget/patientRole")
    if len(people) != 1:
        return Refusal("recordTarget/patientRole", str(len(people)), "exactly one is taken")
    if not attribute(people[0], "id", "extension"):
        return Refusal("recordTarget/patientRole/id/@extension", "", "the patient's id is needed")
    return _document(root)


def _parse(xml: bytes) -> etree._Element | Refusal:
    """The root element, or why there is none."""
    if len(xml) > DOCUMENT_BYTES_MAX:
        return Refusal("/", f"{len(xml)} bytes", f"at most {DOCUMENT_BYTES_MAX} are read")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        return Refusal("/", str(error), "well-formed XML is needed")
    if root.getroottree().docinfo.doctype:
        return Refusal("<!DOCTYPE", root.getroottree().docinfo.doctype, "none is accepted")
    elements = int(root.xpath("count(descendant-or-self::*)"))
    if elements > ELEMENTS_MAX:
        return Refusal("/", f"{elements} elements", f"at most {ELEMENTS_MAX} are read")
    return root


def _document(root: etree._Element) -> Document | Refusal:
    """The document, or why it cannot be compared with what we would write."""
    try:
        return _parts(root)
    except etree.C14NError:
        return Refusal("/", "a relative address", "a namespace must be an absolute URI")


def _parts(root: etree._Element) -> Document:
    """The sections that we know as parts, everything else as the document's own."""
    nodes: list[etree._Element] = []
    sections: list[Section] = []
    for node in find_all(root, "component/structuredBody/component"):
        section = read_section(node)
        if section is not None:
            nodes.append(node)
            sections.append(section)
    shell = cut(root, nodes)
    document = msgspec.structs.replace(read_shell(shell), sections=tuple(sections))
    return kept(document, shell, write_shell(document))
