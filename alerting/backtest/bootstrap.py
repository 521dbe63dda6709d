"""Intervals by resampling patients, not episodes: what one patient does hangs together.

In: counts per patient, values that belong to patients. Out: percentile intervals. Used by
`figures` and `benefits`. All draws of a chunk are one matrix product.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Floats, Ints

LEVEL = 95.0
"""Per cent of an interval."""
_CELLS = 8_000_000
"""Weights held at a time: 32 MB."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """`draws` samples of `patients` patients with replacement; the same for the same seed."""

    patients: int
    draws: int = 1000
    seed: int = 0

    def weights(self) -> Iterator[npt.NDArray[np.float32]]:
        """How often each patient is in each sample, (some draws, patients), until all are given."""
        rng = np.random.default_rng(self.seed)
        size = max(1, min(self.draws, _CELLS // max(self.patients, 1)))
        for begin in range(0, self.draws, size):
            count = min(size, self.draws - begin)
            chosen = rng.integers(self.patients, size=(count, self.patients))
            chosen += np.arange(count)[:, None] * self.patients
            flat = np.bincount(chosen.ravel(), minlength=count * self.patients)
            yield flat.reshape(count, self.patients).astype(np.float32)

    def sums(self, counts: Floats) -> Floats:
        """The column sums of counts (patients, k) in every sample, (draws, k)."""
        exact = np.asarray(counts, dtype=np.float64)
        return np.concatenate([weights @ exact for weights in self.weights()])

    def medians(self, patient: Ints, value: Floats) -> Floats:
        """The median in every sample of values (n,) that belong to patients (n,), (draws,).

        The lower of the two middle ones where there are two; NaN where a sample has none.
        """
        if not len(value):
            return np.full(self.draws, np.nan)
        order = np.argsort(value, kind="stable")
        rising, who = value[order], patient[order]
        found = []
        for weights in self.weights():
            upto = np.cumsum(weights[:, who], axis=1)
            half = upto[:, -1:] / 2
            place = np.argmax(upto >= half, axis=1)
            found.append(np.where(upto[:, -1] > 0, rising[place], np.nan))
        return np.concatenate(found)


def interval(samples: Floats) -> list[float] | None:
    """The 95 % percentile interval of finite samples; None when there is none.

    >>> interval(np.arange(101.0))
    [2.5, 97.5]
    """
    finite = samples[np.isfinite(samples)]
    if not len(finite):
        return None
    edge = (100 - LEVEL) / 2
    low, high = np.percentile(finite, [edge, 100 - edge])
    return [float(low), float(high)]


def ratio(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN where there is nothing below.

    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    below = np.asarray(below, dtype=np.float64)
    return np.asarray(above) / np.where(below > 0, below, np.nan)
