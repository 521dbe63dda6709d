"""Composition: one colour per hypothesis, when attention is asked for, and changed rulebooks."""

import numpy as np
import pytest

from alerting.rules import (
    HYPOTHESES,
    RULEBOOK,
    SIGNALS,
    Colour,
    Findings,
    Profile,
    State,
    applicable,
    rule_index,
    signal_index,
    step,
    swapped,
)
from tests.alerting.rules.test_boundaries import MONDAY, Home, enrolled

COPD, HEART, GENERAL, MISSING, TECHNICAL = range(len(HYPOTHESES))
G, Y, R, NONE = Colour.GREEN, Colour.YELLOW, Colour.RED, Colour.INSUFFICIENT


def home(*diseases: str) -> Home:
    made = Home(enrolled())
    for disease in diseases:
        getattr(made.profile, disease)[0] = True
    made.profile.expected[0, signal_index("spo2")] = True
    return made


def composed(found: Findings, hypothesis: int) -> Colour:
    return Colour(int(found.composed[0, hypothesis]))


def notified(found: Findings) -> set[int]:
    return {int(column) for column in np.flatnonzero(found.notify[0])}


@pytest.mark.parametrize(
    ("diseases", "where"),
    [
        (("copd",), {COPD}),
        (("heart_failure",), {HEART}),
        ((), {GENERAL}),
        (("copd", "heart_failure"), {COPD, HEART, GENERAL}),
    ],
)
def test_a_single_disease_has_every_rule_and_both_share_them(
    diseases: tuple[str, ...], where: set[int]
) -> None:
    here = home(*diseases)
    for day, (alias, value) in enumerate((("spo2", 88), ("pulse", 120), ("weight", 80))):
        found = here.measure(MONDAY + 5 * day, **{alias: value})
    found = here.measure(MONDAY + 11, weight=83.5)
    raised = {h for h in range(3) if composed(found, h) >= Y}
    assert raised == where
    assert composed(found, TECHNICAL) == G


@pytest.mark.parametrize(("gap", "expected"), [(3.0, R), (3.01, Y)])
def test_two_families_within_72_hours_are_red(gap: float, expected: Colour) -> None:
    here = home("copd")
    assert composed(here.measure(MONDAY, spo2=88), COPD) == Y
    found = here.measure(MONDAY + gap, pulse=115)
    assert composed(found, COPD) == expected
    assert notified(found) == ({COPD} if expected == R else set())


def test_two_rules_of_one_family_are_one() -> None:
    here = home("copd")
    for day in range(20):
        here.measure(MONDAY + day, spo2=92)
    found = here.measure(MONDAY + 20, spo2=89)
    assert {found.colour[0, rule_index(rule)] for rule in ("R01", "R03")} == {Y}
    assert composed(found, COPD) == Y


def test_both_diseases_red_where_the_second_family_fires() -> None:
    here = home("copd", "heart_failure")
    here.measure(MONDAY, spo2=88)
    found = here.measure(MONDAY + 1, pulse=115)
    assert (composed(found, COPD), composed(found, GENERAL)) == (Y, R)
    assert notified(found) == {GENERAL}


def test_a_red_weight_alone_is_a_yellow() -> None:
    here = home("heart_failure")
    here.measure(MONDAY, weight=80.0)
    found = here.measure(MONDAY + 2, weight=83.5)
    assert found.colour[0, rule_index("R11")] == R
    assert composed(found, HEART) == Y


def test_red_lasts_until_nothing_is_raised() -> None:
    here = home("copd")
    here.measure(MONDAY, spo2=88)
    here.measure(MONDAY + 1, spo2=95, pulse=115)
    colours = [
        composed(here.measure(MONDAY + 2 + day, spo2=95, pulse=70), COPD) for day in range(4)
    ]
    assert colours == [R, R, NONE, NONE]  # R03 knows no base yet


def test_green_needs_every_rule_that_applies() -> None:
    here = home("copd")
    for day in range(13):
        found = here.measure(MONDAY + day, spo2=95)
        assert composed(found, COPD) == (NONE if day < 12 else composed(found, COPD))
    assert found.colour[0, rule_index("R03")] == G
    unable = applicable(here.profile)[0] & (found.colour[0] == NONE)
    assert (composed(found, COPD) == G) == (not unable[: rule_index("R24")].any())


