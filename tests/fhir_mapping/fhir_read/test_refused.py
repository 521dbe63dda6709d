"""Every malformed input is refused with its reason, the path of its fault, and its words."""

import msgspec
import pytest

from fhir_mapping.fhir_read import ENTRIES_MAX, FHIR_BYTES_MAX, Found, Refused, answer, read_fhir
from ingest.rejection import Reason
from tests.fhir_mapping.fhir_read import refused_structure, refused_values
from tests.fhir_mapping.fhir_read.cases import RECEIVED_MS, read
from tests.fhir_mapping.fhir_read.trees import DIASTOLIC, SYSTOLIC, pressure, weight

TABLE = refused_structure.REFUSED | refused_values.REFUSED


@pytest.mark.parametrize("name", TABLE)
def test_it_is_refused_for_the_reason_and_at_the_path(name: str) -> None:
    payload, reason, path, words = TABLE[name]
    (entry,) = read(payload).entries
    assert isinstance(entry, Refused), entry
    assert (entry.reason, entry.path) == (reason, path), entry
    assert words in entry.detail


def test_what_the_table_changes_is_taken_unchanged() -> None:
    for resource in (weight(), pressure(SYSTOLIC, DIASTOLIC)):
        (entry,) = read(resource).entries
        assert isinstance(entry, Found), entry


def test_one_bad_entry_leaves_its_neighbours_alone() -> None:
    entries = [
        msgspec.json.encode({"resource": weight()}),
        b'{"resource":{"resourceType":"Observation","status":5}}',
        b'{"resource":{"id":"no type"}}',
        b'{"resource":7}',
        b'"no entry"',
        b'{"resource":{"resourceType":"Observation","status":"\xff"}}',
        msgspec.json.encode({"resource": weight(status="cancelled")}),
        msgspec.json.encode({"resource": weight()}),
    ]
    head = b'{"resourceType":"Bundle","type":"batch","entry":['
    answered = read_fhir(head + b",".join(entries) + b"]}", RECEIVED_MS)
    assert [(getattr(entry, "reason", ""), entry.path) for entry in answered.entries] == [
        ("", "Bundle.entry[0].resource"),
        ("field-type", "Bundle.entry[1].resource.status"),
        ("field-missing", "Bundle.entry[2].resource.resourceType"),
        ("field-type", "Bundle.entry[3].resource"),
        ("field-type", "Bundle.entry[4]"),
        ("payload-not-utf8", "Bundle.entry[5].resource"),
        ("field-value", "Bundle.entry[6].resource.status"),
        ("", "Bundle.entry[7].resource"),
    ]


def test_limits_are_said() -> None:
    (entry,) = read_fhir(b" " * FHIR_BYTES_MAX + b"{}", RECEIVED_MS).entries
    assert isinstance(entry, Refused)
    assert (entry.reason, str(FHIR_BYTES_MAX) in entry.detail) == ("payload-too-large", True)
    many = b",".join([b"{}"] * (ENTRIES_MAX + 1))
    payload = b'{"resourceType":"Bundle","type":"batch","entry":[%b]}' % many
    (entry,) = read_fhir(payload, RECEIVED_MS).entries
    assert isinstance(entry, Refused)
    assert (entry.reason, entry.path) == ("too-many-readings", "Bundle.entry")


def test_reasons_are_those_of_ingest() -> None:
    assert {reason.value for reason in Reason} >= answer.REASONS


def test_every_reason_is_in_the_table_or_tested_beside_it() -> None:
    beside = {"payload-too-large", "payload-not-utf8", "too-many-readings", "reading-empty"}
    assert {reason for _, reason, _, _ in TABLE.values()} | beside == answer.REASONS
