"""The personal baseline: a lagged, robust, time-aware mean and sd per signal (P2).

A reading waits seven days before it may move the baseline, so a deterioration does not become
the new normal while it unfolds; it is then pulled to within three sd; and while an episode of
the signal's family is open nothing waits or moves, for 21 days at most.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import (
    FLOAT_TYPES,
    Bools,
    Floats,
    Ints,
    Rows,
    any_of,
    at_slot,
    put,
    put_at,
    put_each,
    where_set,
)
from alerting.rules.colour import Colour
from alerting.rules.primitives import absorb, decay, deviation_sd, winsorise
from alerting.rules.rulebook import RULES
from alerting.rules.signals import FAMILIES, SIGNALS, signal_index
from alerting.rules.slots import SLOT_BITS, SLOTS
from alerting.rules.state import State

LAG_DAYS: Final = 7
WEIGHT_VALID: Final = 5.0
FREEZE_DAYS_MAX: Final = 21.0
DENSE: Final = 4
"""Where more than one in this many is due, all are computed."""
ANEW_DAYS: Final = 3.0
ANEW_WEIGHT: Final = 3.0
"""Effective readings that a baseline keeps over a change of diuretic or device (reference 1.7)."""

_SIGNALS: Final = len(SIGNALS)
_WEIGHT: Final = signal_index("weight")
_FLOOR: Final[dict[np.dtype[Any], Floats]] = {
    dtype: np.array([signal.sd_floor for signal in SIGNALS], dtype=dtype) for dtype in FLOAT_TYPES
}
_SIGNAL_FAMILY: Final = np.array([FAMILIES.index(signal.family) for signal in SIGNALS])
_FAMILY_RULES: Final = [
    [index for index, rule in enumerate(RULES) if rule.family == family] for family in FAMILIES
]
_YELLOW: Final = np.int8(Colour.YELLOW)
_ONE: Final = np.uint8(1)
GAP_DAYS_MAX: Final = 2047
"""After a longer gap nothing is left of what was known, to the last bit that counts."""
_KEPT: Final[dict[np.dtype[Any], Floats]] = {
    dtype: np.concatenate(
        [decay(np.arange(GAP_DAYS_MAX + 1), np.array(s.half_life_days)) for s in SIGNALS]
    ).astype(dtype)
    for dtype in FLOAT_TYPES
}
"""What is left of a weight after each whole number of days, signal after signal."""
_MOVED: Final = ("weight", "mean", "spread", "absorbed_day", "occupied", "oldest_day")
"""What moves when a reading enters a baseline."""


def describe(block: State) -> tuple[Floats, Floats, Floats, Bools]:
    """(mean, sd, effective number of readings, valid), each (n, S); mean is NaN when empty."""
    mean = block.mean.copy(order="F")
    put(mean, block.weight == 0, np.nan)
    sd = deviation_sd(block.weight, block.spread, _FLOOR[block.dtype])
    return mean, sd, block.weight.copy(order="F"), block.weight >= WEIGHT_VALID


def frozen(block: State, t: Floats) -> Bools:
    """(n, S): the signal's family has an open episode, and has had for less than 21 days."""
    families: Bools = t.astype(block.dtype)[:, None] - block.frozen_since < FREEZE_DAYS_MAX
    return families[:, _SIGNAL_FAMILY]


def note_episodes(block: State, t: Floats) -> None:
    """Start or end the freeze of each family after its rules were judged at t (n,)."""
    active = any_of(block.status >= _YELLOW, _FAMILY_RULES)
    idle = np.isnan(block.frozen_since)
    put(block.frozen_since, active & idle, t[:, None])
    put(block.frozen_since, ~(active | idle), np.nan)


def absorb_due(block: State, ready: Bools, day: Ints) -> None:
    """Let readings that have waited seven days into the baseline, oldest first.

    `ready` (n, S) marks the signals that may be fed in this call; day (n,). Those that have waited
    longer enter one by one, at most seven times: what waits lies within seven consecutive days,
    because this runs before `enter`. Then that of seven days ago enters everywhere at once.
    """
    last = (day - LAG_DAYS)[:, None]
    with np.errstate(divide="ignore"):  # where a baseline is empty
        pair = where_set(ready & (block.occupied != 0) & (block.oldest_day < last))
        while pair[0].size:
            _absorb_pairs(block, pair)
            later = (block.occupied[pair] != 0) & (block.oldest_day[pair] < last[pair[0], 0])
            pair = (pair[0][later], pair[1][later])
        due = ready & (block.occupied != 0) & (block.oldest_day == last)
        if np.count_nonzero(due) * DENSE > due.size:
            _absorb_everywhere(block, due, last[:, 0] & SLOT_BITS)
        else:
            _absorb_pairs(block, where_set(due))


