"""Faults that were found in the rules core by reading it against the clinical reference."""

from alerting.rules import RULEBOOK, Colour, Findings, explain, rule_index, signal_index
from tests.alerting.rules.test_boundaries import MONDAY
from tests.alerting.rules.test_compose import COPD, composed, home

R = Colour.RED


def colour_of(found: Findings, rule_id: str) -> Colour:
    return Colour(int(found.colour[0, rule_index(rule_id)]))


def test_a_red_of_the_fused_signs_is_red_alone() -> None:
    here = home("copd")
    for day in range(20):
        here.measure(MONDAY + day + 0.3, spo2=94, pulse=80, fev1=1.4)
    found = here.measure(MONDAY + 20.3, spo2=94, pulse=79, fev1=1.1)
    assert composed(found, COPD) != R
    for day in range(21, 26):
        found = here.measure(MONDAY + day + 0.3, fev1=1.0)
    raised = {rule for rule in ("R03", "R07", "R08", "R22") if colour_of(found, rule) == R}
    assert raised == {"R22"}
    assert composed(found, COPD) == R


def test_the_usual_weight_is_learnt_anew_three_days_after_a_change_of_diuretic() -> None:
    here = home("heart_failure")
    column = signal_index("weight")
    for day in range(40):
        here.measure(MONDAY + day + 0.3, weight=84.0)
    here.profile.diuretic_changed_t[0] = MONDAY + 40.0
    before = here.state.weight[0, column]
    here.measure(MONDAY + 42.9, weight=82.0)
    assert here.state.weight[0, column] > before * 0.95
    here.measure(MONDAY + 43.1, weight=82.0)
    assert here.state.weight[0, column] < 5
    for day in range(44, 58):
        here.measure(MONDAY + day + 0.3, weight=82.0)
    assert here.state.weight[0, column] > 5, "once for each change"
    assert here.state.mean[0, column] < 83.0


def test_a_partial_score_never_says_that_the_risk_is_low() -> None:
    rule = RULEBOOK["R20"]
    for lang, words in (("da", "ikke, at risikoen er lav"), ("en", "not that the risk is low")):
        assert words in explain(rule, {"value": 0.0, "extra": 97.0}, Colour.GREEN, lang)
