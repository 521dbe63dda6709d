"""Face validity of people in a stable phase, on the report seeds.

Bands are those of the published values in docs/SIMULATOR.md, each test naming its own.
"""

import numpy as np
import numpy.typing as npt
import pytest

from devices.simulated.cohort import ITEMS
from tests.devices.simulated.cohort.conftest import Year, mean


@pytest.mark.parametrize(
    ("signal", "low", "high"),
    [
        ("spo2", 0.9, 1.1),  # Hurst 2010: about 1
        ("pulse", 4.6, 5.5),  # Hurst 2010: about 5
        ("systolic", 7.5, 9.0),  # 8 to 9
        ("diastolic", 4.9, 6.0),  # 5 to 6
        ("fev1", 0.095, 0.115),  # Swedish home study: 0.105
        ("pef", 9.0, 11.0),  # Hurst 2010: about 10
    ],
)
def test_stable_spread(years: list[Year], signal: str, low: float, high: float) -> None:
    """SD of one patient over four weeks, by the mean variance."""
    found = []
    for year in years:
        quiet = year.quiet(signal)
        for first in range(0, 364, 28):
            month = quiet[:, first : first + 28]
            full = month[np.isfinite(month).sum(axis=1) >= 21]
            found.append(np.nanvar(full, axis=1, ddof=1))
    assert low < float(np.sqrt(np.concatenate(found).mean())) < high


def test_weight_over_fourteen_days(years: list[Year]) -> None:
    """Zhang 2009: SD of the change 1.1 kg."""
    quiet = [year.quiet("weight") for year in years]
    changes = np.concatenate([(one[:, 14:] - one[:, :-14]).ravel() for one in quiet])
    assert 0.95 < float(np.nanstd(changes)) < 1.25


def test_drift_stays_in_reach(years: list[Year]) -> None:
    """A year moves the weight by a few kilos, not by twenty."""
    weights = [year.quiet("weight") for year in years]
    moved = np.concatenate([mean(one[:, -30:]) - mean(one[:, :30]) for one in weights])
    assert 1.0 < float(np.nanstd(moved)) < 3.5


def correlation(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float:
    """Within patients: of what is left when each patient's own mean is taken away."""
    both = np.isfinite(left) & np.isfinite(right)
    one, other = (np.where(both, side, np.nan) for side in (left, right))
    return float(np.corrcoef((one - mean(one))[both], (other - mean(other))[both])[0, 1])


@pytest.mark.parametrize(
    ("left", "right", "low", "high"),
    [
        ("spo2", "pulse", -0.40, -0.15),
        ("systolic", "diastolic", 0.45, 0.70),
        ("systolic", "pulse", 0.03, 0.20),
        ("fev1", "pef", 0.5, 0.8),
    ],
)
def test_correlations(years: list[Year], left: str, right: str, low: float, high: float) -> None:
    """Signs and sizes of clinical 3.2; over eight weeks, in which nobody drifts far."""
    for year in years:
        some = slice(60, 116)
        found = correlation(year.quiet(left)[:, some], year.quiet(right)[:, some])
        assert low < found < high


def test_one_day_resembles_the_next(years: list[Year]) -> None:
    """AR(1): what is shown on neighbouring days correlates by about 0.3 in SpO2 and pulse."""
    for signal in ("spo2", "pulse"):
        quiet = years[0].quiet(signal)[:, 60:116]
        one, next_one, far = quiet[:, :-10], quiet[:, 1:-9], quiet[:, 10:]
        assert 0.2 < correlation(one, next_one) < 0.4
        assert abs(correlation(one, far)) < 0.1


def test_hours_of_the_day(years: list[Year]) -> None:
    """Clinical 3.3: heavier in the evening by up to 0.6 kg, pulse higher in the afternoon."""
    for year in years:
        hour = (year.block.t % 1) * 24
        for signal, low, high in (("weight", 0.45, 0.75), ("pulse", 0.5, 3.5)):
            quiet = year.quiet(signal)
            late, early = (
                mean(np.where(some, quiet, np.nan)) for some in ((hour > 18), (hour < 9))
            )
            assert low < float(np.nanmean(late - early)) < high, signal


def test_winter(years: list[Year]) -> None:
    """Systolic pressure 3 mmHg higher in January than in July; half a kilo to one at Christmas."""
    pressure = np.concatenate([year.quiet("systolic") for year in years])
    assert 1.5 < float(np.nanmean(pressure[:, :31]) - np.nanmean(pressure[:, 181:212])) < 4.5
    weight = np.concatenate([year.quiet("weight") for year in years])
    gained = np.nanmean(weight[:, 358:365] - mean(weight[:, 310:338]))
    assert 0.4 < float(gained) < 1.2


def test_lungs_age(years: list[Year]) -> None:
    """Donaldson: 35 mL a year."""
    flow = np.concatenate([year.quiet("fev1") for year in years])
    lost = np.nanmean(mean(flow[:, :28]) - mean(flow[:, -28:]))
    assert 0.020 < float(lost) < 0.050


def test_device_error_is_constant(years: list[Year]) -> None:
    """Oximeters: Arms about 2 over people, nine tenths of it between them (clinical 3.1)."""
    bias = np.concatenate([year.block.people.bias for year in years])
    assert 1.5 < float(np.std(bias[:, 0])) < 1.9
    assert 4.5 < float(np.std(bias[:, 3])) < 5.5


@pytest.mark.parametrize(
    ("subtype", "rate", "signal", "low", "high"),
    [
        ("cold-finger", 0.01, 0, -10, -3),
        ("wrong-cuff", 0.01, 3, -15, 15),
        ("wrong-person", 0.002, 2, -40, 40),
    ],
)
def test_misuse(
    years: list[Year], subtype: str, rate: float, signal: int, low: float, high: float
) -> None:
    rows = [year.block.truth[year.block.truth["subtype"] == subtype] for year in years]
    days = sum(year.calm.size for year in years)
    assert sum(map(len, rows)) / days == pytest.approx(rate, rel=0.1)
    amplitude = np.concatenate([one["amplitude"][:, signal] for one in rows])
    assert low <= amplitude.min() < amplitude.max() <= high


def test_poor_efforts(years: list[Year]) -> None:
    """One in twelve is graded D to F, and reads 5 to 25 % low."""
    block = years[0].block
    poor = block.doubtful[:, 5]
    assert float(poor.mean()) == pytest.approx(0.08, rel=0.05)
    assert not block.doubtful[:, :5].any()
    shown, good = block.values[:, 5].astype(np.float64), years[0].quiet("fev1")
    usual = mean(good)
    assert 0.80 < float(np.nanmean((shown / usual)[poor & years[0].calm])) < 0.90


def test_complaints(years: list[Year]) -> None:
    """Dyspnoea on 4 % of stable days (clinical 4.0 P9), by few people: intraclass 0.36."""
    place = ITEMS.index("dyspnoea")
    share = []
    for year in years:
        yes = (year.block.answers[:, place] == 1) & year.calm
        share.append(yes.sum(axis=1) / np.maximum(year.calm.sum(axis=1), 1))
    one = np.concatenate(share)
    assert 0.02 < float(one.mean()) < 0.05
    between = float(np.var(one) / (one.mean() * (1 - one.mean())))
    assert 0.2 < between < 0.45
    assert float(np.median(one)) < 0.01
