"""Rows of the rulebook: pressure."""

from typing import Final

from alerting.rules.colour import Colour
from alerting.rules.conditions import pressure
from alerting.rules.rule import Rule
from alerting.rules.rulebook import sources
from alerting.rules.rulebook.sources import numbers, texts

ROWS: Final[tuple[Rule, ...]] = (
    Rule(
        id="R16",
        slug="systolic-low",
        name_da="Lavt blodtryk",
        name_en="Low blood pressure",
        text_da="Systolisk blodtryk {value:.0f} mmHg ({colour} grænse {limit:.0f} eller lavere).",
        text_en="Systolic pressure {value:.0f} mmHg ({colour} limit {limit:.0f} or lower).",
        family="pressure",
        home="heart-failure",
        signals=("systolic",),
        condition=pressure.systolic_low,
        params=numbers(yellow=99.0, red=89.0, off=5.0),
        sources=texts(
            yellow=sources.HYPOTENSION,
            red=sources.HYPOTENSION,
            off="C: less than one day-to-day sd of 7 mmHg",
            k=sources.TWO_OF_THREE,
            n=sources.TWO_OF_THREE,
            n_off=sources.CLEAR,
        ),
        evidence=texts(value="systolic, mmHg", limit="personal low limit, mmHg"),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        red_alone=True,
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
        home="heart-failure",
        signals=("systolic", "diastolic"),
        condition=pressure.pressure_high,
        params=numbers(
            systolic_yellow=160.0,
            systolic_red=180.0,
            diastolic_yellow=100.0,
            diastolic_red=110.0,
            off_systolic=7.0,
            off_diastolic=5.0,
        ),
        sources=texts(
            systolic_yellow=sources.HYPERTENSION,
            systolic_red=sources.HYPERTENSION,
            diastolic_yellow=sources.HYPERTENSION,
            diastolic_red=sources.HYPERTENSION,
            off_systolic="C: one day-to-day sd (7 mmHg)",
            off_diastolic="C: one day-to-day sd (5 mmHg)",
            k=sources.TWO_OF_THREE,
            n=sources.TWO_OF_THREE,
            n_off=sources.CLEAR,
        ),
        evidence=texts(
            value="systolic, mmHg",
            limit="personal high limit of the worse of the two, mmHg",
            extra="diastolic, mmHg",
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        red_alone=True,
        lookback_days=14.0,
    ),
)  # fmt: skip
