"""MedCom's own weight example, as KvalitetsIT publishes it: read, understood, and rendered whole.

The example is not part of this project: it is read from the folder named by HJEMMEPULS_EXAMPLES,
or from `shared/examples` beside the checkout (KvalitetsIT/kih-xds-generator).
"""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import etree

from fhir_mapping.phmr import Document, read_phmr, records_from, render_phmr
from fhir_mapping.phmr.document import Entry
from fhir_mapping.phmr.tree import canonical
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import HISTORY

BESIDE = Path(__file__).parents[4] / "shared" / "examples"
EXAMPLES = Path(os.environ.get("HJEMMEPULS_EXAMPLES", BESIDE)) / "phmr"


def example() -> bytes:
    path = EXAMPLES / "Ex1-Weight_measurement-MODIFIED.xml"
    if not path.is_file():
        pytest.skip(f"{path} is missing: set HJEMMEPULS_EXAMPLES to the folder of examples")
    return path.read_bytes()


def read(xml: bytes) -> Document:
    found = read_phmr(xml)
    assert isinstance(found, Document), found
    return found


def outline(node: Any) -> Any:
    """Names, attributes, texts and order; comments and white space that indents left out."""
    children = [outline(child) for child in node if isinstance(child.tag, str)]
    return node.tag, dict(node.attrib), (node.text or "").strip(), children


def test_nothing_is_lost() -> None:
    xml = example()
    again = render_phmr(read(xml))
    assert canonical(etree.fromstring(again)) == canonical(etree.fromstring(xml))
    assert outline(etree.fromstring(again)) == outline(etree.fromstring(xml))
    assert render_phmr(read(again)) == again


def test_the_typed_view_alone_gives_all_but_the_references() -> None:
    document = read(example())
    assert document.verbatim == ""
    entries = [part for one in document.sections for part in one.parts if isinstance(part, Entry)]
    assert [entry.observations[0].verbatim != "" for entry in entries] == [False, False, True]
    assert "externalDocument" in entries[2].observations[0].verbatim
    assert all(section.verbatim == "" for section in document.sections)


def test_its_content_is_understood() -> None:
    document = read(example())
    assert document.patient.ids[0].extension == "2512484916"
    assert document.patient.name is not None
    assert document.patient.name.given == ("Nancy", "Ann")
    assert document.author is not None
    assert document.author.id.extension == "241301000016007"
    assert document.period == ("20140106080200+0100", "20140110081500+0100")
    records = records_from(document, HISTORY)
    assert all(isinstance(record, Record) for record in records)
    facts = [(one.about, one.values, one.measured_ms, one.offset_min) for one in records]  # type: ignore[union-attr]
    assert facts == [
        ("weight", ("77.5",), 1_388_991_720_000, 60),
        ("weight", ("77.0",), 1_389_163_500_000, 60),
        ("weight", ("77.2",), 1_389_338_100_000, 60),
    ]
    assert {one.transferred_by for one in records} == {"automatic"}  # type: ignore[union-attr]
    assert len({one.id for one in records}) == 3  # type: ignore[union-attr]
    assert records_from(read(example()), HISTORY) == records


def test_a_changed_value_leaves_everything_else_as_it_stood() -> None:
    document = read(example())
    results = document.sections[1]
    entry = results.parts[0]
    assert isinstance(entry, Entry)
    other = msgspec.structs.replace(entry.observations[0], value="78.1")
    changed = msgspec.structs.replace(entry, observations=(other,))
    section = msgspec.structs.replace(results, parts=(changed, *results.parts[1:]))
    sections = (document.sections[0], section, document.sections[2])
    xml = render_phmr(msgspec.structs.replace(document, sections=sections))
    expected = example().replace(b'value="77.5"', b'value="78.1"')
    assert canonical(etree.fromstring(xml)) == canonical(etree.fromstring(expected))


def test_a_changed_part_is_never_shown_as_it_was() -> None:
    document = read(example())
    results = document.sections[1]
    entry = results.parts[2]
    assert isinstance(entry, Entry)
    assert entry.observations[0].verbatim
    other = msgspec.structs.replace(entry.observations[0], value="78.1")
    changed = msgspec.structs.replace(entry, observations=(other,))
    section = msgspec.structs.replace(results, parts=(*results.parts[:2], changed))
    sections = (document.sections[0], section, document.sections[2])
    xml = render_phmr(msgspec.structs.replace(document, sections=sections))
    assert b'value="78.1"' in xml
    assert b'value="77.2"' not in xml
    again = read(xml)
    assert again.sections[1].parts[:2] == results.parts[:2]
    assert render_phmr(again) == xml


def test_parts_may_be_added_and_taken_away() -> None:
    xml = example().replace(b"<title>Results</title>", b"<title>Results</title><x/>")
    document = read(xml)
    results = document.sections[1]
    assert results.verbatim
    for parts in ((), results.parts[:1], results.parts * 2):
        section = msgspec.structs.replace(results, parts=parts)
        sections = (document.sections[0], section, document.sections[2])
        again = read(render_phmr(msgspec.structs.replace(document, sections=sections)))
        assert again.sections[1].parts == parts
        assert (again.sections[1].verbatim == "") == (not parts) or b"<x" in render_phmr(again)


def test_what_we_do_not_know_stays_in_its_place() -> None:
    xml = example().decode()
    xml = xml.replace(
        "<title>Results</title>", '<title>Results</title><x:a xmlns:x="urn:x" y="z">q</x:a>'
    )
    xml = xml.replace("<statusCode", '<id root="1.2.3"/><code code="k"/><statusCode', 1)
    xml = xml.replace("<languageCode", '<!-- c --><languageCode nullFlavor="X"')
    xml = xml.replace(
        "<text>Results</text>", "<text>a<table><tr><td>b </td> <td/></tr></table> c</text>"
    )
    narrative = "<text><b>b</b> <i>i</i><br/></text>"
    xml = xml.replace("<text>Medical Equipment</text>", narrative)
    xml = xml.replace("</entry>", "</entry>stray", 1)
    body = '<structuredBody classCode="DOCBODY" moodCode="EVN">'
    assert body in xml
    xml = xml.replace(body, f'{body}<component><section><code code="1"/></section></component>')
    again = render_phmr(read(xml.encode()))
    assert canonical(etree.fromstring(again)) == canonical(etree.fromstring(xml.encode()))
    assert b"<!-- c -->" in again
    assert narrative.encode() in again
    assert b"</entry>stray" in again
