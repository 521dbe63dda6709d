"""XML as a dataset: every element that the schema knows, and none that it does not.

In: the bytes of a document from anywhere. Out: a `CitizenMonitoringDataset`, or a `DatasetError`
that names element, value and limit. The parser is closed: no DTD, no entity, no network, no
document above `DATASET_BYTES_MAX`. Comments, processing instructions, white space between
elements and `xsi:schemaLocation` are no data and are left out; anything else unknown is an error.
"""

from typing import Any, Final, cast

from lxml import etree

from fhir_mapping.kih.dataset import (
    ROOT,
    SHAPES,
    Child,
    CitizenMonitoringDataset,
    Country,
    LaboratoryReport,
    Struct,
    local_name,
    tag_of,
)

DATASET_BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest document read: about three years of one home that measures everything daily."""
_VALUE_SHOWN_MAX = 80
_SPACE = " \t\r\n"
_SCHEMA_HINTS = frozenset(
    f"{{http://www.w3.org/2001/XMLSchema-instance}}{name}"
    for name in ("schemaLocation", "noNamespaceSchemaLocation")
)


class DatasetError(ValueError):
    """The document is no `CitizenMonitoringDataset` 1.0.1.

    `element` is the path to the element, `value` what stands there, `limit` what may.
    """

    def __init__(self, element: str, value: str, limit: str) -> None:
        self.element = element
        self.value = value if len(value) <= _VALUE_SHOWN_MAX else f"{value[:_VALUE_SHOWN_MAX]}…"
        self.limit = limit
        super().__init__(f"{element} is {self.value!r}, {limit}")


def read_dataset(xml: bytes) -> CitizenMonitoringDataset:
    """The dataset as written, or DatasetError; nothing of the document is ever dropped."""
    root = parsed(xml)
    if root.tag != tag_of(ROOT):
        raise DatasetError("the root", str(root.tag), f"it must be {tag_of(ROOT)}")
    _check_attributes(root)
    return cast("CitizenMonitoringDataset", _struct(root, CitizenMonitoringDataset))


def read_report(element: etree._Element) -> LaboratoryReport:
    """One LaboratoryReportExtended as written, or DatasetError."""
    _check_attributes(element)
    return cast("LaboratoryReport", _struct(element, LaboratoryReport))


def parsed(xml: bytes) -> etree._Element:
    """The root element of a document that the closed parser takes, or DatasetError."""
    if len(xml) > DATASET_BYTES_MAX:
        limit = f"at most {DATASET_BYTES_MAX} bytes are read"
        raise DatasetError("the document", f"{len(xml)} bytes", limit)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DatasetError("the document", str(error), "it must be well-formed XML") from None
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise DatasetError("the document", document.doctype, "a document type is not allowed")
    return root


def _struct(node: etree._Element, kind: type[Struct]) -> Struct:
    """The children of one element, in the schema's order."""
    _check_space(node, node.text, "it holds elements, no text")
    shape = _SHAPES[kind]
    values: dict[str, Any] = {}
    place = 0
    for element in node:
        _check_space(element, element.tail, "no text may follow the element")
        tag = element.tag
        start = place
        while place < len(shape) and shape[place][0] != tag and not shape[place][1].required:
            place += 1
        if place == len(shape) or shape[place][0] != tag:
            wanted = " or ".join(local_name(child) for _, child in shape[start : place + 1])
            raise DatasetError(_path(element), str(tag), f"here may stand {wanted or 'nothing'}")
        child = shape[place][1]
        values[child.field] = _child(element, child)
        place += 1
    for _, child in shape[place:]:
        if child.required:
            path = f"{_path(node)}/{local_name(child)}"
            raise DatasetError(path, "", "the element is required")
    return kind(**values)


def _child(element: etree._Element, child: Child) -> Any:
    if child.kind is Country:
        scheme = element.attrib.pop("scheme", None)
        _check_attributes(element)
        return Country(_text(element), None if scheme is None else str(scheme))
    _check_attributes(element)
    if child.kind is str:
        text = _text(element)
        if child.limit and not child.limit.fullmatch(text):
            raise DatasetError(_path(element), text, f"it must be {child.said}")
        return text
    kind = cast("type[Struct]", child.kind)
    if not child.item:
        return _struct(element, kind)
    return _items(element, tag_of(child.item), kind)


def _items(node: etree._Element, tag: str, kind: type[Struct]) -> tuple[Struct, ...]:
    """A collection: at least one element of this name, and no other."""
    _check_space(node, node.text, "it holds elements, no text")
    for element in node:
        _check_space(element, element.tail, "no text may follow the element")
        if element.tag != tag:
            raise DatasetError(_path(element), str(element.tag), f"here may stand {tag}")
        _check_attributes(element)
    if not len(node):
        raise DatasetError(_path(node), "", f"at least one {tag} is required")
    return tuple(_struct(element, kind) for element in node)


def _text(element: etree._Element) -> str:
    if len(element):
        raise DatasetError(_path(element), str(element[0].tag), "it holds text, no elements")
    return element.text or ""


def _check_space(element: etree._Element, text: str | None, limit: str) -> None:
    if text and text.strip(_SPACE):
        raise DatasetError(_path(element), text.strip(_SPACE), limit)


def _check_attributes(element: etree._Element) -> None:
    for name, value in element.attrib.items():
        if name not in _SCHEMA_HINTS:
            raise DatasetError(f"{_path(element)}/@{name}", str(value), "no attribute is allowed")


def _path(element: etree._Element) -> str:
    """The way to an element, with its place where a collection has several."""
    parts = []
    node: etree._Element | None = element
    while node is not None:
        tag = str(node.tag)
        parent = node.getparent()
        place = ""
        if tag in _ITEMS and parent is not None:
            place = f"[{parent.index(node) + 1}]"
        parts.append(f"{tag.rpartition('}')[2]}{place}")
        node = parent
    return "/".join(reversed(parts))


_SHAPES = {kind: tuple((child.tag, child) for child in shape) for kind, shape in SHAPES.items()}
_ITEMS = frozenset(tag_of(child.item) for shape in SHAPES.values() for child in shape if child.item)
