"""Every number the simulated cohort rests on, each with its unit and its source.

In: nothing. Out: constants, and `NUMBERS` for the table in docs/SIMULATOR.md. Read by the other
modules of this folder. A source of "C" is a choice of ours: no published value, argued for beside
it. "clinical" is the project's reference of published values, whose section is named.
"""

from typing import NamedTuple

import numpy as np

from devices.symptoms import SYMPTOMS

SIGNALS = ("spo2", "pulse", "weight", "systolic", "diastolic", "fev1", "pef")
"""The columns of every (patients, signals, days) array, as in `alerting.rules`: %, /min, kg,
mmHg, mmHg, L, L/min."""
SPO2, PULSE, WEIGHT, SYSTOLIC, DIASTOLIC, FEV1, PEF = range(len(SIGNALS))

ITEMS = tuple(row.alias for row in SYMPTOMS)
"""The questions of the questionnaires; a yes means worse than usual, or present."""


class Number(float):
    """A float that knows its unit and its source; everywhere else it is a float."""

    __slots__ = ("source", "unit")
    unit: str
    source: str

    def __new__(cls, value: float, unit: str, source: str) -> "Number":
        """Raises ValueError without a source."""
        if not source:
            raise ValueError("a number needs a source, or C")
        made = super().__new__(cls, value)
        made.unit, made.source = unit, source
        return made


class Signal(NamedTuple):
    """One signal of a stable patient, in its own unit; `swing` is a share where `relative`."""

    day_sd: float
    """SD of the AR(1) part, with correlation `phi` to the day before."""
    phi: float
    noise_sd: float
    """SD of a repeated measurement, the device's own error included."""
    walk_sd: float
    """SD of the slow drift per square root of a day."""
    swing: float
    """Half the difference between the highest and lowest hour, highest at `peak_hour`."""
    peak_hour: float
    relative: bool
    step: float
    """What the display resolves."""
    low: float
    high: float
    source: str


SIGNAL_ROWS: dict[str, Signal] = {
    "spo2": Signal(0.7, 0.6, 0.7, 0.0, 0.3, 14, False, 1, 51, 100, "Hurst 2010: SD about 1"),
    "pulse": Signal(3.5, 0.6, 3.5, 0.0, 2.5, 15, False, 1, 30, 210, "Hurst 2010: SD about 5"),
    "weight": Signal(
        0.45, 0.7, 0.345, 0.18, 0.3, 20, False, 0.1, 32, 240,
        "Zhang 2009: SD of the 14-day change 1.1; scale 0.1 and clothing 0.33",
    ),
    "systolic": Signal(
        5.0, 0.5, 6.5, 0.3, 3.0, 10, False, 1, 65, 250,
        "Warren 2010: weekly means CV 4.2 %; daily SD 8-9",
    ),
    "diastolic": Signal(
        3.0, 0.5, 4.5, 0.2, 0.0, 10, False, 1, 35, 150,
        "Warren 2010: weekly means CV 3.9 %; daily SD 5-6",
    ),
    "fev1": Signal(
        0.060, 0.6, 0.085, 0.0, 0.025, 14, True, 0.01, 0.25, 5.9,
        "Swedish home study 2020: SD 0.105",
    ),
    "pef": Signal(6.0, 0.6, 8.0, 0.0, 0.025, 14, True, 1, 35, 890, "Hurst 2010: SD about 10"),
}  # fmt: skip
"""Clinical 3.2 (variation) and 3.3 (circadian)."""

WALK_RETURN = Number(1 / 180, "per day", "clinical 3.2: drift returns at 1/180 a day")
WALK_RETURN_PRESSURE = Number(1 / 60, "per day", "C: blood pressure is kept by treatment")
FEV1_LOSS = Number(0.035 / 365, "L/day", "Donaldson 2002: 35 mL a year")
RHO_SPO2_PULSE = Number(-0.3, "", "clinical 3.2: C")
RHO_PULSE_SYSTOLIC = Number(0.1, "", "clinical 3.2: C")
RHO_PRESSURES = Number(0.6, "", "clinical 3.2: C")
RHO_FLOWS = Number(0.7, "", "C: FEV1 and PEF come from the same blow")
AF_PULSE_NOISE = Number(1.4, "times", "C: the pulse is irregular in atrial fibrillation")
SYSTOLIC_WINTER = Number(1.5, "mmHg", "clinical 3.3, from memory: 3 higher in winter than summer")
CHRISTMAS_KG = Number(0.8, "kg", "clinical 3.3, from memory")
CHRISTMAS_KG_SD = Number(0.4, "kg", "C")

