"""Everything the rules remember about a patient, as arrays with one row per patient.

`State` is written by `step` and `clock` only. It can be thrown away and rebuilt from the
stored readings at any time: it holds no truth of its own.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Floats, Ints, Rows
from alerting.rules.colour import Colour
from alerting.rules.rule import HYPOTHESES
from alerting.rules.rulebook import RULES
from alerting.rules.signals import EVIDENCE_FAMILIES, FAMILIES, SIGNALS

SLOTS: Final = 8
"""Days that a ring can hold; slot = day mod 8. One more than the seven days a reading waits."""
NEVER: Final = -(1 << 30)
"""A day before all days."""

_S, _R, _F = len(SIGNALS), len(RULES), len(FAMILIES)
_E, _H = len(EVIDENCE_FAMILIES), len(HYPOTHESES)


@dataclass(frozen=True, slots=True)
class _Field:
    """One array: its shape after the patient axis, its type (None = the state's own), its start."""

    shape: tuple[int, ...]
    dtype: type[np.generic] | None
    start: float


_FIELDS: Final = {
    "weight": _Field((_S,), None, 0.0),
    "mean": _Field((_S,), None, 0.0),
    "spread": _Field((_S,), None, 0.0),
    "absorbed_day": _Field((_S,), np.int32, 0),
    "pending": _Field((_S, SLOTS), None, 0.0),
    "oldest_day": _Field((_S,), np.int32, 0),
    "occupied": _Field((_S,), np.uint8, 0),
    "frozen_since": _Field((_F,), np.float64, np.nan),
    "suspect": _Field((_S,), np.float64, np.nan),
    "accepted_grams": _Field((), np.int32, 0),
    "past_grams": _Field((SLOTS,), np.int32, 0),
    "past_days": _Field((SLOTS,), np.int32, NEVER),
    "contact_day": _Field((_S,), np.int32, NEVER),
    "seen_until": _Field((), np.float64, -np.inf),
    "status": _Field((_R,), np.int8, Colour.INSUFFICIENT),
    "clears": _Field((_R,), np.uint8, 0),
    "hits_yellow": _Field((_R,), np.uint8, 0),
    "hits_red": _Field((_R,), np.uint8, 0),
    "judged": _Field((_R,), np.float64, -np.inf),
    "onset": _Field((_R,), np.float64, np.nan),
    "fired": _Field((_E,), None, -np.inf),
    "composed": _Field((_H,), np.int8, Colour.INSUFFICIENT),
    "notified": _Field((_H,), None, -np.inf),
    "notified_colour": _Field((_H,), np.int8, Colour.INSUFFICIENT),
    "notified_depth": _Field((_H,), None, 0.0),
}


class State:
    """What the rules remember. P patients, S signals, R rules, F families, E families of
    evidence, H hypotheses.

    Baseline (P2), unit of the signal:
        weight, mean, spread, absorbed_day (P, S): the weighted moments and the day they were
        last fed; pending (P, S, 8) the readings that wait for seven days, with the oldest_day
        waiting and a bit per slot in occupied (P, S); frozen_since (P, F) days, NaN = not.
    Quality:
        suspect (P, S) the last reading, if it was refused; accepted_grams (P,) the last
        accepted weight in grams, 0 = none.
    Weight:
        past_grams, past_days (P, 8): the lowest weight of each recent day.
    Contact:
        contact_day (P, S) day of the last reading of any quality; seen_until (P,) latest time.
    Episodes, all (P, R):
        status the colour; clears in a row; hits_yellow, hits_red registers (P4); judged the
        time a rule last ran; onset the time it reached its colour, NaN unless it is raised.
    Composition:
        fired (P, E) when a rule of the family last fired; composed (P, H) the colour;
        notified, notified_colour, notified_depth (P, H) when attention was last asked for, at
        which colour, and how many sd off the worst signal then was.
    """

    weight: Floats
    mean: Floats
    spread: Floats
    absorbed_day: Ints
    pending: Floats
    oldest_day: Ints
    occupied: Ints
    frozen_since: Floats
    suspect: Floats
    accepted_grams: Ints
    past_grams: Ints
    past_days: Ints
    contact_day: Ints
    seen_until: Floats
    status: npt.NDArray[np.int8]
    clears: Ints
    hits_yellow: Ints
    hits_red: Ints
    judged: Floats
    onset: Floats
    fired: Floats
    composed: npt.NDArray[np.int8]
    notified: Floats
    notified_colour: npt.NDArray[np.int8]
    notified_depth: Floats

    __slots__ = (*_FIELDS, "dtype")

    def __init__(self, patients: int, dtype: npt.DTypeLike = np.float64) -> None:
        """A state without history. `dtype` (float64 or float32) holds the baselines."""
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        for name, field in _FIELDS.items():
            array = np.full((patients, *field.shape), field.start, field.dtype or self.dtype)
            setattr(self, name, array)

    @property
    def patients(self) -> int:
        """The number of rows."""
        return len(self.status)

    @property
    def nbytes_per_patient(self) -> int:
        """Bytes for one patient.

        >>> State(0, np.float32).nbytes_per_patient < 1024
        True
        """
        fields = _FIELDS.values()
        return sum(
            int(np.prod(field.shape)) * np.dtype(field.dtype or self.dtype).itemsize
            for field in fields
        )

    def grow(self, patients: int) -> None:
        """Append empty rows up to `patients` (in place; copies, so grow in big steps)."""
        if patients <= self.patients:
            return
        new = State(patients - self.patients, self.dtype)
        for name in _FIELDS:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(new, name)]))

    def copy(self) -> "State":
        """An independent copy."""
        return self._with({name: getattr(self, name).copy() for name in _FIELDS})

    def reset(self, rows: Rows) -> None:
        """Forget the chosen patients' history, so that they can be replayed."""
        for name, field in _FIELDS.items():
            getattr(self, name)[rows] = field.start

    def take(self, rows: Rows) -> "State":
        """The chosen rows: views for a slice, copies for indices."""
        return self._with({name: getattr(self, name)[rows] for name in _FIELDS})

    def put(self, rows: Rows, block: "State") -> None:
        """Write back what `take` gave. Nothing to do for a slice: those were views."""
        if not isinstance(rows, slice):
            for name in _FIELDS:
                getattr(self, name)[rows] = getattr(block, name)

    def _with(self, arrays: dict[str, npt.NDArray[Any]]) -> "State":
        other = State.__new__(State)
        other.dtype = self.dtype
        for name, array in arrays.items():
            setattr(other, name, array)
        return other
