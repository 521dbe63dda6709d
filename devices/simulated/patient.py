"""Synthetic people: who they are and where their signals lie when they are well.

In: a generator seeded with (seed, index), a condition. Out: a `Patient`. Called by `home`.
Nobody here exists: the CPR-shaped number has 60 added to the day of the month (61..91), which no
real number has, and family names and telephone numbers (+45 00 ...) do not occur in Denmark.

Signals are always in the order of `SIGNALS`; arrays are (signals, days), time last.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.simulated import lung_function

Array = NDArray[np.float64]
Condition = Literal["copd", "heart-failure", "both"]
Sex = Literal["female", "male"]

SIGNALS = ("spo2", "pulse", "weight", "systolic", "diastolic", "fev1", "fvc", "pef")
SPO2, PULSE, WEIGHT, SYSTOLIC, DIASTOLIC, FEV1, FVC, PEF = range(len(SIGNALS))

_GIVEN: dict[Sex, tuple[str, ...]] = {
    "female": ("Alma", "Bodil", "Ditte", "Ellen", "Gerda", "Inger", "Karen", "Mona", "Rigmor"),
    "male": ("Aksel", "Bent", "Carlo", "Ejnar", "Georg", "Holger", "Jens", "Poul", "Svend"),
}
_FAMILY = (
    "Attrapsen",
    "Eksempelsen",
    "Fiktivsen",
    "Modelsen",
    "Opdigtsen",
    "Prøvesen",
    "Simulersen",
    "Syntesen",
    "Testesen",
)
_FICTITIOUS_DAY = 60
_BIRTHDAY_CYCLE = 64


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is. `height_cm` in cm; `oxygen_l_min` is None without oxygen at home."""

    index: int
    id: str
    cpr: str
    given: str
    family: str
    sex: Sex
    birth_date: date
    height_cm: float
    condition: Condition
    organisation: str
    phone: str
    scale2: bool
    beta_blocker: bool
    oxygen_l_min: str | None


@dataclass(frozen=True, slots=True)
class Patient:
    """A person with the level of every signal when well (`SIGNALS` order, shape (8,)).

    Units: %, /min, kg, mmHg, mmHg, L, L, L/min.
    """

    person: Person
    level: Array
    predicted_fev1_l: float
    adherence: float

    @property
    def dry_weight_kg(self) -> str | None:
        """The weight the clinic aims at, for heart failure only."""
        return None if self.person.condition == "copd" else f"{self.level[WEIGHT]:.1f}"


def fictitious_cpr(index: int, birth_date: date, sex: Sex) -> str:
    """Ten digits shaped like a CPR number that can never be one: the day lies in 61..91.

    Different indices give different numbers as long as `birth_date` comes from `_birth_date`.

    >>> fictitious_cpr(7, date(1950, 3, 9), "female")
    '6903500014'
    """
    serial = index % 2000 * 2 + (sex == "male")
    day = birth_date.day + _FICTITIOUS_DAY
    return f"{day:02d}{birth_date.month:02d}{birth_date.year % 100:02d}{serial:04d}"


def draw_patient(
    rng: np.random.Generator, index: int, condition: Condition, start: date, organisation: str
) -> Patient:
    """One synthetic patient, the same for the same generator state.

    Ages, heights, sex ratios, BMI and FEV1 %: clinical.md section 3.6 (Ringbaek; Al Rajeh 2016;
    WISH). Oxygen at home 20 % of COPD, of whom 60 % retain carbon dioxide (NEWS2 scale 2).
    """
    failing = condition == "heart-failure"
    sex: Sex = "female" if rng.random() < (0.30 if failing else 0.50) else "male"
    age = float(np.clip(rng.normal(72 if failing else 70, 10 if failing else 8), 45, 89))
    height = float(rng.normal(175, 7) if sex == "male" else rng.normal(162, 6.5))
    on_oxygen = rng.random() < 0.20 and not failing
    retains = rng.random() < 0.60 and on_oxygen
    share = 0.0 if condition == "copd" else 0.90
    person = invent(
        rng, index, Facts(sex, age, height, condition, on_oxygen, retains, share),
        start, organisation,
    )  # fmt: skip
    predicted = float(lung_function.predicted("fev1", sex == "female", age, height).median)
    adherence = float(rng.beta(40, 1.2))
    return Patient(person, _levels(rng, person, predicted), predicted, adherence)


