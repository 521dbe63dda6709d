"""The truth table: one row per episode or decoy, with all that is needed to draw it again.

Out: `TRUTH`, and the pure functions of a row's course (`length_days`, `treated_earlier`,
`admission_chance`). Called by the modules of this folder that add rows, by `shapes` that draws
them, and by whoever scores rules or compares arms of care.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort.streams import settled
from devices.truth import COLUMNS, KINDS

Array = NDArray[np.float64]
Rows = NDArray[np.void]
"""An array of `TRUTH`."""

TRUTH = np.dtype(
    [
        *COLUMNS,
        ("amplitude", np.float32, (len(n.SIGNALS),)),
        ("delay_days", np.float64),
        ("length_days", np.float64),
        ("rise_days", np.float64),
        ("recovery_days", np.float64),
        ("bed_days", np.float64),
        ("u_admission", np.float64),
        ("u_contact", np.float64),
        ("item_from", np.float32, (len(n.ITEMS),)),
        ("item_until", np.float32, (len(n.ITEMS),)),
    ]
)
"""The columns of `devices.truth`, and what is needed to draw a row again. Where `reported` is false
nobody treats, and recovery begins by itself at t_index; t_end is where nine tenths of the change
are gone, in lasting decoys where baselines know it.

amplitude      largest change of each signal, signed, in its unit (FEV1 and PEF of this patient)
delay_days     t0 to t_index
length_days    symptoms, from t0, in usual care (L0)
rise_days      time constant (hf), or prodrome to peak
recovery_days  time constant after t_index; in decoys the days of the return, inf when none
bed_days       in hospital if admitted
u_admission    admitted where this is below `admission_chance`
u_contact      uniform, for whoever calls: is the patient reached?
item_from      days from t0 until each question of `ITEMS` is answered yes, NaN when never
item_until     and until it no longer is
"""


def empty(size: int, kind: str) -> Rows:
    """Rows of one kind with nothing in them yet: no times, no amplitudes, no symptoms."""
    rows = np.zeros(size, TRUTH)
    rows["kind"], rows["severity"] = kind, 1
    for name in ("t_index", "item_from", "item_until", "delay_days", "length_days", "bed_days"):
        rows[name] = np.nan
    rows["u_admission"] = rows["u_contact"] = np.nan
    return rows


def length_days(base_days: ArrayLike, delay_days: ArrayLike) -> Array:
    """How long an exacerbation is felt when treated after this delay.

    0.42 days longer for each day of delay (Wilkinson 2004), never below three (clinical 8).

    >>> length_days(9.15, 3.69).round(2).tolist(), length_days(2.0, 0.0).tolist()
    (10.7, 3.0)
    """
    delay = np.asarray(delay_days, dtype=np.float64)
    return np.maximum(n.LENGTH_FLOOR, np.asarray(base_days) + n.LENGTH_PER_DELAY * delay)


def treated_earlier(rows: Rows, earlier_days: ArrayLike) -> Array:
    """`length_days` of each row had it been treated so many days before `t_index`, shape (rows,).

    L = L0 - 0.42 x earlier days, at least three days (Wilkinson 2004; clinical 8). Days are cut to
    0 and to the delay there was. An episode shorter than three days to begin with stays as it is.
    """
    earlier = np.clip(np.asarray(earlier_days, dtype=np.float64), 0, rows["delay_days"])
    usual = rows["length_days"]
    shorter = np.maximum(n.LENGTH_FLOOR, usual - n.LENGTH_PER_DELAY * earlier)
    return np.asarray(np.minimum(usual, shorter))


def admission_chance(rows: Rows, delay_days: ArrayLike, per_day: float = 0.0) -> Array:
    """Probability of admission of each row if treated after `delay_days`, shape (rows,).

    logit p = a + 1.1 (s - 1) + `per_day` x (delay - usual delay): clinical 8. `per_day` is not
    established; 0 is the null scenario, and with the usual delay it changes nothing, so that
    `u_admission < admission_chance(rows, rows["delay_days"], c)` is `admitted` for every c.
    """
    a = np.where(rows["kind"] == "copd", n.COPD_ADMITTED_LOGIT, n.HF_ADMITTED_LOGIT)
    later = np.asarray(delay_days, dtype=np.float64) - rows["delay_days"]
    logit = a + n.ADMITTED_PER_SEVERITY * (rows["severity"] - 1) + per_day * later
    return settled(1 / (1 + np.exp(-logit)))


def in_world(rows: Rows, start: float, end: float) -> Rows:
    """The rows whose time overlaps the world, by patient and onset."""
    kept = rows[(rows["t_end"] >= start) & (rows["t_prodrome"] < end)]
    return kept[np.lexsort((kept["kind"], kept["t0"], kept["patient"]))]


def of_kind(rows: Rows, *kinds: str) -> Rows:
    """The rows of these kinds; ValueError for a kind that there is not."""
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    return rows[np.isin(rows["kind"], kinds)]


def field(rows: Rows, name: str) -> Any:
    """One column, typed as the caller knows it to be."""
    return rows[name]
