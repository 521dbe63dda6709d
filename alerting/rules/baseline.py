"""The personal baseline: a lagged, robust, time-aware mean and sd per signal (P2).

A reading waits seven days before it may move the baseline, so a deterioration does not become
the new normal while it unfolds; it is then pulled to within three sd; and while an episode of
the signal's family is open nothing waits or moves, for 21 days at most.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints, Rows
from alerting.rules.colour import Colour
from alerting.rules.primitives import absorb, decay, deviation_sd, winsorise
from alerting.rules.rulebook import RULES
from alerting.rules.signals import FAMILIES, SIGNALS, signal_index
from alerting.rules.slots import SLOTS
from alerting.rules.state import State

LAG_DAYS: Final = 7
WEIGHT_VALID: Final = 5.0
FREEZE_DAYS_MAX: Final = 21.0
ANEW_DAYS: Final = 3.0
ANEW_WEIGHT: Final = 3.0

_SIGNALS: Final = len(SIGNALS)
_WEIGHT: Final = signal_index("weight")
_HALF_LIFE: Final = np.array([signal.half_life_days for signal in SIGNALS])
_FLOOR: Final = np.array([signal.sd_floor for signal in SIGNALS])
_SIGNAL_FAMILY: Final = np.array([FAMILIES.index(signal.family) for signal in SIGNALS])
_FAMILY_RULES: Final = [
    [index for index, rule in enumerate(RULES) if rule.family == family] for family in FAMILIES
]
_NEXT: Final = np.array([0] + [(bits & -bits).bit_length() - 1 for bits in range(1, 1 << SLOTS)])
"""Lowest set bit of each possible `occupied`, rotated so that the oldest day is bit 0."""
_BITS: Final = np.left_shift(1, np.arange(SLOTS)).astype(np.uint8)
GAP_DAYS_MAX: Final = 2047
"""After a longer gap nothing is left of what was known, to the last bit that counts."""
_KEPT: Final = {
    half_life: decay(np.arange(GAP_DAYS_MAX + 1), np.array(half_life)) for half_life in _HALF_LIFE
}
"""What is left of a weight after each whole number of days, by half-life."""
_MOVED: Final = ("weight", "mean", "spread", "absorbed_day", "occupied", "oldest_day")
"""Written in this order: the day absorbed is the oldest as it was."""


def describe(block: State) -> tuple[Floats, Floats, Floats, Bools]:
    """(mean, sd, effective number of readings, valid), each (n, S); mean is NaN when empty."""
    mean = np.where(block.weight > 0, block.mean, np.nan)
    sd = deviation_sd(block.weight, block.spread, _FLOOR)
    return mean, sd, block.weight.astype(np.float64), block.weight >= WEIGHT_VALID


def frozen(block: State, t: Floats) -> Bools:
    """(n, S): the signal's family has an open episode, and has had for less than 21 days."""
    families: Bools = t[:, None] - block.frozen_since < FREEZE_DAYS_MAX
    return families[:, _SIGNAL_FAMILY]


def note_episodes(block: State, t: Floats) -> None:
    """Start or end the freeze of each family after its rules were judged at t (n,)."""
    for column, rules in enumerate(_FAMILY_RULES):
        if not rules:
            continue
        active = (block.status[:, rules] >= Colour.YELLOW).any(axis=1)
        since = block.frozen_since[:, column]
        started = np.where(np.isnan(since), t, since)
        block.frozen_since[:, column] = np.where(active, started, np.nan)


def absorb_due(block: State, ready: Bools, day: Ints) -> None:
    """Let readings that have waited seven days into the baseline, oldest first.

    `ready` (n, S) marks the signals that may be fed in this call; day (n,). At most eight
    rounds: what waits lies within seven consecutive days, because this runs before `enter`.
    """
    waited = ready & (block.occupied != 0) & (day[:, None] - block.oldest_day >= LAG_DAYS)
    for signal in range(_SIGNALS):
        due = waited[:, signal]
        while count := np.count_nonzero(due):
            # Where many rows are due, all are computed and the others keep what they had.
            at = slice(None) if count * 4 > len(due) else np.flatnonzero(due)
            _absorb_oldest(block, signal, at, due[at])
            again = block.occupied[:, signal] != 0
            due = due & again & (day - block.oldest_day[:, signal] >= LAG_DAYS)


def _absorb_oldest(block: State, signal: int, at: Rows, due: Bools) -> None:
    """Move the oldest waiting reading of the rows `at` into the signal's baseline, where `due`."""
    weights, means, spreads, absorbed, occupied, oldest = (
        getattr(block, name)[:, signal][at] for name in _MOVED
    )
    slot = oldest % SLOTS
    value = block.pending[:, signal][np.arange(block.patients)[at], slot]
    pulled = winsorise(value, means, deviation_sd(weights, spreads, _FLOOR[signal]))
    value = np.where(weights > 0, pulled, value)
    gap = np.clip(oldest - absorbed, 0, GAP_DAYS_MAX)
    kept = _KEPT[_HALF_LIFE[signal]][gap]
    left = occupied & ~_BITS[slot]
    turned = (left >> slot) | (left << (SLOTS - slot)) & 0xFF
    moved = (*absorb(weights, means, spreads, value, kept), oldest, left, oldest + _NEXT[turned])
    for name, before, after in zip(
        _MOVED, (weights, means, spreads, absorbed, occupied, oldest), moved, strict=True
    ):
        getattr(block, name)[at, signal] = np.where(due, after, before)


def enter(block: State, may_enter: Bools, x: Floats, day: Ints) -> None:
    """Let the first accepted reading of a local day begin to wait. All (n, S) but day (n,)."""
    slot = day % SLOTS
    bit = _BITS[slot][:, None]
    fresh = may_enter & (block.occupied & bit == 0)
    np.copyto(block.oldest_day, day[:, None], where=fresh & (block.occupied == 0))
    np.bitwise_or(block.occupied, bit, out=block.occupied, where=fresh)
    if slot.size and slot.min() == slot.max():
        np.copyto(block.pending[:, :, slot[0]], x, where=fresh, casting="same_kind")
    else:
        row, signal = np.nonzero(fresh)
        block.pending[row, signal, slot[row]] = x[row, signal]


def learn_anew(block: State, changed_t: Floats, t: Floats) -> None:
    """Three days after a change of diuretic the usual weight is learnt anew, once for each change.

    changed_t (n,) local days of the last change, NaN = none known; t (n,). The baseline keeps its
    mean with the weight of three readings at most. Source: reference section 1.7.
    """
    changed_t = changed_t.astype(block.dtype)
    due = np.flatnonzero((t >= changed_t + ANEW_DAYS) & (changed_t > block.anew_t))
    weight, spread = block.weight[due, _WEIGHT], block.spread[due, _WEIGHT]
    less = np.minimum(weight, ANEW_WEIGHT)
    share = np.divide(less, weight, out=np.ones_like(weight), where=weight > 0)
    block.weight[due, _WEIGHT], block.spread[due, _WEIGHT] = less, spread * share
    block.anew_t[due] = changed_t[due]
