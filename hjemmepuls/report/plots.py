"""Drawings of the reports as SVG: dots with intervals, curves, bars.

In: numbers and texts in two languages. Out: SVG markup, safe to put into a page. Pure: the same
numbers give the same markup. Colours come from the page's style sheet, by class, and never speak
alone: every series has its own shape and its own words.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup, escape


class Say(NamedTuple):
    """One text in both languages; the page shows one of them."""

    da: str
    en: str


class Dot(NamedTuple):
    """One line of `dots`: a value, its interval, and what was hoped for."""

    label: Say
    value: float | None
    interval: Sequence[float | None] | None
    target: float | None = None
    tone: str = "ours"


class Series(NamedTuple):
    """Points (x, y) of `curves`, joined where `joined`; `marks` are their own words."""

    label: Say
    points: Sequence[tuple[float, float]]
    tone: str
    joined: bool = True
    shape: str = "circle"


class Part(NamedTuple):
    """One bar of `bars`, of several parts (value, tone)."""

    label: Say
    parts: Sequence[tuple[float, str]]
    note: Say = Say("", "")


WIDTH: Final = 780
_LABEL: Final = 330
_ROW: Final = 34
_TEXT_MAX: Final = 44


def text(x: float, y: float, say: Say, *, anchor: str = "start", tone: str = "") -> Markup:
    """Both languages at one place; the style sheet hides one."""
    made = Markup("")
    for language, words in (("da", say.da), ("en", say.en)):
        made += Markup(
            '<text class="{} {}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
        ).format(language, tone, x, y, anchor, words)
    return made


def number(value: float, decimals: int = 2) -> Say:
    """With a Danish comma and an English point.

    >>> number(0.5), number(1234.5, 0)
    (Say(da='0,50', en='0.50'), Say(da='1234', en='1234'))
    """
    plain = f"{value:.{decimals}f}"
    return Say(plain.replace(".", ","), plain)


def ticks(high: float, most: int = 6) -> list[float]:
    """Round numbers from 0 to at least `high`.

    >>> ticks(0.93), ticks(37)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 10.0, 20.0, 30.0, 40.0])
    """
    high = max(high, 1e-9)
    power = math.floor(math.log10(high)) - 1
    steps = (factor * 10.0 ** (power + more) for more in range(3) for factor in (1, 2, 5))
    step = next(step for step in steps if step * (most - 1) >= high * (1 - 1e-9))
    count = math.ceil(high / step * (1 - 1e-9))
    return [round(step * place, 12) for place in range(count + 1)]


def dots(rows: Sequence[Dot], high: float, name: Say, decimals: int = 2) -> Markup:
    """One line per row: the value as a dot, its interval as a bar, the target as a tick."""
    scale = ticks(high)
    left, right = _LABEL + 14, WIDTH - 64
    bottom = 12 + _ROW * len(rows)

    def x(value: float) -> float:
        return left + min(max(value / scale[-1], 0.0), 1.0) * (right - left)

    made = _grid(scale, x, bottom)
    for place, row in enumerate(rows):
        y = 12 + _ROW * (place + 0.5)
        made += text(_LABEL, y + 5, _short(row.label), anchor="end")
        if row.interval and row.interval[0] is not None and row.interval[1] is not None:
            made += _line(x(row.interval[0]), y, x(row.interval[1]), y, f"bar {row.tone}")
        if row.target is not None:
            made += _line(x(row.target), y - 13, x(row.target), y + 13, "target")
        if row.value is not None:
            made += Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="6"/>').format(
                row.tone, x(row.value), y
            )
            made += text(WIDTH - 4, y + 5, number(row.value, decimals), anchor="end", tone="figure")
    return _drawn(made, bottom + 26, name)


def curves(
    series: Sequence[Series],
    x_name: Say,
    y_name: Say,
    name: Say,
    *,
    x_high: float,
    y_high: float = 1.0,
) -> Markup:
    """Lines and points over two axes that begin at 0, with a legend below; points further out than
    the axis are left out."""
    across, up = ticks(x_high), ticks(y_high)
    left, right, top, bottom = 58, WIDTH - 20, 34, 330

    def x(value: float) -> float:
        return left + min(value / across[-1], 1.0) * (right - left)

    def y(value: float) -> float:
        return bottom - min(value / up[-1], 1.0) * (bottom - top)

    made = text(left - 46, 16, y_name, tone="soft")
    for tick in up:
        made += _line(left, y(tick), right, y(tick), "grid")
        made += text(left - 8, y(tick) + 5, _tick(tick), anchor="end", tone="soft")
    for tick in across:
        made += text(x(tick), bottom + 20, _tick(tick), anchor="middle", tone="soft")
    made += text(right, bottom + 42, x_name, anchor="end", tone="soft")
    for one in series:
        places = [(x(a), y(b)) for a, b in one.points if a <= across[-1]]
        if one.joined and len(places) > 1:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
            made += Markup('<polyline class="{}" points="{}"/>').format(one.tone, path)
        if one.shape:
            for a, b in places:
                made += _shape(one.shape, a, b, one.tone)
    for place, one in enumerate(series):
        down = bottom + 70 + 24 * (place // 2)
        begin = left + (place % 2) * (right - left) / 2
        made += _shape(one.shape or "circle", begin, down - 5, one.tone)
        made += text(begin + 14, down, _short(one.label))
    return _drawn(made, bottom + 62 + 24 * ((len(series) + 1) // 2), name)


def bars(rows: Sequence[Part], name: Say, decimals: int = 1) -> Markup:
    """One bar per row, of parts that stand behind each other; the sum at its end."""
    high = max((sum(value for value, _ in row.parts) for row in rows), default=0.0)
    scale = ticks(high or 1.0)
    left, right = _LABEL + 14, WIDTH - 64
    bottom = 12 + _ROW * len(rows)

    def x(value: float) -> float:
        return left + value / scale[-1] * (right - left)

    made = _grid(scale, x, bottom)
    for place, row in enumerate(rows):
        y, begin = 12 + _ROW * place, 0.0
        made += text(_LABEL, y + _ROW / 2 + 5, _short(row.label), anchor="end")
        for value, tone in row.parts:
            made += Markup(
                '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="18"/>'
            ).format(tone, x(begin), y + 8, max(x(begin + value) - x(begin), 0.0))
            begin += value
        said = row.note if row.note.da else number(begin, decimals)
        made += text(x(begin) + 8, y + _ROW / 2 + 5, said, tone="figure")
    return _drawn(made, bottom + 26, name)


def _grid(scale: Sequence[float], x: Callable[[float], float], bottom: float) -> Markup:
    made = Markup("")
    for tick in scale:
        place = x(tick)
        made += _line(place, 6, place, bottom, "grid")
        made += text(place, bottom + 20, _tick(tick), anchor="middle", tone="soft")
    return made


def _line(x1: float, y1: float, x2: float, y2: float, tone: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        tone, x1, y1, x2, y2
    )


def _shape(shape: str, x: float, y: float, tone: str) -> Markup:
    if shape == "circle":
        return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="5"/>').format(tone, x, y)
    turned = Markup(' transform="rotate(45 {:.1f} {:.1f})"').format(x, y)
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="9" height="9"{}/>').format(
        tone, x - 4.5, y - 4.5, turned if shape == "diamond" else ""
    )


def _tick(value: float) -> Say:
    plain = f"{value:g}"
    return Say(plain.replace(".", ","), plain)


def _short(say: Say) -> Say:
    cut = (words if len(words) <= _TEXT_MAX else words[: _TEXT_MAX - 1] + "…" for words in say)
    return Say(*cut)


def _drawn(inside: Markup, height: float, name: Say) -> Markup:
    label = f"{name.da} / {name.en}"
    return Markup('<svg viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, escape(label), inside
    )
