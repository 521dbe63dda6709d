"""A PHMR document as a file.

In: a `Document`. Out: UTF-8 XML, the same bytes for the same document in every process. What the
document was read from and we do not understand is written as it stood (see `tree`).
"""

from lxml import etree

from fhir_mapping.phmr import codes
from fhir_mapping.phmr.body import render_section
from fhir_mapping.phmr.document import Coded, Document
from fhir_mapping.phmr.header import (
    read_author,
    read_custodian,
    read_id,
    read_legal_authenticator,
    read_patient,
    read_services,
    write_author,
    write_code,
    write_custodian,
    write_id,
    write_legal_authenticator,
    write_patient,
    write_services,
)
from fhir_mapping.phmr.tree import (
    attribute,
    element,
    find,
    find_all,
    places,
    rendered,
    said,
    templates,
    to_bytes,
)

_VERSION_DIGITS_MAX = 10


def render_phmr(document: Document) -> bytes:
    """The document as XML: for any document that was read, every element and attribute it held."""
    sections = [render_section(section) for section in document.sections]
    return to_bytes(rendered(document, sections, write_shell, read_shell))


def write_shell(document: Document) -> etree._Element:
    """The document with marks for its sections."""
    code, display = codes.REPORT_CODE
    body = element(
        "structuredBody", *places(len(document.sections)), classCode="DOCBODY", moodCode="EVN"
    )
    author, custodian = document.author, document.custodian
    authenticator = document.legal_authenticator
    return element(
        "ClinicalDocument",
        element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040"),
        *templates(codes.PHMR, codes.PHMR_DK),
        write_id(document.id),
        write_code("code", Coded(code, codes.LOINC, display, "LOINC")),
        element("title", text=document.title),
        element("effectiveTime", value=document.created),
        element("confidentialityCode", code="N", codeSystem=codes.CONFIDENTIALITY),
        element("languageCode", code="da-DK"),
        write_patient(document.patient),
        write_author(author) if author else None,
        write_custodian(custodian) if custodian else None,
        write_legal_authenticator(authenticator) if authenticator else None,
        *write_services(document.period, document.services),
        element("component", body, typeCode="COMP", contextConductionInd="true"),
        classCode="DOCCLIN",
        moodCode="EVN",
    )


def read_shell(root: etree._Element) -> Document:
    """The header of a document, without its sections."""
    period, services = read_services(root)
    return Document(
        id=read_id(find(root, "id")),
        title=said(root, "title"),
        created=attribute(root, "effectiveTime", "value"),
        patient=read_patient(root),
        author=read_author(root),
        custodian=read_custodian(root),
        legal_authenticator=read_legal_authenticator(root),
        period=period,
        services=services,
        sections=(),
        replaces=_replaces(root),
    )


def _replaces(root: etree._Element) -> bool:
    """Whether the document stands in the place of an earlier one: by its word, or its version."""
    related = find_all(root, "relatedDocument")
    version = attribute(root, "versionNumber", "value")
    later = version.isdigit() and len(version) < _VERSION_DIGITS_MAX and int(version) > 1
    return later or any(node.get("typeCode") == "RPLC" for node in related)
