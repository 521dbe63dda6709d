"""The four instruments of a home and its tablet: latent values in, wire items out.

In: latent values (signals, days), the hour of each measurement, what is constant about this
device on this person (`Fitting`). Out: measured values (aliases, days), and per moment the list of
`wire.Item`, with decimal text; for the tablet, of `wire.AnswerItem`. Called by `home`. Error
models: clinical.md 3.1 and the repeat noise of 3.2, which includes the device's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.catalogue import metric
from devices.questionnaire import Answer, Questionnaire, next_question, urgent
from devices.simulated.patient import (
    DIASTOLIC,
    FEV1,
    FVC,
    PEF,
    PULSE,
    SPO2,
    SYSTOLIC,
    WEIGHT,
    Array,
    Patient,
)
from devices.wire import TABLET_TYPE, AnswerItem, Item

_MORNING = 7.5
_CIRCADIAN = ((WEIGHT, 0.3, 20.0), (SYSTOLIC, 3.0, 10.0), (PULSE, 2.5, 15.0), (SPO2, 0.3, 14.0))
"""Signal, amplitude in its unit, hour of the highest value (clinical.md 3.3)."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """What stays the same every time this person uses these devices.

    Offsets in % (SpO2) and mmHg, a gain for the spirometer, the predicted FEV1 in L.
    """

    spo2: float
    systolic: float
    diastolic: float
    flow_gain: float
    predicted_fev1_l: float


Measure = Callable[[Array, Fitting, np.random.Generator, float], Array]


@dataclass(frozen=True, slots=True)
class Make:
    """What stands in a home: one make and model of a device type."""

    name: str
    type: str
    manufacturer: str
    model: str
    firmware: str
    minute: int
    """Minutes into the morning's round at which it is used."""


@dataclass(frozen=True, slots=True)
class Tablet(Make):
    """What questions are answered on, with the questionnaire of this home."""

    asked: Questionnaire


@dataclass(frozen=True, slots=True)
class Instrument(Make):
    """One instrument on the market: what it is, what it reports, how it errs.

    `measure(latent, fitting, rng, artefact)` gives the values of `aliases`, shape (aliases, days);
    `artefact` is the probability per reading that it is used wrongly.
    """

    aliases: tuple[str, ...]
    measure: Measure


def fit(patient: Patient, rng: np.random.Generator) -> Fitting:
    """Draw the constant errors of one home's devices.

    Oximeter N(0, 1.7) % (ISO 80601-2-61: typical Arms 2 %), cuff N(0, 5) and N(0, 4) mmHg
    (ISO 81060-2), spirometer gain N(1, 0.015) (ISO 26782: 2.5 %). They are cut so that what is
    shown to a well patient lies where the limits in force make sense, as a clinic would see to.
    """
    low, high = (90.0, 91.2) if patient.person.oxygen_l_min is not None else (92.6, 97.0)
    spo2, systolic = float(patient.level[SPO2]), float(patient.level[SYSTOLIC])
    return Fitting(
        spo2=float(np.clip(spo2 + rng.normal(0, 1.7), low, high)) - spo2,
        systolic=float(np.clip(systolic + np.clip(rng.normal(0, 5), -5, 5), 118, 142)) - systolic,
        diastolic=float(np.clip(rng.normal(0, 4), -6, 6)),
        flow_gain=float(rng.normal(1, 0.015)),
        predicted_fev1_l=patient.predicted_fev1_l,
    )


def at_hour(latent: Array, hours: Array) -> Array:
    """Latent morning values moved to the hour of measuring (local, 0..24), same shape."""
    moved = np.array(latent)
    for signal, amplitude, peak in _CIRCADIAN:
        phase = np.cos(2 * np.pi * (hours - peak) / 24)
        moved[signal] += amplitude * (phase - np.cos(2 * np.pi * (_MORNING - peak) / 24))
    return moved


