"""The worklist: whom to call, and why. The same rows feed the page and `GET /worklist`.

In: situations, enrolled citizens and open alerts. Out: `Row`s in the order in which they are to
be dealt with. Pure: no clock, no store, no language.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec

from alerting.alert import OPEN, SEVERITIES, Alert, Finding, Severity
from alerting.rules.rule import Rule
from alerting.rules.signals import SIGNALS
from alerting.situation import COLOURS, Colour, Situation
from alerting.web.times import age
from alerting.web.trend import Trend
from devices.catalogue import PANELS
from fhir_mapping.enrolled import Citizen, Condition

SIGNALS_SHOWN_MAX = 3
"""Most curves of one row."""
HOLD_MS = 10_000
"""So long a row stays where it was after somebody did something about it, with a way back."""
Section = Literal["call", "assess", "remind", "seen", "watch", "green"]
SECTIONS: tuple[Section, ...] = ("call", "assess", "remind", "seen", "watch", "green")
"""What is to be done about a citizen, in the order of the list."""
_UNSEEN_SECTIONS: Mapping[Severity, Section] = {
    "red": "call",
    "yellow": "assess",
    "blue": "remind",
    "technical": "remind",
}
RuleOf = Callable[[str], Rule | None]
"""The rule with this id or slug, if the rulebook has it."""


_UNKNOWN = Situation("", "insufficient-data", None, [], None)
"""A citizen whom the evaluator has not met yet."""


class Row(msgspec.Struct, frozen=True):
    """One citizen on the worklist.

    `alerts` are the open ones, worst first, unseen before seen, newest first; the first one's
    sentence leads. `since_ms` is the oldest onset among those of the row's severity, and
    `waits_since_ms` when attention was called for that nobody has given yet.
    `acknowledged` says that every open alert has been seen. `unable` names what could not
    run, `watched` what holds and makes no alert yet, `hits` what the newest reading itself reached,
    and `red_now` that it is red of a measurement or an answer, not only of what adds up over days.
    `missed` names the signals that were not measured on the `missed_days`.
    Who is `aside` cannot be judged by a technical fault, and stands at least among those to assess.
    `done` are the alerts about which somebody has just done something that may be taken back.
    """

    citizen: str
    name: str
    birth_date: date
    age: int
    condition: Condition
    phone: str
    paused: bool
    colour: Colour
    severity: Severity | None
    acknowledged: bool
    section: Section
    since_ms: int | None
    waits_since_ms: int | None
    last_measured_ms: int | None
    why_da: list[str]
    why_en: list[str]
    unable: list[str]
    alerts: list[Alert]
    watched: list[str] = []
    hits: dict[str, Severity] | None = None
    red_now: bool = False
    missed_days: int = 0
    missed: list[str] = []
    trend: Trend | None = None
    done: list[Alert] = []
    aside: bool = False

    @property
    def over(self) -> bool:
        """Nothing of the row's own severity still holds: a red that ended before it was seen."""
        own = [alert for alert in self.alerts if alert.shown == self.severity]
        return bool(own) and all(alert.condition == "latched" for alert in own)

    @property
    def present(self) -> Severity | None:
        """The worst that the newest readings reached themselves; None when nothing did."""
        if self.hits is None:
            return None if self.over else self.severity
        return min(self.hits.values(), key=SEVERITIES.index, default=None)

    @property
    def only_missing(self) -> bool:
        """Of its own severity it is only that something planned was not measured."""
        own = [alert for alert in self.alerts if alert.shown == self.severity]
        return bool(own) and all(alert.hypothesis == "missing" for alert in own)

    @property
    def recovering(self) -> bool:
        """It is over, or nothing is reached any more and nothing gets worse, or it gets better and
        no reading is red.

        The evidence of fusion falls by the day: red of it alone is what has been.
        """
        way = self.trend.way if self.trend else ""
        if self.over:
            return True
        if self.present is None:
            return way != "worse"
        return way == "better" and not self.red_now

    @property
    def holding(self) -> list[Finding]:
        """What the newest reading itself says, of all open alerts; it leads the row."""
        return [
            finding
            for alert in self.alerts
            for finding in alert.findings
            if finding.cleared_ms is None and (self.hits is None or finding.rule in self.hits)
        ]

    @property
    def findings(self) -> list[Finding]:
        """All that was found, of all open alerts: what holds first, the worst, then the newest."""
        found = [finding for alert in self.alerts for finding in alert.findings]
        return sorted(
            found,
            key=lambda one: (
                one.cleared_ms is not None,
                SEVERITIES.index(one.severity),
                -one.raised_ms,
            ),
        )

    @property
    def unseen(self) -> list[Alert]:
        """The open alerts that nobody has acknowledged."""
        return [alert for alert in self.alerts if alert.attention == "unacked"]


