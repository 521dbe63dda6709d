"""Rows of the truth table drawn into values: how far each change has come on each day.

In: values (days, signals, patients), the moments of measuring, rows. Out: the values changed in
place. Called by `chunk`. Works on the days of each row alone, all rows at once: the days of the
rows of one kind lie one after the other in flat arrays.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.streams import settled

Array = NDArray[np.float64]
Values = NDArray[np.float32]

_FLOWS = (n.FEV1, n.PEF)
_FADED = 4.6
"""Time constants after which a hundredth is left."""


class Course(NamedTuple):
    """One kind of rows: from when to when it is drawn, and how far each signal has come.

    `begin` and `end` take rows and give days; `shares(rows, t)` gives the share of the amplitude
    at `t`, one array for each group of signals that goes together.
    """

    begin: Callable[[truth.Rows], Array]
    end: Callable[[truth.Rows], Array]
    shares: Callable[[truth.Rows, Array], dict[tuple[int, ...], Array]]


def _copd(rows: truth.Rows, t: Array) -> dict[tuple[int, ...], Array]:
    """Squared rise from the prodrome to 2.5 days after onset, held until treatment, exponential
    recovery. Lung function does not change before onset (Seemungal 2000)."""
    since = np.minimum(t, rows["t_index"])
    decay = np.exp(-np.maximum(t - rows["t_index"], 0) / rows["recovery_days"])
    wide = np.clip((since - rows["t_prodrome"]) / rows["rise_days"], 0, 1)
    narrow = np.clip((since - rows["t0"]) / n.COPD_PEAK_DAYS, 0, 1)
    return {(n.SPO2, n.PULSE): wide**2 * decay, _FLOWS: narrow**2 * decay}


def _hf(rows: truth.Rows, t: Array) -> dict[tuple[int, ...], Array]:
    """Exponential rise to the index day, then exponential decay; the weight of congestive
    episodes goes 0.3 kg below what it was, and comes back in a month."""
    before = np.minimum(t - rows["t_index"], 0)
    after = np.maximum(t - rows["t_index"], 0)
    decay = np.exp(-after / rows["recovery_days"])
    gain = rows["amplitude"][:, n.WEIGHT]
    congestive = np.char.startswith(rows["subtype"], "congestive")
    below = np.where(congestive, n.HF_OVERSHOOT / np.maximum(gain, 0.1), 0.0)
    weight = np.exp(before / rows["rise_days"]) * (
        (1 + below) * decay - below * np.exp(-after / n.HF_OVERSHOOT_DAYS)
    )
    other = np.exp(before / n.HF_OTHER_RISE) * decay
    return {(n.WEIGHT,): weight, (n.SPO2, n.PULSE, n.SYSTOLIC, n.DIASTOLIC, *_FLOWS): other}


def _trapezoid(rows: truth.Rows, t: Array) -> dict[tuple[int, ...], Array]:
    """Up in a line, held, down in a line or not at all."""
    up = np.clip((t - rows["t0"]) / np.maximum(rows["rise_days"], 1e-6), 0, 1)
    left = (rows["t_end"] - t) / np.maximum(rows["recovery_days"], 1e-6)
    down = np.where(np.isinf(rows["recovery_days"]), 1.0, np.clip(left, 0, 1))
    return {tuple(range(len(n.SIGNALS))): up * down}


def _decoy_end(rows: truth.Rows) -> Array:
    return np.where(np.isinf(rows["recovery_days"]), np.inf, rows["t_end"])


COURSES = {
    "copd": Course(
        lambda rows: truth.field(rows, "t_prodrome"),
        lambda rows: np.asarray(rows["t_index"] + _FADED * rows["recovery_days"]),
        _copd,
    ),
    "hf": Course(
        lambda rows: truth.field(rows, "t_prodrome"),
        lambda rows: np.asarray(rows["t_index"] + _FADED * n.HF_OVERSHOOT_DAYS / 2),
        _hf,
    ),
    "decoy": Course(lambda rows: truth.field(rows, "t0"), _decoy_end, _trapezoid),
}


def draw(values: Values, t: Array, start: int, rows: truth.Rows, course: Course) -> None:
    """Add the changes of `rows`, all of one course, to `values` (days, signals, patients).

    `t` is the moment of measuring, (days, patients), in local days; `start` the first day.
    `patient` in the rows counts within `values`.
    """
    assert values.flags.c_contiguous, "a copy would be changed instead"
    if not len(rows):
        return
    days, width, patients = values.shape
    first = np.clip(np.floor(course.begin(rows)) - start, 0, days).astype(np.int64)
    last = np.clip(np.ceil(course.end(rows)) - start + 1, first, days).astype(np.int64)
    of_row = np.repeat(np.arange(len(rows)), last - first)
    begun = np.cumsum(last - first) - (last - first)
    day = np.arange(len(of_row)) - begun[of_row] + first[of_row]
    flat = rows[["t0", *_NEEDED]][of_row]
    patient = rows["patient"][of_row]
    for signals, share in course.shares(flat, t[day, patient]).items():
        for signal in signals:
            amount = (settled(share) * flat["amplitude"][:, signal]).astype(np.float32)
            if amount.any():
                place = (day * width + signal) * patients + patient
                np.add.at(values.reshape(-1), place, amount)


_NEEDED = (
    "t_prodrome",
    "t_index",
    "t_end",
    "rise_days",
    "recovery_days",
    "amplitude",
    "subtype",
)
