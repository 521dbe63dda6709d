"""One function per rule: what it looks at, and the colour of a single reading.

A condition takes a `Sitting` and the numbers of its row and returns a `Verdict`. It keeps no
state: confirmation, hysteresis and onset are the same for all rules and live in `episodes`.
A level that is reached always counts; GREEN needs everything the rule watches to be there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.due_days import count_due, nth_due
from alerting.rules.primitives import grade, window_gain
from alerting.rules.profile import Profile
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting, Verdict

Params: TypeAlias = Mapping[str, float]

_SPO2, _PULSE, _WEIGHT = signal_index("spo2"), signal_index("pulse"), signal_index("weight")
_SYSTOLIC, _DIASTOLIC = signal_index("systolic"), signal_index("diastolic")
_GRAMS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class _Side:
    """One signal against one side of its personal limits; each array (n,)."""

    level: Ints
    clear: Bools
    complete: Bools
    outer: Floats
    yellow: Floats
    red: Floats


def _low(s: Sitting, column: int, off: float) -> _Side:
    """At or below the low limits; clear from `off` above the outer one."""
    x, yellow, red = s.x[:, column], s.profile.low_yellow[:, column], s.profile.low_red[:, column]
    outer = np.where(np.isnan(yellow), red, yellow)
    complete = ~np.isnan(outer) & ~np.isnan(x)
    return _Side(grade(x <= yellow, x <= red), x >= outer + off, complete, outer, yellow, red)


def _high(s: Sitting, column: int, off: float) -> _Side:
    """At or above the high limits; clear from `off` below the outer one."""
    x, yellow, red = s.x[:, column], s.profile.high_yellow[:, column], s.profile.high_red[:, column]
    outer = np.where(np.isnan(yellow), red, yellow)
    complete = ~np.isnan(outer) & ~np.isnan(x)
    return _Side(grade(x >= yellow, x >= red), x <= outer - off, complete, outer, yellow, red)


def _one_sided(s: Sitting, column: int, side: _Side) -> Verdict:
    asked = ~np.isnan(s.x[:, column])
    ran = asked & (side.complete | (side.level > Colour.GREEN))
    x = s.x[:, column]
    return Verdict(asked, ran, side.level, side.clear, x, side.yellow, side.red)


def spo2_low(s: Sitting, params: Params) -> Verdict:
    """R01. Saturation at or below the personal low limits (percent)."""
    return _one_sided(s, _SPO2, _low(s, _SPO2, params["off"]))


def spo2_drop(s: Sitting, params: Params) -> Verdict:
    """R03. Saturation below the personal baseline by some percentage points."""
    x, mean = s.x[:, _SPO2], s.mean[:, _SPO2]
    drop = mean - x
    asked = ~np.isnan(x)
    return Verdict(
        asked=asked,
        ran=asked & s.known[:, _SPO2],
        level=grade(drop >= params["yellow"], drop >= params["red"]),
        clear=drop <= params["off"],
        value=x,
        limit_yellow=mean - params["yellow"],
        limit_red=mean - params["red"],
        extra=drop,
        baseline=_SPO2,
    )


def pulse_abs(s: Sitting, params: Params) -> Verdict:
    """R06. Pulse at or beyond the personal limits on either side (per minute)."""
    x = s.x[:, _PULSE]
    low, high = _low(s, _PULSE, params["off"]), _high(s, _PULSE, params["off"])
    level = np.maximum(low.level, high.level)
    asked = ~np.isnan(x)
    nearer_low = (x - low.outer <= high.outer - x) | np.isnan(high.outer)
    return Verdict(
        asked=asked,
        ran=asked & (low.complete & high.complete | (level > Colour.GREEN)),
        level=level,
        clear=low.clear & high.clear,
        value=x,
        limit_yellow=np.where(nearer_low, low.yellow, high.yellow),
        limit_red=np.where(nearer_low, low.red, high.red),
    )


def weight_gain(s: Sitting, params: Params) -> Verdict:
    """R11. Weight above the lowest of the last days by more than some kg (exact in grams)."""
    window = int(params["window_days"])
    gain, found = window_gain(s.grams, s.day, s.past_grams, s.past_days, window)
    asked = s.grams > 0
    return Verdict(
        asked=asked,
        ran=asked & found,
        level=grade(gain > params["yellow"] * _GRAMS, gain > params["red"] * _GRAMS),
        clear=gain <= params["off"] * _GRAMS,
        value=s.x[:, _WEIGHT],
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=np.where(found, gain / _GRAMS, np.nan),
    )


def weight_over_dry(s: Sitting, params: Params) -> Verdict:
    """R14. Weight above dry weight: the clinician's, else a valid baseline (exact in grams)."""
    baseline = np.where(s.known[:, _WEIGHT], s.mean[:, _WEIGHT], np.nan)
    decided = s.profile.dry_weight_kg
    dry = np.rint(np.where(np.isnan(decided), baseline, decided) * _GRAMS)
    over = s.grams - dry
    asked = s.grams > 0
    return Verdict(
        asked=asked,
        ran=asked & ~np.isnan(dry),
        level=grade(over >= params["yellow"] * _GRAMS, over >= params["red"] * _GRAMS),
        clear=over <= params["off"] * _GRAMS,
        value=s.x[:, _WEIGHT],
        limit_yellow=dry / _GRAMS + params["yellow"],
        limit_red=dry / _GRAMS + params["red"],
        extra=np.where(asked, over / _GRAMS, np.nan),
        baseline=_WEIGHT,
    )