# --- 3.1 device error ---------------------------------------------------------------------------
OXIMETER_BIAS = Number(1.7, "% SD", "ISO 80601-2-61: Arms 2, mostly between devices and persons")
DARK_SKIN = Number(0.03, "share", "C: population of Denmark; clinical 3.1: +1 to +2 bias")
DARK_SKIN_LOW = Number(1.0, "%", "clinical 3.1, from memory")
DARK_SKIN_HIGH = Number(2.0, "%", "clinical 3.1, from memory")
CUFF_BIAS_SYSTOLIC = Number(5.0, "mmHg SD", "ISO 81060-2: mean error at most 5, SD at most 8")
CUFF_BIAS_DIASTOLIC = Number(4.0, "mmHg SD", "ISO 81060-2")
SPIROMETER_GAIN = Number(0.015, "share SD", "ISO 26782: within 2.5 %")
SCALE_BIAS = Number(0.3, "kg SD", "C: two household scales on one floor")
COLD_FINGER = Number(0.01, "per reading", "clinical 3.1")
COLD_FINGER_LOW = Number(3, "%", "clinical 3.1")
COLD_FINGER_HIGH = Number(10, "%", "clinical 3.1")
POOR_EFFORT = Number(0.08, "per reading", "clinical 3.1: graded D to F")
POOR_EFFORT_LOW = Number(0.75, "times", "clinical 3.1")
POOR_EFFORT_HIGH = Number(0.95, "times", "clinical 3.1")
WRONG_CUFF = Number(0.01, "per reading", "clinical 3.1: wrong cuff or arm")
WRONG_CUFF_MMHG = Number(15, "mmHg", "clinical 3.1")
WRONG_PERSON = Number(0.002, "per reading", "clinical 3.1")
WRONG_PERSON_LOW = Number(10, "kg", "clinical 3.1")
WRONG_PERSON_HIGH = Number(40, "kg", "clinical 3.1")
SWAPS = Number(0.12, "per device and year", "C: batteries, breakage, service")

# --- 3.3 season ---------------------------------------------------------------------------------
SEASON_COPD = Number(0.28, "share", "So 2018: 0.13 and 0.079 per month; 0.25 before clustering (C)")
SEASON_HF = Number(0.09, "share", "clinical 3.3, from memory: winter to summer 1.2")
SEASON_PEAK = Number(20, "day of year", "clinical 3.3")

