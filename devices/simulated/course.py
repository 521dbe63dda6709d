"""How a patient fares: the latent value of every signal on every day, without device error.

In: a patient, a `Course` (stable, deteriorating, silent), a generator. Out: an array
(signals, days) and the `Episode` behind it, the ground truth for judging rules. Called by `home`.
Vectorised over signals; the numbers of clinical.md section 3 stand in `VARIATION` and below.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from devices.simulated.patient import (
    DIASTOLIC,
    FEV1,
    FVC,
    PEF,
    PULSE,
    SIGNALS,
    SPO2,
    SYSTOLIC,
    WEIGHT,
    Array,
    Condition,
    Patient,
)

Kind = Literal["exacerbation", "congestion", "low-output"]
CourseName = Literal["stable", "deteriorating", "silent"]


class Variation(NamedTuple):
    """Day-to-day behaviour of one signal in a stable patient, in the signal's own unit."""

    day_sd: float
    """SD of the AR(1) part."""
    phi: float
    """Correlation of that part with the day before."""
    walk_sd: float
    """SD of the slow drift per square root of a day."""
    source: str


VARIATION: dict[str, Variation] = {
    "spo2": Variation(0.65, 0.6, 0.0, "Hurst 2010: total SD about 1 %, as shown"),
    "pulse": Variation(3.5, 0.6, 0.0, "Hurst 2010: total SD about 5 /min"),
    "weight": Variation(0.45, 0.7, 0.18, "Zhang 2009: SD of the 14-day change 1.1 kg"),
    "systolic": Variation(5.0, 0.5, 0.3, "clinical.md 3.2: daily SD 8-9 mmHg"),
    "diastolic": Variation(3.0, 0.5, 0.2, "clinical.md 3.2: daily SD 5-6 mmHg"),
    "fev1": Variation(0.060, 0.6, 0.0, "Swedish home study: total SD 0.105 L"),
    "fvc": Variation(0.09, 0.6, 0.0, "scaled from the IC of the same study: 0.15-0.17 L"),
    "pef": Variation(6.0, 0.6, 0.0, "Hurst 2010: total SD about 10 L/min"),
}
_WALK_RETURN = 1 / 30
"""Share by which the drift returns each day. The source has 1/180; a clinic that adjusts the
diuretic brings the weight back sooner, and the 14-day change stays at 1.0 kg (target 1.1)."""
_FEV1_LOSS_L_DAY = 0.035 / 365  # Donaldson: 35 mL a year

_DAY_SD = np.array([VARIATION[name].day_sd for name in SIGNALS])
_PHI = np.array([VARIATION[name].phi for name in SIGNALS])
_WALK_SD = np.array([VARIATION[name].walk_sd for name in SIGNALS])
_FRESH_SD = _DAY_SD * np.sqrt(1 - _PHI**2)


@dataclass(frozen=True, slots=True)
class Course:
    """What happens to one patient; `onset_day` counts from 0, `clear` marks a showcase case.

    `again` are the onsets of later deteriorations, each of a kind that befits the patient. Who
    falls silent at `onset_day` measures again from `back_day` on, if ever.
    """

    name: CourseName
    kind: Kind | None = None
    onset_day: float | None = None
    clear: bool = False
    again: tuple[float, ...] = ()
    back_day: float | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """Ground truth of one deterioration; days count from 0 and may lie beyond the world's end."""

    citizen: str
    kind: Kind
    onset_day: float
    peak_day: float
    treated_day: float


class Showcase(NamedTuple):
    """A case that every world of enough homes contains, at the same place."""

    condition: Condition
    kind: Kind
    early_day: int | None
    """Days after 36 % of the world, so that all of it lies in the first 28 of 42 days."""
    late_day: int | None
    """Days before the world's end."""


SHOWCASES = (
    Showcase("copd", "exacerbation", None, 9),
    Showcase("heart-failure", "congestion", None, 9),
    Showcase("copd", "exacerbation", 0, None),
    Showcase("heart-failure", "congestion", 2, None),
    Showcase("heart-failure", "low-output", None, 10),
    Showcase("both", "exacerbation", 3, None),
    Showcase("copd", "exacerbation", None, 8),
    Showcase("heart-failure", "low-output", 1, None),
)
ROUND_DAYS = 28
"""In a world that goes on after its story, so many days are one round of deteriorations."""
_SHOWCASES_MIN = 6
_HOMES_FOR_SHOWCASES = 24