class Facts(NamedTuple):
    """What decides about a person; `beta_blocker` is a chance, 0 or 1 where it is known."""

    sex: Sex
    age: float
    height_cm: float
    condition: Condition
    on_oxygen: bool
    scale2: bool
    beta_blocker: float


def invent(
    rng: np.random.Generator, index: int, facts: Facts, start: date, organisation: str
) -> Person:
    """A person with these facts: name, number, telephone, litres of oxygen."""
    sex = facts.sex
    birth_date = _birth_date(index, start, facts.age)
    given, family = rng.integers(len(_GIVEN[sex])), rng.integers(len(_FAMILY))
    phone = f"+4500{rng.integers(1_000_000):06d}" if rng.random() < 0.8 else ""
    return Person(
        index=index,
        id=f"pt-{index + 1:06d}",
        cpr=fictitious_cpr(index, birth_date, sex),
        given=_GIVEN[sex][int(given)],
        family=_FAMILY[int(family)],
        sex=sex,
        birth_date=birth_date,
        height_cm=round(facts.height_cm, 1),
        condition=facts.condition,
        organisation=organisation,
        phone=phone,
        scale2=bool(facts.scale2),
        beta_blocker=bool(rng.random() < facts.beta_blocker),
        oxygen_l_min=f"{rng.integers(2, 7) / 2:.1f}" if facts.on_oxygen else None,
    )


def _birth_date(index: int, start: date, age_years: float) -> date:
    """About `age_years` before `start`; the day also carries what of the index the serial number
    cannot hold, so that no two people of one world share a number (to 128 000 homes)."""
    ordinal = start.toordinal() - round(age_years * 365.25)
    return date.fromordinal(ordinal - ordinal % _BIRTHDAY_CYCLE + index // 2000 % _BIRTHDAY_CYCLE)


def _levels(rng: np.random.Generator, person: Person, predicted_fev1_l: float) -> Array:
    """Where each signal lies when well, shape (8,).

    SpO2 93.6 and pulse 87 /min in COPD: Edinburgh cohort (McKinstry) as given in clinical.md 1.1
    and 1.2; 88-92 % is the target on oxygen (NEWS2 scale 2). BMI and FEV1 %: section 3.6. FEV1 to
    PEF as 1.034 L to 234 L/min: Donaldson (section 1.3). Levels are cut to where the standard
    limits make sense (our choice): whoever is well beyond them would have limits of his own.
    """
    failing = person.condition == "heart-failure"
    bmi = np.clip(rng.normal(28 if person.condition != "copd" else 25.5, 5), 18, 42)
    percent = (
        np.clip(rng.normal(85, 9), 65, 110) if failing else np.clip(rng.normal(43, 13), 18, 78)
    )
    fev1 = max(0.55, predicted_fev1_l * percent / 100)
    ratio = (
        np.clip(rng.normal(0.76, 0.04), 0.68, 0.84)
        if failing
        else np.clip(rng.normal(0.50, 0.07), 0.36, 0.66)
    )
    if person.oxygen_l_min is not None:
        spo2 = np.clip(rng.normal(90.6, 0.4), 90.0, 91.2)
    else:
        spo2 = np.clip(rng.normal(95.5 if failing else 93.8, 1.0), 92.6, 97.0)
    if person.condition == "copd":
        pulse = np.clip(rng.normal(84, 6), 68, 92)
    else:
        pulse = np.clip(rng.normal(70, 6), 57, 82)
    systolic = np.clip(rng.normal(126, 8), 118, 142)
    diastolic = np.clip(rng.normal(74, 5), 62, 84)
    weight = bmi * (person.height_cm / 100) ** 2
    return np.array(
        [spo2, pulse, weight, systolic, diastolic, fev1, fev1 / ratio, 226 * fev1], dtype=np.float64
    )
