"""Who a PHMR document is about, who answers for it, and which period it covers: both ways.

In: the typed header and an XML tree, each made from the other. Called by `render` and `read`.
What our citizens and organisations do not have (an address, a person who signs) is said to be
unknown with nullFlavor NI, since PHMR wants the element (CONF-PHMR-4, -7 and -31).
"""

from lxml import etree

from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Address, Coded, Id, Name, Party, Patient, Telecom
from fhir_mapping.phmr.tree import attribute, element, find, find_all, said, text_of

_SERVICE = {"classCode": "MPROT", "moodCode": "EVN"}


def write_id(value: Id, tag: str = "id") -> etree._Element:
    """An instance identifier; parts that are empty are left out."""
    return element(
        tag,
        extension=value.extension or None,
        root=value.root or None,
        assigningAuthorityName=value.authority or None,
    )


def read_id(node: etree._Element | None) -> Id:
    """The identifier at this element, empty when there is none."""
    return Id(
        attribute(node, "", "root"),
        attribute(node, "", "extension"),
        attribute(node, "", "assigningAuthorityName"),
    )


def write_code(tag: str, value: Coded, *children: etree._Element) -> etree._Element:
    """A code; parts that are empty are left out."""
    return element(
        tag,
        *children,
        code=value.code,
        codeSystem=value.system or None,
        displayName=value.display or None,
        codeSystemName=value.system_name or None,
    )


def read_code(node: etree._Element) -> Coded:
    """The code at this element."""
    return Coded(
        node.get("code", ""),
        node.get("codeSystem", ""),
        node.get("displayName", ""),
        node.get("codeSystemName", ""),
    )


def write_patient(patient: Patient) -> etree._Element:
    """The recordTarget."""
    sex = element("administrativeGenderCode", code=patient.gender, codeSystem=codes.GENDER)
    birth = element(
        "birthTime",
        value=patient.birth or None,
        nullFlavor=None if patient.birth else "NI",
    )
    person = element(
        "patient",
        _write_name(patient.name),
        sex,
        birth,
        classCode="PSN",
        determinerCode="INSTANCE",
    )
    role = element(
        "patientRole",
        *(write_id(value) for value in patient.ids),
        _write_address(patient.address),
        *_write_telecoms(patient.telecoms),
        person,
        classCode="PAT",
    )
    return element("recordTarget", role, typeCode="RCT", contextControlCode="OP")


def read_patient(root: etree._Element) -> Patient:
    """The first recordTarget of a document."""
    role = find(root, "recordTarget/patientRole")
    return Patient(
        ids=tuple(read_id(node) for node in find_all(role, "id")),
        name=_read_name(find(role, "patient/name")),
        address=_read_address(find(role, "addr")),
        telecoms=_read_telecoms(role),
        gender=attribute(role, "patient/administrativeGenderCode", "code"),
        birth=attribute(role, "patient/birthTime", "value"),
    )


def write_author(party: Party) -> etree._Element:
    """The author."""
    role = element("assignedAuthor", *_write_assigned(party), classCode="ASSIGNED")
    time = element("time", value=party.time)
    return element("author", time, role, typeCode="AUT", contextControlCode="OP")


def write_legal_authenticator(party: Party) -> etree._Element:
    """Who answers for the document; that it is signed by hand is not claimed."""
    role = element("assignedEntity", *_write_assigned(party), classCode="ASSIGNED")
    time = element("time", value=party.time)
    sign = element("signatureCode", nullFlavor="NI")
    return element("legalAuthenticator", time, sign, role, typeCode="LA", contextControlCode="OP")


def write_custodian(party: Party) -> etree._Element:
    """The organisation that keeps the document."""
    organisation = element(
        "representedCustodianOrganization",
        write_id(party.id),
        element("name", text=party.organisation),
        *_write_telecoms(party.telecoms),
        _write_address(party.address),
        classCode="ORG",
        determinerCode="INSTANCE",
    )
    role = element("assignedCustodian", organisation, classCode="ASSIGNED")
    return element("custodian", role, typeCode="CST")


def read_author(root: etree._Element) -> Party | None:
    """The first author of a document."""
    return _read_assigned(find(root, "author"), "assignedAuthor")


def read_legal_authenticator(root: etree._Element) -> Party | None:
    """The legal authenticator of a document."""
    return _read_assigned(find(root, "legalAuthenticator"), "assignedEntity")


