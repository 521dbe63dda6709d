"""Rows of the rulebook: oxygenation."""

from typing import Final

from alerting.rules.colour import Colour
from alerting.rules.conditions import oxygenation
from alerting.rules.rule import Rule
from alerting.rules.rulebook import sources
from alerting.rules.rulebook.sources import numbers, texts

ROWS: Final[tuple[Rule, ...]] = (
    Rule(
        id="R01",
        slug="spo2-low",
        name_da="Lav iltmætning",
        name_en="Low oxygen saturation",
        text_da="Iltmætning {value:.0f} % ({colour} grænse {limit:.0f} % eller lavere).",
        text_en="Oxygen saturation {value:.0f} % ({colour} limit {limit:.0f} % or lower).",
        family="oxygenation",
        home="copd",
        signals=("spo2",),
        condition=oxygenation.spo2_low,
        params=numbers(yellow=89.0, red=87.0, yellow_scale2=87.0, red_scale2=85.0, off=2.0),
        sources=texts(
            yellow=sources.SCALE_1,
            red="C: two points below yellow; FUT IG 8 shows RAL 88 as an example",
            yellow_scale2=sources.SCALE_2,
            red_scale2=sources.SCALE_2,
            off="C: two points, above the day-to-day sd of about one",
            k=sources.CONFIRMED,
            n=sources.CONFIRMED,
            n_off=sources.CLEAR,
        ),
        evidence=texts(value="saturation, %", limit="personal low limit, %"),
        k=2,
        n=3,
        confirmed=(Colour.RED,),
        red_alone=True,
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
        home="copd",
        signals=("spo2",),
        condition=oxygenation.spo2_drop,
        params=numbers(yellow=3.0, red=4.0, off=1.0),
        sources=texts(
            yellow="C: three sd; " + sources.STABLE_SPO2,
            red="the common four-point desaturation, from memory; to be checked",
            off="C: one sd; " + sources.STABLE_SPO2,
            k=sources.TWO_OF_THREE,
            n=sources.TWO_OF_THREE,
            n_off=sources.CLEAR,
        ),
        evidence=texts(
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
)  # fmt: skip
