"""A curve as SVG, drawn on the server: measurements, what is usual, limits, onsets of alerts.

In: a `Curve` and a window of time. Out: SVG markup, safe to put into a page; colours and strokes
come from the style sheet, by class. Pure: the same curve gives the same markup.

Colour never speaks alone: red limits are dashed long, yellow ones short, doubtful measurements
are crosses, and every limit is also told as text beside the curve.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup, escape

from alerting.alert import Severity
from alerting.local_time import DAY_MS, ZONE, local_days
from alerting.situation import Curve, Point
from alerting.web import times
from alerting.web.texts import Lang, say

GAP_DAYS = 4
"""A silence of more calendar days breaks the line: nothing is known about what lies between. From
Thursday to Monday, as in a plan of twice a week, it does not."""
BAND_SD = 2.0
_LIMIT_CLASSES = ("red", "yellow", "yellow", "red")
_NEAR_LIMIT = 0.7
"""A limit is drawn when it lies within so many heights of the curve."""
_TICKS_MAX = 5
SPARK_BAND_MAX = 6
_VALUE_MAX = 1e6
"""Nothing of the catalogue is larger; what is, or is no number at all, is not drawn."""


class Onset(NamedTuple):
    """Where an alert begins, to be marked on the curve."""

    at_ms: int
    severity: Severity
    text: str


class Window(NamedTuple):
    """The span of time that is drawn, in UTC milliseconds; `until_ms` is after `since_ms`."""

    since_ms: int
    until_ms: int

    @classmethod
    def last(cls, days: int, now_ms: int) -> "Window":
        """The last days until now."""
        return cls(now_ms - days * DAY_MS, now_ms)

    def holds(self, instant_ms: int) -> bool:
        """Whether the moment lies inside, ends included."""
        return self.since_ms <= instant_ms <= self.until_ms


class _Plane(NamedTuple):
    """Where data lie on the drawing: a box in SVG units, and what its edges mean."""

    left: float
    top: float
    right: float
    bottom: float
    window: Window
    low: float
    high: float
    decimals: int = 1

    def x(self, instant_ms: int) -> str:
        share = (instant_ms - self.window.since_ms) / (self.window.until_ms - self.window.since_ms)
        x = self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)
        return f"{x:.{self.decimals}f}"

    def inside(self, value: float) -> float:
        """The value, or the edge beyond which it lies; a doubtful one may be anywhere."""
        return min(max(value, self.low), self.high)

    def y(self, value: float) -> str:
        share = (value - self.low) / (self.high - self.low)
        return f"{self.bottom - share * (self.bottom - self.top):.{self.decimals}f}"


def sparkline(curve: Curve, window: Window, lang: Lang) -> Markup:
    """A small curve without axes, for a row of the worklist; 220 by 56 units, whole ones.

    The upright line is today: what was measured last lies on it, or before it.
    """
    low, high = _range(curve, window)
    plane = _Plane(4, 5, 212, 51, window, low, high, decimals=0)
    today = Markup('<path class="today" d="M{} 2V54"/>').format(plane.x(window.until_ms))
    limits = [line for line in _limits(curve, plane) if 'class="limit red"' in line]
    parts = [*_band(curve, plane, SPARK_BAND_MAX), *limits, today]
    parts += _line(curve, plane)
    shown = _shown(curve, window)
    if shown:
        last = shown[-1]
        kind = "last doubtful" if last.doubtful else "last"
        x, y = plane.x(last.measured_ms), plane.y(plane.inside(last.value))
        parts.append(Markup('<circle class="{}" cx="{}" cy="{}" r="4.5"/>').format(kind, x, y))
    words = label(curve, window, lang)
    return Markup(
        '<svg class="spark" viewBox="0 0 220 56" role="img" aria-label="{}">{}</svg>'
    ).format(words, Markup("").join(parts))


def chart(curve: Curve, window: Window, lang: Lang, onsets: Sequence[Onset] = ()) -> Markup:
    """A curve with axes, every measurement and the onsets of alerts; 560 by 210 units."""
    low, high = _range(curve, window)
    plane = _Plane(46, 22, 548, 182, window, low, high)
    parts = [
        *_value_axis(curve, plane, lang),
        *_time_axis(plane, lang),
        *_band(curve, plane),
        *_limits(curve, plane),
        *_onsets(onsets, plane, lang),
        *_line(curve, plane),
        *_points(curve, plane, lang),
    ]
    return _svg("chart", 560, 210, label(curve, window, lang), parts)


def label(curve: Curve, window: Window, lang: Lang) -> str:
    """The curve in words, for those who do not see it."""
    shown = _shown(curve, window)
    usual = usual_now(curve)
    usual_text = "" if usual is None else say(lang, "curve-usual", value=told(curve, usual, lang))
    return say(
        lang,
        "curve-label",
        name=name_of(curve, lang),
        days=round((window.until_ms - window.since_ms) / DAY_MS),
        count=len(shown),
        last=told(curve, shown[-1].value, lang) if shown else "\N{EN DASH}",
        usual=usual_text,
    )


def name_of(curve: Curve, lang: Lang) -> str:
    """The signal's name."""
    return curve.name_da if lang == "da" else curve.name_en


