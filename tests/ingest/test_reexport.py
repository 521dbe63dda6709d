"""What others take back or correct, and what they only say again."""

from pathlib import Path

import pytest

from fhir_mapping.record import Record
from tests.documents import kih, phmr
from tests.ingest.test_take import Ward, ward

__all__ = ["ward"]
SYSTOLIC, DIASTOLIC = kih.number(1), kih.number(2)
REPLACES = (
    '<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.208.184" extension="d-1"/>'
    "</parentDocument></relatedDocument>"
)


def pressure(
    high: str = "134", low: str = "82", uuids: tuple[str, str] = (SYSTOLIC, DIASTOLIC)
) -> bytes:
    return kih.dataset(
        kih.report("DNK05472", high, "mmHg", uuid=uuids[0], instrument="MCI00012"),
        kih.report("DNK05473", low, "mmHg", uuid=uuids[1], instrument="MCI00012"),
    )


def weight(value: str, number: str = "d-1", header: str = "", **more: str) -> bytes:
    observation = phmr.observation("NPU03804", value, "kg", **{"id_": "o-1", **more})
    return phmr.report(results=[phmr.organizer(observation)], number=number, header=header)


def only(ward: Ward) -> Record:
    (record,) = ward.records()
    return record


def test_kih_deletes_a_pressure_by_the_numbers_of_its_reports(ward: Ward) -> None:
    ward.take(pressure())
    assert ward.take(kih.deletion(SYSTOLIC, DIASTOLIC))["accepted"] >= 1
    assert (only(ward).withdrawn, only(ward).values) == (True, (None, None, None))
    assert ward.take(pressure()).keys() <= {"duplicate"}, "the old file again revives nothing"
    assert only(ward).withdrawn
    new = (kih.number(3), kih.number(4))
    assert ward.take(pressure("130", "80", new)) == {"accepted": 1}
    assert (only(ward).withdrawn, only(ward).values) == (False, ("130", "80", None))


def test_a_deletion_of_what_nobody_knows_is_kept_until_it_is_known(ward: Ward) -> None:
    assert ward.take(kih.deletion(SYSTOLIC, DIASTOLIC)) == {"rejected": 2}
    ward.take(pressure())
    assert ward.replay() == (2, 2)
    assert only(ward).withdrawn


def test_our_own_export_is_deleted_by_the_numbers_that_we_gave(ward: Ward) -> None:
    ward.take(weight("77.5"))
    (number,) = ward.exported_numbers()
    assert ward.take(kih.deletion(number)) == {"accepted": 1}
    assert only(ward).withdrawn


def test_the_same_kih_report_with_another_value_corrects(ward: Ward) -> None:
    ward.take(pressure())
    assert ward.take(pressure("138")) == {"accepted": 1}
    assert (only(ward).values, only(ward).version) == (("138", "82", None), 2)
    assert ward.take(pressure()) == {"duplicate": 1}, "an old export changes nothing back"
    assert only(ward).values == ("138", "82", None)


def test_another_report_of_one_instant_contradicts_and_both_are_kept(ward: Ward) -> None:
    ward.take(pressure())
    ward.take(pressure("138", uuids=(kih.number(3), kih.number(4))))
    assert {record.values for record in ward.records()} == {
        ("134", "82", None),
        ("138", "82", None),
    }
    assert all(record.conflict for record in ward.records())


@pytest.mark.parametrize("wrong", [0, 1])
def test_of_two_reports_that_contradict_each_other_one_is_deleted_and_the_other_counts(
    ward: Ward, wrong: int
) -> None:
    """Who finds which of the two is wrong deletes that one; the true one must not go with it."""
    numbers = [(SYSTOLIC, DIASTOLIC), (kih.number(3), kih.number(4))]
    for high, uuids in zip(("134", "138"), numbers, strict=True):
        ward.take(pressure(high, uuids=uuids))
    for _ in range(2):
        ward.take(kih.deletion(*numbers[wrong]))
        found = {one.values[0]: (one.conflict, one.withdrawn) for one in ward.records()}
        assert found == {None: (True, True), ("138", "134")[wrong]: (False, False)}
    ward.take(kih.deletion(*numbers[1 - wrong]))
    assert all(one.withdrawn for one in ward.records())


@pytest.mark.parametrize("level", ["organizer", "observation"])
def test_phmr_nullified_takes_back(ward: Ward, level: str) -> None:
    ward.take(weight("77.5"))
    document = weight("77.5", "d-2", status="nullified" if level == "observation" else "completed")
    if level == "organizer":
        document = document.replace(b'"completed"/><effective', b'"nullified"/><effective')
    assert b"nullified" in document
    assert ward.take(document) == {"accepted": 1}
    assert (only(ward).withdrawn, only(ward).values) == (True, (None,))


def test_one_nullified_end_of_a_pressure_is_invalid_and_the_other_stands(ward: Ward) -> None:
    parts = [
        phmr.observation("DNK05472", "134", "mmHg"),
        phmr.observation("DNK05473", "82", "mmHg"),
    ]
    ward.take(phmr.report(phmr.organizer(*parts)))
    parts[0] = phmr.observation("DNK05472", "134", "mmHg", status="nullified")
    assert ward.take(phmr.report(phmr.organizer(*parts), number="d-2")) == {"accepted": 1}
    assert only(ward).values == (None, "82", None)
    assert [only(ward).usable(place) for place in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("number", "header", "observation_id"),
    [
        ("d-2", REPLACES, "o-7"),
        ("d-2", '<versionNumber value="2"/>', "o-7"),
        ("d-2", "", "o-1"),
    ],
    ids=["replaces", "version", "same number"],
)
def test_a_corrected_report_amends(
    ward: Ward, number: str, header: str, observation_id: str
) -> None:
    ward.take(weight("77.5"))
    assert ward.take(weight("75.5", number, header, id_=observation_id)) == {"accepted": 1}
    assert (only(ward).values, only(ward).version) == (("75.5",), 2)


def test_the_answer_says_what_was_taken_back_and_corrected(ward: Ward, tmp_path: Path) -> None:
    ward.take(weight("77.5"))
    notes = ward.answer(weight("75.5", "d-2", REPLACES)).notes
    assert [note.detail for note in notes] == ["corrected"]
    notes = ward.answer(weight("75.5", "d-3", status="nullified")).notes
    assert [note.detail for note in notes] == ["taken back"]