def test_the_same_yellow_is_told_once_a_week_and_a_red_every_day() -> None:
    here = home("copd")
    told = [notified(here.measure(MONDAY + day, spo2=88)) for day in (0, 3, 6.9, 7, 10)]
    assert told == [{COPD}, set(), set(), {COPD}, set()]
    here = home("copd")
    values = [(0, 88), (1, 86), (2, 86), (2.5, 86), (3, 86), (6, 88), (10, 88)]
    told = [notified(here.measure(MONDAY + day, spo2=value)) for day, value in values]
    assert told == [{COPD}, set(), {COPD}, set(), {COPD}, set(), {COPD}]


def test_one_sd_worse_is_told_at_once() -> None:
    here = home("copd")
    for day in range(20):
        here.measure(MONDAY + day, spo2=95)
    assert notified(here.measure(MONDAY + 20, spo2=92)) == {COPD}
    assert notified(here.measure(MONDAY + 21, spo2=91.5)) == set()
    assert notified(here.measure(MONDAY + 22, spo2=91.0)) == {COPD}


def test_missing_and_doubtful_ask_when_they_rise() -> None:
    here = home("copd")
    here.profile.plan_weekdays[0] = 0x7F
    here.profile.start_day[0] = MONDAY
    assert notified(here.tick(MONDAY + 1.4)) == set()
    assert notified(here.tick(MONDAY + 1.5)) == {MISSING}
    assert notified(here.tick(MONDAY + 1.6)) == set()
    assert notified(here.tick(MONDAY + 2.5)) == {MISSING}
    assert TECHNICAL in notified(here.measure(MONDAY + 3, spo2=40))
    assert notified(here.measure(MONDAY + 3.1, spo2=40)) == set()


def test_a_doubtful_measurement_is_a_contact_and_nothing_else() -> None:
    state, profile = State(1), enrolled()
    x = np.full((1, len(SIGNALS)), np.nan)
    x[0, signal_index("spo2")] = 80.0
    found = step(state, profile, slice(None), np.array([MONDAY + 0.3]), x, doubtful=~np.isnan(x))
    assert state.contact_day[0, signal_index("spo2")] == MONDAY
    assert not found.evaluated[0, rule_index("R01")]
    assert not found.refused.any()


def test_a_changed_rulebook_changes_the_colours_and_not_the_live_one() -> None:
    state, profile = State(1), enrolled()
    tried = RULEBOOK.changed({"R01": {"k": 1, "n": 1}, "R06": {"enabled": 0}})
    x = np.full((1, len(SIGNALS)), np.nan)
    x[0, signal_index("spo2")], x[0, signal_index("pulse")] = 86.0, 140.0
    found = step(state, profile, slice(None), np.array([MONDAY + 0.3]), x, rulebook=tried)
    assert found.colour[0, rule_index("R01")] == R
    assert found.colour[0, rule_index("R06")] == NONE
    assert RULEBOOK["R01"].k == 2
    assert RULEBOOK.enabled[rule_index("R06")]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"R99": {"yellow": 1.0}}, "R99"),
        ({"R11": {"purple": 1.0}}, "purple"),
        ({"R11": {"yellow": float("nan")}}, "yellow"),
        ({"R03": {"k": 4}}, "4 of 3"),
        ({"R24": {"n_off": 3}}, "n_off"),
    ],
)
def test_a_change_that_cannot_be_is_named(changes: dict[str, dict[str, float]], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        RULEBOOK.changed(changes)


def test_a_swapped_device_is_learnt_anew() -> None:
    here = home("copd")
    column = signal_index("spo2")
    for day in range(40):
        here.measure(MONDAY + day, spo2=95)
    assert here.state.weight[0, column] > 5
    swapped(here.state, slice(None), [column])
    assert here.state.weight[0, column] == 3
    assert here.state.occupied[0, column] == 0
    found = here.measure(MONDAY + 40, spo2=91.5)
    assert not found.evaluated[0, rule_index("R03")]
    for day in range(41, 60):
        here.measure(MONDAY + day, spo2=91.5)
    assert here.state.mean[0, column] < 93


def test_a_pause_moves_no_baseline() -> None:
    here = home("copd")
    here.profile.paused[0] = True
    for day in range(20):
        here.measure(MONDAY + day, spo2=95)
    assert here.state.weight[0, signal_index("spo2")] == 0
    assert not applicable(Profile.default(2)).any()
