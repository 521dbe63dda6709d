"""Which rules apply to whom: what must have run before a citizen may be called green.

In: a `Profile`. Out: (patients, rules) bool, or the same packed. Called by `compose`, by
`alerting.situations` and by scores.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Ints, chosen, packed
from alerting.rules.profile import Profile
from alerting.rules.rule import everybody
from alerting.rules.rulebook import RULEBOOK, RULES, Rulebook
from alerting.rules.signals import SIGNALS

_BIT: Final = np.left_shift(1, np.arange(len(RULES)), dtype=np.int32)
LOOKS_AT: Final = np.array([[signal.alias in rule.signals for signal in SIGNALS] for rule in RULES])
_NEEDED: Final = np.array(
    [len(rule.signals) if rule.needs == "all" else min(len(rule.signals), 1) for rule in RULES]
)
_PLANS: Final = (np.arange(1 << len(SIGNALS))[:, None] >> np.arange(len(SIGNALS))) & 1
_BY_PLAN: Final = (_PLANS @ LOOKS_AT.T >= _NEEDED) @ _BIT
"""(128,): the rules, packed, that a plan of these signals gives what they look at."""
_BY_DAYS: Final = (np.arange(8)[:, None] >= np.array([rule.per_week_min for rule in RULES])) @ _BIT
"""(8,): the rules, packed, for which so many days a week are enough."""


def applicable_packed(profile: Profile, rulebook: Rulebook = RULEBOOK) -> Ints:
    """(P,): as `applicable`, rule i in bit i."""
    planned = packed(profile.expected)
    often = np.bitwise_count(profile.plan_weekdays & np.uint8(0x7F))
    watched = (planned > 0) | profile.symptoms_asked
    bits: Ints = _BY_PLAN[planned] & _BY_DAYS[often] & -watched.astype(np.int32)
    for column, rule in enumerate(rulebook.rules):
        if not rulebook.enabled[column]:
            bits &= ~_BIT[column]
        elif rule.applies is not everybody:
            bits &= chosen(rule.applies(profile), np.int32(-1), ~_BIT[column])
    return bits


def applicable(profile: Profile, rulebook: Rulebook = RULEBOOK) -> Bools:
    """A rule applies when its signals are in the plan (any of them, or all, as its row says), the
    plan asks often enough, the citizen is one of those it is for, and the rulebook has it enabled.
    """
    applies: Bools = (applicable_packed(profile, rulebook)[:, None] & _BIT) != 0
    return applies
