"""NEWS2 from what is measured at home: R20."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from alerting.rules import news2
from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.book import sides
from alerting.rules.book.sides import CLEAR, PULSE, SPO2, SYSTOLIC, TWO_OF_THREE
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.profile import Profile
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_COLUMNS: Final = np.array([SPO2, SYSTOLIC, PULSE])
_RCP: Final = "NEWS2 (RCP 2017)"


def news2_home(s: Sitting, params: Params) -> Verdict:
    """R20. NEWS2 over what this sitting holds: saturation, systolic pressure, pulse, and oxygen.

    Respiration, temperature and consciousness are not measured at home; what is absent is named
    (`extra`, packed in the order of `news2.PARAMETERS`) and the sum is at least so high, never low
    risk. Somebody with stable COPD scores two or three points on any day, so a score counts only
    when it lies some points above that of the usual values; where these are not known, it counts
    as it is.
    """
    measured = s.x[:, _COLUMNS]
    asked: Bools = np.any(~np.isnan(measured), axis=1)
    total, single, absent = _score(s.profile, measured)
    above = np.ones(len(asked), dtype=np.bool_)
    high = np.flatnonzero(single | (total >= params["yellow"]))
    if high.size:
        base = s.base[np.ix_(high, _COLUMNS)]
        seen = np.where(np.isnan(measured[high]), np.nan, base)
        usual, _, _ = _score(s.profile.take(high), seen)
        known = ~np.isnan(s.base[high, SPO2])
        above[high] = ~known | (total[high] - usual >= params["above_usual"])
    return Verdict(
        asked=asked,
        ran=asked,
        level=grade(
            above & (single | (total >= params["yellow"])), above & (total >= params["red"])
        ),
        clear=~above | ((total < params["yellow"]) & ~single),
        value=total.astype(np.float64),
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=absent.astype(np.float64),
        at_once=sides.candidate(grade(np.False_, above & (total >= params["red"]))),
    )


def _score(profile: Profile, values: Floats) -> tuple[Ints, Bools, Ints]:
    """(total, whether one parameter alone is 3, absent packed) of saturation, systolic, pulse."""
    unmeasured = np.full(len(values), np.nan)
    columns = {
        "respiration": unmeasured,
        "saturation": news2.saturation(values[:, 0], profile.scale2, profile.on_oxygen),
        "oxygen": news2.oxygen(profile.on_oxygen),
        "systolic": news2.systolic(values[:, 1]),
        "pulse": news2.pulse(values[:, 2]),
        "consciousness": unmeasured,
        "temperature": unmeasured,
    }
    return news2.total_of(np.stack([columns[name] for name in news2.PARAMETERS], axis=1))


def absent_words(evidence: Mapping[str, float], lang: str) -> dict[str, str]:
    """The names of the parameters that are absent."""
    names = news2.NAMES_DA if lang == "da" else news2.PARAMETERS
    packed = 0 if np.isnan(evidence["extra"]) else int(evidence["extra"])
    absent = [name for place, name in enumerate(names) if packed >> place & 1]
    return {"absent": ", ".join(absent)}


ROWS: Final = (
    Rule(
        id="R20",
        slug="news2-home",
        name_da="NEWS2, delvis",
        name_en="NEWS2, partial",
        text_da="Delvis NEWS2 på mindst {value:.0f} ({colour} fra {limit:.0f}); mangler {absent}.",
        text_en="Partial NEWS2 of at least {value:.0f} ({colour} from {limit:.0f}); "
        "without {absent}.",
        family="early-warning",
        home="general",
        signals=("spo2", "systolic", "pulse"),
        condition=news2_home,
        params=numbers(yellow=3.0, red=5.0, above_usual=2.0),
        sources=texts(
            yellow="three points: " + _RCP,
            red="five points, urgent review: " + _RCP,
            above_usual="C: one step of two parameters, or two of one, above the usual day",
            k=TWO_OF_THREE,
            n=TWO_OF_THREE,
            n_off=CLEAR,
        ),
        evidence=texts(
            value="points, at least", limit="points that count", extra="absent parameters, packed"
        ),
        k=2,
        n=3,
        confirmed=(Colour.YELLOW, Colour.RED),
        red_alone=True,
        lookback_days=14.0,
        clear_da="NEWS2, delvis: ingen afvigelse i det målte; det siger ikke, at risikoen er lav.",
        clear_en="NEWS2, partial: no deviation in what was measured; "
        "it says not that the risk is low.",
        words=absent_words,
    ),
)  # fmt: skip
