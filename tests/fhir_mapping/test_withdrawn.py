"""What the renderings make of a measurement that was taken back."""

import msgspec

from fhir_mapping.kih.reports import dataset_of
from fhir_mapping.phmr import document_of
from fhir_mapping.record import Record
from fhir_mapping.response import render
from tests.fhir_mapping.cases import stored
from tests.fhir_mapping.kih.cases import CITIZEN, ORGANISATION
from tests.fhir_mapping.responses import answered


def withdrawn(record: Record) -> Record:
    """The second version of a record: without value, and flagged invalid."""
    gone = (None,) * len(record.values)
    changes = {"values": gone, "flags": ("invalid",), "version": 2, "withdrawn": True}
    return msgspec.structs.replace(record, **changes)


WEIGHT = stored("weight")
ANSWERS = answered("symptoms_copd_1", "yes", "no", "no", "yes")


def test_fhir_says_that_it_was_entered_in_error_and_shows_no_value() -> None:
    for about in ("weight", "blood_pressure"):
        said = msgspec.json.decode(render(withdrawn(stored(about))))
        assert (said["status"], said["meta"]["versionId"]) == ("entered-in-error", "2")
        text = msgspec.json.encode(said)
        assert b'"valueQuantity"' not in text
        assert b'"dataAbsentReason"' in text
    said = msgspec.json.decode(render(withdrawn(ANSWERS)))
    assert said["status"] == "entered-in-error"
    assert "item" not in said


def test_documents_leave_it_out() -> None:
    """Neither format marks one value as void: KIH deletes by its own operation, and a PHMR
    report is deprecated as a whole.
    """
    other = stored("spo2")
    records = [withdrawn(WEIGHT), other]
    assert dataset_of(CITIZEN, records, ORGANISATION) == dataset_of(CITIZEN, [other], ORGANISATION)
    assert dataset_of(CITIZEN, [withdrawn(WEIGHT)], ORGANISATION).samples is None
    made = [document_of(CITIZEN, some, ORGANISATION, created_ms=0) for some in (records, [other])]
    assert made[0] == made[1]
