"""R01 to R04, R06, R07 and R16 to R20 in plain Python: saturation, pulse, pressure, NEWS2.

In: the oracle's patient, one sitting, the row's numbers. Out: `Seen`, or None when the rule has
nothing to look at. Written from sections 4.1 and 7 of the clinical reference.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.alerting.rules import oracle_primitives as p
from tests.alerting.rules.oracle_seen import (
    GREEN,
    NAN,
    NO_LIMITS,
    RED,
    YELLOW,
    Four,
    Now,
    Seen,
    grade,
    own,
)

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Patient

Params = Mapping[str, float]
Side = tuple[int, bool, float, float]
"""Level, clear, yellow limit, red limit."""


def below(limits: Four, x: float, off: float) -> Side:
    """At or below; clear from `off` above the milder limit that is set."""
    red, yellow = limits[0], limits[1]
    edge = red if math.isnan(yellow) else yellow
    return grade(x <= yellow, x <= red), x >= edge + off, yellow, red


def above(limits: Four, x: float, off: float) -> Side:
    """The other way round."""
    yellow, red = limits[2], limits[3]
    edge = red if math.isnan(yellow) else yellow
    return grade(x >= yellow, x >= red), x <= edge - off, yellow, red


def unset(side: Side) -> bool:
    """Neither limit is set."""
    return math.isnan(side[2]) and math.isnan(side[3])


def candidate(level: int) -> int:
    """An unconfirmed red is shown as yellow, never as nothing."""
    return YELLOW if level == RED else GREEN


def spo2_low(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "spo2" not in now.good:
        return None
    x = now.good["spo2"]
    side = below(who.limits.get("spo2", NO_LIMITS), x, params["off"])
    level = side[0]
    ran = level > GREEN or not unset(side)
    return Seen(level, side[1], ran, x, side[2], side[3], at_once=candidate(level))


def spo2_high(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "spo2" not in now.good or not (who.on_oxygen and who.scale2):
        return None
    x, yellow, red = now.good["spo2"], params["yellow"], params["red"]
    return Seen(grade(x >= yellow, x >= red), x <= yellow - params["off"], True, x, yellow, red)


def spo2_drop(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "spo2" not in now.good:
        return None
    x, (base, usual) = now.good["spo2"], who.base_of("spo2")
    mine = who.relative.get("spo2", NO_LIMITS)
    red, yellow = own(mine[0], params["red"]), own(mine[1], params["yellow"])
    drop = base - x
    level = grade(drop >= yellow, drop >= red)
    known = not math.isnan(base)
    clear = drop <= params["off"]
    return Seen(level, clear, known, x, base - yellow, base - red, drop, usual)


def spo2_spc(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "spo2" not in now.good:
        return None
    x, b = now.good["spo2"], who.baselines["spo2"]
    z = (b.usual - x) / b.sd
    return Seen(
        grade(z >= params["yellow"], False),
        z <= params["off"],
        b.valid,
        x,
        b.usual - params["yellow"] * b.sd,
        NAN,
        z,
        (b.usual, b.sd, b.weight),
    )


def pulse_abs(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "pulse" not in now.good:
        return None
    x, limits = now.good["pulse"], who.limits.get("pulse", NO_LIMITS)
    low, high = below(limits, x, params["off"]), above(limits, x, params["off"])
    level = max(low[0], high[0])
    ran = level > GREEN or not (unset(low) or unset(high))
    to_low = x - (low[3] if math.isnan(low[2]) else low[2])
    to_high = (high[3] if math.isnan(high[2]) else high[2]) - x
    near = low if to_low <= to_high or math.isnan(to_high) else high
    clear = low[1] and high[1]
    return Seen(level, clear, ran, x, near[2], near[3], at_once=candidate(level))


def pulse_rise(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "pulse" not in now.good:
        return None
    x, (base, usual) = now.good["pulse"], who.base_of("pulse")
    mine = who.relative.get("pulse", NO_LIMITS)
    yellow, red = own(mine[2], params["yellow"]), own(mine[3], params["red"])
    rise = x - base
    level, known = grade(rise >= yellow, rise >= red), not math.isnan(base)
    clear = rise <= params["off"]
    return Seen(level, clear, known, x, base + yellow, base + red, rise, usual)


def systolic_low(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "systolic" not in now.good:
        return None
    x = now.good["systolic"]
    level, clear, yellow, red = side = below(
        who.limits.get("systolic", NO_LIMITS), x, params["off"]
    )
    if level == YELLOW and "dizziness" in now.yes:
        level, red = RED, yellow
    ran = level > GREEN or not unset(side)
    return Seen(level, clear, ran, x, yellow, red, at_once=candidate(level))


def pressure_high(who: "Patient", now: Now, params: Params) -> Seen | None:
    sides: list[Side] = []
    for alias in ("systolic", "diastolic"):
        if alias in now.good:
            limits = who.limits.get(alias, NO_LIMITS)
            sides.append(above(limits, now.good[alias], params[f"off_{alias}"]))
    if not sides:
        return None
    level = max(side[0] for side in sides)
    ran = level > GREEN or (len(sides) == 2 and not any(unset(side) for side in sides))
    clear = len(sides) == 2 and all(side[1] for side in sides)
    if "systolic" in now.good and (len(sides) == 1 or sides[0][0] >= sides[1][0]):
        shown = sides[0]
    else:
        shown = sides[-1]
    high, low = now.good.get("systolic", NAN), now.good.get("diastolic", NAN)
    return Seen(level, clear, ran, high, shown[2], shown[3], low, at_once=candidate(level))


def pressure_shift(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "systolic" not in now.good:
        return None
    x, (base, usual) = now.good["systolic"], who.base_of("systolic")
    mine = who.relative.get("systolic", NO_LIMITS)
    far_down, down = own(mine[0], params["red"]), own(mine[1], params["yellow"])
    up, far_up = own(mine[2], params["yellow"]), mine[3]
    shift = x - base
    level = grade(-shift >= down or shift >= up, -shift >= far_down or shift >= far_up)
    limits = (base - down, base - far_down) if shift < 0 else (base + up, base + far_up)
    known, clear = not math.isnan(base), abs(shift) <= params["off"]
    return Seen(level, clear, known, x, *limits, shift, usual)


def perfusion(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "pulse" not in now.good or "systolic" not in now.good:
        return None
    pulse, high = now.good["pulse"], now.good["systolic"]
    low = now.good.get("diastolic", NAN)
    index, width = 1000 * pulse, 1000 * (high - low)
    concern = index >= round(1000 * params["yellow"]) * high
    narrow = width < round(1000 * params["narrow"]) * high
    level = grade(concern or narrow, index >= round(1000 * params["red"]) * high)
    clear = index <= round(1000 * params["off"]) * high and not (
        width < round(1000 * params["off_narrow"]) * high
    )
    ran = level > GREEN or "diastolic" in now.good  # green needs all that the rule watches
    return Seen(
        level,
        clear and ran,
        ran,
        pulse / high,
        params["yellow"],
        params["red"],
        (high - low) / high,
        at_once=YELLOW if concern else GREEN,
    )


def _points(who: "Patient", values: Mapping[str, float]) -> list[int]:
    points = [2 if who.on_oxygen else 0]
    if "spo2" in values:
        points.append(p.news2_saturation(values["spo2"], who.scale2, who.on_oxygen))
    if "systolic" in values:
        points.append(p.news2_systolic(values["systolic"]))
    if "pulse" in values:
        points.append(p.news2_pulse(values["pulse"]))
    return points


PLACES = {"respiration": 0, "spo2": 1, "oxygen": 2, "systolic": 3, "pulse": 4}
NEVER_AT_HOME = (1 << 0) | (1 << 5) | (1 << 6)


def news2_home(who: "Patient", now: Now, params: Params) -> Seen | None:
    measured = {a: now.good[a] for a in ("spo2", "systolic", "pulse") if a in now.good}
    if not measured:
        return None
    points = _points(who, measured)
    total, single = sum(points), 3 in points
    bases = {alias: who.base_of(alias)[0] for alias in measured}
    usual = sum(_points(who, {a: x for a, x in bases.items() if not math.isnan(x)}))
    counts = total - usual >= params["above_usual"] or math.isnan(who.base_of("spo2")[0])
    yellow = total >= params["yellow"] or single
    red = total >= params["red"]
    absent = NEVER_AT_HOME + sum(
        1 << place for alias, place in PLACES.items() if alias in ("spo2", "systolic", "pulse")
        and alias not in measured
    )  # fmt: skip
    return Seen(
        grade(counts and yellow, counts and red),
        not counts or not yellow,
        True,
        float(total),
        params["yellow"],
        params["red"],
        float(absent),
        at_once=YELLOW if counts and red else GREEN,
    )
