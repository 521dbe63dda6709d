"""The days of a simulated world: season, weekends, Danish public holidays, Christmas.

In: a first date, a number of days. Out: a `Calendar` of (days,) arrays. Called by `chunk`.
Days are local days since 1970-01-01, as in the rules; the zone never enters.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, pi

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers
from devices.simulated.cohort.streams import settled

EPOCH = date(1970, 1, 1)
_YEAR = 365.0
_AFTER_EASTER = (-3, -2, 0, 1, 39, 49, 50)
"""Maundy Thursday, Good Friday, Easter, Easter Monday, Ascension, Whit Sunday and Monday. (The
Great Prayer Day is no holiday since 2024.)"""
_CHRISTMAS_RISE = (344, 365)
"""Day of the year from which the Christmas weight is gained, and by which it is there (C)."""
_CHRISTMAS_FALL_DAYS = 31
"""It is lost again in January (C)."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Arrays of shape (days,). `season` is a cosine, 1 in midwinter and -1 in midsummer."""

    start: int
    days: int
    weekday: NDArray[np.int8]
    holiday: NDArray[np.bool_]
    season: NDArray[np.float64]
    christmas: NDArray[np.float64]
    """Share of the Christmas weight that is on, 0 to 1."""

    @property
    def end(self) -> int:
        """The first day after the world."""
        return self.start + self.days


def calendar(first: date, days: int) -> Calendar:
    """The days from `first` on.

    >>> year = calendar(date(2026, 1, 1), 365)
    >>> year.start, int(year.weekday[0]), bool(year.holiday[0]), int(year.holiday.sum())
    (20454, 3, True, 12)
    """
    dates = [first + timedelta(days=day) for day in range(days)]
    holidays = {day for year in {one.year for one in dates} for day in public_holidays(year)}
    start = (first - EPOCH).days
    number = np.array([one.timetuple().tm_yday for one in dates], dtype=np.float64)
    return Calendar(
        start=start,
        days=days,
        weekday=np.array([one.weekday() for one in dates], dtype=np.int8),
        holiday=np.array([one in holidays for one in dates]),
        season=season_at(start + np.arange(days, dtype=np.float64)),
        christmas=np.maximum(
            np.interp(number, _CHRISTMAS_RISE, (0.0, 1.0)),
            np.clip(1 - number / _CHRISTMAS_FALL_DAYS, 0, 1),
        ),
    )


_SEASON = settled([cos(2 * pi * (day - numbers.SEASON_PEAK) / _YEAR) for day in range(1, 367)])


def season_at(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 on 20 January, -1 half a year later, for local days since 1970-01-01, any shape.

    >>> season_at(np.array([20_473.0, 20_655.6])).round(3).tolist()
    [1.0, -1.0]
    """
    days = np.floor(t).astype("datetime64[D]")
    return np.asarray(_SEASON[(days - days.astype("datetime64[Y]")).astype(np.int64)])


def public_holidays(year: int) -> set[date]:
    """Danish public holidays, and 24 and 31 December.

    >>> sorted(public_holidays(2026))[1:4]
    [datetime.date(2026, 4, 2), datetime.date(2026, 4, 3), datetime.date(2026, 4, 5)]
    """
    fixed = {date(year, 1, 1), *(date(year, 12, day) for day in (24, 25, 26, 31))}
    return fixed | {easter(year) + timedelta(days=after) for after in _AFTER_EASTER}


def easter(year: int) -> date:
    """Easter Sunday (Gregorian, the rule of Meeus, Jones and Butcher).

    >>> easter(2026), easter(2025)
    (datetime.date(2026, 4, 5), datetime.date(2025, 4, 20))
    """
    century, rest = divmod(year, 100)
    moon = 19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    age = (moon + 15) % 30
    back = (32 + 2 * (century % 4) + 2 * (rest // 4) - age - rest % 4) % 7
    shift = (year % 19 + 11 * age + 22 * back) // 451
    month, day = divmod(age + back - 7 * shift + 114, 31)
    return date(year, month, day + 1)