# --- 3.5 COPD exacerbations ---------------------------------------------------------------------
COPD_RATE_GOLD2 = Number(0.85, "per year", "ECLIPSE, from memory")
COPD_RATE_GOLD3 = Number(1.34, "per year", "ECLIPSE, from memory")
COPD_RATE_GOLD4 = Number(2.00, "per year", "ECLIPSE, from memory")
RATE_SHAPE = Number(1.2, "", "clinical 3.5: C, gamma between patients")
AGAIN_TIMES = Number(1.5, "times", "clinical 3.5, from memory: hazard after an exacerbation")
AGAIN_DAYS = Number(56, "days", "clinical 3.5: eight weeks")
COPD_APART_DAYS = Number(21, "days", "C: a new onset this soon belongs to the same exacerbation")
COPD_BASE_RATE = Number(1.03, "times", "C: keeps the yearly rate in spite of the two rows above")
PRODROME_LOW = Number(2, "days", "clinical 3.5; van den Berge 2012: symptoms, pulse, SpO2")
PRODROME_HIGH = Number(8, "days", "clinical 3.5")
COPD_PEAK_DAYS = Number(2.5, "days", "clinical 3.5: peak after onset")
SEVERITY_SD = Number(0.4, "log", "clinical 3.5: s ~ LN(0, 0.4)")
DELAY_QUANTILES = ((0.0, 0.25), (0.25, 2.0), (0.5, 3.69), (0.75, 5.57), (0.95, 10.0), (1.0, 14.0))
"""Share and days from onset to treatment: Wilkinson 2004, median 3.69, quartiles 2 and 5.57;
both ends are ours."""
REPORTED = Number(0.48, "share", "Wilkinson 2004: 658 of 1099, those admitted among them; C")
COPD_LENGTH = Number(9.15, "days", "Wilkinson 2004: median 10.7 at the median delay of 3.69")
COPD_LENGTH_SD = Number(0.45, "log", "Wilkinson 2004: quartiles 7 and 14")
LENGTH_PER_DELAY = Number(0.42, "days per day", "Wilkinson 2004: 0.19 to 0.65")
LENGTH_FLOOR = Number(3, "days", "clinical 8")
SYMPTOMS_UNTIL = Number(0.80, "times tau", "C: tau is then 8.7 days at the median (clinical 3.5)")
COPD_SPO2 = Number(2.0, "%", "clinical 3.5: fall at peak")
COPD_SPO2_SD = Number(1.0, "%", "clinical 3.5")
COPD_PULSE = Number(10, "/min", "clinical 3.5: rise at peak")
COPD_PULSE_SD = Number(5, "/min", "clinical 3.5")
COPD_FEV1 = Number(0.11, "share", "clinical 3.5: fall at peak")
COPD_PEF = Number(0.12, "share", "clinical 3.5: fall at peak")
COPD_FLOW_SD = Number(0.06, "share", "clinical 3.5")
COPD_ADMITTED_LOGIT = Number(-1.35, "logit", "C: about a quarter of exacerbations is admitted")
ADMITTED_PER_SEVERITY = Number(1.1, "logit", "clinical 8")
COPD_BED_DAYS = Number(4, "days", "clinical 8, from memory: LN(ln 4, 0.7)")
BED_DAYS_SD = Number(0.7, "log", "clinical 8, from memory")

# --- 3.5 heart failure --------------------------------------------------------------------------
HF_RATE = Number(0.70, "per year", "Ledwidge 2013; FAST 0.28, Moazeni 0.97")
HF_PRODROME_DAYS = Number(30, "days", "Chaudhry 2007: gain from about 30 days before")
HF_RISE = Number(7, "days", "Chaudhry 2007: steep from 7 days; tau ~ LN(ln 7, 0.4)")
HF_RISE_SD = Number(0.4, "log", "clinical 3.5")
HF_OTHER_RISE = Number(5, "days", "clinical 3.5: tau of pulse, SpO2, FEV1, pressure")
HF_DECAY = Number(5, "days", "clinical 3.5: after treatment")
HF_OVERSHOOT = Number(0.3, "kg", "clinical 3.5: diuresis goes a little too far")
HF_OVERSHOOT_DAYS = Number(30, "days", "C: until that is regained")
HF_APART_DAYS = Number(45, "days", "C: prodrome and recovery do not overlap")
HF_BASE_RATE = Number(1.12, "times", "C: keeps the yearly rate in spite of the row above")
CONGESTIVE = Number(0.55, "share", "clinical 3.5: with weight gain; the rest redistributes fluid")
HF_GAIN = Number(2.6, "kg", "clinical 3.5: gamma of shape 3; Zhang 2009: +0.9 in 14 days, all")
HF_GAIN_SHAPE = Number(3, "", "clinical 3.5")
HF_GAIN_OTHER_SD = Number(0.5, "kg", "clinical 3.5: redistribution")
HF_PULSE = Number(9, "/min", "clinical 3.5")
HF_PULSE_SD = Number(5, "/min", "clinical 3.5")
HF_SPO2 = Number(1.8, "%", "clinical 3.5: fall")
HF_SPO2_SD = Number(1.0, "%", "clinical 3.5")
HF_FLOW = Number(0.08, "share", "clinical 3.5: fall of FEV1, and of PEF")
HF_FLOW_SD = Number(0.04, "share", "clinical 3.5")
LOW_OUTPUT = Number(0.5, "share", "clinical 3.5: the rest is vascular")
HF_SYSTOLIC_UP = Number(10, "mmHg", "clinical 3.5: vascular")
HF_SYSTOLIC_DOWN = Number(12, "mmHg", "clinical 3.5: low output")
HF_SYSTOLIC_SD = Number(6, "mmHg", "clinical 3.5")
DIASTOLIC_SHARE = Number(0.5, "times", "C: of the systolic change")
HF_ADMITTED_LOGIT = Number(-0.4, "logit", "C: 0.3 admissions a year, FAST 0.28")
HF_BED_DAYS = Number(6, "days", "clinical 8, from memory: LN(ln 6, 0.7)")
COMORBID_TIMES = Number(1.3, "times", "clinical 3.5: C")
COMORBID_TRIGGER = Number(
    0.25, "share", "clinical 3.5: C, exacerbations followed by a decompensation"
)
COMORBID_TRIGGER_DAYS = Number(7, "days", "clinical 3.5: C")
COURSE_DAYS = Number(5, "days", "GOLD: prednisolone for five days")

