"""Ground truth as a table: one row per episode of illness or decoy, whoever knows it.

Out: `KINDS` and `TRUTH`, the columns that everybody who judges rules reads. A simulator appends
columns of its own; a clinic that has looked back at its patients needs no more than these. Called
by the simulated cohort, which writes such tables, and by `alerting.backtest`, which reads them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.void]
"""An array of `TRUTH`, or of a type that has its columns and more."""

KINDS: Final = (
    "copd",
    "hf",
    "decoy_bad_day",
    "decoy_holiday_weight",
    "decoy_drug_course",
    "decoy_cold",
    "decoy_artefact",
    "decoy_slow_change",
    "decoy_device_swap",
    "decoy_oxygen_start",
    "decoy_wrong_person",
)
"""Exacerbation of COPD, decompensation of the heart, and what only looks like one."""
EPISODES: Final = ("copd", "hf")

COLUMNS: Final = (
    ("patient", np.int32),
    ("kind", "U20"),
    ("subtype", "U26"),
    ("t_prodrome", np.float64),
    ("t0", np.float64),
    ("t_peak", np.float64),
    ("t_index", np.float64),
    ("t_end", np.float64),
    ("severity", np.float32),
    ("admitted", np.bool_),
    ("reported", np.bool_),
)
"""patient        index of the patient
kind, subtype  see `KINDS`
t_prodrome     first change; t0 onset; t_peak worst; all t_ are local days since 1970-01-01
t_index        usual care treats or admits; NaN in decoys
t_end          over
severity       times the mean episode; 1 in decoys
admitted       in usual care, at t_index
reported       usual care came to know of it
"""

TRUTH: Final = np.dtype(list(COLUMNS))


def checked(rows: Rows) -> Rows:
    """The same rows; ValueError that names what is wrong with them.

    >>> row = np.zeros(1, TRUTH)
    >>> row["kind"] = "flu"
    >>> checked(row)
    Traceback (most recent call last):
    ValueError: kind 'flu' is none of copd, hf and the decoys
    """
    names = rows.dtype.names or ()
    for name, _ in COLUMNS:
        if name not in names:
            raise ValueError(f"a truth table has a column {name!r}")
    for kind in np.unique(rows["kind"]).tolist():
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of copd, hf and the decoys")
    episode = np.isin(rows["kind"], EPISODES)
    for name in ("t0", "t_end"):
        if not np.isfinite(rows[name]).all():
            raise ValueError(f"{name} is a day in every row")
    real = rows[episode]
    late = ~((real["t0"] <= real["t_index"]) & (real["t_index"] <= real["t_end"]))
    if late.any():
        raise ValueError(f"t0 <= t_index <= t_end in every episode, but not in {real[late][0]}")
    return rows
