"""Which rules apply to which patient: whose silence must not be read as green.

Called by the composition, and by whoever shows where a citizen stands.
"""

import numpy as np

from alerting.rules.arrays import Bools
from alerting.rules.profile import Profile
from alerting.rules.rule import Rule
from alerting.rules.rulebook import RULEBOOK, Rulebook
from alerting.rules.signals import SIGNALS, signal_index


def applicable(profile: Profile, rulebook: Rulebook = RULEBOOK) -> Bools:
    """(P, R): the plan gives the rule what it needs, and the rule is meant for the patient.

    A rule that is switched off, or whose silence says nothing, does not apply. A rule without
    signals of its own (R24) applies to whoever has a plan.

    >>> applicable(Profile.default(1)).any()
    np.False_
    """
    applies = np.zeros((len(rulebook), profile.patients), dtype=np.bool_).T
    for column, rule in enumerate(rulebook.rules):
        if rule.enabled and not rule.never_green:
            wanted = _planned(profile, rule)
            applies[:, column] = wanted if rule.applies is None else wanted & rule.applies(profile)
    return applies


def _planned(profile: Profile, rule: Rule) -> Bools:
    """(P,): the monitoring plan expects what the rule looks at."""
    if rule.needs:
        every: Bools = np.all(
            profile.expected[:, [signal_index(alias) for alias in rule.needs]], axis=1
        )
        return every
    aliases = rule.signals or tuple(signal.alias for signal in SIGNALS)
    planned: Bools = np.any(profile.expected[:, [signal_index(alias) for alias in aliases]], axis=1)
    return planned | profile.symptoms_asked if rule.family == "symptom" else planned
