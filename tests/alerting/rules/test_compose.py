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
        ((), {COPD, HEART, GENERAL}),
        (("copd", "heart_failure"), {COPD, HEART, GENERAL}),
    ],
)
def test_a_single_disease_has_every_rule_and_both_share_them(
    diseases: tuple[str, ...], where: set[int]
) -> None:
    here = home(*diseases)
    for day, weight in enumerate((80.0, 83.0, 83.0)):  # each is an alert by the third day
        found = here.measure(MONDAY + day, spo2=88, pulse=120, weight=weight)
    raised = {h for h in range(3) if composed(found, h) >= Y}
    assert raised == where
    assert composed(found, TECHNICAL) == G


def low_for_three_days(*diseases: str) -> Home:
    """Saturation at the clinic's limit three times: the rule speaks."""
    here = home(*diseases)
    seen = [composed(here.measure(MONDAY - 2 + day, spo2=88), COPD) for day in range(3)]
    assert seen[0] < Y
    assert seen[2] == Y
    return here


@pytest.mark.parametrize(("gap", "expected"), [(3.0, R), (3.01, Y)])
def test_two_families_within_72_hours_are_red(gap: float, expected: Colour) -> None:
    here = low_for_three_days("copd")
    found = here.measure(MONDAY + gap, pulse=115)
    assert composed(found, COPD) == expected
    assert notified(found) == ({COPD} if expected == R else set())


def test_two_rules_of_one_family_are_one() -> None:
    here = home("copd")
    for day in range(20):
        here.measure(MONDAY + day, spo2=92)
    found = here.measure(MONDAY + 20, spo2=89)
    assert {found.colour[0, rule_index(rule)] for rule in ("R01", "R03")} == {Y}
    assert composed(found, COPD) < Y


def test_with_both_diseases_a_pair_is_told_where_it_is_completed() -> None:
    here = low_for_three_days("copd", "heart_failure")
    found = here.measure(MONDAY + 1, pulse=115)
    assert [composed(found, h) for h in range(3)] == [Y, NONE, Y]
    assert notified(found) == {GENERAL}
    found = here.measure(MONDAY + 2, pulse=115)
    assert composed(found, GENERAL) == R  # the pulse speaks by now


@pytest.mark.parametrize(
    ("rule_id", "alias", "value", "disease"),
    [
        ("R01", "spo2", 86, "copd"),
        ("R16", "systolic", 85, "heart_failure"),
        ("R17", "systolic", 190, "heart_failure"),
    ],
)
def test_a_confirmed_dangerous_value_is_an_alert_whatever_the_fusion_says(
    rule_id: str, alias: str, value: float, disease: str
) -> None:
    here, place = home(disease), COPD if disease == "copd" else HEART
    for day in range(30):
        here.measure(MONDAY + day, spo2=94, pulse=70, systolic=120, diastolic=60, weight=80)
    here.measure(MONDAY + 30, **{alias: value})
    found = here.measure(MONDAY + 30.01, **{alias: value})
    assert found.colour[0, rule_index(rule_id)] == R
    assert composed(found, place) == R
    assert notified(found) == {place}


def test_a_red_weight_alone_is_a_yellow() -> None:
    here = home("heart_failure")
    here.measure(MONDAY, weight=80.0)
    found = here.measure(MONDAY + 2, weight=83.5)
    assert found.colour[0, rule_index("R11")] == R
    assert composed(found, HEART) == Y


def test_red_lasts_until_nothing_is_raised() -> None:
    here = low_for_three_days("copd")
    here.profile.plan_weekdays[0] = 0x7F
    found = here.measure(MONDAY + 1, pulse=115)
    for day in range(2, 9):
        assert composed(found, COPD) == (R if (found.colour[0] == Y).any() else NONE)
        found = here.measure(MONDAY + day, spo2=96, pulse=70)
    assert composed(found, COPD) == NONE  # R03 knows no base yet


def test_green_needs_every_rule_that_applies() -> None:
    here = home("copd")
    here.profile.plan_weekdays[0] = 0x7F
    for day in range(13):
        found = here.measure(MONDAY + day, spo2=95)
        assert composed(found, COPD) == (NONE if day < 12 else composed(found, COPD))
    assert found.colour[0, rule_index("R03")] == G
    unable = applicable(here.profile, rulebook=RULEBOOK)[0] & (found.colour[0] == NONE)
    assert (composed(found, COPD) == G) == (not unable[: rule_index("R24")].any())


def test_the_same_is_told_once_a_week_and_worse_at_once() -> None:
    here = home("copd")
    told = [notified(here.measure(MONDAY + day, spo2=88)) for day in (0, 1, 2, 3, 8.9, 9, 12)]
    assert told == [set(), set(), {COPD}, set(), set(), {COPD}, set()]
    here = low_for_three_days("copd")
    values = [(1, 86), (2, 86), (2.5, 86), (3, 86), (6, 88), (9, 86)]
    told = [notified(here.measure(MONDAY + day, spo2=value)) for day, value in values]
    assert told == [set(), {COPD}, set(), set(), set(), {COPD}]


