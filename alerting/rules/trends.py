"""Medians, trends and a level with a slope, as pure functions of arrays: P3, P12 and P13.

Nothing here knows a patient or a rule. The names are those of the clinical reference (section
4.0), which gives the vectors that the tests use. Readings are (n, k), NaN = none.
"""

from functools import cache
from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints

MAD_TO_SD: Final = 1.4826
"""The sd of a normal distribution over its median absolute deviation."""
_EXACT: Final = np.array([99, 99, 99, 99, 6, 8, 11, 13, 16])
"""One-sided 5 % critical |S| of Mann and Kendall without ties, n = 4 to 8 (reference P12)."""
_EXACT_MAX: Final = len(_EXACT) - 1
_LEAST: Final = 4
_LEAST_FALLS: Final = 6
"""No fewer falls than rises by six are significant, whatever the number of readings and of ties:
with four readings it takes all six pairs."""
_ONE_SIDED_5: Final = 1.6448536269514722


def median_and_sd(readings: Floats, floor: float) -> tuple[Floats, Floats]:
    """Median and robust sd (n,) of a window of readings (n, k), never below the floor (P3).

    Every row needs at least one reading.

    >>> window = np.array([[94, 93, 95, 94, 94, 92, 96, 94, 93, 94, 95, 94, 88, 94.0]])
    >>> [float(number[0]) for number in median_and_sd(window, 0.9)]
    [94.0, 0.9]
    """
    middle: Floats = np.nanmedian(readings, axis=1)
    spread = np.nanmedian(np.abs(readings - middle[:, None]), axis=1)
    return middle, np.maximum(MAD_TO_SD * spread, floor)


def mann_kendall(readings: Floats) -> tuple[Ints, Floats, Ints]:
    """S, Z and the number of readings (n,) of the Mann-Kendall test (P12). Time runs along axis 1.

    S counts rises minus falls over all pairs; Z is S over its sd with the correction for ties and
    for continuity, 0 where there is no variance.

    >>> s, z, n = mann_kendall(np.array([[94, 94, 93, 92, 93, 91.0]]))
    >>> int(s[0]), round(float(z[0]), 4), int(n[0])
    (-11, -1.9487, 6)
    """
    s, count, tied = _rises(readings), _count(readings), _tied(readings)
    return s, _standardised(s, count, tied), count


def _count(readings: Floats) -> Ints:
    count: Ints = np.add.reduce(np.isfinite(readings), axis=1, dtype=np.int32)
    return count


@cache
def _pairs(k: int) -> tuple[Ints, Ints]:
    """All pairs of k places, the earlier first."""
    earlier, later = np.triu_indices(k, 1)
    return earlier, later


def _rises(readings: Floats) -> Ints:
    """S (n,): rises minus falls over all pairs. At most 256 readings."""
    earlier, later = (readings.T[places] for places in _pairs(readings.shape[1]))
    rises = np.add.reduce(later > earlier, axis=0, dtype=np.int16)
    s: Ints = rises - np.add.reduce(later < earlier, axis=0, dtype=np.int16)
    return s


def _tied(readings: Floats) -> Ints:
    """(n, k): how many others of its row each reading is equal to. At most 128 readings."""
    columns = readings.T
    alike: Ints = np.add.reduce(columns[:, None] == columns, axis=0, dtype=np.int8)
    return (alike - np.isfinite(columns)).T


def _standardised(s: Ints, count: Ints, tied: Ints) -> Floats:
    tied = tied.astype(np.int32)
    # A group of u equal readings is met u times, each with u - 1 others: u (u-1) (2u+5) / u each.
    ties = np.add.reduce(tied * (2 * tied + 7), axis=1)
    variance = (count * (count - 1) * (2 * count + 5) - ties) / 18.0
    root = np.sqrt(np.maximum(variance, 1e-300))
    z: Floats = np.where(variance > 0, (s - np.sign(s)) / root, 0.0)
    return z


