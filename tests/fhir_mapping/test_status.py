"""Flags of the act and of its components: what is shared, what is withheld, what is exported."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.kih.reports import NO_RESULT, reports_of
from fhir_mapping.record import Record
from fhir_mapping.status import (
    UNUSABLE_FLAGS,
    flags_at,
    shared_and_own,
    status_of,
    status_text,
)
from tests.fhir_mapping.cases import CASES, stored
from tests.fhir_mapping.phmr.cases import document

FLAGS = st.lists(
    st.sampled_from(["invalid", "not-available", "test-data", "questionable"]), unique=True
).map(tuple)
MEAN_AWAY = CASES["blood_pressure-mean-not-available"]
SYSTOLIC_INVALID = CASES["blood_pressure-systolic-invalid"]


@given(
    st.lists(st.none() | FLAGS, min_size=1, max_size=4).filter(
        lambda all_: any(f is not None for f in all_)
    )
)
def test_every_component_keeps_exactly_its_flags(sent: list[tuple[str, ...] | None]) -> None:
    shared, own = shared_and_own(sent)
    for place, flags in enumerate(sent):
        if flags is not None:
            assert set(flags_at(shared, own, place)) == set(flags)
    assert status_of(status_text(shared, own)) == (shared, own)


def test_what_stood_in_a_store_before_means_the_whole_act() -> None:
    assert status_of("invalid questionable") == (("invalid", "questionable"), ())
    assert status_of("") == ((), ())


@pytest.mark.parametrize(("flag", "place"), list(product(sorted(UNUSABLE_FLAGS), range(3))))
def test_an_unusable_component_leaves_the_others_usable(flag: str, place: int) -> None:
    name = ("systolic", "diastolic", "mean_pressure")[place]
    record = stored("blood_pressure", each={name: (flag,)})
    assert [record.usable(one) for one in range(3)] == [one != place for one in range(3)]


def exported(record: Record) -> tuple[dict[str, str], dict[str, str | None]]:
    """Values as KIH and as PHMR export them, by the channel's name and by the Danish code."""
    kih = {report.analysis: report.result for report in reports_of(record)}
    entries = [entry for section in document(record).sections for entry in section.parts]
    phmr = {
        one.codes[0].code: one.value
        for entry in entries
        for one in getattr(entry, "observations", ())
    }
    return kih, phmr


def test_the_two_pressures_are_exported_without_the_mean() -> None:
    kih, phmr = exported(MEAN_AWAY)
    assert kih == {"SYSTOLISK": "188", "DIASTOLISK": "114"}
    assert phmr == {"DNK05472": "188", "DNK05473": "114"}


def test_an_invalid_systolic_is_exported_as_no_result_beside_the_diastolic() -> None:
    kih, phmr = exported(SYSTOLIC_INVALID)
    assert kih == {"SYSTOLISK": NO_RESULT, "DIASTOLISK": "82", "MIDDELBLODTRYK": "99"}
    assert (phmr["DNK05472"], phmr["DNK05473"]) == (None, "82")