def asked(offs: list[float], exchanged: int | None = None) -> list[int]:
    """The days on which a citizen with COPD is called for, who lies so many sd under the usual."""
    here, spo2 = home("copd"), signal_index("spo2")
    for day in range(-24, 0):
        found = here.measure(MONDAY + day, spo2=95 + day % 3 - 1)
    mean, sd, _ = (float(part[0, spo2]) for part in found.baselines)
    days = []
    for day, off in enumerate(offs):
        if day == exchanged:
            swapped(here.state, np.array([0]), [spo2])
        if COPD in notified(here.measure(MONDAY + day, spo2=mean - off * sd)):
            days.append(day)
    return days


ALERT = [2.8, 2.8, 2.8, 2.8]
"""Yellow from the second day on, red from the fourth; its measurements lie 2.8 sd off."""


@pytest.mark.parametrize(
    ("offs", "days"),
    [
        ([2.8] * 6, [1, 3]),
        ([4.7] * 6, [1, 3]),
        ([4.8] * 6, [1, 3, 5]),  # two sd, twice: asks once, and waits again
        ([4.8, 2.8, 4.8, 2.8, 4.8, 2.8], [1, 3]),
        ([4.8, 4.8, 6.8, 6.8, 6.7, 8.8], [1, 3, 5, 7]),
        ([4.8, 4.8, 6.7, 8.8, 8.8, 8.8], [1, 3, 5, 8]),
    ],
)
def test_two_hits_in_a_row_that_lie_farther_out_ask_within_the_week(
    offs: list[float], days: list[int]
) -> None:
    assert asked(ALERT + offs) == days


def by_device(*days: dict[str, float]) -> list[int]:
    """The days on which a citizen is called for, whose signals lie so many sd under the usual, each
    measured by itself."""
    here, usual, told = home("copd"), {"spo2": 95.0, "fev1": 1.4}, []
    for day in range(-24, 0):
        values = {alias: value * (1 + 0.01 * (day % 3 - 1)) for alias, value in usual.items()}
        found = here.measure(MONDAY + day, **values)
    for day, offs in enumerate(days):
        for place, (alias, off) in enumerate(offs.items()):
            mean, sd, _ = (float(part[0, signal_index(alias)]) for part in found.baselines)
            found = here.measure(MONDAY + day + place / 1000, **{alias: mean - off * sd})
            told += [day] if COPD in notified(found) else []
    return told


@pytest.mark.parametrize("order", [("fev1", "spo2"), ("spo2", "fev1")])
def test_a_signal_is_compared_with_itself_when_devices_measure_one_after_the_other(
    order: tuple[str, str],
) -> None:
    """The oximeter lies farther off than the spirometer every day, and that is no news."""
    same = {alias: {"fev1": 1.0, "spo2": 4.0}[alias] for alias in order}
    only, worse = {"spo2": 4.0}, {**same, "spo2": 6.1}
    assert by_device(*[same] * 7) == [1, 2], "yellow, then red"
    assert by_device(*[same] * 3, *[only] * 4) == [1, 2]
    assert by_device(*[same] * 4, *[worse] * 3) == [1, 2, 5]


def test_nothing_lies_farther_when_another_device_measures() -> None:
    assert asked([*ALERT, 4.8, 4.8], exchanged=4) == [1, 3]


def test_missing_and_doubtful_ask_when_they_rise() -> None:
    here = home("copd")
    here.profile.plan_weekdays[0] = 0x7F
    here.profile.start_day[0] = MONDAY
    assert notified(here.tick(MONDAY + 1.4)) == set()
    assert notified(here.tick(MONDAY + 1.5)) == {MISSING}
    assert notified(here.tick(MONDAY + 1.6)) == set()
    assert notified(here.tick(MONDAY + 2.5)) == set()
    assert notified(here.tick(MONDAY + 3.5)) == {MISSING}
    assert TECHNICAL in notified(here.measure(MONDAY + 4, spo2=40))
    assert notified(here.measure(MONDAY + 4.1, spo2=40)) == set()


def test_a_doubtful_measurement_is_a_contact_and_nothing_else() -> None:
    state, profile = State(1), enrolled()
    x = np.full((1, len(SIGNALS)), np.nan)
    x[0, signal_index("spo2")] = 80.0
    found = step(
        state,
        profile,
        slice(None),
        np.array([MONDAY + 0.3]),
        x,
        doubtful=~np.isnan(x),
        rulebook=RULEBOOK,
    )
    assert state.contact_day[0, signal_index("spo2")] == MONDAY
    assert not found.evaluated[0, rule_index("R01")]
    assert not found.refused.any()


def test_a_changed_rulebook_changes_the_colours_and_not_the_live_one() -> None:
    state, profile = State(1), enrolled()
    tried = RULEBOOK.changed({"R01": {"k": 1, "n": 1, "speaks": 1}, "R06": {"enabled": 0}})
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
        ({"R11": {"window_days": 8}}, "R11: window_days is 8"),
        ({"R12": {"window_days": 0}}, "R12: window_days is 0"),
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
    assert not applicable(Profile.default(2), rulebook=RULEBOOK).any()
