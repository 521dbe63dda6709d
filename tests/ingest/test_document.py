"""Whatever stands in a file, it is read or refused, and never raises."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.admission import window_at
from ingest.document import Refusal, kind_of, read_document
from tests.documents import kih, phmr
from tests.documents.corpus import corpus

WINDOW = window_at(1_790_000_000_000)
XML = [file.content for name, file in corpus().items() if name.endswith(".xml")]
LAUGHS = b"".join(
    b'<!ENTITY a%d "%s">' % (place, b"&a%d;" % (place - 1) * 10) for place in range(1, 12)
)
ATTACKS = {
    "billion laughs": b'<!DOCTYPE d [<!ENTITY a0 "ha">' + LAUGHS + b"]><ClinicalDocument>&a11;",
    "file": b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><ClinicalDocument>&x;',
    "external dtd": b'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/d.dtd"><ClinicalDocument/>',
    "deep": b"<ClinicalDocument>" + b"<a>" * 5000,
    "deep and closed": b"<a>" * 5000 + b"</a>" * 5000,
    "wide": b"<ClinicalDocument " + b" ".join(b'a%d="1"' % n for n in range(9000)) + b"/>",
    "utf-16": "<ClinicalDocument/>".encode("utf-16"),
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><ClinicalDocument/>',
    "nul": b"<ClinicalDocument>\x00</ClinicalDocument>",
    "long head": b"<!--" + b"x" * 100_000 + b"--><ClinicalDocument/>",
    "soap around nothing": kih.soap(""),
    "soap around html": kih.soap("<html/>"),
    "soap around a fault": kih.soap("<s:Fault/>"),
}


@pytest.mark.parametrize("document", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused(document: bytes) -> None:
    read = read_document(document, WINDOW)
    assert isinstance(read, Refusal) or not any(one.made for one in read)
    if isinstance(read, Refusal):
        assert "root:" not in read.detail
        assert read.reason != "processing-failed", read.detail


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_is_no_fault_of_ours(data: st.DataObject) -> None:
    document = bytearray(data.draw(st.sampled_from(XML)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(document) - 1))
        length = data.draw(st.integers(0, 40))
        document[place : place + length] = data.draw(st.binary(max_size=6))
    read = read_document(bytes(document), WINDOW)
    assert not isinstance(read, Refusal) or read.reason != "processing-failed", read.detail


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(document: bytes) -> None:
    kind_of(document)
    assert isinstance(read_document(document, WINDOW), Refusal)


def test_a_fault_of_ours_is_told_without_a_word_of_the_data(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> object:
        raise KeyError(phmr.CPR)

    monkeypatch.setattr("fhir_mapping.phmr.read_report", broken)
    with caplog.at_level(logging.ERROR):
        read = read_document(phmr.report(), WINDOW)
    assert isinstance(read, Refusal)
    assert read.reason == "processing-failed"
    assert "KeyError" in caplog.text
    assert phmr.CPR not in caplog.text + read.detail


def test_several_citizens_of_one_message_are_told_apart() -> None:
    report = kih.report("NPU03804", "77.5", "kg")
    one = kih.created(report)
    start, end = one.index(b"<m:MonitoringDatasetCollection>"), one.index(b"</m:CreateM")
    collection = one[start:end]
    other = collection.replace(phmr.CPR.encode(), b"7105480002")
    read = read_document(one.replace(collection, collection + other), WINDOW)
    assert not isinstance(read, Refusal)
    assert [contents.cpr for contents in read] == [phmr.CPR, "7105480002"]
    assert [made.place for contents in read for made in contents.made] == [0, 1]


def test_soap_1_2_and_the_service_1_0_2_are_read() -> None:
    report = kih.report("NPU03804", "77.5", "kg")
    document = kih.fetched(report).replace(
        kih.SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope"
    )
    read = read_document(document.replace(b"dataset:1.0.1", b"dataset:1.0.2"), WINDOW)
    assert not isinstance(read, Refusal)
    assert [made.record.values for contents in read for made in contents.made] == [("77.5",)]
