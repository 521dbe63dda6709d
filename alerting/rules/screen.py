"""The quality screen (T01): which readings can be this patient's at all.

A refused reading reaches no other rule and no memory but its own: it makes the patient's
quality colour TECHNICAL until a good reading of the same signal comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints, put
from alerting.rules.signals import SIGNALS, signal_index
from alerting.rules.state import State

_LOW: Final = np.array([signal.plausible[0] for signal in SIGNALS])
_HIGH: Final = np.array([signal.plausible[1] for signal in SIGNALS])
_WEIGHT: Final = signal_index("weight")
_SYSTOLIC, _DIASTOLIC = signal_index("systolic"), signal_index("diastolic")
_FAR_KG: Final = 1e6


@dataclass(frozen=True, slots=True)
class Screened:
    """x (n, S) accepted values, NaN elsewhere; grams (n,) 0 = none; (n, S) each: measured, of any
    quality; present, neither absent nor doubtful; good, accepted."""

    x: Floats
    measured: Bools
    present: Bools
    good: Bools
    grams: Ints


def screen(
    block: State, x: Floats, doubtful: Bools | None, params: Mapping[str, float]
) -> Screened:
    """Accept or refuse each reading and remember what was refused. x (n, S), NaN = none.

    A `doubtful` reading (n, S) is passed over: it came, but it is neither used nor refused.

    Refused: outside the plausible range; a diastolic pressure not below its systolic (both);
    a weight too far from the last accepted one. A second weight that agrees with the refused
    one is accepted: the change is real, and refusing it would refuse it for ever.
    """
    present = measured = ~np.isnan(x)
    if doubtful is not None:
        x, present = np.where(doubtful, np.nan, x), measured & ~doubtful
    good = (x >= _LOW) & (x <= _HIGH)
    crossed = good[:, _DIASTOLIC] & good[:, _SYSTOLIC] & (x[:, _DIASTOLIC] >= x[:, _SYSTOLIC])
    good[:, _SYSTOLIC] &= ~crossed
    good[:, _DIASTOLIC] &= ~crossed
    grams = np.rint(np.where(good[:, _WEIGHT], x[:, _WEIGHT], 0.0) * 1000.0).astype(np.int32)
    good[:, _WEIGHT] &= _believable(block, grams, params)
    grams[~good[:, _WEIGHT]] = 0

    with np.errstate(over="ignore"):  # what a smaller float cannot hold is far off enough as inf
        accepted = x.astype(block.dtype)
    refused = present & ~good
    put(block.suspect, refused, accepted)
    put(block.suspect, good & ~np.isnan(block.suspect), np.nan)
    put(accepted, refused, np.nan)
    put(block.accepted_grams, good[:, _WEIGHT], grams)
    return Screened(accepted, measured, present, good, grams)


def remember_contested(block: State, contested: tuple[Floats, Ints] | None) -> None:
    """Remember for T01 a value that contradicts another of its act, until the past is judged again
    without it: (n,) each, the value and its column, one beyond the last for answers, -1 for none.
    """
    if contested is not None:
        value, column = contested
        put(block.contested, column >= 0, value)
        put(block.contested_column, column >= 0, column)


def _believable(block: State, grams: Ints, params: Mapping[str, float]) -> Bools:
    """(n,): near the last accepted weight, or near the one refused just before."""
    last = block.accepted_grams
    change = np.abs(grams - last)
    far = (change > params["jump_kg"] * 1000.0) | (100 * change > params["jump_percent"] * last)
    believable: Bools = (last == 0) | ~far
    row = np.flatnonzero(~believable)
    refused = np.rint(np.clip(block.suspect[row, _WEIGHT], -_FAR_KG, _FAR_KG) * 1000.0)
    believable[row] = np.abs(grams[row] - refused) <= params["agree_kg"] * 1000.0
    return believable
