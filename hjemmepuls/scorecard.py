"""The scorecard of the rulebook on simulated cohorts: arms of care, rules of thumb beside them.

In: a `Wish` (seeds, sizes, plan, changed numbers). Out: a dictionary ready for JSON, with one
object per arm and per rule of thumb. Called by the command `score`. The work is cut into blocks of
patients, which two processes take in turn; what comes back is small, whatever the cohort.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

import numpy as np

from alerting.backtest.figures import Card, scorecard
from alerting.backtest.recording import Recording
from alerting.backtest.replay import replay
from alerting.backtest.rules_of_thumb import RULES_OF_THUMB, RuleOfThumb, with_refractory
from alerting.backtest.score import Judged, joined, judge
from alerting.rules import RULE_IDS, Rulebook, signal_index
from devices.simulated.cohort import REPORT_SEEDS, SIMULATOR_VERSION, TUNING_SEEDS, Cohort
from devices.truth import Rows
from hjemmepuls.allocator import begin_work
from hjemmepuls.rulebooks import rulebook_of
from hjemmepuls.worlds import recording_of

Changes = Mapping[str, Mapping[str, float]]
BLOCK: Final = 2048
"""Patients at a time: twice as many are a quarter quicker and take twice the memory."""
START: Final = date(2025, 1, 1)
THUMB_ARMS: Final = {"daily": "", "twice_weekly": "_twice_weekly"}


class Arm(NamedTuple):
    """Who is monitored, by which plan, and whether the platform may ask for more.

    `target` is what the project wants of it (reference 2, a choice of this project): at least
    this sensitivity and lead, at most these rates.
    """

    name: str
    condition: str
    schedule: str
    adaptive: bool
    target: Mapping[str, float]
    name_da: str
    name_en: str


def _target(sensitivity: float, false: float, lead: float | None = None) -> dict[str, float]:
    target = {"sensitivity": sensitivity, "false_per_patient_week": false}
    target |= {} if lead is None else {"lead_days_median": lead}
    return target | {"visible_per_patient_week": 0.20}


ARMS: Final = (
    Arm(
        "copd_daily", "copd", "daily", False, _target(0.75, 0.05, 3.0),
        "KOL, måler dagligt", "COPD, measures daily",
    ),
    Arm(
        "copd_adaptive", "copd", "twice_weekly", True, _target(0.60, 0.03),
        "KOL, to gange om ugen og efter behov",
        "COPD, twice a week and when asked",
    ),
    Arm(
        "hf_daily", "heart-failure", "daily", False, _target(0.65, 0.08),
        "Hjertesvigt, måler dagligt", "Heart failure, measures daily",
    ),
    Arm(
        "hf_adaptive", "heart-failure", "twice_weekly", True, _target(0.60, 0.05),
        "Hjertesvigt, to gange om ugen og efter behov",
        "Heart failure, twice a week and when asked",
    ),
    Arm(
        "comorbid_daily", "both", "daily", False, {"visible_per_patient_week": 0.20},
        "KOL og hjertesvigt, måler dagligt", "COPD and heart failure, measures daily",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What to score. `schedule` is the plan of the adaptive arms; `patients` are per seed and arm.

    `changes` are numbers of the rulebook tried instead of the live ones; `variants` further such
    changes by name, for curves; `curve` too, but on the first block of each arm and seed only.
    """

    seeds: tuple[int, ...] = TUNING_SEEDS[:1]
    patients: int = 2000
    days: int = 365
    schedule: str = "twice_weekly"
    changes: Changes = field(default_factory=dict)
    variants: Mapping[str, Changes] = field(default_factory=dict)
    curve: Mapping[str, Changes] = field(default_factory=dict)
    personal_limits: bool = True
    decoys: bool = True
    arms: tuple[str, ...] = tuple(arm.name for arm in ARMS)

    @property
    def chosen(self) -> tuple[Arm, ...]:
        """The arms, each with its plan."""
        return tuple(
            arm._replace(schedule=self.schedule) if arm.adaptive else arm
            for arm in ARMS
            if arm.name in self.arms
        )


class Task(NamedTuple):
    """One block of one arm; everything a process needs to know."""

    wish: Wish
    arm: Arm
    seed: int
    first: int
    stop: int


def tasks_of(wish: Wish) -> list[Task]:
    """All blocks, arm by arm and seed by seed."""
    return [
        Task(wish, arm, seed, first, min(first + BLOCK, wish.patients))
        for arm in wish.chosen
        for seed in wish.seeds
        for first in range(0, wish.patients, BLOCK)
    ]


def cohort_of(wish: Wish, arm: Arm, seed: int) -> Cohort:
    """The patients of an arm. Arms of one condition and seed are the same people."""
    return Cohort(
        seed, wish.patients, wish.days, START,
        schedule=arm.schedule, mix={arm.condition: 1.0}, decoys=wish.decoys,
    )  # fmt: skip


