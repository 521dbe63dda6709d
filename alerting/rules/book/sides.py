"""What several rules share: one side of personal limits, a relative limit, words for sources.

In: a `Sitting`. Out: levels and deadbands of one signal, as arrays. Called by the conditions.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints, chosen, put
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.profile import Known
from alerting.rules.rule import Params
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting, Verdict

SPO2, PULSE, WEIGHT = signal_index("spo2"), signal_index("pulse"), signal_index("weight")
SYSTOLIC, DIASTOLIC = signal_index("systolic"), signal_index("diastolic")
FEV1, PEF = signal_index("fev1"), signal_index("pef")
GRAMS: Final = 1000.0
GREEN, YELLOW, RED = (np.int8(colour) for colour in (Colour.GREEN, Colour.YELLOW, Colour.RED))

CLEAR: Final = "C: three clear readings close an episode"
TWO_OF_THREE: Final = (
    "C: two of three suppresses isolated bad days (Burton 2015, J Telemed Telecare 21:29)"
)
CONFIRMED: Final = {"k": TWO_OF_THREE, "n": TWO_OF_THREE, "n_off": CLEAR}
_REPEAT: Final = "C: an artefact does not repeat itself; a red reading shows as yellow meanwhile"
REPEATED: Final = {"k": _REPEAT, "n": _REPEAT, "n_off": CLEAR}
"""The sources of k, n and n_off, for rules that need two of three."""
STABLE: Final = "day-to-day sd of stable COPD: SpO2 1 %, pulse 5 /min (Hurst 2010, BMC Pulm Med)"
BASELINE: Final = {
    "baseline_mean": "what is usual, in the unit of the value",
    "baseline_sd": "its sd",
    "baseline_n": "effective number of readings behind it",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """One side of the personal limits of one signal, each array (n,) and nobody else's, since
    evidence is read later, when limits may have been changed. `outer` is the one that is reached
    first, `given` whether there is any, `off` where the side is clear again."""

    yellow: Floats
    red: Floats
    outer: Floats
    given: Bools
    off: Floats


@dataclass(frozen=True, slots=True)
class Side:
    """One signal against one side of its personal limits, each array (n,)."""

    level: Ints
    clear: Bools
    complete: Bools
    limits: Limits


def own(known: Known, name: str, column: int, dtype: np.dtype[Any]) -> Floats:
    """A copy of the citizen's own limits of one kind for one signal, as precise as readings are."""
    numbers: Floats = getattr(known, name)[:, column].astype(dtype)
    return numbers


def _limits(known: Known, side: str, column: int, off: float, dtype: np.dtype[Any]) -> Limits:
    yellow, red = (own(known, f"{side}_{colour}", column, dtype) for colour in ("yellow", "red"))
    outer = chosen(np.isnan(yellow), red, yellow)
    return Limits(yellow, red, outer, ~np.isnan(outer), outer + off)


def low(s: Sitting, column: int, off: float) -> Side:
    """At or below the low limits; clear from `off` above the outer one."""
    x, limits = s.x[:, column], s.profile.once(_limits, "low", column, off, s.x.dtype)
    level = grade(x <= limits.yellow, x <= limits.red)
    return Side(level, x >= limits.off, limits.given & s.good[:, column], limits)


def high(s: Sitting, column: int, off: float) -> Side:
    """At or above the high limits; clear from `off` below the outer one."""
    x, limits = s.x[:, column], s.profile.once(_limits, "high", column, -off, s.x.dtype)
    level = grade(x >= limits.yellow, x >= limits.red)
    return Side(level, x <= limits.off, limits.given & s.good[:, column], limits)


def one_sided(s: Sitting, column: int, side: Side) -> Verdict:
    """The verdict of a rule that is one side of one signal; a red reading shows as yellow at once,
    and as red once it is confirmed."""
    asked = s.good[:, column]
    return Verdict(
        asked=asked,
        ran=asked & (side.complete | (side.level > GREEN)),
        level=side.level,
        clear=side.clear,
        value=s.x[:, column],
        limit_yellow=side.limits.yellow,
        limit_red=side.limits.red,
        at_once=candidate(side.level),
    )


def candidate(level: Ints) -> Ints:
    """What a red level shows before it is confirmed: yellow, never nothing."""
    shown: Ints = (level == RED).view(np.int8) * YELLOW
    return shown


def personal(s: Sitting, name: str, column: int, standard: float) -> Floats:
    """The citizen's own numbers of one kind for one signal; where there is none, the rule's."""
    return s.profile.once(_personal, name, column, standard, s.x.dtype)


def _personal(
    known: Known, name: str, column: int, standard: float, dtype: np.dtype[Any]
) -> Floats:
    numbers = own(known, name, column, dtype)
    put(numbers, np.isnan(numbers), standard)
    return numbers


def relative(s: Sitting, column: int, params: Params, *, falls: bool) -> Verdict:
    """The change of a signal from the personal base in one direction, against RELGAL and RELRAL.

    `extra` is the change, positive in that direction.
    """
    x, base, sign = s.x[:, column], s.base[:, column], -1.0 if falls else 1.0
    kind = "rel_low" if falls else "rel_high"
    yellow = personal(s, f"{kind}_yellow", column, params["yellow"])
    red = personal(s, f"{kind}_red", column, params["red"])
    change = base - x if falls else x - base
    asked = s.good[:, column]
    return Verdict(
        asked=asked,
        ran=asked & s.based[:, column],
        level=grade(change >= yellow, change >= red),
        clear=change <= params["off"],
        value=x,
        limit_yellow=lambda: base + sign * yellow,
        limit_red=lambda: base + sign * red,
        extra=change,
        baseline=column,
        based=True,
    )
