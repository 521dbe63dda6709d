"""No validator finds an error in what we render, and each finds the errors that were planted.

Needs Java and Maven for HAPI's validator and the schema of CDA, Node.js and npm for Medplum's, and
the examples for HL7 Denmark's profiles and KIH's schema. The first run fetches what is missing.
"""

import pytest

from devices.catalogue import OBSERVABLES
from tests.conformance.__main__ import by_text, reasons, results
from tests.conformance.samples import planted, samples
from tests.conformance.validators import VALIDATORS
from tests.conformance.verdict import Verdict, explanations, verdict

NAMES = [validator.name for validator in VALIDATORS]


@pytest.fixture(scope="module")
def found() -> Verdict:
    return verdict()


def ran(found: Verdict, name: str) -> None:
    if name in found.unavailable:
        pytest.skip(found.unavailable[name])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_no_sample_has_an_error(found: Verdict, name: str) -> None:
    ran(found, name)
    assert not by_text([(who, said) for who, said in found.errors if who == name])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_every_planted_error_is_reported(found: Verdict, name: str) -> None:
    ran(found, name)
    assert any(name in plant.seen_by for plant in found.planted.values())
    assert not [file for who, file in found.overlooked if who == name]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_every_warning_is_explained_and_every_explanation_needed(found: Verdict, name: str) -> None:
    ran(found, name)
    assert not by_text([(who, said) for who, said in found.unexplained if who == name])
    assert not [row.why for row in found.idle if row.validator == name]


@pytest.mark.timeout(900)
def test_the_tables_have_a_row_for_each_sample_and_each_reason(found: Verdict) -> None:
    assert results(found).row_count == len(found.samples)
    assert reasons(found).row_count == len(found.warnings)


def test_every_catalogue_row_is_a_sample() -> None:
    assert {f"observation/{alias}.json" for alias in OBSERVABLES} <= samples().keys()


def test_what_is_planted_is_no_sample() -> None:
    assert not planted().keys() & samples().keys()


def test_every_explanation_is_of_a_validator_and_says_why() -> None:
    for row in explanations():
        assert row.validator in NAMES
        assert row.why
