"""What was measured in a PHMR document: sections, entries and observations, both ways.

In: typed parts and XML trees, each made from the other. Called by `render` and `read`. The order
of elements is that of HL7 CDA R2 (POCD_MT000040).
"""

import msgspec
from lxml import etree

from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import (
    Coded,
    Device,
    Entry,
    Observation,
    Range,
    Section,
    SectionKind,
)
from fhir_mapping.phmr.header import read_code, read_id, write_code, write_id
from fhir_mapping.phmr.product import read_equipment, read_product, write_equipment, write_product
from fhir_mapping.phmr.tree import (
    XSI_TYPE,
    attribute,
    cut,
    element,
    find,
    find_all,
    kept,
    places,
    rendered,
    said,
    templates,
)

_COMPONENT = {"typeCode": "COMP", "contextConductionInd": "true"}
_KIND_OF: dict[str, SectionKind] = {row[0]: kind for kind, row in codes.SECTIONS.items()}  # type: ignore[misc]


def render_section(section: Section) -> etree._Element:
    """A section and its entries, in the component that holds it."""
    children = [
        rendered(part, (), write_equipment, _device_again)
        if isinstance(part, Device)
        else _render_entry(part)
        for part in section.parts
    ]
    return rendered(section, children, _write_section, _read_section)


def read_section(component: etree._Element) -> Section | None:
    """The section of a component; None when it is of no kind that we know."""
    if attribute(component, "section/code", "code") not in _KIND_OF:
        return None
    own = _read_section(component)
    nodes: list[etree._Element] = []
    parts: list[Entry | Device] = []
    for node in find_all(component, "section/entry"):
        part = _read_device(node) if own.kind == "medical-equipment" else _read_entry(node)
        if part is not None:
            nodes.append(node)
            parts.append(part)
    shell = cut(component, nodes)
    section = msgspec.structs.replace(own, parts=tuple(parts))
    return kept(section, shell, _write_section(section))


def _write_section(section: Section) -> etree._Element:
    code, _, roots = codes.SECTIONS[section.kind]
    body = element(
        "section",
        *templates(*roots),
        element("code", code=code, codeSystem=codes.LOINC),
        element("title", text=section.title),
        element("text", text=section.text),
        *places(len(section.parts)),
        classCode="DOCSECT",
        moodCode="EVN",
    )
    return element("component", body, **_COMPONENT)


def _read_section(component: etree._Element) -> Section:
    section = find(component, "section")
    return Section(
        kind=_KIND_OF[attribute(section, "code", "code")],
        title=said(section, "title"),
        text=said(section, "text"),
        parts=(),
    )


def _read_device(entry: etree._Element) -> Device | None:
    device = read_equipment(entry)
    return None if device is None else kept(device, entry, write_equipment(device))


def _device_again(entry: etree._Element) -> Device:
    device = read_equipment(entry)
    assert device is not None, "a kept device was read as one"
    return device


def _render_entry(entry: Entry) -> etree._Element:
    children = [
        rendered(observation, (), _write_observation, _read_observation)
        for observation in entry.observations
    ]
    return rendered(entry, children, _write_entry, _read_own_entry)


def _read_entry(node: etree._Element) -> Entry | None:
    if find(node, "organizer") is None:
        return None
    nodes = [
        component
        for component in find_all(node, "organizer/component")
        if find(component, "observation") is not None
    ]
    observations = [_read_observation(component) for component in nodes]
    pairs = zip(observations, nodes, strict=True)
    entry = msgspec.structs.replace(
        _read_own_entry(node),
        observations=tuple(kept(part, xml, _write_observation(part)) for part, xml in pairs),
    )
    return kept(entry, cut(node, nodes), _write_entry(entry))


def _write_entry(entry: Entry) -> etree._Element:
    organizer = element(
        "organizer",
        *templates(codes.MEASURED_TOGETHER),
        *(write_id(value) for value in entry.ids),
        element("statusCode", code=entry.status) if entry.status else None,
        element("effectiveTime", value=entry.time),
        *places(len(entry.observations)),
        classCode="CLUSTER",
        moodCode="EVN",
    )
    return element("entry", organizer, **_COMPONENT)


def _read_own_entry(node: etree._Element) -> Entry:
    organizer = find(node, "organizer")
    return Entry(
        ids=tuple(read_id(value) for value in find_all(organizer, "id")),
        time=_read_time(organizer),
        observations=(),
        status=attribute(organizer, "statusCode", "code"),
        mood=attribute(organizer, "", "moodCode") or "EVN",
    )


def _read_time(parent: etree._Element | None) -> str:
    """The time of an organizer or an observation; of a period its beginning."""
    return attribute(parent, "effectiveTime", "value") or attribute(
        parent, "effectiveTime/low", "value"
    )


def _write_observation(said_of: Observation) -> etree._Element:
    code = element(
        "code",
        *(write_code("translation", value) for value in said_of.codes),
        nullFlavor="NI",
        codeSystem=codes.SNOMED,
        codeSystemName="SNOMED CT",
    )
    value = element(
        "value",
        xsi_type="PQ",
        value=said_of.value,
        nullFlavor=said_of.null_flavor or None,
        unit=said_of.unit or None,
    )
    device = said_of.device
    observation = element(
        "observation",
        *templates(codes.RESULT, codes.NUMERIC),
        *(write_id(value) for value in said_of.ids),
        code,
        element("statusCode", code=said_of.status) if said_of.status else None,
        value,
        *(_write_method(method) for method in said_of.methods),
        element("participant", write_product(device), typeCode="DEV") if device else None,
        *(_write_comment(text) for text in said_of.comments),
        _write_facts(said_of.facts) if said_of.facts else None,
        *(_write_range(limit) for limit in said_of.ranges),
        classCode="OBS",
        moodCode="EVN",
    )
    return element("component", observation, **_COMPONENT)