def _struck(rng: np.random.Generator, days: int, share: float) -> NDArray[np.bool_]:
    """Which days' readings are spoilt; always draws, so that the rate moves nothing else."""
    return np.asarray(rng.random(days) < share)


def _oximeter(latent: Array, fitting: Fitting, rng: np.random.Generator, artefact: float) -> Array:
    """Noise 0.65 %, 3.5 /min; with rounding to whole percent (0.29) the SpO2 of a stable patient
    has the 1.0 % of Hurst 2010 as it is shown."""
    days = latent.shape[1]
    spo2 = latent[SPO2] + fitting.spo2 + rng.normal(0, 0.65, days)
    cold_finger = rng.uniform(3, 10, days) * _struck(rng, days, artefact)
    pulse = latent[PULSE] + rng.normal(0, 3.5, days)
    return np.stack((np.clip(np.rint(spo2 - cold_finger), 51, 100), np.clip(pulse, 30, 210)))


def _cuff(latent: Array, fitting: Fitting, rng: np.random.Generator, artefact: float) -> Array:
    """Noise 6.5 and 4.5 mmHg (clinical.md 3.2), correlated 0.6; pulse 3.5 /min."""
    days = latent.shape[1]
    wrong_arm = rng.choice((-15.0, 15.0), days) * _struck(rng, days, artefact)
    common = rng.standard_normal(days)
    own = rng.standard_normal(days)
    systolic = np.rint(latent[SYSTOLIC] + fitting.systolic + 6.5 * common + wrong_arm)
    diastolic = latent[DIASTOLIC] + fitting.diastolic + 4.5 * (0.6 * common + 0.8 * own)
    systolic = np.clip(systolic, 65, 250)
    diastolic = np.rint(np.clip(diastolic + wrong_arm, 35, np.minimum(systolic - 15, 150)))
    mean = diastolic + (systolic - diastolic) / 3
    pulse = latent[PULSE] + rng.normal(0, 3.5, days)
    return np.stack((systolic, diastolic, mean, np.clip(pulse, 30, 210)))


def _scale(latent: Array, _: Fitting, rng: np.random.Generator, artefact: float) -> Array:
    """Noise 0.25 kg: the scale's 0.1, and 0.23 for clothing and bladder (0.33 in clinical.md 3.1;
    less here, since all weigh themselves in the morning). The wrong person is a fifth as frequent
    as other misuse (0.002 to 0.01 there)."""
    days = latent.shape[1]
    other = rng.choice((-1.0, 1.0), days) * rng.uniform(10, 25, days)
    other *= _struck(rng, days, artefact / 5)
    return np.stack((np.clip(latent[WEIGHT] + rng.normal(0, 0.25, days) + other, 32, 240),))


def _spirometer(
    latent: Array, fitting: Fitting, rng: np.random.Generator, artefact: float
) -> Array:
    """Noise 0.085 L (FEV1), 0.13 L (FVC), 8 L/min (PEF). A poor effort is eight times as frequent
    as other misuse (0.08 to 0.01 in clinical.md 3.1); FEV1/FEV6 is FEV1/FVC + 0.03."""
    days = latent.shape[1]
    effort = np.where(_struck(rng, days, 8 * artefact), rng.uniform(0.75, 0.95, days), 1.0)
    gain = effort * fitting.flow_gain
    fev1 = np.clip((latent[FEV1] + rng.normal(0, 0.085, days)) * gain, 0.25, 5.9)
    fvc = (latent[FVC] + rng.normal(0, 0.13, days)) * gain
    fev1 = np.round(fev1, 2)
    fvc = np.round(np.clip(fvc, fev1 * 1.12, 7.9), 2)
    fev6 = np.minimum(fev1 / (fev1 / fvc + 0.03), fvc)
    pef = np.clip((latent[PEF] + rng.normal(0, 8, days)) * gain, 35, 890)
    percent = 100 * fev1 / fitting.predicted_fev1_l
    return np.stack((fev1, fvc, 100 * fev1 / fvc, fev6, pef, np.clip(percent, 9, 199)))


