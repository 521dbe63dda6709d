"""KIH as it is sent: a dataset 1.0.1 or 1.0.2, by itself or in the SOAP envelope of its service.

In: the bytes of a file. Out: whose reports stand in it, and which reports are deleted. A report
that the schema does not allow costs itself and no neighbour; of the citizen only the CPR number is
read. `read` is the strict reader of one whole dataset, whose parser and shape of a report this is.

1.0.2 says the same elements in namespaces of its own, and has author, custodian and legal
authenticator beside them; these, as everything that is no report, are named in `left_out`.

Sources: MedCom's schemas chronicdataset 1.0.0 and 1.0.1 and the KIH database's service
monitoringdataset 1.0.1 and 1.0.2 (create, get, delete); SOAP 1.1 and 1.2.
"""

import re
from collections.abc import Iterator

import msgspec
from lxml import etree

from fhir_mapping.kih.dataset import SHAPES, LaboratoryReport, tag_of
from fhir_mapping.kih.read import DatasetError, parsed, read_report

_OURS = re.compile(r"urn:oio:medcom:(chronicdataset|monitoringdataset):1\.0\.[0-9]+")
_SOAP = frozenset(
    {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)
_WRAPPERS = frozenset(
    {
        "CreateMonitoringDataset",
        "CreateMonitoringDatasetRequestMessage",
        "GetMonitoringDatasetResponse",
        "GetMonitoringDatasetResponseMessage",
        "DeleteMonitoringDataset",
    }
)
"""Elements of the service that only hold others."""
_DATASETS = frozenset({"CitizenMonitoringDataset", "MonitoringDatasetCollection"})
_DELETION = "DeleteMonitoringDatasetRequestMessage"
_HOLDERS = frozenset(
    {
        "SelfMonitoredSampleCollection",
        "SelfMonitoredSample",
        "LaboratoryReportExtendedCollection",
    }
)
_KNOWN = frozenset({"Citizen", "CreatedByText", "UuidIdentifier", "CreatedDateTime"})
"""What a sample or dataset has beside its reports, in any version, and nobody misses here."""
_REPORT = "LaboratoryReportExtended"
_WITHIN_REPORT = re.compile(rf".*{_REPORT}\[[0-9]+\]/")
_CPR = "PersonCivilRegistrationIdentifier"
_CPR_NUMBER = re.compile(r"([0-9]{6})-?([0-9]{4})", re.ASCII)
_LOCAL_TAGS = {
    tag_of(child.name).rpartition("}")[2]: tag_of(child.name)
    for shape in SHAPES.values()
    for child in shape
}
"""The schema's own tag of each element, by its local name."""
_OTHER_WORDS = {("MeasurementScheduled", "unscheduled"): "notscheduled"}
"""Words in use that the schema does not know: an exporter's constant."""
ROOTS = _DATASETS | _WRAPPERS | {_DELETION, "Envelope"}
"""Local names of the root elements that are read here."""


class Broken(msgspec.Struct, frozen=True, gc=False):
    """A report that is none by the schema: its place, its UUID if it has one, and the complaint."""

    place: int
    uuid: str
    element: str
    detail: str


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a message says of one citizen; every report has its place in the whole message."""

    cpr: str
    reports: tuple[tuple[int, LaboratoryReport], ...] = ()
    broken: tuple[Broken, ...] = ()
    deleted: tuple[tuple[int, str], ...] = ()
    """UUIDs of the reports that are deleted, each with its place."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Elements that nothing is made of: name and text."""


def read_message(xml: bytes) -> list[Told]:
    """What a KIH file says, by citizen, in its order; DatasetError when it is no KIH file.

    >>> read_message(b'<a xmlns="urn:oio:medcom:chronicdataset:1.0.2"/>')
    Traceback (most recent call last):
    fhir_mapping.kih.read.DatasetError: a is '', here may stand a dataset or a message of KIH
    """
    places = iter(range(10**9))
    told = []
    for node in _parts(parsed(xml)):
        is_deletion = _local(node) == _DELETION
        told.append(_deletion(node, places) if is_deletion else _dataset(node, places))
    return told


def _parts(node: etree._Element) -> Iterator[etree._Element]:
    """The datasets and deletions in an element, unwrapped."""
    name, namespace = _local(node), etree.QName(node).namespace or ""
    if namespace in _SOAP and name == "Envelope":
        bodies = [one for one in _elements(node) if _local(one) == "Body"]
        for child in (child for body in bodies for child in _elements(body)):
            yield from _parts(child)
    elif _OURS.fullmatch(namespace) and name in _WRAPPERS:
        for child in _elements(node):
            yield from _parts(child)
    elif _OURS.fullmatch(namespace) and (name in _DATASETS or name == _DELETION):
        yield node
    else:
        raise DatasetError(name, "", "here may stand a dataset or a message of KIH")


def _dataset(node: etree._Element, places: Iterator[int]) -> Told:
    reports: list[tuple[int, LaboratoryReport]] = []
    broken: list[Broken] = []
    left_out: list[tuple[str, str]] = []
    for element in _held(node, left_out):
        place = next(places)
        uuid = _text(element, "UuidIdentifier").lower()
        _make_plain(element)
        try:
            reports.append((place, read_report(element)))
        except DatasetError as error:
            name = _WITHIN_REPORT.sub("", error.element)
            broken.append(Broken(place, uuid, name, f"{name} is {error.value!r}, {error.limit}"))
    return Told(_cpr(node), tuple(reports), tuple(broken), left_out=tuple(left_out))


def _held(node: etree._Element, left_out: list[tuple[str, str]]) -> Iterator[etree._Element]:
    """The reports in an element, however deep; the rest goes to `left_out`."""
    for child in _elements(node):
        name = _local(child)
        if name == _REPORT:
            yield child
        elif name in _HOLDERS:
            yield from _held(child, left_out)
        elif name not in _KNOWN:
            texts = (str(text).strip() for text in child.itertext())
            left_out.append((name, " ".join(filter(None, texts))))


def _deletion(node: etree._Element, places: Iterator[int]) -> Told:
    uuids = [(one.text or "").strip().lower() for one in _all(node, "UuidIdentifier")]
    return Told(_cpr(node), deleted=tuple((next(places), uuid) for uuid in uuids))


def _make_plain(report: etree._Element) -> None:
    """Say a report in the schema's own namespaces and words, without space around a word."""
    for element in report.iter(etree.Element):
        namespace = etree.QName(element).namespace or ""
        if _OURS.fullmatch(namespace):
            element.tag = _LOCAL_TAGS.get(_local(element), element.tag)
        if not len(element) and element.text:
            text = element.text.strip()
            element.text = _OTHER_WORDS.get((_local(element), text), text)


def _cpr(node: etree._Element) -> str:
    """The citizen's CPR number, ten digits; empty where there is none."""
    found = _CPR_NUMBER.fullmatch(_text(node, _CPR))
    return "".join(found.groups()) if found else ""


def _text(node: etree._Element, name: str) -> str:
    return next(((one.text or "").strip() for one in _all(node, name)), "")


def _all(node: etree._Element, name: str) -> Iterator[etree._Element]:
    return (one for one in node.iter(etree.Element) if _local(one) == name)


def _elements(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if isinstance(child.tag, str)]


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname
