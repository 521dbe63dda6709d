"""The personal baseline: a lagged, robust, time-aware mean and sd per signal (P2).

A reading waits seven days before it may move the baseline, so a deterioration does not become
the new normal while it unfolds; it is then pulled to within three sd; and while an episode of
the signal's family is open nothing waits or moves, for 21 days at most.
"""

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.primitives import absorb, decay, deviation_sd, winsorise
from alerting.rules.rulebook import RULES
from alerting.rules.signals import FAMILIES, SIGNALS
from alerting.rules.slots import SLOTS
from alerting.rules.state import State

LAG_DAYS: Final = 7
WEIGHT_VALID: Final = 5.0
FREEZE_DAYS_MAX: Final = 21.0

Scalar = TypeVar("Scalar", bound=np.generic)

_SIGNALS: Final = len(SIGNALS)
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
    due = ready & (block.occupied != 0) & (day[:, None] - block.oldest_day >= LAG_DAYS)
    pair = np.flatnonzero(due)
    while pair.size:
        _absorb_oldest(block, pair)
        oldest, occupied = _flat(block.oldest_day)[pair], _flat(block.occupied)[pair]
        pair = pair[(occupied != 0) & (day[pair // _SIGNALS] - oldest >= LAG_DAYS)]


def _absorb_oldest(block: State, pair: Ints) -> None:
    """Move the oldest waiting reading of each (row, signal) pair into its baseline."""
    weights, means, spreads = _flat(block.weight), _flat(block.mean), _flat(block.spread)
    signal = pair % _SIGNALS
    oldest, occupied = _flat(block.oldest_day)[pair], _flat(block.occupied)[pair]
    slot = oldest % SLOTS
    weight, mean, spread = weights[pair], means[pair], spreads[pair]
    value = _flat(block.pending)[pair * SLOTS + slot]
    pulled = winsorise(value, mean, deviation_sd(weight, spread, _FLOOR[signal]))
    value = np.where(weight > 0, pulled, value)
    gap = np.maximum(oldest - _flat(block.absorbed_day)[pair], 0)
    kept = decay(gap, _HALF_LIFE[signal])
    weights[pair], means[pair], spreads[pair] = absorb(weight, mean, spread, value, kept)
    _flat(block.absorbed_day)[pair] = oldest
    left = occupied & ~np.left_shift(1, slot)
    turned = (left >> slot) | (left << (SLOTS - slot)) & 0xFF
    _flat(block.occupied)[pair] = left
    _flat(block.oldest_day)[pair] = oldest + _NEXT[turned]


def enter(block: State, may_enter: Bools, x: Floats, day: Ints) -> None:
    """Let the first accepted reading of a local day begin to wait. All (n, S) but day (n,)."""
    slot = day % SLOTS
    bit = np.left_shift(1, slot).astype(np.uint8)
    fresh = may_enter & (block.occupied & bit[:, None] == 0)
    pair = np.flatnonzero(fresh)
    row = pair // _SIGNALS
    block.oldest_day[...] = np.where(fresh & (block.occupied == 0), day[:, None], block.oldest_day)
    block.occupied[...] |= np.where(fresh, bit[:, None], np.uint8(0))
    _flat(block.pending)[pair * SLOTS + slot[row]] = _flat(x)[pair]


def _flat(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """The same memory as one axis: a pair (row, signal) is then a single index."""
    assert array.flags.c_contiguous
    return array.reshape(-1)
