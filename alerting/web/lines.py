"""One row of the worklist in words: what is now, which way it goes, and whose turn it is.

In: a row, the curves that its alerts are about, and the words of a language. Out: a `Line` of plain
text and a small drawing. What is said as of now is of now: a value is shown with its day unless it
is of today, and in bold only while it is what the alert is about.
"""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from alerting.alert import Alert
from alerting.lifecycle import TABLE, Event, State
from alerting.local_time import DAY_MS, local_days
from alerting.situation import Curve
from alerting.web import curve as curves
from alerting.web import times
from alerting.web.trend import days_silent
from alerting.web.words import Words
from alerting.web.worklist import Row, concerned, just_done
from fhir_mapping.enrolled import Citizen

NAMES_MAX = 3
"""Most findings that lead a row; the others stand in the open row."""
SPARK_DAYS = 28
_ARROW_SD = 1.0
"""A value this far from the usual is higher or lower, and an arrow says so."""


class Now(NamedTuple):
    """One signal as it is now: newest value, what is usual, and how it got there."""

    name: str
    value: str
    arrow: str
    usual: str
    at_ms: int
    today: bool
    """Of today, and not doubtful: only then it may lead."""
    drawing: Markup


class Line(NamedTuple):
    """What the closed row says; `bold` when what leads holds now."""

    why: str
    bold: bool
    late: str
    trend: str
    way: str
    now: Now | None
    waits: str
    turn: str


def line_of(row: Row, signals: Sequence[Now], words: Words) -> Line:
    """The closed row."""
    trend = row.trend
    holds = bool(row.holding) and not row.recovering
    return Line(
        why=_why(row, words),
        bold=holds and not row.acknowledged and row.colour in ("red", "yellow"),
        late=words("late") if _late(row) else "",
        trend="" if trend is None or not row.alerts or _missing(row) else _trend(row, words),
        way=trend.way if trend and row.alerts and not _ended(row) else "",
        now=signals[0] if signals else None,
        waits=_waits(row, words),
        turn=_turn(row, words),
    )


def signals_of(row: Row, citizen: Citizen, found: Sequence[Curve], words: Words) -> list[Now]:
    """The signals that a row's alerts are about, those that hold now first."""
    window = curves.Window.last(SPARK_DAYS, words.now_ms)
    by_signal = {curve.signal: curve for curve in found}
    shown = [by_signal[one] for one in concerned_first(row, citizen, words) if one in by_signal]
    return [_now(curve, window, words) for curve in shown if curve.points]


def concerned_first(row: Row, citizen: Citizen, words: Words) -> list[str]:
    """As `concerned`; without alerts what is watched, else the first signal planned."""
    watched = [rule.signals[0] for rule in map(words.rule, row.watched) if rule and rule.signals]
    return (
        concerned(row.alerts, citizen, words.rule, row.holding)
        or watched[:1]
        or list(citizen.plan.signals[:1])
    )


def may(alerts: Sequence[Alert], event: Event) -> list[Alert]:
    """Those of the alerts to which a person may do this, as the table of states has it."""
    states: set[State] = {state for row in TABLE if row.event == event for state in row.states}
    return [alert for alert in alerts if alert.state in states]


def may_undo(alerts: Sequence[Alert], nurse: str, wall_ms: int) -> list[Alert]:
    """Those about which this person has just done something."""
    return [
        alert
        for alert in alerts
        if just_done(alert, wall_ms) and alert.undo is not None and alert.undo.by == nurse
    ]


def _why(row: Row, words: Words) -> str:
    if row.aside:
        return words("set-aside")
    if not row.alerts:
        told = words.watched(row) or ", ".join(one.reason for one in words.unable(row)[:1])
        return told[:1].upper() + told[1:] or (
            words("never-measured") if row.last_measured_ms is None else ""
        )
    lead = row.alerts[0]
    if row.acknowledged:
        note = f" · {lead.note}" if lead.note else ""
        return words.did(lead) + note
    if _missing(row):
        why = words.none_measured(row)
    else:
        names = list(dict.fromkeys(words.name_of(finding) for finding in row.holding))
        why = _listed(names[:NAMES_MAX]) + ("" if len(names) <= NAMES_MAX else " …")
        if not names:
            key = "not-now" if row.over else "not-newest"
            why = words(key, why=words.name_of(lead.findings[0]))
    return why


