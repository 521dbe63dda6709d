"""What the rules remember beside baselines: trends, moving averages, CUSUMs, answers.

In: a `Sitting` whose `state` is the memory of its rows. `take_in` runs before the rules are judged
(what counts up to and including now), `remember` after (what must not know today's reading).
The conditions read it through the functions below. Only one reading a day counts in each: the
first accepted one, except for the trend, where the day's newest stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from alerting.rules.arrays import (
    Bools,
    Floats,
    Ints,
    Rows,
    at_slot,
    chosen,
    packed,
    put,
    put_at,
    put_each,
    remainder,
)
from alerting.rules.charts import add_evidence, evidence_of, evidence_of_answers, quicken
from alerting.rules.items import NO, NOT_ASKED, YES, item_index, unpacked
from alerting.rules.primitives import decay
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting
from alerting.rules.slots import (
    FLOW_READINGS,
    MONTH_SLOTS,
    MONTH_SPAN_DAYS,
    NEVER,
    SLOT_BITS,
    SLOTS,
    TREND_DAYS,
)

if TYPE_CHECKING:
    from alerting.rules.state import State

_SPO2, _WEIGHT, _FEV1 = signal_index("spo2"), signal_index("weight"), signal_index("fev1")
TENTHS: Final = 10.0
_AGES: Final = np.arange(1, SLOTS, dtype=np.int32)[:, None]
_HELD: Final = (1 << TREND_DAYS) - 1
_BACK: Final = np.arange(TREND_DAYS - 1, -1, -1, dtype=np.int32)
_MONTH_DAYS: Final = (30, 64)
SLOW_READINGS: Final = 3.0
"""Effective readings from which the slow average of the weight is worth keeping for later."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One log-likelihood CUSUM: the shift of each signal in sd, and the items that count.

    The shifts here are the rulebook's own; at run time those of the row are used.
    """

    rule: str
    shifts: Mapping[str, float]
    items: tuple[str, ...]

    @property
    def columns(self) -> list[int]:
        """The signals' columns."""
        return [signal_index(alias) for alias in self.shifts]

    @property
    def item_columns(self) -> list[int]:
        """The items' columns."""
        return [item_index(alias) for alias in self.items]


COPD_CHART: Final = Chart(
    "R22",
    {"spo2": -1.1, "pulse": 0.7, "fev1": -0.6, "pef": -0.7},
    ("dyspnoea", "cough", "sputum", "sputum_colour"),
)
HEART_CHART: Final = Chart(
    "R23",
    {"weight": 0.65, "pulse": 1.05, "spo2": -0.6},
    ("dyspnoea", "oedema", "orthopnoea"),
)
CHARTS: Final = (COPD_CHART, HEART_CHART)


def take_in(s: Sitting, params_of: Mapping[str, Mapping[str, float]]) -> None:
    """Let this sitting into trend, moving averages and CUSUMs; `params_of` by rule id."""
    news = chosen(s.first & s.known, s.z, np.nan)
    for place, chart in enumerate(CHARTS):
        _fuse(s, news, place, chart, params_of[chart.rule])
    _extend_trend(s)
    _average_weight(s)
    answered = np.logical_or.reduce(s.answered, axis=1)
    put_each(answered, (s.state.said_yes, packed(s.yes)), (s.state.answered_day, s.day))


def remember(s: Sitting) -> None:
    """Keep what later sittings compare with."""
    state = s.state
    row = np.flatnonzero(s.first[:, _FEV1])
    place = state.flow_place[row]
    state.flow_past[row, place] = s.x[row, _FEV1]
    state.flow_place[row] = (place + 1) & (FLOW_READINGS - 1)
    _remember_weight(s)
    put(state.accepted_day, s.good, s.day[:, None])


def forget(state: "State", rows: Rows, signal: int) -> None:
    """Forget the windows and averages of a signal whose device was exchanged."""
    if signal == _WEIGHT:
        state.past_days[rows] = NEVER
        state.quick_weight[rows] = 0.0
        state.month_day[rows] = NEVER
    elif signal == _SPO2:
        state.trend_held[rows] = 0
    elif signal == _FEV1:
        state.flow_past[rows] = np.nan


