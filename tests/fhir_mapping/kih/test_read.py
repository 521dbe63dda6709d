"""Reading: the official example without loss, and nothing that is not of the schema."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fhir_mapping.kih import read
from fhir_mapping.kih.dataset import (
    SHAPES,
    Address,
    Citizen,
    CitizenMonitoringDataset,
    Country,
    Instrument,
    LaboratoryReport,
    PersonName,
    Producer,
    Sample,
)
from fhir_mapping.kih.read import DatasetError, read_dataset
from fhir_mapping.kih.write import render_dataset
from tests.fhir_mapping.kih.cases import DOCUMENTS, OPENTELE, canonical, check_schema, official

XML = render_dataset(DOCUMENTS["blood_pressure"])


def test_the_official_example_comes_back_without_loss() -> None:
    xml = official()
    assert canonical(render_dataset(read_dataset(xml))) == canonical(xml)


def test_odd_values_of_the_official_example_stand_as_written() -> None:
    first, second, *_ = read_dataset(official()).reports
    assert second.national_sample == "999999991"
    assert (second.minimum, second.maximum) == ("unspecified", "unspecified")
    assert (first.operator, first.abnormal, first.interval) == (
        "less_than",
        "to_high",
        "therapeutic",
    )
    assert first.created == "2006-05-04T18:13:51.0Z"
    assert first.comment is not None
    assert "\n" in first.comment


FULL = CitizenMonitoringDataset(
    Citizen(
        "7101480010",
        PersonName("Åse", "Marie", "Ørsted"),
        Address(
            mail_delivery_sublocation="c/o Sø",
            street="Skovvejen",
            street_for_addressing="Skovv.",
            building="12",
            floor="3",
            suite="tv",
            district_subdivision="Skejby",
            post_box="77",
            post_code="8010",
            district="Aarhus N",
            country=Country("DK", "iso3166-alpha2"),
        ),
        "12345678",
        "aase@example.dk",
    ),
    (
        Sample(
            (
                LaboratoryReport(
                    uuid="B33BE781-bf97-11e1-afa7-0800200c9a66",
                    created="2006-05-04T18:13:51",
                    analysis="",
                    result=" 3,2\n",
                    encoding="alphanumeric",
                    operator="greater_than",
                    unit="\t",
                    abnormal="abnormal",
                    minimum="1",
                    maximum="3",
                    interval="physiological",
                    national_sample="",
                    iupac="NPU",
                    producer=Producer("x", "PNT"),
                    instrument=Instrument("1", "2", "3", "4", "5"),
                    transferred_by="typedbyhcprof",
                    location="institution",
                    classification="notclinical",
                    duration="120 sek",
                    scheduled="notscheduled",
                    comment="\r\n&]]><b>\U0001f9ea\"'",
                    circumstances="",
                ),
            ),
            "",
        ),
    ),
)


def test_every_element_there_is_comes_back_as_written() -> None:
    xml = render_dataset(FULL)
    assert read_dataset(xml) == FULL
    check_schema(xml)
    names = {child.name for shape in SHAPES.values() for child in shape}
    assert all(f"<{name}".encode() in xml for name in names)


@settings(deadline=None)
@given(st.text(max_size=40) | st.text("]]>&<\"'\r\n\t \x00\x0b\ufffe\U0001f9ea", max_size=20))
def test_any_text_comes_back_but_for_what_xml_cannot_say(text: str) -> None:
    report = DOCUMENTS["weight"].reports[0]
    fields = {name: getattr(report, name) for name in report.__struct_fields__}
    said = LaboratoryReport(**fields | {"comment": text, "instrument": Instrument(text)})
    dataset = CitizenMonitoringDataset(Citizen("7101480010"), (Sample((said,), text),))
    xml = render_dataset(dataset)
    allowed = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    back = read_dataset(xml)
    (found,) = back.reports
    assert found.comment == allowed
    assert found.instrument == Instrument(allowed)
    assert render_dataset(back) == xml


def test_comments_cdata_and_instructions_change_no_text() -> None:
    xml = XML.replace(b">134<", b">1<!-- 9 --><![CDATA[3]]><?x y?>4<")
    assert read_dataset(b"<!-- x -->" + xml.partition(b"\n")[2]) == DOCUMENTS["blood_pressure"]


def test_other_prefixes_and_encodings_are_the_same_document() -> None:
    text = XML.decode().replace("mc101:", "a:").replace("xmlns:mc101=", "xmlns:a=")
    text = text.replace("UTF-8", "UTF-16")
    assert read_dataset(text.encode("utf-16")) == DOCUMENTS["blood_pressure"]


def _swap(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(xml: bytes) -> bytes:
        assert old.encode() in xml
        return xml.replace(old.encode(), new.encode(), 1)

    return change


HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
REFUSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda xml: b"", "the document"),
    "no xml": (lambda xml: b"\x00", "the document"),
    "cut off": (lambda xml: xml[:-20], "the document"),
    "other root": (lambda xml: b"<a/>", "the root"),
    "document type": (_swap(HEAD, f"{HEAD}<!DOCTYPE x>"), "the document"),
    "external entity": (
        lambda xml: _swap(">134<", ">&x;<")(
            _swap(HEAD, f'{HEAD}<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>')(xml)
        ),
        "the document",
    ),
    "external parameter entity": (
        _swap(HEAD, f'{HEAD}<!DOCTYPE x [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'),
        "the document",
    ),
    "billion laughs": (
        lambda xml: _swap(">134<", ">&l11;<")(
            _swap(HEAD, f'{HEAD}<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>')(xml)
        ),
        "the document",
    ),
    "quadratic blow-up": (
        lambda xml: _swap(">134<", f">{'&a;' * 5000}<")(
            _swap(HEAD, f'{HEAD}<!DOCTYPE x [<!ENTITY a "{"a" * 5000}">]>')(xml)
        ),
        "the document",
    ),
    "unknown element": (_swap("<mc:Citizen>", "<mc:Citizen><mc:Pet/>"), "Citizen/Pet"),
    "element of another namespace": (
        _swap("<mc:AnalysisText>SYSTOLISK</mc:AnalysisText>", "<mc101:AnalysisText/>"),
        "LaboratoryReportExtended[1]/AnalysisText",
    ),
    "element twice": (
        _swap("<mc:ResultText>134", "<mc:ResultText>1</mc:ResultText><mc:ResultText>134"),
        "LaboratoryReportExtended[1]/ResultText",
    ),
    "element missing": (
        _swap("<mc:ResultText>82</mc:ResultText>", ""),
        "LaboratoryReportExtended[2]/ResultEncodingIdentifier",
    ),
    "last element missing": (
        _swap("<mc:CreatedByText>Øjebliksklinikken</mc:CreatedByText>", ""),
        "SelfMonitoredSample[1]/CreatedByText",
    ),
    "wrong order": (
        _swap(
            "<mc101:MeasurementTransferredBy>automatic</mc101:MeasurementTransferredBy>"
            "<mc101:MeasurementLocation>home</mc101:MeasurementLocation>",
            "<mc101:MeasurementLocation>home</mc101:MeasurementLocation>"
            "<mc101:MeasurementTransferredBy>automatic</mc101:MeasurementTransferredBy>",
        ),
        "MeasurementLocation",
    ),
    "element in a text": (_swap(">134<", ">1<b/>34<"), "ResultText"),
    "text among elements": (_swap("<mc:Citizen>", "<mc:Citizen>x"), "Citizen"),
    "text after an element": (_swap("</mc:Citizen>", "</mc:Citizen>x"), "Citizen"),
    "space that XML does not count": (
        _swap("<mc:Citizen>", "<mc:Citizen>\N{NO-BREAK SPACE}"),
        "Citizen",
    ),
    "attribute": (_swap("<mc:ResultText>", '<mc:ResultText unit="%">'), "ResultText/@unit"),
    "empty collection": (
        lambda xml: re.sub(
            rb"(?s)(ReportExtendedCollection>).*(</mc101:Lab\w+Coll)", rb"\1\2", xml
        ),
        "LaboratoryReportExtendedCollection",
    ),
    "stranger in a collection": (
        _swap(
            "<mc101:LaboratoryReportExtended>",
            "<mc:LaboratoryReport/><mc101:LaboratoryReportExtended>",
        ),
        "Collection/LaboratoryReport",
    ),
    "CPR of nine digits": (_swap("7101480010", "710148001"), "PersonCivilRegistrationIdentifier"),
    "UUID": (_swap("<mc:UuidIdentifier>0", "<mc:UuidIdentifier>"), "UuidIdentifier"),
    "time without a day": (_swap(">2026-02-18T", ">2026-02-T"), "CreatedDateTime"),
    "unknown word": (
        _swap(">notscheduled<", ">unscheduled<"),
        "MeasurementScheduled",
    ),
    "word with a blank": (_swap(">home<", "> home<"), "MeasurementLocation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_of_the_schema_is_refused_by_name(name: str) -> None:
    change, element = REFUSED[name]
    with pytest.raises(DatasetError) as refused:
        read_dataset(change(XML))
    assert refused.value.element.endswith(element)
    assert refused.value.limit
    assert refused.value.element in str(refused.value)
    assert "root:" not in str(refused.value)


def test_what_the_schema_refuses_is_refused_here_too() -> None:
    for name, (change, _) in REFUSED.items():
        xml = change(XML)
        if b"DOCTYPE" in xml or name == "time without a day":
            continue
        with pytest.raises((etree.DocumentInvalid, etree.XMLSyntaxError, ValueError)):
            check_schema(xml)


def test_a_document_above_the_limit_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "DATASET_BYTES_MAX", len(XML))
    assert read_dataset(XML) == DOCUMENTS["blood_pressure"]
    with pytest.raises(DatasetError, match=f"at most {len(XML)} bytes"):
        read_dataset(XML + b" ")


def test_an_error_shows_only_the_beginning_of_a_long_value() -> None:
    with pytest.raises(DatasetError) as refused:
        read_dataset(XML.replace(b">home<", b">" + b"h" * 10_000 + b"<"))
    assert len(str(refused.value)) < 400


def test_schema_locations_are_no_data() -> None:
    hint = (
        b'<mc101:CitizenMonitoringDataset xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="urn:oio:medcom:chronicdataset:1.0.1 x.xsd"'
    )
    xml = XML.replace(b"<mc101:CitizenMonitoringDataset", hint, 1)
    assert read_dataset(xml) == DOCUMENTS["blood_pressure"]


def test_the_report_of_the_cases_is_one_that_the_schema_allows() -> None:
    dataset = CitizenMonitoringDataset(Citizen("7101480010"), (Sample((OPENTELE,), "OpenTele"),))
    check_schema(render_dataset(dataset))
