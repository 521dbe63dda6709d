"""The patients of a chunk: who they are and where their signals lie when they are well.

In: seed, chunk, shares of the conditions. Out: `People`, a struct of (patients,) arrays. Called by
`chunk`. Nobody here exists; names and CPR-shaped numbers are made elsewhere, where they are needed.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.simulated import lung_function
from devices.simulated.cohort import numbers as n
from devices.simulated.cohort.streams import CHUNK, Purpose, settled, stream, truncated

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class People:
    """One row per patient. Arrays are (patients,) but for those said to be (patients, signals)."""

    copd: Bools
    heart_failure: Bools
    female: Bools
    age: Array
    height_cm: Array
    smoker: Bools
    fev1_predicted: Array
    """L, GLI-2012."""
    fev1_lower_limit: Array
    """L, GLI-2012: the lower limit of normal."""
    gold: NDArray[np.int8]
    """1 to 4 by FEV1 % predicted; 0 without COPD."""
    on_oxygen: Bools
    """On the first day; a `decoy_oxygen_start` in the truth table changes it."""
    scale2: Bools
    """Confirmed hypercapnia: SpO2 target 88-92 % (NEWS2 scale 2)."""
    atrial_fibrillation: Bools
    reduced_ef: Bools
    beta_blocker: Bools
    pacemaker: Bools
    dry_weight: Array
    """kg, what the clinic aims at; NaN without heart failure."""
    level: Array
    """(patients, signals): where each signal lies in the morning when well."""
    has: Bools
    """(patients, signals): whether a device in the home measures it."""
    bias: Array
    """(patients, signals): constant error of this device on this person, in the signal's unit."""
    copd_rate: Array
    """Exacerbations per year, season and clustering apart."""
    hf_rate: Array
    """Decompensations per year."""
    complaints: Array
    """How much more readily than others this person answers yes; mean 1."""
    adherence: Array
    """Chance of measuring on an ordinary weekday."""

    def take(self, rows: slice) -> "People":
        """These rows alone."""
        return People(*(getattr(self, field.name)[rows] for field in fields(self)))


def people(seed: int, chunk: int, mix: dict[str, float], *, all_devices: bool) -> People:
    """The patients of one chunk, the same for the same arguments.

    The mix decides only who has which condition; ages, sizes and tempers are drawn from the same
    numbers whatever it is.
    """
    rng = stream(seed, Purpose.PEOPLE, chunk)
    copd, failing = _conditions(rng.random(CHUNK), mix)
    only_hf = failing & ~copd
    female = rng.random(CHUNK) < np.where(only_hf, n.FEMALE_HF, n.FEMALE_COPD)
    mean, sd = (
        np.where(only_hf, n.AGE_HF, n.AGE_COPD),
        np.where(only_hf, n.AGE_HF_SD, n.AGE_COPD_SD),
    )
    age = truncated(rng, mean, sd, 45, 92, CHUNK)
    height = truncated(rng, np.where(female, 162, 175), np.where(female, 6.5, 7), 135, 205, CHUNK)
    bmi = truncated(rng, np.where(failing, n.BMI_HF, n.BMI_COPD), n.BMI_SD, 16, 42, CHUNK)
    percent = _fev1_percent(rng, only_hf)
    af = rng.random(CHUNK) < np.where(failing, n.AF_HF, n.AF_COPD)
    reduced = (rng.random(CHUNK) < n.REDUCED_EF) & failing
    oxygen = (rng.random(CHUNK) < _ltot_chance(percent)) & copd
    scale2 = (rng.random(CHUNK) < n.SCALE2) & oxygen
    blocker = rng.random(CHUNK) < np.where(reduced, n.BETA_BLOCKER, n.BETA_BLOCKER_OTHER)
    healthy = lung_function.predicted("fev1", female, age, height)
    gold = np.where(copd, np.clip(np.digitize(-percent, (-80, -50, -30)) + 1, 1, 4), 0)
    draws = rng.standard_normal((CHUNK, 6))
    level = _levels(draws, copd, failing, oxygen, af)
    level[:, n.WEIGHT] = settled(bmi * (height / 100) ** 2)
    level[:, n.FEV1] = settled(np.maximum(0.45, healthy.median * percent / 100))
    healthy_pef = lung_function.predicted_pef(female, age, height) * percent / 100
    flow = np.where(only_hf, healthy_pef, n.PEF_PER_FEV1 * level[:, n.FEV1])
    level[:, n.PEF] = settled(np.clip(flow * (1 + 0.1 * draws[:, 5]), 80, 700))
    copd_rate, hf_rate = _rates(rng, copd, failing, gold)
    return People(
        copd=copd,
        heart_failure=failing,
        female=female,
        age=age,
        height_cm=height,
        smoker=rng.random(CHUNK) < n.SMOKERS,
        fev1_predicted=settled(healthy.median),
        fev1_lower_limit=settled(lung_function.lower_limit(healthy)),
        gold=gold.astype(np.int8),
        on_oxygen=oxygen,
        scale2=scale2,
        atrial_fibrillation=af,
        reduced_ef=reduced,
        beta_blocker=blocker,
        pacemaker=(rng.random(CHUNK) < n.PACEMAKER_HF) & failing,
        dry_weight=np.where(failing, np.round(level[:, n.WEIGHT], 1), np.nan),
        level=level,
        has=_devices(rng, copd, failing, everything=all_devices),
        bias=drawn_bias(stream(seed, Purpose.DEVICES, chunk), level),
        copd_rate=copd_rate,
        hf_rate=hf_rate,
        complaints=_complaints(rng),
        adherence=settled(rng.beta(n.ADHERENCE_A, n.ADHERENCE_B, CHUNK)),
    )