def flow_before(state: "State", first: Bools) -> tuple[Floats, Floats]:
    """Mean and sample sd (n,) of the last seven days' FEV1 before today, NaN with fewer days.

    first (n,): nothing of today is kept yet, so the oldest of the eight kept is one too many;
    otherwise the newest is today's.
    """
    left_out = chosen(first, state.flow_place, (state.flow_place - 1) & (FLOW_READINGS - 1))
    past, days, row = state.flow_past.copy(order="F"), FLOW_READINGS - 1, np.arange(len(first))
    past[row, left_out] = 0.0
    mean = _one_by_one(past) / days
    apart = past - mean[:, None]
    apart[row, left_out] = 0.0
    return mean, np.sqrt(_one_by_one(apart * apart) / (days - 1))


def _one_by_one(numbers: Floats) -> Floats:
    """The sum of columns (n,), in the same order whatever the batch."""
    total = np.zeros(len(numbers), dtype=numbers.dtype)
    for column in numbers.T:
        total += column
    return total


def said_yes_today(state: "State", day: Ints, answers: Ints) -> Bools:
    """(n, Q): answered yes in this call, or earlier on the same day and not taken back now."""
    before = state.said_yes * (state.answered_day == day)
    yes: Bools = (answers == YES) | (unpacked(before) & (answers != NO))
    return yes


def feeds(s: Sitting, chart: Chart) -> tuple[Bools, Bools]:
    """(n,) each: this sitting has something that the chart looks at, and something that it can
    judge."""
    readings, answers = s.good.T[chart.columns], _answered(s, chart)
    judged = readings & s.known.T[chart.columns]
    return (
        np.logical_or.reduce(readings, axis=0) | answers,
        np.logical_or.reduce(judged, axis=0) | answers,
    )


def _answered(s: Sitting, chart: Chart) -> Bools:
    answered: Bools = np.logical_or.reduce(s.answered.T[chart.item_columns], axis=0)
    return answered


def _fuse(s: Sitting, news: Floats, place: int, chart: Chart, params: Mapping[str, float]) -> None:
    """One step of a chart (P9): the evidence of all that is new today, in one sum.

    `news` (n, S) are the day's first readings, in sd of the baseline; NaN = none.
    """
    shifts = np.array([[params[f"shift_{alias}"]] for alias in chart.shifts])
    total = _one_by_one(evidence_of(news.T[chart.columns], shifts, params["clip_sd"]).T)
    held = s.state.llr[:, place]
    row = np.flatnonzero(_answered(s, chart) & (s.state.answered_day != s.day))
    total[row] += _of_answers(s, row, place, chart, params)
    held[...] = add_evidence(held, total, params["red"])


def _of_answers(
    s: Sitting, row: Ints, place: int, chart: Chart, params: Mapping[str, float]
) -> Floats:
    """The evidence of the day's first answers (len(row),), and what they teach about this citizen.

    Dyspnoea is asked first and of everybody; a question that its answers leave out counts as
    answered no. Some complain on most days and most hardly ever: a yes counts against the citizen's
    own share of yes on other days, which is learnt only while the chart says that all is well.
    While a course of prednisolone or antibiotics runs, a yes is no news and is left out.
    """
    state, answers = s.state, np.take(s.answers.T[chart.item_columns], row, axis=1)
    yes = np.add.reduce(answers == YES, axis=0, dtype=np.int8)
    no = np.add.reduce(answers == NO, axis=0, dtype=np.int8)
    # What the branching leaves out after a no to the first question is a no as well.
    no = np.where(answers[0] != NOT_ASKED, len(chart.items) - yes, no)
    before = state.answered_day[row]
    gap = (s.day[row] - before) * (before != NEVER)
    weight, rate = state.yes_weight[row, place], state.yes_rate[row, place]
    usual = np.maximum(rate.astype(np.float64), params["usual_least"])
    said = evidence_of_answers(
        yes * ~s.profile.treated[row],
        no, usual, params["share_yes"], params["least"], params["most"],
    )  # fmt: skip
    asked = yes + no
    kept = weight * decay(gap, np.array(params["usual_half_life"])).astype(np.float64) + asked
    share = rate + (yes - asked * rate) / np.maximum(kept, 1.0)
    learns = state.llr[row, place] < params["well"]
    state.yes_weight[row[learns], place] = kept[learns]
    state.yes_rate[row[learns], place] = share[learns]
    return said


