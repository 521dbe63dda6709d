"""Blood pressure and perfusion: R16 to R19."""

from typing import Final

import numpy as np

from alerting.rules.book import sides
from alerting.rules.book.sides import (  # fmt: skip
    BASELINE,
    CONFIRMED,
    DIASTOLIC,
    GREEN,
    PULSE,
    RED,
    SYSTOLIC,
    YELLOW,
)
from alerting.rules.colour import Colour
from alerting.rules.items import item_index
from alerting.rules.primitives import grade
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_HYPERTENSION: Final = "ESH/ESC grades of hypertension, from memory; to be checked"
_HYPOTENSION: Final = "common service limits, from memory; to be checked"
_SHOCK: Final = "shock index: normal 0.5 to 0.7, concern from 0.9, from memory; to be checked"
_DIZZY: Final = item_index("dizziness")


def systolic_low(s: Sitting, params: Params) -> Verdict:
    """R16. Systolic pressure at or below the personal low limits (mmHg).

    Who has answered today that he is dizzy is one colour higher.
    """
    side = sides.low(s, SYSTOLIC, params["off"])
    lifted = s.yes[:, _DIZZY] & (side.level == YELLOW)
    level = np.maximum(side.level, lifted * RED)
    asked = s.good[:, SYSTOLIC]
    ran = asked & (side.complete | (level > GREEN))
    return Verdict(
        asked=asked,
        ran=ran,
        level=level,
        clear=side.clear,
        value=s.x[:, SYSTOLIC],
        limit_yellow=side.limits.yellow,
        limit_red=lambda: np.where(lifted, side.limits.yellow, side.limits.red),
        at_once=sides.candidate(level),
    )


def pressure_high(s: Sitting, params: Params) -> Verdict:
    """R17. Systolic or diastolic pressure at or above the personal high limits (mmHg)."""
    systolic = sides.high(s, SYSTOLIC, params["off_systolic"])
    diastolic = sides.high(s, DIASTOLIC, params["off_diastolic"])
    level = np.maximum(systolic.level, diastolic.level)
    asked = s.good[:, SYSTOLIC] | s.good[:, DIASTOLIC]
    by_diastolic, own = diastolic.level > systolic.level, (diastolic.limits, systolic.limits)
    return Verdict(
        asked=asked,
        ran=asked & (systolic.complete & diastolic.complete | (level > GREEN)),
        level=level,
        clear=systolic.clear & diastolic.clear,
        value=s.x[:, SYSTOLIC],
        limit_yellow=lambda: np.where(by_diastolic, *(limits.yellow for limits in own)),
        limit_red=lambda: np.where(by_diastolic, *(limits.red for limits in own)),
        extra=s.x[:, DIASTOLIC],
        at_once=sides.candidate(level),
    )


def pressure_shift(s: Sitting, params: Params) -> Verdict:
    """R18. Systolic pressure away from the personal base, up or down, by some mmHg (RELGAL); a fall
    by more is red (RELRAL)."""
    x, base = s.x[:, SYSTOLIC], s.base[:, SYSTOLIC]
    down = sides.personal(s, "rel_low_yellow", SYSTOLIC, params["yellow"])
    far_down = sides.personal(s, "rel_low_red", SYSTOLIC, params["red"])
    up = sides.personal(s, "rel_high_yellow", SYSTOLIC, params["yellow"])
    far_up = sides.personal(s, "rel_high_red", SYSTOLIC, np.nan)
    shift = x - base
    asked = s.good[:, SYSTOLIC]
    yellow = (-shift >= down) | (shift >= up)
    red = (-shift >= far_down) | (shift >= far_up)
    return Verdict(
        asked=asked,
        ran=asked & s.based[:, SYSTOLIC],
        level=grade(yellow, red),
        clear=np.abs(shift) <= params["off"],
        value=x,
        limit_yellow=lambda: np.where(shift < 0, base - down, base + up),
        limit_red=lambda: np.where(shift < 0, base - far_down, base + far_up),
        extra=shift,
        baseline=SYSTOLIC,
        based=True,
    )


