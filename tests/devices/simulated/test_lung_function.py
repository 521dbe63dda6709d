"""Predicted lung function: the published vectors, and arrays as good as numbers."""

import numpy as np
import pytest

from devices.simulated.lung_function import (
    lower_limit,
    predicted,
    predicted_fev6,
    predicted_pef,
    z_score,
)


@pytest.mark.parametrize(
    ("female", "height", "median", "skew", "spread", "limit", "percent", "z"),
    [
        (False, 175, 3.1044, 1.2477, 0.1624, 2.2434, 38.65, -3.429),
        (True, 162, 2.1930, 1.1540, 0.1613, 1.5977, 54.72, -2.694),
    ],
)
def test_fev1_is_that_of_gli_2012(
    female: bool,
    height: float,
    median: float,
    skew: float,
    spread: float,
    limit: float,
    percent: float,
    z: float,
) -> None:
    """At 70 years; 1.20 L as the measured value (clinical.md 3.6)."""
    healthy = predicted("fev1", female, 70, height)
    assert float(healthy.median) == pytest.approx(median, abs=5e-5)
    assert float(healthy.skew) == pytest.approx(skew, abs=5e-5)
    assert float(healthy.spread) == pytest.approx(spread, abs=5e-5)
    assert float(lower_limit(healthy)) == pytest.approx(limit, abs=5e-5)
    assert 100 * 1.20 / float(healthy.median) == pytest.approx(percent, abs=0.005)
    assert float(z_score(1.20, healthy)) == pytest.approx(z, abs=5e-4)


def test_between_the_knots() -> None:
    """72.5 years, 160 cm: 2.0658 by interpolation, 2.0662 in the full table."""
    assert float(predicted("fev1", True, 72.5, 160).median) == pytest.approx(2.0658, abs=5e-5)


def test_other_volumes() -> None:
    female, height = [False, True], [175, 162]
    assert predicted("fvc", female, 70, height).median == pytest.approx([4.0907, 2.8274], abs=5e-5)
    assert predicted_fev6(female, 70, height) == pytest.approx([3.9982, 2.8376], abs=5e-5)
    assert predicted_pef(female, 70, height) == pytest.approx([486.7, 336.8], abs=0.05)


def test_five_in_a_hundred_lie_below_the_lower_limit() -> None:
    """The z-score of the limit is -1.645 at every age, size and sex."""
    rng = np.random.default_rng(1)
    female, age = rng.random(200) < 0.5, rng.uniform(40, 90, 200)
    healthy = predicted("fev1", female, age, rng.uniform(145, 200, 200))
    assert z_score(lower_limit(healthy), healthy) == pytest.approx(np.full(200, -1.645))
