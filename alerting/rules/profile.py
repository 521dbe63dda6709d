"""What is known about each patient before a reading comes: limits, plan, dry weight.

In: what the clinic has decided. Out: `Profile`, read by `step` and `clock`, never written by
them. Limits are personal: a standard set is copied at enrolment (`default_limits`) and edited
from there, so no rule carries a limit of its own.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Rows
from alerting.rules.signals import SIGNALS


@dataclass(slots=True)
class Profile:
    """One row per patient. S is the number of signals.

    low_red, low_yellow, high_yellow, high_red
        (P, S) float64 in the signal's unit, NaN = not set: the Danish RAL and GAL. A value at
        a limit has reached it; red beats yellow.
    dry_weight_kg
        (P,) float64, NaN = none decided (the personal baseline is used).
    expected
        (P, S) bool: the signals that the monitoring plan asks for.
    plan_weekdays
        (P,) uint8: bit i set = due on weekday i, Monday = 0.
    due_hour
        (P,) float64: local hour of the due time, 0 to 24.
    start_day
        (P,) int64: first local day of monitoring.
    paused
        (P,) bool: admitted or away; nothing is then missing.
    """

    low_red: npt.NDArray[np.float64]
    low_yellow: npt.NDArray[np.float64]
    high_yellow: npt.NDArray[np.float64]
    high_red: npt.NDArray[np.float64]
    dry_weight_kg: npt.NDArray[np.float64]
    expected: npt.NDArray[np.bool_]
    plan_weekdays: npt.NDArray[np.uint8]
    due_hour: npt.NDArray[np.float64]
    start_day: npt.NDArray[np.int64]
    paused: npt.NDArray[np.bool_]

    @classmethod
    def default(cls, patients: int) -> "Profile":
        """Nothing decided yet: no limits, no plan. Every rule that needs them is INSUFFICIENT.

        >>> Profile.default(3).low_red.shape
        (3, 6)
        """
        matrix = (patients, len(SIGNALS))
        return cls(
            low_red=np.full(matrix, np.nan),
            low_yellow=np.full(matrix, np.nan),
            high_yellow=np.full(matrix, np.nan),
            high_red=np.full(matrix, np.nan),
            dry_weight_kg=np.full(patients, np.nan),
            expected=np.zeros(matrix, dtype=np.bool_),
            plan_weekdays=np.zeros(patients, dtype=np.uint8),
            due_hour=np.full(patients, 12.0),
            start_day=np.zeros(patients, dtype=np.int64),
            paused=np.zeros(patients, dtype=np.bool_),
        )

    @property
    def patients(self) -> int:
        """The number of rows."""
        return len(self.dry_weight_kg)

    def grow(self, patients: int) -> None:
        """Append undecided rows up to `patients` (in place; copies, so grow in big steps)."""
        if patients <= self.patients:
            return
        new = Profile.default(patients - self.patients)
        for name in _NAMES:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(new, name)]))

    def take(self, rows: Rows) -> "Profile":
        """The chosen rows: views for a slice, copies for indices."""
        chosen: dict[str, Any] = {name: getattr(self, name)[rows] for name in _NAMES}
        return Profile(**chosen)


_NAMES = tuple(field.name for field in fields(Profile))