def told(curve: Curve, value: float, lang: Lang) -> str:
    """A value with its unit; a rate is written close to its number, as in 88/min."""
    space = "" if curve.unit.startswith("/") else "\N{NO-BREAK SPACE}"
    return f"{times.number(value, curve.decimals, lang)}{space}{curve.unit}"


def usual_now(curve: Curve) -> float | None:
    """The newest personal baseline, if there is one."""
    known = [usual.mean for usual in curve.usual if _drawable(usual.mean)]
    return known[-1] if known else None


def _drawable(*values: float) -> bool:
    return all(abs(value) <= _VALUE_MAX for value in values)


def _shown(curve: Curve, window: Window) -> list[Point]:
    return [
        point
        for point in curve.points
        if window.holds(point.measured_ms) and _drawable(point.value)
    ]


def _range(curve: Curve, window: Window) -> tuple[float, float]:
    """Lowest and highest value to draw: data, band, and the limits that are near or passed."""
    points = _shown(curve, window)
    values = [point.value for point in points if not point.doubtful]
    values = values or [point.value for point in points]
    for usual in curve.usual:
        if window.holds(usual.measured_ms) and _drawable(usual.mean, usual.sd):
            values += (usual.mean - BAND_SD * usual.sd, usual.mean + BAND_SD * usual.sd)
    if not values:
        values = [limit for limit in curve.limits if limit is not None] or [0.0, 1.0]
    passed = list(_passed(curve, [point.value for point in points if not point.doubtful]))
    low, high = min(values), max(values)
    height = max(high - low, 4 * 10.0**-curve.decimals)
    for limit in (*curve.limits, *curve.relative):
        near = low - _NEAR_LIMIT * height, high + _NEAR_LIMIT * height
        if limit is not None and near[0] <= limit <= near[1]:
            values.append(limit)
    values += passed
    low, high = min(values), max(values)
    spare = max(0.08 * (high - low), (height - (high - low)) / 2)
    return low - spare, high + spare


def _passed(curve: Curve, values: Sequence[float]) -> Iterable[float]:
    """The limits that some value has reached: however far out it lies, one sees what it passed."""
    for kinds in (curve.limits, curve.relative):
        for place, limit in enumerate(kinds):
            low_side = place < len(_LIMIT_CLASSES) // 2
            if limit is not None and any(
                value <= limit if low_side else value >= limit for value in values
            ):
                yield limit


def _band(curve: Curve, plane: _Plane, places_max: int | None = None) -> Iterable[Markup]:
    """The band of two sd around the usual value, and the usual value as a line; drawn through at
    most `places_max` places, as what is usual changes slowly."""
    known = [
        usual
        for usual in curve.usual
        if plane.window.holds(usual.measured_ms) and _drawable(usual.mean, usual.sd)
    ]
    if not known:
        return
    if known[-1].measured_ms < plane.window.until_ms:
        known.append(type(known[-1])(plane.window.until_ms, known[-1].mean, known[-1].sd))
    if places_max is not None and len(known) > places_max:
        step = (len(known) - 1) / (places_max - 1)
        known = [known[round(place * step)] for place in range(places_max)]
    upper = [(usual.measured_ms, usual.mean + BAND_SD * usual.sd) for usual in known]
    lower = [(usual.measured_ms, usual.mean - BAND_SD * usual.sd) for usual in known]
    outline = _path([*upper, *lower[::-1]], plane)
    middle = _path([(usual.measured_ms, usual.mean) for usual in known], plane)
    yield Markup('<path class="band" d="{}Z"/>').format(outline)
    yield Markup('<path class="usual" d="{}"/>').format(middle)


def _limits(curve: Curve, plane: _Plane) -> Iterable[Markup]:
    for kind, limit in zip(_LIMIT_CLASSES, curve.limits, strict=False):
        if limit is not None and plane.low <= limit <= plane.high:
            y = plane.y(limit)
            yield Markup('<line class="limit {}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                kind, plane.left, plane.right, y, y
            )
    for kind, limit in zip(_LIMIT_CLASSES, curve.relative, strict=False):
        if limit is not None and plane.low <= limit <= plane.high:
            y = plane.y(limit)
            yield Markup('<path class="limit relative {}" d="M{} {}H{}"/>').format(
                kind, plane.left, y, plane.right
            )


