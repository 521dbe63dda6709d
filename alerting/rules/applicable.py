"""Which rules apply to whom: what must have run before a citizen may be called green.

In: a `Profile`. Out: (patients, rules) bool. Called by `alerting.situations` and by scores.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools
from alerting.rules.profile import Profile
from alerting.rules.rulebook import RULEBOOK, RULES, Rulebook
from alerting.rules.signals import SIGNALS

_LOOKS_AT: Final = np.array(
    [[signal.alias in rule.signals for signal in SIGNALS] for rule in RULES]
)
_ALL: Final = np.array([rule.needs == "all" for rule in RULES])
_PER_WEEK: Final = np.array([rule.per_week_min for rule in RULES])


def applicable(profile: Profile, rulebook: Rulebook = RULEBOOK) -> Bools:
    """A rule applies when its signals are in the plan (any of them, or all, as its row says), the
    plan asks often enough, the citizen is one of those it is for, and the rulebook has it enabled.
    """
    planned = profile.expected.astype(np.int64) @ _LOOKS_AT.T.astype(np.int64)
    needed = np.where(_ALL, _LOOKS_AT.sum(axis=1), np.minimum(_LOOKS_AT.sum(axis=1), 1))
    often = np.bitwise_count(profile.plan_weekdays & np.uint8(0x7F))
    who = np.stack([rule.applies(profile) for rule in rulebook.rules], axis=1)
    watched = profile.expected.any(axis=1) | profile.symptoms_asked
    applies: Bools = who & (planned >= needed) & (often[:, None] >= _PER_WEEK)
    return applies & watched[:, None] & rulebook.enabled
