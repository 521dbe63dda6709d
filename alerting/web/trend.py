"""Whether somebody gets better or worse, and since when: what a row says of the days behind it.

In: the curves that an alert is about, and when its attention was called for. Out: a `Trend`. Pure.
Distances are counted in spreads of what is usual for the person, towards the side on which the
signal lay farthest out since the alert began. The numbers are choices of ours, for reading only: no
rule and no alert depends on them.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from alerting.local_time import DAY_MS, local_days
from alerting.situation import Curve, Point

Way = Literal["better", "worse", "unchanged", "silent"]
NEAR_SD = 1.0
"""So near is as usual; and less than so much of a change is none."""
BACK_SHARE = 1 / 3
"""Who is back by a third of the way is getting better; nearer than that is the noise of a day."""
SILENT_DAYS = 2
"""Who measured yesterday is not silent, even where something that is planned is missing."""
LOOK_BACK_MS = 14 * DAY_MS
"""A trend into an alert may have begun before it; so far back it is looked for."""


class Trend(msgspec.Struct, frozen=True):
    """`way` since `since_ms`; `silent`: nothing was measured since then, though it was due."""

    way: Way
    since_ms: int


def trend_of(
    curves: Iterable[Curve],
    onset_ms: int,
    now_ms: int,
    last_measured_ms: int | None,
    missed_days: int = 0,
) -> Trend:
    """How it has gone since the alert began.

    Better only when every signal that lay out is better; worse when one is.
    """
    if missed_days and last_measured_ms is not None:
        silent = Trend("silent", last_measured_ms)
        if days_silent(silent, now_ms) >= SILENT_DAYS:
            return silent
    found = [trend for curve in curves if (trend := _of(curve, onset_ms, now_ms)) is not None]
    worse = [trend.since_ms for trend in found if trend.way == "worse"]
    if worse:
        return Trend("worse", min(worse))
    if found and all(trend.way == "better" for trend in found):
        return Trend("better", max(trend.since_ms for trend in found))
    return Trend("unchanged", onset_ms)


def days_silent(trend: Trend, now_ms: int) -> int:
    """Calendar days since the last measurement."""
    return int(local_days(now_ms)) - int(local_days(trend.since_ms))


def _of(curve: Curve, onset_ms: int, now_ms: int) -> Trend | None:
    """The trend of one signal; None where it was as usual all along, or nothing is known."""
    points = [point for point in curve.points if not point.doubtful]
    usual = _usual_at(curve, onset_ms)
    if len(points) < 2 or usual is None:
        return None
    mean, sd = usual
    since = [point for point in points if point.measured_ms >= onset_ms] or points[-1:]
    farthest = max(since, key=lambda point: abs(point.value - mean))
    side = 1.0 if farthest.value >= mean else -1.0

    def out(point: Point) -> float:
        return side * (point.value - mean) / sd

    peak, last = out(farthest), out(points[-1])
    if peak < 2 * NEAR_SD:
        return None
    back = max(NEAR_SD, BACK_SHARE * peak)
    if last <= peak - back:
        return Trend("better", _first_after(points, lambda point: out(point) > peak - back))
    before = [point for point in points[:-1] if point.measured_ms >= now_ms - LOOK_BACK_MS]
    if last >= peak - NEAR_SD and any(out(point) <= last - NEAR_SD for point in before):
        return Trend("worse", _first_after(points, lambda point: out(point) < NEAR_SD))
    return Trend("unchanged", onset_ms)


def _usual_at(curve: Curve, onset_ms: int) -> tuple[float, float] | None:
    """What was usual when it began, before the illness could teach the baseline; else the first."""
    known = [usual for usual in curve.usual if usual.sd > 0]
    before = [usual for usual in known if usual.measured_ms <= onset_ms]
    chosen = before[-1] if before else known[0] if known else None
    return None if chosen is None else (chosen.mean, chosen.sd)


def _first_after(points: Sequence[Point], holds: object) -> int:
    """When the first measurement came after the last one for which it holds; the first if none."""
    assert callable(holds)
    place = max((at for at, point in enumerate(points) if holds(point)), default=-1)
    return points[min(place + 1, len(points) - 1)].measured_ms
