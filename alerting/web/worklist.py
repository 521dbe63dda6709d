"""The worklist: whom to call, and why. The same rows feed the page and `GET /worklist`.

In: situations, enrolled citizens and open alerts. Out: `Row`s in the order in which they are to
be dealt with. Pure: no clock, no store, no language.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from alerting.alert import SEVERITIES, Alert, Finding, Severity
from alerting.rules.rule import Rule
from alerting.rules.signals import SIGNALS
from alerting.situation import COLOURS, Colour, Situation
from alerting.web.times import age
from devices.catalogue import PANELS
from fhir_mapping.enrolled import Citizen, Condition

SIGNALS_SHOWN_MAX = 3
"""Most curves of one row."""


class Row(msgspec.Struct, frozen=True):
    """One citizen on the worklist.

    `alerts` are the open ones, worst first, unseen before seen, newest first; the first one's
    sentence leads. `since_ms` is the oldest onset among those of the row's severity.
    `acknowledged` says that every open alert has been seen. `unable` names what could not
    run, `watched` what holds and makes no alert yet.
    """

    citizen: str
    name: str
    age: int
    condition: Condition
    phone: str
    paused: bool
    colour: Colour
    severity: Severity | None
    acknowledged: bool
    since_ms: int | None
    last_measured_ms: int | None
    why_da: list[str]
    why_en: list[str]
    unable: list[str]
    alerts: list[Alert]
    watched: list[str] = []

    @property
    def over(self) -> bool:
        """Nothing of the row's own severity still holds: a red that ended before it was seen."""
        own = [alert for alert in self.alerts if alert.shown == self.severity]
        return bool(own) and all(alert.condition == "latched" for alert in own)

    @property
    def others(self) -> list[Finding]:
        """What was found beside the sentence that leads: of all open alerts, what still holds."""
        rest = self.alerts[0].findings[1:] if self.alerts else []
        rest = [*rest, *(finding for alert in self.alerts[1:] for finding in alert.findings)]
        return [finding for finding in rest if finding.cleared_ms is None]

    @property
    def unseen(self) -> list[Alert]:
        """The open alerts that nobody has acknowledged."""
        return [alert for alert in self.alerts if alert.attention == "unacked"]


def rows_of(
    situations: Mapping[str, Situation],
    citizens: Mapping[str, Citizen],
    open_alerts: Iterable[Alert],
    now_ms: int,
) -> list[Row]:
    """A row per enrolled citizen, in the order in which they are to be dealt with.

    Worst colour first; unseen before seen; what still holds before what is over and unseen; then
    the oldest onset.

    The colour is the worse of what the evaluator says now and what is open in the alert store, so
    that neither can calm the other. A citizen whom the evaluator does not know yet is not green.
    """
    by_citizen: dict[str, list[Alert]] = {}
    for alert in open_alerts:
        by_citizen.setdefault(alert.citizen, []).append(alert)
    rows = [
        _row(citizen, situations.get(citizen.id), by_citizen.get(citizen.id, []), now_ms)
        for citizen in citizens.values()
    ]
    return sorted(rows, key=_order)


def counts_of(rows: Iterable[Row]) -> dict[Colour, int]:
    """How many rows have each colour, worst colour first."""
    counts = dict.fromkeys(COLOURS, 0)
    for row in rows:
        counts[row.colour] += 1
    return counts


def _row(citizen: Citizen, situation: Situation | None, alerts: list[Alert], now_ms: int) -> Row:
    alerts = sorted(alerts, key=_alert_order)
    severity = alerts[0].shown if alerts else None
    return Row(
        citizen=citizen.id,
        name=f"{citizen.given} {citizen.family}",
        age=age(citizen.birth_date, now_ms),
        condition=citizen.condition,
        phone=citizen.phone,
        paused=citizen.paused,
        colour=_worse(situation.colour if situation else "insufficient-data", severity),
        severity=severity,
        acknowledged=bool(alerts) and all(alert.attention == "acked" for alert in alerts),
        since_ms=min((alert.onset_ms for alert in alerts if alert.shown == severity), default=None),
        last_measured_ms=situation.last_measured_ms if situation else None,
        why_da=[alert.text_da for alert in alerts],
        why_en=[alert.text_en for alert in alerts],
        unable=list(situation.unable) if situation else [],
        alerts=alerts,
        watched=list(situation.watched) if situation else [],
    )


def _worse(colour: Colour, severity: Severity | None) -> Colour:
    return colour if severity is None else min(colour, severity, key=COLOURS.index)


def _order(row: Row) -> tuple[int, bool, bool, int, str]:
    onset = row.since_ms if row.since_ms is not None else row.last_measured_ms or 0
    return COLOURS.index(row.colour), row.acknowledged, row.over, onset, row.citizen


def _alert_order(alert: Alert) -> tuple[int, bool, bool, int]:
    seen, over = alert.attention == "acked", alert.condition == "latched"
    return SEVERITIES.index(alert.shown), seen, over, -alert.raised_ms


def concerned(
    alerts: Iterable[Alert], citizen: Citizen, rule_of: Callable[[str], Rule | None]
) -> list[str]:
    """The signals that these alerts are about, most urgent first, few enough to take in.

    A rule about no signal in particular (a missing measurement) shows the first one planned.
    """
    found: dict[str, None] = {}
    for finding in (finding for alert in alerts for finding in alert.findings):
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
