"""Advance the rules: `step` by readings and answers, `clock` by time alone.

Called by live evaluation with a few rows, by replay and backtest with many; the answer for a
row is the same, because no row looks at another and every memory is in `State`.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules import baseline, contact, memory
from alerting.rules.arrays import Bools, Floats, Ints, Rows, by_columns, chosen, put
from alerting.rules.compose import compose
from alerting.rules.due_days import nth_due
from alerting.rules.episodes import Judged, advance
from alerting.rules.findings import Findings
from alerting.rules.items import ITEMS, NOT_ASKED
from alerting.rules.profile import Known, Profile
from alerting.rules.rulebook import Rulebook, rule_index
from alerting.rules.screen import Screened, remember_contested, screen
from alerting.rules.signals import SIGNALS
from alerting.rules.sitting import Sitting, Verdict
from alerting.rules.state import UNKNOWN_TENTHS, State

_MISSING: Final = rule_index("R24")


def step(
    state: State,
    profile: Profile,
    rows: Rows,
    t: Floats,
    x: Floats,
    answers: Ints | None = None,
    doubtful: Bools | None = None,
    *,
    contested: tuple[Floats, Ints] | None = None,
    rulebook: Rulebook,
) -> Findings:
    """Judge one sitting (or one day) of each row and remember it in `state`.

    rows: n different patient indices, or a slice. t (n,): local days, in time order for each
    patient and signal. x (n, S): values in the signals' units, NaN = not measured. answers (n, Q)
    int8: 1 yes, 0 no, -1 not asked or not answered (all, when None). doubtful (n, S): measured, but
    not to be used (spirometry of quality D to F): it counts as contact only. contested: see
    `remember_contested`. A sitting may be split into several calls, one or more signals in each,
    with the same result for every rule that looks
    at one device, as long as no rule over several devices (R19) would have frozen its baseline;
    both blood pressures belong in one call, and so do the answers. x and answers are taken as they
    are where their columns are contiguous, and copied otherwise.
    Changes `state` only. Late readings are the caller's to replay from an empty state.
    """
    t = np.array(t, dtype=np.float64)
    x = by_columns(x, np.float64)
    block, known = state.take(rows), profile.known(rows)
    assert t.shape == (block.patients,), t.shape
    assert x.shape == (block.patients, len(SIGNALS)), x.shape
    if answers is None:
        answers = np.full((block.patients, len(ITEMS)), NOT_ASKED, order="F")
    answers = by_columns(answers, np.int8)
    assert answers.shape == (block.patients, len(ITEMS)), answers.shape
    day = np.floor(t).astype(np.int32)

    screened = screen(block, x, doubtful, rulebook.params["T01"])
    remember_contested(block, contested)
    met = contact.keep_contact(block, known, screened.measured, day)
    np.maximum(block.seen_until, t, out=block.seen_until)
    baseline.learn_anew(block, known.diuretic_changed_t, t)
    frozen = baseline.frozen(block, t) | known.paused[:, None]
    baseline.absorb_due(block, screened.good & ~frozen, day)

    sitting = _sitting(block, known, t, screened, answers, met)
    memory.take_in(sitting, rulebook.params)
    verdicts = {
        column: rule.condition(sitting, rule.params)
        for column, rule in enumerate(rulebook.rules)
        if rulebook.enabled[column]
    }
    judged = advance(block, verdicts, t, day, rulebook)
    findings = _report(block, sitting, verdicts, judged, _indices(state, rows), rulebook)

    baseline.note_episodes(block, t, rulebook)
    frozen |= baseline.frozen(block, t)
    baseline.enter(block, screened.good & ~frozen, screened.x, day)
    memory.remember(sitting)
    state.put(rows, block)
    return findings


def clock(
    state: State,
    profile: Profile,
    rows: Rows,
    now: Floats | float,
    *,
    rulebook: Rulebook,
) -> Findings:
    """Judge what time alone can change: missing measurements (R24), with or without data.

    now: local days, one for all or (n,). However seldom this is called, onsets are the
    instants at which measurements became overdue. Changes `state` only.
    """
    block, known = state.take(rows), profile.known(rows)
    np.maximum(block.seen_until, now, out=block.seen_until)
    t = block.seen_until.copy()
    nothing = np.full((block.patients, len(SIGNALS)), np.nan, order="F")
    absent = np.zeros_like(nothing, dtype=np.bool_)
    screened = Screened(nothing, absent, absent, absent, np.zeros(block.patients, dtype=np.int32))
    silent = np.full((block.patients, len(ITEMS)), NOT_ASKED, order="F")
    met = contact.met_until(known, block.contact_day)
    sitting = _sitting(block, known, t, screened, silent, met)
    rule = rulebook.rules[_MISSING]
    verdicts = (
        {_MISSING: rule.condition(sitting, rule.params)} if rulebook.enabled[_MISSING] else {}
    )
    judged = advance(block, verdicts, t, np.floor(t).astype(np.int32), rulebook)
    findings = _report(block, sitting, verdicts, judged, _indices(state, rows), rulebook)
    state.put(rows, block)
    return findings


def overdue_instants(state: State, profile: Profile, rows: Rows, *, rulebook: Rulebook) -> Floats:
    """When the next due days become overdue (n, stages), local days; NaN where nothing is due.

    `clock` gives the same colours however seldom it is called; a caller that wants to hear of
    every stage (one missed, two, three) at its own instant calls it at these.
    """
    known = profile.known(rows)
    met, watched = contact.met_until(known, state.contact_day[rows]), contact.watched(known)
    instants: Floats = np.full((len(met), rulebook.stages), np.nan)
    for place in range(rulebook.stages):
        day = nth_due(known.plan_weekdays, met, place + 1)
        at = day + rulebook.params["R24"]["grace_days"] + known.due_hour / 24.0
        instants[:, place] = np.where(watched, at, np.nan)
    return instants


def swapped(state: State, rows: Rows, signals: list[int]) -> None:
    """Another device measures these signals from now on: its bias differs, so the baseline learns
    again (P2: weight at most 3), what the old one measured no longer waits to enter it, and nothing
    short is compared across the exchange."""
    for column in signals:
        memory.forget(state, rows, column)
        baseline.relearn(state, rows, column)
        state.occupied[rows, column] = 0
        state.told_tenths[rows, column] = UNKNOWN_TENTHS


def _report(
    block: State,
    sitting: Sitting,
    verdicts: dict[int, Verdict],
    judged: Judged,
    rows: Ints,
    rulebook: Rulebook,
) -> Findings:
    alerts = compose(block, sitting, judged, rulebook)
    return Findings(
        rows=rows,
        time=sitting.t,
        colour=block.status.copy(order="F"),
        was=judged.was,
        level=judged.level,
        evaluated=judged.ran,
        onset=block.onset.copy(order="F"),
        refused=sitting.present & ~sitting.good,
        composed=alerts.colour,
        composed_was=alerts.was,
        notify=alerts.notify,
        ask_daily=_ask_daily(block, sitting, judged, rulebook),
        verdicts=verdicts,
        baselines=(sitting.mean, sitting.sd, sitting.count),
        decided=sitting.decided,
    )


def _ask_daily(block: State, sitting: Sitting, judged: Judged, rulebook: Rulebook) -> Bools:
    """Adaptive sampling: a CUSUM that was fed now stands at its threshold or above."""
    ask = np.zeros(block.patients, dtype=np.bool_)
    followed = (sitting.profile.copd, sitting.profile.heart_failure)
    for place, (chart, who) in enumerate(zip(memory.CHARTS, followed, strict=True)):
        enough = block.llr[:, place] >= rulebook.params[chart.rule]["adaptive"]
        ask |= who & enough & judged.ran[:, rule_index(chart.rule)]
    return ask


def _sitting(
    block: State,
    known: Known,
    t: Floats,
    screened: Screened,
    answers: npt.NDArray[np.integer],
    met: Ints,
) -> Sitting:
    mean, sd, count, valid = baseline.describe(block)
    day = np.floor(t).astype(np.int32)
    decided, based = known.once(_decided, block.dtype)
    base = chosen(valid, mean, np.nan)
    put(base, based, decided)
    return Sitting(
        profile=known,
        t=t,
        now=block.seen_until.copy(),
        day=day,
        x=screened.x,
        good=screened.good,
        present=screened.present,
        first=screened.good & (block.accepted_day != day.astype(np.int16)[:, None]),
        grams=screened.grams,
        weights_back=memory.weights_back(block, day),
        mean=mean,
        sd=sd,
        count=count,
        known=valid,
        z=(screened.x - mean) / sd,
        decided=decided,
        base=base,
        based=based | valid,
        met=met,
        answers=answers,
        answered=answers != NOT_ASKED,
        yes=memory.said_yes_today(block, day, answers),
        state=block,
    )


def _decided(known: Known, dtype: np.dtype[Any]) -> tuple[Floats, Bools]:
    decided = known.base.astype(dtype)
    return decided, ~np.isnan(decided)


def _indices(state: State, rows: Rows) -> Ints:
    indices: Ints = np.arange(state.patients)[rows]
    return indices
