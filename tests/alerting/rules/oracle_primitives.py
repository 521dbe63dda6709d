"""The primitives P1 to P13 and NEWS2 as textbooks write them: plain Python over whole histories.

In: lists of (day, reading) or of readings, None = missing. Out: numbers or lists, one for each
reading. Written from the clinical reference (sections 4.0 and 7). Called by the scalar oracle and
by the tests that hold the vectorised primitives against it.
"""

import math
from collections.abc import Sequence
from statistics import median

NAN = math.nan
History = Sequence[tuple[float, float]]
Gapped = Sequence[float | None]


def moments(history: History, half_life: float) -> tuple[float, float, float]:
    """P1: effective number, mean and variance, weighted by age, as weighted sums."""
    if not history:
        return 0.0, NAN, NAN
    last = history[-1][0]
    weights = [2.0 ** ((t - last) / half_life) for t, _ in history]
    total = math.fsum(weights)
    mean = math.fsum(w * x for w, (_, x) in zip(weights, history, strict=True)) / total
    squares = (w * (x - mean) ** 2 for w, (_, x) in zip(weights, history, strict=True))
    return total, mean, math.fsum(squares) / total


class Baseline:
    """P2: P1 fed with readings older than the lag, pulled to within three sd, all of them kept."""

    def __init__(self, half_life: float, floor: float, lag: int = 7) -> None:
        self.half_life, self.floor, self.lag = half_life, floor, lag
        self.weight = self.mean = self.spread = 0.0
        self.last = 0
        self.waiting: list[tuple[int, float]] = []

    @property
    def sd(self) -> float:
        """Never below the floor."""
        if self.weight == 0:
            return self.floor
        return max(math.sqrt(max(self.spread / max(self.weight, 1.0), 0.0)), self.floor)

    @property
    def usual(self) -> float:
        """The mean, where there is one."""
        return self.mean if self.weight > 0 else NAN

    @property
    def valid(self) -> bool:
        """Five effective readings."""
        return self.weight >= 5.0

    def absorb_until(self, day: int) -> None:
        """Let in what has waited long enough, oldest first."""
        while self.waiting and day - self.waiting[0][0] >= self.lag:
            self._absorb(*self.waiting.pop(0))

    def _absorb(self, day: int, x: float) -> None:
        if self.weight > 0:
            reach = 3.0 * self.sd
            x = self.mean + min(max(x - self.mean, -reach), reach)
        left = math.exp2(-(day - self.last) / self.half_life) if self.weight > 0 else 0.0
        self.weight = left * self.weight + 1.0
        before = x - self.mean
        self.mean += before / self.weight
        self.spread = left * self.spread + before * (x - self.mean)
        self.last = day

    def enter(self, day: int, x: float) -> None:
        """The first reading of a day begins to wait."""
        if not self.waiting or self.waiting[-1][0] != day:
            self.waiting.append((day, x))

    def learn_anew(self) -> None:
        """Three effective readings are left of what was learnt."""
        kept = min(self.weight, 3.0)
        if self.weight > 0:
            self.spread *= kept / self.weight
        self.weight = kept


def median_mad(window: Sequence[float], floor: float) -> tuple[float, float]:
    """P3: median, and 1.4826 times the median absolute deviation."""
    middle = median(window)
    return middle, max(1.4826 * median(abs(x - middle) for x in window), floor)


def k_of_n(hits: Sequence[bool | None], k: int, n: int) -> list[bool]:
    """P4: whether k of the last n measured readings are hits; never at a missing one."""
    fired, seen = [], []
    for hit in hits:
        if hit is not None:
            seen.append(hit)
        fired.append(hit is not None and sum(seen[-n:]) >= k)
    return fired


def hysteresis(x: Gapped, on: float, off: float, n_off: int) -> list[bool]:
    """P5: on at or below `on`, off after n_off readings in a row at or above `off`."""
    state, clears, answers = False, 0, []
    for value in x:
        if value is not None:
            clears = clears + 1 if value >= off else 0
            if value <= on:
                state = True
            elif clears >= n_off:
                state = False
        answers.append(state)
    return answers


def refractory(raw: Sequence[tuple[float, int]], rest: float) -> list[tuple[float, int]]:
    """P6: of (day, tier), those that may be told: rested, or of a higher tier than last told."""
    told: list[tuple[float, int]] = []
    for day, tier in raw:
        if not told or day - told[-1][0] >= rest or tier > told[-1][1]:
            told.append((day, tier))
    return told


def ewma_chart(z: Gapped, share: float, width: float) -> list[tuple[float, float]]:
    """P7: the chart and its limit after each reading."""
    chart, count, answers = 0.0, 0, []
    for value in z:
        if value is not None:
            chart, count = share * value + (1 - share) * chart, count + 1
        left = 1.0 - (1.0 - share) ** (2 * count)
        answers.append((chart, width * math.sqrt(share / (2.0 - share) * left)))
    return answers


def cusum(z: Gapped, slack: float, height: float) -> list[float]:
    """P8: one-sided, shown before it starts again at 0 where it has reached the height."""
    total, answers = 0.0, []
    for value in z:
        if value is not None:
            total = 0.0 if total >= height else total
            total = max(0.0, total + value - slack)
        answers.append(total)
    return answers


def evidence(z: float | None, shift: float, clip: float = 3.5) -> float:
    """P9: log-likelihood ratio of one standardised reading; a missing one says nothing."""
    if z is None:
        return 0.0
    return shift * max(-clip, min(clip, z)) - shift * shift / 2.0