def _late(row: Row) -> bool:
    """Nobody looked in time, nor since."""
    return bool(row.alerts) and not row.acknowledged and row.alerts[0].escalated_ms is not None


def _ended(row: Row) -> bool:
    """Nothing holds any more: when it ended is said instead of which way it went, unless better."""
    better = row.trend is not None and row.trend.way == "better"
    return row.over and not row.holding and not row.acknowledged and not better


def _missing(row: Row) -> bool:
    """All that is wrong, and not seen yet, is that nothing is measured: the row says since when."""
    return not row.acknowledged and all(one.hypothesis == "missing" for one in row.alerts)


def _listed(names: Sequence[str]) -> str:
    """Names in one sentence: all but the first without their capital, unless it is a short form."""
    rest = [name[0].lower() + name[1:] if name[1:2].islower() else name for name in names[1:]]
    return " · ".join([*names[:1], *rest])


def _trend(row: Row, words: Words) -> str:
    trend = row.trend
    assert trend is not None, "asked only where there is one"
    if _ended(row):
        ended = [alert.cleared_ms for alert in row.alerts if alert.cleared_ms is not None]
        return words("over-since", time=words.human(max(ended))) if ended else ""
    day = times.near_day(trend.since_ms, words.now_ms, words.lang)
    if trend.way == "silent":
        return words("trend-silent", count=days_silent(trend, words.now_ms), day=day)
    if trend.way == "unchanged" and int(local_days(trend.since_ms)) == int(
        local_days(words.now_ms)
    ):
        return words("trend-new")
    return words(f"trend-{trend.way}", day=day)


def _waits(row: Row, words: Words) -> str:
    if row.waits_since_ms is None or row.acknowledged:
        return ""
    return words("waits", time=times.span(words.now_ms - row.waits_since_ms, words.lang))


def _turn(row: Row, words: Words) -> str:
    if not row.alerts:
        return ""
    lead = row.alerts[0]
    if not row.acknowledged:
        return words("turn-ours")
    if lead.until_ms is not None:
        return words("turn-later", time=words.done_at(lead.until_ms))
    if lead.severity in ("blue", "technical") and lead.state == "acknowledged":
        return words("turn-citizen")
    return words("turn-name", name=lead.state_by or lead.acked_by)


def _now(curve: Curve, window: curves.Window, words: Words) -> Now:
    usual = curves.usual_now(curve)
    last = curve.points[-1]
    today = local_days(last.measured_ms) // 1 == local_days(words.now_ms) // 1
    told = words(
        "usual-unknown" if usual is None else "usual",
        value="" if usual is None else words.told(curve, usual),
    )
    if not today:
        day = times.near_day(last.measured_ms, words.now_ms, words.lang)
        told = words("on-day", day=day, rest=told)
    if last.doubtful:
        told = words("on-day", day=words("legend-doubtful"), rest=told)
    return Now(
        name=words.name_of(curve),
        value=words.told(curve, last.value),
        arrow="" if last.doubtful else _arrow(curve),
        usual=told,
        at_ms=last.measured_ms,
        today=bool(today) and not last.doubtful and words.now_ms - last.measured_ms < DAY_MS,
        drawing=curves.sparkline(curve, window, words.lang),
    )


def _arrow(curve: Curve) -> str:
    """Up, down or level of the newest value against what is usual; nothing when that is unknown."""
    known = [usual for usual in curve.usual if usual.sd > 0]
    if not known:
        return ""
    out = (curve.points[-1].value - known[-1].mean) / known[-1].sd
    return "↑" if out >= _ARROW_SD else "↓" if out <= -_ARROW_SD else "→"
