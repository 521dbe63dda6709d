"""What monitoring might be worth: usual care against a monitored arm in the same simulated world.

In: a `Wish`, as for the scorecard. Out: a dictionary ready for JSON: for each arm and each assumed
effect of earlier treatment, every indicator in usual care and with monitoring, the difference and
its interval over patients, what false alerts cost, and how the alerts were handled. Called by the
command `benefits`. The scenario without effect on admissions is always there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from alerting.backtest.benefits import INDICATORS, Arms, arms
from alerting.backtest.bootstrap import Bootstrap, interval, ratio
from alerting.backtest.figures import MINUTES, Card, number
from alerting.backtest.published import TRIALS
from alerting.backtest.replay import replay
from alerting.backtest.score import judge
from alerting.rules.arrays import Floats
from devices.simulated.cohort import admission_chance, treated_earlier
from hjemmepuls.rulebooks import rulebook_of
from hjemmepuls.scorecard import Task, Wish, cohort_of, in_turn, parameters, tasks_of
from hjemmepuls.worlds import recording_of

EFFECTS: Final = (0.0, 0.10, 0.20)
"""On the logit of admission, per day of earlier treatment. None is established; the first is the
null scenario (reference 8)."""
RED_HOURS: Final = 24.0
"""C: a red alert is looked at on the same working day when it is within so many hours."""


class Gained(NamedTuple):
    """One block: the arms by effect, and what was measured of what was planned, per patient."""

    arms: dict[float, Arms]
    measured: Floats
    planned: Floats
    asked: Floats


def gained_of(task: Task) -> Gained:
    """Replays one block and holds it against usual care."""
    wish, arm = task.wish, task.arm
    block = cohort_of(wish, arm, task.seed).block(task.first, task.stop)
    truth = block.truth.copy()
    truth["patient"] -= task.first
    book = rulebook_of(wish.changes)
    recording = recording_of(block, book, personal_limits=wish.personal_limits)
    done = replay(recording, book, adaptive=arm.adaptive)
    judged = judge(done.alerts, truth, done.watched)
    made = {
        effect: arms(
            truth,
            judged.alerts,
            done.watched,
            admission_chance,
            treated_earlier,
            per_day=effect,
            minutes=MINUTES,
            false=judged.false,
        )
        for effect in EFFECTS
    }
    watched = done.watched.measured_days
    assert watched is not None
    here = recording.start + np.arange(recording.days)[None, :] < done.watched.last[:, None]
    return Gained(
        made,
        (watched & recording.scheduled & here).sum(axis=1).astype(float),
        (recording.scheduled & here).sum(axis=1).astype(float),
        done.asked_days.astype(float),
    )


def benefits(
    wish: Wish, *, processes: int = 1, draws: int = 1000, done: Callable[[], None] = lambda: None
) -> Card:
    """Every arm of the wish under every assumed effect. The same wish, the same figures."""
    parts: dict[str, list[Gained]] = {}
    tasks = tasks_of(wish)
    for task, gained in zip(tasks, in_turn(gained_of, tasks, processes), strict=True):
        parts.setdefault(task.arm.name, []).append(gained)
        done()
    book = rulebook_of(wish.changes)
    return {
        "name": "benefits",
        "parameters": parameters(wish, book),
        "effects_per_day": list(EFFECTS),
        "arms": {name: arm_card(of, draws) for name, of in parts.items()},
        "trials": [trial._asdict() for trial in TRIALS],
    }


def arm_card(parts: list[Gained], draws: int) -> Card:
    """One arm: scenarios, costs of false alerts, handling of alerts, adherence."""
    years = np.concatenate([part.arms[0.0].years for part in parts])
    sampling = Bootstrap(len(years), draws)
    first = [part.arms[0.0] for part in parts]
    measured, planned, asked = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("measured", "planned", "asked")
    )
    hours, red_hours = (
        np.concatenate([getattr(one, name) for one in first])
        for name in ("review_hours", "red_review_hours")
    )
    adverse = {
        name: _rate(
            np.concatenate([getattr(one, f"false_{name}") for one in first]), years, sampling
        )
        for name in ("calls", "gp", "minutes")
    }
    return {
        "patients": len(years),
        "patient_years": number(years.sum()),
        "scenarios": {
            scenario_name(effect): _scenario([part.arms[effect] for part in parts], years, sampling)
            for effect in EFFECTS
        },
        "adverse_per_patient_year": adverse,
        "process": {
            "adherence": number(measured.sum() / max(planned.sum(), 1.0)),
            "asked_days_per_patient_week": number(asked.sum() / (years.sum() * 365.25 / 7)),
            "review_hours_median": number(np.median(hours) if len(hours) else np.nan),
            "red_within_a_day": number(
                (red_hours <= RED_HOURS).mean() if len(red_hours) else np.nan
            ),
        },
    }


def scenario_name(effect: float) -> str:
    """The null scenario says so.

    >>> scenario_name(0.0), scenario_name(0.1)
    ('null', 'c=0.10')
    """
    return "null" if effect == 0 else f"c={effect:.2f}"


def _scenario(parts: list[Arms], years: Floats, sampling: Bootstrap) -> Card:
    """Indicator to both arms, per patient-year, and their paired difference and ratio."""
    usual, monitored = (
        np.concatenate([getattr(one, name) for one in parts]) for name in ("usual", "monitored")
    )
    sums = sampling.sums(np.column_stack([usual, monitored, years]))
    count, time = len(INDICATORS), sums[:, -1]
    made: Card = {}
    for place, name in enumerate(INDICATORS):
        before, after = usual[:, place].sum(), monitored[:, place].sum()
        low, high = sums[:, place], sums[:, count + place]
        made[name] = {
            "usual_care": number(before / years.sum()),
            "monitored": number(after / years.sum()),
            "difference": number((after - before) / years.sum()),
            "difference_ci": _edges(ratio(high - low, time)),
            "ratio": number(after / before if before else np.nan),
            "ratio_ci": _edges(ratio(high, low)),
        }
    return made


def _rate(counts: Floats, years: Floats, sampling: Bootstrap) -> Mapping[str, Any]:
    sums = sampling.sums(np.column_stack([counts, years]))
    return {
        "rate": number(counts.sum() / years.sum()),
        "rate_ci": _edges(ratio(sums[:, 0], sums[:, 1])),
    }


def _edges(samples: Floats) -> list[float | None] | None:
    found = interval(samples)
    return None if found is None else [number(edge) for edge in found]
