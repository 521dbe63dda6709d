"""Standard limits: the rulebook's numbers as rows of the citizen's own."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from alerting.rules import RULEBOOK, default_limits, default_relative_limits
from alerting.standard_limits import standard_limits
from tests.alerting.clinic import FIRST_DAY, citizen


@pytest.mark.parametrize("condition", ["copd", "heart-failure", "both"])
@pytest.mark.parametrize("fact", ["scale2", "beta_blocker", "pacemaker", "atrial_fibrillation"])
@pytest.mark.parametrize("holds", [False, True])
def test_every_number_is_the_rulebooks(condition: str, fact: str, holds: bool) -> None:
    facts: dict[str, Any] = {fact: holds}
    person = citizen("c1", condition=condition, **facts)
    rows = {(row.metric, row.relative): row for row in standard_limits(person, rulebook=RULEBOOK)}
    absolute = default_limits(condition, rulebook=RULEBOOK, **facts)
    relative = default_relative_limits(condition, rulebook=RULEBOOK)
    wanted = {(signal, False): numbers for signal, numbers in absolute.items()}
    wanted |= {(signal, True): numbers for signal, numbers in relative.items()}
    assert rows.keys() == wanted.keys()
    for key, numbers in wanted.items():
        row = rows[key]  # type: ignore[index]  # a signal's name
        texts = (row.low_red, row.low_yellow, row.high_yellow, row.high_red)
        assert (row.citizen, row.base) == ("c1", None)
        for text, number in zip(texts, numbers, strict=True):
            assert (text is None) == (number != number)
            assert text is None or Decimal(text) == Decimal(str(number))


def test_they_hold_from_the_first_midnight_of_the_plan() -> None:
    (since,) = {row.since for row in standard_limits(citizen("c1"), rulebook=RULEBOOK)}
    assert since.date() == FIRST_DAY
    assert since.astimezone(UTC) == datetime(2026, 3, 8, 23, tzinfo=UTC)
