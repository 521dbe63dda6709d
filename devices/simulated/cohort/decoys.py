"""What looks like the beginning of something and is not: rows of the same truth table.

In: the people of a chunk, the span of the world. Out: rows of `truth.TRUTH` of the kinds
`decoy_*`, but for artefacts and the wrong person, which `instruments` adds where it strikes.
Called by `chunk`. All have the course of a trapezoid: up, held, down again or never (clinical
3.5, a to d and f to h).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.people import People, drawn_bias
from devices.simulated.cohort.streams import CHUNK, Purpose, settled, stream

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_BEFORE_DAYS = 20
_ITEM = {name: place for place, name in enumerate(n.ITEMS)}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Decoys of one kind about to be filled in."""

    rng: np.random.Generator
    who: People
    rows: truth.Rows

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def patient(self) -> Ints:
        return np.asarray(self.rows["patient"], dtype=np.int64)

    def last(self, rise: object, held: object, fall: object) -> None:
        """Days of the rise, of the plateau and of the return (inf: it stays)."""
        rows = self.rows
        down = np.broadcast_to(np.asarray(fall, dtype=np.float64), self.size)
        rows["rise_days"], rows["recovery_days"] = rise, down
        rows["t_peak"] = rows["t0"] + np.asarray(rise)
        end = np.where(np.isinf(down), n.LEARNT_DAYS, down)
        rows["t_end"] = settled(rows["t_peak"] + np.asarray(held) + end)

    def change(self, signal: int, amount: object) -> None:
        """The change of one signal at the peak, in its unit."""
        self.rows["amplitude"][:, signal] = settled(np.asarray(amount, dtype=np.float64))


def decoys(seed: int, chunk: int, who: People, start: int, days: int) -> truth.Rows:
    """All decoys of one chunk that last longer than a reading; `patient` counts in the chunk."""
    rng = stream(seed, Purpose.DECOYS, chunk)
    eligible = who.copd & ~who.on_oxygen & (who.level[:, n.SPO2] < n.OXYGEN_STARTS_BELOW)
    ill = who.copd_rate + who.hf_rate
    plans: tuple[tuple[str, Array, Callable[[_Drawn], None]], ...] = (
        ("decoy_bad_day", n.BAD_DAYS * ill, _bad_day),
        ("decoy_holiday_weight", np.full(CHUNK, float(n.HOLIDAY_WEIGHT)), _holiday_weight),
        ("decoy_drug_course", np.full(CHUNK, float(n.DRUG_COURSES)), _drug_course),
        ("decoy_cold", np.full(CHUNK, float(n.COLDS)), _cold),
        ("decoy_slow_change", np.full(CHUNK, float(n.SLOW_CHANGES)), _slow_change),
        ("decoy_oxygen_start", np.where(eligible, float(n.OXYGEN_STARTS), 0.0), _oxygen_start),
    )
    made = []
    for kind, rate, fill in plans:
        drawn = _Drawn(rng, who, _onsets(rng, kind, rate, start, days))
        fill(drawn)
        made.append(drawn.rows)
    made[-1] = made[-1][np.unique(made[-1]["patient"], return_index=True)[1]]
    return np.concatenate([*made, *_swaps(rng, who, start, days)])


def _onsets(
    rng: np.random.Generator, kind: str, rate_year: Array, start: int, days: int
) -> truth.Rows:
    """Rows with patient and time, by patient and time."""
    span = _BEFORE_DAYS + days
    count = rng.poisson(rate_year * span / 365)
    rows = truth.empty(int(count.sum()), kind)
    rows["patient"] = np.repeat(np.arange(CHUNK), count)
    rows["t0"] = settled(start - _BEFORE_DAYS + span * rng.random(len(rows)))
    rows = rows[np.lexsort((rows["t0"], rows["patient"]))]
    rows["t_prodrome"] = rows["t0"]
    return rows


def _bad_day(drawn: _Drawn) -> None:
    """One or two days, one or two symptoms of the patient's own questionnaire."""
    rng, size = drawn.rng, drawn.size
    length = np.where(rng.random(size) < 0.5, 1.0, 2.0)
    drawn.last(0.0, length, 0.0)
    drawn.change(n.PULSE, n.BAD_DAY_PULSE)
    drawn.change(n.SPO2, -n.BAD_DAY_SPO2)
    copd = drawn.who.copd[drawn.patient]
    of_copd = np.array([row.in_copd > 0.6 for row in n.ITEM_ORDER])
    of_hf = np.array([row.in_hf >= 0.3 for row in n.ITEM_ORDER])
    fitting = np.where(copd[:, None], of_copd, of_hf)
    order = np.argsort(np.where(fitting, rng.random((size, len(n.ITEMS))), 2.0), axis=1)
    two = rng.random(size) < 0.5
    for chosen, there in ((order[:, 0], np.ones(size, dtype=bool)), (order[:, 1], two)):
        place = (np.flatnonzero(there), chosen[there])
        drawn.rows["item_from"][place] = 0
        drawn.rows["item_until"][place] = length[there]


