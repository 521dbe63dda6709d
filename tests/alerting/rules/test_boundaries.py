"""The boundary vectors of the clinical reference, as literal numbers, and the life of an episode.

`test_every_rule` probes thresholds wherever the rows put them; here the numbers themselves are
held, so that a changed row does not go unnoticed.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest

from alerting.rules import (
    RULEBOOK,
    SIGNALS,
    Colour,
    Findings,
    Profile,
    State,
    clock,
    default_limits,
    default_relative_limits,
    rule_index,
    signal_index,
    step,
)

MONDAY = 20_003  # 7 October 2024
G, B, Y, R = Colour.GREEN, Colour.BLUE, Colour.YELLOW, Colour.RED
T, NONE = Colour.TECHNICAL, Colour.INSUFFICIENT
NAN = float("nan")


def enrolled(
    condition: str = "both", *, scale2: bool = False, beta_blocker: bool = False
) -> Profile:
    profile = Profile.default(1)
    limits = default_limits(condition, scale2=scale2, beta_blocker=beta_blocker, rulebook=RULEBOOK)
    for alias, (low_red, low_yellow, high_yellow, high_red) in limits.items():
        column = signal_index(alias)
        profile.low_red[0, column], profile.low_yellow[0, column] = low_red, low_yellow
        profile.high_yellow[0, column], profile.high_red[0, column] = high_yellow, high_red
    for alias, (low_red, low_yellow, _, _) in default_relative_limits(
        condition, rulebook=RULEBOOK
    ).items():
        column = signal_index(alias)
        profile.rel_low_red[0, column], profile.rel_low_yellow[0, column] = low_red, low_yellow
    return profile


@dataclass
class Home:
    """One patient at home."""

    profile: Profile = field(default_factory=enrolled)
    state: State = field(default_factory=lambda: State(1))

    def measure(self, t: float, **readings: float) -> Findings:
        x = np.full((1, len(SIGNALS)), NAN)
        for alias, value in readings.items():
            x[0, signal_index(alias)] = value
        return step(self.state, self.profile, slice(None), np.array([t]), x, rulebook=RULEBOOK)

    def tick(self, now: float) -> Findings:
        return clock(self.state, self.profile, slice(None), now, rulebook=RULEBOOK)

    def days(self, rule_id: str, alias: str, values: list[float | None]) -> list[Colour]:
        """The episode's colour after each day's reading (None = no reading)."""
        seen = []
        for day, value in enumerate(values):
            if value is not None:
                self.measure(MONDAY + day + 0.3, **{alias: value})
            seen.append(Colour(int(self.state.status[0, rule_index(rule_id)])))
        return seen


def level(findings: Findings, rule_id: str) -> Colour:
    return Colour(int(findings.level[0, rule_index(rule_id)]))


def colour(findings: Findings, rule_id: str) -> Colour:
    return Colour(int(findings.colour[0, rule_index(rule_id)]))


@pytest.mark.parametrize(
    ("scale2", "value", "expected"),
    [
        (False, 90, G),
        (False, 89, Y),
        (False, 88, Y),
        (False, 87, R),
        (True, 88, G),
        (True, 87, Y),
        (True, 86, Y),
        (True, 85, R),
    ],
)
def test_r01(scale2: bool, value: float, expected: Colour) -> None:
    assert level(Home(enrolled(scale2=scale2)).measure(MONDAY, spo2=value), "R01") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(91.01, G), (91.0, Y), (90.01, Y), (90.0, R), (94.0, G)]
)
def test_r03_with_a_baseline_of_94(value: float, expected: Colour) -> None:
    home = Home()
    home.days("R03", "spo2", [94.0] * 14)
    found = home.measure(MONDAY + 14.3, spo2=value)
    column = rule_index("R03")
    assert level(found, "R03") == expected
    assert found.baseline_mean[0, column] == 94.0
    assert found.baseline_sd[0, column] == 0.9
    assert found.extra[0, column] == pytest.approx(94.0 - value)


def test_r03_needs_five_readings_that_have_waited_a_week() -> None:
    colours = Home().days("R03", "spo2", [94.0] * 13)
    assert colours[:11] == [NONE] * 11  # five absorbed weigh a little less than five
    assert colours[12] == G


def test_r03_red_needs_two_of_three() -> None:
    home = Home()
    home.days("R03", "spo2", [94.0] * 14)
    assert colour(home.measure(MONDAY + 14.3, spo2=90), "R03") == Y
    assert colour(home.measure(MONDAY + 15.3, spo2=92), "R03") == Y
    assert colour(home.measure(MONDAY + 16.3, spo2=90), "R03") == R


@pytest.mark.parametrize(
    ("value", "expected"),
    [(40, R), (41, Y), (49, Y), (50, G), (110, G), (111, Y), (130, Y), (131, R)],
)
def test_r06(value: float, expected: Colour) -> None:
    assert level(Home().measure(MONDAY, pulse=value), "R06") == expected


@pytest.mark.parametrize(("value", "expected"), [(46, G), (45, Y), (40, R)])
def test_r06_with_a_beta_blocker(value: float, expected: Colour) -> None:
    home = Home(enrolled(beta_blocker=True))
    assert level(home.measure(MONDAY, pulse=value), "R06") == expected


@pytest.mark.parametrize(("gain", "expected"), [(2.0, G), (2.1, Y), (3.0, Y), (3.1, R)])
@pytest.mark.parametrize("start", [79.9, 80.0, 81.7])
def test_r11(start: float, gain: float, expected: Colour) -> None:
    home = Home()
    home.measure(MONDAY + 0.3, weight=start)
    found = home.measure(MONDAY + 3.2, weight=round(start + gain, 1))
    assert level(found, "R11") == expected
    assert found.extra[0, rule_index("R11")] == gain


def test_r11_counts_whole_days_and_not_the_same_day() -> None:
    home = Home()
    assert colour(home.measure(MONDAY + 0.3, weight=80.0), "R11") == NONE
    assert colour(home.measure(MONDAY + 0.9, weight=83.0), "R11") == NONE
    assert colour(home.measure(MONDAY + 3.99, weight=82.5), "R11") == Y
    home = Home()
    home.measure(MONDAY + 0.99, weight=80.0)
    assert colour(home.measure(MONDAY + 4.0, weight=83.5), "R11") == NONE


@pytest.mark.parametrize(
    ("value", "expected"), [(81.9, G), (81.999, G), (82.0, Y), (82.9, Y), (83.0, R)]
)
def test_r14(value: float, expected: Colour) -> None:
    home = Home()
    home.profile.dry_weight_kg[0] = 80.0
    assert level(home.measure(MONDAY, weight=value), "R14") == expected


def test_r14_uses_the_baseline_only_when_nobody_has_decided() -> None:
    home = Home()
    assert home.days("R14", "weight", [80.0] * 20)[-1] == G
    assert level(home.measure(MONDAY + 20.3, weight=82.0), "R14") == Y
    assert Home().days("R14", "weight", [80.0] * 5)[-1] == NONE


@pytest.mark.parametrize(("value", "expected"), [(100, G), (99, Y), (90, Y), (89, R)])
def test_r16(value: float, expected: Colour) -> None:
    found = Home().measure(MONDAY, systolic=value, diastolic=60)
    assert level(found, "R16") == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [(159, 99, G), (160, 99, Y), (179, 99, Y), (180, 99, R), (159, 110, R), (159, 100, Y)],
)
def test_r17(systolic: float, diastolic: float, expected: Colour) -> None:
    found = Home().measure(MONDAY, systolic=systolic, diastolic=diastolic)
    assert level(found, "R17") == expected
    unconfirmed = Y if expected == R else G  # a red reading is never hidden
    assert colour(found, "R17") == unconfirmed


def test_r17_is_confirmed_by_two_of_three() -> None:
    home = Home()
    for day, systolic, expected in ((0, 165, G), (1, 185, Y), (2, 185, R), (3, 120, R)):
        found = home.measure(MONDAY + day, systolic=systolic, diastolic=70)
        assert colour(found, "R17") == expected


def test_an_episode_opens_at_once_never_falls_and_closes_after_three_clear_readings() -> None:
    values = [92.0, 89, 90, 91, None, 91, 92, 92, 87, 87, 89, 91, 90, 91, 91, 91]
    assert Home().days("R01", "spo2", values) == [G, Y, Y, Y, Y, Y, G, G, Y, R, R, R, R, R, R, G]
    assert Home().days("R01", "spo2", [86, 86, 92, 92, 92.0]) == [Y, R, R, R, G]


@pytest.mark.parametrize(
    ("rule_id", "alias", "red", "fine"),
    [("R01", "spo2", 86, 94), ("R06", "pulse", 135, 80), ("R16", "systolic", 85, 120)],
)
def test_a_red_reading_shows_as_yellow_at_once_and_is_red_when_it_is_repeated(
    rule_id: str, alias: str, red: float, fine: float
) -> None:
    for gap in (0.001, 1.2, 3.0, 10.0):
        home = Home()
        found = home.measure(MONDAY, **{alias: red})
        assert (level(found, rule_id), colour(found, rule_id)) == (R, Y)
        found = home.measure(MONDAY + gap, **{alias: red})
        assert colour(found, rule_id) == R
    assert Home().days(rule_id, alias, [red, fine, red]) == [Y, Y, R]
    assert Home().days(rule_id, alias, [red, fine, fine, fine]) == [Y, Y, Y, G]


def test_a_register_forgets_after_ten_days() -> None:
    for gap, expected in ((10.9, Y), (11.0, G)):  # whole days: the tenth still counts
        home = Home()
        home.measure(MONDAY, systolic=95, diastolic=60)
        found = home.measure(MONDAY + gap, systolic=95, diastolic=60)
        assert colour(found, "R16") == expected


def test_limits_that_are_not_set_never_give_green() -> None:
    home = Home(Profile.default(1))
    found = home.measure(MONDAY, spo2=95, pulse=70, systolic=120, diastolic=70)
    assert {colour(found, rule_id) for rule_id in ("R01", "R06", "R16", "R17")} == {NONE}
    home.profile.high_red[0, signal_index("pulse")] = 130.0
    assert colour(home.measure(MONDAY + 1, pulse=70), "R06") == NONE  # the low side is unknown
    assert level(home.measure(MONDAY + 2, pulse=140), "R06") == R
    assert colour(home.measure(MONDAY + 2.1, pulse=140), "R06") == R


def test_an_open_episode_stays_open_when_its_rule_cannot_run() -> None:
    home = Home()
    home.measure(MONDAY, weight=80.0)
    assert colour(home.measure(MONDAY + 1, weight=82.5), "R11") == Y
    found = home.measure(MONDAY + 9, weight=80.0)
    assert colour(found, "R11") == Y
    assert not found.evaluated[0, rule_index("R11")]


def test_the_baseline_is_lagged_and_takes_one_reading_a_day() -> None:
    home = Home()
    column = signal_index("pulse")
    for day in range(7):
        home.measure(MONDAY + day + 0.3, pulse=70)
        home.measure(MONDAY + day + 0.8, pulse=90)
        assert home.state.weight[0, column] == 0
    home.measure(MONDAY + 7.3, pulse=70)
    assert home.state.weight[0, column] == 1
    assert home.state.mean[0, column] == 70


def test_the_baseline_is_frozen_for_at_most_21_days() -> None:
    home = Home()
    column = signal_index("spo2")
    home.days("R03", "spo2", [94.0] * 20)
    home.measure(MONDAY + 20.3, spo2=86)
    frozen = home.state.mean[0, column], home.state.weight[0, column]
    for day in range(21, 41):
        home.measure(MONDAY + day + 0.3, spo2=86)
        assert (home.state.mean[0, column], home.state.weight[0, column]) == frozen
    home.measure(MONDAY + 41.3, spo2=86)
    assert home.state.weight[0, column] > frozen[1]
    home.measure(MONDAY + 48.3, spo2=86)
    assert home.state.mean[0, column] < 94.0


def test_an_episode_in_another_family_freezes_nothing() -> None:
    home = Home()
    for day in range(15):
        home.measure(MONDAY + day + 0.3, spo2=94, pulse=140)
    assert home.state.weight[0, signal_index("spo2")] > 5
    assert home.state.weight[0, signal_index("pulse")] == 0


@pytest.mark.parametrize(
    ("second", "expected"), [(90.0, G), (90.001, T), (70.0, G), (69.999, T), (260.0, T)]
)
def test_t01_refuses_a_jump_of_more_than_ten_kg(second: float, expected: Colour) -> None:
    home = Home()
    home.measure(MONDAY, weight=80.0)
    assert colour(home.measure(MONDAY + 30, weight=second), "T01") == expected


@pytest.mark.parametrize(("second", "expected"), [(48.0, G), (48.001, T), (32.0, G), (31.9, T)])
def test_t01_refuses_a_jump_of_more_than_a_fifth(second: float, expected: Colour) -> None:
    home = Home()
    home.measure(MONDAY, weight=40.0)
    assert colour(home.measure(MONDAY + 30, weight=second), "T01") == expected


@pytest.mark.parametrize(("third", "expected"), [(98.0, G), (98.001, T), (92.0, G), (80.0, G)])
def test_t01_accepts_a_change_that_is_repeated(third: float, expected: Colour) -> None:
    home = Home()
    home.measure(MONDAY, weight=80.0)
    refused = home.measure(MONDAY + 1, weight=95.0)
    assert colour(refused, "T01") == T
    assert refused.refused[0, signal_index("weight")]
    assert not refused.evaluated[0, rule_index("R11")]
    assert colour(home.measure(MONDAY + 2, weight=third), "T01") == expected


def test_t01_is_cleared_by_the_signal_that_raised_it() -> None:
    home = Home()
    assert colour(home.measure(MONDAY, spo2=49, pulse=70), "T01") == T
    assert colour(home.measure(MONDAY + 1, pulse=70), "T01") == T
    assert colour(home.measure(MONDAY + 2, spo2=50), "T01") == G


def test_t01_refuses_a_diastolic_that_is_not_below_its_systolic() -> None:
    found = Home().measure(MONDAY, systolic=80, diastolic=120)
    assert colour(found, "T01") == T
    assert colour(found, "R16") == NONE


def on_mondays_and_thursdays() -> Home:
    home = Home()
    home.profile.plan_weekdays[0] = 0b0001001
    home.profile.expected[0, signal_index("spo2")] = True
    home.profile.start_day[0] = MONDAY
    return home


def missing(found: Findings) -> tuple[Colour, float, float]:
    column = rule_index("R24")
    return colour(found, "R24"), float(found.extra[0, column]), float(found.onset[0, column])


def test_r24_vector() -> None:
    home = on_mondays_and_thursdays()
    home.measure(MONDAY + 0.3, spo2=94)
    just_before = 1e-6
    friday, tuesday, second_friday = (MONDAY + day + 0.5 for day in (4, 8, 11))
    assert colour(home.tick(friday - just_before), "R24") == G
    assert missing(home.tick(friday)) == (B, 1, friday)
    assert missing(home.tick(tuesday - just_before)) == (B, 1, friday)
    assert missing(home.tick(tuesday)) == (Y, 2, tuesday)
    assert missing(home.tick(second_friday)) == (Y, 3, tuesday)
    assert missing(home.tick(second_friday + 100))[2] == tuesday


def test_r24_does_not_depend_on_how_often_the_clock_ticks() -> None:
    often, seldom = on_mondays_and_thursdays(), on_mondays_and_thursdays()
    for hour in range(24 * 30):
        found = often.tick(MONDAY + hour / 24)
    once = seldom.tick(MONDAY + (24 * 30 - 1) / 24)
    assert missing(found) == missing(once)


def test_r24_is_cleared_by_any_contact_and_only_by_all_that_is_expected() -> None:
    home = on_mondays_and_thursdays()
    home.profile.expected[0, signal_index("weight")] = True
    assert missing(home.tick(MONDAY + 4.6))[:2] == (Y, 2)
    assert colour(home.measure(MONDAY + 4.7, spo2=94), "R24") == Y
    assert colour(home.measure(MONDAY + 4.7, weight=900.0), "R24") == G  # refused, yet a contact


def test_r24_is_silent_during_a_pause_and_before_the_start() -> None:
    home = on_mondays_and_thursdays()
    assert colour(home.tick(MONDAY + 1.49), "R24") == G
    assert colour(home.tick(MONDAY + 1.5), "R24") == B
    home.profile.paused[0] = True
    found = home.tick(MONDAY + 9.0)
    assert colour(found, "R24") == NONE
    assert not found.evaluated[0, rule_index("R24")]
