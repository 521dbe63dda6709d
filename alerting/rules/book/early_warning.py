"""NEWS2 from what is measured at home: R20."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from alerting.rules import news2
from alerting.rules.arrays import Bools, Floats, Ints, chosen
from alerting.rules.book.sides import CONFIRMED, PULSE, SPO2, SYSTOLIC
from alerting.rules.colour import Colour
from alerting.rules.primitives import grade
from alerting.rules.profile import Profile
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_WIDE: Final = 301
"""Saturation, pressure and pulse are whole numbers below this, once they are plausible."""
_WHOLE: Final = np.arange(float(_WIDE))
_OFF, _ON = np.zeros(_WIDE, dtype=np.bool_), np.ones(_WIDE, dtype=np.bool_)
_TABLES: Final = (
    *(news2.saturation(_WHOLE, *scale) for scale in ((_OFF, _OFF), (_ON, _OFF), (_ON, _ON))),
    news2.systolic(_WHOLE),
    news2.pulse(_WHOLE),
)
_POINTS: Final = np.concatenate(_TABLES).astype(np.int8)
"""Saturation on scale 1, on scale 2 breathing air, and on scale 2 with oxygen; pressure; pulse."""
_COLUMNS: Final = np.array([SPO2, SYSTOLIC, PULSE])
_BEGIN: Final = np.array([[0], [3 * _WIDE], [4 * _WIDE]], dtype=np.int32)
"""Where in `_POINTS` the table of each column begins."""
_BITS: Final = np.array(
    [[1 << news2.PARAMETERS.index(name)] for name in ("saturation", "systolic", "pulse")],
    dtype=np.int8,
)
_ABSENT: Final = (1 << len(news2.PARAMETERS)) - 1 - (1 << news2.PARAMETERS.index("oxygen"))
"""Of nothing that is measured here; oxygen is always known."""
_RCP: Final = "NEWS2 (RCP 2017)"


def news2_home(s: Sitting, params: Params) -> Verdict:
    """R20. NEWS2 over what this sitting holds: saturation, systolic pressure, pulse, and oxygen.

    Respiration, temperature and consciousness are not measured at home; what is absent is named
    (`extra`, packed in the order of `news2.PARAMETERS`) and the sum is at least so high, never low
    risk. Somebody with stable COPD scores two or three points on any day, so a score counts only
    when it lies some points above that of the usual values; where these are not known, it counts
    as it is.
    """
    begin, oxygen = s.profile.once(_scale)
    there = s.good.T[_COLUMNS]
    asked, total, single, absent = _score(begin, oxygen, there, s.x.T[_COLUMNS])
    above = np.ones(len(asked), dtype=np.bool_)
    counts, red = single | (total >= params["yellow"]), total >= params["red"]
    high = np.flatnonzero(counts)
    if high.size:
        known, seen = (np.take(of.T[_COLUMNS], high, axis=1) for of in (s.based, s.base))
        known &= there[:, high]
        _, usual, _, _ = _score(begin[:, high], oxygen[high], known, seen)
        above[high] = ~s.based[:, SPO2][high] | (total[high] - usual >= params["above_usual"])
    return Verdict(
        asked=asked,
        ran=asked,
        level=grade(above & counts, above & red),
        clear=~(above & counts),
        value=lambda: total.astype(np.float64),
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=lambda: absent.astype(np.float64),
        at_once=grade(above & red),
    )


def _scale(profile: Profile) -> tuple[Ints, Ints]:
    """(3, n) where in `_POINTS` the table of each begins, and (n,) the points of oxygen."""
    begin = _BEGIN.repeat(profile.patients, axis=1)
    begin[0] += profile.scale2 * np.int32(_WIDE) * (np.int32(1) + profile.on_oxygen)
    return begin, profile.on_oxygen * np.int8(2)


def _score(begin: Ints, oxygen: Ints, there: Bools, x: Floats) -> tuple[Bools, Ints, Bools, Ints]:
    """(whether any is there, total, whether one alone is 3, absent packed), (n,) each, of readings
    (3, n) in the order of `_COLUMNS`."""
    place = np.rint(chosen(there, x, 0.0)).astype(np.int32)
    place = np.minimum(np.maximum(place, 0), _WIDE - 1)  # a decided base may be anything
    points = _POINTS[begin + place] * there.view(np.int8)
    total = oxygen + np.add.reduce(points, axis=0, dtype=np.int8)
    measured = np.add.reduce(there.view(np.int8) * _BITS, axis=0, dtype=np.int8)
    some, single = np.logical_or.reduce(there), np.logical_or.reduce(points == 3)
    return some, total, single, np.int8(_ABSENT) - measured


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
            **CONFIRMED,
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
