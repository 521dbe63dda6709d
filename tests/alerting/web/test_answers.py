"""Answers over time: what was said yes to, no to, and what nobody asked."""

from alerting.web.answers import SITTINGS_SHOWN_MAX, answered
from fhir_mapping.identity import id_text
from tests.alerting.clinic import answering, at, ms, oximetry
from tests.alerting.test_sittings import records


def test_symptoms_are_rows_and_sittings_columns() -> None:
    told = records(
        answering("c1", at(3, 8), {"dyspnoea": "no", "cough": "yes", "sputum": "no"}),
        answering("c1", at(2, 8), {"dyspnoea": "yes", "cough": "no"}),
        oximetry("c1", 2, 94),
    )
    found = answered(told)
    assert found.symptoms == ["dyspnoea", "cough", "sputum"]
    assert [at_ms for at_ms, _ in found.sittings] == [ms(at(3, 8)), ms(at(2, 8))]
    assert found.marks == [[False, True], [True, False], [False, None]]
    assert {key for _, key in found.sittings} == {
        id_text(row.id) for row in told if row.is_response
    }


def test_only_the_newest_are_shown() -> None:
    told = records(*(answering("c1", at(day, 8), {"dyspnoea": "no"}) for day in range(25)))
    found = answered(told)
    assert len(found.sittings) == SITTINGS_SHOWN_MAX
    assert found.sittings[0][0] == ms(at(24, 8))