def _line(curve: Curve, plane: _Plane) -> Iterable[Markup]:
    """The measurements that count, joined; a long silence breaks the line."""
    sound = [point for point in _shown(curve, plane.window) if not point.doubtful]
    days = [int(local_days(point.measured_ms)) for point in sound]
    runs: list[list[tuple[int, float]]] = [[]]
    for point, (before, day) in zip(sound, pairwise([*days[:1], *days]), strict=True):
        if day - before > GAP_DAYS:
            runs.append([])
        runs[-1].append((point.measured_ms, point.value))
    for run in runs:
        if len(run) > 1:
            yield Markup('<path class="line" d="{}"/>').format(_path(run, plane))
        elif run:
            yield Markup('<circle class="dot" cx="{}" cy="{}" r="1.6"/>').format(
                plane.x(run[0][0]), plane.y(run[0][1])
            )


def _points(curve: Curve, plane: _Plane, lang: Lang) -> Iterable[Markup]:
    for point in _shown(curve, plane.window):
        words = f"{told(curve, point.value, lang)} · {times.exact(point.measured_ms, lang)}"
        x = plane.x(point.measured_ms)
        if not point.doubtful:
            yield Markup(
                '<circle class="dot" cx="{}" cy="{}" r="2.6"><title>{}</title></circle>'
            ).format(x, plane.y(point.value), words)
            continue
        y = plane.y(plane.inside(point.value))
        yield Markup(
            '<path class="doubtful" transform="translate({} {})" d="M-4-4 4 4M-4 4 4-4">'
            "<title>{}</title></path>"
        ).format(x, y, f"{words} · {say(lang, 'curve-doubtful')}")


def _onsets(onsets: Sequence[Onset], plane: _Plane, lang: Lang) -> Iterable[Markup]:
    for onset in onsets:
        if plane.window.holds(onset.at_ms):
            words = f"{say(lang, onset.severity)}: {onset.text} · {times.exact(onset.at_ms, lang)}"
            yield Markup(
                '<g class="onset {}" transform="translate({} 0)"><path d="M0 {}V{}"/>'
                '<path class="flag" d="M0 {}h11l-3 5 3 5H0Z"/><title>{}</title></g>'
            ).format(
                onset.severity, plane.x(onset.at_ms), plane.top - 14, plane.bottom,
                plane.top - 14, words,
            )  # fmt: skip


def _value_axis(curve: Curve, plane: _Plane, lang: Lang) -> Iterable[Markup]:
    step = _tick_step(plane.high - plane.low)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(plane.low / step)
    for tick in (number * step for number in range(first, math.floor(plane.high / step) + 1)):
        yield Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="value" x="{}" y="{}" dy="4">{}</text>'
        ).format(
            plane.left, plane.right, plane.y(tick), plane.y(tick),
            plane.left - 7, plane.y(tick), times.number(tick, decimals, lang),
        )  # fmt: skip
    yield Markup('<text class="unit" x="{}" y="{}">{}</text>').format(
        plane.left, plane.top - 9, curve.unit
    )


def _time_axis(plane: _Plane, lang: Lang) -> Iterable[Markup]:
    """A tick at the local midnight before every Monday."""
    day = times.local(plane.window.since_ms).date()
    day += timedelta(days=(7 - day.weekday()) % 7)
    while True:
        moment_ms = round(datetime.combine(day, time(), ZONE).timestamp() * 1000)
        if moment_ms > plane.window.until_ms:
            return
        if moment_ms >= plane.window.since_ms:
            x = plane.x(moment_ms)
            yield Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                x, x, plane.bottom, plane.bottom + 5
            )
            if plane.left <= float(x) <= plane.right - 24:
                yield Markup('<text class="time" x="{}" y="{}">{}</text>').format(
                    x, plane.bottom + 20, times.day(day, lang)
                )
        day += timedelta(days=7)


def _tick_step(height: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that gives few enough ticks.

    >>> _tick_step(9.0), _tick_step(0.3), _tick_step(60.0)
    (2.0, 0.1, 20.0)
    """
    power = 10.0 ** math.floor(math.log10(height / _TICKS_MAX))
    return next(step * power for step in (1, 2, 5, 10) if height / (step * power) <= _TICKS_MAX)


def _path(places: Sequence[tuple[int, float]], plane: _Plane) -> str:
    """The places joined by straight lines: pairs after the first are lines without saying so."""
    return "M" + " ".join(f"{plane.x(at_ms)} {plane.y(value)}" for at_ms, value in places)


def _svg(kind: str, width: int, height: int, words: str, parts: Iterable[Markup]) -> Markup:
    """Without a `<title>` of its own the small drawing would show no words at all."""
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(kind, width, height, words, words, Markup("").join(escape(part) for part in parts))
