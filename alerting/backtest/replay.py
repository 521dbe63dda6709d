"""Run the rules over recordings, day by day, as they would have run live.

In: a `Recording`. Out: `Replayed`, the alerts and how much was measured. Called by the commands
`score`, `benefits` and `backtest`. Causal: a day's alerts depend on what was measured up to it,
and with adaptive sampling what is measured depends on the alerts. Memory is one recording's.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from alerting.backtest.alerts import Alerts, Watched
from alerting.backtest.recording import Recording
from alerting.backtest.score import LEARNING_DAYS
from alerting.backtest.spans import inside
from alerting.backtest.tally import Tally
from alerting.rules import CLINICAL, DAILY_DAYS, Colour, Rulebook, State, clock, step
from alerting.rules.arrays import Bools, Ints


@dataclass(frozen=True, slots=True)
class Replayed:
    """The alerts of P patients, by patient and time, and the time in which they came."""

    alerts: Alerts
    watched: Watched
    asked_days: Ints
    """(P,): days that were measured only because the platform asked for them."""
    raised: Ints
    """(R, COLOURS): rises of each rule to each colour, after the learning period."""


def replay(
    recording: Recording,
    rulebook: Rulebook,
    *,
    adaptive: bool = False,
    dtype: npt.DTypeLike = np.float64,
) -> Replayed:
    """What the rulebook would have said. `adaptive`: it may ask for daily measurements.

    `dtype` is that of the state (float64 as live, float32 for size). The recording stays as it is.
    """
    patients, days = recording.patients, recording.days
    state, profile = State(patients, dtype), recording.profile.take(np.arange(patients))
    shown, doubtful, answers = recording.by_day()
    measured = np.zeros((patients, days), dtype=np.bool_)
    asked_until = np.zeros(patients, dtype=np.int64)
    asked_days = np.zeros(patients, dtype=np.int64)
    alert_days = np.zeros(patients)
    counts = _counting(recording)
    tally = Tally(rulebook, recording.watched.first + LEARNING_DAYS)
    for day in range(days):
        recording.decide(day, state, profile)
        planned = recording.scheduled[:, day]
        due = planned | (asked_until > day) if adaptive else planned
        sits = due & recording.willing[:, day]
        rows = np.flatnonzero(sits)
        measured[rows, day] = True
        asked_days += sits & ~planned
        if len(rows):
            t, x = recording.t[rows, day], shown[day, rows]
            findings = step(
                state, profile, rows, t, x, answers[day, rows], doubtful[day, rows],
                rulebook=rulebook,
            )  # fmt: skip
            tally.hear(findings)
            asked_until[rows[findings.ask_daily]] = day + 1 + DAILY_DAYS
        midnight = float(recording.start + day + 1)
        findings = clock(state, profile, slice(None), midnight, rulebook=rulebook)
        tally.hear(findings)
        raised = (findings.composed[:, :CLINICAL] >= Colour.YELLOW).any(axis=1)
        alert_days += raised & counts[:, day]
    watched = replace(recording.watched, alert_days=alert_days, measured_days=measured)
    return Replayed(tally.alerts(), watched, asked_days, tally.raised)


def _counting(recording: Recording) -> Bools:
    """(P, D): the days that count as time, learning and pauses left out."""
    watched, noon = recording.watched, recording.start + np.arange(recording.days) + 0.5
    counts = noon >= (watched.first + LEARNING_DAYS)[:, None]
    counts &= noon <= watched.last[:, None]
    patient = np.repeat(np.arange(recording.patients), recording.days)
    paused = inside(watched.pauses, patient, np.tile(noon, recording.patients))
    remaining: Bools = counts & ~paused.reshape(counts.shape)
    return remaining
