"""NEWS2 from what is measured at home: R20."""

from collections.abc import Mapping, Sequence
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
_SPO2_POINTS: Final = np.concatenate(
    [news2.saturation(_WHOLE, *scale) for scale in ((_OFF, _OFF), (_ON, _OFF), (_ON, _ON))]
).astype(np.int8)
"""Points on scale 1, on scale 2 breathing air, and on scale 2 with oxygen, end to end."""
_LOOKED_UP: Final = tuple(
    (column, table.astype(np.int8), 1 << news2.PARAMETERS.index(name))
    for column, table, name in (
        (SPO2, _SPO2_POINTS, "saturation"),
        (SYSTOLIC, news2.systolic(_WHOLE), "systolic"),
        (PULSE, news2.pulse(_WHOLE), "pulse"),
    )
)
_COLUMNS: Final = tuple(column for column, _, _ in _LOOKED_UP)
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
    scale, oxygen = s.profile.once(_scale)
    there = [s.good[:, column] for column in _COLUMNS]
    measured = [s.x[:, column] for column in _COLUMNS]
    asked, total, single, absent = _score(scale, oxygen, there, measured)
    above = np.ones(len(asked), dtype=np.bool_)
    counts, red = single | (total >= params["yellow"]), total >= params["red"]
    high = np.flatnonzero(counts)
    if high.size:
        known = [(s.good[:, column] & s.based[:, column])[high] for column in _COLUMNS]
        seen = [s.base[:, column][high] for column in _COLUMNS]
        _, usual, _, _ = _score(scale[high], oxygen[high], known, seen)
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
    """Where in `_SPO2_POINTS` the scale of each begins, and the points of breathing oxygen."""
    scale = profile.scale2 * np.int32(_WIDE) * (np.int32(1) + profile.on_oxygen)
    return scale, profile.on_oxygen * np.int8(2)


def _score(
    scale: Ints, oxygen: Ints, there: Sequence[Bools], measured: Sequence[Floats]
) -> tuple[Bools, Ints, Bools, Ints]:
    """(whether any is there, total, whether one alone is 3, absent packed) of readings (n,) in the
    order of `_COLUMNS`."""
    some = np.logical_or.reduce(there)
    single = np.zeros(len(scale), dtype=np.bool_)
    total = oxygen.copy()
    absent = np.full(len(scale), _ABSENT, dtype=np.int8)
    for x, is_there, (column, table, bit) in zip(measured, there, _LOOKED_UP, strict=True):
        place = np.rint(chosen(is_there, x, 0.0)).astype(np.int32)
        place = np.minimum(np.maximum(place, 0), _WIDE - 1)  # a decided base may be anything
        points = table[place + scale if column == SPO2 else place] * is_there.view(np.int8)
        total += points
        single |= points == 3
        absent -= is_there.view(np.int8) * np.int8(bit)
    return some, total, single, absent


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
