"""What a row of the rulebook consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerting.rules.colour import Colour
from alerting.rules.sitting import Sitting, Verdict


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    family: what counts as one source of evidence, and whose open episode freezes baselines.
    params: every number of the condition, each with an entry in `sources`.
    k, n, confirmed: the colours in `confirmed` need k hits among the last n readings; others
        need one. n_off: clear readings in a row that close an episode; 0 = the rule has no
        memory of its own and its colour is that of the moment.
    per_week_min: readings a week below which the rule says little (0 = any).
    lookback_days: how much history explains a finding.
    evidence: the evidence fields that the rule fills, and what each holds.
    text_*: a sentence that stays true for any reading of an open episode. urgent_* is added
        from params["call"] on. Fields: value, limit, baseline_mean, extra, colour, signal, unit.
    """

    id: str
    slug: str
    name_da: str
    name_en: str
    text_da: str
    text_en: str
    family: str
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
    per_week_min: float = 0.0
    urgent_da: str = ""
    urgent_en: str = ""
