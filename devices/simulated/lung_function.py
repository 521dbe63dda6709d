"""What healthy lungs would do: GLI-2012 for FEV1 and FVC, NHANES III for FEV6 and peak flow.

In: sex, age (years), height (cm), as numbers or arrays of one shape. Out: medians, lower limits
of normal and z-scores of that shape. Called by `patient` and `cohort`.

GLI-2012, European: Quanjer, Eur Respir J 2012;40:1324. M = exp(a0 + a1 ln H + a2 ln A + spline),
S = exp(p0 + p1 ln A + spline), L = q0 + q1 ln A; the splines are linear between five-year knots
from 40 to 90 years (at most 0.09 % off in M and 0.26 % in S). NHANES III, white adults: Hankinson,
Am J Respir Crit Care Med 1999;159:179, b0 + b1 A + b2 A^2 + b3 H^2.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Volume = Literal["fev1", "fvc"]


class _Gli(NamedTuple):
    a0: float
    a1: float
    a2: float
    p0: float
    p1: float
    q0: float
    q1: float
    column: int
    """Of `_SPLINES`: the median's; the spread's stands one to the right."""


class Predicted(NamedTuple):
    """Median M (L), coefficient of variation S and skewness L of the healthy distribution."""

    median: Array
    spread: Array
    skew: Array


_GLI: dict[tuple[Volume, bool], _Gli] = {
    ("fev1", False): _Gli(-10.3420, 2.2196, 0.0574, -2.3268, 0.0798, 0.8866, 0.0850, 0),
    ("fev1", True): _Gli(-9.6987, 2.1211, -0.0270, -2.3765, 0.0972, 1.1540, 0.0, 2),
    ("fvc", False): _Gli(-11.2281, 2.4135, 0.0865, -2.2963, 0.0718, 0.9481, 0.0, 4),
    ("fvc", True): _Gli(-10.4030, 2.2633, 0.0234, -2.3549, 0.1017, 0.8236, 0.0, 6),
}
"""Volume and whether female."""

_AGES = np.arange(40.0, 91.0, 5.0)
_SPLINES = np.array(
    [
        [0.0721, -0.0596, 0.1040, -0.0892, 0.0641, -0.0501, 0.0977, -0.0965],
        [0.0302, -0.0517, 0.0650, -0.0674, 0.0304, -0.0270, 0.0658, -0.0787],
        [-0.0125, -0.0240, 0.0232, -0.0345, -0.0066, 0.0025, 0.0283, -0.0453],
        [-0.0603, 0.0183, -0.0227, 0.0054, -0.0479, 0.0363, -0.0143, -0.0022],
        [-0.1143, 0.0671, -0.0741, 0.0492, -0.0942, 0.0722, -0.0623, 0.0453],
        [-0.1727, 0.1196, -0.1308, 0.0942, -0.1447, 0.1091, -0.1152, 0.0938],
        [-0.2328, 0.1698, -0.1926, 0.1389, -0.1959, 0.1456, -0.1718, 0.1421],
        [-0.2929, 0.2141, -0.2576, 0.1821, -0.2465, 0.1807, -0.2305, 0.1895],
        [-0.3512, 0.2538, -0.3226, 0.2231, -0.2956, 0.2141, -0.2887, 0.2350],
        [-0.4065, 0.2909, -0.3852, 0.2618, -0.3423, 0.2455, -0.3447, 0.2784],
        [-0.4586, 0.3260, -0.4446, 0.2985, -0.3864, 0.2752, -0.3976, 0.3196],
    ]
)
"""By age; FEV1 men M and S, FEV1 women M and S, FVC men M and S, FVC women M and S."""

_FEV6 = ((0.1102, -0.00842, -2.23e-4, 1.8188e-4), (-0.1373, 0.01317, -3.52e-4, 1.4395e-4))
_PEF = ((1.0523, 0.08272, -0.001301, 2.4962e-4), (0.9267, 0.06929, -0.001031, 1.8623e-4))
"""NHANES III, men and women: L, and L/s."""
_NORMAL_5_PERCENT = 1.645


def predicted(volume: Volume, female: ArrayLike, age: ArrayLike, height_cm: ArrayLike) -> Predicted:
    """The distribution of healthy people of this sex, age (40 to 90 years) and height.

    >>> round(float(predicted("fev1", False, 70, 175).median), 4)
    3.1044
    >>> predicted("fvc", [False, True], 70, [175, 162]).median.round(4).tolist()
    [4.0907, 2.8274]
    """
    sex = np.asarray(female, dtype=bool)
    years, log_height = np.asarray(age, dtype=np.float64), np.log(np.asarray(height_cm, float))
    both = [_of_one_sex(_GLI[volume, is_female], years, log_height) for is_female in (False, True)]
    men, women = both
    return Predicted(
        *(np.where(sex, woman, man) for man, woman in zip(men, women, strict=True)),
    )


def _of_one_sex(row: _Gli, years: Array, log_height: Array) -> Predicted:
    log_age = np.log(years)
    spline_m = np.interp(years, _AGES, _SPLINES[:, row.column])
    spline_s = np.interp(years, _AGES, _SPLINES[:, row.column + 1])
    median = np.exp(row.a0 + row.a1 * log_height + row.a2 * log_age + spline_m)
    spread = np.exp(row.p0 + row.p1 * log_age + spline_s)
    return Predicted(median, np.asarray(spread), np.asarray(row.q0 + row.q1 * log_age))


def z_score(value_l: ArrayLike, healthy: Predicted) -> Array:
    """How many standard deviations a volume (L) lies from the healthy median.

    >>> round(float(z_score(1.20, predicted("fev1", True, 70, 162))), 3)
    -2.694
    """
    share = np.asarray(value_l, float) / healthy.median
    return np.asarray((share**healthy.skew - 1) / (healthy.skew * healthy.spread))


def lower_limit(healthy: Predicted) -> Array:
    """The lower limit of normal (L): five healthy people in a hundred lie below.

    >>> round(float(lower_limit(predicted("fev1", False, 70, 175))), 4)
    2.2434
    """
    _, spread, skew = healthy
    return np.asarray(healthy.median * (1 - _NORMAL_5_PERCENT * skew * spread) ** (1 / skew))


def predicted_fev6(female: ArrayLike, age: ArrayLike, height_cm: ArrayLike) -> Array:
    """Median FEV6 (L) of healthy adults; GLI-2012 has none.

    >>> predicted_fev6([False, True], 70, [175, 162]).round(4).tolist()
    [3.9982, 2.8376]
    """
    return _nhanes(_FEV6, female, age, height_cm)


def predicted_pef(female: ArrayLike, age: ArrayLike, height_cm: ArrayLike) -> Array:
    """Median peak flow (L/min) of healthy adults.

    >>> predicted_pef([False, True], 70, [175, 162]).round(1).tolist()
    [486.7, 336.8]
    """
    return 60 * _nhanes(_PEF, female, age, height_cm)


def _nhanes(
    rows: tuple[tuple[float, float, float, float], ...],
    female: ArrayLike,
    age: ArrayLike,
    height_cm: ArrayLike,
) -> Array:
    sex = np.asarray(female, dtype=bool)
    years, height = np.asarray(age, dtype=np.float64), np.asarray(height_cm, dtype=np.float64)
    men, women = (b0 + b1 * years + b2 * years**2 + b3 * height**2 for b0, b1, b2, b3 in rows)
    return np.asarray(np.where(sex, women, men))
