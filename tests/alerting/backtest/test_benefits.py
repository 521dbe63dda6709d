"""Two arms of care on cases made by hand: who is treated when, and what it comes to."""

from typing import Any

import numpy as np
import pytest

from alerting.backtest.alerts import Watched, alerts_of
from alerting.backtest.benefits import INDICATORS, Arms, arms
from alerting.rules.colour import Colour
from devices.simulated.cohort import TRUTH, admission_chance, treated_earlier
from devices.truth import Rows

MONDAY = 4.0 + 7 * 20
"""A Monday's midnight, in the middle of the year watched."""
MINUTES = {"red": 12.0, "yellow": 6.0, "blue": 2.0}


def episode(kind: str = "copd", **more: Any) -> Rows:
    """Onset on a Monday at noon, treated eight days later, ill for 14."""
    rows = np.zeros(1, TRUTH)
    facts = {
        "kind": kind, "t_prodrome": MONDAY - 4, "t0": MONDAY + 0.5, "t_peak": MONDAY + 3,
        "t_index": MONDAY + 8.5, "t_end": MONDAY + 30, "severity": 1.0, "reported": True,
        "delay_days": 8.0, "length_days": 14.0, "bed_days": 5.0, "u_admission": 0.9,
        "u_contact": 0.1,
    }  # fmt: skip
    for name, value in {**facts, **more}.items():
        rows[name] = value
    return rows


def arms_of(
    rows: Rows, *times: float, per_day: float = 0.0, colour: Any = Colour.YELLOW, **more: Any
) -> Arms:
    alerts = alerts_of(np.zeros(len(times), dtype=int), np.array(times), colour=colour)
    watched = Watched(np.zeros(1), np.full(1, 400.0))
    return arms(
        rows,
        alerts,
        watched,
        admission_chance,
        treated_earlier,
        per_day=per_day,
        minutes=MINUTES,
        **more,
    )


def figure(arm: np.ndarray, name: str) -> float:
    return float(arm[0, INDICATORS.index(name)])


def test_without_an_alert_both_arms_are_the_same() -> None:
    made = arms_of(episode(), per_day=0.2)
    assert made.usual.tolist() == made.monitored.tolist()
    assert figure(made.usual, "episode_days") == 14.0


def test_an_alert_is_seen_on_the_next_monitoring_day_and_shortens_the_episode() -> None:
    """Alert on Tuesday, seen on Wednesday at ten: 6 days and 2 hours earlier."""
    made = arms_of(episode(), MONDAY + 1.3)
    earlier = 8.5 - (2 + 10 / 24)
    assert figure(made.monitored, "episode_days") == pytest.approx(14.0 - 0.42 * earlier)
    assert made.review_hours.tolist() == pytest.approx([(2 + 10 / 24 - 1.3) * 24])


def test_nobody_is_treated_before_symptoms() -> None:
    made = arms_of(episode(), MONDAY - 5)
    assert figure(made.monitored, "episode_days") == pytest.approx(14.0 - 0.42 * 8.0)


def test_who_is_not_reached_is_treated_as_usual() -> None:
    made = arms_of(episode(u_contact=0.86), MONDAY + 1.3)
    assert figure(made.monitored, "episode_days") == 14.0
    assert figure(made.monitored, "nurse_calls") == 1.0


@pytest.mark.parametrize("time", [MONDAY - 6.6, MONDAY + 8.6, MONDAY + 6.9])
def test_an_alert_before_the_window_after_it_or_seen_too_late_helps_nobody(time: float) -> None:
    """The last one, of Sunday evening, is seen on Monday at ten, after usual care has acted."""
    made = arms_of(episode(t_index=MONDAY + 7.3, delay_days=6.8), time)
    assert figure(made.monitored, "episode_days") == 14.0


def test_the_null_scenario_never_changes_admissions() -> None:
    for u in np.linspace(0.01, 0.99, 25):
        made = arms_of(episode(u_admission=u), MONDAY + 1.3)
        assert figure(made.usual, "admissions") == figure(made.monitored, "admissions")


def test_an_assumed_effect_prevents_an_admission_on_the_edge() -> None:
    rows = episode()
    rows["u_admission"] = admission_chance(rows, rows["delay_days"]) - 0.001
    rows["admitted"] = True
    made = arms_of(rows, MONDAY + 1.3, per_day=0.1)
    assert (figure(made.usual, "admissions"), figure(made.monitored, "admissions")) == (1.0, 0.0)
    assert (figure(made.usual, "bed_days"), figure(made.monitored, "bed_days")) == (5.0, 0.0)


def test_a_severe_episode_that_is_not_admitted_comes_to_the_emergency_department() -> None:
    severe = arms_of(episode(severity=1.5))
    assert figure(severe.usual, "emergency_visits") == 1.0
    hidden = arms_of(episode(severity=1.5, reported=False), MONDAY + 1.3)
    assert figure(hidden.monitored, "emergency_visits") == 0.0


def test_an_episode_that_nobody_reported_is_treated_when_monitoring_finds_it() -> None:
    made = arms_of(episode(reported=False), MONDAY + 1.3)
    assert (figure(made.usual, "treated"), figure(made.monitored, "treated")) == (0.0, 1.0)
    assert figure(made.usual, "gp_contacts") == 0.0
    assert figure(made.monitored, "gp_contacts") == 1.0


def test_work_by_colour_and_what_false_alerts_cost() -> None:
    colours = np.array([Colour.RED, Colour.YELLOW, Colour.BLUE])
    made = arms_of(
        episode()[:0], 200.0, 210.0, 220.0, colour=colours, false=np.array([True, False, False])
    )
    assert figure(made.monitored, "minutes") == 20.0
    assert figure(made.monitored, "nurse_calls") == 2.0
    assert figure(made.monitored, "gp_contacts") == pytest.approx(0.4)
    assert made.false_minutes.tolist() == [12.0]
    assert made.false_calls.tolist() == [1.0]
    assert made.false_gp.tolist() == [0.4]


def test_the_first_fortnight_does_not_count() -> None:
    early = arms_of(episode(t0=5.0, t_index=9.0, delay_days=4.0, t_end=20.0), 6.0)
    assert early.usual.sum() == early.monitored.sum() == 0.0
    assert early.years.tolist() == [pytest.approx((400 - 14) / 365.25)]
