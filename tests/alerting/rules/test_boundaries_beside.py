"""The boundary vectors of the clinical reference (section 4.1) for the rules that compare with a
base, with a window or with one another; those of plain limits are in `test_boundaries`."""

import numpy as np
import pytest

from alerting.rules import (
    RULEBOOK,
    Colour,
    Findings,
    Profile,
    item_index,
    rule_index,
    signal_index,
    step,
)
from alerting.rules.signals import SIGNALS
from tests.alerting.rules.test_boundaries import MONDAY, Home, colour, enrolled, level

G, Y, R = Colour.GREEN, Colour.YELLOW, Colour.RED
NONE = Colour.INSUFFICIENT


def usual(**base: tuple[float, float]) -> Home:
    """A patient whose baselines are known: (mean, sd) by signal."""
    home = Home(enrolled())
    for alias, (mean, sd) in base.items():
        column = signal_index(alias)
        home.state.weight[0, column] = 20.0
        home.state.mean[0, column] = mean
        home.state.spread[0, column] = 20.0 * sd * sd
        home.state.absorbed_day[0, column] = MONDAY - 8
    return home


def answer(home: Home, t: float, said: dict[str, int], **readings: float) -> Findings:
    x = np.full((1, len(SIGNALS)), np.nan)
    for alias, value in readings.items():
        x[0, signal_index(alias)] = value
    answers = np.full((1, 9), -1, dtype=np.int8)
    for alias, yes in said.items():
        answers[0, item_index(alias)] = yes
    return step(home.state, home.profile, slice(None), np.array([t]), x, answers, rulebook=RULEBOOK)


@pytest.mark.parametrize(
    ("oxygen", "scale2", "value", "expected"),
    [
        (True, True, 92, G),
        (True, True, 93, Y),
        (True, True, 96, Y),
        (True, True, 97, R),
        (False, True, 97, NONE),
        (True, False, 97, NONE),
    ],
)
def test_r02(oxygen: bool, scale2: bool, value: float, expected: Colour) -> None:
    home = Home(enrolled(scale2=scale2))
    home.profile.on_oxygen[0], home.profile.scale2[0] = oxygen, scale2
    found = home.measure(MONDAY, spo2=value)
    if expected == NONE:
        assert colour(found, "R02") == NONE
        assert not found.evaluated[0, rule_index("R02")]
    else:
        assert level(found, "R02") == expected


@pytest.mark.parametrize(("value", "expected"), [(92.01, G), (92.0, Y), (85.0, Y)])
def test_r04_two_sd_below(value: float, expected: Colour) -> None:
    assert level(usual(spo2=(94.0, 1.0)).measure(MONDAY, spo2=value), "R04") == expected


@pytest.mark.parametrize(("value", "expected"), [(91, G), (92, Y), (104, Y), (105, R)])
def test_r07(value: float, expected: Colour) -> None:
    assert level(usual(pulse=(80.0, 5.0)).measure(MONDAY, pulse=value), "R07") == expected


@pytest.mark.parametrize(
    ("spo2", "pulse", "score"),
    [(94, 80, 0.0), (93, 85, 1.0), (92, 90, 2.0), (92, 87, 1.7), (90, 95, 3.5), (95, 100, 1.5)],
)
def test_r08(spo2: float, pulse: float, score: float) -> None:
    found = usual(spo2=(94.0, 1.0), pulse=(80.0, 5.0)).measure(MONDAY, spo2=spo2, pulse=pulse)
    column = rule_index("R08")
    assert found.value[0, column] == pytest.approx(score)
    shown = Y if score >= 2.0 else G  # at 1.5 two of three are needed; a red waits as a yellow
    assert colour(found, "R08") == shown
    assert (level(found, "R08") == R) == (score >= 3.0)


def test_r08_a_lower_score_counts_beside_a_symptom() -> None:
    for yes, expected in ((1, Y), (0, G)):
        home = usual(spo2=(94.0, 1.0), pulse=(80.0, 5.0))
        found = answer(home, MONDAY, {"dyspnoea": yes}, spo2=93, pulse=85)
        assert colour(found, "R08") == expected


