"""Which rules apply to whom: what must have run before a citizen may be called green.

In: a `Profile`. Out: (patients, rules) bool, or the same packed. Called by `compose`, by
`alerting.situations` and by scores.
"""

from typing import Final, NamedTuple

import numpy as np

from alerting.rules.arrays import Bools, Ints, chosen, packed
from alerting.rules.profile import Profile
from alerting.rules.rule import everybody
from alerting.rules.rulebook import Rulebook
from alerting.rules.signals import SIGNALS

_PLANS: Final = (np.arange(1 << len(SIGNALS))[:, None] >> np.arange(len(SIGNALS))) & 1
_DAYS: Final = np.arange(8)


class _Needs(NamedTuple):
    """What the rows ask of a plan; rule i in bit i.

    bit (R,); by_plan (1 << S,): the rules that a plan of these signals gives what they look at;
    by_days (8,): the rules for which so many days a week are enough.
    """

    bit: Ints
    by_plan: Ints
    by_days: Ints


def looks_at(rulebook: Rulebook) -> Bools:
    """(R, S): the signals that each rule looks at."""
    return np.array([[one.alias in rule.signals for one in SIGNALS] for rule in rulebook.rules])


def _needs(rulebook: Rulebook) -> _Needs:
    rules = rulebook.rules
    bit = packed(np.eye(len(rules), dtype=np.bool_))
    wanted = [
        len(rule.signals) if rule.needs == "all" else min(len(rule.signals), 1) for rule in rules
    ]
    often = np.array([rule.per_week_min for rule in rules])
    by_plan = (np.array(wanted) <= _PLANS @ looks_at(rulebook).T) @ bit
    return _Needs(bit, by_plan, (_DAYS[:, None] >= often) @ bit)


def applicable_packed(profile: Profile, rulebook: Rulebook) -> Ints:
    """(P,): as `applicable`, rule i in bit i."""
    bit, by_plan, by_days = rulebook.once(_needs)
    planned = packed(profile.expected)
    often = np.bitwise_count(profile.plan_weekdays & np.uint8(0x7F))
    watched = (planned > 0) | profile.symptoms_asked
    bits: Ints = by_plan[planned] & by_days[often] & -watched.astype(np.int32)
    for column, rule in enumerate(rulebook.rules):
        if not rulebook.enabled[column]:
            bits &= ~bit[column]
        elif rule.applies is not everybody:
            bits &= chosen(rule.applies(profile), np.int32(-1), ~bit[column])
    return bits


def applicable(profile: Profile, rulebook: Rulebook) -> Bools:
    """A rule applies when its signals are in the plan (any of them, or all, as its row says), the
    plan asks often enough, the citizen is one of those it is for, and the rulebook has it enabled.
    """
    bit = rulebook.once(_needs).bit
    applies: Bools = (applicable_packed(profile, rulebook)[:, None] & bit) != 0
    return applies
