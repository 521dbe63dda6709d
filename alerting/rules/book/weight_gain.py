"""Weight that rises: R11 to R14. Weights are compared in whole grams, so limits are exact."""

from typing import Final

import numpy as np

from alerting.rules.book.sides import BASELINE, CLEAR, CONFIRMED, GRAMS, WEIGHT
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade, window_gain
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_ESC: Final = "ESC heart failure advice; WISH (Lyngå 2012, EJHF 14:438)"
_ROT: Final = "TEN-HMS and FAST rule of thumb (Zhang 2009, EJHF 11:420; Abraham 2011)"
_MACD: Final = "C: tuned beside Zhang 2009 (EJHF 11:420), whose window lengths are not published"


def weight_gain(s: Sitting, params: Params) -> Verdict:
    """R11. Weight above the lowest of the last days by more than some kg (exact in grams)."""
    window = int(params["window_days"])
    gain, found = window_gain(s.grams, s.weights_back, window)
    asked = s.grams > 0
    return Verdict(
        asked=asked,
        ran=asked & found,
        level=grade(gain > params["yellow"] * GRAMS, gain > params["red"] * GRAMS),
        clear=gain <= params["off"] * GRAMS,
        value=s.x[:, WEIGHT],
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=lambda: np.where(found, gain / GRAMS, np.nan),
    )


def weight_gain_quick(s: Sitting, params: Params) -> Verdict:
    """R12. Weight above yesterday's, or above the lowest of the last week, by some kg (inclusive).

    GREEN needs a reading within the last week; yesterday's alone is not asked for.
    """
    of_day, since_yesterday = window_gain(s.grams, s.weights_back, 1)
    of_week, within_week = window_gain(s.grams, s.weights_back, int(params["window_days"]))
    asked = s.grams > 0
    fast = since_yesterday & (of_day >= params["yellow_day"] * GRAMS)
    slow = within_week & (of_week >= params["yellow"] * GRAMS)
    return Verdict(
        asked=asked,
        ran=asked & within_week,
        level=grade(fast | slow),
        clear=(of_week <= params["off"] * GRAMS) & (of_day <= params["off"] * GRAMS),
        value=s.x[:, WEIGHT],
        limit_yellow=lambda: np.where(slow | ~fast, params["yellow"], params["yellow_day"]),
        limit_red=np.nan,
        extra=lambda: np.where(slow | ~fast, of_week, of_day) / GRAMS,
    )


def weight_macd(s: Sitting, params: Params) -> Verdict:
    """R13. The fast moving average of the weight above the slow one by some kg (P10).

    Both hold this reading; each day's first accepted weight counts.
    """
    weight, mean = s.state.quick_weight, s.state.quick_mean
    asked = s.good[:, WEIGHT]
    apart = (mean[:, 0] - mean[:, 1]).astype(np.float64)
    return Verdict(
        asked=asked,
        ran=asked & (weight[:, 1] >= params["readings"]),
        level=grade(apart >= params["yellow"], apart >= params["red"]),
        clear=apart <= params["off"],
        value=s.x[:, WEIGHT],
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=apart,
    )


def weight_over_dry(s: Sitting, params: Params) -> Verdict:
    """R14. Weight above dry weight: the clinician's, else the base (exact in grams)."""
    decided = s.profile.dry_weight_kg
    dry = np.rint(np.where(np.isnan(decided), s.base[:, WEIGHT], decided) * GRAMS)
    over = s.grams - dry
    asked = s.grams > 0
    return Verdict(
        asked=asked,
        ran=asked & ~np.isnan(dry),
        level=grade(over >= params["yellow"] * GRAMS, over >= params["red"] * GRAMS),
        clear=over <= params["off"] * GRAMS,
        value=s.x[:, WEIGHT],
        limit_yellow=lambda: dry / GRAMS + params["yellow"],
        limit_red=lambda: dry / GRAMS + params["red"],
        extra=lambda: np.where(asked, over / GRAMS, np.nan),
        baseline=WEIGHT,
        based=True,
    )


