"""Invented cohorts for the rules: values by day, drawn with whole numbers only.

In: patients, days. Out: limits and plans as a `Profile`, and one day's (patients, signals) values
and (patients, items) answers at a time. Everything comes from the raw stream of PCG64, which NumPy
never changes, so that the colours are the same on every machine. Called by `rules` and `micro`.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from alerting.rules import (
    ITEMS,
    RULEBOOK,
    SIGNALS,
    Profile,
    default_limits,
    default_relative_limits,
    signal_index,
)

START = 20_003
"""Monday 7 October 2024, as days since 1970-01-01."""
SEED = 7
EXPECTED = ("spo2", "weight")
PLAN_WEEKDAYS = 0b1111111

_BASE = np.array([930, 800, 800, 1280, 760, 140, 260])
_STEP = np.array([10, 10, 1, 10, 10, 1, 1])
_WIDTH = np.array([2, 8, 5, 12, 8, 12, 15])
_SHIFT = np.array([-6, 40, 25, 40, 25, -30, -60])
_SCALE = np.array([10, 10, 10, 10, 10, 100, 1])
_OTHER_WAY = np.array([1, -1, -1, -1, -1, 1, 1])
_ARTEFACT_PER_MILLE = 2
_ABSENT_PERCENT = 8
_ILL_PERCENT = 15

Values = npt.NDArray[np.float64]


def profile_of(patients: int) -> Profile:
    """Everybody with the standard limits of both conditions, a daily plan and no dry weight."""
    profile = Profile.default(patients)
    for alias, limits in default_limits("both", rulebook=RULEBOOK).items():
        column = signal_index(alias)
        for side, number in zip(
            ("low_red", "low_yellow", "high_yellow", "high_red"), limits, strict=True
        ):
            getattr(profile, side)[:, column] = number
    for alias, limits in default_relative_limits("both", rulebook=RULEBOOK).items():
        for side, number in zip(
            ("rel_low_red", "rel_low_yellow", "rel_high_yellow", "rel_high_red"),
            limits,
            strict=True,
        ):
            getattr(profile, side)[:, signal_index(alias)] = number
    profile.copd[:] = profile.heart_failure[:] = profile.symptoms_asked[:] = True
    profile.expected[:, [signal_index(alias) for alias in EXPECTED]] = True
    profile.plan_weekdays[:] = PLAN_WEEKDAYS
    profile.start_day[:] = START
    return profile


def days_of(patients: int, days: int) -> Iterator[tuple[Values, Values]]:
    """For each day the times (patients,) and the values (patients, signals), NaN = not measured.

    One patient in seven falls ill for a week or two, half of them the other way round, and a few
    values are a quarter of the truth, so that every rule has something to find.
    """
    stream = np.random.PCG64(SEED)
    size = (patients, len(SIGNALS))
    level = _whole(stream, size, 21) - 10
    ill = _whole(stream, (patients,), 100) < _ILL_PERCENT
    onset = 14 + _whole(stream, (patients,), max(days - 14, 1))
    length = 4 + _whole(stream, (patients,), 11)
    towards = np.where(_whole(stream, (patients, 1), 2) == 0, 1, _OTHER_WAY)
    for day in range(days):
        wide = 2 * _WIDTH + 1
        noise = (_whole(stream, size, 1 << 20) % wide + _whole(stream, size, 1 << 20) % wide) // 2
        sick = ill & (day >= onset) & (day < onset + length)
        shift = np.where(sick[:, None], _SHIFT * towards, 0)
        steps = noise - _WIDTH + level * _WIDTH // 20 + shift
        x = (_BASE + _STEP * steps) / _SCALE
        x = np.where(_whole(stream, size, 1000) < _ARTEFACT_PER_MILLE, x / 4, x)
        absent = _whole(stream, size, 100) < _ABSENT_PERCENT
        minutes = 6 * 60 + _whole(stream, (patients,), 180)
        yield START + day + minutes / 1440.0, np.where(absent, np.nan, x)


def answers_of(patients: int, days: int) -> Iterator[npt.NDArray[np.int8]]:
    """For each day the answers (patients, items): 1 yes, 0 no, -1 not asked.

    A patient is asked on two days of five, then everything; one answer in twenty is a yes, in a bad
    week one in three.
    """
    stream = np.random.PCG64(SEED + 1)
    size = (patients, len(ITEMS))
    bad = _whole(stream, (patients,), 100) < _ILL_PERCENT
    week = _whole(stream, (patients,), max(days // 7, 1))
    for day in range(days):
        ill = bad & (week == day // 7)
        asked = _whole(stream, (patients, 1), 5) < 2
        yes = _whole(stream, size, 100) < np.where(ill[:, None], 33, 5)
        yield np.where(asked, yes, -1).astype(np.int8)


def _whole(stream: np.random.PCG64, shape: tuple[int, ...], below: int) -> npt.NDArray[np.int64]:
    """Whole numbers from 0 to below - 1; not exactly even, which nobody minds here."""
    raw = stream.random_raw(int(np.prod(shape)))
    numbers: npt.NDArray[np.int64] = (np.asarray(raw) >> np.uint64(32)).astype(np.int64) % below
    return numbers.reshape(shape)
