"""From a change of a rule to a finding that a clinician can read: words and evidence.

In: a `Change`, the roster, and the records around it. Out: a `Finding` with one sentence in each
language, the numbers used, and the measurements and answers behind it with their ids.
"""

import math
from collections.abc import Callable, Sequence

from alerting.alert import Baseline, Evidence, EvidenceValue, Finding, Severity
from alerting.engine import Change
from alerting.local_time import DAY_MS, utc_ms
from alerting.roster import Roster
from alerting.rules import Colour, Rule, Rulebook, explain
from alerting.sittings import ABOUT_OF, answers_in, signals_in
from devices.catalogue import Metric
from devices.symptoms import RESPONSES
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record

ASKING = frozenset({"symptom", "fusion"})
"""The families of rules that look at answers; their evidence quotes them."""
VALUES_MAX = 10
"""Most measurements quoted in one evidence: the newest ones."""

SEVERITY_OF: dict[Colour, Severity] = {
    Colour.RED: "red",
    Colour.YELLOW: "yellow",
    Colour.BLUE: "blue",
    Colour.TECHNICAL: "technical",
}

History = Callable[[str, Sequence[str], int, int], list[Record]]
"""Records of a citizen: id, what about, since (UTC ms), until (UTC ms, inclusive)."""


def finding_of(
    worst: Change,
    onset_ms: int,
    cleared_ms: int | None,
    roster: Roster,
    history: History,
    rulebook: Rulebook,
) -> Finding:
    """What a rule found from `onset_ms` on, with the evidence of its `worst` moment."""
    rule, citizen = rulebook.rules[worst.rule], roster.ids[worst.row]
    return Finding(
        rule=rule.id,
        name_da=rule.name_da,
        name_en=rule.name_en,
        severity=SEVERITY_OF[worst.colour],
        onset_ms=onset_ms,
        raised_ms=utc_ms(worst.onset),
        cleared_ms=cleared_ms,
        text_da=explain(rule, worst.evidence, worst.colour, "da"),
        text_en=explain(rule, worst.evidence, worst.colour, "en"),
        evidence=_evidence(rule, rulebook.version, worst, citizen, roster, history),
    )


def _evidence(
    rule: Rule, version: str, change: Change, citizen: str, roster: Roster, history: History
) -> Evidence:
    numbers = {
        name: None if math.isnan(number) else number for name, number in change.evidence.items()
    }
    mean, sd, n = (numbers[name] for name in ("baseline_mean", "baseline_sd", "baseline_n"))
    has_baseline = mean is not None and sd is not None and n is not None
    return Evidence(
        rule=rule.id,
        rule_version=rule.version,
        rulebook_version=version,
        parameters=dict(rule.params),
        meaning=dict(rule.evidence),
        value=numbers["value"],
        limit=numbers["limit"],
        extra=numbers["extra"],
        baseline=Baseline(mean, sd, n) if has_baseline else None,  # type: ignore[arg-type]
        limits=_limits(rule, change, roster),
        relative_limits=_limits(rule, change, roster, relative=True),
        bases={
            alias: limit.base
            for alias, limit in roster.in_force(change.row, change.t, relative=True).items()
            if alias in rule.signals and not math.isnan(limit.base)
        },
        values=_values(rule, change, citizen, history),
    )


def _limits(
    rule: Rule, change: Change, roster: Roster, relative: bool = False
) -> dict[str, list[float | None]]:
    """The personal limits in force at the change, of the signals that the rule looks at."""
    in_force = roster.in_force(change.row, change.t, relative)
    return {
        alias: [None if math.isnan(number) else number for number in limit.numbers]
        for alias, limit in in_force.items()
        if alias in rule.signals
    }


def _values(rule: Rule, change: Change, citizen: str, history: History) -> list[EvidenceValue]:
    about = tuple(dict.fromkeys(name for signal in rule.signals for name in ABOUT_OF[signal]))
    if rule.family in ASKING:
        about += RESPONSES
    if not about:
        return []
    until_ms = utc_ms(change.t)
    since_ms = until_ms - round(rule.lookback_days * DAY_MS)
    found = history(citizen, about, since_ms, until_ms)
    used = [record for record in found if signals_in(record) or answers_in(record)]
    return [
        EvidenceValue(
            observation=id_text(record.id),
            about=record.about,
            value=_text(record),
            unit=_unit(record),
            measured_ms=record.measured_ms,
            circumstances=record.circumstances,
        )
        for record in used[-VALUES_MAX:]
    ]


def _text(record: Record) -> str:
    """Values as a clinician writes them; answers each in the place of its question.

    A systolic pressure that the device withdrew leaves its place to a dash: "-/114".
    """
    if record.is_response:
        return "/".join(value or "" for value in record.values)
    row = record.row
    if isinstance(row, Metric):
        return record.values[0] or ""
    return "/".join(
        record.values[place] or "" if record.usable(place) else "-"
        for place, alias in enumerate(row.components)
        if record.usable(place) or alias in row.required
    )


def _unit(record: Record) -> str:
    if record.is_response:
        return ""
    row = record.row
    return row.unit_text if isinstance(row, Metric) else "mmHg"