def plan_courses(
    seed: int, homes: int, days: int, deteriorating: float, silent: float
) -> list[tuple[Condition | None, Course]]:
    """What happens to whom, by index: showcases first, the other cases spread at random.

    The condition is None where it is left to chance. Shares are of all homes and met exactly
    (rounded), but a world of 24 homes or more has at least six showcases.
    """
    ill = round(homes * deteriorating)
    if deteriorating > 0 and homes >= _HOMES_FOR_SHOWCASES:
        ill = max(ill, _SHOWCASES_MIN)
    ill = min(max(ill, 1 if deteriorating > 0 and homes >= 3 else 0), homes)
    shown = min(ill, len(SHOWCASES))
    plan: list[tuple[Condition | None, Course]] = [(None, Course("stable"))] * homes
    for index, case in enumerate(SHOWCASES[:shown]):
        onset = float(
            round(0.36 * days) + case.early_day
            if case.early_day is not None
            else max(days - (case.late_day or 0), round(0.5 * days))
        )
        plan[index] = (case.condition, Course("deteriorating", case.kind, onset, clear=True))
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x436F7572]))
    others = shown + rng.permutation(homes - shown)
    for index in others[: ill - shown].tolist():
        onset = float(rng.uniform(0.25 * days, max(0.25 * days, days - 4)))
        plan[index] = (None, Course("deteriorating", None, onset))
    for index in others[ill - shown : ill - shown + round(homes * silent)].tolist():
        last = float(rng.integers(days // 3, days * 3 // 4 + 1))
        plan[index] = (None, Course("silent", None, last))
    return plan


def go_on(
    plan: list[tuple[Condition | None, Course]],
    seed: int,
    story_days: int,
    days: int,
    deteriorating: float,
) -> list[tuple[Condition | None, Course]]:
    """The plan of a story of `story_days`, gone on with until `days`: others get worse in turn.

    In every further `ROUND_DAYS` that share of the homes deteriorates, as a rule those whose turn
    was longest ago, each at a day of its own; who had fallen silent measures again.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x476F206F]))
    again: list[list[float]] = [[] for _ in plan]
    last = rng.permutation(len(plan)).astype(np.float64) - len(plan)
    for place, (_, course) in enumerate(plan):
        if course.onset_day is not None:
            last[place] = course.onset_day
    for first in range(story_days, days, ROUND_DAYS):
        for place in np.argsort(last)[: round(len(plan) * deteriorating)].tolist():
            onset = first + float(rng.uniform(0, ROUND_DAYS))
            if onset - last[place] >= ROUND_DAYS:
                last[place] = onset
                again[place].append(onset)
    back = story_days + 2.0
    return [
        (
            condition,
            replace(
                course,
                again=tuple(later),
                back_day=back if course.name == "silent" else None,
            ),
        )
        for (condition, course), later in zip(plan, again, strict=True)
    ]


def latent_values(
    patient: Patient, course: Course, days: int, rng: np.random.Generator
) -> tuple[Array, tuple[Episode, ...]]:
    """Latent values, shape (signals, days), and the episodes in them, in order."""
    values = patient.level[:, None] + _ordinary(rng, days)
    values[FEV1] -= _FEV1_LOSS_L_DAY * np.arange(days)
    _add_decoys(values, rng)
    own = [course] if course.name == "deteriorating" and course.onset_day is not None else []
    own += [Course("deteriorating", onset_day=onset) for onset in course.again]
    episodes = tuple(_add_episode(values, patient, one, rng) for one in own)
    np.clip(values[SPO2], 60, 99.4, out=values[SPO2])
    np.maximum(values[FEV1], 0.3, out=values[FEV1])
    return values, episodes


def _add_episode(
    values: Array, patient: Patient, course: Course, rng: np.random.Generator
) -> Episode:
    """One deterioration, of the course's kind or one that befits the patient."""
    kind = course.kind or _kind_for(patient.person.condition, rng)
    if kind == "exacerbation":
        return _add_exacerbation(values, patient, course, rng)
    return _add_decompensation(values, patient, course, kind, rng)


def _kind_for(condition: Condition, rng: np.random.Generator) -> Kind:
    """Congestive type in 55 % of decompensations (clinical.md 3.5, HF shape)."""
    if condition == "copd" or (condition == "both" and rng.random() < 0.5):
        return "exacerbation"
    return "congestion" if rng.random() < 0.55 else "low-output"


def _ordinary(rng: np.random.Generator, days: int) -> Array:
    """AR(1) plus slow drift around 0, shape (signals, days), with the correlations of
    clinical.md 3.2: pulse with SpO2 -0.3, diastolic with systolic 0.6."""
    fresh = rng.standard_normal((len(SIGNALS), days))
    fresh[PULSE] = -0.3 * fresh[SPO2] + 0.954 * fresh[PULSE]
    fresh[DIASTOLIC] = 0.6 * fresh[SYSTOLIC] + 0.8 * fresh[DIASTOLIC]
    fresh[FVC] = 0.7 * fresh[FEV1] + 0.714 * fresh[FVC]
    drift = rng.standard_normal((len(SIGNALS), days)) * _WALK_SD[:, None]
    out = np.empty((len(SIGNALS), days))
    state, walk = _DAY_SD * fresh[:, 0], np.zeros(len(SIGNALS))
    fresh *= _FRESH_SD[:, None]
    for day in range(days):
        if day:
            state = _PHI * state + fresh[:, day]
        walk = walk * (1 - _WALK_RETURN) + drift[:, day]
        out[:, day] = state + walk
    return out


def _add_decoys(values: Array, rng: np.random.Generator) -> None:
    """What looks like the beginning of something and is not (clinical.md 3.5, decoys a, b, d)."""
    days = values.shape[1]
    for rate_year, length, changes in (
        (0.9 * 1.3, (1, 2), ((SPO2, -0.8, -0.8), (PULSE, 4.0, 4.0))),  # a bad day
        (1.5, (2, 4), ((WEIGHT, 1.0, 1.8),)),  # a holiday
        (1.0, (4, 4), ((PULSE, 5.0, 5.0),)),  # a common cold
    ):
        for _ in range(int(rng.poisson(rate_year * days / 365))):
            first = int(rng.integers(days))
            last = first + int(rng.integers(length[0], length[1] + 1))
            for signal, low, high in changes:
                values[signal, first:last] += rng.uniform(low, high)


def _add_exacerbation(
    values: Array, patient: Patient, course: Course, rng: np.random.Generator
) -> Episode:
    """COPD exacerbation, shape of clinical.md 3.5: quadratic rise from the prodrome to 2.5 days
    after onset, held until treatment, then exponential recovery (median 8.7 days).

    Amplitudes are of the severe tail (our choice): the published mean, SpO2 -2 % and pulse +10, is
    below any single limit and would show nothing. FEV1 has no prodrome (Seemungal 2000).
    """
    onset = float(course.onset_day or 0)
    peak = onset + 2.5
    treated = peak + rng.uniform(3.0, 5.57)  # Wilkinson 2004: 3.69 days, upper quartile 5.57
    recovery = 8.7 * float(np.exp(rng.normal(0, 0.3)))
    day = np.arange(values.shape[1], dtype=np.float64)
    prodrome = rng.uniform(2, 5)
    wide = _rise_hold_recover(day, onset - prodrome, peak, treated, recovery)
    narrow = _rise_hold_recover(day, onset, peak, treated, recovery)
    strength = 1.0 if course.clear else rng.uniform(0.75, 1.1)
    values[SPO2] -= strength * rng.uniform(5.5, 7.5) * wide
    values[PULSE] += strength * rng.uniform(22, 30) * wide
    if course.clear:  # the 87 /min of the Edinburgh cohort before, so that 111 is passed
        values[PULSE] += 88 - patient.level[PULSE]
    lost = strength * rng.uniform(0.16, 0.24)
    values[FEV1] *= 1 - lost * narrow
    values[FVC] *= 1 - 0.6 * lost * narrow
    values[PEF] *= 1 - lost * narrow
    return Episode(patient.person.id, "exacerbation", onset, peak, treated)


def _add_decompensation(
    values: Array, patient: Patient, course: Course, kind: Kind, rng: np.random.Generator
) -> Episode:
    """Worsening heart failure, shape of clinical.md 3.5: exponential rise to a peak five days
    after onset, then recovery with 5 days (diuresis, overshoot 0.3 kg).

    Weight gain 3.2-4.8 kg with a rise time of 2-3 days (the quick end of LN(ln 7, 0.4), our
    choice) gives 2-4 kg in 3-7 days. Low output: systolic falls to 82-86 mmHg (the published mean
    is -12, SD 6: far out, our choice). SpO2 -1.8 (SD 1), FEV1 -8 % (SD 4).
    """
    onset = float(course.onset_day or 0)
    peak = onset + 5
    day = np.arange(values.shape[1], dtype=np.float64)
    strength = 1.0 if course.clear else rng.uniform(0.8, 1.1)
    treated = peak + rng.uniform(2.0, 4.0)

    def shape(rise_days: float) -> Array:
        before = np.exp(np.minimum(day - peak, 0) / rise_days)
        return np.asarray(np.where(day > treated, np.exp((treated - day) / 5), before))

    gain, quick, slow = rng.uniform(3.2, 4.8), shape(rng.uniform(2.0, 3.0)), shape(5.0)
    if kind == "congestion":
        gain = max(gain, 4.2) if course.clear else strength * gain
        values[WEIGHT] += gain * quick - 0.3 * (day > treated + 5)
        values[SYSTOLIC] += rng.normal(8, 3) * quick
    else:
        well = float(patient.level[SYSTOLIC])
        if course.clear:  # a low-output heart seldom manages more than this when well
            values[SYSTOLIC] += 121 - well
            well = 121.0
        fall = strength * (well - rng.uniform(82, 86))
        values[SYSTOLIC] -= fall * slow
        values[DIASTOLIC] -= 0.5 * fall * slow
    values[PULSE] += strength * max(6.0, rng.normal(14, 4)) * slow
    values[SPO2] -= strength * max(0.5, rng.normal(1.8, 0.7)) * slow
    lost = np.clip(rng.normal(0.08, 0.03), 0.02, 0.15)
    values[FEV1] *= 1 - lost * slow
    values[FVC] *= 1 - lost * slow
    values[PEF] *= 1 - lost * slow
    return Episode(patient.person.id, kind, onset, peak, treated)


def _rise_hold_recover(
    day: Array, begin: float, peak: float, treated: float, recovery_days: float
) -> Array:
    """0 before `begin`, squared rise to 1 at `peak`, 1 until `treated`, then exponential decay."""
    rise = np.clip((day - begin) / (peak - begin), 0, 1) ** 2
    return np.asarray(np.where(day > treated, np.exp((treated - day) / recovery_days), rise))