def _read_observation(component: etree._Element) -> Observation:
    node = find(component, "observation")
    value = find(node, "value")
    is_quantity = value is not None and value.get(XSI_TYPE, "").rpartition(":")[2] == "PQ"
    role = find(node, "participant/participantRole")
    acts = find_all(node, "entryRelationship/act")
    return Observation(
        ids=tuple(read_id(found) for found in find_all(node, "id")),
        codes=tuple(_read_codes(find(node, "code"))),
        value=value.get("value") if value is not None and is_quantity else None,
        unit=attribute(value, "", "unit"),
        null_flavor=attribute(value, "", "nullFlavor"),
        status=attribute(node, "statusCode", "code"),
        methods=tuple(found.get("code", "") for found in find_all(node, "methodCode")),
        device=None if role is None else read_product(role),
        comments=tuple(
            said(act, "text") for act in acts if _is(act, codes.COMMENT_CODE, codes.LOINC)
        ),
        facts=next(
            (said(act, "text") for act in acts if _is(act, codes.FACTS_CODE, codes.OUR_CODES)), ""
        ),
        ranges=tuple(_read_range(found) for found in find_all(node, "referenceRange")),
        time=_read_time(node),
        site=_read_words(find(node, "targetSiteCode")),
        marks=tuple(
            found.get("code", "")
            for found in find_all(node, "interpretationCode")
            if found.get("code")
        ),
        performer=_read_performer(node),
        mood=attribute(node, "", "moodCode") or "EVN",
        is_negated=attribute(node, "", "negationInd").strip() in ("true", "1"),
    )


def _read_words(code: etree._Element | None) -> str:
    """A code as people read it: its display, else its original text, else the code."""
    if code is None:
        return ""
    words = (code.get("displayName"), said(code, "originalText").strip(), code.get("code"))
    return next(filter(None, words), "")


def _read_performer(node: etree._Element | None) -> str:
    """Who measured, and where: person and organisation by name, else the number of the first."""
    for path in ("performer/assignedEntity", "author/assignedAuthor"):
        who = find(node, path)
        if who is None:
            continue
        names = (said(who, "assignedPerson/name"), said(who, "representedOrganization/name"))
        words = [" ".join(name.split()) for name in names if name.strip()]
        return ", ".join(words) or attribute(who, "id", "extension")
    return ""


def _read_codes(code: etree._Element | None) -> list[Coded]:
    """The code itself where it has one, then its translations."""
    if code is None:
        return []
    own = [read_code(code)] if code.get("code") and not code.get("nullFlavor") else []
    return own + [read_code(node) for node in find_all(code, "translation")]


def _is(act: etree._Element, code: tuple[str, str], system: str) -> bool:
    found = find(act, "code")
    return found is not None and (found.get("code"), found.get("codeSystem")) == (code[0], system)


def _write_method(method: str) -> etree._Element:
    value = Coded(
        method, codes.MESSAGE_CODES, codes.METHODS.get(method, ""), "MedCom Message Codes"
    )
    return write_code("methodCode", value)


def _write_comment(text: str) -> etree._Element:
    code, display = codes.COMMENT_CODE
    act = element(
        "act",
        *templates(codes.COMMENT),
        write_code("code", Coded(code, codes.LOINC, display, "LOINC")),
        element("text", text=text),
        element("statusCode", code="completed"),
        classCode="ACT",
        moodCode="EVN",
    )
    return element("entryRelationship", act, typeCode="SUBJ", inversionInd="true")


def _write_facts(text: str) -> etree._Element:
    code, display = codes.FACTS_CODE
    act = element(
        "act",
        write_code("code", Coded(code, codes.OUR_CODES, display, codes.OUR_NAME)),
        element("text", text=text),
        element("statusCode", code="completed"),
        classCode="ACT",
        moodCode="EVN",
    )
    return element("entryRelationship", act, typeCode="COMP")


def _write_range(limit: Range) -> etree._Element:
    ends = (
        element(tag, value=value, unit=limit.unit or None)
        for tag, value in (("low", limit.low), ("high", limit.high))
        if value is not None
    )
    code = Coded(
        limit.code, codes.MESSAGE_CODES, codes.RANGES.get(limit.code, ""), "MedCom Message Codes"
    )
    alarm = element(
        "observationRange",
        *templates(codes.ALARM_RANGE),
        write_code("code", code),
        element("value", *ends, xsi_type="IVL_PQ"),
        classCode="OBS",
        moodCode="EVN.CRT",
    )
    return element("referenceRange", alarm, typeCode="REFV")


def _read_range(node: etree._Element) -> Range:
    low, high = (find(node, f"observationRange/value/{end}") for end in ("low", "high"))
    return Range(
        code=attribute(node, "observationRange/code", "code"),
        low=None if low is None else low.get("value"),
        high=None if high is None else high.get("value"),
        unit=attribute(low, "", "unit") or attribute(high, "", "unit"),
    )