# --- 3.5 decoys ---------------------------------------------------------------------------------
BAD_DAYS = Number(0.9, "times the episode rate", "Burton 2015: 150 bad days, 172 onsets")
BAD_DAY_PULSE = Number(4, "/min", "clinical 3.5 (a)")
BAD_DAY_SPO2 = Number(0.8, "%", "clinical 3.5 (a)")
HOLIDAY_WEIGHT = Number(1.5, "per year", "clinical 3.5 (b)")
HOLIDAY_KG_LOW = Number(1.0, "kg", "clinical 3.5 (b)")
HOLIDAY_KG_HIGH = Number(1.8, "kg", "clinical 3.5 (b)")
DRUG_COURSES = Number(0.5, "per year", "C: frequency; size from clinical 3.5 (c)")
DIURETIC_KG = Number(1.5, "kg", "clinical 3.5 (c): lost in five days")
DIURETIC_DAYS = Number(5, "days", "clinical 3.5 (c)")
STEROID_KG = Number(1.0, "kg", "clinical 3.5 (c): gained in ten days")
STEROID_DAYS = Number(10, "days", "clinical 3.5 (c)")
STEROID_PULSE = Number(4, "/min", "clinical 3.5 (c)")
COLDS = Number(1.0, "per year", "clinical 3.5 (d)")
COLD_PULSE = Number(5, "/min", "clinical 3.5 (d)")
COLD_DAYS = Number(4, "days", "clinical 3.5 (d)")
SLOW_CHANGES = Number(0.3, "per year", "C: frequency; sizes from clinical 3.5 (f)")
DIET_KG = Number(2.4, "kg", "clinical 3.5 (f): 0.3 a week for 8 weeks")
BETA_BLOCKER_PULSE = Number(8, "/min", "clinical 3.5 (f): over two weeks")
ANTIHYPERTENSIVE = Number(10, "mmHg", "clinical 3.5 (f)")
OXYGEN_STARTS = Number(0.10, "per year", "C: of COPD below 93.5 % on air; size clinical 3.5 (h)")
OXYGEN_STARTS_BELOW = Number(93.5, "%", "C: SpO2 when well")
RETURN_DAYS = Number(14, "days", "C: after a drug course weight and pulse come back")
SLOW_DAYS = Number(14, "days", "clinical 3.5 (f): two weeks; dieting eight")
DIET_DAYS = Number(56, "days", "clinical 3.5 (f)")
LEARNT_DAYS = Number(28, "days", "C: a lasting change counts as a decoy for so long")
COLD_COUGH = Number(0.5, "share", "C: colds with more cough than usual")
OXYGEN_START_SPO2 = Number(3, "%", "clinical 3.5 (h)")

# --- symptoms -----------------------------------------------------------------------------------
BACKGROUND = Number(0.035, "per question and day", "clinical 4.0 P9: 0.04, less decoys (C)")
BACKGROUND_ICC = Number(0.36, "", "Burton 2015: between patients")
BACKGROUND_MAX = Number(0.6, "share", "C: nobody is worse than usual on most days")
ANSWERED_TRULY = Number(0.92, "share", "C: of the days of a symptom")


