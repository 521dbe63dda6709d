"""The vectors of the clinical reference: charts, trends (section 4.0) and NEWS2 (section 7)."""

import itertools
import math

import numpy as np
import pytest

from alerting.rules import news2
from alerting.rules.arrays import Floats
from alerting.rules.charts import (
    add_evidence,
    cusum,
    evidence_of,
    evidence_of_answers,
    ewma,
    ewma_limit,
    may_fire,
    quicken,
)
from alerting.rules.trends import correct, falls, mann_kendall, median_and_sd, predict, theil_sen

NAN = math.nan


def test_p3_the_median_does_not_mind_one_odd_reading() -> None:
    window = np.array([[94, 93, 95, 94, 94, 92, 96, 94, 93, 94, 95, 94, 88, 94.0]])
    middle, sd = median_and_sd(window, 0.9)
    assert (middle[0], sd[0]) == (94.0, 0.9)
    assert median_and_sd(window, 0.1)[1][0] == pytest.approx(0.7413)


@pytest.mark.parametrize(
    ("colours", "worse", "expected"),
    [({}, set(), [0, 7]), ({3: 4}, set(), [0, 3, 10]), ({}, {6}, [0, 6])],
)
def test_p6_vector(colours: dict[int, int], worse: set[int], expected: list[int]) -> None:
    told_t, told, fired = np.array(-np.inf), np.array(0), []
    for day in (0, 3, 6, 7, 10):
        colour = np.array(colours.get(day, 3))
        if may_fire(np.array(float(day)), colour, told_t, told, np.array(7.0), day in worse):
            told_t, told = np.array(float(day)), colour
            fired.append(day)
    assert fired == expected


def test_p7_vector() -> None:
    limits = [float(ewma_limit(np.array(n))) for n in (1, 2, 3, 4, 5, 6, 7, 500)]
    assert limits == pytest.approx(
        [0.5400, 0.6915, 0.7731, 0.8210, 0.8503, 0.8685, 0.8800, 0.9000], abs=5e-5
    )
    chart, count, seen, signals = np.array(0.0), 0, [], []
    for place, z in enumerate((0, 0, 1, 2, 2, NAN, 3)):
        chart = ewma(chart, np.array(float(z)))
        count += not math.isnan(z)
        seen.append(float(chart))
        if not math.isnan(z) and chart >= ewma_limit(np.array(count)):
            signals.append(place)
    assert seen == pytest.approx([0, 0, 0.2, 0.56, 0.848, 0.848, 1.2784])
    assert signals == [6]


def test_p8_vector() -> None:
    total, seen = np.array(0.0), []
    for z in (0.2, 1, 1.5, NAN, 2, 1, -0.5, 2.5):
        total = cusum(total, np.array(z))
        seen.append(float(total))
    assert seen == pytest.approx([0, 0.5, 1.5, 1.5, 3, 3.5, 2.5, 4.5])


def test_p9_vector() -> None:
    """Up to the fifth row as in the reference; there it starts again at 0, here it goes on."""
    shifts, total, increments, totals = (-1.2, 1.4, -0.65), np.array(0.0), [], []
    for row in (
        (0, 0, 0),
        (-0.5, 0.4, -0.2),
        (-1.2, 1.0, NAN),
        (NAN, 2.0, -1.0),
        (-2.0, 1.5, -1.0),
        (-2.5, 2.0, -1.5),
    ):
        pairs = zip(row, shifts, strict=True)
        step = np.sum([evidence_of(np.array(z), shift) for z, shift in pairs])
        total = add_evidence(total, step, 99.0)
        increments.append(float(step))
        totals.append(float(total))
    assert increments == pytest.approx([-1.9112, -0.6212, 1.1400, 2.2588, 3.2387, 4.8637], abs=5e-5)
    assert totals[:5] == pytest.approx([0, 0, 1.1400, 3.3988, 6.6375], abs=1e-4)
    assert evidence_of(np.array(-90.0), -1.2) == evidence_of(np.array(-3.5), -1.2)


def test_p9_answers() -> None:
    said = [
        float(evidence_of_answers(np.array(n), np.array(4 - n), 0.04, 0.35, -2.0, 4.0))
        for n in range(5)
    ]
    assert said == pytest.approx([-1.5598, 0.9992, 3.5582, 4.0, 4.0], abs=1e-4)


def test_p10_vector() -> None:
    weight: Floats = np.zeros((1, 2))
    mean: Floats = np.zeros((1, 2))
    seen = []
    for x in (80, 80.2, 79.9, 80.1, 80, 80.4, 80.9, 81.5, 82.2):
        weight, mean = quicken(weight, mean, np.ones(1), np.array([x]))
        seen.append(float(mean[0, 0] - mean[0, 1]))
    assert seen == pytest.approx(
        [0, 0.014682, -0.012848, 0.000489, -0.006461, 0.048692, 0.157073, 0.315935, 0.524737],
        abs=1e-6,
    )


def test_p12_vector() -> None:
    x = np.array([[94, 94, 93, 92, 93, 91.0]])
    s, z, count = mann_kendall(x)
    assert (int(s[0]), int(count[0])) == (-11, 6)
    assert z[0] == pytest.approx(-1.9487, abs=5e-5)
    slope = theil_sen(np.array([0, 1, 2, 4, 5, 7.0]), x)
    assert slope[0] == pytest.approx(-0.428571, abs=1e-6)
    assert falls(x).tolist() == [True]


