"""One signal against one side of its limits: personal ones, or relative to the personal base."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.sitting import Sitting, Verdict

Params: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Side:
    """One signal against one side of its personal limits; each array (n,)."""

    level: Ints
    clear: Bools
    complete: Bools
    outer: Floats
    yellow: Floats
    red: Floats


def relative_low(s: Sitting, column: int, off: float) -> Side:
    """As far below the personal base as the relative limits say; clear within `off` of it.

    The limits of the answer are values: the base minus what counts. Complete needs the base.
    """
    x, base = s.x[:, column], s.mean[:, column]
    yellow = s.profile.rel_low_yellow[:, column]
    red = s.profile.rel_low_red[:, column]
    outer = np.where(np.isnan(yellow), red, yellow)
    drop = base - x
    complete = s.known[:, column] & ~np.isnan(outer) & ~np.isnan(x)
    level = grade(drop >= yellow, drop >= red)
    return Side(level, drop <= off, complete, base - outer, base - yellow, base - red)


def low(s: Sitting, column: int, off: float) -> Side:
    """At or below the low limits; clear from `off` above the outer one."""
    x, yellow, red = s.x[:, column], s.profile.low_yellow[:, column], s.profile.low_red[:, column]
    outer = np.where(np.isnan(yellow), red, yellow)
    complete = ~np.isnan(outer) & ~np.isnan(x)
    return Side(grade(x <= yellow, x <= red), x >= outer + off, complete, outer, yellow, red)


def high(s: Sitting, column: int, off: float) -> Side:
    """At or above the high limits; clear from `off` below the outer one."""
    x, yellow, red = s.x[:, column], s.profile.high_yellow[:, column], s.profile.high_red[:, column]
    outer = np.where(np.isnan(yellow), red, yellow)
    complete = ~np.isnan(outer) & ~np.isnan(x)
    return Side(grade(x >= yellow, x >= red), x <= outer - off, complete, outer, yellow, red)


def one_sided(s: Sitting, column: int, side: Side) -> Verdict:
    """The verdict of a rule that looks at one side of one signal only."""
    asked = ~np.isnan(s.x[:, column])
    ran = asked & (side.complete | (side.level > Colour.GREEN))
    x = s.x[:, column]
    return Verdict(asked, ran, side.level, side.clear, x, side.yellow, side.red)
