"""A changed rulebook is the only one: instants, calls, sentences, evidence, who may be green."""

import math
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from alerting.engine import Change, Engine
from alerting.local_time import local_days, utc_ms
from alerting.roster import Roster
from alerting.rules import (
    RULE_IDS,
    RULEBOOK,
    Colour,
    Rulebook,
    applicable,
    explain,
    home_of,
    rule_index,
)
from alerting.situations import situations_of
from alerting.web.words import Words
from tests.alerting.clinic import Clinic, at, citizen, ms, oximetry

MISSING = rule_index("R24")
LATER = RULEBOOK.changed({"R24": {"grace_days": 2.0}})


def silence(book: Rulebook, days: int) -> list[tuple[float, Colour, float]]:
    """What R24 says of a citizen who never measures: days after the first due time, colour, and
    how many days are missed. Looked at once, at the end."""
    engine = Engine(Roster({"c1": citizen("c1")}, {}), book)
    events = engine.clock(local_days(ms(at(days, 13))))
    return [
        (round(event.t - local_days(ms(at(0, 12))), 6), event.colour, event.evidence["extra"])
        for event in events
        if isinstance(event, Change) and event.rule == MISSING
    ]


def test_silence_is_said_at_the_instants_of_the_rulebook_that_judges() -> None:
    """One missed at once, two at the third due day, which also asks for a call."""
    assert silence(RULEBOOK, 5) == [
        (1.0, Colour.BLUE, 1.0), (3.0, Colour.YELLOW, 3.0),
    ]  # fmt: skip
    assert silence(LATER, 6) == [(2.0, Colour.BLUE, 1.0), (4.0, Colour.YELLOW, 3.0)]


@pytest.mark.parametrize("call", [2.0, 2.5, 4.0, 6.0])
def test_a_call_comes_at_the_stage_of_the_rulebook_that_judges(call: float) -> None:
    book = RULEBOOK.changed({"R24": {"call": call}})
    asked = [t for t, _, missed in silence(book, 9) if missed >= call]
    assert asked[0] == math.ceil(call)
    assert "Ring" in explain(book["R24"], {"extra": asked[0]}, Colour.YELLOW, "da")
    assert "Ring" not in explain(book["R24"], {"extra": asked[0] - 1.0}, Colour.YELLOW, "da")


@pytest.mark.parametrize("yellow", [3.0, 5.0, 7.0])
def test_more_missed_days_can_be_asked_for(yellow: float) -> None:
    said = silence(RULEBOOK.changed({"R24": {"yellow": yellow}}), 12)
    assert next(one for one in said if one[1] == Colour.YELLOW) == (yellow, Colour.YELLOW, yellow)


@pytest.mark.parametrize("name", ["blue", "yellow", "call"])
def test_more_than_the_table_holds_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"R24: {name} is 8; allowed are 1 to 7"):
        RULEBOOK.changed({"R24": {name: 8.0}})


def test_evidence_and_sentences_quote_the_rulebook_that_judges(tmp_path: Path) -> None:
    """From readings to the alert that a nurse sees, through the whole evaluator."""
    clinic = Clinic(tmp_path)
    clinic.enrol([citizen("c1")])
    clinic.receive(oximetry("c1", 0, 95))
    clinic.now_ms = ms(at(5, 13))
    with closing(clinic.evaluator(rulebook=LATER)) as evaluator:
        evaluator.poll()
        evaluator.tick()
        assert evaluator.rulebook is LATER
    (alert,) = [one for one in clinic.alerts() if one.hypothesis == "missing"]
    (found,) = alert.findings
    assert found.evidence.parameters["grace_days"] == 2.0
    assert found.evidence.rulebook_version == f"{RULEBOOK.version}+changed"
    assert (found.onset_ms, found.raised_ms) == (ms(at(3, 12)), ms(at(5, 12)))
    assert (found.severity, found.evidence.value) == ("yellow", 3.0)


def test_a_window_is_said_as_it_was_judged() -> None:
    book = RULEBOOK.changed({"R11": {"window_days": 5.0}, "R12": {"window_days": 6.0}})
    for rule, days in (("R11", 5), ("R12", 6)):
        assert f"på højst {days} dage" in explain(book[rule], {}, Colour.YELLOW, "da")
        assert f"within {days} days" in explain(book[rule], {}, Colour.YELLOW, "en")


def other(rule_id: str, **facts: object) -> Rulebook:
    """The live rulebook with another row."""
    rules = tuple(
        replace(rule, **facts) if rule.id == rule_id else rule  # type: ignore[arg-type]
        for rule in RULEBOOK.rules
    )
    return Rulebook(rules, "other", RULEBOOK.enabled)


def test_what_is_switched_off_applies_to_nobody_and_keeps_nobody_from_green() -> None:
    off = {rule_id: {"enabled": 0.0} for rule_id in RULE_IDS if rule_id != "R01"}
    roster = Roster({"c1": citizen("c1", condition="copd")}, {})
    live, changed = Engine(roster, RULEBOOK), Engine(roster, RULEBOOK.changed(off))
    assert "R03" in situations_of(live)["c1"].unable
    assert situations_of(changed)["c1"].unable == ["R01"]
    assert applicable(live.profile, RULEBOOK).sum() > 5
    assert applicable(changed.profile, changed.rulebook).sum() == 1


def test_rows_say_whose_rule_it_is_what_it_needs_and_how_often() -> None:
    profile = Engine(Roster({"c1": citizen("c1")}, {}), RULEBOOK).profile
    column = rule_index("R03")
    moved = other("R03", home="general")
    assert home_of(profile, moved)[0, column] != home_of(profile, RULEBOOK)[0, column]
    assert applicable(profile, RULEBOOK)[0, column]
    assert not applicable(profile, other("R03", signals=("weight",)))[0, column]
    assert not applicable(profile, other("R03", per_week_min=8.0))[0, column]


def test_pages_name_rules_as_the_rulebook_has_them() -> None:
    renamed = other("R24", name_da="Tavshed", name_en="Silence")
    assert Words("da", utc_ms(1.0), renamed).rule("missing") is renamed["R24"]
    assert Words("da", utc_ms(1.0), None).rule("missing") is None