@pytest.mark.parametrize(("n", "critical"), [(4, 6), (5, 8), (6, 11), (7, 13), (8, 16)])
def test_p12_exact_critical_numbers(n: int, critical: int) -> None:
    """Every order of n readings: those called falling are those with S at or below -critical."""
    rng = np.random.default_rng(n)
    orders = (
        np.array(list(itertools.permutations(range(n))), dtype=np.float64)
        if n < 7
        else np.array([rng.permutation(n) for _ in range(3000)], dtype=np.float64)
    )
    s, _, _ = mann_kendall(orders)
    found = falls(orders)
    np.testing.assert_array_equal(found, s <= -critical)
    assert found.mean() <= 0.06


def test_p12_is_not_changed_by_days_without_a_reading() -> None:
    x = np.array([[96, NAN, 95, 94, NAN, NAN, 93, 92, 91.0]])
    dense = x[~np.isnan(x)][None, :]
    assert [part[0] for part in mann_kendall(x)] == [part[0] for part in mann_kendall(dense)]
    assert falls(x)[0] == falls(dense)[0]


def test_p13_vector() -> None:
    level, slope = np.array(80.0), np.array(0.0)
    cov = (np.array(1.0), np.array(0.0), np.array(0.01))
    last, levels, odds = 0, [], []
    for t, x in ((0, 80), (1, 80.2), (2, 80.1), (3, NAN), (5, 81.4)):
        level, cov = predict(level, slope, cov, np.array(float(t - last)), 0.04, 0.0025)
        last = t
        if not math.isnan(x):
            level, slope, cov, odd = correct(level, slope, cov, np.array(x), 0.36)
            odds.append(float(odd))
        levels.append((float(level), float(slope)))
    wanted = [
        (80, 0),
        (80.093287, 0.002964),
        (80.097716, 0.003076),
        (80.100793, 0.003076),
        (80.835238, 0.095230),
    ]
    for got, want in zip(levels, wanted, strict=True):
        assert got == pytest.approx(want, abs=1e-6)
    assert odds == pytest.approx([0, 0.059285, 0.000024, 2.028521], abs=1e-6)


SETS: list[tuple[tuple[float, ...], tuple[int, ...], int, str]] = [
    ((18, 96, False, False, 125, 76, 1, 37.0), (0, 0, 0, 0, 0, 0, 0), 0, "low"),
    ((22, 91, False, False, 118, 104, 1, 37.8), (2, 3, 0, 0, 1, 0, 0), 6, "medium"),
    ((22, 91, True, False, 118, 104, 1, 37.8), (2, 0, 0, 0, 1, 0, 0), 3, "low"),
    ((24, 88, True, True, 105, 112, 1, 38.4), (2, 0, 2, 1, 2, 0, 1), 8, "high"),
    ((20, 97, True, True, 140, 90, 1, 36.5), (0, 3, 2, 0, 0, 0, 0), 5, "medium"),
    ((12, 92, False, False, 92, 48, 1, 36.0), (0, 2, 0, 2, 1, 0, 1), 6, "medium"),
    ((16, 96, False, False, 90, 70, 1, 37.0), (0, 0, 0, 3, 0, 0, 0), 3, "low-medium"),
]


@pytest.mark.parametrize(("signs", "parts", "total", "risk"), SETS)
def test_news2_vectors(
    signs: tuple[float, ...], parts: tuple[int, ...], total: int, risk: str
) -> None:
    rate, spo2, scale2, oxygen, systolic, pulse, alert, celsius = (np.array([v]) for v in signs)
    points = np.stack(
        [
            news2.respiration(rate.astype(float)),
            news2.saturation(spo2.astype(float), scale2.astype(bool), oxygen.astype(bool)),
            news2.oxygen(oxygen.astype(bool)),
            news2.systolic(systolic.astype(float)),
            news2.pulse(pulse.astype(float)),
            news2.consciousness(alert.astype(float)),
            news2.temperature(celsius.astype(float)),
        ],
        axis=1,
    )
    assert tuple(points[0]) == parts
    summed, single, absent = news2.total_of(points)
    assert (int(summed[0]), int(absent[0])) == (total, 0)
    assert news2.RISKS[int(news2.risk_of(summed, single)[0])] == risk


BANDS: dict[str, list[tuple[float, int]]] = {
    "respiration": [(8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3)],
    "systolic": [(90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3)],
    "pulse": [(40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (131, 3)],
    "temperature": [(35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.1, 2)],
}


@pytest.mark.parametrize("name", BANDS)
def test_news2_bands(name: str) -> None:
    for value, points in BANDS[name]:
        assert getattr(news2, name)(np.array([float(value)])).tolist() == [points], value


@pytest.mark.parametrize(
    ("scale2", "oxygen", "bands"),
    [
        (False, False, [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0)]),
        (False, True, [(91, 3), (93, 2), (95, 1), (97, 0)]),
        (True, False, [(83, 3), (84, 2), (85, 2), (86, 1), (87, 1), (88, 0), (93, 0), (99, 0)]),
        (True, True, [(83, 3), (87, 1), (92, 0), (93, 1), (94, 1), (95, 2), (96, 2), (97, 3)]),
    ],
)
def test_news2_saturation(scale2: bool, oxygen: bool, bands: list[tuple[int, int]]) -> None:
    values = np.array([float(value) for value, _ in bands])
    flags = np.ones(len(values), dtype=np.bool_)
    found = news2.saturation(values, flags & scale2, flags & oxygen)
    assert found.tolist() == [points for _, points in bands]
