"""A year of the report seeds, with what the face-validity tests ask of it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from devices.simulated.cohort import REPORT_SEEDS, SIGNALS, Block, Cohort
from devices.simulated.cohort.truth import of_kind

START = date(2026, 1, 1)
DAYS = 365
PATIENTS = 1024


def outside(block: Block) -> npt.NDArray[np.bool_]:
    """Days (patients, days) on which nothing happens: no episode, no decoy, no misuse."""
    calm = np.ones((block.patients, block.days), dtype=bool)
    rows = block.truth
    first = np.clip(np.floor(rows["t_prodrome"]) - block.start, 0, block.days).astype(int)
    last = np.clip(np.ceil(rows["t_end"]) - block.start + 1, 0, block.days).astype(int)
    patients = rows["patient"] - block.first
    for patient, begin, end in zip(patients.tolist(), first.tolist(), last.tolist(), strict=True):
        calm[patient, begin:end] = False
    return calm


def mean(values: npt.NDArray[np.float64], axis: int = -1) -> npt.NDArray[np.float64]:
    """Mean of what is known along one axis, which stays; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=axis, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class Year:
    """One report seed; `values` (patients, signals, days) without poor efforts."""

    block: Block
    values: npt.NDArray[np.float64]
    calm: npt.NDArray[np.bool_]

    def column(self, signal: str) -> npt.NDArray[np.float64]:
        return self.values[:, SIGNALS.index(signal)]

    def quiet(self, signal: str) -> npt.NDArray[np.float64]:
        return np.where(self.calm, self.column(signal), np.nan)

    def rows(self, kind: str) -> npt.NDArray[np.void]:
        """Rows that begin within the year."""
        rows = of_kind(self.block.truth, kind)
        since = rows["t0"] - self.block.start
        return np.asarray(rows[(since >= 0) & (since < DAYS)])


@pytest.fixture(scope="package")
def years() -> list[Year]:
    """Every device in every home, so that all signals can be looked at."""
    made = []
    for seed in REPORT_SEEDS:
        block = Cohort(seed, PATIENTS, DAYS, START, all_devices=True).block(0, PATIENTS)
        shown = np.where(block.doubtful, np.nan, block.values.astype(np.float64))
        made.append(Year(block, shown, outside(block)))
    return made
