"""What a row of the rulebook consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from alerting.rules.arrays import Bools
from alerting.rules.colour import Colour
from alerting.rules.profile import Profile
from alerting.rules.sitting import Sitting, Verdict

Params: TypeAlias = Mapping[str, float]
Condition: TypeAlias = Callable[[Sitting, Params], Verdict]
Hypothesis: TypeAlias = Literal["copd", "heart-failure", "general", "missing", "technical"]


def numbers(**given: float) -> Params:
    """A row's numbers, by name, that nobody can change."""
    return MappingProxyType(given)


def texts(**given: str) -> Mapping[str, str]:
    """A row's sources or evidence, by name, that nobody can change."""
    return MappingProxyType(given)


def everybody(profile: Profile) -> Bools:
    """The rule applies whenever its signals are in the plan."""
    return np.ones(profile.patients, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    family: what counts as one source of evidence, and whose open episode freezes baselines.
    home: the hypothesis that it speaks for, where a citizen has both diseases.
    params: every number of the condition, each with an entry in `sources`.
    k, n, confirmed: the colours in `confirmed` need k hits among the last n readings; others
        need one. n_off: clear readings in a row that close an episode; 0 = the rule has no
        memory of its own and its colour is that of the moment.
    speaks: how many hits among the last n readings make its yellow an alert by itself; 0 = it is
        a finding, which supports an alert, and makes one only where the fused evidence points the
        same way: when it is red, or together with a finding of another source.
    red_speaks: its red, too, is an alert by itself: a limit of the clinic.
    red_alone: its red makes the alert red (section 4.2 of the reference); the red of any other
        rule needs company.
    needs: which signals must be in the plan for the rule to apply: "any" of them or "all".
    applies: to whom, beyond that.
    per_week_min: planned days a week below which the rule does not apply (0 = any).
    lookback_days: how much history explains a finding.
    evidence: the evidence fields that the rule fills, and what each holds.
    text_*: a sentence that stays true for any reading of an open episode. urgent_* is added
        from params["call"] on. Fields: value, limit, baseline_mean, extra, colour, the row's own
        params by name, and what `words` gives from the evidence in a language ("da" or "en").
        clear_*: what GREEN says, where "no deviation" would say too much.
    """

    id: str
    slug: str
    name_da: str
    name_en: str
    text_da: str
    text_en: str
    family: str
    home: Hypothesis
    signals: tuple[str, ...]
    condition: Condition
    params: Params
    sources: Mapping[str, str]
    evidence: Mapping[str, str]
    lookback_days: float
    version: int = 1
    k: int = 1
    n: int = 1
    n_off: int = 3
    confirmed: tuple[Colour, ...] = ()
    speaks: int = 0
    red_speaks: bool = False
    red_alone: bool = False
    needs: Literal["any", "all"] = "any"
    applies: Callable[[Profile], Bools] = everybody
    per_week_min: float = 0.0
    urgent_da: str = ""
    urgent_en: str = ""
    clear_da: str = ""
    clear_en: str = ""
    words: Callable[[Mapping[str, float], str], dict[str, str]] | None = None
