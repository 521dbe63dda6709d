"""An alert: an episode that a clinician sees, with its evidence and its history.

In: findings of the rules, folded into episodes by `alerting.evaluate`. Out: what the worklist and
the API show. Three axes are kept apart and never mixed into one status: the machine's condition,
the clinician's attention, and the severity.
"""

from typing import Literal

import msgspec

Severity = Literal["red", "yellow", "blue", "technical"]
Condition = Literal["active", "latched", "cleared", "retracted"]
"""active: the rule holds. latched: it no longer holds, but was red and nobody has looked.
cleared: over. retracted: later data showed that it never held; the reason says so."""
Attention = Literal["unacked", "acked"]

OPEN: tuple[Condition, ...] = ("active", "latched")
SEVERITIES: tuple[Severity, ...] = ("red", "yellow", "blue", "technical")
"""Worst first."""


class EvidenceValue(msgspec.Struct, frozen=True):
    """One stored measurement behind an alert; or answers, `value` then holding one `yes`, `no` or
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
    `relative_limits` are the changes from the base that count, in the same order.
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


class Alert(msgspec.Struct, frozen=True):
    """One episode of one rule for one citizen.

    `version` rises with every change (for If-Match); `change` is the position of the last change
    in the feed. Data times are when it happened to the citizen; `detected_ms` is when the platform
    knew. `text_da` and `text_en` are one sentence each.
    """

    id: str
    version: int
    change: int
    citizen: str
    rule: str
    name_da: str
    name_en: str
    severity: Severity
    condition: Condition
    attention: Attention
    onset_ms: int
    raised_ms: int
    detected_ms: int
    cleared_ms: int | None
    text_da: str
    text_en: str
    evidence: Evidence
    acked_by: str = ""
    acked_ms: int | None = None
    note: str = ""
    reason: str = ""


class AlertEvent(msgspec.Struct, frozen=True):
    """One entry of an alert's history; entries are only ever added."""

    change: int
    alert: str
    at_ms: int
    actor: str
    what: str
    detail: str


class Episode(msgspec.Struct, frozen=True):
    """What the data alone say: one rule held for one citizen from onset until cleared, or still."""

    citizen: str
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