def trend(state: "State", rows: Ints) -> tuple[Floats, Floats]:
    """Days (14,) back from the newest and saturations (len(rows), 14) float32 in tenths, oldest
    first, NaN = none (P12)."""
    back = _BACK[:, None]
    slot = remainder(state.trend_day[rows] - back, TREND_DAYS)
    tenths = at_slot(np.take(state.trend_tenths.T, rows, axis=1).T, slot).astype(np.float32)
    put(tenths, state.trend_held[rows] & (np.uint16(1) << back.astype(np.uint16)) == 0, np.nan)
    return -_BACK.astype(np.float64), tenths.T


def trend_count(state: "State") -> Ints:
    """(n,): readings within the fourteen days that end with the newest."""
    count: Ints = np.bitwise_count(state.trend_held)
    return count


def _extend_trend(s: Sitting) -> None:
    state, measured = s.state, s.good[:, _SPO2]
    passed = np.minimum(s.day - state.trend_day, TREND_DAYS)
    held = np.left_shift(state.trend_held.astype(np.int32), passed) & _HELD | 1
    put_each(measured, (state.trend_held, held), (state.trend_day, s.day))
    tenths = np.rint(np.where(measured, s.x[:, _SPO2], 0.0) * TENTHS)
    put_at(state.trend_tenths, remainder(s.day, TREND_DAYS), measured, tenths)


def _average_weight(s: Sitting) -> None:
    """Both moving averages (P10), and the slow one kept once per span for R15."""
    state = s.state
    first, x = s.first[:, _WEIGHT], s.x[:, _WEIGHT]
    weight, mean = quicken(state.quick_weight, state.quick_mean, s.t - state.quick_t, x)
    put_each(first[:, None], (state.quick_weight, weight), (state.quick_mean, mean))
    put(state.quick_t, first, s.t)
    span = s.day // MONTH_SPAN_DAYS
    slot = remainder(span, MONTH_SLOTS)
    new = at_slot(state.month_day, slot) // MONTH_SPAN_DAYS != span
    row = np.flatnonzero(new & first & (state.quick_weight[:, 1] >= SLOW_READINGS))
    state.month_mean[row, slot[row]] = state.quick_mean[row, 1]
    state.month_day[row, slot[row]] = s.day[row]


def weights_back(state: "State", day: Ints) -> Ints:
    """(7, n): the lowest accepted weight of yesterday, of the day before and so on, in grams; 0 =
    not weighed."""
    days = day - _AGES
    slot = days & SLOT_BITS
    kept: Ints = at_slot(state.past_grams, slot) * (at_slot(state.past_days, slot) == days)
    return kept


def month_ago(state: "State", day: Ints) -> tuple[Floats, Floats]:
    """The slow average of the weight now and 30 to 63 days ago, kg (n,); NaN = not known."""
    newest = np.full(len(day), _MONTH_DAYS[1], dtype=np.int32)
    before = np.full(len(day), np.nan, dtype=state.dtype)
    for slot in range(MONTH_SLOTS):
        age = day - state.month_day[:, slot]
        newer = (age >= _MONTH_DAYS[0]) & (age < newest)
        put(newest, newer, age)
        put(before, newer, state.month_mean[:, slot])
    return state.quick_mean[:, 1].astype(np.float64), before.astype(np.float64)


def _remember_weight(s: Sitting) -> None:
    """Keep the lowest accepted weight of each recent day."""
    state, weighed, slot = s.state, s.good[:, _WEIGHT], s.day & SLOT_BITS
    same_day = at_slot(state.past_days, slot) == s.day
    lowest = np.minimum(at_slot(state.past_grams, slot), s.grams)
    put_at(state.past_grams, slot, weighed, chosen(same_day, lowest, s.grams))
    put_at(state.past_days, slot, weighed, s.day)
