"""Invented patients and sittings that visit every corner: gaps, repeats, jumps, rubbish, changes.

In: a seed. Out: the same patients for the oracle and as a `Profile`, and a script of calls. Each
day a patient may sit down up to three times, answer some questions, get a doubtful measurement,
another device, a course of treatment, oxygen, a new base value or a pause.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from alerting.rules import (
    ITEMS,
    RULEBOOK,
    RULES,
    SIGNALS,
    Findings,
    Profile,
    State,
    clock,
    item_index,
    signal_index,
    step,
    swapped,
)
from tests.alerting.rules.oracle import NAN, ORDER, QUESTIONS, Answer, Four, Patient

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

BASE = np.array([93.0, 80.0, 80.0, 128.0, 76.0, 1.4, 260.0])
SPREAD = np.array([1.0, 5.0, 0.4, 8.0, 5.0, 0.08, 12.0])
STEP = np.array([1.0, 1.0, 0.1, 1.0, 1.0, 0.01, 1.0])
SHIFT = np.array([-4.0, 42.0, 2.2, 38.0, 25.0, -0.3, -60.0])
LIMITS: dict[str, Four] = {
    "spo2": (87.0, 89.0, NAN, NAN),
    "pulse": (40.0, 49.0, 111.0, 131.0),
    "systolic": (89.0, 99.0, 160.0, 180.0),
    "diastolic": (NAN, NAN, 100.0, 110.0),
}
RELATIVE: dict[str, Four] = {
    "spo2": (4.0, 3.0, NAN, NAN),
    "pulse": (NAN, NAN, 12.0, 25.0),
    "systolic": (30.0, 20.0, 20.0, 32.0),
    "fev1": (0.225, 0.15, NAN, NAN),
}
RUBBISH = np.array([math.inf, -math.inf, 1e300, -1.0, 0.0, 29.9, 104.0, 251.0])
START = 20_000
RULE_IDS = [rule.id for rule in RULES]


@dataclass(frozen=True)
class Call:
    """One call of `step` (with x), of `clock` (without), or a change of what is decided."""

    rows: Ints
    t: Array
    x: Array | None = None
    answers: Ints | None = None
    doubtful: Bools | None = None
    change: str = ""
    value: float | bool = NAN

    def of(self, chosen: Ints) -> "Call":
        """The same call for some of its rows, by position."""
        return replace(
            self,
            rows=self.rows[chosen],
            t=self.t[chosen],
            x=None if self.x is None else self.x[chosen],
            answers=None if self.answers is None else self.answers[chosen],
            doubtful=None if self.doubtful is None else self.doubtful[chosen],
        )


def _some(rng: np.random.Generator, four: Four, width: float) -> Four:
    """Near these numbers, and now and then one is not set."""
    a, b, c, d = (
        NAN if rng.random() < 0.08 else value + width * float(rng.integers(-2, 3)) for value in four
    )
    return a, b, c, d


def patients(rng: np.random.Generator, count: int) -> list[Patient]:
    """Patients with different limits, some of them missing, different diseases and plans."""
    made = []
    for _ in range(count):
        disease = int(rng.integers(0, 4))
        oxygen = bool(rng.random() < 0.4)
        made.append(
            Patient(
                limits={
                    a: _some(rng, four, 1.0) for a, four in LIMITS.items() if rng.random() < 0.95
                },
                relative={
                    a: _some(rng, four, STEP[signal_index(a)])
                    for a, four in RELATIVE.items()
                    if rng.random() < 0.5
                },
                base={
                    alias: round(float(BASE[column] + SPREAD[column] * rng.integers(-1, 2)), 2)
                    for column, alias in enumerate(ORDER)
                    if rng.random() < 0.1
                },
                dry=round(float(rng.normal(80, 0.5)), 1) if rng.random() < 0.4 else NAN,
                expected=frozenset(a for a in ORDER if rng.random() < 0.4),
                plan=int(rng.choice([0, 0b1001, 0b1111111, int(rng.integers(0, 128))])),
                due_hour=float(rng.choice([0.0, 7.0, 10.0, 12.0, 23.5, 24.0])),
                start=START + int(rng.integers(-3, 10)),
                paused=bool(rng.random() < 0.03),
                copd=disease in (1, 3),
                heart_failure=disease in (2, 3),
                on_oxygen=oxygen,
                scale2=bool(rng.random() < (0.7 if oxygen else 0.2)),
                symptoms_asked=bool(rng.random() < 0.6),
                treated=bool(rng.random() < 0.1),
            )
        )  # fmt: skip
    return made


def profile_of(people: list[Patient]) -> Profile:
    """The same patients as arrays."""
    profile = Profile.default(len(people))
    sides = ("low_red", "low_yellow", "high_yellow", "high_red")
    for row, person in enumerate(people):
        for prefix, given in (("", person.limits), ("rel_", person.relative)):
            for alias, limits in given.items():
                for side, limit in zip(sides, limits, strict=True):
                    getattr(profile, prefix + side)[row, signal_index(alias)] = limit
        for alias, value in person.base.items():
            profile.base[row, signal_index(alias)] = value
        for alias in person.expected:
            profile.expected[row, signal_index(alias)] = True
        profile.dry_weight_kg[row] = person.dry
        profile.plan_weekdays[row] = person.plan
        profile.due_hour[row] = person.due_hour
        profile.start_day[row] = person.start
        for flag in ("paused", "copd", "heart_failure", "on_oxygen", "scale2", "symptoms_asked"):
            getattr(profile, flag)[row] = getattr(person, flag)
        profile.treated[row] = person.treated
        profile.diuretic_changed_t[row] = person.diuretic_changed
    return profile


CHANGES = ("paused", "treated", "on_oxygen", "diuretic", "swap", "base", "dry")


def _changes(rng: np.random.Generator, count: int, day: int) -> list[Call]:
    made = []
    for change in CHANGES:
        rows = np.flatnonzero(rng.random(count) < 0.004)
        if rows.size:
            t = np.full(len(rows), day + 0.1)
            value: float = float(rng.integers(0, len(SIGNALS))) if change == "swap" else NAN
            if change in ("base", "dry"):
                value = float(rng.integers(-3, 4))
            made.append(Call(rows, t, change=change, value=value))
    return made


def _answers(rng: np.random.Generator, ill: Bools) -> Ints:
    """(n, Q): most sittings ask nothing; of those that ask, some questions stay unanswered."""
    shape = (len(ill), len(ITEMS))
    chance = np.where(ill, 0.4, 0.04)[:, None] * np.ones(len(ITEMS))
    chance[:, item_index("chest_pain") :] *= 0.1
    said = (rng.random(shape) < chance).astype(np.int8)
    said[rng.random(shape) < 0.3] = -1
    said[rng.random(len(ill)) < 0.6] = -1
    return said


def calls(rng: np.random.Generator, count: int, days: int) -> list[Call]:
    """Sittings of `count` patients over `days`, clock ticks, and changes of what is decided."""
    made: list[Call] = []
    diligence = rng.choice([0.15, 0.3, 0.9, 1.0], size=count)
    shifted = np.zeros((count, len(SIGNALS)), dtype=np.bool_)
    slide = np.zeros(count)
    heavier = np.zeros(count)
    level = np.clip(rng.standard_normal((count, len(SIGNALS))), -2.0, 2.0) * SPREAD
    towards = np.ones(shifted.shape)
    towards[rng.random(count) < 0.5] = [1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0]
    for day in range(START, START + days):
        made += _changes(rng, count, day)
        shifted ^= rng.random(shifted.shape) < np.where(shifted, 0.12, 0.02)
        slide = np.where(slide < 0, np.maximum(slide - 0.5, -9.0), 0.0)
        slide = np.where(rng.random(count) < 0.02, -0.5, np.where(slide < -7.0, 0.0, slide))
        heavier += (rng.random(count) < 0.01) * rng.choice([-15.0, -2.5, 2.5, 15.0], size=count)
        for chance, hour in ((1.0, 7.0), (0.25, 8.0), (0.15, 19.0)):
            rows = np.flatnonzero(rng.random(count) < diligence * chance)
            shape = (len(rows), len(SIGNALS))
            x = BASE + level[rows] + SHIFT * (towards * shifted)[rows]
            x += SPREAD * rng.standard_normal(shape)
            x[:, 0] += slide[rows]
            x[:, 2] += np.clip(heavier[rows], -30.0, 30.0)
            x = np.round(np.round(x / STEP) * STEP, 2)
            x = np.where(rng.random(shape) < 0.01, rng.choice(RUBBISH, size=shape), x)
            x = np.where(rng.random(shape) < 0.2, NAN, x)
            doubtful = rng.random(shape) < 0.01
            ill: Bools = np.any(shifted[rows], axis=1)
            answers = _answers(rng, ill)
            t = day + (hour + rng.random(len(rows))) / 24.0
            made.append(Call(rows, t, x, answers, doubtful))
        looked_at = np.flatnonzero(rng.random(count) < 0.2)
        made.append(Call(looked_at, day + rng.choice([0.5, 0.9, 0.95], size=len(looked_at))))
    return made


def decide(state: State, profile: Profile, call: Call) -> None:
    """A change of what is decided, as arrays."""
    if call.change in ("paused", "treated", "on_oxygen"):
        getattr(profile, call.change)[call.rows] ^= True
    elif call.change == "diuretic":
        profile.diuretic_changed_t[call.rows] = call.t
    elif call.change == "swap":
        swapped(state, call.rows, [int(call.value)])
    elif call.change == "base":
        profile.base[call.rows, 0] = 93.0 + call.value
    else:
        profile.dry_weight_kg[call.rows] = 80.0 + call.value / 2


def decide_one(person: Patient, call: Call, t: float) -> None:
    """The same for one patient of the oracle."""
    if call.change in ("paused", "treated", "on_oxygen"):
        setattr(person, call.change, not getattr(person, call.change))
    elif call.change == "diuretic":
        person.diuretic_changed = t
    elif call.change == "swap":
        person.swap(ORDER[int(call.value)])
    elif call.change == "base":
        person.base = {**person.base, "spo2": 93.0 + call.value}
    else:
        person.dry = 80.0 + call.value / 2


def run(state: State, profile: Profile, script: list[Call]) -> list[Findings]:
    """The code under test: one finding for each call but the changes."""
    found = []
    for call in script:
        if call.change:
            decide(state, profile, call)
        elif call.x is None:
            found.append(clock(state, profile, call.rows, call.t, rulebook=RULEBOOK))
        else:
            found.append(
                step(
                    state,
                    profile,
                    call.rows,
                    call.t,
                    call.x,
                    call.answers,
                    call.doubtful,
                    rulebook=RULEBOOK,
                )
            )
    return found


def run_oracle(people: list[Patient], script: list[Call]) -> Iterator[list[Answer]]:
    """The slow truth: for each call but the changes, per row, the answer."""
    for call in script:
        answer = []
        for position, row in enumerate(call.rows.tolist()):
            person, t = people[row], float(call.t[position])
            if call.change:
                decide_one(person, call, t)
            elif call.x is None:
                answer.append(person.clock(t))
            else:
                assert call.answers is not None
                assert call.doubtful is not None
                x = dict(zip(ORDER, call.x[position].tolist(), strict=True))
                said = {
                    alias: given == 1
                    for alias, given in zip(QUESTIONS, call.answers[position].tolist(), strict=True)
                    if given >= 0
                }
                unsure = frozenset(
                    alias for alias, it in zip(ORDER, call.doubtful[position], strict=True) if it
                )
                answer.append(person.step(t, x, said, unsure))
        if not call.change:
            yield answer
