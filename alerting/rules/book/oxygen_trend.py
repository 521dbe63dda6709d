"""Oxygenation over time and beside the pulse: R05 and R08."""

from typing import Final

import numpy as np

from alerting.rules import memory
from alerting.rules.arrays import Bools
from alerting.rules.book.sides import BASELINE, CLEAR, CONFIRMED, PULSE, SPO2
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict
from alerting.rules.trends import falls, theil_sen

_HURST: Final = "Hurst 2010, BMC Pulm Med 10:52"


def spo2_trend(s: Sitting, params: Params) -> Verdict:
    """R05. Saturation falls over the last fourteen days: slope (percent a day) and significance.

    One reading a day, today's newest included, at least `readings` of them. Only where today's
    lies at least `below` under the personal base: a fall from an unusual height is a return. The
    evidence holds the slope where it was looked at.
    """
    x = s.x[:, SPO2]
    below = s.base[:, SPO2] - x
    ran = s.good[:, SPO2] & s.based[:, SPO2] & (memory.trend_count(s.state) >= params["readings"])
    slope = np.full(len(x), np.nan)
    chosen = np.flatnonzero(ran & (below >= params["below"]))
    if chosen.size:
        days, tenths = memory.trend(s.state, chosen)
        fall = falls(tenths)
        slope[chosen[fall]] = theil_sen(days, tenths[fall].astype(np.float64) / memory.TENTHS)
    return Verdict(
        asked=s.good[:, SPO2],
        ran=ran,
        level=grade(slope <= params["slope"]),
        clear=below <= params["off_below"],
        value=x,
        limit_yellow=params["slope"],
        limit_red=np.nan,
        extra=slope,
    )


def oxy_score(s: Sitting, params: Params) -> Verdict:
    """R08. The mean of saturation's fall and pulse's rise, each in sd of its baseline.

    Both of one sitting. Beside a symptom answered yes today, a lower score counts.
    """
    score = (s.z[:, PULSE] - s.z[:, SPO2]) / 2.0
    asked = s.good[:, SPO2] & s.good[:, PULSE]
    symptom: Bools = np.logical_or.reduce(s.yes, axis=1)
    alone = score >= params["single"]
    backed = symptom & (score >= params["with_symptom"])
    red = score >= params["red"]
    return Verdict(
        asked=asked,
        ran=asked & s.known[:, SPO2] & s.known[:, PULSE],
        level=grade((score >= params["yellow"]) | backed, red),
        clear=score <= params["off"],
        value=score,
        limit_yellow=lambda: np.where(backed, params["with_symptom"], params["yellow"]),
        limit_red=params["red"],
        extra=s.x[:, SPO2],
        baseline=SPO2,
        at_once=grade(alone | backed | red),
    )


ROWS: Final = (
    Rule(
        id="R05",
        slug="spo2-trend",
        name_da="Faldende iltmætning",
        name_en="Falling oxygen saturation",
        text_da="Iltmætningen ændrer sig {extra:+.2f} procentpoint om dagen over 14 dage; "
        "nu {value:.0f} %.",
        text_en="Oxygen saturation changes {extra:+.2f} points a day over 14 days; "
        "now {value:.0f} %.",
        family="oxygenation",
        home="copd",
        signals=("spo2",),
        condition=spo2_trend,
        params=numbers(slope=-0.25, readings=5.0, below=1.0, off_below=0.5),
        sources=texts(
            slope="C: three and a half points in two weeks",
            readings="C: fewer than five readings give no significant fall but a steady one",
            below="C: one sd; day-to-day sd of stable COPD 1 % (" + _HURST + ")",
            off_below="C: half of it",
            n_off=CLEAR,
        ),
        evidence=texts(
            value="saturation, %", limit="slope that counts, % a day", extra="slope, % a day"
        ),
        per_week_min=3.0,
        lookback_days=14.0,
    ),
    Rule(
        id="R08",
        slug="oxy-score",
        name_da="Iltmætning ned og puls op",
        name_en="Saturation down and pulse up",
        text_da=(
            "Iltmætning og puls afviger sammen: {value:.1f} standardafvigelser i snit "
            "({colour} grænse {limit:.1f}); iltmætning {extra:.0f} %."
        ),
        text_en=(
            "Saturation and pulse deviate together: {value:.1f} standard deviations on average "
            "({colour} limit {limit:.1f}); saturation {extra:.0f} %."
        ),
        family="oxygenation",
        home="copd",
        signals=("spo2", "pulse"),
        condition=oxy_score,
        params=numbers(yellow=1.5, single=2.0, with_symptom=1.0, red=3.0, off=0.75),
        sources=texts(
            yellow="C: half as much again as Hurst's 1; " + _HURST,
            single="C: twice Hurst's 1, without symptoms; " + _HURST,
            with_symptom="score of 1 with symptoms: sensitivity 71 %, specificity 74 %; " + _HURST,
            red="C: three times Hurst's 1",
            off="C: half of yellow",
            **CONFIRMED,
        ),
        evidence=texts(
            value="mean of fall and rise, sd",
            limit="score that counts, sd",
            extra="saturation, %",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        needs="all",
        per_week_min=1.0,
        lookback_days=42.0,
    ),
)  # fmt: skip
