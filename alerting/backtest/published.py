"""What others have published, to stand beside our figures: detection, and trials of monitoring.

Out: `STUDIES` and `TRIALS`. Shown by the reports of `score` and `benefits`. None of it is ours, and
none is comparable without its own definition of an episode and its own window, which it names.
"""

from typing import Final, NamedTuple


class Study(NamedTuple):
    """A published performance. `sensitivity` and `false_per_patient_week` where it states them;
    `checked`: read in the source, not only remembered."""

    name: str
    population: str
    condition: str
    found: str
    sensitivity: float | None
    false_per_patient_week: float | None
    checked: bool


class Trial(NamedTuple):
    """A published effect of home monitoring; `ratio` of admissions where it is told as one."""

    name: str
    population: str
    effect: str
    checked: bool
    ratio: float | None = None
    interval: tuple[float, float] | None = None


STUDIES: Final = (
    Study("Hurst 2010", "40, daily SpO2, pulse, PEF", "copd",
          "sens 71 %, spec 74 % with symptoms; AUC 0.83", 0.71, None, True),
    Study("Mohktar 2015", "home FEV1, SpO2, weight", "copd",
          "sens 61.1 %, spec 80.4 %, one day ahead", 0.611, None, True),
    Study("Jensen 2012 (TeleKat)", "57, Denmark", "copd",
          "sens 70 %, spec 95 %", 0.70, None, False),
    Study("Chmiel 2022 (myCOPD)", "2 374, symptoms", "copd",
          "AUROC 0.727; baseline sens 55 %, spec 76 %, 3-day window", 0.55, None, True),
    Study("Fernandez-Granero", "16, respiratory sounds", "copd",
          "78 % of 41 detected, 4.4 days ahead", 0.78, None, True),
    Study("FAST 2011, weight", "156", "heart-failure",
          "sens 22.5 %, 4.3 unexplained a patient-year, 30-day window", 0.225, 0.082, True),
    Study("FAST 2011, impedance (implant)", "156", "heart-failure",
          "sens 76.4 %, 1.9 unexplained a patient-year", 0.764, 0.036, True),
    Study("Ledwidge 2013, 2 kg in 2-3 days", "87, 28 episodes", "heart-failure",
          "sens 21 %", 0.21, None, True),
    Study("Ledwidge 2013, HeartPhone", "87, 28 episodes", "heart-failure",
          "sens 82 %, own moving average", 0.82, None, True),
    Study("Cuba-Gyllensten 2016, weight", "91", "heart-failure",
          "rule of thumb 20 %, MACD 33 %", 0.33, None, True),
    Study("Larburu 2018", "242", "heart-failure",
          "AUC 0.67; false alerts 28.6, then 7.8 a patient-year", None, 0.15, True),
    Study("HeartPredict (TIM-HF2 data)", "weight and symptoms", "heart-failure",
          "sens 72 %, spec 94 %", 0.72, None, True),
    Study("LINK-HF 2020 (chest patch)", "100", "heart-failure",
          "sens 76-88 %, spec 85 %, median 6.5 days", 0.76, None, True),
    Study("MultiSENSE 2017 (implant)", "320 patient-years", "heart-failure",
          "sens 70 %, 1.47 unexplained a patient-year, median 34 days", 0.70, 0.028, False),
)  # fmt: skip
"""Reference 2."""

TRIALS: Final = (
    Trial("WISH (Lyngå 2012)", "heart failure, weight", "HR of admission 0.90 (0.65-1.26)", True,
          0.90, (0.65, 1.26)),
    Trial("Aalborg (Kronborg 2025)", "COPD, prediction algorithm",
          "IRR of admission 1.30 (0.50-3.38)", True, 1.30, (0.50, 3.38)),
    Trial("TeleCare North COPD (Lilholt 2017)", "COPD, Denmark",
          "no difference in quality of life", True),
    Trial("Ringbæk", "COPD, 281 patients, 6 months",
          "no significant difference in admissions (0.54 against 0.59 a patient)", False, 0.92),
    Trial("Ho 2016", "COPD, Taiwan", "readmissions 0.23 against 0.68 a patient", True, 0.34),
    Trial("Cochrane", "heart failure, telemonitoring",
          "mortality RR 0.80, admission for heart failure RR 0.71", False, 0.71),
    Trial("TIM-HF2", "heart failure, Germany",
          "days lost 4.88 against 6.64 %, HR of death 0.70", False),
    Trial("TeleCare North heart failure (Vestergaard 2020)", "heart failure, Denmark",
          "cost -35 % (-5 096 GBP, -8 736 to -1 456); QALY +0.003, not significant", True),
    Trial("22 trials, 2 906 patients (IJERPH 2021)", "COPD",
          "fewer emergency visits, not fewer admissions", True),
)  # fmt: skip
"""Reference 8."""
