"""Invented patients and readings that visit every corner: gaps, repeats, jumps, rubbish."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerting.rules import RULES, SIGNALS, Findings, Profile, State, clock, signal_index, step
from tests.alerting.rules.oracle import NAN, ORDER, Outcome, Patient

Array = npt.NDArray[np.float64]

BASE = np.array([93.0, 80.0, 80.0, 128.0, 76.0, 1.4, 260.0])
SPREAD = np.array([1.0, 5.0, 0.4, 8.0, 5.0, 0.08, 12.0])
STEP = np.array([1.0, 1.0, 0.1, 1.0, 1.0, 0.01, 1.0])
SHIFT = np.array([-4.0, 42.0, 2.2, 38.0, 25.0, -0.3, -60.0])
LIMITS = {
    "spo2": (87.0, 89.0, NAN, NAN),
    "pulse": (40.0, 49.0, 111.0, 131.0),
    "systolic": (89.0, 99.0, 160.0, 180.0),
    "diastolic": (NAN, NAN, 100.0, 110.0),
}
RELATIVE = {"spo2": (4.0, 3.0, NAN, NAN)}
RUBBISH = np.array([math.inf, -math.inf, 1e300, -1.0, 0.0, 29.9, 104.0, 251.0])
START = 20_000


@dataclass(frozen=True)
class Call:
    """One call of `step` (with x) or `clock` (without)."""

    rows: npt.NDArray[np.int64]
    t: Array
    x: Array | None


def patients(rng: np.random.Generator, count: int) -> list[Patient]:
    """Patients with different limits, some of them missing, and different plans."""
    made = []
    for _ in range(count):
        limits = {
            alias: tuple(
                NAN if rng.random() < 0.08 else float(v + rng.integers(-2, 3)) for v in four
            )
            for alias, four in LIMITS.items()
            if rng.random() < 0.95
        }
        made.append(
            Patient(
                limits={alias: (a, b, c, d) for alias, (a, b, c, d) in limits.items()},
                relative={
                    alias: (
                        red if rng.random() < 0.9 else NAN,
                        yellow if rng.random() < 0.9 else NAN,
                        NAN,
                        NAN,
                    )
                    for alias, (red, yellow, _, _) in RELATIVE.items()
                },
                dry=round(float(rng.normal(80, 0.5)), 1) if rng.random() < 0.5 else NAN,
                expected=frozenset(a for a in ORDER if rng.random() < 0.4),
                plan=int(rng.integers(0, 128)),
                due_hour=float(rng.choice([0.0, 7.0, 10.0, 12.0, 23.5, 24.0])),
                start=START + int(rng.integers(-3, 10)),
                paused=bool(rng.random() < 0.05),
            )
        )
    return made


def profile_of(people: list[Patient]) -> Profile:
    """The same patients as arrays."""
    profile = Profile.default(len(people))
    for row, person in enumerate(people):
        for alias, limits in person.limits.items():
            column = signal_index(alias)
            profile.low_red[row, column], profile.low_yellow[row, column] = limits[:2]
            profile.high_yellow[row, column], profile.high_red[row, column] = limits[2:]
        for alias, limits in person.relative.items():
            column = signal_index(alias)
            profile.rel_low_red[row, column], profile.rel_low_yellow[row, column] = limits[:2]
        for alias in person.expected:
            profile.expected[row, signal_index(alias)] = True
        profile.dry_weight_kg[row] = person.dry
        profile.plan_weekdays[row] = person.plan
        profile.due_hour[row] = person.due_hour
        profile.start_day[row] = person.start
        profile.paused[row] = person.paused
    return profile


def calls(rng: np.random.Generator, count: int, days: int) -> list[Call]:
    """Readings of `count` patients over `days`: up to three sittings a day, and clock ticks."""
    made: list[Call] = []
    diligence = rng.choice([0.15, 0.3, 0.9, 1.0], size=count)
    shifted = np.zeros((count, len(SIGNALS)), dtype=np.bool_)
    heavier = np.zeros(count)
    towards = np.ones(shifted.shape)
    towards[rng.random(count) < 0.5] = [1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0]
    for day in range(START, START + days):
        shifted ^= rng.random(shifted.shape) < np.where(shifted, 0.12, 0.02)
        heavier += (rng.random(count) < 0.01) * rng.choice([-15.0, 15.0], size=count)
        for chance, hour in ((1.0, 7.0), (0.25, 8.0), (0.15, 19.0)):
            rows = np.flatnonzero(rng.random(count) < diligence * chance)
            shape = (len(rows), len(SIGNALS))
            x = BASE + SHIFT * (towards * shifted)[rows] + SPREAD * rng.standard_normal(shape)
            x[:, 2] += np.clip(heavier[rows], -30.0, 30.0)
            x = np.round(np.round(x / STEP) * STEP, 2)
            x = np.where(rng.random(shape) < 0.01, rng.choice(RUBBISH, size=shape), x)
            x = np.where(rng.random(shape) < 0.2, NAN, x)
            made.append(Call(rows, day + (hour + rng.random(len(rows))) / 24.0, x))
        if rng.random() < 0.5:
            everyone = np.arange(count)
            made.append(Call(everyone, np.full(count, day + float(rng.choice([0.5, 0.9]))), None))
    return made


def run(state: State, profile: Profile, script: list[Call]) -> list[Findings]:
    """The code under test."""
    return [
        clock(state, profile, call.rows, call.t)
        if call.x is None
        else step(state, profile, call.rows, call.t, call.x)
        for call in script
    ]


def run_oracle(people: list[Patient], script: list[Call]) -> list[list[dict[str, Outcome]]]:
    """The slow truth: per call, per row, the outcome of each rule that was looked at."""
    answers = []
    for call in script:
        answer = []
        for position, row in enumerate(call.rows):
            person, t = people[row], float(call.t[position])
            if call.x is None:
                answer.append(person.clock(t))
            else:
                values = [float(value) for value in call.x[position]]
                answer.append(person.step(t, dict(zip(ORDER, values, strict=True))))
        answers.append(answer)
    return answers


RULE_IDS = [rule.id for rule in RULES]