def _absorb_everywhere(block: State, due: Bools, slot: Ints) -> None:
    """Move the oldest waiting reading of every signal into its baseline, where `due` (n, S): it
    lies in the slot (n,).

    All are computed and the others keep what they had: faster where many are due.
    """
    before = [getattr(block, name) for name in _MOVED]
    value = at_slot(block.pending, slot)
    moved = _absorbed(before, value, slot[:, None], np.arange(_SIGNALS))
    put_each(due, *zip(before, moved, strict=True))


def _absorb_pairs(block: State, pair: tuple[Ints, Ints]) -> None:
    """The same for single pairs of a row and a signal, whatever the slot."""
    before = [getattr(block, name)[pair] for name in _MOVED]
    slot = before[-1] & SLOT_BITS
    value = block.pending[pair[0], pair[1], slot]
    for name, after in zip(_MOVED, _absorbed(before, value, slot, pair[1]), strict=True):
        getattr(block, name)[pair] = after


def _absorbed(
    before: Sequence[npt.NDArray[Any]], value: Floats, slot: Ints, signal: Ints
) -> tuple[npt.NDArray[Any], ...]:
    """What _MOVED becomes when `value` of the oldest day enters, from what it was."""
    weight, mean, spread, absorbed, occupied, oldest = before
    sd = deviation_sd(weight, spread, _FLOOR[weight.dtype][signal])
    value = winsorise(value, mean, sd / np.minimum(weight, 1.0))  # an empty baseline pulls nothing
    gap = np.minimum(np.maximum(oldest - absorbed, 0), GAP_DAYS_MAX)
    kept = _KEPT[weight.dtype][signal * (GAP_DAYS_MAX + 1) + gap]
    place = slot.astype(np.uint8)
    left = occupied & ~(_ONE << place)
    # Turned so that the oldest day was bit 0; the lowest bit that is left is the next day.
    turned = (left >> place) | (left << (SLOTS - place))
    days = np.bitwise_count((turned & -turned) - _ONE) * (turned != 0).view(np.uint8)
    return (
        *absorb(weight, mean, spread, value, kept),
        oldest.copy(order="K"),
        left,
        oldest + days,
    )


def enter(block: State, may_enter: Bools, x: Floats, day: Ints) -> None:
    """Let the first accepted reading of a local day begin to wait. All (n, S) but day (n,)."""
    slot = day & SLOT_BITS
    bit = (_ONE << slot.astype(np.uint8))[:, None]
    fresh = may_enter & (block.occupied & bit == 0)
    put(block.oldest_day, fresh & (block.occupied == 0), day[:, None])
    block.occupied |= bit * fresh.view(np.uint8)
    put_at(block.pending, slot, fresh, x)


def learn_anew(block: State, changed_t: Floats, t: Floats) -> None:
    """Three days after a change of diuretic the usual weight is learnt anew, once for each change.

    changed_t (n,) local days of the last change, NaN = none known; t (n,). The baseline keeps its
    mean with the weight of three readings at most. Source: reference section 1.7.
    """
    changed_t = changed_t.astype(block.dtype)
    due = np.flatnonzero((t >= changed_t + ANEW_DAYS) & (changed_t > block.anew_t))
    if due.size:
        relearn(block, due, _WEIGHT)
        block.anew_t[due] = changed_t[due]


def relearn(block: State, rows: Rows, signal: int) -> None:
    """Keep the mean of a signal's baseline with the weight of three readings at most."""
    weight, spread = block.weight[rows, signal], block.spread[rows, signal]
    less = np.minimum(weight, ANEW_WEIGHT)
    share = np.divide(less, weight, out=np.ones_like(weight), where=weight > 0)
    block.weight[rows, signal], block.spread[rows, signal] = less, spread * share