def rows_of(
    situations: Mapping[str, Situation],
    citizens: Mapping[str, Citizen],
    alerts: Iterable[Alert],
    now_ms: int,
    rule_of: RuleOf,
    wall_ms: int | None = None,
) -> list[Row]:
    """A row per enrolled citizen; see `in_order`.

    `alerts`: the open ones, and those closed a moment ago, whose row stays for a moment. With
    `wall_ms` a row about which somebody has just done something stays where it was.

    The colour is the worse of what the evaluator says now and what is open in the alert store, so
    that neither can calm the other. A citizen whom the evaluator does not know yet is not green.
    """
    by_citizen: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_citizen.setdefault(alert.citizen, []).append(alert)
    return [
        _row(
            citizen,
            situations.get(citizen.id, _UNKNOWN),
            by_citizen.get(citizen.id, []),
            now_ms,
            rule_of,
            wall_ms,
        )
        for citizen in citizens.values()
    ]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By what is to be done; worst colour first; what is dangerous now before what is over or
    getting better, and before who only does not measure; then who has waited longest."""
    return sorted(rows, key=_order)


def counts_of(rows: Iterable[Row]) -> dict[Colour, int]:
    """How many rows have each colour, worst colour first."""
    counts = dict.fromkeys(COLOURS, 0)
    for row in rows:
        counts[row.colour] += 1
    return counts


def just_done(alert: Alert, wall_ms: int | None) -> bool:
    """Whether somebody did something about it a moment ago that may still be taken back."""
    return (
        wall_ms is not None
        and alert.undo is not None
        and 0 <= wall_ms - alert.undo.done_ms < HOLD_MS
    )


def _row(
    citizen: Citizen,
    situation: Situation,
    alerts: list[Alert],
    now_ms: int,
    rule_of: RuleOf,
    wall_ms: int | None,
) -> Row:
    done = [alert for alert in alerts if just_done(alert, wall_ms)]
    alerts = sorted(
        (alert for alert in alerts if alert.condition in OPEN or alert in done), key=_alert_order
    )
    severity = alerts[0].shown if alerts else None
    colour = _worse(situation.colour, severity)
    placed = [_before(alert) if alert in done else alert for alert in alerts]
    unseen = [alert for alert in placed if alert.attention == "unacked"]
    return Row(
        citizen=citizen.id,
        name=f"{citizen.given} {citizen.family}",
        birth_date=citizen.birth_date,
        age=age(citizen.birth_date, now_ms),
        condition=citizen.condition,
        phone=citizen.phone,
        paused=citizen.paused,
        colour=colour,
        severity=severity,
        acknowledged=bool(alerts) and all(alert.attention == "acked" for alert in alerts),
        section=_section(colour, placed, unseen, situation.aside),
        since_ms=min((alert.onset_ms for alert in alerts if alert.shown == severity), default=None),
        waits_since_ms=min(map(_waits_since_ms, unseen), default=None),
        last_measured_ms=situation.last_measured_ms,
        why_da=[alert.text_da for alert in alerts],
        why_en=[alert.text_en for alert in alerts],
        unable=situation.unable,
        alerts=alerts,
        watched=situation.watched,
        hits=situation.hits,
        red_now=_red_now(situation, rule_of),
        missed_days=situation.missed_days,
        missed=situation.missed,
        done=done,
        aside=situation.aside,
    )


def _red_now(situation: Situation, rule_of: RuleOf) -> bool:
    red = (rule_of(name) for name, colour in (situation.hits or {}).items() if colour == "red")
    return any(rule is None or rule.family != "fusion" for rule in red)


def _before(alert: Alert) -> Alert:
    """The alert as it stood before what was just done about it."""
    undo = alert.undo
    assert undo is not None, "what is done may be taken back"
    unseen = undo.life.state in ("new", "auto_cleared")
    return msgspec.structs.replace(
        alert,
        attention="unacked" if unseen else "acked",
        state=undo.life.state,
        since_ms=undo.life.since_ms,
        acked_ms=undo.acked_ms,
        escalated_ms=undo.escalated_ms,
    )


def _waits_since_ms(alert: Alert) -> int:
    """Since when nobody has given it the attention that it called for.

    Who gets worse while nobody looks calls again, but has waited since the first call: an alert
    that nobody ever looked at waits since it was raised, or since it was yellow if that was before;
    one that called anew after it was seen waits since it came back.
    """
    if alert.acked_ms is None:
        return min(alert.raised_ms, alert.since_ms)
    return alert.since_ms if alert.state == "new" else alert.called_ms or alert.raised_ms


def _section(colour: Colour, alerts: list[Alert], unseen: list[Alert], aside: bool) -> Section:
    found: Section = "call" if colour == "red" else "watch"
    if unseen:
        worst = min((alert.shown for alert in unseen), key=SEVERITIES.index)
        found = _UNSEEN_SECTIONS[worst]
    elif alerts:
        found = "seen"
    elif colour == "green":
        found = "green"
    return "assess" if aside and found != "call" else found


def _worse(colour: Colour, severity: Severity | None) -> Colour:
    return colour if severity is None else min(colour, severity, key=COLOURS.index)


def _order(row: Row) -> tuple[int, int, bool, bool, int, int, str]:
    waited = row.waits_since_ms if row.waits_since_ms is not None else row.last_measured_ms or 0
    present = SEVERITIES.index(row.present) if row.present else len(SEVERITIES)
    return (
        SECTIONS.index(row.section),
        COLOURS.index(row.colour),
        row.recovering,
        row.only_missing,
        present,
        waited,
        row.citizen,
    )


def _alert_order(alert: Alert) -> tuple[int, bool, bool, int]:
    seen, over = alert.attention == "acked", alert.condition == "latched"
    return SEVERITIES.index(alert.shown), seen, over, -alert.raised_ms


def concerned(
    alerts: Iterable[Alert], citizen: Citizen, rule_of: RuleOf, first: Iterable[Finding] = ()
) -> list[str]:
    """The signals that these alerts are about, most urgent first, few enough to take in; those of
    the findings `first` lead: the value that stands beside a sentence is the one it is about.

    A rule about no signal in particular (a missing measurement) shows the first one planned.
    """
    found: dict[str, None] = {}
    for finding in (*first, *(finding for alert in alerts for finding in alert.findings)):
        used = [signal for value in finding.evidence.values for signal in _signals_of(value.about)]
        rule = rule_of(finding.rule)
        own = rule.signals if rule else ()
        picked = [signal for signal in used if signal in own] or used
        if not picked:
            picked = list(own) if 0 < len(own) < len(SIGNALS) else list(citizen.plan.signals[:1])
        found.update(dict.fromkeys(picked))
    return list(found)[:SIGNALS_SHOWN_MAX]


def _signals_of(about: str) -> list[str]:
    """The signals behind a catalogue alias: a pressure is two, a pulse is a pulse."""
    parts = next((panel.components for panel in PANELS if panel.alias == about), (about,))
    return [
        signal.alias
        for signal in SIGNALS
        if about == signal.alias or any(part in signal.metrics for part in parts)
    ]
