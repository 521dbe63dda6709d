"""The personal baseline: a lagged, robust, time-aware mean and sd per signal (P2).

A reading waits seven days before it may move the baseline, so a deterioration does not become
the new normal while it unfolds; it is then pulled to within three sd; and while an episode of
the signal's family is open nothing waits or moves, for 21 days at most.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints
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
    for signal in range(_SIGNALS):
        occupied, oldest = block.occupied[:, signal], block.oldest_day[:, signal]
        row = np.flatnonzero(ready[:, signal] & (occupied != 0) & (day - oldest >= LAG_DAYS))
        while row.size:
            _absorb_oldest(block, signal, row)
            row = row[(occupied[row] != 0) & (day[row] - oldest[row] >= LAG_DAYS)]


def _absorb_oldest(block: State, signal: int, row: Ints) -> None:
    """Move the oldest waiting reading of each row into the signal's baseline."""
    weights, means, spreads = (
        getattr(block, name)[:, signal] for name in ("weight", "mean", "spread")
    )
    oldest, occupied = block.oldest_day[row, signal], block.occupied[row, signal]
    slot = oldest % SLOTS
    weight, mean, spread = weights[row], means[row], spreads[row]
    value = block.pending[row, signal, slot]
    pulled = winsorise(value, mean, deviation_sd(weight, spread, _FLOOR[signal]))
    value = np.where(weight > 0, pulled, value)
    gap = np.maximum(oldest - block.absorbed_day[row, signal], 0)
    kept = decay(gap, _HALF_LIFE[signal])
    weights[row], means[row], spreads[row] = absorb(weight, mean, spread, value, kept)
    block.absorbed_day[row, signal] = oldest
    left = occupied & ~np.left_shift(1, slot)
    turned = (left >> slot) | (left << (SLOTS - slot)) & 0xFF
    block.occupied[row, signal] = left
    block.oldest_day[row, signal] = oldest + _NEXT[turned]


def enter(block: State, may_enter: Bools, x: Floats, day: Ints) -> None:
    """Let the first accepted reading of a local day begin to wait. All (n, S) but day (n,)."""
    slot = day % SLOTS
    bit = np.left_shift(1, slot).astype(np.uint8)
    for signal in range(_SIGNALS):
        occupied = block.occupied[:, signal]
        row = np.flatnonzero(may_enter[:, signal] & (occupied & bit == 0))
        before = occupied[row]
        alone = row[before == 0]
        block.oldest_day[alone, signal] = day[alone]
        occupied[row] = before | bit[row]
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
