"""Advance the rules: `step` by readings, `clock` by time alone.

Called by live evaluation with a few rows, by replay and backtest with many; the answer for a
row is the same, because no row looks at another and every memory is in `State`.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from alerting.rules import baseline
from alerting.rules.arrays import Bools, Floats, Ints, Rows
from alerting.rules.compose import compose
from alerting.rules.conditions.measuring import met_until
from alerting.rules.due_days import NTH_MAX, nth_due
from alerting.rules.episodes import advance, report
from alerting.rules.findings import Findings
from alerting.rules.items import ITEMS, NOT_ANSWERED
from alerting.rules.profile import Profile
from alerting.rules.rulebook import RULEBOOK, RULES, Rulebook, rule_index
from alerting.rules.screen import Screened, screen
from alerting.rules.signals import SIGNALS, signal_index
from alerting.rules.sitting import Sitting, Verdict
from alerting.rules.state import SLOTS, State

_MISSING: Final = rule_index("R24")
_WEIGHT: Final = signal_index("weight")


def step(
    state: State,
    profile: Profile,
    rows: Rows,
    t: Floats,
    x: Floats,
    answers: Ints | None = None,
    doubtful: Bools | None = None,
    rulebook: Rulebook = RULEBOOK,
) -> Findings:
    """Judge one sitting (or one day) of each row and remember it in `state`.

    rows: n different patient indices, or a slice. t (n,): local days, in time order for each
    patient and signal. x (n, S): values in the signals' units, NaN = not measured. answers
    (n, Q) int8: 1 yes, 0 no, -1 not asked or not answered; None = nobody was asked. doubtful
    (n, S): measured, but not well enough for the rules (spirometry of quality D to F): a contact
    and nothing else. A sitting may be split into several calls, one or more signals in each, with
    the same result for every rule that looks at one device; both blood pressures belong in one
    call. Changes `state` only. Late readings are the caller's to replay from an empty state.
    """
    t = np.array(t, dtype=np.float64)
    x = np.asarray(x, dtype=np.float64)
    rows, indices = _resolve(state, rows)
    block, known = state.take(rows), profile.take(rows)
    assert t.shape == (block.patients,), t.shape
    assert x.shape == (block.patients, len(SIGNALS)), x.shape
    if answers is None:
        answers = np.full((block.patients, len(ITEMS)), NOT_ANSWERED, dtype=np.int8)
    assert answers.shape == (block.patients, len(ITEMS)), answers.shape
    day = np.floor(t).astype(np.int32)

    contact = ~np.isnan(x)
    block.contact_day[...] = np.where(
        contact, np.maximum(block.contact_day, day[:, None]), block.contact_day
    )
    block.seen_until[...] = np.maximum(block.seen_until, t)
    if doubtful is not None:
        x = np.where(doubtful, np.nan, x)
    screened = screen(block, x, rulebook.rule("T01").params)
    frozen = baseline.frozen(block, t, known.paused)
    baseline.absorb_due(block, screened.good & ~frozen, day)

    sitting = _sitting(block, known, t, screened, answers)
    verdicts = {
        i: rule.condition(sitting, rule.params)
        for i, rule in enumerate(rulebook.rules)
        if rule.enabled
    }
    findings = _judge(block, sitting, verdicts, indices, rulebook)

    baseline.note_episodes(block, t, rulebook)
    frozen |= baseline.frozen(block, t, known.paused)
    baseline.enter(block, screened.good & ~frozen, screened.x, day)
    _remember_weight(block, screened.grams, day)
    state.put(rows, block)
    return findings


def clock(
    state: State,
    profile: Profile,
    rows: Rows,
    now: Floats | float,
    rulebook: Rulebook = RULEBOOK,
) -> Findings:
    """Judge what time alone can change: missing measurements (R24), with or without data.

    now: local days, one for all or (n,). However seldom this is called, onsets are the
    instants at which measurements became overdue. Changes `state` only.
    """
    rows, indices = _resolve(state, rows)
    block, known = state.take(rows), profile.take(rows)
    block.seen_until[...] = np.maximum(block.seen_until, now)
    t = block.seen_until.copy()
    nothing = np.full((block.patients, len(SIGNALS)), np.nan)
    absent = np.zeros(nothing.shape, dtype=np.bool_)
    screened = Screened(nothing, absent, absent, np.zeros(block.patients, dtype=np.int64))
    unasked = np.full((block.patients, len(ITEMS)), NOT_ANSWERED, dtype=np.int8)
    sitting = _sitting(block, known, t, screened, unasked)
    rule = rulebook.rules[_MISSING]
    verdicts = {_MISSING: rule.condition(sitting, rule.params)} if rule.enabled else {}
    findings = _judge(block, sitting, verdicts, indices, rulebook)
    state.put(rows, block)
    return findings


def overdue_instants(state: State, profile: Profile, rows: Rows) -> Floats:
    """When the next due days become overdue (n, NTH_MAX), local days; NaN where nothing is due.

    `clock` gives the same colours however seldom it is called; a caller that wants to hear of
    every stage (one missed, two, three) at its own instant calls it at these.
    """
    known = profile.take(rows)
    met, watched = met_until(known, state.contact_day[rows])
    met = np.where(watched, met, 0)
    instants: Floats = np.full((len(met), NTH_MAX), np.nan)
    for place in range(NTH_MAX):
        day = nth_due(known.plan_weekdays, met, place + 1)
        at = day + RULES[_MISSING].params["grace_days"] + known.due_hour / 24.0
        instants[:, place] = np.where(watched, at, np.nan)
    return instants


def _judge(
    block: State,
    sitting: Sitting,
    verdicts: Mapping[int, Verdict],
    indices: Ints,
    rulebook: Rulebook,
) -> Findings:
    judged = advance(block, verdicts, sitting.t, rulebook)
    rose = block.status > judged.was
    composed = compose(block, sitting.profile, judged.fires, rose, sitting, rulebook)
    return report(block, sitting, verdicts, judged, composed, indices)


def _sitting(block: State, known: Profile, t: Floats, screened: Screened, answers: Ints) -> Sitting:
    mean, sd, count, valid = baseline.describe(block)
    decided = ~np.isnan(known.base)
    return Sitting(
        profile=known,
        t=t,
        now=block.seen_until,
        day=np.floor(t).astype(np.int32),
        x=screened.x,
        present=screened.present,
        grams=screened.grams,
        answers=answers,
        mean=np.where(decided, known.base, mean),
        sd=sd,
        count=count,
        known=valid | decided,
        past_grams=block.past_grams,
        past_days=block.past_days,
        suspect=block.suspect,
        contact_day=block.contact_day,
    )


def _remember_weight(block: State, grams: Ints, day: Ints) -> None:
    """Keep the lowest accepted weight of each recent day. grams (n,), 0 = none."""
    row: Ints = np.flatnonzero(grams)
    at = (row, day[row] % SLOTS)
    same_day = block.past_days[at] == day[row]
    lowest = np.minimum(block.past_grams[at], grams[row])
    block.past_grams[at] = np.where(same_day, lowest, grams[row])
    block.past_days[at] = day[row]


def _resolve(state: State, rows: Rows) -> tuple[Rows, Ints]:
    """(rows, patient indices). A slice with gaps becomes indices, so every block is contiguous."""
    indices: Ints = np.arange(state.patients)[rows]
    gaps = isinstance(rows, slice) and rows.step not in {None, 1}
    return (indices if gaps else rows), indices
