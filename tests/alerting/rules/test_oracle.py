"""The slow oracle's own primitives: they hold the reference's vectors, and the fast ones equal them
on anything (hypothesis)."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.rules import news2
from alerting.rules.arrays import Floats
from alerting.rules.charts import cusum, evidence_of, evidence_of_answers, ewma, ewma_limit
from alerting.rules.trends import correct, falls, mann_kendall, median_and_sd, predict, theil_sen
from tests.alerting.rules import oracle_primitives as p

NAN = math.nan
approx = pytest.approx


def test_p1_vector() -> None:
    history = [(0, 94), (1, 95), (2, 93), (4, 94), (7, 90)]
    seen = [p.moments(history[: n + 1], 7.0) for n in range(5)]
    assert [one[0] for one in seen] == approx([1, 1.905724, 2.726059, 3.236283, 3.404549], abs=1e-6)
    means = [94, 94.524735, 93.965417, 93.976103, 92.808223]
    assert [one[1] for one in seen] == approx(means, abs=1e-6)
    assert [one[2] for one in seen] == approx([0, 0.249388, 0.697880, 0.482493, 3.620439], abs=1e-6)
    assert p.moments([(0, 10), (1, 12), (2, 8)], 1.0) == approx((1.75, 16.5 / 1.75, 3.102041))


def test_p2_vector() -> None:
    baseline = p.Baseline(half_life=1e12, floor=100.0, lag=3)
    usual = []
    for day, x in enumerate((94, 94, 95, 93, 90, 89, 88)):
        baseline.absorb_until(day)
        usual.append(baseline.usual)
        baseline.enter(day, x)
    assert usual[5] == approx(94.3333, abs=1e-4)
    assert usual[6] == approx(94.0)


def test_p3_vector() -> None:
    window = [94.0, 93, 95, 94, 94, 92, 96, 94, 93, 94, 95, 94, 88, 94]
    assert p.median_mad(window, 0.0) == approx((94, 0.7413))
    assert p.median_mad(window, 0.9) == (94, 0.9)


def test_p4_to_p6_vectors() -> None:
    hits = [True, False, False, True, None, True, False, False, True, True]
    fired = [False, False, False, False, False, True, True, False, False, True]
    assert p.k_of_n(hits, 2, 3) == fired
    x = [92.0, 89, 90, 91, None, 91, 92, 92, 88, 91, 92]
    states = [False, True, True, True, True, True, False, False, True, True, True]
    assert p.hysteresis(x, 89, 91, 3) == states
    yellow = [(float(day), 1) for day in (0, 3, 6, 7, 10)]
    assert [day for day, _ in p.refractory(yellow, 7)] == [0, 7]
    assert [day for day, _ in p.refractory([yellow[0], (3, 2), *yellow[2:]], 7)] == [0, 3, 10]


def test_p7_and_p8_vectors() -> None:
    charts = p.ewma_chart([0, 0, 1, 2, 2, None, 3], 0.2, 2.7)
    assert [z for z, _ in charts] == approx([0, 0, 0.2, 0.56, 0.848, 0.848, 1.2784])
    assert charts[-1][1] == approx(0.8685, abs=1e-4)
    sums = p.cusum([0.2, 1, 1.5, None, 2, 1, -0.5, 2.5], 0.5, 4.0)
    assert sums == approx([0, 0.5, 1.5, 1.5, 3, 3.5, 2.5, 4.5])


def test_p9_vectors() -> None:
    shifts, total, seen = (-1.2, 1.4, -0.65), 0.0, []
    rows: list[list[float | None]] = [
        [0, 0, 0], [-0.5, 0.4, -0.2], [-1.2, 1.0, None], [None, 2.0, -1.0], [-2.0, 1.5, -1.0],
        [-2.5, 2.0, -1.5],
    ]  # fmt: skip
    for row in rows:
        total = 0.0 if total >= 5.0 else total
        told = [p.evidence(z, shift) for z, shift in zip(row, shifts, strict=True)]
        total = max(0.0, total + sum(told))
        seen.append(total)
    assert seen == approx([0, 0, 1.14, 3.3988, 6.6375, 4.8637], abs=1e-4)
    logs = math.log(0.35 / 0.04), math.log(0.65 / 0.96)
    told = [p.answered(n, 4 - n, *logs, -2, 4) for n in range(5)]
    assert told == approx([-1.5598, 0.9992, 3.5582, 4, 4], abs=1e-4)


def test_p10_and_p11_vectors() -> None:
    kg = [80, 80.2, 79.9, 80.1, 80, 80.4, 80.9, 81.5, 82.2]
    macd = [p.macd(list(enumerate(kg))[: n + 1]) for n in range(len(kg))]
    expected = [0, 0.014682, -0.012848, 0.000489, -0.006461, 0.048692, 0.157073, 0.315935, 0.524737]
    assert macd == approx(expected, abs=1e-6)
    grams = [(day, round(x * 10)) for day, x in enumerate(kg)]
    for window, gains in (
        (1, [None, 2, -3, 2, -1, 4, 5, 6, 7]),
        (3, [None, 2, -1, 2, 1, 5, 9, 15, 18]),
        (7, [None, 2, -1, 2, 1, 5, 10, 16, 23]),
    ):
        assert [p.gain(grams[:day], day, x, window) for day, x in grams] == gains
    gapped = [(0, 800), (2, 809), (5, 821), (6, 821)]
    for window, gains in ((3, [None, 9, 12, 0]), (7, [None, 9, 21, 21])):
        assert [p.gain(gapped[:n], *gapped[n], window) for n in range(4)] == gains


def test_p12_and_p13_vectors() -> None:
    days, x = [0, 1, 2, 4, 5, 7], [94.0, 94, 93, 92, 93, 91]
    assert p.theil_sen(list(zip(days, x, strict=True))) == approx(-0.428571, abs=1e-6)
    s, z = p.mann_kendall(x)
    assert s == -11
    assert z == approx(-1.9487, abs=1e-4)
    states = p.kalman(
        [(0, 80), (1, 80.2), (2, 80.1), (3, None), (5, 81.4)], 0.36, (0.04, 0.0025), (1.0, 0.01)
    )
    levels = [80, 80.093287, 80.097716, 80.100793, 80.835238]
    assert [one[0] for one in states] == approx(levels, abs=1e-6)
    assert [one[1] for one in states] == approx(
        [0, 0.002964, 0.003076, 0.003076, 0.09523], abs=1e-6
    )
    assert [states[n][2] for n in (0, 1, 2, 4)] == approx([0, 0.059285, 2.4e-5, 2.028521], abs=1e-6)


NEWS2 = [
    (18, 96, False, False, 125, 76, 37.0, [0, 0, 0, 0, 0, 0, 0], "low"),
    (22, 91, False, False, 118, 104, 37.8, [2, 3, 0, 0, 1, 0, 0], "medium"),
    (22, 91, True, False, 118, 104, 37.8, [2, 0, 0, 0, 1, 0, 0], "low"),
    (24, 88, True, True, 105, 112, 38.4, [2, 0, 2, 1, 2, 0, 1], "high"),
    (20, 97, True, True, 140, 90, 36.5, [0, 3, 2, 0, 0, 0, 0], "medium"),
    (12, 92, False, False, 92, 48, 36.0, [0, 2, 0, 2, 1, 0, 1], "medium"),
    (16, 96, False, False, 90, 70, 37.0, [0, 0, 0, 3, 0, 0, 0], "low-medium"),
]


@pytest.mark.parametrize("row", NEWS2)
def test_news2_vectors(
    row: tuple[float, float, bool, bool, float, float, float, list[int], str],
) -> None:
    rate, spo2, scale2, oxygen, systolic, pulse, temperature, parts, risk = row
    got = [
        p.news2_respiration(rate), p.news2_saturation(spo2, scale2, oxygen), 2 * oxygen,
        p.news2_systolic(systolic), p.news2_pulse(pulse), 0, p.news2_temperature(temperature),
    ]  # fmt: skip
    assert (got, p.news2_risk(got)) == (parts, risk)


@given(st.floats(20, 300), st.booleans(), st.booleans())
def test_news2_equals_the_oracle(x: float, scale2: bool, oxygen: bool) -> None:
    one, flags = np.array([x]), (np.array([scale2]), np.array([oxygen]))
    assert news2.saturation(one, *flags)[0] == p.news2_saturation(x, scale2, oxygen)
    assert news2.systolic(one)[0] == p.news2_systolic(x)
    assert news2.pulse(one)[0] == p.news2_pulse(x)
    assert news2.respiration(one / 10)[0] == p.news2_respiration(x / 10)
    assert news2.temperature(one / 5)[0] == p.news2_temperature(x / 5)


gapped = st.lists(
    st.one_of(st.none(), st.integers(-9, 9).map(lambda n: n / 2)), min_size=1, max_size=14
)


def partitions(n: int, most: int) -> Iterator[list[int]]:
    """All ways to write n as a sum of parts of at most `most`, the largest first."""
    if n == 0:
        yield []
    for part in range(min(n, most), 0, -1):
        yield from ([part, *rest] for rest in partitions(n - part, part))


@pytest.mark.parametrize("count", range(4, 21))
def test_no_fall_of_fewer_than_six_is_significant(count: int) -> None:
    """Whatever is tied: by far most readings need no closer look."""
    for groups in partitions(count, count):
        untied = (count * count - sum(size * size for size in groups)) // 2
        same = [float(place) for place, size in enumerate(groups) for _ in range(size)]
        for s in range(1, min(untied, 5) + 1):
            assert not p.significant(-s, same), (groups, s)


def filled(x: list[float | None]) -> np.ndarray:
    return np.array([[NAN if value is None else value for value in x]])


@given(gapped)
def test_trends_equal_the_oracle(x: list[float | None]) -> None:
    readings, row = [value for value in x if value is not None], filled(x)
    s, z, count = mann_kendall(row)
    assert (int(s[0]), int(count[0])) == (p.mann_kendall(readings)[0], len(readings))
    assert float(z[0]) == approx(p.mann_kendall(readings)[1], abs=1e-12)
    assert bool(falls(row)[0]) == p.falls(readings)[0]
    known = [(day, value) for day, value in enumerate(x) if value is not None]
    slope = theil_sen(np.arange(len(x), dtype=float), row)[0]
    assert slope == approx(p.theil_sen(known), nan_ok=True)
    if readings:
        middle, sd = median_and_sd(row, 0.1)
        assert (middle[0], sd[0]) == approx(p.median_mad(readings, 0.1))


@given(gapped)
def test_charts_equal_the_oracle(z: list[float | None]) -> None:
    chart: Floats = np.zeros(1)
    total: Floats = np.zeros(1)
    count = 0
    charts, sums = p.ewma_chart(z, 0.2, 2.7), p.cusum(z, 0.5, 4.0)
    for value, (expected, limit), expected_sum in zip(z, charts, sums, strict=True):
        one = np.array([NAN if value is None else value])
        if value is not None:
            total = np.where(total >= 4.0, 0.0, total)
        chart, total, count = ewma(chart, one), cusum(total, one), count + (value is not None)
        assert (chart[0], total[0]) == (approx(expected), approx(expected_sum))
        assert ewma_limit(np.array(count)) == approx(limit)
        assert evidence_of(one, -1.2)[0] == approx(p.evidence(value, -1.2))


@given(st.integers(0, 4), st.integers(0, 4), st.floats(0.005, 0.9))
def test_answers_equal_the_oracle(yes: int, no: int, usual: float) -> None:
    usual_at_most = min(usual, 0.55)
    logs = math.log(0.55 / usual_at_most), math.log(0.45 / (1 - usual_at_most))
    told = evidence_of_answers(np.array(yes), np.array(no), usual, 0.55, -3.0, 6.5)
    assert float(told) == approx(p.answered(yes, no, *logs, -3.0, 6.5), abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 9), st.one_of(st.none(), st.floats(70, 90))), max_size=10))
def test_the_local_trend_equals_the_oracle(steps: list[tuple[int, float | None]]) -> None:
    level, slope, days = np.array(80.0), np.array(0.0), [0, *(gap for gap, _ in steps)]
    cov = (np.array(1.0), np.array(0.0), np.array(0.01))
    history = list(zip(np.cumsum(days).tolist(), [80.0, *(x for _, x in steps)], strict=True))
    for gap, (_, x), expected in zip(
        days, history, p.kalman(history, 0.36, (0.04, 0.0025), (1.0, 0.01)), strict=True
    ):
        level, cov = predict(level, slope, cov, np.array(float(gap)), 0.04, 0.0025)
        if x is not None:
            level, slope, cov, odd = correct(level, slope, cov, np.array(x), 0.36)
            assert float(odd) == approx(expected[2], abs=1e-9)
        assert (float(level), float(slope)) == approx(expected[:2])
