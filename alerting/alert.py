"""An alert: what a clinician sees of one citizen and one hypothesis, with its evidence.

In: findings of the rules, folded into episodes by `alerting.episodes`. Out: what the worklist and
the API show. Kept apart, and never mixed into one status: what the data say (condition and
severity), and what people have done about it (state, of which attention is the short form).
"""

from typing import Literal

import msgspec

from alerting.lifecycle import State, Undo

Hypothesis = Literal["copd", "heart-failure", "general", "missing", "technical"]
Severity = Literal["red", "yellow", "blue", "technical"]
Condition = Literal["active", "latched", "cleared", "retracted"]
"""active: a rule holds. latched: none holds any more, but somebody has something to do still: it
was red and nobody has looked, or it is in progress or put off. cleared: over. retracted: later
data showed that it never held; the reason says so."""
Attention = Literal["unacked", "acked"]

OPEN: tuple[Condition, ...] = ("active", "latched")
SEVERITIES: tuple[Severity, ...] = ("red", "yellow", "blue", "technical")
"""Worst first."""


class EvidenceValue(msgspec.Struct, frozen=True):
    """One stored measurement behind a finding; or answers, `value` then holding one `yes`, `no` or
    nothing per question of the questionnaire that `about` names, with slashes between."""

    observation: str
    about: str
    value: str
    unit: str
    measured_ms: int
    circumstances: str = ""


class Baseline(msgspec.Struct, frozen=True):
    """What is usual for this person: weighted mean, spread, and effective number of readings."""

    mean: float
    sd: float
    n: float


class Evidence(msgspec.Struct, frozen=True):
    """Why the rule held: rule and version, numbers used, and the measurements with their ids.

    `value`, `limit` and `extra` are in the units that `meaning` names for each; `limits` are the
    personal limits in force, by signal: red low, yellow low, yellow high, red high.
    `relative_limits` are the changes from the base that count, in the same order, and `bases` the
    clinic's base values.
    """

    rule: str
    rule_version: int
    rulebook_version: str
    parameters: dict[str, float]
    meaning: dict[str, str]
    value: float | None
    limit: float | None
    extra: float | None
    baseline: Baseline | None
    limits: dict[str, list[float | None]]
    values: list[EvidenceValue]
    relative_limits: dict[str, list[float | None]] = {}
    bases: dict[str, float] = {}


class Finding(msgspec.Struct, frozen=True):
    """One rule held for one citizen from its onset until it cleared, or still.

    `severity`, `raised_ms`, sentence and evidence are those of its worst moment. `text_da` and
    `text_en` are one sentence each.
    """

    rule: str
    name_da: str
    name_en: str
    severity: Severity
    onset_ms: int
    raised_ms: int
    cleared_ms: int | None
    text_da: str
    text_en: str
    evidence: Evidence


class Episode(msgspec.Struct, frozen=True):
    """What the data alone say: a hypothesis had findings from onset until cleared, or still has.

    `findings` are the worst first, then those that still hold, then the newest. `called_ms` is when
    attention was last called for, None when it never was. `text_da` and `text_en` lead: why this
    citizen is to be looked at.
    """

    citizen: str
    hypothesis: Hypothesis
    severity: Severity
    onset_ms: int
    raised_ms: int
    called_ms: int | None
    cleared_ms: int | None
    text_da: str
    text_en: str
    findings: list[Finding]


MEANING = Episode.__struct_fields__
"""What an alert says of the data; the rest is what became of it."""


class Alert(msgspec.Struct, frozen=True):
    """One episode of one hypothesis for one citizen, and what people have done about it.

    `version` rises with every change (for If-Match); `change` is the position of the last change
    in the feed. Data times are when it happened to the citizen; `detected_ms` is when the platform
    knew, and `since_ms` when the alert came into its `state`; `state_by` is the person who brought
    it there, empty when it was the rules or the clock. `until_ms` and `reason`: until when it is
    put off, and why; `reason` is also why it was retracted. `outcome`: what a person closed it
    with. `acked_by`, `acked_ms` and `note`: who looked at it last when nobody had, and what they
    noted. `previous` is the alert that this one goes on from: the same hypothesis, over for a week
    at most. `escalated_ms`: nobody handled it in time. `undo`: what the last act of a person may be
    taken back to, for a short while.
    """

    id: str
    version: int
    change: int
    citizen: str
    hypothesis: Hypothesis
    severity: Severity
    condition: Condition
    attention: Attention
    state: State
    since_ms: int
    onset_ms: int
    raised_ms: int
    called_ms: int | None
    detected_ms: int
    cleared_ms: int | None
    text_da: str
    text_en: str
    findings: list[Finding]
    previous: str = ""
    escalated_ms: int | None = None
    acked_by: str = ""
    acked_ms: int | None = None
    note: str = ""
    reason: str = ""
    state_by: str = ""
    until_ms: int | None = None
    outcome: str = ""
    undo: Undo | None = None

    @property
    def shown(self) -> Severity:
        """The colour to deal with it by: a yellow one that nobody handled in time counts as red."""
        late = self.escalated_ms is not None and self.attention == "unacked"
        return "red" if late and self.severity == "yellow" else self.severity


class AlertEvent(msgspec.Struct, frozen=True):
    """One entry of an alert's history; entries are only ever added."""

    change: int
    alert: str
    at_ms: int
    actor: str
    what: str
    detail: str
