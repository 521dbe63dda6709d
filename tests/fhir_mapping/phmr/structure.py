"""A strict check of structure: HL7 CDA R2 as far as PHMR uses it, PHMR's own rules, and DK's.

`CONTENT` is the content model of POCD_MT000040 for each class that may occur, its elements in
order with how often they may stand. `faults` returns one sentence for each fault, so that a test
can show both that a document has none and that a broken one is seen. Rules named CONF-PHMR are
those of HL7 PHMR R1.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from lxml import etree

from fhir_mapping.phmr import codes
from fhir_mapping.phmr.tree import XSI_TYPE, find, find_all

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_TIME = re.compile(r"[0-9]{1,8}|([0-9]{9,14}|[0-9]{14}\.[0-9]+)([+\-][0-9]{1,4})?")
_REAL = re.compile(r"-?[0-9]*\.?[0-9]+")
_ACT = "templateId* id* code text? statusCode? effectiveTime?"
_ROLE = "templateId* id+ code? addr* telecom*"
_NAME = "given* family?"
_PERSON = "templateId* name*"

CONTENT = {
    "ClinicalDocument": (
        "typeId templateId* id code title? effectiveTime confidentialityCode languageCode? "
        "recordTarget+ author+ custodian legalAuthenticator? documentationOf* component"
    ),
    "recordTarget": "patientRole",
    "patientRole": "id+ addr* telecom* patient?",
    "patient": "name* administrativeGenderCode? birthTime?",
    "author": "time assignedAuthor",
    "assignedAuthor": f"{_ROLE} assignedPerson? representedOrganization?",
    "assignedEntity": f"{_ROLE} assignedPerson? representedOrganization?",
    "assignedPerson": _PERSON,
    "representedOrganization": "id* name* telecom* addr*",
    "custodian": "assignedCustodian",
    "assignedCustodian": "representedCustodianOrganization",
    "representedCustodianOrganization": "id+ name? telecom? addr?",
    "legalAuthenticator": "time signatureCode assignedEntity",
    "documentationOf": "serviceEvent",
    "serviceEvent": "templateId* id* code? effectiveTime? performer*",
    "structuredBody": "component+",
    "section": "templateId* id? code? title? text? entry* component*",
    "entry": "organizer",
    "organizer": (
        "templateId* id* code? statusCode effectiveTime? author* participant* reference* component*"
    ),
    "observation": (
        "templateId* id* code text? statusCode? effectiveTime? value* interpretationCode* "
        "methodCode* author* participant* entryRelationship* reference* referenceRange*"
    ),
    "entryRelationship": "act",
    "act": _ACT,
    "participant": "participantRole",
    "participantRole": "templateId* id* code? playingDevice? scopingEntity?",
    "playingDevice": "code? manufacturerModelName? softwareName?",
    "reference": "templateId* seperatableInd? externalDocument? externalObservation?",
    "externalDocument": "id* code?",
    "externalObservation": "id* code?",
    "referenceRange": "observationRange",
    "observationRange": "templateId* code? text? value? interpretationCode?",
    "name": _NAME,
    "addr": "streetAddressLine* postalCode? city? country?",
    "code": "translation*",
}
_COMPONENTS = {"ClinicalDocument": "structuredBody", "structuredBody": "section"}
_FIXED = {
    "ClinicalDocument": ("DOCCLIN", "EVN"),
    "structuredBody": ("DOCBODY", "EVN"),
    "section": ("DOCSECT", "EVN"),
    "organizer": ("CLUSTER", "EVN"),
    "observation": ("OBS", "EVN"),
    "observationRange": ("OBS", "EVN.CRT"),
    "act": ("ACT", "EVN"),
    "serviceEvent": ("MPROT", "EVN"),
}


def faults(root: etree._Element) -> list[str]:
    """Every fault of the document, in no order that matters."""
    return [fault for check in _CHECKS for fault in check(root)]


def _tag(node: etree._Element) -> str:
    return etree.QName(node).localname


def _elements(root: etree._Element) -> Iterator[etree._Element]:
    return (node for node in root.iter() if isinstance(node.tag, str))


def _content(root: etree._Element) -> Iterator[str]:
    for node in _elements(root):
        tag = _tag(node)
        children = [_tag(child) for child in node if isinstance(child.tag, str)]
        if tag == "component":
            parent = node.getparent()
            assert parent is not None
            model = _COMPONENTS.get(_tag(parent), "observation")
        elif tag in ("value", "effectiveTime"):
            model = "low? high?"
        else:
            model = CONTENT.get(tag, "")
        pattern = "".join(
            f"( {step.rstrip('?*+')}){step[-1] if step[-1] in '?*+' else ''}"
            for step in model.split()
        )
        if not re.fullmatch(pattern, "".join(f" {child}" for child in children)):
            yield f"{tag} holds {' '.join(children)}, not {model}"
        if children and (node.text or "").strip():
            yield f"{tag} mixes text and elements"


def _attributes(root: etree._Element) -> Iterator[str]:
    for node in _elements(root):
        tag = _tag(node)
        if tag in _FIXED and (node.get("classCode"), node.get("moodCode")) not in (
            _FIXED[tag],
            (_FIXED[tag][0], None),
        ):
            yield f"{tag} is {node.get('classCode')} {node.get('moodCode')}"
        for name in ("root", "codeSystem"):
            if name in node.attrib and not _OID.fullmatch(node.attrib[name]):
                yield f"{tag}/@{name} is {node.attrib[name]}, no OID (CONF-PHMR-13)"
        if tag == "id" and not (node.get("root") or node.get("nullFlavor")):
            yield "id has no root"
        is_time = tag in ("time", "effectiveTime", "birthTime") or (
            tag in ("low", "high") and "unit" not in node.attrib
        )
        if is_time and "value" in node.attrib and not _TIME.fullmatch(node.attrib["value"]):
            yield f"{tag}/@value is {node.attrib['value']}, no timestamp"
        if tag == "methodCode" and node.get("code") not in codes.METHODS:
            yield f"methodCode is {node.get('code')}"


def _header(root: etree._Element) -> Iterator[str]:
    roots = {node.get("root") for node in find_all(root, "templateId")}
    if not {codes.PHMR, codes.PHMR_DK} <= roots:
        yield "the templates of PHMR and PHMR-DK are needed (CONF-PHMR-2)"
    code = find(root, "code")
    if code is None or (code.get("code"), code.get("codeSystem")) != ("53576-5", codes.LOINC):
        yield "the code is LOINC 53576-5 (CONF-PHMR-3)"
    type_id = find(root, "typeId")
    if type_id is None or type_id.get("extension") != "POCD_HD000040":
        yield "typeId is POCD_HD000040"
    for path in ("title", "languageCode", "recordTarget/patientRole/patient/birthTime"):
        if find(root, path) is None:
            yield f"{path} is needed (CONF-PHMR-15, -17, -25)"
    person = find(root, "recordTarget/patientRole/id")
    if person is None or person.get("root") != codes.CPR:
        yield "the patient is known by CPR"
    for path in (
        "author/assignedAuthor/id",
        "custodian/assignedCustodian/representedCustodianOrganization/id",
        "legalAuthenticator/assignedEntity/id",
    ):
        found = find(root, path)
        if found is None or found.get("root") != codes.SOR:
            yield f"{path} is a SOR number"
    if find(root, "author/assignedAuthor/assignedPerson/name") is None:
        yield "the author is a person, if unknown (CONF-PHMR-4, -31)"
    for tag in ("representedOrganization", "representedCustodianOrganization"):
        for node in root.iter(f"{{*}}{tag}"):
            if any(find(node, part) is None for part in ("name", "addr", "telecom")):
                yield f"{tag} has name, addr and telecom (CONF-PHMR-7)"
    if find(root, "documentationOf/serviceEvent/effectiveTime") is None:
        yield "the monitored period is needed (CONF-PHMR-42)"


def _sections(root: etree._Element) -> Iterator[str]:
    sections = find_all(root, "component/structuredBody/component/section")
    expected = [(code, set(roots)) for code, _, roots in codes.SECTIONS.values()]
    found = []
    for section in sections:
        code = find(section, "code")
        roots = {node.get("root", "") for node in find_all(section, "templateId")}
        found.append((code.get("code", "") if code is not None else "", roots))
        if find(section, "title") is None or not (find(section, "text") is not None):
            yield "a section has title and text (CONF-PHMR-56)"
    if found != expected:
        yield f"sections are {found}"


def _observations(root: etree._Element) -> Iterator[str]:
    for node in root.iter("{*}observation"):
        roots = {one.get("root") for one in find_all(node, "templateId")}
        if not {codes.RESULT, codes.NUMERIC} <= roots:
            yield "an observation has its two templates"
        code = find(node, "code")
        if code is None or code.get("codeSystem") not in (codes.SNOMED, codes.MDC):
            yield "the code is of SNOMED CT or MDC (CONF-PHMR-105)"
        if not find_all(node, "code/translation"):
            yield "the Danish code is a translation"
        value = find(node, "value")
        if value is None or value.get(XSI_TYPE) != "PQ" or not value.get("unit"):
            yield "the value is a PQ with unit (CONF-PHMR-106)"
        elif ("value" in value.attrib) == ("nullFlavor" in value.attrib):
            yield "a value or a nullFlavor"
        elif "value" in value.attrib and not _REAL.fullmatch(value.attrib["value"]):
            yield f"value is {value.attrib['value']}"
        elif value.get("nullFlavor") not in (None, "UNK", "NAV"):
            yield f"nullFlavor is {value.get('nullFlavor')}"
        methods = [one.get("code") for one in find_all(node, "methodCode")]
        if len(methods) != 2 or tuple(methods) not in codes.METHODS_OF.values():
            yield f"methods are {methods}"
    for node in root.iter("{*}observationRange"):
        if find(node, "value") is None or find(node, "value").get(XSI_TYPE) != "IVL_PQ":  # type: ignore[union-attr]
            yield "a range is an IVL_PQ"


def _devices(root: etree._Element) -> Iterator[str]:
    for node in root.iter("{*}participantRole"):
        roots = {one.get("root") for one in find_all(node, "templateId")}
        if not {codes.PRODUCT, codes.PRODUCT_CCD} <= roots:
            yield "a product has its two templates (CONF-PHMR-76)"
        code = find(node, "playingDevice/code")
        if code is None or not code.get("code") or code.get("codeSystem") != codes.MDC:
            yield "the device has an MDC code (CONF-PHMR-80)"
        if find(node, "playingDevice/manufacturerModelName") is None:
            yield "the device has a model name (CONF-PHMR-81)"
        if not all(one.get("root") and one.get("extension") for one in find_all(node, "id")):
            yield "the device's id has root and extension (CONF-PHMR-78)"
    for node in root.iter("{*}organizer"):
        roots = {one.get("root") for one in find_all(node, "templateId")}
        if codes.DEVICE_DEFINITION in roots and len(find_all(node, "participant")) != 1:
            yield "one device to an organizer (CONF-PHMR-71)"


def _ids(root: etree._Element) -> Iterator[str]:
    """Only for our own documents: MedCom's examples repeat one id."""
    found = Counter(
        (one.get("root"), one.get("extension"))
        for tag in ("observation", "organizer")
        for node in root.iter(f"{{*}}{tag}")
        for one in find_all(node, "id")
    )
    yield from (f"{extension} stands twice" for (_, extension), n in found.items() if n > 1)


_CHECKS: tuple[Callable[[etree._Element], Iterator[str]], ...] = (
    _content,
    _attributes,
    _header,
    _sections,
    _observations,
    _devices,
    _ids,
)