@pytest.mark.parametrize(
    ("base", "value", "expected"),
    [
        (1.20, 1.09, G),
        (1.20, 1.02, Y),
        (1.20, 1.021, G),
        (1.20, 0.95, Y),
        (1.20, 0.90, R),
        (2.40, 2.15, G),
        (0.70, 0.60, G),
        (0.70, 0.50, Y),
    ],
)
def test_r09(base: float, value: float, expected: Colour) -> None:
    assert level(usual(fev1=(base, 0.05)).measure(MONDAY, fev1=value), "R09") == expected


@pytest.mark.parametrize(("value", "expected"), [(0.97, G), (0.96, Y)])
def test_r10(value: float, expected: Colour) -> None:
    home = Home()
    for day, past in enumerate((1.10, 1.12, 1.08, 1.11, 1.09, 1.10, 1.10)):
        found = home.measure(MONDAY + day, fev1=past)
        assert colour(found, "R10") == NONE
    found = home.measure(MONDAY + 7, fev1=value)
    assert level(found, "R10") == expected
    assert found.limit[0, rule_index("R10")] == pytest.approx(0.9602, abs=5e-5)


@pytest.mark.parametrize(
    ("after", "value", "expected"),
    [(1, 81.3, G), (1, 81.4, Y), (3, 82.2, G), (3, 82.3, Y), (7, 82.3, Y), (8, 82.3, NONE)],
)
def test_r12(after: int, value: float, expected: Colour) -> None:
    home = Home()
    home.measure(MONDAY + 0.3, weight=80.0)
    found = home.measure(MONDAY + after + 0.3, weight=value)
    assert colour(found, "R12") == expected


def test_r12_on_the_series_of_the_reference() -> None:
    values = [80.0, 80.2, 79.9, 80.1, 80.0, 80.4, 80.9, 81.5, 82.2]
    colours = Home().days("R12", "weight", list(values))
    assert colours[1:] == [G] * 7 + [Y]
    assert Home().days("R11", "weight", list(values))[1:] == [G] * 8


@pytest.mark.parametrize(("last", "expected"), [(82.2, G), (84.3, G), (84.4, Y), (87.5, R)])
def test_r13(last: float, expected: Colour) -> None:
    values = [80, 80.2, 79.9, 80.1, 80, 80.4, 80.9, 81.5, last]
    home = Home()
    for day, value in enumerate(values):
        found = home.measure(MONDAY + day + 0.3, weight=value)
    assert level(found, "R13") == expected
    if last == 82.2:
        assert found.extra[0, rule_index("R13")] == pytest.approx(0.524737, abs=1e-6)


@pytest.mark.parametrize(("value", "expected"), [(78.1, G), (78.0, Y), (77.0, Y)])
def test_r15_two_kg_in_three_days(value: float, expected: Colour) -> None:
    home = Home()
    home.measure(MONDAY + 0.3, weight=80.0)
    assert level(home.measure(MONDAY + 3.3, weight=value), "R15") == expected


def test_r15_is_silent_after_a_change_of_diuretic() -> None:
    home = Home()
    home.profile.diuretic_changed_t[0] = MONDAY + 1.0
    home.measure(MONDAY + 0.3, weight=80.0)
    assert not home.measure(MONDAY + 3.3, weight=77.5).evaluated[0, rule_index("R15")]


@pytest.mark.parametrize(
    ("value", "dizzy", "expected"), [(99, 0, Y), (99, 1, R), (100, 1, G), (89, 0, R)]
)
def test_r16_one_colour_higher_when_dizzy(value: float, dizzy: int, expected: Colour) -> None:
    found = answer(Home(), MONDAY, {"dizziness": dizzy}, systolic=value, diastolic=60)
    assert level(found, "R16") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(111, G), (110, Y), (101, Y), (100, R), (149, G), (150, Y), (175, Y)]
)
def test_r18(value: float, expected: Colour) -> None:
    found = usual(systolic=(130.0, 7.0)).measure(MONDAY, systolic=value, diastolic=70)
    assert level(found, "R18") == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "pulse", "index", "narrow", "expected"),
    [
        (118, 72, 76, 0.6441, 0.3898, G),
        (95, 60, 98, 1.0316, 0.3684, R),
        (88, 66, 104, 1.1818, 0.25, R),
        (100, 78, 90, 0.9, 0.22, Y),
        (165, 95, 70, 0.4242, 0.4242, G),
        (120, 91, 70, 0.5833, 0.2417, Y),
        (101, 60, 90, 0.8911, 0.4059, G),
    ],
)
def test_r19(
    systolic: float, diastolic: float, pulse: float, index: float, narrow: float, expected: Colour
) -> None:
    found = Home().measure(MONDAY, systolic=systolic, diastolic=diastolic, pulse=pulse)
    column = rule_index("R19")
    assert level(found, "R19") == expected
    assert found.value[0, column] == pytest.approx(index, abs=5e-5)
    assert found.extra[0, column] == pytest.approx(narrow, abs=5e-5)


