"""Face validity of the simulated heart failure: simple rules of weight do about as well in it as
their publications say. Report seeds, 1 600 patients, a year each, decoys on, daily measuring.

What is compared. FAST (Abraham 2011) looks for an alert in the 30 days before the event; this
project's own window is 14 days (`alerting.backtest.score`). The false alerts are counted as FAST
does, outside those 30 days; the sensitivities within our 14. Within FAST's 30 days the rule finds
more here than FAST found, and 3 lb in a day finds less than Ledwidge 2013 tells of: both stand as
they are under "Known departures" in docs/SIMULATOR.md, and are held to no band here.

The bands are a factor of 1.6 either way (C): the same order of magnitude. Studies of 87 to 168
patients, with other definitions, allow no more to be said.
"""

from dataclasses import replace
from typing import Final

import pytest

from alerting.backtest.figures import Card, scorecard
from alerting.backtest.rules_of_thumb import LB, RULES_OF_THUMB, RuleOfThumb, gained
from alerting.backtest.score import Judged, joined
from alerting.rules import RULEBOOK
from devices.simulated.cohort import REPORT_SEEDS
from hjemmepuls.scorecard import Wish, cohort_of, tasks_of, thumb_of
from hjemmepuls.worlds import recording_of

FACTOR: Final = 1.6
WEEKS_A_YEAR: Final = 365.25 / 7
WISH: Final = Wish(seeds=REPORT_SEEDS, patients=400, days=365, arms=("hf_daily",))


def rules() -> list[RuleOfThumb]:
    """The rules of weight, each as it is used only, and half of FAST's: 3 lb in a day."""
    ours = {rule.name: replace(rule, thresholds=()) for rule in RULES_OF_THUMB}
    day = replace(
        ours["weight_3lb_1d_5lb_3d"],
        name="weight_3lb_1d",
        hits_at=lambda value, kg: gained(value, 1, kg, inclusive=True),
        threshold=3 * LB,
    )
    return [rule for rule in (*ours.values(), day) if rule.signal == "weight"]


@pytest.fixture(scope="module")
def cards() -> dict[str, Card]:
    """Rule to its scorecard."""
    parts: dict[str, list[Judged]] = {}
    for task in tasks_of(WISH):
        block = cohort_of(WISH, task.arm, task.seed).block(task.first, task.stop)
        truth = block.truth.copy()
        truth["patient"] -= task.first
        recording = recording_of(block, RULEBOOK)
        for rule in rules():
            for name, judged in thumb_of(rule, "", recording, truth).items():
                parts.setdefault(name, []).append(judged)
    return {name: scorecard(joined(many), draws=1) for name, many in parts.items()}


def test_there_is_enough_to_compare(cards: dict[str, Card]) -> None:
    assert len(cards) == 4
    assert all(card["episodes"] > 500 for card in cards.values())


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("weight_3lb_1d_5lb_3d", 0.225, 0.225),  # FAST (Abraham 2011), there within 30 days
        ("weight_2kg_3d", 0.21, 0.21),  # Ledwidge 2013 (HeartPhone), 2 kg in 2-3 days
        ("macd", 0.20, 0.33),  # Zhang 2009; Cuba-Gyllensten 2016
    ],
)
def test_sensitivity_is_of_the_published_order(
    cards: dict[str, Card], name: str, lowest: float, highest: float
) -> None:
    assert lowest / FACTOR < cards[name]["sensitivity"] < highest * FACTOR


def test_unexplained_alerts_are_of_the_published_order(cards: dict[str, Card]) -> None:
    """FAST (Abraham 2011): 4.3 unexplained alerts of the weight rule a patient-year."""
    found = cards["weight_3lb_1d_5lb_3d"]["false_per_patient_week"] * WEEKS_A_YEAR
    assert 4.3 / FACTOR < found < 4.3 * FACTOR


def test_the_rules_stand_in_the_published_order(cards: dict[str, Card]) -> None:
    """Ledwidge 2013: 3 lb in a day finds more than 2 kg in 3 days (46, 21 %). Cuba-Gyllensten 2016:
    MACD finds more than the rule of thumb (33, 20 %). Zhang 2009: with fewer false alerts."""
    found = {name: card["sensitivity"] for name, card in cards.items()}
    false = {name: card["false_per_patient_week"] for name, card in cards.items()}
    assert found["weight_2kg_3d"] < found["weight_3lb_1d"] < found["macd"]
    assert found["weight_3lb_1d_5lb_3d"] < found["macd"]
    assert false["macd"] < false["weight_3lb_1d_5lb_3d"]
