"""What is known about each patient before a reading comes: diseases, limits, plan, treatment.

In: what the clinic has decided. Out: `Profile`, read by `step` and `clock`, never written by
them. Limits are personal: a standard set is copied at enrolment (`default_limits`,
`default_relative_limits`) and edited from there, so no rule carries a limit of its own.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Rows
from alerting.rules.signals import SIGNALS


@dataclass(slots=True)
class Profile:
    """One row per patient. S is the number of signals.

    low_red, low_yellow, high_yellow, high_red
        (P, S) float64 in the signal's unit, NaN = not set: the Danish RAL and GAL. A value at
        a limit has reached it; red beats yellow.
    rel_low_red, rel_low_yellow, rel_high_yellow, rel_high_red
        (P, S) float64, NaN = not set: RELRAL and RELGAL, the change from the personal base that
        counts, in the signal's unit, stored as positive sizes in either direction.
    base
        (P, S) float64: the base value that the clinic has decided (a Goal), NaN = the learnt
        baseline is used.
    dry_weight_kg
        (P,) float64, NaN = none decided (the personal base is used).
    copd, heart_failure
        (P,) bool: the diseases. With neither set, the rules of both apply.
    on_oxygen, scale2
        (P,) bool: breathes supplementary oxygen at home; the doctor has prescribed a target of
        88-92 % because of hypercapnic risk (NEWS2 scale 2).
    treated
        (P,) bool: a course of prednisolone or antibiotics is running; symptoms are then expected
        and the symptom rules follow up instead of raising.
    diuretic_changed_t
        (P,) float64: local days at which a diuretic was last changed, NaN = never.
    symptoms_asked
        (P,) bool: the plan asks the symptom questions.
    expected
        (P, S) bool: the signals that the monitoring plan asks for.
    plan_weekdays
        (P,) uint8: bit i set = due on weekday i, Monday = 0.
    due_hour
        (P,) float64: local hour of the due time, 0 to 24.
    start_day
        (P,) int64: first local day of monitoring.
    paused
        (P,) bool: admitted or away; nothing is then missing and no baseline moves.
    """

    low_red: npt.NDArray[np.float64]
    low_yellow: npt.NDArray[np.float64]
    high_yellow: npt.NDArray[np.float64]
    high_red: npt.NDArray[np.float64]
    rel_low_red: npt.NDArray[np.float64]
    rel_low_yellow: npt.NDArray[np.float64]
    rel_high_yellow: npt.NDArray[np.float64]
    rel_high_red: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64]
    dry_weight_kg: npt.NDArray[np.float64]
    copd: npt.NDArray[np.bool_]
    heart_failure: npt.NDArray[np.bool_]
    on_oxygen: npt.NDArray[np.bool_]
    scale2: npt.NDArray[np.bool_]
    treated: npt.NDArray[np.bool_]
    diuretic_changed_t: npt.NDArray[np.float64]
    symptoms_asked: npt.NDArray[np.bool_]
    expected: npt.NDArray[np.bool_]
    plan_weekdays: npt.NDArray[np.uint8]
    due_hour: npt.NDArray[np.float64]
    start_day: npt.NDArray[np.int64]
    paused: npt.NDArray[np.bool_]

    @classmethod
    def default(cls, patients: int) -> "Profile":
        """Nothing decided yet: no limits, no plan. Every rule that needs them is INSUFFICIENT.

        Columns lie one after the other in memory, so that a block of patients is contiguous.

        >>> Profile.default(3).low_red.shape
        (3, 7)
        """

        def unset() -> npt.NDArray[np.float64]:
            return np.full((patients, len(SIGNALS)), np.nan, order="F")

        def no() -> npt.NDArray[np.bool_]:
            return np.zeros(patients, dtype=np.bool_)

        return cls(
            low_red=unset(),
            low_yellow=unset(),
            high_yellow=unset(),
            high_red=unset(),
            rel_low_red=unset(),
            rel_low_yellow=unset(),
            rel_high_yellow=unset(),
            rel_high_red=unset(),
            base=unset(),
            dry_weight_kg=np.full(patients, np.nan),
            copd=no(),
            heart_failure=no(),
            on_oxygen=no(),
            scale2=no(),
            treated=no(),
            diuretic_changed_t=np.full(patients, np.nan),
            symptoms_asked=no(),
            expected=np.zeros((patients, len(SIGNALS)), dtype=np.bool_, order="F"),
            plan_weekdays=np.zeros(patients, dtype=np.uint8),
            due_hour=np.full(patients, 12.0),
            start_day=np.zeros(patients, dtype=np.int64),
            paused=no(),
        )

    @property
    def patients(self) -> int:
        """The number of rows."""
        return len(self.dry_weight_kg)

    @property
    def lung(self) -> Bools:
        """(P,) bool: the rules of COPD apply: COPD, or nobody has said which disease it is."""
        return self.copd | ~self.heart_failure

    @property
    def heart(self) -> Bools:
        """(P,) bool: the rules of heart failure apply, by the same reasoning."""
        return self.heart_failure | ~self.copd

    def grow(self, patients: int) -> None:
        """Append undecided rows up to `patients` (in place; copies, so grow in big steps)."""
        if patients <= self.patients:
            return
        new = Profile.default(patients - self.patients)
        for name in _NAMES:
            both = [getattr(self, name).T, getattr(new, name).T]
            setattr(self, name, np.concatenate(both, axis=-1).T)

    def take(self, rows: Rows) -> "Profile":
        """The chosen rows: views for a slice, copies for indices."""
        chosen: dict[str, Any] = {name: getattr(self, name).T[..., rows].T for name in _NAMES}
        return Profile(**chosen)


_NAMES = tuple(field.name for field in fields(Profile))
