"""Everything the rules remember about a patient, as arrays with one row per patient.

`State` is written by `step` and `clock` only. It can be thrown away and rebuilt from the
stored readings at any time: it holds no truth of its own.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Floats, Ints, Rows, is_all
from alerting.rules.colour import Colour
from alerting.rules.hypotheses import HYPOTHESES, SOURCES
from alerting.rules.rulebook import RULE_IDS
from alerting.rules.signals import FAMILIES, SIGNALS
from alerting.rules.slots import (
    FLOW_READINGS,
    MONTH_SLOTS,
    NEVER,
    SLOTS,
    TREND_DAYS,
    USUAL_WEIGHT,
    USUAL_YES,
)

_S, _R, _F, _H = len(SIGNALS), len(RULE_IDS), len(FAMILIES), len(HYPOTHESES)


@dataclass(frozen=True, slots=True)
class _Field:
    """One array: its shape after the patient axis, its type (None = the state's own), its start."""

    shape: tuple[int, ...]
    dtype: type[np.generic] | None
    start: float


BASE_BYTES: Final = 779
RULE_BYTES: Final = 10
"""What a patient may cost in single precision: so much, and so much more for each rule (colour,
clear readings, two registers, day, onset). One more rule is ten bytes; more than that, or more at
the base, is a decision, and a reason to look for what is stored twice or too wide."""
UNKNOWN_TENTHS: Final = 127
"""Nothing to compare with, in `told_tenths`."""
_FIELDS: Final = {
    "weight": _Field((_S,), None, 0.0),
    "mean": _Field((_S,), None, 0.0),
    "spread": _Field((_S,), None, 0.0),
    "absorbed_day": _Field((_S,), np.int32, 0),
    "pending": _Field((_S, SLOTS), None, 0.0),
    "oldest_day": _Field((_S,), np.int32, 0),
    "occupied": _Field((_S,), np.uint8, 0),
    "frozen_since": _Field((_F,), None, np.nan),
    "anew_t": _Field((), None, -np.inf),
    "suspect": _Field((_S,), None, np.nan),
    "contested": _Field((), None, np.nan),
    "contested_column": _Field((), np.int8, -1),
    "accepted_grams": _Field((), np.int32, 0),
    "accepted_day": _Field((_S,), np.int16, -1),
    "past_grams": _Field((SLOTS,), np.int32, 0),
    "past_days": _Field((SLOTS,), np.int32, NEVER),
    "quick_weight": _Field((2,), None, 0.0),
    "quick_mean": _Field((2,), None, 0.0),
    "quick_t": _Field((), None, 0.0),
    "month_mean": _Field((MONTH_SLOTS,), None, np.nan),
    "month_day": _Field((MONTH_SLOTS,), np.int32, NEVER),
    "trend_tenths": _Field((TREND_DAYS,), np.uint16, 0),
    "trend_day": _Field((), np.int32, NEVER),
    "trend_held": _Field((), np.uint16, 0),
    "flow_past": _Field((FLOW_READINGS,), None, np.nan),
    "flow_place": _Field((), np.uint8, 0),
    "llr": _Field((2,), None, 0.0),
    "yes_rate": _Field((2,), None, USUAL_YES),
    "yes_weight": _Field((2,), None, USUAL_WEIGHT),
    "answered_day": _Field((), np.int32, NEVER),
    "said_yes": _Field((), np.uint16, 0),
    "contact_day": _Field((_S,), np.int32, NEVER),
    "kept": _Field((4,), None, 0.0),
    "kept_day": _Field((), np.int32, NEVER),
    "seen_until": _Field((), np.float64, -np.inf),
    "status": _Field((_R,), np.int8, Colour.INSUFFICIENT),
    "clears": _Field((_R,), np.uint8, 0),
    "hits_yellow": _Field((_R,), np.uint8, 0),
    "hits_red": _Field((_R,), np.uint8, 0),
    "judged_day": _Field((_R,), np.int16, -1),
    "onset": _Field((_R,), None, np.nan),
    "source_t": _Field((len(SOURCES),), None, -np.inf),
    "composed": _Field((_H,), np.int8, Colour.INSUFFICIENT),
    "told": _Field((_H,), np.int8, Colour.GREEN),
    "told_t": _Field((_H,), None, -np.inf),
    "told_tenths": _Field((_S,), np.int8, UNKNOWN_TENTHS),
    "further": _Field((), np.uint8, 0),
}


class State:
    """What the rules remember. P patients, S signals, R rules, F families, H hypotheses.

    Baseline (P2), unit of the signal:
        weight, mean, spread, absorbed_day (P, S): the weighted moments and the day they were
        last fed; pending (P, S, 8) the readings that wait for seven days, with the oldest_day
        waiting and a bit per slot in occupied (P, S); frozen_since (P, F) days, NaN = not;
        anew_t (P,) the change of diuretic for which the weight was last learnt anew.
    Quality:
        suspect (P, S) the last reading, if it was refused; contested, contested_column (P,) the
        newest value that contradicts another of its act, and of which signal (one beyond the last:
        answers), -1 = none; accepted_grams (P,) the last
        accepted weight in grams, 0 = none; accepted_day (P, S) day of the last accepted reading.
    Weight:
        past_grams, past_days (P, 8): the lowest weight of each recent day (P11); quick_weight,
        quick_mean (P, 2), quick_t (P,): the two moving averages (P10), fast then slow;
        month_mean, month_day (P, 4): the slow average as it stood on the first day measured of
        each of the last four spans of 16 days.
    Saturation:
        trend_tenths (P, 14) tenths of a percent of the last 14 days, slot = day mod 14;
        trend_day (P,) the newest; trend_held (P,) bit i = there is one i days before it (P12).
    Flow:
        flow_past (P, 8) the last eight days' FEV1, flow_place (P,) where the next one goes.
    Fusion and symptoms:
        llr (P, 2) the log-likelihood CUSUM of COPD and of heart failure (P9); yes_rate,
        yes_weight (P, 2) the usual share of yes, and how many answers say so; answered_day,
        said_yes (P,) what was answered yes on that day, packed.
    Contact:
        contact_day (P, S) day of the last reading of any quality; seen_until (P,) latest time;
        kept (P, 4), kept_day (P,): due days met and due, weighted over two weeks and three
        months (R24).
    Episodes, all (P, R):
        status the colour; clears in a row; hits_yellow, hits_red registers (P4); judged_day the
        day a rule last ran; onset the time it reached its colour, NaN unless it is raised.
    Alerts:
        source_t (P, 6) when each source of evidence last reached yellow; composed (P, H) the
        alert's colour; told, told_t (P, H) colour and time of the last call for attention (P6);
        told_tenths (P, S) how far from the usual each signal then lay, in tenths of an sd; further
        (P,) bit i = signal i lay farther at its last hit.
    """

    weight: Floats
    mean: Floats
    spread: Floats
    absorbed_day: Ints
    pending: Floats
    oldest_day: Ints
    occupied: Ints
    frozen_since: Floats
    anew_t: Floats
    suspect: Floats
    contested: Floats
    contested_column: Ints
    accepted_grams: Ints
    accepted_day: Ints
    past_grams: Ints
    past_days: Ints
    quick_weight: Floats
    quick_mean: Floats
    quick_t: Floats
    month_mean: Floats
    month_day: Ints
    trend_tenths: Ints
    trend_day: Ints
    trend_held: Ints
    flow_past: Floats
    flow_place: Ints
    llr: Floats
    yes_rate: Floats
    yes_weight: Floats
    answered_day: Ints
    said_yes: Ints
    contact_day: Ints
    kept: Floats
    kept_day: Ints
    seen_until: Floats
    status: npt.NDArray[np.int8]
    clears: Ints
    hits_yellow: Ints
    hits_red: Ints
    judged_day: Ints
    onset: Floats
    source_t: Floats
    composed: npt.NDArray[np.int8]
    told: Ints
    told_t: Floats
    told_tenths: Ints
    further: Ints

    __slots__ = (*_FIELDS, "dtype")

    def __init__(self, patients: int, dtype: npt.DTypeLike = np.float64) -> None:
        """A state without history. `dtype` (float64 or float32) holds the baselines."""
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        for name, field in _FIELDS.items():
            shape = (patients, *field.shape)
            array = np.full(shape, field.start, field.dtype or self.dtype, order="F")
            setattr(self, name, array)

    @property
    def patients(self) -> int:
        """The number of rows."""
        return len(self.status)

    @property
    def nbytes_per_patient(self) -> int:
        """Bytes for one patient.

        >>> State(0, np.float32).nbytes_per_patient <= BASE_BYTES + RULE_BYTES * len(RULE_IDS)
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
            joined = np.concatenate([getattr(self, name), getattr(new, name)])
            setattr(self, name, np.asfortranarray(joined))

    def copy(self) -> "State":
        """An independent copy."""
        return self._with({name: getattr(self, name).copy(order="F") for name in _FIELDS})

    def reset(self, rows: Rows) -> None:
        """Forget the chosen patients' history, so that they can be replayed."""
        for name, field in _FIELDS.items():
            getattr(self, name)[rows] = field.start

    def take(self, rows: Rows) -> "State":
        """The chosen rows: itself for all, else each array in one piece, for `put`."""
        if is_all(rows):
            return self
        return self._with({name: np.asfortranarray(getattr(self, name)[rows]) for name in _FIELDS})

    def put(self, rows: Rows, block: "State") -> None:
        """Write back what `take` gave. Nothing to do for all rows."""
        if block is not self:
            for name in _FIELDS:
                getattr(self, name)[rows] = getattr(block, name)

    def _with(self, arrays: dict[str, npt.NDArray[Any]]) -> "State":
        other = State.__new__(State)
        other.dtype = self.dtype
        for name, array in arrays.items():
            setattr(other, name, array)
        return other
