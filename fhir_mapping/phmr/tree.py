"""Small things about XML that this package needs everywhere: making, finding, comparing, keeping.

How nothing of a foreign document is lost: each part is read into its typed fields, written again
from those alone, and compared with what stood there. Where the two differ in any element,
attribute or text, the part keeps its XML (`kept`), with the listed parts inside it cut out and
their places marked. When it is rendered and its own typed fields have not been changed, that XML
is used again and the listed parts are put back in their places. A part whose own fields have been
changed is written anew from its fields; its neighbours, its parts and what contains it are not.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import msgspec
from lxml import etree

from fhir_mapping.phmr.document import Device, Document, Entry, Observation, Section

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE = f"{{{XSI}}}type"
_NAMESPACES = {None: HL7, "xsi": XSI}
_PLACE = "hm-part"
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_NARRATIVE = f"{{{HL7}}}text"

Part = TypeVar("Part", Document, Section, Entry, Observation, Device)


def printable(text: str) -> str:
    r"""The text in the letters that XML 1.0 allows; any other becomes a replacement character.

    >>> printable("b3\x01")
    'b3�'
    """
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def element(
    tag: str, *children: etree._Element | None, text: str = "", **attributes: str | None
) -> etree._Element:
    """An HL7 element; a child or attribute that is None is left out, `xsi_type` is xsi:type.

    >>> canonical(element("value", xsi_type="PQ", unit=None)).decode().rpartition(" ")[2]
    'xsi:type="PQ"></value>'
    """
    made = etree.Element(f"{{{HL7}}}{tag}", nsmap=_NAMESPACES)
    for name, value in attributes.items():
        if value is not None:
            made.set(XSI_TYPE if name == "xsi_type" else name, value)
    if text:
        made.text = text
    made.extend(child for child in children if child is not None)
    return made


def templates(*roots: str) -> list[etree._Element]:
    """One templateId for each root."""
    return [element("templateId", root=root) for root in roots]


def find(parent: etree._Element | None, path: str) -> etree._Element | None:
    """The first HL7 element at this path of plain names, or None.

    >>> find(element("a", element("b", element("c", code="x"))), "b/c").get("code")
    'x'
    """
    if parent is None:
        return None
    return parent.find("/".join(f"{{{HL7}}}{step}" for step in path.split("/")))


def find_all(parent: etree._Element | None, path: str) -> list[etree._Element]:
    """Every HL7 element at this path of plain names."""
    if parent is None:
        return []
    return parent.findall("/".join(f"{{{HL7}}}{step}" for step in path.split("/")))


def said(parent: etree._Element | None, path: str) -> str:
    """The text of the element at this path, "" when there is none."""
    return text_of(find(parent, path))


def text_of(node: etree._Element | None) -> str:
    """All text inside an element, "" for none."""
    return "" if node is None else "".join(node.itertext(with_tail=False))


def attribute(parent: etree._Element | None, path: str, name: str) -> str:
    """An attribute of the element at this path, "" when either is missing."""
    found = find(parent, path) if path else parent
    return "" if found is None else found.get(name, "")


def places(count: int) -> list[etree._Element]:
    """Marks for so many listed parts that stand one after another."""
    return [etree.ProcessingInstruction(_PLACE) for _ in range(count)]


def cut(shell: etree._Element, listed: Iterable[etree._Element]) -> etree._Element:
    """The shell, from which the listed elements are taken out and their places marked."""
    for node in listed:
        mark = etree.ProcessingInstruction(_PLACE)
        mark.tail = node.tail
        holder = node.getparent()
        assert holder is not None, "only what is inside can be listed"
        holder.replace(node, mark)
    return shell


def _fill(shell: etree._Element, children: Sequence[etree._Element]) -> etree._Element:
    """The shell with its marks replaced by the children; surplus ones follow the last mark."""
    nodes: Iterable[Any] = shell.iter(etree.ProcessingInstruction)
    marks = [node for node in nodes if node.target == _PLACE]
    assert marks or not children, "a shell without a place for its parts"
    for place, mark in enumerate(marks):
        parent = mark.getparent()
        assert parent is not None
        last = place == len(marks) - 1
        here = children[place:] if last else children[place : place + 1]
        for child in here:
            mark.addprevious(child)
        if here:
            here[-1].tail = mark.tail
        parent.remove(mark)
    return shell


def kept(part: Part, source: etree._Element, fresh: etree._Element) -> Part:
    """The part, with its XML where the typed fields alone do not give it."""
    if canonical(source) == canonical(fresh):
        return part
    _indent(source, None)
    xml = etree.tostring(source, encoding="unicode", with_tail=False)
    return msgspec.structs.replace(part, verbatim=xml)


def rendered(
    part: Part,
    children: Sequence[etree._Element],
    write: Callable[[Part], etree._Element],
    read: Callable[[etree._Element], Part],
) -> etree._Element:
    """The part as XML: as it was kept while its own fields are unchanged, else written anew.

    `write` makes the shell from the fields, with marks for the listed parts; `read` reads the
    fields from a shell, with no listed parts in it.
    """
    if part.verbatim:
        shell = etree.fromstring(part.verbatim, _parser())
        if read(shell) == own_fields(part):
            return _fill(shell, children)
    return _fill(write(part), children)


def own_fields(part: Part) -> Part:
    """The part without its listed parts and without its XML."""
    empty = {name: () for name in ("sections", "parts", "observations") if hasattr(part, name)}
    return msgspec.structs.replace(part, verbatim="", **empty)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def canonical(node: etree._Element) -> bytes:
    """Canonical XML without comments and without white space that only indents.

    >>> canonical(etree.fromstring('<a b="1" a="2"> <c/> </a>'))
    b'<a a="2" b="1"><c></c></a>'
    """
    copy = deepcopy(node)
    copy.tail = None
    _indent(copy, None)
    return etree.tostring(copy, method="c14n", exclusive=True, with_comments=False)


def to_bytes(root: etree._Element) -> bytes:
    """The tree as a file: UTF-8, indented by two spaces, the same bytes for the same tree."""
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xsi"])
    _indent(root, "\n")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _indent(node: etree._Element, line: str | None) -> None:
    """Set the white space between child elements: none, or a new line and two spaces a level.

    Where text that says something stands between elements, the white space there is left alone,
    and a narrative `text` is left alone as a whole.
    """
    children = list(node)
    if not children or node.tag == _NARRATIVE:
        return
    inner = None if line is None else line + "  "
    mixed = any(text and text.strip() for text in (node.text, *(child.tail for child in children)))
    if not mixed:
        node.text = inner
    for child in children:
        if not mixed:
            child.tail = inner
        if isinstance(child.tag, str):
            _indent(child, inner)
    if not mixed:
        children[-1].tail = line
