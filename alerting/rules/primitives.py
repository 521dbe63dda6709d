"""The mathematics of the rules, as pure functions of arrays.

Nothing here knows a patient, a rule or a colour of the page. The names P1, P4, P5 and P11
refer to the primitives of the clinical reference (section 4.0), which also gives the vectors
that the tests use. All functions broadcast and none changes its arguments.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour

WINSOR_SD = 3.0
"""A reading moves the baseline as if it were at most this many sd away (P2)."""

_NOTHING: Final = np.uint32(0xFFFFFFFF)
_GREEN, _YELLOW, _RED = (np.int8(colour) for colour in (Colour.GREEN, Colour.YELLOW, Colour.RED))


def grade(yellow: Bools, red: Bools | None = None) -> Ints:
    """Red, where there is such a thing, beats yellow beats green, as int8.

    >>> grade(np.array([True, True, False]), np.array([False, True, False])).tolist()
    [3, 4, 0]
    """
    # Products of bytes: several times as fast as a choice by np.where, or as products of flags.
    level: Ints = yellow.view(np.int8) * _YELLOW
    return level if red is None else np.maximum(level, red.view(np.int8) * _RED)


def decay(gap_days: Floats | Ints, half_life_days: Floats) -> Floats:
    """What is left of a weight after a gap: one half after one half-life (P1).

    >>> float(decay(np.array(14), np.array(7.0)))
    0.25
    """
    left: Floats = np.exp2(-gap_days / half_life_days)
    return left


def absorb(
    weight: Floats, mean: Floats, spread: Floats, value: Floats, kept: Floats
) -> tuple[Floats, Floats, Floats]:
    """One step of the time-aware exponentially weighted mean and variance (P1, exact).

    `weight` is the effective number of readings, `spread` the weighted sum of squared
    deviations (unit squared; variance = spread / weight) and `kept` the factor from `decay`.
    Returns the new (weight, mean, spread). All start at 0.

    >>> w, m, s = absorb(np.array(1.0), np.array(10.0), np.array(0.0), np.array(12.0),
    ...                  np.array(0.5))
    >>> float(w), round(float(m), 6), round(float(s / w), 6)
    (1.5, 11.333333, 0.888889)
    """
    weight, moved = averaged(weight, mean, value, kept)
    spread = kept * spread + (value - mean) * (value - moved)
    return weight, moved, spread


def averaged(weight: Floats, mean: Floats, value: Floats, kept: Floats) -> tuple[Floats, Floats]:
    """The same without the variance: the new (weight, mean)."""
    weight = kept * weight + 1.0
    return weight, mean + (value - mean) / weight


def deviation_sd(weight: Floats, spread: Floats, floor: Floats) -> Floats:
    """The standard deviation, never below the floor (same unit); the floor when empty (P2).

    >>> float(deviation_sd(np.array(2.0), np.array(0.5), np.array(0.9)))
    0.9
    """
    variance = spread / np.maximum(weight, 1.0)
    sd: Floats = np.maximum(np.sqrt(np.maximum(variance, 0.0)), floor)
    return sd


def winsorise(value: Floats, mean: Floats, sd: Floats) -> Floats:
    """Pull a value to within WINSOR_SD standard deviations of the mean (P2).

    >>> float(winsorise(np.array(80.0), np.array(94.0), np.array(1.0)))
    91.0
    """
    reach = WINSOR_SD * sd
    pulled: Floats = mean + np.minimum(np.maximum(value - mean, -reach), reach)
    return pulled


def shift_in(register: Ints, hit: Bools, length: Ints) -> Ints:
    """Remember one more hit or miss in a register of `length` readings, newest in bit 0 (P4).

    >>> int(shift_in(np.array(0b110, np.uint8), np.array(True), np.array(3, np.uint8)))
    5
    """
    mask = np.left_shift(2, length - 1, dtype=np.uint8) - np.uint8(1)
    shifted: Ints = (register + register | hit.view(np.uint8)) & mask
    return shifted


def hits(register: Ints) -> Ints:
    """How many hits a register holds (P4).

    >>> int(hits(np.array(0b101, np.uint8)))
    2
    """
    count: Ints = np.bitwise_count(register)
    return count


def follow(
    active: Ints, clears: Ints, raw: Ints, clear: Bools, clears_to_close: Ints, again: Bools
) -> tuple[Ints, Ints]:
    """One judged reading in the life of an episode (P5, with two heights).

    A raw colour opens an episode or raises it at once; the colour never falls within an
    episode. Only `clears_to_close` clear readings in a row close it: a reading that fires or
    lies in the deadband starts the count again, and a further one of the same day (`again`) adds
    nothing. `active` and `raw` are 0, YELLOW or RED. Returns the new (active, clears).

    >>> episode, count = follow(np.array(3), np.array(2), np.array(0), np.array(True), np.array(3),
    ...                         np.array(False))
    >>> int(episode), int(count)
    (0, 3)
    """
    safe = clear & (raw == _GREEN)
    clears = np.minimum(clears + (~again).view(np.uint8), clears_to_close) * safe.view(np.uint8)
    lasts = ~(safe & (clears >= clears_to_close))
    return np.maximum(active, raw) * lasts.view(np.int8), clears


def window_gain(value: Ints, back: Ints, window_days: int) -> tuple[Ints, Bools]:
    """The rise over the lowest earlier day at most `window_days` back (P11).

    `value` is (n,); `back` (days, n) int32 holds what was kept of yesterday, the day before, and so
    on, 0 = nothing. Whole days count and the same day does not. Returns (gain, found); gain is 0
    where nothing was found.

    >>> gain, found = window_gain(np.array([822]), np.array([[0], [0], [801], [0], [0], [799]],
    ...                           dtype=np.int32), 7)
    >>> int(gain[0]), bool(found[0])
    (23, True)
    """
    # One less, unsigned: nothing then lies above everything.
    lowest = np.minimum.reduce(back[:window_days].view(np.uint32) - np.uint32(1), axis=0)
    found = lowest != _NOTHING
    return (value - (lowest + np.uint32(1)).view(np.int32)) * found, found


def window_fall(value: Ints, back: Ints, window_days: int) -> tuple[Ints, Bools]:
    """The fall below the highest earlier day at most `window_days` back; as `window_gain`.

    >>> fall, found = window_fall(np.array([778]), np.array([[0], [0], [801], [0], [0], [799]],
    ...                           dtype=np.int32), 3)
    >>> int(fall[0]), bool(found[0])
    (23, True)
    """
    highest = np.maximum.reduce(back[:window_days], axis=0)
    found: Bools = highest > 0
    return (highest - value) * found, found
