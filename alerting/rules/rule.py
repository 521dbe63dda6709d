"""What a row of the rulebook consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from alerting.rules.arrays import Bools
from alerting.rules.colour import Colour
from alerting.rules.profile import Profile
from alerting.rules.sitting import Sitting, Verdict

HYPOTHESES: Final = ("copd", "heart-failure", "general", "missing", "technical")
"""What an alert can be about. A patient with one of the two diseases has every clinical rule
under that disease; with both, each rule under its own home; with neither, under general."""
CLINICAL: Final = 3
"""The first three hypotheses are about the patient; the others about the measuring."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    family: what counts as one source of evidence, and whose open episode freezes baselines
        (`freezes` names other families where the rule draws on several).
    home: the hypothesis that the rule's colour belongs to, one of HYPOTHESES.
    params: every number of the condition, each with an entry in `sources`.
    k, n, confirmed: the colours in `confirmed` need k hits among the last n readings; others
        need one. weak: the condition also knows a weaker sign, worth yellow when k of n show it.
        n_off: clear readings in a row that close an episode; 0 = the rule has no memory of its
        own and its colour is that of the moment.
    candidate: a red reading that waits for confirmation shows as yellow at once.
    yellow_alone, red_alone: the colour asks for a clinician's attention without company; a red
        that may not is worth a yellow in the composed colour.
    fuses: the rule weighs several signals against each other; with any red it makes a red.
    never_green: the rule's silence says nothing, so its colour is never GREEN.
    needs: the signals that a plan must all expect for the rule to apply; () = any of `signals`.
    applies: further conditions on the patient; None = everybody.
    per_week_min: readings a week below which the rule says little (0 = any).
    lookback_days: how much history explains a finding.
    evidence: the evidence fields that the rule fills, and what each holds.
    text_*: a sentence that stays true for any reading of an open episode. urgent_* is added
        from params["call"] on. Fields: value, limit, baseline_mean, extra, colour, signal, unit,
        and names (what `extra` stands for as bits, see `names`).
    enabled: 0 = the rule is switched off and says nothing.
    """

    id: str
    slug: str
    name_da: str
    name_en: str
    text_da: str
    text_en: str
    family: str
    home: str
    signals: tuple[str, ...]
    condition: Callable[[Sitting, Mapping[str, float]], Verdict]
    params: Mapping[str, float]
    sources: Mapping[str, str]
    evidence: Mapping[str, str]
    lookback_days: float
    version: int = 1
    k: int = 1
    n: int = 1
    n_off: int = 3
    confirmed: tuple[Colour, ...] = ()
    weak: bool = False
    candidate: bool = True
    yellow_alone: bool = True
    red_alone: bool = False
    fuses: bool = False
    never_green: bool = False
    freezes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    applies: Callable[[Profile], Bools] | None = None
    per_week_min: float = 0.0
    urgent_da: str = ""
    urgent_en: str = ""
    enabled: bool = True
