"""The simple rules that others use, to be compared with in the same run.

In: one signal per patient and day, NaN where it was not measured. Out: hits, and alerts after the
same refractory period as the rulebook's. Called by the command `score`. All are (patients, days)
arrays, one value a day.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from alerting.backtest.alerts import Alerts, alerts_of
from alerting.rules.arrays import Bools, Floats
from alerting.rules.primitives import absorb, decay

REFRACTORY_DAYS: Final = 7.0
"""Of a yellow alert (P6)."""
LB: Final = 0.45359237
"""kg."""


@dataclass(frozen=True, slots=True)
class RuleOfThumb:
    """A rule of one signal. `published` is what others found with it; `thresholds` are other ones
    than its own, in the same unit, for a curve."""

    name: str
    signal: str
    condition: str
    """copd or heart-failure: whom it is for."""
    hits_at: Callable[[Floats, float], Bools]
    threshold: float
    thresholds: tuple[float, ...]
    name_da: str
    name_en: str
    source: str
    published: Mapping[str, float]

    def hits(self, value: Floats) -> Bools:
        """Which readings (patients, days) meet the rule as it is used."""
        return self.hits_at(value, self.threshold)


def below(value: Floats, limit: float) -> Bools:
    """Readings under a limit.

    >>> below(np.array([[90.0, 89.0, np.nan]]), 90.0).tolist()
    [[False, True, False]]
    """
    found: Bools = value < limit  # NaN compares false
    return found


def gained(weight_kg: Floats, within_days: int, kg: float, *, inclusive: bool) -> Bools:
    """Readings that exceed (or reach) the lowest of the earlier days within a window by `kg` (P11).

    Compared in units of 100 g, what a scale shows, so that 2.0 kg is 2.0 kg.

    >>> weight = np.array([[80.0, 80.2, 79.9, 80.1, 80.0, 80.4, 80.9, 81.5, 82.2]])
    >>> np.flatnonzero(gained(weight, 7, 2.3, inclusive=True)).tolist()
    [8]
    >>> gained(np.array([[80.3, 82.3]]), 3, 2.0, inclusive=False).any()
    np.False_
    """
    hectograms = np.rint(weight_kg * 10)
    hit: Bools = np.zeros(weight_kg.shape, dtype=np.bool_)
    for back in range(1, within_days + 1):
        gain = hectograms[:, back:] - hectograms[:, :-back]
        hit[:, back:] |= gain >= kg * 10 - 1e-9 if inclusive else gain > kg * 10 + 1e-9
    return hit


def macd(value: Floats, short_days: float, long_days: float) -> Floats:
    """Exponentially weighted mean of short half-life less that of a long one (P10), NaN where not
    measured.

    >>> weight = np.array([[80, 80.2, 79.9, 80.1, 80, 80.4, 80.9, 81.5, 82.2]])
    >>> macd(weight, 2, 14).round(6)[0, -2:].tolist()
    [0.315935, 0.524737]
    """
    patients, days = value.shape
    means = []
    for half_life in (short_days, long_days):
        weight, mean, spread = (np.zeros(patients) for _ in range(3))
        kept = decay(np.array(1.0), np.array(half_life))
        followed = np.full(value.shape, np.nan)
        for day in range(days):
            there = np.isfinite(value[:, day])
            fresh = absorb(weight, mean, spread, np.where(there, value[:, day], mean), kept)
            weight = np.where(there, fresh[0], kept * weight)
            mean = np.where(there, fresh[1], mean)
            followed[there, day] = mean[there]
        means.append(followed)
    difference: Floats = means[0] - means[1]
    return difference


def with_refractory(hits: Bools, t: Floats, days: float = REFRACTORY_DAYS) -> Alerts:
    """Yellow alerts of hits (patients, days) at t (patients, days), at most one in `days` (P6).

    >>> hits = np.isin(np.arange(11), [0, 3, 6, 7, 10])[None, :]
    >>> with_refractory(hits, np.arange(11.0)[None, :])["t"].tolist()
    [0.0, 7.0]
    """
    last = np.full(len(hits), -np.inf)
    fires = np.zeros(hits.shape, dtype=np.bool_)
    for day in range(hits.shape[1]):
        now = hits[:, day] & (t[:, day] - last >= days)
        fires[:, day] = now
        last = np.where(now, t[:, day], last)
    who, when = np.nonzero(fires)
    return alerts_of(who, t[who, when])


RULES_OF_THUMB: Final = (
    RuleOfThumb(
        name="spo2_below_90",
        signal="spo2",
        condition="copd",
        hits_at=below,
        threshold=90.0,
        thresholds=(84.0, 86.0, 88.0, 89.0, 91.0, 92.0, 93.0),
        name_da="Iltmætning under 90 %",
        name_en="SpO2 below 90 %",
        source="Cooper 2020, IJCOPD 15:2005",
        published={},
    ),
    RuleOfThumb(
        name="weight_2kg_3d",
        signal="weight",
        condition="heart-failure",
        hits_at=lambda value, kg: gained(value, 3, kg, inclusive=False),
        threshold=2.0,
        thresholds=(1.0, 1.2, 1.5, 2.5, 3.0),
        name_da="Vægt op mere end 2 kg på 3 dage",
        name_en="Weight up by more than 2 kg in 3 days",
        source="ESC, WISH (Lyngå 2012); Ledwidge 2013: sensitivity 21 %",
        published={"sensitivity": 0.21},
    ),
    RuleOfThumb(
        name="weight_3lb_1d_5lb_3d",
        signal="weight",
        condition="heart-failure",
        hits_at=lambda value, kg: (
            gained(value, 1, kg, inclusive=True) | gained(value, 3, kg * 5 / 3, inclusive=True)
        ),
        threshold=3 * LB,
        thresholds=(0.8, 1.0, 1.2, 1.8, 2.4),
        name_da="Vægt op 1,36 kg/1 dag eller 2,27 kg/3 dage",
        name_en="Weight up by 3 lb in 1 day or 5 lb in 3 days",
        source="FAST (Abraham 2011): sensitivity 22.5 %, 4.3 unexplained a patient-year",
        published={"sensitivity": 0.225, "false_per_patient_week": 0.082},
    ),
    RuleOfThumb(
        name="macd",
        signal="weight",
        condition="heart-failure",
        hits_at=lambda value, kg: macd(value, 2, 14) >= kg,
        threshold=0.9,
        thresholds=(0.5, 0.7, 1.1, 1.4, 1.8),
        name_da="Vægtens glidende gennemsnit (MACD)",
        name_en="Moving averages of weight (MACD)",
        source="Cuba-Gyllensten 2016: sensitivity 33 %; Zhang 2009: 20 %",
        published={"sensitivity": 0.33},
    ),
)
"""SpO2 at 90 has no published sensitivity per episode: agreement with exacerbation was moderate."""
