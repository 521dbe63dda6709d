"""Control charts and moving averages, as pure functions of arrays: P6 to P10.

Nothing here knows a patient or a rule. The names are those of the clinical reference (section
4.0), which gives the vectors that the tests use. All functions broadcast; a missing reading (NaN)
leaves what was there.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints, chosen
from alerting.rules.primitives import averaged, decay

MACD_HALF_LIVES: Final = np.array([2.0, 14.0])
"""Days, fast and slow (P10). Zhang's (Eur J Heart Fail 2009;11:420) window lengths are not
published in the abstract: a design choice."""


def may_fire(
    t: Floats,
    colour: Ints,
    told_t: Floats,
    told: Ints,
    wait_days: Floats,
    worse: Bools | bool = False,
) -> Bools:
    """Whether an alert may ask for attention again (P6): it waited, or it got worse.

    `t`, `told_t` local days; `colour`, `told` now and at the last call; `worse`: in the same colour
    a signal lies farther from the usual, by what counts.

    >>> raw = [(0, 3), (3, 3), (6, 3), (7, 3), (10, 3)]  # day, yellow
    >>> told_t, told, fired = np.array(-np.inf), np.array(0), []
    >>> for day, colour in raw:
    ...     if may_fire(np.array(day), np.array(colour), told_t, told, np.array(7.0)):
    ...         told_t, told = np.array(float(day)), np.array(colour)
    ...         fired.append(day)
    >>> fired
    [0, 7]
    """
    fire: Bools = (t - told_t >= wait_days) | (colour > told) | worse
    return fire


def ewma(chart: Floats, z: Floats, share: float = 0.2) -> Floats:
    """One step of an EWMA chart of standardised readings (P7); `share` is lambda.

    >>> round(float(ewma(np.array(0.56), np.array(2.0))), 3)
    0.848
    """
    return np.where(np.isnan(z), chart, share * z + (1.0 - share) * chart)


def ewma_limit(count: Ints, width: float = 2.7, share: float = 0.2) -> Floats:
    """The chart's limit after `count` readings, in sd (P7): it widens to `width` sd of the chart.

    >>> [round(float(ewma_limit(np.array(n))), 4) for n in (1, 6)]
    [0.54, 0.8685]
    """
    left = 1.0 - (1.0 - share) ** (2.0 * count)
    limit: Floats = width * np.sqrt(share / (2.0 - share) * left)
    return limit


def cusum(total: Floats, z: Floats, slack: float = 0.5) -> Floats:
    """One step of a one-sided CUSUM of standardised readings (P8). The caller resets at h.

    >>> float(cusum(np.array(2.5), np.array(2.5)))
    4.5
    """
    return np.where(np.isnan(z), total, np.maximum(total + z - slack, 0.0))


def evidence_of(z: Floats, shift: Floats | float, clip: float = 3.5) -> Floats:
    """The log-likelihood ratio of one standardised reading for a shift of the mean (P9).

    `z` in sd of the personal baseline, cut to ±`clip`; `shift` the shift under deterioration, in
    sd, rounded as `z` is. A missing reading says nothing: 0.

    >>> round(float(evidence_of(np.array(-1.2), -1.2)), 2), float(evidence_of(np.array(np.nan), 1))
    (0.72, 0.0)
    """
    cut = np.minimum(np.maximum(z, -clip), clip)
    precision = np.result_type(z, np.float32)
    told = np.asarray(shift, precision) * cut - np.asarray(np.square(shift) / 2.0, precision)
    heard: Floats = chosen(np.isnan(z), 0.0, told)
    return heard


def evidence_of_answers(
    yes: Ints, no: Ints, usual: Floats | float, ill: float, least: float, most: float
) -> Floats:
    """The log-likelihood ratio of a questionnaire (P9): so many yes and no, cut to a range.

    `usual` is the share of yes on the citizen's other days, `ill` that under deterioration.

    >>> [round(float(evidence_of_answers(np.array(n), np.array(4 - n), .04, .35, -2.0, 4.0)), 4)
    ...  for n in range(4)]
    [-1.5598, 0.9992, 3.5582, 4.0]
    """
    usual = np.minimum(usual, ill)
    told = yes * np.log(ill / usual) + no * np.log((1.0 - ill) / (1.0 - usual))
    cut: Floats = np.minimum(np.maximum(told, least), most)
    return cut


def add_evidence(total: Floats, increment: Floats, most: float) -> Floats:
    """One step of the log-likelihood CUSUM (P9): never below 0, never above `most`.

    It saturates instead of starting again at 0 when it fires: so one chart has a yellow and a red
    height, and an episode lasts as long as the evidence does. Recovery is not slower for it, since
    no more than `most` must be taken back.

    >>> float(add_evidence(np.array(3.4), np.array(3.2), 8.0))
    6.6
    """
    held: Floats = np.minimum(np.maximum(total + increment, 0.0), most)
    return held


def quicken(weight: Floats, mean: Floats, gap_days: Floats, value: Floats) -> tuple[Floats, Floats]:
    """One reading into the fast and the slow moving average (P10, both P1).

    `weight`, `mean` (n, 2): fast then slow; `gap_days`, `value` (n,). Returns the new two.

    >>> w, m = np.zeros((1, 2)), np.zeros((1, 2))
    >>> for x in (80.0, 80.2):
    ...     w, m = quicken(w, m, np.ones(1), np.array([x]))
    >>> round(float(m[0, 0] - m[0, 1]), 6)
    0.014682
    """
    gap_days, half_lives = gap_days.astype(value.dtype), MACD_HALF_LIVES.astype(value.dtype)
    kept = decay(gap_days, half_lives[:, None]).T
    return averaged(weight, mean, value[:, None], kept)
