"""The order of the worklist: whom to call first."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from alerting.alert import Alert, Evidence
from alerting.rules import RULEBOOK
from alerting.rules.rule import Rule
from alerting.rules.rulebook import RULES
from alerting.web.words import Words
from alerting.web.worklist import Row, concerned, counts_of, rows_of
from tests.alerting.api.scene import NOW_MS, citizen, episode, found, situation


def alert(key: str, rule: Any, severity: Any, hours: float, **changes: Any) -> Alert:
    own = {"evidence": changes.pop("evidence")} if "evidence" in changes else {}
    facts = msgspec.structs.asdict(episode(key, rule, severity, hours, **own))
    more: dict[str, Any] = {"id": f"{key}-{rule}", "version": 1, "change": 1, "condition": "active"}
    more |= {"attention": "unacked", "state": "new", "since_ms": NOW_MS, "detected_ms": NOW_MS}
    return Alert(**{**facts, **more, **changes})


def evidence_of(rule: str) -> Evidence:
    return episode("a", rule, "red", 1).findings[0].evidence


def rows(citizens: Iterable[str], alerts: Iterable[Alert] = (), **colours: Any) -> list[Row]:
    situations = {key: situation(key, colour) for key, colour in colours.items()}
    people = {key: citizen(key, key, "X") for key in citizens}
    return rows_of(situations, people, alerts, NOW_MS)


def order(citizens: Iterable[str], alerts: Iterable[Alert] = (), **colours: Any) -> str:
    return "".join(row.citizen for row in rows(citizens, alerts, **colours))


def test_worse_colours_come_first() -> None:
    colours = {
        "a": "green", "b": "insufficient-data", "c": "technical", "d": "blue",
        "e": "yellow", "f": "red",
    }  # fmt: skip
    assert order("abcdef", (), **colours) == "fedcba"
    assert list(counts_of(rows("abcdef", (), **colours)).values()) == [1, 1, 1, 1, 1, 1]


def test_unseen_comes_before_seen_and_oldest_first() -> None:
    alerts = [
        alert("a", "R01", "red", 90, attention="acked", acked_by="M", acked_ms=NOW_MS),
        alert("b", "R01", "red", 2),
        alert("c", "R01", "red", 30),
        alert("d", "R14", "yellow", 99),
    ]
    assert order("abcd", alerts, a="red", b="red", c="red", d="yellow") == "cbad"


def test_what_still_holds_comes_before_what_is_over() -> None:
    """A red of last month that nobody saw must not stand above one of this morning."""
    alerts = [
        alert("a", "R01", "red", 900, condition="latched"),
        alert("b", "R01", "red", 2),
        alert("c", "R01", "red", 900, condition="latched"),
        alert("c", "R03", "red", 1),
    ]
    assert order("abc", alerts, a="green", b="red", c="red") == "cba"


def test_one_unseen_alert_keeps_the_row_awake() -> None:
    alerts = [
        alert("a", "R01", "red", 9, attention="acked", acked_by="M", acked_ms=NOW_MS),
        alert("a", "R03", "red", 3),
    ]
    (row,) = rows("a", alerts, a="red")
    assert not row.acknowledged
    assert [found.findings[0].rule for found in row.unseen] == ["R03"]
    assert row.since_ms == alerts[0].onset_ms


def test_an_open_alert_is_never_calmed_by_the_evaluator_nor_the_other_way_round() -> None:
    latched = alert("a", "R01", "red", 9, condition="latched")
    (row,) = rows("a", [latched], a="green")
    assert row.colour == "red"
    (row,) = rows("a", [alert("a", "R14", "yellow", 9)], a="red")
    assert (row.colour, row.severity) == ("red", "yellow")


def test_whom_the_evaluator_does_not_know_is_not_green() -> None:
    (row,) = rows("a")
    assert row.colour == "insufficient-data"


def test_why_is_told_worst_first_then_newest() -> None:
    alerts = [
        alert("a", "R14", "yellow", 1, text_da="gul"),
        alert("a", "R01", "red", 9, text_da="gammel"),
        alert("a", "R03", "red", 3, text_da="ny"),
    ]
    (row,) = rows("a", alerts, a="red")
    assert row.why_da == ["ny", "gammel", "gul"]


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_is_known_and_shows_few_curves(rule: Rule) -> None:
    assert RULEBOOK.named(rule.id) is RULEBOOK.named(rule.slug) is rule
    bare = msgspec.structs.replace(evidence_of(rule.id), values=[])
    shown = concerned(
        [alert("a", rule.id, "red", 1, evidence=bare)], citizen("a", "A", "B"), RULEBOOK.named
    )
    assert 1 <= len(shown) <= 3


def test_a_doubtful_measurement_shows_its_own_curve() -> None:
    evidence = evidence_of("T01")
    value = msgspec.structs.replace(evidence.values[0], about="weight")
    odd = alert(
        "a", "T01", "technical", 1, evidence=msgspec.structs.replace(evidence, values=[value])
    )
    assert concerned([odd], citizen("a", "A", "B"), RULEBOOK.named) == ["weight"]
    value = msgspec.structs.replace(value, about="blood_pressure")
    both = alert("a", "R17", "red", 1, evidence=msgspec.structs.replace(evidence, values=[value]))
    assert concerned([both], citizen("a", "A", "B"), RULEBOOK.named) == ["systolic", "diastolic"]


def test_reasons_are_told_once_for_all_rules_that_share_them() -> None:
    (row,) = rows("a", a="insufficient-data")
    row = msgspec.structs.replace(row, unable=["R01", "R06", "R03", "X9"])
    told = Words("da", NOW_MS, rulebook=RULEBOOK).unable(row)
    assert [unable.names for unable in told] == [
        ["Lav iltmætning", "Puls uden for grænserne", "X9"],
        ["Fald i iltmætning"],
    ]


def test_what_nobody_saw_in_time_is_called_like_red() -> None:
    late = alert("a", "R14", "yellow", 99, escalated_ms=NOW_MS)
    (first, second) = rows("ab", [late, alert("b", "R14", "yellow", 99)], a="yellow", b="yellow")
    assert (first.citizen, first.colour, second.colour) == ("a", "red", "yellow")
    assert Words("da", NOW_MS, rulebook=RULEBOOK).urge(first) == "Ring i dag: ikke set i 3 hverdage"
    assert Words("en", NOW_MS, rulebook=RULEBOOK).urge(second) == "Assess at the next round"


def test_other_findings_are_those_that_still_hold() -> None:
    several = [found("R01", "red", 5), found("R03", "yellow", 4), found("R04", "yellow", 3)]
    over = msgspec.structs.replace(several[2], cleared_ms=NOW_MS)
    alerts = [
        alert("a", "R01", "red", 5, findings=[*several[:2], over]),
        alert("a", "R14", "yellow", 2),
    ]
    (row,) = rows("a", alerts, a="red")
    assert [one.rule for one in row.others] == ["R03", "R14"]