def read_custodian(root: etree._Element) -> Party | None:
    """The custodian of a document."""
    node = find(root, "custodian/assignedCustodian/representedCustodianOrganization")
    if node is None:
        return None
    return Party(
        id=read_id(find(node, "id")),
        organisation=said(node, "name"),
        address=_read_address(find(node, "addr")),
        telecoms=_read_telecoms(node),
    )


def write_services(period: tuple[str, str], services: tuple[Coded, ...]) -> list[etree._Element]:
    """The monitored period, then one service event for each code."""
    low, high = (
        element(tag, value=value or None, nullFlavor=None if value else "NI")
        for tag, value in zip(("low", "high"), period, strict=True)
    )
    events = [element("serviceEvent", element("effectiveTime", low, high), **_SERVICE)]
    events += [
        element("serviceEvent", write_code("code", service), **_SERVICE) for service in services
    ]
    return [element("documentationOf", event, typeCode="DOC") for event in events]


def read_services(root: etree._Element) -> tuple[tuple[str, str], tuple[Coded, ...]]:
    """The monitored period (its ends "" when not said) and the codes of what was monitored."""
    events = find_all(root, "documentationOf/serviceEvent")
    timed = next((event for event in events if find(event, "effectiveTime") is not None), None)
    period = (
        attribute(timed, "effectiveTime/low", "value") if timed is not None else "",
        attribute(timed, "effectiveTime/high", "value") if timed is not None else "",
    )
    nodes = [node for event in events if (node := find(event, "code")) is not None]
    return period, tuple(read_code(node) for node in nodes)


def _write_assigned(party: Party) -> list[etree._Element]:
    unknown = element("streetAddressLine", nullFlavor="NI")
    organisation = element(
        "representedOrganization",
        element("name", text=party.organisation),
        element("telecom", nullFlavor="NI"),
        element("addr", unknown, use="WP"),
        classCode="ORG",
        determinerCode="INSTANCE",
    )
    person = element(
        "assignedPerson",
        _write_name(party.person),
        classCode="PSN",
        determinerCode="INSTANCE",
    )
    return [
        write_id(party.id),
        _write_address(party.address),
        *_write_telecoms(party.telecoms),
        person,
        organisation,
    ]


def _read_assigned(node: etree._Element | None, tag: str) -> Party | None:
    role = find(node, tag)
    if role is None:
        return None
    return Party(
        id=read_id(find(role, "id")),
        organisation=said(role, "representedOrganization/name"),
        time=attribute(node, "time", "value"),
        person=_read_name(find(role, "assignedPerson/name")),
        address=_read_address(find(role, "addr")),
        telecoms=_read_telecoms(role),
    )


def _write_name(name: Name | None) -> etree._Element:
    if name is None:
        return element("name", nullFlavor="NI")
    given = (element("given", text=text) for text in name.given)
    return element("name", *given, element("family", text=name.family))


def _read_name(node: etree._Element | None) -> Name | None:
    if node is None or node.get("nullFlavor"):
        return None
    return Name(tuple(text_of(given) for given in find_all(node, "given")), said(node, "family"))


def _write_address(address: Address | None) -> etree._Element:
    if address is None:
        return element("addr", nullFlavor="NI")
    return element(
        "addr",
        *(element("streetAddressLine", text=line) for line in address.street),
        *(
            element(tag, text=text)
            for tag, text in (
                ("postalCode", address.postal_code),
                ("city", address.city),
                ("country", address.country),
            )
            if text
        ),
        use=address.use or None,
    )


def _read_address(node: etree._Element | None) -> Address | None:
    if node is None or node.get("nullFlavor"):
        return None
    return Address(
        use=node.get("use", ""),
        street=tuple(text_of(line) for line in find_all(node, "streetAddressLine")),
        postal_code=said(node, "postalCode"),
        city=said(node, "city"),
        country=said(node, "country"),
    )


def _write_telecoms(telecoms: tuple[Telecom, ...]) -> list[etree._Element]:
    if not telecoms:
        return [element("telecom", nullFlavor="NI")]
    return [element("telecom", value=line.value, use=line.use or None) for line in telecoms]


def _read_telecoms(parent: etree._Element | None) -> tuple[Telecom, ...]:
    return tuple(
        Telecom(node.get("value", ""), node.get("use", ""))
        for node in find_all(parent, "telecom")
        if not node.get("nullFlavor")
    )
