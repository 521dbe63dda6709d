"""Standard limits: the rulebook's numbers as rows of the citizen's own."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from alerting.rules import default_limits
from alerting.standard_limits import standard_limits
from tests.alerting.clinic import FIRST_DAY, citizen


@pytest.mark.parametrize("condition", ["copd", "heart-failure", "both"])
@pytest.mark.parametrize("scale2", [False, True])
@pytest.mark.parametrize("beta_blocker", [False, True])
def test_every_number_is_the_rulebooks(condition: str, scale2: bool, beta_blocker: bool) -> None:
    person = citizen("c1", condition=condition, scale2=scale2, beta_blocker=beta_blocker)
    rows = {row.metric: row for row in standard_limits(person)}
    wanted = default_limits(condition, scale2=scale2, beta_blocker=beta_blocker)
    assert rows.keys() == wanted.keys()
    for signal, numbers in wanted.items():
        row = rows[signal]  # type: ignore[index]  # a signal's name
        texts = (row.low_red, row.low_yellow, row.high_yellow, row.high_red)
        assert row.citizen == "c1"
        for text, number in zip(texts, numbers, strict=True):
            assert (text is None) == (number != number)
            assert text is None or Decimal(text) == Decimal(str(number))


def test_they_hold_from_the_first_midnight_of_the_plan() -> None:
    (since,) = {row.since for row in standard_limits(citizen("c1"))}
    assert since.date() == FIRST_DAY
    assert since.astimezone(UTC) == datetime(2026, 3, 8, 23, tzinfo=UTC)
