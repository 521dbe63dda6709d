"""Every number of every rule: just on the safe side of it, on it, and just beyond.

The numbers are taken from the rows, so a changed row moves its probes. A number without a probe
must be among `ELSEWHERE`, with the place that holds it; so a new rule without boundary cases fails.
What is probed is the verdict on one reading: its level, its deadband, or whether it could run.
"""

from collections.abc import Callable

import pytest

from alerting.rules import RULEBOOK, RULES, Findings, rule_index
from tests.alerting.rules.probes import GRAM, PROBES, Probe, agree, in_a_row, jump, overdue
from tests.alerting.rules.test_boundaries import MONDAY, on_mondays_and_thursdays


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: f"{p.rule}-{p.number}")
def test_under_on_and_over_each_number(probe: Probe) -> None:
    number = RULEBOOK[probe.rule].params[probe.number]
    assert not probe.holds(probe.at(number - probe.worse * probe.small))
    assert probe.holds(probe.at(number + probe.worse * probe.small))
    if probe.exact:
        assert probe.holds(probe.at(number)) != probe.strict


def colour_of(found: Findings, rule: str) -> int:
    return int(found.colour[0, rule_index(rule)])


def test_r24_on_its_numbers() -> None:
    params = RULEBOOK["R24"].params
    grace = params["grace_days"]
    assert [colour_of(overdue(grace + by), "R24") for by in (-1e-6, 0.0)] == [0, 2]
    raised = [colour_of(in_a_row(missed), "R24") for missed in range(4)]
    assert raised == [0, *([2] * (round(params["yellow"]) - 1)), *([3] * 2)]


def test_r24_two_missed_in_a_row_count_from_silent_days_on() -> None:
    silent = round(RULEBOOK["R24"].params["silent_days"])
    for gap, expected in ((silent - 1, 2), (silent, 3), (silent + 1, 3)):
        home = on_mondays_and_thursdays()
        home.measure(MONDAY + 0.3, spo2=94)
        # the second due day lies `gap` after the one that was met
        home.profile.plan_weekdays[0] = 1 | 1 << 1 | 1 << gap
        assert colour_of(home.tick(MONDAY + gap + 1.5), "R24") == expected


@pytest.mark.parametrize(
    ("number", "at"),
    [
        ("jump_kg", jump),
        ("jump_percent", lambda v: jump(40.0 * v / 100.0, of=40.0)),
        ("agree_kg", agree),
    ],
)
def test_t01_on_its_numbers(number: str, at: Callable[[float], Findings]) -> None:
    limit = RULEBOOK["T01"].params[number]
    refused = [bool(at(limit + by).refused[0, 2]) for by in (-GRAM, 0.0, 3 * GRAM)]
    assert refused == [False, False, True]


ELSEWHERE = {
    "test_vectors": {"R22": {"clip_sd", "share_yes", "least", "most"}, "R10": {"sd_floor"}},
    "the oracle": {"R22": {"well", "usual_least", "usual_half_life"}, "R24": {"share", "lately"}},
    "test_compose": {"R22": {"adaptive", "backs"}},
    "test_rulebook": {"R24": {"call"}},
    "here": {
        "R24": {"grace_days", "blue", "yellow", "silent_days"},
        "T01": {"jump_kg", "jump_percent", "agree_kg"},
    },
}
"""Numbers that have no probe, and what holds them. R23 is as R22; shifts are held by vectors."""


def test_every_number_of_every_rule_is_probed() -> None:
    probed: dict[str, set[str]] = {rule.id: set() for rule in RULES}
    for probe in PROBES:
        probed[probe.rule].add(probe.number)
    for numbers in ELSEWHERE.values():
        for rule_id, names in numbers.items():
            probed[rule_id] |= names
            assert names <= set(RULEBOOK[rule_id].params), rule_id
            if rule_id == "R22":
                probed["R23"] |= names
    for rule in RULES:
        asked = {name for name in rule.params if not name.startswith("shift_")}
        assert asked == probed[rule.id], rule.id
