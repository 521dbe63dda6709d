"""Oxygenation, one reading at a time: R01 to R04."""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools
from alerting.rules.book import sides
from alerting.rules.book.sides import BASELINE, CONFIRMED, REPEATED, SPO2, STABLE
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.profile import Profile
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_SCALE_1: Final = (
    "C: just below 90 %, which agrees moderately with exacerbation (Cooper 2020, IJCOPD 15:2005)"
)
_SCALE_2: Final = "C: below the target 88-92 % for hypercapnic risk (NEWS2, RCP 2017)"
_NEWS2: Final = "NEWS2 scale 2 on oxygen (RCP 2017)"


def spo2_low(s: Sitting, params: Params) -> Verdict:
    """R01. Saturation at or below the personal low limits (percent)."""
    return sides.one_sided(s, SPO2, sides.low(s, SPO2, params["off"]))


def spo2_high_on_oxygen(s: Sitting, params: Params) -> Verdict:
    """R02. Saturation too high on oxygen, where the target is 88-92 % (percent, inclusive)."""
    x = s.x[:, SPO2]
    asked = s.good[:, SPO2] & s.profile.once(retains)
    return Verdict(
        asked=asked,
        ran=asked,
        level=grade(x >= params["yellow"], x >= params["red"]),
        clear=x <= params["yellow"] - params["off"],
        value=x,
        limit_yellow=params["yellow"],
        limit_red=params["red"],
    )


def retains(profile: Profile) -> Bools:
    """Who is on oxygen and on scale 2: too much oxygen is then a danger of its own."""
    return profile.on_oxygen & profile.scale2


def spo2_drop(s: Sitting, params: Params) -> Verdict:
    """R03. Saturation below the personal base by some percentage points (RELGAL, RELRAL)."""
    return sides.relative(s, SPO2, params, falls=True)


def spo2_spc(s: Sitting, params: Params) -> Verdict:
    """R04. Saturation below the personal baseline by some sd of it."""
    x, mean, sd = s.x[:, SPO2], s.mean[:, SPO2], s.sd[:, SPO2]
    z = -s.z[:, SPO2]
    asked = s.good[:, SPO2]
    return Verdict(
        asked=asked,
        ran=asked & s.known[:, SPO2],
        level=grade(z >= params["yellow"]),
        clear=z <= params["off"],
        value=x,
        limit_yellow=lambda: mean - params["yellow"] * sd,
        limit_red=np.nan,
        extra=z,
        baseline=SPO2,
    )


ROWS: Final = (
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
        condition=spo2_low,
        params=numbers(yellow=89.0, red=87.0, yellow_scale2=87.0, red_scale2=85.0, off=2.0),
        sources=texts(
            yellow=_SCALE_1,
            red="C: two points below yellow; FUT IG 8 shows RAL 88 as an example",
            yellow_scale2=_SCALE_2,
            red_scale2=_SCALE_2,
            off="C: two points, above the day-to-day sd of about one",
            **REPEATED,
        ),
        evidence=texts(value="saturation, %", limit="personal low limit, %"),
        k=2,
        n=3,
        confirmed=(Colour.RED,),
        red_alone=True,
        speaks=3,
        red_speaks=True,
        lookback_days=7.0,
        version=2,
    ),
    Rule(
        id="R02",
        slug="spo2-high-on-oxygen",
        name_da="Høj iltmætning på ilt",
        name_en="High oxygen saturation on oxygen",
        text_da="Iltmætning {value:.0f} % på ilt; mål 88–92 % ({colour} fra {limit:.0f} %).",  # noqa: RUF001
        text_en="Oxygen saturation {value:.0f} % on oxygen; target 88 to 92 % "
        "({colour} from {limit:.0f} %).",
        family="oxygenation",
        home="copd",
        signals=("spo2",),
        condition=spo2_high_on_oxygen,
        params=numbers(yellow=93.0, red=97.0, off=1.0),
        sources=texts(
            yellow=_NEWS2,
            red=_NEWS2,
            off="C: back within the target",
            **CONFIRMED,
        ),
        evidence=texts(value="saturation, %", limit="saturation that counts, %"),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW,),
        applies=retains,
        lookback_days=14.0,
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
        condition=spo2_drop,
        params=numbers(yellow=3.0, red=4.0, off=1.0),
        sources=texts(
            yellow="C: three sd; " + STABLE,
            red="the common four-point desaturation, from memory; to be checked",
            off="C: one sd; " + STABLE,
            **CONFIRMED,
        ),
        evidence=texts(
            value="saturation, %",
            limit="base minus the drop that counts, %",
            extra="drop, percentage points",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.RED,),
        per_week_min=1.0,
        lookback_days=42.0,
        version=2,
    ),
    Rule(
        id="R04",
        slug="spo2-spc",
        name_da="Iltmætning uden for det sædvanlige",
        name_en="Oxygen saturation outside the usual",
        text_da=(
            "Iltmætning {value:.0f} %, {extra:.1f} standardafvigelser under habituelt "
            "{baseline_mean:.1f} %."
        ),
        text_en=(
            "Oxygen saturation {value:.0f} %, {extra:.1f} standard deviations below the usual "
            "{baseline_mean:.1f} %."
        ),
        family="oxygenation",
        home="copd",
        signals=("spo2",),
        condition=spo2_spc,
        params=numbers(yellow=2.0, off=1.0),
        sources=texts(
            yellow="two sd of the personal baseline: the usual warning line of a control chart",
            off="C: half of it",
            **CONFIRMED,
        ),
        evidence=texts(
            value="saturation, %",
            limit="baseline minus the sd that count, %",
            extra="sd below the baseline",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW,),
        per_week_min=3.0,
        lookback_days=42.0,
    ),
)  # fmt: skip
