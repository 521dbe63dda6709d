"""What the rules remember beside baselines: trends, moving averages, CUSUMs, answers, diligence.

In: a `Sitting` whose `state` is the memory of its rows. `take_in` runs before the rules are judged
(what counts up to and including now), `remember` after (what must not know today's reading).
The conditions read it through the functions below. Only one reading a day counts in each: the
first accepted one, except for the trend, where the day's newest stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints, Rows, chosen, packed, put
from alerting.rules.charts import add_evidence, evidence_of, evidence_of_answers, quicken
from alerting.rules.due_days import count_due
from alerting.rules.items import NO, NOT_ASKED, YES, item_index, unpacked
from alerting.rules.primitives import decay
from alerting.rules.profile import Profile
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting
from alerting.rules.slots import (
    FLOW_READINGS,
    MONTH_SLOTS,
    MONTH_SPAN_DAYS,
    NEVER,
    SLOTS,
    TREND_DAYS,
)

if TYPE_CHECKING:
    from alerting.rules.state import State

_SPO2, _WEIGHT, _FEV1 = signal_index("spo2"), signal_index("weight"), signal_index("fev1")
_TENTHS: Final = 10.0
_HELD: Final = (1 << TREND_DAYS) - 1
_BACK: Final = np.arange(TREND_DAYS - 1, -1, -1)
_MONTH_DAYS: Final = (30, 64)
SLOW_READINGS: Final = 3.0
"""Effective readings from which the slow average of the weight is worth keeping for later."""
DILIGENCE_HALF_LIVES: Final = np.array([10.0, 10.0, 60.0, 60.0])
"""Days: a mean age of about two weeks and of about three months (C)."""
_MET, _DUE = slice(0, 4, 2), slice(1, 4, 2)
"""Of `State.kept`: due days met and due, each lately and usually."""
GAP_DAYS_MAX: Final = 3650
_LEFT: Final = decay(np.arange(GAP_DAYS_MAX + 1)[:, None], DILIGENCE_HALF_LIVES)
"""What is left of them after each whole number of days; a longer gap counts as so long."""


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
    for place, chart in enumerate(CHARTS):
        _fuse(s, place, chart, params_of[chart.rule])
    _extend_trend(s)
    _average_weight(s)
    answered = _some(s.answers.T != NOT_ASKED)
    put(s.state.said_yes, answered, packed(s.yes))
    put(s.state.answered_day, answered, s.day)


def remember(s: Sitting) -> None:
    """Keep what later sittings compare with."""
    state = s.state
    row = np.flatnonzero(s.first[:, _FEV1])
    place = state.flow_place[row]
    state.flow_past[row, place] = s.x[row, _FEV1]
    state.flow_place[row] = (place + 1) % FLOW_READINGS
    _remember_weight(s)
    put(state.accepted_day, ~np.isnan(s.x), s.day[:, None])


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
    left_out = chosen(first, state.flow_place, (state.flow_place - 1) % FLOW_READINGS)
    past, days, row = state.flow_past.astype(np.float64), FLOW_READINGS - 1, np.arange(len(first))
    past[row, left_out] = 0.0
    mean = _one_by_one(past) / days
    apart = past - mean[:, None]
    apart[row, left_out] = 0.0
    return mean, np.sqrt(_one_by_one(apart * apart) / (days - 1))


def _one_by_one(numbers: Floats) -> Floats:
    """The sum of columns (n,), in the same order whatever the batch."""
    total = np.zeros(len(numbers))
    for column in numbers.T:
        total += column
    return total


def said_yes_today(state: "State", day: Ints, answers: Ints) -> Bools:
    """(n, Q): answered yes in this call, or earlier on the same day and not taken back now."""
    before = state.said_yes * (state.answered_day == day)
    yes: Bools = (answers == YES) | (unpacked(before) & (answers != NO))
    return yes


def feeds(s: Sitting, chart: Chart) -> Bools:
    """(n,): this sitting has something that the chart looks at."""
    return _some(~np.isnan(s.x[:, column]) for column in chart.columns) | _answered(s, chart)


def fed(s: Sitting, chart: Chart) -> Bools:
    """(n,): this sitting has something that the chart can judge."""
    judged = (~np.isnan(s.x[:, column]) & s.known[:, column] for column in chart.columns)
    return _some(judged) | _answered(s, chart)


def _answered(s: Sitting, chart: Chart) -> Bools:
    return _some(s.answers[:, item] != NOT_ASKED for item in chart.item_columns)


def _some(flags: Iterable[Bools]) -> Bools:
    """Whether any of several columns (n,) has the flag."""
    some: Bools = np.logical_or.reduce(list(flags))
    return some


def _how_many(flags: Iterable[Bools]) -> Ints:
    """In how many of several columns (n,) the flag is."""
    count: Ints = np.add.reduce(list(flags), dtype=np.int8)
    return count


def _fuse(s: Sitting, place: int, chart: Chart, params: Mapping[str, float]) -> None:
    """One step of a chart (P9): the evidence of all that is new today, in one sum.

    While a course of prednisolone or antibiotics runs, a yes is no news and is left out.
    """
    total = np.zeros(len(s.t))
    for column, alias in zip(chart.columns, chart.shifts, strict=True):
        z = (s.x[:, column] - s.mean[:, column]) / s.sd[:, column]
        z = chosen(s.first[:, column] & s.known[:, column], z, np.nan)
        total += evidence_of(z, params[f"shift_{alias}"], params["clip_sd"])
    held = s.state.llr[:, place]
    total += _of_answers(s, place, chart, params, held)
    held[...] = add_evidence(held.astype(np.float64), total, params["red"])


def _of_answers(
    s: Sitting, place: int, chart: Chart, params: Mapping[str, float], held: Floats
) -> Floats:
    """The evidence of the day's first answers, and what they teach about this citizen.

    Dyspnoea is asked first and of everybody; a question that its answers leave out counts as
    answered no. Some complain on most days and most hardly ever: a yes counts against the citizen's
    own share of yes on other days, which is learnt only while the chart says that all is well.
    """
    answers = [s.answers[:, item] for item in chart.item_columns]
    yes = _how_many(answer == YES for answer in answers)
    no = _how_many(answer == NO for answer in answers)
    # What the branching leaves out after a no to the first question is a no as well.
    no = chosen(answers[0] != NOT_ASKED, len(chart.items) - yes, no)
    asked = yes + no
    state, new = s.state, (asked > 0) & (s.state.answered_day != s.day)
    gap = (s.day - state.answered_day) * (state.answered_day != NEVER)
    weight, rate = state.yes_weight[:, place], state.yes_rate[:, place]
    usual = np.maximum(rate.astype(np.float64), params["usual_least"])
    counted = yes * ~s.profile.treated
    said = evidence_of_answers(
        counted, no, usual, params["share_yes"], params["least"], params["most"]
    )
    learns = new & (held < params["well"])
    kept = weight * decay(gap, np.array(params["usual_half_life"])).astype(np.float64) + asked
    share = rate + (yes - asked * rate) / np.maximum(kept, 1.0)
    put(weight, learns, kept)
    put(rate, learns, share)
    return np.where(new, said, 0.0)


def trend(state: "State", rows: Ints) -> tuple[Floats, Floats]:
    """Days (14,) back from the newest and saturations (len(rows), 14), oldest first, NaN = none
    (P12)."""
    slot = state.trend_day[rows] % TREND_DAYS - _BACK[:, None]
    slot += TREND_DAYS * (slot < 0)
    held = (state.trend_held[rows] >> _BACK[:, None]) & 1
    tenths = state.trend_tenths[rows, slot]
    return -_BACK.astype(np.float64), np.where(held == 1, tenths / _TENTHS, np.nan).T


def trend_count(state: "State") -> Ints:
    """(n,): readings within the fourteen days that end with the newest."""
    count: Ints = np.bitwise_count(state.trend_held)
    return count


def _extend_trend(s: Sitting) -> None:
    state = s.state
    row = np.flatnonzero(~np.isnan(s.x[:, _SPO2]))
    day = s.day[row]
    passed = np.minimum(day - state.trend_day[row], TREND_DAYS)
    held = np.left_shift(state.trend_held[row].astype(np.int64), passed) & _HELD | 1
    state.trend_held[row] = held
    state.trend_day[row] = day
    state.trend_tenths[row, day % TREND_DAYS] = np.rint(s.x[row, _SPO2] * _TENTHS)


def _average_weight(s: Sitting) -> None:
    """Both moving averages (P10), and the slow one kept once per span for R15."""
    state = s.state
    first, x = s.first[:, _WEIGHT], s.x[:, _WEIGHT]
    weight, mean = quicken(state.quick_weight, state.quick_mean, s.t - state.quick_t, x)
    put(state.quick_weight, first[:, None], weight)
    put(state.quick_mean, first[:, None], mean)
    put(state.quick_t, first, s.t)
    row = np.flatnonzero(first & (state.quick_weight[:, 1] >= SLOW_READINGS))
    span = s.day[row] // MONTH_SPAN_DAYS
    slot = span % MONTH_SLOTS
    new = state.month_day[row, slot] // MONTH_SPAN_DAYS != span
    row, slot = row[new], slot[new]
    state.month_mean[row, slot] = state.quick_mean[row, 1]
    state.month_day[row, slot] = s.day[row]


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
    state = s.state
    row: Ints = np.flatnonzero(s.grams)
    at = (row, s.day[row] % SLOTS)
    same_day = state.past_days[at] == s.day[row]
    lowest = np.minimum(state.past_grams[at], s.grams[row])
    state.past_grams[at] = np.where(same_day, lowest, s.grams[row])
    state.past_days[at] = s.day[row]


def watched(profile: Profile) -> Bools:
    """(n,): something is due on some day, and the citizen is at home."""
    planned = (profile.plan_weekdays & 0x7F) > 0
    due: Bools = profile.expected.any(axis=1) & planned & ~profile.paused
    return due


def met_until(profile: Profile, contact_day: Ints) -> tuple[Ints, Bools]:
    """The last local day whose due measurements are met (n,), and whether anything is due (n,)."""
    met = np.minimum.reduce(chosen(profile.expected, contact_day, np.iinfo(np.int32).max), axis=1)
    return np.maximum(met, profile.start_day - 1), watched(profile)


def keep_contact(state: "State", profile: Profile, present: Bools, day: Ints) -> None:
    """Note who measured, and count the due days that were met or missed until then (R24)."""
    before, due = met_until(profile, state.contact_day)
    later = np.maximum(state.contact_day, day[:, None])
    put(state.contact_day, present, later)
    after, _ = met_until(profile, state.contact_day)
    row = np.flatnonzero(due & (after > before))
    passed = count_due(profile.plan_weekdays[row], before[row], after[row])
    row, passed, until = row[passed > 0], passed[passed > 0], after[row][passed > 0]
    kept = _aged(state.kept[row], until - state.kept_day[row])
    kept[:, _MET] += 1.0
    kept[:, _DUE] += passed[:, None]
    state.kept[row] = kept
    state.kept_day[row] = until


def diligence(state: "State", rows: Ints, missed_day: Ints) -> tuple[Floats, Floats, Floats]:
    """Shares of due days met lately and usually, and how many were not lately; (len(rows),) each.

    As they stand on `missed_day`, the first due day that is not met: it counts, too.
    """
    kept = _aged(state.kept[rows].astype(np.float64), missed_day - state.kept_day[rows])
    (met_lately, met_usually), (due_lately, due_usually) = kept[:, _MET].T, kept[:, _DUE].T
    due_lately, due_usually = due_lately + 1.0, due_usually + 1.0
    return met_lately / due_lately, met_usually / due_usually, due_lately - met_lately


def _aged(kept: Floats, gap_days: Ints) -> Floats:
    aged: Floats = kept * _LEFT[np.minimum(np.maximum(gap_days, 0), GAP_DAYS_MAX)]
    return aged
