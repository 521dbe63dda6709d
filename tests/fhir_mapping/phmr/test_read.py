"""What anybody may send: refused with a sentence, never believed, never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import OBSERVABLES
from fhir_mapping.phmr import (
    DOCUMENT_BYTES_MAX,
    ELEMENTS_MAX,
    Document,
    Refusal,
    read_phmr,
    records_from,
    render_phmr,
)
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import HISTORY, stored
from tests.fhir_mapping.phmr.cases import DOCUMENTS, document

GOOD = render_phmr(document(stored("weight", {"weight": "74.5"}))).decode()
HEAD = GOOD.index("<ClinicalDocument")
PRESSURE = render_phmr(document(stored("blood_pressure"))).decode()
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def with_doctype(declarations: str, text: str) -> bytes:
    body = GOOD[HEAD:].replace("Åse", text)
    return f"<!DOCTYPE ClinicalDocument {declarations}>{body}".encode()


@pytest.mark.parametrize(
    "xml",
    [
        with_doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"),
        with_doctype('SYSTEM "http://localhost:1/cda.dtd"', "Åse"),
        with_doctype('[<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]', "Åse"),
        with_doctype(f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l9;"),
        with_doctype("", "Åse"),
        with_doctype('[<!ENTITY x "Åse">]', "&x;").decode().encode("utf-16"),
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a b="&l9;"/>'.encode(),
        b"",
        b"\x00\xff",
        b"<ClinicalDocument",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        GOOD.replace("urn:hl7-org:v3", "urn:x").encode(),
        GOOD.replace('<templateId root="2.16.840.1.113883.10.20.9"/>', "").encode(),
        GOOD.replace('extension="6101010000"', "").encode(),
        GOOD.replace(
            "</recordTarget>", "</recordTarget><recordTarget><patientRole/></recordTarget>"
        )
        .replace("<patientRole/>", '<patientRole><id root="1.2" extension="3"/></patientRole>')
        .encode(),
        (b"<a>" * 1000) + (b"</a>" * 1000),
        GOOD.replace("</recordTarget>", '<x xmlns="relative"/></recordTarget>').encode(),
        GOOD.replace("</recordTarget>", f"{'<x/>' * ELEMENTS_MAX}</recordTarget>").encode(),
    ],
)
def test_it_is_refused(xml: bytes) -> None:
    refusal = read_phmr(xml)
    assert isinstance(refusal, Refusal)
    assert refusal.detail
    assert "root:" not in refusal.detail


@pytest.mark.parametrize("address", ["relative", "//host", "#part"])
@pytest.mark.parametrize(
    "place",
    ["ClinicalDocument", "assignedAuthor", "section", "entry", "organizer", "observation", "value"],
)
def test_what_cannot_be_compared_is_refused_wherever_it_stands(place: str, address: str) -> None:
    assert f"<{place}" in GOOD
    refusal = read_phmr(GOOD.replace(f"<{place}", f'<{place} xmlns:q="{address}"', 1).encode())
    assert isinstance(refusal, Refusal)
    assert refusal.limit == "a namespace must be an absolute URI"


def test_a_refusal_of_a_document_type_says_so() -> None:
    refusal = read_phmr(with_doctype("", "Åse"))
    assert isinstance(refusal, Refusal)
    assert refusal.element == "<!DOCTYPE"


def test_what_is_too_large_is_not_parsed() -> None:
    refusal = read_phmr(GOOD.encode() + b" " * DOCUMENT_BYTES_MAX)
    assert isinstance(refusal, Refusal)
    assert refusal.limit == f"at most {DOCUMENT_BYTES_MAX} are read"


def test_no_processing_instruction_marks_a_place() -> None:
    xml = GOOD.replace("<structuredBody", "<?hm-part?><structuredBody", 1)
    xml = xml.replace("<section", "<?hm-part x?><section", 1)
    assert read_phmr(xml.encode()) == read_phmr(GOOD.encode())


def of(xml: str) -> Refusal:
    """The one refusal that stands where the one record stood."""
    found = read_phmr(xml.encode())
    assert isinstance(found, Document)
    (refusal,) = records_from(found, HISTORY)
    assert isinstance(refusal, Refusal), refusal
    return refusal


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ('value="74.5"', 'value="74,5"', "value/@value"),
        ('value="74.5"', 'value="7e1"', "value/@value"),
        ('value="74.5"', f'value="7{"0" * 40}"', "value/@value"),
        ('value="74.5"', 'value="501"', "value/@value"),
        ('value="74.5"', 'value="74.5" nullFlavor="UNK"', "value/@value"),
        ('value="74.5" ', "", "/value"),
        ('xsi:type="PQ"', 'xsi:type="ST"', "/value"),
        ('unit="kg"', 'unit="lb"', "value/@unit"),
        ('unit="kg"', "", "value/@unit"),
        ('code="NPU03804"', 'code="NPU03011"', "/code"),
        ('code="POT"', 'code="AUT"', "methodCode/@code"),
        ('code="AUT"', 'code="QQQ"', "methodCode/@code"),
        (
            '<statusCode code="completed"/>\n                  <value',
            '<statusCode code="aborted"/><value',
            "statusCode/@code",
        ),
        ('+0100"/>\n              <component', '"/><component', "effectiveTime/@value"),
        (
            'value="20260218073051.120+0100"/>\n              <component',
            'value="20261318073051+0100"/><component',
            "effectiveTime/@value",
        ),
        (
            'value="20260218073051.120+0100"/>\n              <component',
            'value="19691231235959+0000"/><component',
            "effectiveTime/@value",
        ),
        ('"identity":"', '"identity":"x', "text"),
        ('"part":7', '"part":64', "text"),
        ('"part":7', '"park":7', "text"),
        ('"slot":1', '"slot":"1"', "text"),
        ('"slot":1', '"slot":1,"values":["3"]', "text"),
        ('"slot":1', '"slot":1,"circumstances":"x"', "text"),
        ('"device_time":"2026', '"device_time":"20x6', "text"),
        ('"device_time":"2026-02', '"device_time":"2026-13', "text"),
        ('extension="019c', 'extension="019', "id/@extension"),
    ],
)
def test_a_broken_measurement_is_refused_by_name(old: str, new: str, element: str) -> None:
    assert old in GOOD
    refusal = of(GOOD.replace(old, new))
    assert refusal.element.endswith(element)
    assert refusal.element.startswith("section[30954-2]/entry[1]/organizer")
    assert refusal.limit


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ('code="AUT"', 'code="TPD"', "methodCode"),
        ('code="DNK05472"', 'code="DNK05473"', "component[1]/observation/code"),
        ('code="150021"', 'code="150022"', "component[1]/observation/code"),
        ('value="134"', 'value="82"', "text"),
        ('value="134"', 'value="81"', "text"),
    ],
)
def test_a_broken_blood_pressure_is_refused_by_name(old: str, new: str, element: str) -> None:
    start = PRESSURE.index("<entry")
    body = PRESSURE[start:]
    assert old in body
    refusal = of(PRESSURE[:start] + body.replace(old, new, 1))
    assert refusal.element.endswith(element)


def test_a_record_about_two_things_or_one_thing_twice_is_refused() -> None:
    start, end = PRESSURE.index("<entry"), PRESSURE.index("</entry>")
    body = PRESSURE[start:end]
    other = body.replace("DNK05472", "NPU21692").replace("150021", "149546")
    other = other.replace('value="134" unit="mmHg"', 'value="70" unit="1/min"')
    refusal = of(PRESSURE[:start] + other + PRESSURE[end:])
    assert refusal.value == "blood_pressure pulse_cuff"
    other = body.replace("DNK05472", "DNK05473").replace("150021", "150022")
    other = other.replace('value="134"', 'value="83"')
    refusal = of(PRESSURE[:start] + other + PRESSURE[end:])
    assert "stands once" in refusal.limit


def test_what_cda_says_is_believed_over_what_it_said_before() -> None:
    xml = GOOD.replace('value="74.5"', 'value="74.0"').replace('code="AUT"', 'code="TPD"')
    found = read_phmr(xml.encode())
    assert isinstance(found, Document)
    (record,) = records_from(found, HISTORY)
    assert isinstance(record, Record)
    assert (record.values, record.transferred_by) == (("74.0",), "typed")
    assert render_phmr(found) != GOOD.encode()


def test_a_bad_neighbour_blocks_nobody() -> None:
    xml = (
        render_phmr(DOCUMENTS["mixed"])
        .decode()
        .replace('value="74.0" unit="kg"', 'value="74.0" unit="st"')
    )
    found = read_phmr(xml.encode())
    assert isinstance(found, Document)
    everything = records_from(found, HISTORY)
    refusals = [item for item in everything if isinstance(item, Refusal)]
    assert len(refusals) == 1
    assert len(everything) == len(OBSERVABLES)


def test_a_document_without_sections_is_refused_and_not_empty() -> None:
    start, end = GOOD.index("<structuredBody"), GOOD.index("</structuredBody>")
    xml = GOOD[:start] + "<nonXMLBody><text>x</text></nonXMLBody>" + GOOD[end + 17 :]
    assert of(xml).element == "component/structuredBody"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_never_raises(data: st.DataObject) -> None:
    xml = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(xml) - 1))
        end = start + data.draw(st.integers(0, 40))
        xml[start:end] = data.draw(st.binary(max_size=6) | st.sampled_from([b"", b'"', b"<", b"9"]))
    found = read_phmr(bytes(xml))
    if isinstance(found, Document):
        for item in records_from(found, HISTORY):
            assert item is not None
        render_phmr(found)
