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
    flat,
    put,
    put_at,
    put_each,
    where_set,
)
from alerting.rules.colour import Colour
from alerting.rules.primitives import absorb, decay, deviation_sd, winsorise
from alerting.rules.rulebook import Rulebook
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
_MOMENTS: Final = ("weight", "mean", "spread")
_FIRST: Final = np.array([(1 << bits) - 1 for bits in range(SLOTS + 1)], dtype=np.uint8)
"""(9,): so many bits from bit 0 on."""
_SET: Final = [[bit for bit in range(SLOTS) if byte >> bit & 1] for byte in range(1 << SLOTS)]
_NTH_SET: Final = np.array(
    [[(*bits, *[0] * SLOTS)[nth] for bits in _SET] for nth in range(SLOTS)], dtype=np.int32
)
"""(8, 256): which bit of a byte is the nth that is set; 0 where there are fewer."""


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


def note_episodes(block: State, t: Floats, rulebook: Rulebook) -> None:
    """Start or end the freeze of each family after its rules were judged at t (n,)."""
    active = any_of(block.status >= _YELLOW, rulebook.once(_of_family))
    idle = np.isnan(block.frozen_since)
    put(block.frozen_since, active & idle, t[:, None])
    put(block.frozen_since, ~(active | idle), np.nan)


def _of_family(rulebook: Rulebook) -> list[npt.NDArray[np.intp]]:
    """For each family of signals the columns of its rules."""
    of = np.array([rule.family for rule in rulebook.rules])
    return [np.flatnonzero(of == family) for family in FAMILIES]


def absorb_due(block: State, ready: Bools, day: Ints) -> None:
    """Let readings that have waited seven days into the baseline, oldest first.

    `ready` (n, S) marks the signals that may be fed in this call; day (n,). What waits lies within
    seven consecutive days, because this runs before `enter`. Where many have one of seven days ago,
    as in a day of many rows, that enters everywhere at once, after what has waited longer.
    """
    last = (day - LAG_DAYS)[:, None]
    with np.errstate(divide="ignore"):  # where a baseline is empty
        waits = ready & (block.occupied != 0)
        dense = np.count_nonzero(waits & (block.oldest_day == last)) * DENSE > waits.size
        until = last - dense
        _absorb_late(block, waits & (block.oldest_day <= until), until)
        if dense:
            due = ready & (block.occupied != 0) & (block.oldest_day == last)
            _absorb_everywhere(block, due, last[:, 0] & SLOT_BITS)


def _absorb_everywhere(block: State, due: Bools, slot: Ints) -> None:
    """Move the oldest waiting reading of every signal into its baseline, where `due` (n, S): it
    lies in the slot (n,).

    All are computed and the others keep what they had: faster where many are due.
    """
    before = [getattr(block, name) for name in _MOMENTS]
    value, oldest, place = at_slot(block.pending, slot), block.oldest_day, slot.astype(np.uint8)
    moments = _fed(before, value, oldest - block.absorbed_day, np.arange(_SIGNALS))
    left = block.occupied & ~(_ONE << place)[:, None]
    turned = _turned(left, place[:, None])  # the lowest bit is the next day
    days = np.bitwise_count((turned & -turned) - _ONE) * (turned != 0).view(np.uint8)
    absorbed = oldest.copy(order="F")
    put_each(
        due,
        *zip(before, moments, strict=True),
        (block.absorbed_day, absorbed),
        (block.occupied, left),
        (oldest, absorbed + days),
    )


def _absorb_late(block: State, due: Bools, until: Ints) -> None:
    """Move all that waits up to a day (n, 1) into the baselines, one reading after the other, where
    something does: `due` (n, S).

    Each round takes one more of every row and signal that still has one; those with most come
    first, so that a round is the first so many.
    """
    place, row = where_set(due)
    if not place.size:
        return
    oldest = flat(block.oldest_day)[place]
    span = np.minimum(flat(until)[row] - oldest + 1, SLOTS)
    waiting = _turned(flat(block.occupied)[place], (oldest & SLOT_BITS).astype(np.uint8))
    enters = waiting & _FIRST[span]
    count = np.bitwise_count(enters)
    order = np.argsort(-count.view(np.int8), kind="stable")
    place, oldest, waiting, enters, count = (
        part[order] for part in (place, oldest, waiting, enters, count)
    )
    held = [flat(getattr(block, name))[place] for name in _MOMENTS]
    absorbed, signal = flat(block.absorbed_day)[place], place // len(until)
    for nth in range(count[0]):
        some = slice(np.count_nonzero(count > nth))
        day = oldest[some] + _NTH_SET[nth][enters[some]]
        value = flat(block.pending)[(day & SLOT_BITS) * due.size + place[some]]
        before = [numbers[some] for numbers in held]
        moments = _fed(before, value, day - absorbed[some], signal[some])
        for numbers, after in zip((*before, absorbed[some]), (*moments, day), strict=True):
            numbers[...] = after
    left = waiting & ~enters
    after = (
        *held,
        absorbed,
        _turned(left, (-oldest & SLOT_BITS).astype(np.uint8)),  # and back
        np.where(left, oldest + _NTH_SET[0][left], absorbed),
    )
    for name, numbers in zip(
        (*_MOMENTS, "absorbed_day", "occupied", "oldest_day"), after, strict=True
    ):
        flat(getattr(block, name))[place] = numbers


def _fed(before: Sequence[Floats], value: Floats, gap: Ints, signal: Ints) -> tuple[Floats, ...]:
    """The _MOMENTS after a reading that comes `gap` days after the last one."""
    weight, mean, spread = before
    sd = deviation_sd(weight, spread, _FLOOR[weight.dtype][signal])
    value = winsorise(value, mean, sd / np.minimum(weight, 1.0))  # an empty baseline pulls nothing
    gap = np.minimum(np.maximum(gap, 0), GAP_DAYS_MAX)
    kept = _KEPT[weight.dtype][signal * (GAP_DAYS_MAX + 1) + gap]
    return absorb(weight, mean, spread, value, kept)


def _turned(occupied: Ints, slot: Ints) -> Ints:
    """The bits of what waits, turned so that the slot is bit 0; both uint8."""
    turned: Ints = (occupied >> slot) | (occupied << (SLOTS - slot))
    return turned


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