def systolic_low(s: Sitting, params: Params) -> Verdict:
    """R16. Systolic pressure at or below the personal low limits (mmHg)."""
    return _one_sided(s, _SYSTOLIC, _low(s, _SYSTOLIC, params["off"]))


def pressure_high(s: Sitting, params: Params) -> Verdict:
    """R17. Systolic or diastolic pressure at or above the personal high limits (mmHg)."""
    systolic = _high(s, _SYSTOLIC, params["off_systolic"])
    diastolic = _high(s, _DIASTOLIC, params["off_diastolic"])
    level = np.maximum(systolic.level, diastolic.level)
    asked = ~(np.isnan(s.x[:, _SYSTOLIC]) & np.isnan(s.x[:, _DIASTOLIC]))
    by_diastolic = diastolic.level > systolic.level
    return Verdict(
        asked=asked,
        ran=asked & (systolic.complete & diastolic.complete | (level > Colour.GREEN)),
        level=level,
        clear=systolic.clear & diastolic.clear,
        value=s.x[:, _SYSTOLIC],
        limit_yellow=np.where(by_diastolic, diastolic.yellow, systolic.yellow),
        limit_red=np.where(by_diastolic, diastolic.red, systolic.red),
        extra=s.x[:, _DIASTOLIC],
    )


def missing(s: Sitting, params: Params) -> Verdict:
    """R24. Due days that no reading has met, counted when they are overdue.

    A due day is met by a reading of every expected signal on that day or later. It is overdue
    `grace_days` after its due time; the onset is that instant, whenever anyone looks.
    """
    profile = s.profile
    plan, hour = profile.plan_weekdays, profile.due_hour / 24.0
    last_day = np.floor(s.now - params["grace_days"])
    overdue = last_day + params["grace_days"] + hour <= s.now
    last = last_day.astype(np.int64) - ~overdue
    met, ran = met_until(profile, s.contact_day)
    met = np.where(ran, met, last)
    missed = count_due(plan, met, last)
    yellow = missed >= params["yellow"]
    nth = np.where(
        yellow,
        nth_due(plan, met, int(params["yellow"])),
        nth_due(plan, met, int(params["blue"])),
    )
    level = np.where(yellow, Colour.YELLOW, Colour.GREEN)
    return Verdict(
        asked=np.ones_like(ran),
        ran=ran,
        level=np.where(~yellow & (missed >= params["blue"]), Colour.BLUE, level),
        clear=missed == 0,
        value=np.where(ran, missed, np.nan),
        limit_yellow=params["yellow"],
        limit_red=params["yellow"],
        extra=np.where(ran, missed, np.nan),
        since=nth + params["grace_days"] + hour,
    )


def met_until(profile: Profile, contact_day: Ints) -> tuple[Ints, Bools]:
    """The last local day whose due measurements are met (n,), and whether anything is due (n,)."""
    reached = np.maximum(contact_day, profile.start_day[:, None] - 1)
    met: Ints = np.where(profile.expected, reached, np.iinfo(np.int64).max).min(axis=1)
    planned = (profile.plan_weekdays & 0x7F) > 0
    watched: Bools = profile.expected.any(axis=1) & planned & ~profile.paused
    return met, watched


def quality(s: Sitting, params: Params) -> Verdict:
    """T01. The last reading of some signal was refused by the screen."""
    del params
    waiting = ~np.isnan(s.suspect)
    first = waiting.argmax(axis=1)
    any_waiting: Bools = np.any(waiting, axis=1)
    value = np.take_along_axis(s.suspect, first[:, None], axis=1)[:, 0]
    asked: Bools = np.any(s.present, axis=1)
    return Verdict(
        asked=asked,
        ran=asked,
        level=np.where(any_waiting, Colour.TECHNICAL, Colour.GREEN),
        clear=~any_waiting,
        value=value,
        limit_yellow=np.nan,
        limit_red=np.nan,
        extra=np.where(any_waiting, first, np.nan),
    )
