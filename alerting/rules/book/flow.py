"""Lung function: R09 and R10."""

from typing import Final

import numpy as np

from alerting.rules import memory
from alerting.rules.book import sides
from alerting.rules.book.sides import BASELINE, CONFIRMED, FEV1
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_PERCENT: Final = "between-day change that counts in COPD: 17 to 20 % (Pellegrino 2005, ERJ 26:948)"
_LITRES: Final = "0.106 L between sessions, 90 % below 0.225 L (Herpel 2006, AJRCCM 173:1106)"


def fev1_drop(s: Sitting, params: Params) -> Verdict:
    """R09. FEV1 below the personal base by a share of it and by some litres, both (RELGAL, RELRAL).

    A share alone would fire at one sd where the base is 1.1 L, litres alone where it is 3 L.
    """
    x, base = s.x[:, FEV1], s.base[:, FEV1]
    yellow = sides.personal(s, "rel_low_yellow", FEV1, params["yellow"])
    red = sides.personal(s, "rel_low_red", FEV1, params["red"])
    drop = base - x
    # One part in 10^9 of play: 1.20 -> 1.02 L is fifteen per cent, whatever binary makes of it.
    share = drop / base + 1e-9
    drop_ml = np.round(drop * 1000.0, 6)
    hit = (share >= params["yellow_share"]) & (drop_ml >= np.round(yellow * 1000.0, 6))
    worse = (share >= params["red_share"]) & (drop_ml >= np.round(red * 1000.0, 6))
    asked = s.good[:, FEV1]
    return Verdict(
        asked=asked,
        ran=asked & s.based[:, FEV1],
        level=grade(hit, hit & worse),
        clear=(share <= params["off_share"]) | (drop <= params["off"]),
        value=x,
        limit_yellow=lambda: np.minimum(base * (1.0 - params["yellow_share"]), base - yellow),
        limit_red=lambda: np.minimum(base * (1.0 - params["red_share"]), base - red),
        extra=lambda: 100.0 * drop / base,
        baseline=FEV1,
        based=True,
    )


def fev1_spc(s: Sitting, params: Params) -> Verdict:
    """R10. FEV1 below the mean of its last seven days by some sample sd of them, never below the
    floor. Each day's first accepted reading counts; none of today's does, so that a repeated low
    reading is held against the same mean as the first."""
    x, asked = s.x[:, FEV1], s.good[:, FEV1]
    mean, sd = memory.flow_before(s.state, s.first[:, FEV1])
    sd = np.maximum(sd, params["sd_floor"])
    limit = mean - params["sd"] * sd
    return Verdict(
        asked=asked,
        ran=asked & ~np.isnan(mean),
        level=grade(x < limit),
        clear=x >= mean - params["off_sd"] * sd,
        value=x,
        limit_yellow=limit,
        limit_red=np.nan,
        extra=mean,
    )


ROWS: Final = (
    Rule(
        id="R09",
        slug="fev1-drop",
        name_da="Fald i FEV1",
        name_en="Drop in FEV1",
        text_da=(
            "FEV1 {value:.2f} L mod habituelt {baseline_mean:.2f} L: fald på {extra:.0f} % "
            "({colour} grænse {limit:.2f} L)."
        ),
        text_en=(
            "FEV1 {value:.2f} L against a usual {baseline_mean:.2f} L: a drop of {extra:.0f} % "
            "({colour} limit {limit:.2f} L)."
        ),
        family="flow",
        home="copd",
        signals=("fev1",),
        condition=fev1_drop,
        params=numbers(
            yellow=0.15,
            yellow_share=0.15,
            red=0.225,
            red_share=0.25,
            off=0.075,
            off_share=0.075,
        ),
        sources=texts(
            yellow="C: one and a half sd; " + _LITRES,
            yellow_share="C: just below what counts from day to day; " + _PERCENT,
            red=_LITRES,
            red_share="C: above what counts from week to week; " + _PERCENT,
            off="C: half of yellow",
            off_share="C: half of yellow",
            **CONFIRMED,
        ),
        evidence=texts(
            value="FEV1, L",
            limit="FEV1 at which both share and litres count, L",
            extra="drop, % of the base",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        per_week_min=1.0,
        lookback_days=42.0,
    ),
    Rule(
        id="R10",
        slug="fev1-spc",
        name_da="FEV1 under de seneste dages",
        name_en="FEV1 below recent days",
        text_da="FEV1 {value:.2f} L mod {extra:.2f} L i snit de seneste 7 målinger.",
        text_en="FEV1 {value:.2f} L against a mean of {extra:.2f} L over the last 7 readings.",
        family="flow",
        home="copd",
        signals=("fev1",),
        condition=fev1_spc,
        params=numbers(sd=1.645, sd_floor=0.085, off_sd=0.5),
        sources=texts(
            sd="one-sided 5 %: kappa 0.48 to 0.75 against events (Cooper 2020, IJCOPD 15:2005)",
            sd_floor="C: repeat noise of a home spirometer (BMC Med Inform Decis Mak 2020)",
            off_sd="C: a third of it",
            **CONFIRMED,
        ),
        evidence=texts(
            value="FEV1, L", limit="FEV1 that counts, L", extra="mean of the last seven, L"
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW,),
        per_week_min=3.0,
        lookback_days=21.0,
    ),
)  # fmt: skip