def falls(readings: Floats) -> Bools:
    """Whether the readings fall (n,), one-sided 5 % (P12). Needs four readings.

    Up to eight readings without ties the exact table decides, otherwise the normal approximation.

    >>> falls(np.array([[96, 95, 94, 93.0], [96, 95, 96, 93.0]])).tolist()
    [True, False]
    """
    fall, s = np.zeros(len(readings), dtype=np.bool_), _rises(readings)
    row = np.flatnonzero(s <= -_LEAST_FALLS)  # the others need no closer look
    s, readings = s[row], np.take(readings.T, row, axis=1).T
    count, tied = _count(readings), _tied(readings)
    exact = (count <= _EXACT_MAX) & ~np.logical_or.reduce(tied, axis=1)
    by_table = -s >= _EXACT[np.minimum(count, _EXACT_MAX)]
    by_normal = _standardised(s, count, tied) <= -_ONE_SIDED_5
    fall[row] = (count >= _LEAST) & np.where(exact, by_table, by_normal)
    return fall


def theil_sen(days: Floats, readings: Floats) -> Floats:
    """The median slope over all pairs (n,), in units a day (P12); NaN with fewer than two.

    `days` (n, k) or (k,), strictly rising along axis 1 where there are readings.

    >>> days = np.array([[0, 1, 2, 4, 5, 7.0]])
    >>> round(float(theil_sen(days, np.array([[94, 94, 93, 92, 93, 91.0]]))[0]), 6)
    -0.428571
    """
    k = readings.shape[1]
    if k < 2:
        return np.full(len(readings), np.nan)
    earlier, later = _pairs(k)
    slopes = (readings[:, later] - readings[:, earlier]) / (days[..., later] - days[..., earlier])
    slopes.sort(axis=1)  # NaN comes last
    count, row = np.isfinite(slopes).sum(axis=1), np.arange(len(slopes))
    lower = slopes[row, np.maximum(count - 1, 0) // 2]
    upper = slopes[row, np.minimum(count // 2, slopes.shape[1] - 1)]
    median: Floats = np.where(count > 0, (lower + upper) / 2.0, np.nan)
    return median


def predict(
    level: Floats,
    slope: Floats,
    cov: tuple[Floats, Floats, Floats],
    gap: Floats,
    level_noise: float,
    slope_noise: float,
) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """A local linear trend after `gap` days without a reading (P13): the level and covariances.

    `cov` is (P00, P01, P11); the noises are variances a day.
    """  # fmt: skip
    p00, p01, p11 = cov
    moved = (
        p00 + 2 * gap * p01 + gap * gap * p11 + level_noise * gap,
        p01 + gap * p11,
        p11 + slope_noise * gap,
    )
    return level + gap * slope, moved


def correct(
    level: Floats,
    slope: Floats,
    cov: tuple[Floats, Floats, Floats],
    value: Floats,
    reading_noise: float,
) -> tuple[Floats, Floats, tuple[Floats, Floats, Floats], Floats]:
    """A reading into a local linear trend (P13): level, slope, covariances, and how odd it was.

    The last is the normalised innovation squared; above 6.63 a reading is odd at 1 %.

    >>> l, cov = predict(np.array(80.0), np.array(0.0), (np.array(1.0), np.array(0.0),
    ...     np.array(0.01)), np.array(0.0), 0.04, 0.0025)
    >>> l, b, cov, odd = correct(l, np.array(0.0), cov, np.array(80.0), 0.36)
    >>> l, cov = predict(l, b, cov, np.array(1.0), 0.04, 0.0025)
    >>> l, b, cov, odd = correct(l, b, cov, np.array(80.2), 0.36)
    >>> round(float(l), 6), round(float(b), 6), round(float(odd), 6)
    (80.093287, 0.002964, 0.059285)
    """  # fmt: skip
    p00, p01, p11 = cov
    miss = value - level
    total = p00 + reading_noise
    k0, k1 = p00 / total, p01 / total
    after = ((1 - k0) * p00, (1 - k0) * p01, p11 - k1 * p01)
    odd: Floats = miss * miss / total
    return level + k0 * miss, slope + k1 * miss, after, odd