class Item(NamedTuple):
    """One question: how often it appears in an episode, and its background."""

    in_copd: float
    in_hf: float
    """In congestive decompensations for oedema, in low output for dizziness and syncope."""
    background: float
    """Times `BACKGROUND`."""
    source: str


ITEM_ROWS: dict[str, Item] = {
    "dyspnoea": Item(0.75, 0.70, 1.2, "clinical 3.5; background C"),
    "cough": Item(0.75, 0.0, 1.2, "clinical 3.5; background C"),
    "sputum": Item(0.75, 0.0, 1.0, "clinical 3.5; background C"),
    "sputum_colour": Item(0.50, 0.0, 0.6, "C: half of exacerbations are purulent"),
    "oedema": Item(0.0, 0.50, 1.0, "clinical 3.5; background C"),
    "orthopnoea": Item(0.0, 0.35, 0.5, "clinical 3.5; background C"),
    "dizziness": Item(0.0, 0.30, 0.8, "C"),
    "chest_pain": Item(0.0, 0.04, 0.1, "C"),
    "syncope": Item(0.0, 0.02, 0.01, "C"),
}

# --- 3.4 behaviour ------------------------------------------------------------------------------
ADHERENCE_A = Number(3.3, "", "TIM-HF 81.8 % (SD 22.8), VA 75.8 %, FAST 76 %; clinical 3.4: 6")
ADHERENCE_B = Number(0.7, "", "as above; clinical 3.4: 1.5, which with the gaps gives 72 %")
WEEKEND = Number(0.93, "times", "clinical 3.4")
HOLIDAY = Number(0.8, "times", "clinical 3.4")
NOVELTY = Number(
    0.5, "of misses", "Murphy 2017: adherence falls over two weeks, then level; size C"
)
NOVELTY_DAYS = Number(14, "days", "Murphy 2017")
GAP_STARTS = Number(0.012, "per day", "C: clinical 3.4 has 0.02, see adherence")
GAP_DAYS = Number(4, "days", "clinical 3.4: mean")
ILL_TIMES = Number(0.75, "times", "clinical 3.4; direction from BEAT-HF 2020")
ILL_DAYS = Number(5, "days", "clinical 3.4: before treatment or admission")
AFTER_ADMISSION_TIMES = Number(0.81, "times", "BEAT-HF nursing paper")
AFTER_ADMISSION_DAYS = Number(14, "days", "BEAT-HF nursing paper")
DROPOUT = Number(0.15, "per year", "clinical 3.4")
TRAVELS = Number(0.7, "per year", "C: told to the clinic beforehand")
TRAVEL_LOW = Number(3, "days", "C")
TRAVEL_HIGH = Number(14, "days", "C")
HABITS = ((0.70, 7.5, 1.0), (0.20, 10.5, 0.75), (0.10, 19.5, 1.0))
"""Share, hour, SD (h): morning, late morning, evening (clinical 3.4; late hours C)."""
HABIT_KEPT = Number(0.85, "share", "C: otherwise at one of the three hours at random")