ROWS: Final = (
    Rule(
        id="R11",
        slug="weight-3d",
        name_da="Vægtstigning over 3 dage",
        name_en="Weight gain over 3 days",
        text_da=(
            "Vægt {value:.1f} kg, ændring {extra:+.1f} kg på højst {window_days:.0f} dage "
            "({colour} grænse: mere end {limit:.1f} kg)."
        ),
        text_en=(
            "Weight {value:.1f} kg, change {extra:+.1f} kg within {window_days:.0f} days "
            "({colour} limit: more than {limit:.1f} kg)."
        ),
        family="fluid",
        home="heart-failure",
        signals=("weight",),
        condition=weight_gain,
        params=numbers(window_days=3.0, yellow=2.0, red=3.0, off=1.0),
        sources=texts(
            window_days=_ESC,
            yellow=_ESC,
            red="C: half as much again as yellow",
            off="C: half of yellow, two sd of the home scale's day-to-day spread",
            n_off=CLEAR,
        ),
        evidence=texts(
            value="weight, kg", limit="gain that must be exceeded, kg", extra="gain, kg"
        ),
        per_week_min=7.0,
        n=3,
        speaks=3,
        lookback_days=7.0,
    ),
    Rule(
        id="R12",
        slug="weight-1d-7d",
        name_da="Vægtstigning på et døgn eller en uge",
        name_en="Weight gain in a day or a week",
        text_da=(
            "Vægt {value:.1f} kg, ændring {extra:+.1f} kg på højst {window_days:.0f} dage "
            "({colour} grænse {limit:.1f} kg)."
        ),
        text_en=(
            "Weight {value:.1f} kg, change {extra:+.1f} kg within {window_days:.0f} days "
            "({colour} limit {limit:.1f} kg)."
        ),
        family="fluid",
        home="heart-failure",
        signals=("weight",),
        condition=weight_gain_quick,
        params=numbers(yellow_day=1.4, yellow=2.3, window_days=7.0, off=0.7),
        sources=texts(
            yellow_day="3 lb in a day: " + _ROT,
            yellow="5 lb, here in a week: " + _ROT,
            window_days="C: a week, so that two measurements a week are enough",
            off="C: half of the day's limit",
            n_off=CLEAR,
        ),
        evidence=texts(value="weight, kg", limit="gain that counts, kg", extra="gain, kg"),
        per_week_min=2.0,
        lookback_days=10.0,
    ),
    Rule(
        id="R13",
        slug="weight-macd",
        name_da="Vægten stiger vedvarende",
        name_en="Weight keeps rising",
        text_da=(
            "Vægt {value:.1f} kg: de seneste dages gennemsnit ligger {extra:+.1f} kg over de "
            "seneste ugers ({colour} grænse {limit:.1f} kg)."
        ),
        text_en=(
            "Weight {value:.1f} kg: the mean of recent days is {extra:+.1f} kg above that of "
            "recent weeks ({colour} limit {limit:.1f} kg)."
        ),
        family="fluid",
        home="heart-failure",
        signals=("weight",),
        condition=weight_macd,
        params=numbers(yellow=0.9, red=1.4, off=0.45, readings=3.0),
        sources=texts(
            yellow=_MACD,
            red="C: half as much again as yellow",
            off="C: half of yellow",
            readings="C: an effective three readings in the slow average",
            n_off=CLEAR,
        ),
        evidence=texts(
            value="weight, kg", limit="difference that counts, kg", extra="difference, kg"
        ),
        per_week_min=1.0,
        lookback_days=28.0,
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
        condition=weight_over_dry,
        params=numbers(yellow=2.0, red=3.0, off=1.5),
        sources=texts(
            yellow="two kg above dry weight, sustained, from memory; to be checked",
            red="C: half as much again as yellow",
            off="C: one baseline sd (0.5 kg) below yellow",
            **CONFIRMED,
        ),
        evidence=texts(
            value="weight, kg",
            limit="dry weight plus the excess that counts, kg",
            extra="weight above dry weight, kg",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW,),
        per_week_min=1.0,
        lookback_days=42.0,
    ),
)  # fmt: skip
