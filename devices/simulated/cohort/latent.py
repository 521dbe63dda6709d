"""What the body does on ordinary days, before anything happens to it and without device error.

In: the people of a chunk, its calendar, the minutes of measuring. Out: values (days, signals,
patients), float32; time comes first in here because one day depends on the day before. Called by
`chunk`. Clinical 3.2 and 3.3; the numbers stand in `numbers.SIGNAL_ROWS`.
"""

from math import cos, pi

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort.calendar import Calendar
from devices.simulated.cohort.people import People
from devices.simulated.cohort.streams import CHUNK, Purpose, settled, stream

Values = NDArray[np.float32]

_DAY_SD = np.array([row.day_sd for row in n.ROWS])
_PHI = np.array([row.phi for row in n.ROWS])
_WALKS = tuple(place for place, row in enumerate(n.ROWS) if row.walk_sd)
_LEVEL_HOUR = 7.5
"""The hour at which `People.level` holds."""


def latent(
    seed: int, chunk: int, who: People, dates: Calendar, minute: NDArray[np.int16]
) -> Values:
    """Levels, day-to-day variation, drift, season, Christmas, hour of the day."""
    rng = stream(seed, Purpose.DAYS, chunk)
    values = _autoregressive(rng, dates.days)
    values += who.level.T.astype(np.float32)
    values[:, _WALKS] += _drift(rng, dates.days)
    day = np.arange(dates.days)[:, None]
    own = truncated_christmas(rng)
    values[:, n.FEV1] -= (n.FEV1_LOSS * day).astype(np.float32)
    loss = n.FEV1_LOSS * day * (who.level[:, n.PEF] / who.level[:, n.FEV1])
    values[:, n.PEF] -= loss.astype(np.float32)
    values[:, n.SYSTOLIC] += (n.SYSTOLIC_WINTER * dates.season[:, None]).astype(np.float32)
    values[:, n.WEIGHT] += (own * dates.christmas[:, None]).astype(np.float32)
    for signal, row in enumerate(n.ROWS):
        if row.swing:
            size = row.swing * (who.level[:, signal] if row.relative else np.ones(CHUNK))
            values[:, signal] += _swing(row.peak_hour)[minute] * size.astype(np.float32)
    return values


def correlated(noise: Values) -> None:
    """Give independent normal numbers (days, signals, patients) the correlations of clinical 3.2,
    in place; each stays standard normal."""
    for signal, other, rho in (
        (n.PULSE, n.SPO2, n.RHO_SPO2_PULSE),
        (n.SYSTOLIC, n.PULSE, n.RHO_PULSE_SYSTOLIC),
        (n.DIASTOLIC, n.SYSTOLIC, n.RHO_PRESSURES),
        (n.PEF, n.FEV1, n.RHO_FLOWS),
    ):
        noise[:, signal] *= np.float32((1 - rho**2) ** 0.5)
        noise[:, signal] += np.float32(rho) * noise[:, other]


def _autoregressive(rng: np.random.Generator, days: int) -> Values:
    """AR(1) around 0, stationary from the first day."""
    values = rng.standard_normal((days, len(n.ROWS), CHUNK), dtype=np.float32)
    correlated(values)
    values[0] *= _DAY_SD[:, None].astype(np.float32)
    values[1:] *= (_DAY_SD * np.sqrt(1 - _PHI**2))[:, None].astype(np.float32)
    phi = _PHI[:, None].astype(np.float32)
    for day in range(1, days):
        values[day] += phi * values[day - 1]
    return values


def _drift(rng: np.random.Generator, days: int) -> Values:
    """A slow random walk that returns, from 0 on the first day; weight and blood pressure."""
    steps = rng.standard_normal((days, len(_WALKS), CHUNK), dtype=np.float32)
    steps *= np.array([n.ROWS[signal].walk_sd for signal in _WALKS], dtype=np.float32)[:, None]
    back = [n.WALK_RETURN if signal == n.WEIGHT else n.WALK_RETURN_PRESSURE for signal in _WALKS]
    keep = (1 - np.array(back, dtype=np.float32))[:, None]
    for day in range(1, days):
        steps[day] += keep * steps[day - 1]
    return steps


def truncated_christmas(rng: np.random.Generator) -> NDArray[np.float64]:
    """How much each patient gains at Christmas, kg, never less than nothing."""
    drawn = n.CHRISTMAS_KG + n.CHRISTMAS_KG_SD * rng.standard_normal(CHUNK)
    return settled(np.maximum(drawn, 0))


def _swing(peak_hour: float) -> Values:
    """The hour's part by minute of the day: 0 at half past seven, highest at `peak_hour`."""
    hours = [minute / 60 for minute in range(24 * 60)]
    wave = np.array([cos(2 * pi * (hour - peak_hour) / 24) for hour in hours])
    return settled(wave - cos(2 * pi * (_LEVEL_HOUR - peak_hour) / 24)).astype(np.float32)
