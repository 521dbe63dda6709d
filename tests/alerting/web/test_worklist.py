"""The order of the worklist: whom to call first."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from alerting.alert import Alert, Evidence
from alerting.lifecycle import Life, Undo
from alerting.rules import RULEBOOK
from alerting.rules.rule import Rule
from alerting.rules.rulebook import RULES
from alerting.web.lines import Line, line_of, signals_of
from alerting.web.trend import Trend, trend_of
from alerting.web.words import Words
from alerting.web.worklist import (
    HOLD_MS,
    Row,
    concerned,
    counts_of,
    in_order,
    rows_of,
)
from tests.alerting.api.scene import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    citizen,
    curve,
    episode,
    found,
    situation,
)


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
    return in_order(rows_of(situations, people, alerts, NOW_MS, RULEBOOK.named))


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
    assert order("abcd", alerts, a="red", b="red", c="red", d="yellow") == "cbda"


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
    told = Words("da", NOW_MS, RULEBOOK).unable(row)
    assert [unable.names for unable in told] == [
        ["Lav iltmætning", "Puls uden for grænserne", "X9"],
        ["Fald i iltmætning"],
    ]


def test_what_nobody_saw_in_time_is_called_like_red() -> None:
    late = alert("a", "R14", "yellow", 99, escalated_ms=NOW_MS)
    (first, second) = rows("ab", [late, alert("b", "R14", "yellow", 99)], a="yellow", b="yellow")
    assert (first.citizen, first.colour, second.colour) == ("a", "red", "yellow")
    assert (first.section, second.section) == ("call", "assess")
    assert (line(first).late, line(second).late) == ("ikke set i tide", "")


def line(row: Row, lang: Any = "da", *curves: Any) -> Line:
    words = Words(lang, NOW_MS, RULEBOOK)
    signals = signals_of(row, citizen(row.citizen, "A", "X"), curves, words)
    return line_of(row, signals, words)


def now(row: Row, **changes: Any) -> Row:
    """The row with what the newest readings say."""
    return msgspec.structs.replace(row, **changes)


def test_what_leads_is_what_the_newest_reading_says() -> None:
    several = [
        found("R01", "red", 5), found("R03", "yellow", 4, name_da="Fald i iltmætning"),
        found("R04", "yellow", 3),
    ]  # fmt: skip
    over = msgspec.structs.replace(several[2], cleared_ms=NOW_MS)
    (row,) = rows("a", [alert("a", "R01", "red", 5, findings=[*several[:2], over])], a="red")
    assert [one.rule for one in row.holding] == ["R01", "R03"]
    assert line(row).why == "Lav iltmætning · fald i iltmætning"
    (row,) = in_order([now(row, hits={"R03": "yellow"})])
    assert (line(row).why, line(row).bold) == ("Fald i iltmætning", True)
    row = now(row, hits={})
    assert (line(row).why, line(row).bold) == ("Ikke i seneste måling: Lav iltmætning", False)
    assert row.recovering


def test_a_red_that_is_over_or_recovering_stands_below_one_that_is_dangerous_now() -> None:
    """The one who has waited longest has been well for days."""
    red = [alert(key, "R01", "red", hours) for key, hours in (("a", 300), ("b", 200), ("c", 2))]
    a, b, c = sorted(rows("abc", red, a="red", b="red", c="red"), key=lambda row: row.citizen)
    a = now(a, hits={})
    b = now(b, hits={"R22": "red", "R03": "yellow"}, trend=Trend("better", NOW_MS))
    c = now(c, hits={"R01": "red"})
    assert [row.citizen for row in in_order([a, b, c])] == ["c", "b", "a"]
    still = now(b, red_now=True)
    assert [row.citizen for row in in_order([a, still, c])] == ["b", "c", "a"]
    worse = now(b, trend=Trend("worse", NOW_MS))
    assert [row.citizen for row in in_order([a, worse, c])] == ["b", "c", "a"]


def test_old_values_are_told_with_their_day_and_never_lead() -> None:
    (row,) = rows("a", [alert("a", "R01", "red", 500)], a="red")
    points = [
        msgspec.structs.replace(point, measured_ms=point.measured_ms - 21 * DAY_MS)
        for point in curve("spo2", [93, 86]).points
    ]
    old = curve("spo2", [93, 86], points=points)
    told = line(row, "da", old).now
    assert told is not None
    assert (told.value, told.today) == ("86\N{NO-BREAK SPACE}%", False)
    assert told.usual.startswith("28. jan. · habituelt")
    fresh = line(row, "da", curve("spo2", [93, 86])).now
    assert fresh is not None
    assert (fresh.today, fresh.arrow) == (True, "↓")


def test_days_without_a_measurement_are_counted_now() -> None:
    (row,) = rows("a", [alert("a", "R24", "blue", 24 * 8)], a="blue")
    row = now(row, missed_days=6, last_measured_ms=NOW_MS - 9 * DAY_MS)
    assert line(row).why == "Ingen måling i 9 dage (6 aftalte dage)"
    assert line(row, "en").why == "No measurement for 9 days (6 planned days)"
    part = now(row, missed_days=3, last_measured_ms=NOW_MS - HOUR_MS)
    assert line(part).why == "Ikke målt: noget aftalt (3 aftalte dage)"
    part = now(part, missed=["fev1"], missed_days=1)
    assert line(part).why == "Ikke målt: FEV1 (1 aftalt dag)"
    row = now(row, trend=trend_of([], NOW_MS, NOW_MS, row.last_measured_ms, 6))
    assert line(row).trend == "", "it is told once"
    row = now(row, acknowledged=True)
    assert line(row).trend == "tavs i 9 dage, siden 9. feb."


def test_after_a_call_the_row_says_who_called_and_no_longer_to_call() -> None:
    seen = alert(
        "a", "R01", "red", 9, attention="acked", state="acknowledged", acked_by="Mette",
        acked_ms=NOW_MS - HOUR_MS, note="har det bedre",
    )  # fmt: skip
    (row,) = rows("a", [seen], a="red")
    assert row.section == "seen"
    assert line(row).why == "Kontaktet af Mette kl. 11.00 · har det bedre"
    assert (line(row).waits, line(row).turn) == ("", "hos Mette")
    gone = alert("a", "R24", "yellow", 9, attention="acked", acked_by="Mette", acked_ms=NOW_MS)
    (row,) = rows("a", [gone], a="yellow")
    assert line(row).why == "Mindet om måling af Mette kl. 12.00"


def test_what_was_just_done_stays_where_it_was_for_a_moment() -> None:
    new = Life("new", "red", NOW_MS - 9 * HOUR_MS)
    undo = Undo(new, "Mette", NOW_MS, "", None, "", None)
    seen = alert(
        "a", "R01", "red", 9, attention="acked", state="acknowledged", acked_by="Mette", undo=undo
    )
    closed = alert("c", "R01", "red", 8, condition="cleared", attention="acked", undo=undo)
    alerts = [seen, alert("b", "R01", "red", 2), closed]
    situations = {key: situation(key, "red") for key in "abc"}
    people = {key: citizen(key, key, "X") for key in "abc"}

    def at(wall_ms: int) -> list[tuple[str, str]]:
        found = in_order(rows_of(situations, people, alerts, NOW_MS, RULEBOOK.named, wall_ms))
        return [(row.citizen, row.section) for row in found]

    assert at(NOW_MS + HOLD_MS - 1) == [("a", "call"), ("c", "call"), ("b", "call")]
    later = at(NOW_MS + HOLD_MS)
    assert later[0] == ("b", "call") or later[1] == ("b", "call")
    assert ("a", "seen") in later