@pytest.mark.parametrize(
    ("readings", "points", "expected"),
    [
        ({"spo2": 96, "pulse": 76, "systolic": 125}, 0, G),
        ({"spo2": 94, "pulse": 95}, 2, G),
        ({"spo2": 93, "pulse": 95}, 3, Y),
        ({"spo2": 91}, 3, Y),
        ({"systolic": 220}, 3, Y),
        ({"spo2": 91, "pulse": 104}, 4, Y),
        ({"spo2": 91, "pulse": 112}, 5, R),
    ],
)
def test_r20_counts_what_is_there(
    readings: dict[str, float], points: int, expected: Colour
) -> None:
    found = Home().measure(MONDAY, **readings)
    assert found.value[0, rule_index("R20")] == points
    assert level(found, "R20") == expected


def test_r20_does_not_count_what_is_usual() -> None:
    home = usual(spo2=(91.0, 1.0), pulse=(80.0, 5.0))
    assert level(home.measure(MONDAY, spo2=91, pulse=80), "R20") == G
    assert level(home.measure(MONDAY + 1, spo2=91, pulse=112), "R20") == R


@pytest.mark.parametrize(
    ("diseases", "yes", "expected"),
    [
        ("copd", ("dyspnoea",), Y),
        ("copd", ("cough",), Y),
        ("copd", ("dyspnoea", "cough"), R),
        ("copd", ("dyspnoea", "sputum"), R),
        ("copd", ("cough", "sputum"), R),
        ("copd", ("oedema",), G),
        ("heart_failure", ("dyspnoea",), Y),
        ("heart_failure", ("oedema",), Y),
        ("heart_failure", ("dyspnoea", "oedema"), R),
        ("heart_failure", ("orthopnoea",), R),
        ("heart_failure", ("cough",), G),
        ("copd", ("chest_pain",), R),
        ("heart_failure", ("syncope",), R),
    ],
)
def test_r21(diseases: str, yes: tuple[str, ...], expected: Colour) -> None:
    home = Home()
    getattr(home.profile, diseases)[0] = True
    home.profile.symptoms_asked[0] = True
    every = dict.fromkeys(("dyspnoea", "cough", "sputum", "oedema"), 0)
    found = answer(home, MONDAY, every | dict.fromkeys(yes, 1))
    assert level(found, "R21") == expected


def test_r21_follows_up_while_a_course_runs_but_never_hides_chest_pain() -> None:
    profile = Profile.default(1)
    profile.copd[0] = profile.treated[0] = profile.symptoms_asked[0] = True
    home = Home(profile)
    assert level(answer(home, MONDAY, {"dyspnoea": 1}), "R21") == G
    assert level(answer(home, MONDAY + 1, {"dyspnoea": 1, "cough": 1}), "R21") == Y
    found = answer(home, MONDAY + 2, {"chest_pain": 1})
    assert (level(found, "R21"), colour(found, "R21")) == (R, R)


def falling(values: list[float | None]) -> Colour:
    home = usual(spo2=(95.0, 1.0))
    for day, value in enumerate(values):
        if value is not None:
            found = home.measure(MONDAY + day, spo2=value)
    return level(found, "R05")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([95, 94.7, 94.4, 94.1, 93.8, 93.5], Y),
        ([95, 94.8, 94.6, 94.4, 94.2, 94.0], G),  # significant, and slower than a quarter a day
        ([95, 93, 95, 92, 95, 93], G),  # steep, and not significant
        ([99, 98, 97, 96, 95.5, 95], G),  # a return from an unusual height
    ],
)
def test_r05(values: list[float | None], expected: Colour) -> None:
    assert falling(values) == expected
