"""A `Block`: everything about some patients of a cohort, in arrays with time last.

Out: what rules, scores and homes take. Made by `chunk`, cut and joined by `cohort`.
"""

from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.answers import reached
from devices.simulated.cohort.people import People, joined

TREATMENT = np.dtype(
    [("patient", np.int32), ("kind", "U12"), ("start", np.float64), ("end", np.float64)]
)
"""`kind` is prednisolone, antibiotic or diuretic (more of it than before); local days."""
SWAP = np.dtype([("patient", np.int32), ("t", np.float64), ("signals", np.bool_, len(n.SIGNALS))])

_PER_PATIENT = (
    "values",
    "doubtful",
    "answers",
    "t",
    "scheduled",
    "willing",
    "plan_weekdays",
    "dropout",
)
_TABLES = ("truth", "pauses")
_TIMES = ("t_prodrome", "t0", "t_peak", "t_index", "t_end")


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""


@dataclass(frozen=True, slots=True)
class Block:
    """Patients `first` to `first + patients - 1` of a cohort, days `start` to `start + days - 1`.

    Signals are `SIGNALS`, questions `ITEMS`; times are local days since 1970-01-01. In the tables
    (`truth`, `pauses`, `treatments`, `swaps`) the patient is the index in the cohort: subtract
    `first` for the row in these arrays.
    """

    first: int
    start: int
    people: People
    values: NDArray[np.float32]
    """(patients, signals, days): what the display would show; NaN where there is no device."""
    doubtful: NDArray[np.bool_]
    """(patients, signals, days): spirometry of quality D to F."""
    answers: NDArray[np.int8]
    """(patients, questions, days): 1 yes, 0 no, -1 not in this patient's questionnaire. What would
    be said if it were asked; see `given`."""
    t: NDArray[np.float64]
    """(patients, days): when the patient measures, if at all."""
    scheduled: NDArray[np.bool_]
    """(patients, days): by the plan."""
    willing: NDArray[np.bool_]
    """(patients, days): would measure if planned or asked. Measured = (scheduled | asked) &
    willing."""
    plan_weekdays: NDArray[np.uint8]
    """(patients,): bits, Monday lowest; the first 14 days are daily."""
    dropout: NDArray[np.float64]
    """(patients,): nothing comes from this day on; inf when that is not in this world."""
    truth: truth.Rows
    pauses: NDArray[np.void]

    @property
    def patients(self) -> int:
        """How many there are in this block."""
        return len(self.values)

    @property
    def days(self) -> int:
        """How many days each has."""
        return int(self.values.shape[2])

    def sittings(self, day: int) -> NDArray[np.float64]:
        """What would be shown on one day, (patients, signals), as the decimal numbers that a
        display shows: float32 holds 81.3 as 81.30000305, and rules compare exactly."""
        shown = self.values[:, :, day].astype(np.float64)
        for signal, decimals in enumerate(n.DECIMALS):
            shown[:, signal] = np.round(shown[:, signal], decimals)
        return shown

    @property
    def given(self) -> NDArray[np.int8]:
        """The answers that reach the platform, (patients, questions, days): -1 also where the
        questionnaire's branching does not lead to the question."""
        return reached(self.answers, self.people)

    @property
    def treatments(self) -> NDArray[np.void]:
        """Courses that usual care starts at `t_index`, and those behind a decoy."""
        rows = self.truth
        known = rows["reported"]
        copd = rows[(rows["kind"] == "copd") & known]
        course = rows[rows["kind"] == "decoy_drug_course"]
        steroid = course[course["subtype"] == "prednisolone"]
        diuretic = course[course["subtype"] == "diuretic"]
        hf = rows[(rows["kind"] == "hf") & known]
        purulent = copd[copd["subtype"] == "purulent"]
        made = [
            _courses(copd, "prednisolone", copd["t_index"], n.COURSE_DAYS),
            _courses(purulent, "antibiotic", purulent["t_index"], n.COURSE_DAYS),
            _courses(hf, "diuretic", hf["t_index"], n.COURSE_DAYS),
            _courses(steroid, "prednisolone", steroid["t0"], n.STEROID_DAYS),
            _courses(diuretic, "diuretic", diuretic["t0"], n.DIURETIC_DAYS),
        ]
        both = np.concatenate(made)
        return np.asarray(both[np.lexsort((both["kind"], both["start"], both["patient"]))])

    @property
    def swaps(self) -> NDArray[np.void]:
        """Exchanged devices: from `t` on these signals have another constant error."""
        rows = self.truth[self.truth["kind"] == "decoy_device_swap"]
        made = np.zeros(len(rows), SWAP)
        made["patient"], made["t"] = rows["patient"], rows["t0"]
        for device, signals in n.DEVICE_SIGNALS.items():
            of_device = rows["subtype"] == device
            for signal in signals:
                made["signals"][:, signal] |= of_device
        return made

    def cut(self, first: int, stop: int) -> "Block":
        """The patients `first` to `stop - 1` (indices in the cohort) of this block."""
        rows = slice(first - self.first, stop - self.first)
        tables = {
            name: table[(table["patient"] >= first) & (table["patient"] < stop)]
            for name in _TABLES
            for table in (getattr(self, name),)
        }
        arrays = {name: getattr(self, name)[rows] for name in _PER_PATIENT}
        return Block(first, self.start, self.people.take(rows), **arrays, **tables)

    def feed(self, seen: Hash) -> None:
        """Give everything to a hash, patient after patient, in units of the display.

        Blocks of one cohort fed in order give the same hash whatever their size, on every machine.
        """
        scale = (1 / n.STEP)[:, None]
        minute = np.rint((self.t - self.start) * 1440).astype("<i4")
        rows = self.truth
        times = np.stack([rows[name] for name in _TIMES], axis=1) - self.start
        hundredths = np.rint(np.nan_to_num(times, nan=-1e6) * 100).astype("<i4")
        amplitude = np.rint(rows["amplitude"] * 100).astype("<i4")
        edges = np.searchsorted(rows["patient"], self.first + np.arange(self.patients + 1))
        for one in range(self.patients):
            shown = np.nan_to_num(np.rint(self.values[one] * scale), nan=-1).astype("<i4")
            own = slice(edges[one], edges[one + 1])
            for array in (shown, self.answers[one], minute[one], hundredths[own], amplitude[own]):
                seen.update(array.tobytes())
            for array in (self.doubtful[one], self.scheduled[one], self.willing[one]):
                seen.update(np.packbits(array).tobytes())
            seen.update("\n".join(rows["kind"][own].tolist()).encode())

    def digest(self) -> str:
        """SHA-256 of this block alone."""
        seen = sha256()
        self.feed(seen)
        return seen.hexdigest()


def _courses(
    rows: truth.Rows, kind: str, start: NDArray[np.float64], days: float
) -> NDArray[np.void]:
    made = np.zeros(len(rows), TREATMENT)
    made["patient"], made["kind"] = rows["patient"], kind
    made["start"], made["end"] = start, start + days
    return made


def together(parts: list[Block]) -> Block:
    """Blocks that follow each other as one."""
    if len(parts) == 1:
        return parts[0]
    arrays = {
        row.name: np.concatenate([getattr(one, row.name) for one in parts])
        for row in fields(Block)
        if row.name in (*_PER_PATIENT, *_TABLES)
    }
    whole: People = joined([one.people for one in parts])
    return Block(parts[0].first, parts[0].start, whole, **arrays)
