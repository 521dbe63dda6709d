"""The rules core: arrays of readings in, colours with evidence out.

In: a `Profile` (what is decided about each patient), a `State` (what is remembered) and the
readings of one call. Out: `Findings`. Knows neither FHIR nor storage nor the time of day; the
same code serves live evaluation, replay and backtest. Called by `alerting.evaluate` and the
benchmarks.
"""

from alerting.rules.applicable import applicable
from alerting.rules.colour import Colour
from alerting.rules.compose import home_of
from alerting.rules.explain import explain
from alerting.rules.findings import DAILY_DAYS, Findings
from alerting.rules.hypotheses import CLINICAL, HYPOTHESES
from alerting.rules.items import ITEMS, item_index
from alerting.rules.limits import default_limits, default_relative_limits
from alerting.rules.profile import Profile
from alerting.rules.rule import Rule
from alerting.rules.rulebook import (
    RULE_IDS,
    RULEBOOK,
    RULEBOOK_VERSION,
    RULES,
    Rulebook,
    rule_index,
)
from alerting.rules.signals import SIGNALS, Signal, signal_index
from alerting.rules.state import State
from alerting.rules.step import clock, overdue_instants, step, swapped

__all__ = [
    "CLINICAL",
    "DAILY_DAYS",
    "HYPOTHESES",
    "ITEMS",
    "RULEBOOK",
    "RULEBOOK_VERSION",
    "RULES",
    "RULE_IDS",
    "SIGNALS",
    "Colour",
    "Findings",
    "Profile",
    "Rule",
    "Rulebook",
    "Signal",
    "State",
    "applicable",
    "clock",
    "default_limits",
    "default_relative_limits",
    "explain",
    "home_of",
    "item_index",
    "overdue_instants",
    "rule_index",
    "signal_index",
    "step",
    "swapped",
]
