"""What every rule owes first: the same answers as the slow oracle, on 200 000 patient-days.

Ten cohorts of short and long histories, each day of which a patient may measure, answer, be given
another device, be paused, … . The oracle is plain Python over whole histories; colours, levels and
onsets must be the same, numbers alike to the ninth digit.
"""

from operator import attrgetter

import numpy as np
import pytest

from alerting.rules import (
    HYPOTHESES,
    RULEBOOK,
    RULES,
    Colour,
    Findings,
    Rule,
    State,
    applicable,
    rule_index,
)
from tests.alerting.rules.cohort import (
    RULE_IDS,
    Array,
    Call,
    calls,
    patients,
    profile_of,
    run,
    run_oracle,
)
from tests.alerting.rules.oracle import ORDER, Answer, Patient

SEED = 7
COHORTS = (
    (1080, 30), (810, 40), (650, 50), (540, 60), (540, 60),
    (405, 80), (405, 80), (340, 100), (285, 120), (165, 200),
)  # fmt: skip
"""Patients and days of each part."""
PATIENT_DAYS = 20_000
"""How many days with a measurement each part compares, at least."""
EXACT = ("colour", "was", "level", "evaluated", "onset")
EVIDENCE = ("value", "limit", "extra", "baseline_mean", "baseline_sd", "baseline_n")
_READ = attrgetter(*EXACT, "value", "limit", "extra", "mean", "sd", "n")


def measured_days(script: list[Call]) -> int:
    """How many different patient-days have a sitting."""
    days = [
        np.stack([call.rows, np.floor(call.t).astype(np.int64)])
        for call in script
        if call.x is not None
    ]
    return len(np.unique(np.concatenate(days, axis=1), axis=1).T)


def _where(call: Call, wrong: Array, names: list[str], what: str) -> list[str]:
    return [
        f"{names[column]} {what}: patient {call.rows[row]} at {call.t[row]:.4f}"
        for row, column in np.argwhere(wrong)[:3]
    ]


def differences(call: Call, found: Findings, answer: list[Answer]) -> list[str]:
    """What is not as the oracle says, in words."""
    if not answer:
        return []
    told: list[str] = []
    want = np.array([[_READ(one.rules[name]) for name in RULE_IDS] for one in answer], dtype=float)
    for place, name in enumerate(EXACT):
        got = getattr(found, name).astype(float)
        wrong = (got != want[:, :, place]) & ~(np.isnan(got) & np.isnan(want[:, :, place]))
        told += _where(call, wrong, RULE_IDS, name)
    judged = found.evaluated
    for place, name in enumerate(EVIDENCE, start=len(EXACT)):
        got, right = getattr(found, name), want[:, :, place]
        alike = np.isclose(got, right, rtol=1e-9, atol=1e-9, equal_nan=True)
        told += _where(call, judged & ~alike, RULE_IDS, name)
    for name in ("composed", "composed_was", "notify"):
        alerts = np.array([getattr(one, name) for one in answer])
        told += _where(call, getattr(found, name) != alerts, list(HYPOTHESES), name)
    ask = np.array([[one.ask_daily] for one in answer])
    told += _where(call, found.ask_daily[:, None] != ask, ["ask_daily"], "")
    refused = np.array([[alias in one.refused for alias in ORDER] for one in answer])
    told += _where(call, found.refused != refused, ORDER, "refused")
    return told


@pytest.mark.parametrize("part", range(len(COHORTS)))
def test_every_rule_equals_the_slow_oracle(part: int) -> None:
    count, days = COHORTS[part]
    script = calls(np.random.default_rng([SEED, part]), count, days)
    assert measured_days(script) >= PATIENT_DAYS
    found = run(State(count), profile_of(_people(part, count)), script)
    truth = run_oracle(_people(part, count), script)
    judged = [call for call in script if not call.change]
    told = [
        line
        for call, findings, answer in zip(judged, found, truth, strict=True)
        for line in differences(call, findings, answer)
    ]
    assert told == []


def _people(part: int, count: int) -> list[Patient]:
    return patients(np.random.default_rng([SEED, part, 1]), count)


def test_a_difference_would_be_found() -> None:
    count, days = 20, 30
    script = calls(np.random.default_rng(SEED), count, days)
    found = run(State(count), profile_of(_people(0, count)), script)
    truth = list(run_oracle(_people(0, count), script))
    judged = [call for call in script if not call.change]
    place = next(place for place, call in enumerate(judged) if call.x is not None)
    for rule_id in RULE_IDS:
        outcome = truth[place][0].rules[rule_id]
        outcome.colour += 1
        (line,) = differences(judged[place], found[place], truth[place])
        assert line.startswith(f"{rule_id} colour")
        outcome.colour -= 1
    assert differences(judged[place], found[place], truth[place]) == []


@pytest.fixture(scope="module")
def history() -> list[Findings]:
    count = 400
    script = calls(np.random.default_rng(SEED), count, 100)
    return run(State(count), profile_of(_people(0, count)), script)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_cohort_visits_every_colour_of_the_rule(rule: Rule, history: list[Findings]) -> None:
    column = rule_index(rule.id)
    seen = {int(colour) for found in history for colour in found.colour[:, column]}
    can_be_red = any("red" in name.split("_") for name in rule.params)
    raised = {"R24": {2, 3}, "T01": {1}}.get(rule.id, {3, 4} if can_be_red else {3})
    assert seen == {-1, 0} | raised


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_could_not_run_is_never_green(rule: Rule, history: list[Findings]) -> None:
    column, unable = rule_index(rule.id), 0
    for found in history:
        verdict = found.verdicts.get(column)
        if verdict is not None:
            not_run = verdict.asked & ~verdict.ran
            unable += int(not_run.sum())
            assert (found.colour[not_run, column] != Colour.GREEN).all()
            assert not found.evaluated[not_run, column].any()
    always_able = {"R02", "R20", "R21", "T01"}
    assert (unable > 0) == (rule.id not in always_able)


def test_an_alert_is_green_only_when_every_rule_that_applies_has_run() -> None:
    count, greens = 300, 0
    state, profile = State(count), profile_of(_people(0, count))
    for call in calls(np.random.default_rng(SEED), count, 60):
        found = run(state, profile, [call])
        if found:
            one = profile.take(call.rows)
            silent = applicable(one, rulebook=RULEBOOK) & (found[0].colour == Colour.INSUFFICIENT)
            home = np.array([HYPOTHESES.index(rule.home) for rule in RULES])
            alone = (one.copd ^ one.heart_failure)[:, None] & (home < 3)
            homes = np.where(alone, np.where(one.copd, 0, 1)[:, None], home)
            for hypothesis in range(3):
                green = found[0].composed[:, hypothesis] == Colour.GREEN
                greens += int(green.sum())
                assert not (silent & (homes == hypothesis))[green].any()
    assert greens > 100
