"""The scorecard: rates by hand, intervals that behave, strata that add up."""

import json

import numpy as np
import pytest

from alerting.backtest.alerts import Watched, alerts_of
from alerting.backtest.bootstrap import Bootstrap, interval
from alerting.backtest.figures import Card, scorecard
from alerting.backtest.score import judge
from alerting.rules.colour import Colour
from tests.alerting.backtest.test_score import copd, decoy, hf, truth_of

RULES = ("R01", "R22")


def card_of_two() -> Card:
    """Two patients over 364 + 14 days. One: found 5 days ahead, one false red by a cold, one blue.
    The other: missed."""
    truth = truth_of(copd(0), copd(1), decoy("cold", 200, 203))
    colours = np.array([Colour.YELLOW, Colour.RED, Colour.BLUE])
    alerts = alerts_of(
        np.zeros(3, dtype=int),
        np.array([99.0, 201.0, 300.0]),
        colour=colours,
        hypothesis=np.array([0, 2, 3]),
        rule=np.array([1, 0, 1]),
    )
    labels = {"condition": np.array(["copd", "both"])}
    who = Watched(np.zeros(2), np.full(2, 378.0), alert_days=np.array([21.0, 0.0]), labels=labels)
    return scorecard(judge(alerts, truth, who), draws=200, rules=RULES)


def test_rates_by_hand() -> None:
    card = card_of_two()
    weeks, window = 2 * 364 / 7, 2 * 27 / 7
    assert (card["episodes"], card["found"], card["sensitivity"]) == (2, 1, 0.5)
    assert card["lead_days_median"] == 5.0
    assert card["ppv"] == 0.5
    assert card["false_per_patient_week"] == float(f"{1 / (weeks - window):.4g}")
    assert card["visible_per_patient_week"] == float(f"{2 / weeks:.4g}")
    assert (
        card["red_per_patient_week"] == card["blue_per_patient_week"] == float(f"{1 / weeks:.4g}")
    )
    assert card["minutes_per_patient_week"] == float(f"{(12 + 6 + 2) / weeks:.4g}")
    assert card["time_in_alert"] == float(f"{21 / (2 * 364):.4g}")
    assert card["days_per_alert"] == 10.5
    assert card["visible_by"]["copd"] == card["visible_by"]["general"] == float(f"{1 / weeks:.4g}")
    assert card["visible_by"]["missing"] == 0.0


def test_how_long_before_as_a_curve() -> None:
    before = card_of_two()["found_days_before"]
    assert [before[str(day)] for day in (0, 5, 6)] == [0.5, 0.5, 0.0]


def test_strata_divide_the_episodes() -> None:
    strata = card_of_two()["strata"]
    for parts in strata.values():
        assert sum(part["episodes"] for part in parts.values()) == 2
    assert strata["condition"]["copd"]["sensitivity"] == 1.0
    assert strata["condition"]["both"]["sensitivity"] == 0.0
    assert strata["condition"]["both"]["false_per_patient_week"] == 0.0
    assert strata["sittings_in_window"]["unknown"]["episodes"] == 2


def test_false_alerts_by_decoy_and_rule() -> None:
    card = card_of_two()
    assert card["false_by_decoy"]["decoy_cold"]["false"] == 1
    assert card["false_by_decoy"]["none"]["false"] == 0
    assert card["by_rule"] == {
        "R01": {"alerts": 1, "early": 0, "false": 1},
        "R22": {"alerts": 1, "early": 1, "false": 0},
    }


def test_chance_is_what_the_own_false_alerts_would_find() -> None:
    card = card_of_two()
    clear = 364 - 27
    assert card["sensitivity_by_chance"] == float(f"{(1 - np.exp(-11 / clear)) / 2:.4g}")


def test_nothing_is_none_and_never_a_number() -> None:
    nobody = Watched(np.zeros(1), np.full(1, 378.0))
    card = scorecard(judge(alerts_of(np.zeros(0, int), np.zeros(0)), truth_of(), nobody), draws=10)
    assert card["sensitivity"] is None
    assert card["sensitivity_ci"] is None
    assert card["ppv"] is None
    assert card["lead_days_median"] is None
    assert card["false_per_patient_week"] == 0.0
    json.dumps(card, allow_nan=False)


def test_heart_failure_tells_the_long_window_too() -> None:
    alerts = alerts_of(np.array([0]), np.array([80.0]))
    who = Watched(np.zeros(1), np.full(1, 378.0))
    card = scorecard(judge(alerts, truth_of(hf()), who), draws=10)
    assert (card["sensitivity"], card["sensitivity_30d"]) == (0.0, 1.0)


def test_patients_are_drawn_whole() -> None:
    """Ten episodes of one patient, all found, and none of the nine others: no sample may lie
    between, as it would if episodes were drawn."""
    sampling = Bootstrap(10, draws=300, seed=3)
    counts = np.zeros((10, 2))
    counts[0], counts[1:] = (10, 10), (0, 10)
    sums = sampling.sums(counts)
    assert set((sums[:, 0] % 10).tolist()) == {0.0}
    assert (sums[:, 1] == 100).all()


def test_the_interval_has_its_coverage() -> None:
    """Of 200 worlds with sensitivity one half, about 95 % of the intervals contain it."""
    rng = np.random.default_rng(1)
    covered = 0
    for world in range(200):
        found = rng.random(120) < 0.5
        sums = Bootstrap(120, draws=300, seed=world).sums(
            np.stack([found, np.ones(120)], axis=1).astype(float)
        )
        low, high = interval(sums[:, 0] / sums[:, 1]) or (np.nan, np.nan)
        covered += low <= 0.5 <= high
    assert 180 <= covered <= 198


def test_medians_are_those_of_numpy() -> None:
    sampling = Bootstrap(7, draws=50, seed=2)
    patient = np.array([0, 1, 2, 3, 4, 5, 6, 0, 1])
    value = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5])
    weights = np.concatenate(list(sampling.weights())).astype(int)
    wanted = [np.percentile(np.repeat(value, row[patient]), 50, method="lower") for row in weights]
    assert sampling.medians(patient, value).tolist() == wanted


@pytest.mark.parametrize("cells", [1, 50, 10_000])
def test_samples_do_not_depend_on_the_memory_at_hand(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Bootstrap(20, draws=30, seed=5).sums(np.arange(20.0)[:, None])
    monkeypatch.setattr("alerting.backtest.bootstrap._CELLS", cells)
    assert Bootstrap(20, draws=30, seed=5).sums(np.arange(20.0)[:, None]).tolist() == whole.tolist()