OXIMETER = Instrument(
    "oximeter", "528388", "Nonin", "3230", "1.2", 0, ("spo2", "pulse_oximeter"), _oximeter
)
SCALE = Instrument("scale", "528399", "A&D", "UC-352BLE", "2.0", 3, ("weight",), _scale)
CUFF = Instrument(
    "cuff",
    "528391",
    "A&D",
    "UA-651BLE",
    "1.0",
    6,
    ("systolic", "diastolic", "mean_pressure", "pulse_cuff"),
    _cuff,
)
SPIROMETER = Instrument(
    "spirometer",
    "528413",
    "Vitalograph",
    "4000 Lung Monitor",
    "1.1",
    10,
    ("fev1", "fvc", "fev1_fvc", "fev6", "pef", "fev1_percent_predicted"),
    _spirometer,
)
INSTRUMENTS = (OXIMETER, SCALE, CUFF, SPIROMETER)


def instruments_for(condition: str, rng: np.random.Generator) -> tuple[Instrument, ...]:
    """What stands in a home: the basic set of its condition, and in two of five one more."""
    extra = rng.random() < 0.4
    if condition == "copd":
        return (OXIMETER, SCALE, SPIROMETER) if extra else (OXIMETER, SPIROMETER)
    if condition == "heart-failure":
        return (OXIMETER, SCALE, CUFF) if extra else (SCALE, CUFF)
    return INSTRUMENTS


def tablet_for(asked: Questionnaire) -> Tablet:
    """The tablet of a home that answers this questionnaire."""
    return Tablet("tablet", TABLET_TYPE, "Syntetisk", "Tablet 8", "1.0", 14, asked)


def answers(asked: Questionnaire, worse: Sequence[bool]) -> list[AnswerItem]:
    """What a citizen answers who has these of the questionnaire's symptoms, one by one.

    Whoever is told to ring 112 answers no further.

    >>> from devices.symptoms import questionnaire_of
    >>> [(one.c, one.val) for one in answers(questionnaire_of("copd"), [False, False, True, True])]
    [('dyspnoea', 'no'), ('cough', 'no')]
    """
    has = dict(zip(asked.components, worse, strict=True))
    given: dict[str, str] = {}
    made = []
    while not urgent(asked, given) and (question := next_question(asked, given)) is not None:
        said: Answer = "yes" if has[question.symptom] else "no"
        given[question.symptom] = said
        made.append(AnswerItem(question.symptom, said))
    return made


def answer_texts(asked: Questionnaire, made: Sequence[AnswerItem]) -> dict[str, str]:
    """The same as the ledger keeps it: one text by the questionnaire's alias."""
    given = {item.c: item.val for item in made}
    return {asked.alias: "/".join(given.get(symptom, "") for symptom in asked.components)}


_ROWS = {
    instrument.name: tuple(
        (row.key, row.ucum, f".{row.decimals}f", row.alias)
        for row in (metric(alias) for alias in instrument.aliases)
    )
    for instrument in INSTRUMENTS
}


def items(
    instrument: Instrument, values: Sequence[float], oxygen_l_min: str | None = None
) -> list[Item]:
    """The wire items of one moment: `values` in the order of `instrument.aliases`.

    >>> [(item.c, item.val, item.u) for item in items(SCALE, [81.54])]
    [('188736', '81.5', 'kg')]
    """
    made = []
    for (code, unit, form, alias), value in zip(_ROWS[instrument.name], values, strict=True):
        flow = {"o2_flow": f"{oxygen_l_min} L/min"} if oxygen_l_min and alias == "spo2" else None
        made.append(Item(code, format(value, form), unit, flow))
    return made


def texts(instrument: Instrument, made: Sequence[Item]) -> dict[str, str]:
    """The same by catalogue alias, as the ledger keeps it."""
    rows = _ROWS[instrument.name]
    return {row[3]: item.val or "" for row, item in zip(rows, made, strict=True)}