def _conditions(draw: Array, mix: dict[str, float]) -> tuple[Bools, Bools]:
    """COPD, heart failure. Who has both lies in the middle of the draw."""
    total = sum(mix.values())
    copd = draw < (mix.get("copd", 0) + mix.get("both", 0)) / total
    return copd, draw >= mix.get("copd", 0) / total


def _fev1_percent(rng: np.random.Generator, only_hf: Bools) -> Array:
    """FEV1 in % of predicted: Beta scaled to 15..80 in COPD, normal without."""
    low, high = 15.0, 80.0
    mean = (n.FEV1_PERCENT - low) / (high - low)
    size = mean * (1 - mean) / (n.FEV1_PERCENT_SD / (high - low)) ** 2 - 1
    copd = low + (high - low) * rng.beta(mean * size, (1 - mean) * size, CHUNK)
    other = truncated(rng, n.FEV1_PERCENT_HF, n.FEV1_PERCENT_HF_SD, 60, 115, CHUNK)
    return settled(np.where(only_hf, other, copd))


def _ltot_chance(percent: Array) -> Array:
    """Oxygen at home goes with low FEV1 (C); a fifth over all."""
    return np.clip(n.LTOT * (1 + (n.FEV1_PERCENT - percent) / (2 * n.FEV1_PERCENT_SD)), 0.02, 0.6)


def _levels(draws: Array, copd: Bools, failing: Bools, oxygen: Bools, af: Bools) -> Array:
    """SpO2, pulse and blood pressure when well, shape (patients, signals)."""
    level = np.zeros((CHUNK, len(n.SIGNALS)))
    mean = np.where(oxygen, n.SPO2_OXYGEN, np.where(copd, n.SPO2_COPD, n.SPO2_HF))
    sd = np.where(oxygen, n.SPO2_OXYGEN_SD, np.where(copd, n.SPO2_COPD_SD, n.SPO2_HF_SD))
    level[:, n.SPO2] = np.clip(mean + sd * draws[:, 0], 88, 99)
    mean = np.where(copd & failing, n.PULSE_BOTH, np.where(copd, n.PULSE_COPD, n.PULSE_HF))
    sd = np.where(copd, n.PULSE_COPD_SD, n.PULSE_HF_SD)
    level[:, n.PULSE] = np.clip(mean + sd * draws[:, 1] + n.PULSE_AF * af, 50, 118)
    mean = np.where(failing, n.SYSTOLIC_HF, n.SYSTOLIC_COPD)
    sd = np.where(failing, n.SYSTOLIC_HF_SD, n.SYSTOLIC_COPD_SD)
    level[:, n.SYSTOLIC] = np.clip(mean + sd * draws[:, 2], 88, 185)
    low = n.DIASTOLIC_LEVEL * level[:, n.SYSTOLIC] + n.DIASTOLIC_LEVEL_SD * draws[:, 3]
    level[:, n.DIASTOLIC] = np.clip(low, 45, level[:, n.SYSTOLIC] - 25)
    return settled(level)


