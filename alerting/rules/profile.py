"""What is known about each patient before a reading comes: limits, plan, dry weight.

In: what the clinic has decided. Out: `Profile`, read by `step` and `clock`, never written by
them. Absolute limits are personal: a standard set is copied at enrolment (`default_limits`) and
edited from there, so no rule carries one of its own. Relative limits may be personal; where they
are not, the rule's own number holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar, TypeVarTuple

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Rows, is_all
from alerting.rules.signals import SIGNALS

SIDES: Final = ("low_red", "low_yellow", "high_yellow", "high_red")
PERSONAL: Final = (*SIDES, *(f"rel_{side}" for side in SIDES), "base")
"""The fields that hold one number per signal."""
Result = TypeVar("Result")
Given = TypeVarTuple("Given")
_FLAGS: Final = (
    "paused",
    "copd",
    "heart_failure",
    "on_oxygen",
    "scale2",
    "symptoms_asked",
    "treated",
)


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
    rel_low_red, rel_low_yellow, rel_high_yellow, rel_high_red
        (P, S) float64, the change from the base that counts (RELRAL and RELGAL), positive, in the
        signal's unit; NaN = the rulebook's own number.
    base
        (P, S) float64: the base value that the clinic has decided; NaN = what is usual (P2).
    copd, heart_failure
        (P,) bool: what is followed; both, one, or (nobody has said) neither.
    on_oxygen, scale2
        (P,) bool: oxygen at home; target 88-92 % because of hypercapnic risk (NEWS2 scale 2).
    symptoms_asked
        (P,) bool: the plan asks for answers about symptoms.
    treated
        (P,) bool: a course of prednisolone or antibiotics is running.
    diuretic_changed_t
        (P,) float64: local days of the last change of diuretic, NaN = none known.
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
    rel_low_red: npt.NDArray[np.float64]
    rel_low_yellow: npt.NDArray[np.float64]
    rel_high_yellow: npt.NDArray[np.float64]
    rel_high_red: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64]
    copd: npt.NDArray[np.bool_]
    heart_failure: npt.NDArray[np.bool_]
    on_oxygen: npt.NDArray[np.bool_]
    scale2: npt.NDArray[np.bool_]
    symptoms_asked: npt.NDArray[np.bool_]
    treated: npt.NDArray[np.bool_]
    diuretic_changed_t: npt.NDArray[np.float64]

    @classmethod
    def default(cls, patients: int) -> "Profile":
        """Nothing decided yet: no limits, no plan. Every rule that needs them is INSUFFICIENT.

        >>> Profile.default(3).low_red.shape
        (3, 7)
        """
        matrix = (patients, len(SIGNALS))
        personal: dict[str, Any] = {name: np.full(matrix, np.nan, order="F") for name in PERSONAL}
        flags: dict[str, Any] = {name: np.zeros(patients, dtype=np.bool_) for name in _FLAGS}
        return cls(
            **personal,
            **flags,
            dry_weight_kg=np.full(patients, np.nan),
            diuretic_changed_t=np.full(patients, np.nan),
            expected=np.zeros(matrix, dtype=np.bool_, order="F"),
            plan_weekdays=np.zeros(patients, dtype=np.uint8),
            due_hour=np.full(patients, 12.0),
            start_day=np.zeros(patients, dtype=np.int64),
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
            joined = np.concatenate([getattr(self, name), getattr(new, name)])
            setattr(self, name, np.asfortranarray(joined))

    def take(self, rows: Rows) -> "Profile":
        """A copy of the chosen rows."""
        return Profile(**self._rows(np.arange(self.patients)[rows]))

    def known(self, rows: Rows) -> "Known":
        """The chosen rows for as long as a step takes: the same arrays for all, else copies."""
        return Known(**self._rows(rows))

    def settled(self) -> "Known":
        """A copy that cannot be changed: what follows from it is worked out once for many steps."""
        known = self.known(np.arange(self.patients))
        for name in _NAMES:
            getattr(known, name).flags.writeable = False
        return known

    def _rows(self, rows: Rows) -> dict[str, npt.NDArray[Any]]:
        arrays = {name: getattr(self, name) for name in _NAMES}
        if is_all(rows):
            return arrays
        return {name: np.asfortranarray(array[rows]) for name, array in arrays.items()}


@dataclass(slots=True)
class Known(Profile):
    """Rows that nobody changes while they are held, and what follows from them alone."""

    _worked_out: dict[tuple[Any, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def known(self, rows: Rows) -> "Known":
        """The chosen rows: itself for all, else copies."""
        return self if is_all(rows) else Known(**self._rows(rows))

    def once(self, work: Callable[["Known", *Given], Result], *given: *Given) -> Result:
        """`work(self, *given)`, worked out when it is first asked for. Nobody changes what comes.

        >>> known = Profile.default(2).settled()
        >>> known.once(lambda profile: profile.due_hour / 24.0).tolist()
        [0.5, 0.5]
        """
        key = (work, *given)
        if key not in self._worked_out:
            self._worked_out[key] = work(self, *given)
        result: Result = self._worked_out[key]
        return result


_NAMES = tuple(field.name for field in fields(Profile))
