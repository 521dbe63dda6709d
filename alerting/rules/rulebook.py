"""The rules, one row each: numbers, sources, texts and the condition that uses them.

Adding a rule is adding a row here and a function in `conditions`. Every number carries its
source; "C" marks a design choice of this project without a literature value. Thresholds are
engineering defaults and never medical advice: limits are personal and edited by the clinic.

Limits that a clinician edits (R01, R06, R16, R17) are copied from these rows to the patient at
enrolment by `default_limits`; at run time those rules read the patient's own limits only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alerting.rules import conditions
from alerting.rules.colour import Colour
from alerting.rules.rule import Rule
from alerting.rules.signals import SIGNALS

RULEBOOK_VERSION: Final = "1.0.0"
"""Rises with any change that can change a colour."""

MAX_AGE_DAYS: Final = 10.0
"""A k-of-n register forgets after a gap longer than this (P4)."""


def _numbers(**numbers: float) -> Mapping[str, float]:
    return MappingProxyType(numbers)


def _texts(**texts: str) -> Mapping[str, str]:
    return MappingProxyType(texts)


_CLEAR = "C: three clear readings close a yellow episode"
_TWO_OF_THREE = (
    "C: two of three suppresses isolated bad days (Burton 2015, J Telemed Telecare 21:29)"
)
_SCALE_1 = (
    "C: just below 90 %, which agrees moderately with exacerbation (Cooper 2020, IJCOPD 15:2005)"
)
_SCALE_2 = "C: below the target 88-92 % for hypercapnic risk (NEWS2, RCP 2017)"
_NEWS2_PULSE = "NEWS2 pulse bands (RCP 2017)"
_HYPERTENSION = "ESH/ESC grades of hypertension, from memory; to be checked"
_HYPOTENSION = "common service limits, from memory; to be checked"
_STABLE_SPO2 = "day-to-day sd about 1 % in stable COPD (Hurst 2010, BMC Pulm Med 10:52)"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="R01",
        slug="spo2-low",
        name_da="Lav iltmætning",
        name_en="Low oxygen saturation",
        text_da="Iltmætning {value:.0f} % ({colour} grænse {limit:.0f} % eller lavere).",
        text_en="Oxygen saturation {value:.0f} % ({colour} limit {limit:.0f} % or lower).",
        family="oxygenation",
        signals=("spo2",),
        condition=conditions.spo2_low,
        params=_numbers(yellow=89.0, red=87.0, yellow_scale2=87.0, red_scale2=85.0, off=2.0),
        sources=_texts(
            yellow=_SCALE_1,
            red="C: two points below yellow; FUT IG 8 shows RAL 88 as an example",
            yellow_scale2=_SCALE_2,
            red_scale2=_SCALE_2,
            off="C: two points, above the day-to-day sd of about one",
            n_off=_CLEAR,
        ),
        evidence=_texts(value="saturation, %", limit="personal low limit, %"),
        lookback_days=7.0,
    ),
    Rule(
        id="R03",
        slug="spo2-drop",
        name_da="Fald i iltmætning",
        name_en="Drop in oxygen saturation",
        text_da=(
            "Iltmætning {value:.0f} % mod habituelt {baseline_mean:.1f} %: fald på {extra:.1f} "
            "procentpoint ({colour} grænse {limit:.1f} %)."
        ),
        text_en=(
            "Oxygen saturation {value:.0f} % against a usual {baseline_mean:.1f} %: a drop of "
            "{extra:.1f} percentage points ({colour} limit {limit:.1f} %)."
        ),
        family="oxygenation",
        signals=("spo2",),
        condition=conditions.spo2_drop,
        params=_numbers(yellow=3.0, red=4.0, off=1.0),
        sources=_texts(
            yellow="C: three sd; " + _STABLE_SPO2,
            red="the common four-point desaturation, from memory; to be checked",
            off="C: one sd; " + _STABLE_SPO2,
            k=_TWO_OF_THREE,
            n=_TWO_OF_THREE,
            n_off=_CLEAR,
        ),
        evidence=_texts(
            value="saturation, %",
            limit="baseline minus the drop that counts, %",
            baseline_mean="usual saturation, %",
            baseline_sd="its sd, percentage points",
            baseline_n="effective number of readings behind it",
            extra="drop, percentage points",
        ),
        k=2,
        n=3,
        confirmed=(Colour.RED,),
        per_week_min=2.0,
        lookback_days=84.0,
    ),
    Rule(
        id="R06",
        slug="pulse-abs",
        name_da="Puls uden for grænserne",
        name_en="Pulse outside limits",
        text_da="Puls {value:.0f}/min (nærmeste {colour}e grænse {limit:.0f}/min).",
        text_en="Pulse {value:.0f}/min (nearest {colour} limit {limit:.0f}/min).",
        family="pulse",
        signals=("pulse",),
        condition=conditions.pulse_abs,
        params=_numbers(
            low_red=40.0,
            low_yellow=49.0,
            low_yellow_beta_blocker=45.0,
            high_yellow=111.0,
            high_red=131.0,
            off=5.0,
        ),
        sources=_texts(
            low_red=_NEWS2_PULSE,
            low_yellow="C: one below the NEWS2 band's edge of 50 (RCP 2017)",
            low_yellow_beta_blocker="C: a beta-blocker or pacemaker lowers the usual pulse",
            high_yellow=_NEWS2_PULSE,
            high_red=_NEWS2_PULSE,
            off="C: about one day-to-day sd (5 /min, Hurst 2010)",
            n_off=_CLEAR,
        ),
        evidence=_texts(value="pulse, /min", limit="nearest personal limit, /min"),
        lookback_days=7.0,
    ),
    Rule(
        id="R11",
        slug="weight-3d",
        name_da="Vægtstigning over 3 dage",
        name_en="Weight gain over 3 days",
        text_da=(
            "Vægt {value:.1f} kg, ændring {extra:+.1f} kg på højst 3 dage "
            "({colour} grænse: mere end {limit:.1f} kg)."
        ),
        text_en=(
            "Weight {value:.1f} kg, change {extra:+.1f} kg within 3 days "
            "({colour} limit: more than {limit:.1f} kg)."
        ),
        family="fluid",
        signals=("weight",),
        condition=conditions.weight_gain,
        params=_numbers(window_days=3.0, yellow=2.0, red=3.0, off=1.0),
        sources=_texts(
            window_days="ESC heart failure advice; WISH (Lyngå 2012, EJHF 14:438)",
            yellow="ESC heart failure advice; WISH (Lyngå 2012, EJHF 14:438)",
            red="C: half as much again as yellow",
            off="C: half of yellow, two sd of the home scale's day-to-day spread",
            n_off=_CLEAR,
        ),
        evidence=_texts(
            value="weight, kg", limit="gain that must be exceeded, kg", extra="gain, kg"
        ),
        per_week_min=7.0,
        lookback_days=7.0,
    ),
    Rule(
        id="R14",
        slug="weight-dry",
        name_da="Vægt over tørvægt",
        name_en="Weight above dry weight",
        text_da=(
            "Vægt {value:.1f} kg, {extra:+.1f} kg i forhold til tørvægt eller habituel vægt "
            "({colour} grænse {limit:.1f} kg)."
        ),
        text_en=(
            "Weight {value:.1f} kg, {extra:+.1f} kg against dry or usual weight "
            "({colour} limit {limit:.1f} kg)."
        ),
        family="fluid",
        signals=("weight",),
        condition=conditions.weight_over_dry,
        params=_numbers(yellow=2.0, red=3.0, off=1.5),
        sources=_texts(
            yellow="two kg above dry weight, sustained, from memory; to be checked",
            red="C: half as much again as yellow",
            off="C: one baseline sd (0.5 kg) below yellow",
            k=_TWO_OF_THREE,
            n=_TWO_OF_THREE,
            n_off=_CLEAR,
        ),
        evidence=_texts(
            value="weight, kg",
            limit="dry weight plus the excess that counts, kg",
            baseline_mean="usual weight, kg",
            baseline_sd="its sd, kg",
            baseline_n="effective number of readings behind it",
            extra="weight above dry weight, kg",
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW,),
        per_week_min=1.0,
        lookback_days=42.0,
    ),
    Rule(
        id="R16",
        slug="systolic-low",
        name_da="Lavt blodtryk",
        name_en="Low blood pressure",
        text_da="Systolisk blodtryk {value:.0f} mmHg ({colour} grænse {limit:.0f} eller lavere).",
        text_en="Systolic pressure {value:.0f} mmHg ({colour} limit {limit:.0f} or lower).",
        family="pressure",
        signals=("systolic",),
        condition=conditions.systolic_low,
        params=_numbers(yellow=99.0, red=89.0, off=5.0),
        sources=_texts(
            yellow=_HYPOTENSION,
            red=_HYPOTENSION,
            off="C: less than one day-to-day sd of 7 mmHg",
            k=_TWO_OF_THREE,
            n=_TWO_OF_THREE,
            n_off=_CLEAR,
        ),
        evidence=_texts(value="systolic, mmHg", limit="personal low limit, mmHg"),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW,),
        lookback_days=14.0,
    ),
    Rule(
        id="R17",
        slug="pressure-high",
        name_da="Højt blodtryk",
        name_en="High blood pressure",
        text_da="Blodtryk {value:.0f}/{extra:.0f} mmHg ({colour} grænse {limit:.0f} eller højere).",
        text_en="Blood pressure {value:.0f}/{extra:.0f} mmHg ({colour} limit {limit:.0f} or more).",
        family="pressure",
        signals=("systolic", "diastolic"),
        condition=conditions.pressure_high,
        params=_numbers(
            systolic_yellow=160.0,
            systolic_red=180.0,
            diastolic_yellow=100.0,
            diastolic_red=110.0,
            off_systolic=7.0,
            off_diastolic=5.0,
        ),
        sources=_texts(
            systolic_yellow=_HYPERTENSION,
            systolic_red=_HYPERTENSION,
            diastolic_yellow=_HYPERTENSION,
            diastolic_red=_HYPERTENSION,
            off_systolic="C: one day-to-day sd (7 mmHg)",
            off_diastolic="C: one day-to-day sd (5 mmHg)",
            k=_TWO_OF_THREE,
            n=_TWO_OF_THREE,
            n_off=_CLEAR,
        ),
        evidence=_texts(
            value="systolic, mmHg",
            limit="personal high limit of the worse of the two, mmHg",
            extra="diastolic, mmHg",
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        lookback_days=14.0,
    ),
    Rule(
        id="R24",
        slug="missing",
        name_da="Manglende måling",
        name_en="Missing measurement",
        text_da="Aftalte måledage i træk uden måling: {extra:.0f}.",
        text_en="Planned days in a row without a measurement: {extra:.0f}.",
        family="missing",
        signals=(),
        condition=conditions.missing,
        params=_numbers(grace_days=1.0, blue=1.0, yellow=2.0, call=3.0),
        sources=_texts(
            grace_days="C: a reminder first, a colour a day after the due time",
            blue="C: Danish practice marks a missing measurement blue (OpenTele)",
            yellow="C: a task after two misses",
            call="C: silence for three due days asks for a phone call",
        ),
        evidence=_texts(value="due days missed in a row", extra="due days missed in a row"),
        n_off=0,
        lookback_days=21.0,
        urgent_da="Ring til borgeren.",
        urgent_en="Telephone the citizen.",
    ),
    Rule(
        id="T01",
        slug="quality",
        name_da="Usikker måling",
        name_en="Doubtful measurement",
        text_da="{signal} {value:.1f} {unit} ser forkert ud; bed borgeren om at måle igen.",
        text_en="{signal} {value:.1f} {unit} looks wrong; ask the citizen to measure again.",
        family="quality",
        signals=tuple(signal.alias for signal in SIGNALS),
        condition=conditions.quality,
        params=_numbers(jump_kg=10.0, jump_percent=20.0, agree_kg=3.0),
        sources=_texts(
            jump_kg="C: another person on the scale",
            jump_percent="C: another person on the scale",
            agree_kg="C: within R14's red excess, so the same person twice",
        ),
        evidence=_texts(value="the refused value", extra="its column in SIGNALS"),
        n_off=0,
        lookback_days=30.0,
    ),
)  # fmt: skip

_INDEX: Final = {rule.id: index for index, rule in enumerate(RULES)}


def rule_index(rule_id: str) -> int:
    """The column of a rule.

    >>> rule_index("R01")
    0
    """
    return _INDEX[rule_id]