def _rates(
    rng: np.random.Generator, copd: Bools, failing: Bools, gold: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Episodes per year: the mean of the group times a gamma number of the patient."""
    by_gold = np.array(
        [0.0, n.COPD_RATE_GOLD2, n.COPD_RATE_GOLD2, n.COPD_RATE_GOLD3, n.COPD_RATE_GOLD4]
    )
    lucky = rng.gamma(n.RATE_SHAPE, 1 / n.RATE_SHAPE, (2, CHUNK))
    times = np.where(copd & failing, n.COMORBID_TIMES, 1.0)
    return (
        settled(np.where(copd, by_gold[gold], 0.0) * times * lucky[0]),
        settled(np.where(failing, float(n.HF_RATE), 0.0) * times * lucky[1]),
    )


def _devices(rng: np.random.Generator, copd: Bools, failing: Bools, *, everything: bool) -> Bools:
    """Which signals the home can measure, shape (patients, signals)."""
    has = np.zeros((CHUNK, len(n.SIGNALS)), dtype=bool)
    for name, shares in n.DEVICES.items():
        alone = np.where(copd, shares["copd"], shares["heart-failure"])
        chance = np.where(copd & failing, shares["both"], alone)
        there = (rng.random(CHUNK) < chance) | everything
        has[:, n.DEVICE_SIGNALS[name]] |= there[:, None]
    return has


def _complaints(rng: np.random.Generator) -> Array:
    """Beta numbers of mean 1: their spread gives the published intraclass correlation, which for
    Beta(a, b) is 1 / (a + b + 1)."""
    size = 1 / n.BACKGROUND_ICC - 1
    return settled(rng.beta(n.BACKGROUND * size, (1 - n.BACKGROUND) * size, CHUNK) / n.BACKGROUND)


def drawn_bias(rng: np.random.Generator, level: Array) -> Array:
    """Constant device errors of (patients, signals), clinical 3.1; `level` scales the flows."""
    size = len(level)
    bias = np.zeros((size, len(n.SIGNALS)))
    dark = (rng.random(size) < n.DARK_SKIN) * rng.uniform(n.DARK_SKIN_LOW, n.DARK_SKIN_HIGH, size)
    bias[:, n.SPO2] = rng.normal(0, n.OXIMETER_BIAS, size) + dark
    bias[:, n.WEIGHT] = rng.normal(0, n.SCALE_BIAS, size)
    bias[:, n.SYSTOLIC] = rng.normal(0, n.CUFF_BIAS_SYSTOLIC, size)
    bias[:, n.DIASTOLIC] = rng.normal(0, n.CUFF_BIAS_DIASTOLIC, size)
    gain = rng.normal(0, n.SPIROMETER_GAIN, size)
    bias[:, n.FEV1], bias[:, n.PEF] = gain * level[:, n.FEV1], gain * level[:, n.PEF]
    return settled(bias)


def joined(parts: list[Any]) -> Any:
    """Structs of arrays of one dataclass, one after the other along the first axis."""
    kind = type(parts[0])
    return kind(
        *(np.concatenate([getattr(one, row.name) for one in parts]) for row in fields(kind))
    )
