"""R11 to R15 in plain Python: weights, in whole grams, over the whole history.

In: the oracle's patient, one sitting, the row's numbers. Out: `Seen`, or None when nobody stood on
the scale. Written from section 4.1 of the clinical reference.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.alerting.rules import oracle_primitives as p
from tests.alerting.rules.oracle_seen import NAN, Now, Seen, grade

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Patient

Params = Mapping[str, float]
SPAN = 16
"""Days: once in each of the last four spans the slow average is kept for R15."""


def grams_of(now: Now) -> int:
    return round(now.good["weight"] * 1000)


def weight_gain(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "weight" not in now.good:
        return None
    rise = p.gain(who.grams[-20:], now.day, grams_of(now), int(params["window_days"]))
    if rise is None:
        return Seen(0, False, False)
    yellow, red, off = (params[name] * 1000 for name in ("yellow", "red", "off"))
    level = grade(rise > yellow, rise > red)
    limits = params["yellow"], params["red"]
    return Seen(level, rise <= off, True, now.good["weight"], *limits, rise / 1000)


def weight_gain_quick(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "weight" not in now.good:
        return None
    grams = grams_of(now)
    of_day = p.gain(who.grams[-20:], now.day, grams, 1)
    of_week = p.gain(who.grams[-40:], now.day, grams, int(params["window_days"]))
    if of_week is None:
        return Seen(0, False, False)
    fast = of_day is not None and of_day >= params["yellow_day"] * 1000
    slow = of_week >= params["yellow"] * 1000
    off = params["off"] * 1000
    return Seen(
        grade(fast or slow, False),
        of_week <= off and (of_day is None or of_day <= off),
        True,
        now.good["weight"],
        params["yellow"] if slow or not fast else params["yellow_day"],
        NAN,
        (of_week if slow or not fast or of_day is None else of_day) / 1000,
    )


def weight_macd(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "weight" not in now.good:
        return None
    slow_weight, slow = who.slow
    apart = p.moments(who.weights, 2.0)[1] - slow
    level = grade(apart >= params["yellow"], apart >= params["red"])
    enough = slow_weight >= params["readings"]
    limits = params["yellow"], params["red"]
    return Seen(level, apart <= params["off"], enough, now.good["weight"], *limits, apart)


def weight_over_dry(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "weight" not in now.good:
        return None
    base, usual = who.base_of("weight")
    dry = base if math.isnan(who.dry) else who.dry
    x = now.good["weight"]
    if math.isnan(dry):
        return Seen(0, False, False)
    dry_grams = round(dry * 1000)
    over = grams_of(now) - dry_grams
    yellow, red, off = (params[name] * 1000 for name in ("yellow", "red", "off"))
    limits = dry_grams / 1000 + params["yellow"], dry_grams / 1000 + params["red"]
    return Seen(
        grade(over >= yellow, over >= red), over <= off, True, x, *limits, over / 1000, usual
    )


def note_month(who: "Patient", day: int) -> None:
    """The slow average; kept as it stands on the first day of a span that knows three readings."""
    weight, mean = who.slow = p.moments(who.weights, 14.0)[:2]
    if weight >= 3.0 and day // SPAN not in who.months:
        who.months[day // SPAN] = (day, mean)


def month_ago(who: "Patient", day: int) -> float:
    """The newest of the last four spans' that is 30 to 63 days old."""
    if not who.months:
        return NAN
    newest = max(who.months)
    old = [
        (then, mean)
        for span, (then, mean) in who.months.items()
        if span > newest - 4 and 30 <= day - then < 64
    ]
    return max(old)[1] if old else NAN


def weight_loss(who: "Patient", now: Now, params: Params) -> Seen | None:
    since = now.t - who.diuretic_changed
    if "weight" not in now.good or 0 <= since < params["mute_days"]:
        return None
    lost = p.fall(who.grams[-20:], now.day, grams_of(now), int(params["window_days"]))
    before = month_ago(who, now.day)
    if lost is None and math.isnan(before):
        return Seen(0, False, False)
    slow = who.slow[1]
    percent = 100.0 * (slow - before) / before
    quick = lost is not None and lost >= params["yellow"] * 1000
    month = percent <= -params["percent"]
    steady = lost is None or lost <= params["off"] * 1000
    return Seen(
        grade(quick or month, False),
        steady and not percent <= -params["off_percent"],
        True,
        now.good["weight"],
        before * (1 - params["percent"] / 100) if month and not quick else NAN,
        NAN,
        -(lost or 0) / 1000 if quick or not month else slow - before,
    )
