"""Rows of the rulebook: fluid."""

from typing import Final

from alerting.rules.colour import Colour
from alerting.rules.conditions import fluid
from alerting.rules.rule import Rule
from alerting.rules.rulebook import sources
from alerting.rules.rulebook.sources import numbers, texts

ROWS: Final[tuple[Rule, ...]] = (
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
        home="heart-failure",
        signals=("weight",),
        condition=fluid.weight_gain,
        params=numbers(window_days=3.0, yellow=2.0, red=3.0, off=1.0),
        sources=texts(
            window_days="ESC heart failure advice; WISH (Lyngå 2012, EJHF 14:438)",
            yellow="ESC heart failure advice; WISH (Lyngå 2012, EJHF 14:438)",
            red="C: half as much again as yellow",
            off="C: half of yellow, two sd of the home scale's day-to-day spread",
            n_off=sources.CLEAR,
        ),
        evidence=texts(
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
        home="heart-failure",
        signals=("weight",),
        condition=fluid.weight_over_dry,
        params=numbers(yellow=2.0, red=3.0, off=1.5),
        sources=texts(
            yellow="two kg above dry weight, sustained, from memory; to be checked",
            red="C: half as much again as yellow",
            off="C: one baseline sd (0.5 kg) below yellow",
            k=sources.TWO_OF_THREE,
            n=sources.TWO_OF_THREE,
            n_off=sources.CLEAR,
        ),
        evidence=texts(
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
)  # fmt: skip
