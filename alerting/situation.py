"""What the worklist and the API show of a citizen beside the alerts: colour, curves, usual values.

Plain data, made by `alerting.evaluate.Evaluator` and drawn by `alerting.web`.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from alerting.alert import Severity
from alerting.liveness import Pulse
from alerting.rules.rulebook import Rulebook

Colour = Literal["red", "yellow", "blue", "technical", "insufficient-data", "green"]
COLOURS: tuple[Colour, ...] = ("red", "yellow", "blue", "technical", "insufficient-data", "green")
"""Worst first, as the worklist sorts. Green only when every rule that applies could run."""


class Situation(msgspec.Struct, frozen=True):
    """Where one citizen stands now.

    `unable` names the rules that apply to this citizen but could not run (too few data, no
    limits): as long as there is one, the colour is never green. `watched` names those that hold
    but do not make an alert yet: nobody is called for them, and the citizen is not green. `hits`
    names the rules that the newest reading itself reached, with the colour that it reached, where
    the rule is raised; None when that is not known. `missed_days` are due days in a row without a
    measurement, as of now, and `missed` the signals that were not measured on them. Who is `aside`
    cannot be judged at all, by a fault of the platform or of what was enrolled.
    """

    citizen: str
    colour: Colour
    worst: Severity | None
    unable: list[str]
    last_measured_ms: int | None
    watched: list[str] = []
    hits: dict[str, Severity] | None = None
    missed_days: int = 0
    missed: list[str] = []
    aside: bool = False


class Point(msgspec.Struct, frozen=True):
    """One measurement of a curve; `doubtful` when the quality screen kept it from the rules."""

    measured_ms: int
    value: float
    observation: str
    doubtful: bool


class Usual(msgspec.Struct, frozen=True):
    """The personal baseline as it was known at a moment."""

    measured_ms: int
    mean: float
    sd: float


class Curve(msgspec.Struct, frozen=True):
    """One signal of one citizen: measurements, the personal baseline beside them, and limits.

    `limits` are red low, yellow low, yellow high, red high, None where there is none; `relative`
    are, in the same order, the values at which the personal relative limits are reached now.
    """

    signal: str
    name_da: str
    name_en: str
    unit: str
    decimals: int
    points: list[Point]
    usual: list[Usual]
    limits: list[float | None]
    relative: list[float | None] = []


class Monitor(Protocol):
    """What the API and the page ask of the evaluator; safe to call from any thread."""

    @property
    def rulebook(self) -> Rulebook:
        """What the rules are by which it judges."""

    def situations(self) -> dict[str, Situation]:
        """Every citizen's situation now, by citizen id."""

    def curves(self, citizens: Sequence[str], days: int) -> dict[str, list[Curve]]:
        """The curves of these citizens over the last days, one per signal that has data."""

    def now_ms(self) -> int:
        """The evaluator's clock: the wall clock, or the data's own time in a replay."""

    def evaluated_seq(self) -> int:
        """The newest arrival number that the rules have seen."""

    def aside(self) -> int:
        """How many citizens cannot be judged."""

    @property
    def pulse(self) -> Pulse:
        """When it last succeeded at what."""