def answered(yes: int, no: int, if_yes: float, if_no: float, least: float, most: float) -> float:
    """P9: log-likelihood ratio of a questionnaire, clipped."""
    return max(least, min(most, yes * if_yes + no * if_no))


def macd(history: History, fast: float = 2.0, slow: float = 14.0) -> float:
    """P10: fast minus slow mean."""
    return moments(history, fast)[1] - moments(history, slow)[1]


def gain(history: Sequence[tuple[int, int]], day: int, x: int, window: int) -> int | None:
    """P11: the rise over the lowest earlier day within the window, None when there is none."""
    past = [value for then, value in history if 0 < day - then <= window]
    return x - min(past) if past else None


def fall(history: Sequence[tuple[int, int]], day: int, x: int, window: int) -> int | None:
    """P11 the other way round: below the highest of the earlier days' lowest."""
    lowest: dict[int, int] = {}
    for then, value in history:
        if 0 < day - then <= window:
            lowest[then] = min(value, lowest.get(then, value))
    return max(lowest.values()) - x if lowest else None


def theil_sen(history: History) -> float:
    """P12: the median of all pairwise slopes."""
    slopes = [
        (x - before) / (t - then)
        for place, (then, before) in enumerate(history)
        for t, x in history[place + 1 :]
    ]
    return median(slopes) if slopes else NAN


CRITICAL = {4: 6, 5: 8, 6: 11, 7: 13, 8: 16}
"""P12: one-sided exact 5 % of Mann and Kendall's S without ties."""


def mann_kendall(readings: Sequence[float]) -> tuple[int, float]:
    """P12: S, and Z with the corrections for ties and continuity (0 without variance)."""
    s = 0
    for place, before in enumerate(readings):
        for x in readings[place + 1 :]:
            s += (x > before) - (x < before)
    return s, standardised(s, readings)


def standardised(s: int, readings: Sequence[float]) -> float:
    """P12: the Z of an S over these readings, in whatever order."""
    n = len(readings)
    variance = n * (n - 1) * (2 * n + 5)
    for value in set(readings):
        u = readings.count(value)
        variance -= u * (u - 1) * (2 * u + 5)
    return (s - (s > 0) + (s < 0)) / math.sqrt(variance / 18.0) if variance > 0 else 0.0


def falls(readings: Sequence[float]) -> tuple[bool, float]:
    """P12: a fall at one-sided 5 %, exact for four to eight readings without ties; and Z."""
    s, z = mann_kendall(readings)
    return significant(s, readings), z


def significant(s: int, readings: Sequence[float]) -> bool:
    """P12: whether an S over these readings, in whatever order, is a fall."""
    n = len(readings)
    if n < 4:
        return False
    if n <= 8 and len(set(readings)) == n:
        return -s >= CRITICAL[n]
    return standardised(s, readings) <= -1.6448536269514722


def kalman(
    history: Sequence[tuple[float, float | None]],
    r: float,
    q: tuple[float, float],
    p: tuple[float, float],
) -> list[tuple[float, float, float]]:
    """P13: level, slope and NIS after each day; starts at the first reading with diag(p)."""
    first = history[0][1]
    assert first is not None
    level, slope, (p00, p11), p01 = first, 0.0, p, 0.0
    last, answers = history[0][0], []
    for t, y in history:
        d, last = t - last, t
        level += slope * d
        p00 += 2 * d * p01 + d * d * p11 + q[0] * d
        p01 += d * p11
        p11 += q[1] * d
        nis = NAN
        if y is not None:
            miss, total = y - level, p00 + r
            k0, k1 = p00 / total, p01 / total
            level, slope = level + k0 * miss, slope + k1 * miss
            p11 -= k1 * p01
            p00, p01, nis = p00 * (1 - k0), p01 * (1 - k0), miss * miss / total
        answers.append((level, slope, nis))
    return answers


def news2_saturation(x: float, scale2: bool, oxygen: bool) -> int:
    """Section 7, both scales; whole percent."""
    x = round(x)
    if not scale2:
        return 3 if x <= 91 else 2 if x <= 93 else 1 if x <= 95 else 0
    if x <= 92:
        return 3 if x <= 83 else 2 if x <= 85 else 1 if x <= 87 else 0
    if not oxygen:
        return 0
    return 1 if x <= 94 else 2 if x <= 96 else 3


def news2_systolic(x: float) -> int:
    """Section 7; whole mmHg."""
    x = round(x)
    return 3 if x <= 90 else 2 if x <= 100 else 1 if x <= 110 else 0 if x <= 219 else 3


def news2_pulse(x: float) -> int:
    """Section 7; whole beats a minute."""
    x = round(x)
    if x <= 50:
        return 3 if x <= 40 else 1
    return 0 if x <= 90 else 1 if x <= 110 else 2 if x <= 130 else 3


def news2_respiration(x: float) -> int:
    """Section 7; whole breaths a minute."""
    x = round(x)
    return 3 if x <= 8 else 1 if x <= 11 else 0 if x <= 20 else 2 if x <= 24 else 3


def news2_temperature(x: float) -> int:
    """Section 7; tenths of a degree."""
    x = round(x, 1)
    return 3 if x <= 35.0 else 1 if x <= 36.0 else 0 if x <= 38.0 else 1 if x <= 39.0 else 2


def news2_risk(points: Sequence[int]) -> str:
    """Section 7: tested from the top."""
    total = sum(points)
    if total >= 7:
        return "high"
    if total >= 5:
        return "medium"
    return "low-medium" if 3 in points else "low"
