"""What the oracle's rules are given, what they answer, and the colours as plain numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerting.rules import ITEMS, SIGNALS

NAN = math.nan
NONE, GREEN, TECHNICAL, BLUE, YELLOW, RED = -1, 0, 1, 2, 3, 4
ORDER = [signal.alias for signal in SIGNALS]
QUESTIONS = [item.alias for item in ITEMS]
Four = tuple[float, float, float, float]
NO_LIMITS: Four = (NAN, NAN, NAN, NAN)


@dataclass(slots=True)
class Seen:
    """What one rule says about one sitting. usual: the (mean, sd, n) that it compared with."""

    level: int
    clear: bool
    ran: bool = True
    value: float = NAN
    yellow: float = NAN
    red: float = NAN
    extra: float = NAN
    usual: tuple[float, float, float] = (NAN, NAN, NAN)
    at_once: int = GREEN
    since: float | None = None


@dataclass(slots=True)
class Now:
    """One sitting. good: accepted readings; first: those that are the first of their day; answers:
    of this call; yes: said today and not taken back; present: what came and was not doubtful; z: in
    sd above a valid baseline."""

    t: float
    day: int
    good: Mapping[str, float]
    first: frozenset[str] | set[str]
    answers: Mapping[str, bool]
    yes: set[str]
    present: Mapping[str, float]
    new_answers: bool = True
    z: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """One rule after one call."""

    colour: int
    was: int
    level: int = GREEN
    evaluated: bool = False
    onset: float = NAN
    value: float = NAN
    limit: float = NAN
    extra: float = NAN
    mean: float = NAN
    sd: float = NAN
    n: float = NAN
    at_once: int = GREEN


@dataclass(slots=True)
class Answer:
    """Everything after one call, by rule id; hypotheses in the order of HYPOTHESES."""

    rules: dict[str, Outcome] = field(default_factory=dict)
    composed: list[int] = field(default_factory=list)
    composed_was: list[int] = field(default_factory=list)
    notify: list[bool] = field(default_factory=list)
    ask_daily: bool = False
    refused: frozenset[str] = frozenset()


def grade(yellow: bool, red: bool) -> int:
    """Red beats yellow beats green."""
    return RED if red else YELLOW if yellow else GREEN


def own(mine: float, standard: float) -> float:
    """The citizen's number, else the rulebook's."""
    return standard if math.isnan(mine) else mine