# --- 3.6 cohort ---------------------------------------------------------------------------------
AGE_COPD = Number(70, "years", "Al Rajeh 2020: 70.6 (8.1); Ringbaek 69.8")
AGE_COPD_SD = Number(8, "years", "Al Rajeh 2020")
AGE_HF = Number(72, "years", "Cichosz 2016: 72 in Denmark; WISH 73")
AGE_HF_SD = Number(10, "years", "clinical 3.6")
FEMALE_COPD = Number(0.50, "share", "Al Rajeh 2020: 52 %")
FEMALE_HF = Number(0.30, "share", "WISH: 25 %; clinical 3.6")
FEV1_PERCENT = Number(43, "%", "clinical 3.6: Beta on 15 to 80; Ringbaek 34.9, Al Rajeh 53")
FEV1_PERCENT_SD = Number(13, "%", "clinical 3.6")
FEV1_PERCENT_HF = Number(85, "%", "C: heart failure without COPD")
FEV1_PERCENT_HF_SD = Number(10, "%", "C")
PEF_PER_FEV1 = Number(226, "L/min per L", "Donaldson 2002: 234 L/min with 1.034 L")
BMI_COPD = Number(25.5, "kg/m2", "clinical 3.6")
BMI_HF = Number(28, "kg/m2", "clinical 3.6")
BMI_SD = Number(5, "kg/m2", "clinical 3.6")
SMOKERS = Number(0.30, "share", "clinical 3.6")
LTOT = Number(0.20, "share", "clinical 3.6; Ringbaek 26 %")
SCALE2 = Number(0.60, "share", "clinical 3.6: of those on oxygen")
AF_HF = Number(0.35, "share", "clinical 3.6")
AF_COPD = Number(0.10, "share", "C")
REDUCED_EF = Number(0.85, "share", "C: the Danish programme is for EF at most 40")
BETA_BLOCKER = Number(0.90, "share", "clinical 3.6: of HFrEF")
BETA_BLOCKER_OTHER = Number(0.15, "share", "C")
PACEMAKER_HF = Number(0.12, "share", "C")
SPO2_COPD = Number(94.4, "%", "C: 93.6 over all (Burton 2015), those on oxygen included")
SPO2_COPD_SD = Number(1.4, "%", "C")
SPO2_OXYGEN = Number(91.2, "%", "NEWS2: target 88-92; those without retention lie higher")
SPO2_OXYGEN_SD = Number(1.0, "%", "C")
SPO2_HF = Number(95.8, "%", "C")
SPO2_HF_SD = Number(1.2, "%", "C")
PULSE_COPD = Number(87, "/min", "Burton 2015: 87 before, 94 at onset")
PULSE_COPD_SD = Number(10, "/min", "C")
PULSE_HF = Number(70, "/min", "C: on beta-blocker")
PULSE_HF_SD = Number(9, "/min", "C")
PULSE_BOTH = Number(78, "/min", "C")
PULSE_AF = Number(5, "/min", "C: higher in atrial fibrillation")
SYSTOLIC_COPD = Number(133, "mmHg", "clinical 3.6")
SYSTOLIC_COPD_SD = Number(16, "mmHg", "clinical 3.6")
SYSTOLIC_HF = Number(120, "mmHg", "clinical 3.6")
SYSTOLIC_HF_SD = Number(15, "mmHg", "clinical 3.6")
DIASTOLIC_LEVEL = Number(0.585, "times systolic", "C: 78 with 133, 70 with 120")
DIASTOLIC_LEVEL_SD = Number(6, "mmHg", "C")

MIX = {"copd": 0.506, "heart-failure": 0.377, "both": 0.117}
"""Share of each condition: heart failure in 18.8 % of COPD (Kaszuba 2016), COPD in 23.6 % of
hospital heart failure (PMID 17627878); the two programmes are about equal in size (C)."""

DEVICES: dict[str, dict[str, float]] = {
    "oximeter": {"copd": 1.0, "heart-failure": 0.7, "both": 1.0},
    "scale": {"copd": 0.7, "heart-failure": 1.0, "both": 1.0},
    "cuff": {"copd": 0.5, "heart-failure": 1.0, "both": 1.0},
    "spirometer": {"copd": 0.7, "heart-failure": 0.0, "both": 0.7},
}
"""Share of homes that have each device (C: the Danish kits hold oximeter, scale and cuff; a
spirometer where the clinic lends one)."""
DEVICE_SIGNALS = {
    "oximeter": (SPO2, PULSE),
    "scale": (WEIGHT,),
    "cuff": (SYSTOLIC, DIASTOLIC, PULSE),
    "spirometer": (FEV1, PEF),
}

NUMBERS: dict[str, Number] = {
    name: value for name, value in list(globals().items()) if isinstance(value, Number)
}
ROWS = tuple(SIGNAL_ROWS[name] for name in SIGNALS)
ITEM_ORDER = tuple(ITEM_ROWS[name] for name in ITEMS)
STEP = np.array([row.step for row in ROWS])
DECIMALS = tuple({1.0: 0, 0.1: 1, 0.01: 2}[float(row.step)] for row in ROWS)
