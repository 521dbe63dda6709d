"""Pulse: R06 and R07."""

from typing import Final

import numpy as np

from alerting.rules.arrays import Floats
from alerting.rules.book import sides
from alerting.rules.book.sides import BASELINE, CONFIRMED, GREEN, PULSE, REPEATED, STABLE
from alerting.rules.colour import Colour
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_NEWS2: Final = "NEWS2 pulse bands (RCP 2017)"


def pulse_abs(s: Sitting, params: Params) -> Verdict:
    """R06. Pulse at or beyond the personal limits on either side (per minute)."""
    x = s.x[:, PULSE]
    low, high = sides.low(s, PULSE, params["off"]), sides.high(s, PULSE, params["off"])
    level = np.maximum(low.level, high.level)
    asked = s.good[:, PULSE]

    def nearest(low_limit: Floats, high_limit: Floats) -> Floats:
        nearer_low = (x - low.limits.outer <= high.limits.outer - x) | ~high.limits.given
        return np.where(nearer_low, low_limit, high_limit)

    return Verdict(
        asked=asked,
        ran=asked & (low.complete & high.complete | (level > GREEN)),
        level=level,
        clear=low.clear & high.clear,
        value=x,
        limit_yellow=lambda: nearest(low.limits.yellow, high.limits.yellow),
        limit_red=lambda: nearest(low.limits.red, high.limits.red),
        at_once=sides.candidate(level),
    )


def pulse_rise(s: Sitting, params: Params) -> Verdict:
    """R07. Pulse above the personal base by some beats a minute (RELGAL, RELRAL)."""
    return sides.relative(s, PULSE, params, falls=False)


ROWS: Final = (
    Rule(
        id="R06",
        slug="pulse-abs",
        name_da="Puls uden for grænserne",
        name_en="Pulse outside limits",
        text_da="Puls {value:.0f}/min (nærmeste {colour}e grænse {limit:.0f}/min).",
        text_en="Pulse {value:.0f}/min (nearest {colour} limit {limit:.0f}/min).",
        family="pulse",
        home="general",
        signals=("pulse",),
        condition=pulse_abs,
        params=numbers(
            low_red=40.0,
            low_red_pacemaker=35.0,
            low_yellow=49.0,
            low_yellow_beta_blocker=45.0,
            low_yellow_pacemaker=40.0,
            high_yellow=111.0,
            high_yellow_atrial_fibrillation=111.0,
            high_red=131.0,
            off=5.0,
        ),
        sources=texts(
            low_red=_NEWS2,
            low_red_pacemaker="C: below any usual pacing rate, from memory; to be checked",
            low_yellow="C: one below the NEWS2 band's edge of 50 (RCP 2017)",
            low_yellow_beta_blocker="C: a beta-blocker lowers the usual pulse",
            low_yellow_pacemaker="common low limit when paced, from memory; to be checked",
            high_yellow=_NEWS2,
            high_yellow_atrial_fibrillation="rate control aims below 110, from memory; to check",
            high_red=_NEWS2,
            off="C: about one day-to-day sd; " + STABLE,
            **REPEATED,
        ),
        evidence=texts(value="pulse, /min", limit="nearest personal limit, /min"),
        k=2,
        n=3,
        confirmed=(Colour.RED,),
        red_alone=True,
        speaks=2,
        red_speaks=True,
        lookback_days=7.0,
        version=2,
    ),
    Rule(
        id="R07",
        slug="pulse-rise",
        name_da="Pulsen er steget",
        name_en="Pulse has risen",
        text_da=(
            "Puls {value:.0f}/min mod habituelt {baseline_mean:.0f}/min: {extra:+.0f}/min "
            "({colour} grænse {limit:.0f}/min)."
        ),
        text_en=(
            "Pulse {value:.0f}/min against a usual {baseline_mean:.0f}/min: {extra:+.0f}/min "
            "({colour} limit {limit:.0f}/min)."
        ),
        family="pulse",
        home="general",
        signals=("pulse",),
        condition=pulse_rise,
        params=numbers(yellow=12.0, red=25.0, off=6.0),
        sources=texts(
            yellow="C: more than two sd; " + STABLE + "; +7 /min at onset (Burton 2015)",
            red="C: five sd; " + STABLE,
            off="C: half of yellow",
            **CONFIRMED,
        ),
        evidence=texts(
            value="pulse, /min",
            limit="base plus the rise that counts, /min",
            extra="rise, /min",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        per_week_min=1.0,
        lookback_days=42.0,
    ),
)  # fmt: skip
