"""What the devices make of it: constant error, noise, misuse, the resolution of the display.

In: values (days, signals, patients) with everything that happened in them. Out: the same array as
shown, which of it is of doubtful quality, and rows of `truth.TRUTH` for misuse. Called by `chunk`.
Clinical 3.1: most of an oximeter's or a cuff's error is constant for one device on one person, so
that it cancels against a personal baseline and not against an absolute limit.
"""

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.latent import correlated
from devices.simulated.cohort.people import People
from devices.simulated.cohort.streams import Purpose, settled, stream

Array = NDArray[np.float64]
Values = NDArray[np.float32]
Bools = NDArray[np.bool_]

_NOISE_SD = np.array([row.noise_sd for row in n.ROWS], dtype=np.float32)[:, None]
_PULSE_PRESSURE_MIN = 15
"""mmHg; no cuff shows less (C)."""


def measure(
    seed: int, chunk: int, who: People, values: Values, t: Array
) -> tuple[Bools, truth.Rows]:
    """Turn `values` in place into what is shown, NaN where the home has no such device.

    Returns which flows come from a poor effort (quality D to F), shape (days, patients), and one
    row per misuse (`decoy_artefact`, `decoy_wrong_person`) with the moment `t` of its sitting.
    """
    rng = stream(seed, Purpose.NOISE, chunk)
    noise = rng.standard_normal(values.shape, dtype=np.float32)
    correlated(noise)
    noise *= _NOISE_SD
    noise[:, n.PULSE] *= np.where(who.atrial_fibrillation, n.AF_PULSE_NOISE, 1.0).astype(np.float32)
    values += noise
    values += who.bias.T.astype(np.float32)
    poor, rows = _misuse(rng, who, values, t)
    for signal, row in enumerate(n.ROWS):
        column = values[:, signal]
        np.clip(column, row.low, row.high, out=column)
        per_unit = np.float32(round(1 / row.step))
        column *= per_unit
        np.rint(column, out=column)
        column /= per_unit
    low, high = values[:, n.DIASTOLIC], values[:, n.SYSTOLIC]
    np.minimum(low, high - _PULSE_PRESSURE_MIN, out=low)
    values[:, ~who.has.T] = np.nan
    return poor & who.has[:, n.FEV1], rows


def _misuse(
    rng: np.random.Generator, who: People, values: Values, t: Array
) -> tuple[Bools, truth.Rows]:
    """Cold fingers, wrong arms, other people on the scale, poor efforts; whether or not a home has
    the device, the numbers are drawn, so that devices move nothing else."""
    made = []

    def strike(name: str, kind: str, share: float, signals: tuple[int, ...]) -> None:
        struck = (rng.random(t.shape, dtype=np.float32) < share) & who.has[:, signals[0]]
        day, patient = np.nonzero(struck)
        size = len(day)
        sign, part = np.where(rng.random(size) < 0.5, 1.0, -1.0), rng.random(size)
        change = {
            "cold-finger": -_between(part, n.COLD_FINGER_LOW, n.COLD_FINGER_HIGH),
            "wrong-cuff": sign * n.WRONG_CUFF_MMHG,
            "wrong-person": sign * _between(part, n.WRONG_PERSON_LOW, n.WRONG_PERSON_HIGH),
        }[name]
        rows = truth.empty(size, kind)
        rows["subtype"], rows["patient"] = name, patient
        rows["t_prodrome"] = rows["t0"] = rows["t_peak"] = t[day, patient]
        rows["t_end"] = rows["t0"] + 1
        for signal in signals:
            values[day, signal, patient] += change.astype(np.float32)
            rows["amplitude"][:, signal] = settled(change)
        made.append(rows)

    strike("cold-finger", "decoy_artefact", n.COLD_FINGER, (n.SPO2,))
    strike("wrong-cuff", "decoy_artefact", n.WRONG_CUFF, (n.SYSTOLIC, n.DIASTOLIC))
    strike("wrong-person", "decoy_wrong_person", n.WRONG_PERSON, (n.WEIGHT,))
    poor = rng.random(t.shape, dtype=np.float32) < n.POOR_EFFORT
    day, patient = np.nonzero(poor)
    effort = _between(rng.random(len(day)), n.POOR_EFFORT_LOW, n.POOR_EFFORT_HIGH)
    for signal in (n.FEV1, n.PEF):
        values[day, signal, patient] *= effort.astype(np.float32)
    return poor, np.concatenate(made)


def _between(part: Array, low: float, high: float) -> Array:
    """From `low` to `high`, by uniform numbers."""
    return settled(low + (high - low) * part)
