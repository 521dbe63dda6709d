"""The signals that rules look at: one row per column of every (patients, signals) array.

In: plausible ranges from `devices.catalogue`. Out: `SIGNALS` and `signal_index`. A signal may
be fed by several metrics: a pulse is a pulse, whether the oximeter or the cuff counted it.
"""

from dataclasses import dataclass
from typing import Final, Literal

from devices.catalogue import metric


@dataclass(frozen=True, slots=True)
class Signal:
    """One column.

    `half_life_days` and `sd_floor` (in `unit`) belong to the personal baseline: no floor lies far
    below the day-to-day sd of a stable patient (SpO2 1 %, pulse 5 /min, PEF 10 L/min: Hurst 2010,
    BMC Pulm Med 10:52; FEV1 0.105 L: BMC Med Inform Decis Mak 2020; weight: Zhang 2009, Eur J
    Heart Fail 11:420; pressure: Warren 2010, BJGP 60:675); half-lives are a design choice.
    `family` names the organ system: an open episode in a family
    freezes the baselines of its signals. `worse` is the side of the usual on which the signal is
    the worse the farther away it lies: lower, or either.
    """

    alias: str
    metrics: tuple[str, ...]
    family: str
    unit: str
    half_life_days: float
    sd_floor: float
    worse: Literal["lower", "either"]
    name_da: str
    name_en: str

    @property
    def plausible(self) -> tuple[float, float]:
        """Lowest and highest value a living patient can have, inclusive, in `unit`."""
        ranges = [metric(alias).plausible for alias in self.metrics]
        return float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))


SIGNALS: Final = (
    Signal(
        "spo2", ("spo2",), "oxygenation", "%", 28.0, 0.9, "lower",
        "Iltmætning", "Oxygen saturation",
    ),
    Signal(
        "pulse", ("pulse_oximeter", "pulse_cuff"), "pulse", "/min", 28.0, 4.0, "either",
        "Puls", "Pulse",
    ),
    Signal("weight", ("weight",), "fluid", "kg", 14.0, 0.5, "either", "Vægt", "Weight"),
    Signal(
        "systolic", ("systolic",), "pressure", "mmHg", 28.0, 7.0, "either",
        "Systolisk blodtryk", "Systolic blood pressure",
    ),
    Signal(
        "diastolic", ("diastolic",), "pressure", "mmHg", 28.0, 5.0, "either",
        "Diastolisk blodtryk", "Diastolic blood pressure",
    ),
    Signal("fev1", ("fev1",), "flow", "L", 28.0, 0.085, "lower", "FEV1", "FEV1"),
    Signal("pef", ("pef",), "flow", "L/min", 28.0, 10.0, "lower", "Peakflow", "Peak flow"),
)  # fmt: skip

FAMILIES: Final = ("oxygenation", "pulse", "fluid", "pressure", "flow")
"""The families that own signals, in the order of State.frozen_since's columns."""

_INDEX: Final = {signal.alias: index for index, signal in enumerate(SIGNALS)}


def signal_index(alias: str) -> int:
    """The column of a signal.

    >>> signal_index("weight")
    2
    """
    return _INDEX[alias]