def perfusion(s: Sitting, params: Params) -> Verdict:
    """R19. Pulse high against the systolic pressure (shock index), or a narrow pulse pressure.

    All of one sitting, compared in whole numbers: pulse 90 and 100 mmHg is an index of 0.9.
    """
    pulse, high, low = s.x[:, PULSE], s.x[:, SYSTOLIC], s.x[:, DIASTOLIC]
    asked = s.good[:, PULSE] & s.good[:, SYSTOLIC]
    index = 1000.0 * pulse
    concern = index >= round(1000 * params["yellow"]) * high
    apart = 1000.0 * (high - low)
    narrow = apart < round(1000 * params["narrow"]) * high
    level = grade(concern | narrow, index >= round(1000 * params["red"]) * high)
    return Verdict(
        asked=asked,
        ran=asked & (s.good[:, DIASTOLIC] | (level > GREEN)),
        level=level,
        clear=(index <= round(1000 * params["off"]) * high)
        & ~(apart < round(1000 * params["off_narrow"]) * high),
        value=lambda: pulse / high,
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=lambda: (high - low) / high,
        at_once=grade(concern),
    )


ROWS: Final = (
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
        condition=systolic_low,
        params=numbers(yellow=99.0, red=89.0, off=5.0),
        sources=texts(
            yellow=_HYPOTENSION,
            red=_HYPOTENSION,
            off="C: less than one day-to-day sd of 7 mmHg",
            **CONFIRMED,
        ),
        evidence=texts(value="systolic, mmHg", limit="personal low limit, mmHg"),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        red_alone=True,
        speaks=3,
        red_speaks=True,
        lookback_days=14.0,
        version=2,
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
        condition=pressure_high,
        params=numbers(
            systolic_yellow=160.0,
            systolic_red=180.0,
            diastolic_yellow=100.0,
            diastolic_red=110.0,
            off_systolic=7.0,
            off_diastolic=5.0,
        ),
        sources=texts(
            systolic_yellow=_HYPERTENSION,
            systolic_red=_HYPERTENSION,
            diastolic_yellow=_HYPERTENSION,
            diastolic_red=_HYPERTENSION,
            off_systolic="C: one day-to-day sd (7 mmHg)",
            off_diastolic="C: one day-to-day sd (5 mmHg)",
            **CONFIRMED,
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
        red_speaks=True,
        lookback_days=14.0,
        version=2,
    ),
    Rule(
        id="R18",
        slug="pressure-shift",
        name_da="Blodtrykket har flyttet sig",
        name_en="Blood pressure has shifted",
        text_da=(
            "Systolisk blodtryk {value:.0f} mmHg mod habituelt {baseline_mean:.0f}: {extra:+.0f} "
            "mmHg ({colour} grænse {limit:.0f})."
        ),
        text_en=(
            "Systolic pressure {value:.0f} mmHg against a usual {baseline_mean:.0f}: {extra:+.0f} "
            "mmHg ({colour} limit {limit:.0f})."
        ),
        family="pressure",
        home="heart-failure",
        signals=("systolic",),
        condition=pressure_shift,
        params=numbers(yellow=20.0, red=30.0, off=10.0),
        sources=texts(
            yellow="C: more than two day-to-day sd (8 to 9 mmHg; Warren 2010, BJGP 60:675)",
            red="C: half as much again as yellow",
            off="C: half of yellow",
            **CONFIRMED,
        ),
        evidence=texts(
            value="systolic, mmHg",
            limit="base with the shift that counts, mmHg",
            extra="shift, mmHg",
            **BASELINE,
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        per_week_min=1.0,
        lookback_days=42.0,
    ),
    Rule(
        id="R19",
        slug="perfusion",
        name_da="Tegn på dårligt kredsløb",
        name_en="Signs of poor perfusion",
        text_da=(
            "Puls i forhold til blodtryk {value:.2f} ({colour} grænse {limit:.1f}); pulstryk "
            "{extra:.2f} af det systoliske."
        ),
        text_en=(
            "Pulse over systolic pressure {value:.2f} ({colour} limit {limit:.1f}); pulse pressure "
            "{extra:.2f} of the systolic."
        ),
        family="pressure",
        home="heart-failure",
        signals=("pulse", "systolic", "diastolic"),
        condition=perfusion,
        params=numbers(yellow=0.9, red=1.0, narrow=0.25, off=0.8, off_narrow=0.28),
        sources=texts(
            yellow=_SHOCK,
            red=_SHOCK,
            narrow="low cardiac index below a quarter (Stevenson 1989), from memory; to be checked",
            off="C: a tenth below yellow",
            off_narrow="C: a little above",
            **CONFIRMED,
        ),
        evidence=texts(
            value="shock index, pulse over systolic",
            limit="index that counts",
            extra="pulse pressure over systolic; below a quarter counts, too",
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        red_alone=True,
        needs="all",
        lookback_days=14.0,
    ),
)  # fmt: skip
