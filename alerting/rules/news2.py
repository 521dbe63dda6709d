"""NEWS2 (Royal College of Physicians 2017): the score of each parameter, and the risk.

In: arrays of vital signs, NaN = not measured; scored in whole numbers, the temperature in tenths.
Out: points, NaN where there is no reading. At home respiration, temperature and consciousness are
mostly not measured: the score is then partial, its absent parameters are named, and it never means
low risk.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints

PARAMETERS: Final = (
    "respiration", "saturation", "oxygen", "systolic", "pulse", "consciousness", "temperature",
)  # fmt: skip
NAMES_DA: Final = (
    "respiration",
    "iltmætning",
    "ilt",
    "blodtryk",
    "puls",
    "bevidsthed",
    "temperatur",
)
RISKS: Final = ("low", "low-medium", "medium", "high")

_RESPIRATION: Final = (np.array([8.0, 11, 20, 24]), np.array([3.0, 1, 0, 2, 3]))
_SCALE_1: Final = (np.array([91.0, 93, 95]), np.array([3.0, 2, 1, 0]))
_SCALE_2: Final = (np.array([83.0, 85, 87, 92]), np.array([3.0, 2, 1, 0, 0]))
_SCALE_2_OXYGEN: Final = (np.array([92.0, 94, 96]), np.array([0.0, 1, 2, 3]))
_SYSTOLIC: Final = (np.array([90.0, 100, 110, 219]), np.array([3.0, 2, 1, 0, 3]))
_PULSE: Final = (np.array([40.0, 50, 90, 110, 130]), np.array([3.0, 1, 0, 1, 2, 3]))
_TEMPERATURE: Final = (np.array([35.0, 36, 38, 39]), np.array([3.0, 1, 0, 1, 2]))


def _points(x: Floats, table: tuple[Floats, Floats]) -> Floats:
    """Points by upper edges (inclusive); NaN stays NaN."""
    edges, points = table
    found = points[np.searchsorted(edges, x, side="left").clip(max=len(edges))]
    return np.where(np.isnan(x), np.nan, found)


def respiration(per_minute: Floats) -> Floats:
    """Points of the respiratory rate (/min)."""
    return _points(np.rint(per_minute), _RESPIRATION)


def saturation(percent: Floats, scale2: Bools, on_oxygen: Bools) -> Floats:
    """Points of the oxygen saturation (%), on scale 1, or on scale 2 where that is prescribed.

    >>> saturation(np.array([91.0, 91, 97, 97]), np.array([False, True, True, True]),
    ...            np.array([False, False, True, False])).tolist()
    [3.0, 0.0, 3.0, 0.0]
    """
    percent = np.rint(percent)
    rich = np.where(on_oxygen, _points(percent, _SCALE_2_OXYGEN), 0.0)
    second = np.maximum(_points(percent, _SCALE_2), rich)
    return np.where(scale2, second, _points(percent, _SCALE_1))


def oxygen(on_oxygen: Bools) -> Floats:
    """Points of breathing oxygen."""
    return np.where(on_oxygen, 2.0, 0.0)


def systolic(mmhg: Floats) -> Floats:
    """Points of the systolic pressure (mmHg)."""
    return _points(np.rint(mmhg), _SYSTOLIC)


def pulse(per_minute: Floats) -> Floats:
    """Points of the pulse (/min)."""
    return _points(np.rint(per_minute), _PULSE)


def consciousness(alert: Floats) -> Floats:
    """Points of consciousness: 1 alert, 0 anything else (new confusion, voice, pain, none)."""
    return np.where(np.isnan(alert), np.nan, np.where(alert == 1, 0.0, 3.0))


def temperature(celsius: Floats) -> Floats:
    """Points of the temperature, rounded to a tenth of a degree."""
    return _points(np.round(celsius, 1), _TEMPERATURE)


def total_of(points: Floats) -> tuple[Ints, Bools, Ints]:
    """Of points (n, parameters): their sum, whether one alone is 3, and what is absent, packed.

    >>> total, single, absent = total_of(np.array([[np.nan, 3.0, 0.0, 0.0, 1.0, np.nan, np.nan]]))
    >>> int(total[0]), bool(single[0]), int(absent[0]) == 0b1100001
    (4, True, True)
    """
    total = np.zeros(len(points), dtype=np.int64)
    single = np.zeros(len(points), dtype=np.bool_)
    absent = np.zeros(len(points), dtype=np.int64)
    for place in range(points.shape[1]):
        column = points[:, place]
        missing = np.isnan(column)
        total += np.where(missing, 0.0, column).astype(np.int64)
        single |= column == 3.0
        absent |= missing.astype(np.int64) << place
    return total, single, absent


def risk_of(total: Ints, single: Bools) -> Ints:
    """The place in `RISKS` of a full score.

    >>> [RISKS[place] for place in risk_of(np.array([3, 3, 6, 8]), np.array([False, True, True,
    ...     False]))]
    ['low', 'low-medium', 'medium', 'high']
    """
    return np.where(total >= 7, 3, np.where(total >= 5, 2, np.where(single, 1, 0)))