def judged_of(task: Task) -> dict[str, Judged]:
    """One block: the arm under its own name, variants as "arm@variant", rules of thumb."""
    wish, arm = task.wish, task.arm
    block = cohort_of(wish, arm, task.seed).block(task.first, task.stop)
    truth = block.truth.copy()
    truth["patient"] -= task.first
    made: dict[str, Judged] = {}
    variants = {arm.name: dict(wish.changes)} | {
        f"{arm.name}@{name}": merged(wish.changes, changes)
        for name, changes in {**wish.variants, **({} if task.first else wish.curve)}.items()
    }
    for name, changes in variants.items():
        book = rulebook_of(changes)
        recording = recording_of(block, book, personal_limits=wish.personal_limits)
        done = replay(recording, book, adaptive=arm.adaptive)
        made[name] = judge(done.alerts, truth, done.watched)
    for rule in RULES_OF_THUMB:
        if rule.condition == arm.condition and arm.schedule in THUMB_ARMS:
            made |= thumb_of(rule, THUMB_ARMS[arm.schedule], recording, truth)
    return {name: light(judged) for name, judged in made.items()}


def thumb_of(
    rule: RuleOfThumb, suffix: str, recording: Recording, truth: Rows
) -> dict[str, Judged]:
    """A rule of thumb on the same sittings: as it is used, and as "name@threshold"."""
    measured = recording.scheduled & recording.willing
    value = recording.values[:, signal_index(rule.signal)].astype(np.float64)
    value[~measured] = np.nan
    watched = replace(recording.watched, measured_days=measured)
    ways = {f"{rule.name}{suffix}": rule.threshold}
    ways |= {f"{rule.name}{suffix}@{other:g}": other for other in rule.thresholds}
    return {
        name: judge(with_refractory(rule.hits_at(value, at), recording.t), truth, watched)
        for name, at in ways.items()
    }


def light(judged: Judged) -> Judged:
    """Without what is no longer needed once the sittings are counted."""
    return replace(judged, watched=replace(judged.watched, measured_days=None))


def merged(*many: Changes) -> dict[str, dict[str, float]]:
    """Changes on top of changes."""
    made: dict[str, dict[str, float]] = {}
    for changes in many:
        for rule, numbers in changes.items():
            made[rule] = {**made.get(rule, {}), **numbers}
    return made


def in_turn(work: Callable[[Any], Any], tasks: Iterable[Any], processes: int) -> Iterator[Any]:
    """Results in the order of the tasks, made by so many processes (1: by this one)."""
    if processes <= 1:
        yield from map(work, tasks)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=begin_work) as pool:
        yield from pool.map(work, tasks)


def score(
    wish: Wish, *, processes: int = 1, draws: int = 1000, done: Callable[[], None] = lambda: None
) -> Card:
    """The whole scorecard; `done` is called after each block. The same wish, the same figures."""
    parts: dict[str, list[Judged]] = {}
    for made in in_turn(judged_of, tasks_of(wish), processes):
        for name, judged in made.items():
            parts.setdefault(name, []).append(judged)
        done()
    cards: dict[str, Card] = {}
    curves: dict[str, list[Card]] = {}
    for name, of in parts.items():
        plain, _, variant = name.partition("@")
        judged = joined(of)
        if variant:
            curves.setdefault(plain, []).append({"at": variant} | point(judged))
        else:
            cards[name] = scorecard(judged, draws=draws, rules=RULE_IDS)
    for arm in wish.chosen:
        cards[arm.name]["target"] = dict(arm.target)
        cards[arm.name]["met"] = met(cards[arm.name], arm.target)
    return {
        "name": "score",
        "parameters": parameters(wish, rulebook_of(wish.changes)),
        **cards,
        "curves": curves,
    }


def point(judged: Judged) -> Card:
    """One point of a burden curve; few draws, no strata."""
    card = scorecard(judged, draws=1)
    wanted = (
        "sensitivity",
        "lead_days_median",
        "false_per_patient_week",
        "visible_per_patient_week",
    )
    return {name: card[name] for name in (*wanted, "ppv", "red_per_patient_week")}


def met(card: Card, target: Mapping[str, float]) -> dict[str, bool | None]:
    """Whether each figure keeps its target; None where there is no figure."""
    at_least = ("sensitivity", "lead_days_median")
    return {
        name: None
        if card[name] is None
        else bool(card[name] >= limit if name in at_least else card[name] <= limit)
        for name, limit in target.items()
    }


def parameters(wish: Wish, book: Rulebook) -> Card:
    """All that decides the figures."""
    return {
        "seeds": list(wish.seeds),
        "seeds_are": kind_of(wish.seeds),
        "patients": wish.patients,
        "days": wish.days,
        "start": START.isoformat(),
        "schedule": wish.schedule,
        "personal_limits": wish.personal_limits,
        "decoys": wish.decoys,
        "changes": {rule: dict(numbers) for rule, numbers in wish.changes.items()},
        "rulebook": book.version,
        "simulator": SIMULATOR_VERSION,
    }


def kind_of(seeds: tuple[int, ...]) -> str:
    """`report` seeds are for reporting only, `tuning` seeds for choosing thresholds.

    >>> kind_of((101,)), kind_of((9001, 9002)), kind_of((101, 9001)), kind_of((7,))
    ('tuning', 'report', 'mixed', 'other')
    """
    if set(seeds) <= set(REPORT_SEEDS):
        return "report"
    if set(seeds) & set(REPORT_SEEDS):
        return "mixed"
    return "tuning" if set(seeds) <= set(TUNING_SEEDS) else "other"


def published() -> dict[str, Card]:
    """Rule of thumb to what others found with it, and where."""
    return {rule.name: {**rule.published, "source": rule.source} for rule in RULES_OF_THUMB}