def _holiday_weight(drawn: _Drawn) -> None:
    """Food, salt or constipation: two to four days."""
    drawn.last(0.5, drawn.rng.uniform(1.5, 3.5, drawn.size), 1.0)
    drawn.change(n.WEIGHT, drawn.rng.uniform(n.HOLIDAY_KG_LOW, n.HOLIDAY_KG_HIGH, drawn.size))


def _drug_course(drawn: _Drawn) -> None:
    """More diuretic in heart failure, prednisolone for another reason in COPD; half and half in
    those with both."""
    who, patient = drawn.who, drawn.patient
    both = who.copd[patient] & who.heart_failure[patient]
    toss = drawn.rng.random(drawn.size) < 0.5
    diuretic = np.where(both, toss, who.heart_failure[patient])
    drawn.rows["subtype"] = np.where(diuretic, "diuretic", "prednisolone")
    drawn.last(np.where(diuretic, n.DIURETIC_DAYS, n.STEROID_DAYS), 0.0, n.RETURN_DAYS)
    drawn.change(n.WEIGHT, np.where(diuretic, -n.DIURETIC_KG, float(n.STEROID_KG)))
    drawn.change(n.PULSE, np.where(diuretic, 0.0, float(n.STEROID_PULSE)))


def _cold(drawn: _Drawn) -> None:
    """A common cold that stays one."""
    drawn.last(1.0, n.COLD_DAYS - 2, 1.0)
    drawn.change(n.PULSE, n.COLD_PULSE)
    coughs = (drawn.rng.random(drawn.size) < n.COLD_COUGH) & drawn.who.copd[drawn.patient]
    drawn.rows["item_from"][coughs, _ITEM["cough"]] = 0
    drawn.rows["item_until"][coughs, _ITEM["cough"]] = n.COLD_DAYS


def _slow_change(drawn: _Drawn) -> None:
    """Dieting, a beta-blocker increased, blood pressure lowered: a third each, and it stays."""
    choice = drawn.rng.integers(3, size=drawn.size)
    diet, blocker, pressure = (choice == option for option in range(3))
    names = np.array(["diet", "beta-blocker", "antihypertensive"])
    drawn.rows["subtype"] = names[choice]
    drawn.last(np.where(diet, n.DIET_DAYS, n.SLOW_DAYS), 0.0, np.inf)
    drawn.change(n.WEIGHT, -n.DIET_KG * diet)
    drawn.change(n.PULSE, -n.BETA_BLOCKER_PULSE * blocker)
    drawn.change(n.SYSTOLIC, -n.ANTIHYPERTENSIVE * pressure)
    drawn.change(n.DIASTOLIC, -n.ANTIHYPERTENSIVE * n.DIASTOLIC_SHARE * pressure)


def _oxygen_start(drawn: _Drawn) -> None:
    """Oxygen at home from one day to the next; at most once for a patient."""
    drawn.last(0.0, 0.0, np.inf)
    drawn.change(n.SPO2, n.OXYGEN_START_SPO2)


def _swaps(rng: np.random.Generator, who: People, start: int, days: int) -> list[truth.Rows]:
    """A device is exchanged for another of its kind: the constant error is a new one. `subtype`
    is the device; the pulse has no constant error."""
    made = []
    for device, signals in n.DEVICE_SIGNALS.items():
        there = who.has[:, signals[0]] if device != "oximeter" else who.has[:, n.SPO2]
        rows = _onsets(rng, "decoy_device_swap", np.where(there, float(n.SWAPS), 0), start, days)
        drawn = _Drawn(rng, who, rows)
        drawn.last(0.0, 0.0, np.inf)
        rows["subtype"] = device
        new = drawn_bias(rng, who.level[drawn.patient])
        old = who.bias[drawn.patient]
        for place in range(1, len(rows)):  # one exchanged twice: from the second to the third
            if rows["patient"][place] == rows["patient"][place - 1]:
                old[place] = new[place - 1]
        for signal in signals:
            drawn.change(signal, new[:, signal] - old[:, signal])
        made.append(rows)
    return made
