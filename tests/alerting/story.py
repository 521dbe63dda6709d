"""Invented stories of a few citizens: what they measure, when it arrives, what the clinic does.

A story follows from its numbers alone, so that a failure can be told again.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from devices.questionnaire import not_asked
from devices.symptoms import questionnaire
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Fact, Limits
from ingest.decode import Delivery
from tests.alerting.clinic import (
    CUFF,
    DEVICES,
    OXIMETER,
    SCALE,
    Clinic,
    answering,
    at,
    citizen,
    reading,
)

OWNERS = ("c1", "c2")
TROUBLES = ("low", "bad", "wrong", "absent", "absent", "failed", "test")
HOURS = {OXIMETER: 7.5, CUFF: 8.0, SCALE: 7.5}
"""Oximeter and scale are used in the same minute."""
LEVELS: Mapping[str, Mapping[str, list[dict[str, str]]]] = {
    OXIMETER: {
        "usual": [{"spo2": "94", "pulse_oximeter": "74"}, {"spo2": "93", "pulse_oximeter": "78"}],
        "low": [{"spo2": "88", "pulse_oximeter": "74"}, {"spo2": "89", "pulse_oximeter": "112"}],
        "bad": [{"spo2": "84", "pulse_oximeter": "135"}, {"spo2": "86", "pulse_oximeter": "38"}],
        "wrong": [{"spo2": "44", "pulse_oximeter": "74"}, {"spo2": "93", "pulse_oximeter": "235"}],
    },
    CUFF: {
        "usual": [{"systolic": "128", "diastolic": "76", "pulse_cuff": "72"}] * 2,
        "low": [{"systolic": "97", "diastolic": "60", "pulse_cuff": "72"}] * 2,
        "bad": [{"systolic": "185", "diastolic": "112", "pulse_cuff": "132"}] * 2,
        "wrong": [{"systolic": "128", "diastolic": "29", "pulse_cuff": "72"}] * 2,
    },
    SCALE: {
        "usual": [{"weight": "80.2"}, {"weight": "80.5"}],
        "low": [{"weight": "82.7"}] * 2,
        "bad": [{"weight": "84.1"}, {"weight": "83.9"}],
        "wrong": [{"weight": "24.0"}, {"weight": "110.0"}],
    },
}


ASKED = ("dyspnoea", "cough", "sputum", "oedema", "orthopnoea", "dizziness")
Spot = tuple[str, str, int]
"""Owner, device, day."""
Look = Literal["poll", "tick", "compare"]


@dataclass(frozen=True)
class Step:
    """What happens at a moment (days of the clinic): a message comes, or the clinic acts."""

    when: float
    what: Delivery | Callable[[Clinic], None] | Look


class Story:
    """Everybody measures daily, but for the share of `unrest` that something happens to.

    A device may show a spell of low, bad or impossible values, fail or stay silent for days;
    a message may come hours or days late, or have a second version.
    """

    def __init__(self, seed: int, days: int, unrest: float, changes: int, facts: int = 0) -> None:
        self._rng = random.Random(seed)
        learning = random.Random(f"facts {seed}")
        self._days = days
        self._unrest = unrest
        steps = [
            step for owner in OWNERS for device in DEVICES for step in self._life(owner, device)
        ]
        steps += [self._change() for _ in range(changes)]
        steps += [_learnt(learning, days) for _ in range(facts)]
        if facts:
            steps += [step for owner in OWNERS for step in _answers(learning, owner, days, unrest)]
        looks: list[Look] = ["poll", "poll", "tick", "tick", "compare"]
        steps += [Step(self._rng.uniform(0, days), self._rng.choice(looks)) for _ in range(days)]
        self.steps = [*sorted(steps, key=lambda step: step.when), Step(2 * days + 2, "compare")]

    def _life(self, owner: str, device: str) -> list[Step]:
        rng, found = self._rng, []
        level, left = "usual", 0
        for day in range(self._days):
            left -= 1
            if left <= 0:
                level = "usual"
                if rng.random() < self._unrest:
                    level, left = rng.choice(TROUBLES), rng.choice([1, 1, 2, 5])
            if level == "absent":
                continue
            spot = (owner, device, day)
            sync = rng.choice(["ntp", "ntp", "none"])
            when = day + HOURS[device] / 24 + 0.001
            late = rng.random() < self._unrest
            delay = rng.choice([0.1, 0.3, 0.6, 1.1, 2.2, 9.0]) if late else 0.0
            found.append(Step(when + delay, message(spot, level, sync)))
            if rng.random() < self._unrest / 5:
                other = message(spot, "bad" if level == "usual" else "usual", sync)
                found.append(Step(when + rng.uniform(0, self._days), other))
        return found

    def _change(self) -> Step:
        """Something that the clinic changes, once."""
        rng = self._rng
        owner, device, day = rng.choice(OWNERS), rng.choice(DEVICES), rng.randrange(self._days)
        kind = rng.choice(
            ["limits", "limits", "dry", "pause", "plan", "newcomer", "moved", "found"]
        )

        def change(clinic: Clinic) -> None:
            now = clinic.person(owner)
            if kind == "limits":
                spo2 = Limits(owner, "spo2", at(day, 0), "90", "92")
                pulse = Limits(owner, "pulse", at(day, 7), None, None, "73", "90")
                clinic.enrol(limits=[spo2 if device == OXIMETER else pulse])
            elif kind == "dry":
                clinic.enrol([msgspec.structs.replace(now, dry_weight_kg="78.0")])
            elif kind == "pause":
                clinic.enrol([msgspec.structs.replace(now, paused=not now.paused)])
            elif kind == "plan":
                plan = msgspec.structs.replace(now.plan, weekdays="1001000", due="09:30")
                clinic.enrol([msgspec.structs.replace(now, plan=plan)])
            elif kind == "newcomer":
                clinic.enrol([citizen(f"new-{day}")])
            else:  # a device was another's, or the scale's owner is noted at last
                taker = OWNERS[OWNERS.index(owner) - 1] if kind == "moved" else owner
                clinic.enrol(assignments=[Assignment(f"{device}-{owner}", taker, at(day, 0))])

        return Step(rng.uniform(0, self._days), change)


def _answers(rng: random.Random, owner: str, days: int, unrest: float) -> list[Step]:
    """What is answered on most days, sometimes worse for a while, sometimes told late."""
    found, left = [], 0
    for day in range(days):
        left -= 1
        if rng.random() < unrest:
            left = rng.choice([1, 3])
        if rng.random() < 0.2:
            continue
        worse = [alias for alias in ASKED if left > 0 and rng.random() < 0.5]
        said = {alias: "yes" if alias in worse else "no" for alias in ASKED}
        for alias in not_asked(questionnaire("symptoms_both_1"), said):
            del said[alias]
        hour = rng.choice([7.4, 7.5, 9.0])
        delay = rng.choice([0.3, 1.1, 3.2]) if rng.random() < unrest else 0.0
        when = day + hour / 24 + 0.001
        found.append(Step(when + delay, answering(owner, at(day, hour), said)))
    return found


def _learnt(rng: random.Random, days: int) -> Step:
    """Something that the clinic learns: a fact, relative limits, or that a device was exchanged."""
    owner, day, span = rng.choice(OWNERS), rng.randrange(days), rng.choice([None, 1, 3, 8])
    kind = rng.choice(
        [
            *("oxygen", "prednisolone", "diuretic-change", "dry-weight", "admission", "travel"),
            *("relative", "exchanged"),
        ]
    )
    hour, void = rng.choice([0, 7.6, 13]), rng.random() < 0.1

    def learn(clinic: Clinic) -> None:
        if kind == "relative":
            signal, low, high = rng.choice([("spo2", "5", "2"), ("weight", "3", "1")])
            limits = Limits(owner, signal, at(day, hour), low, high, high, low, True)  # type: ignore[arg-type]
            clinic.enrol(limits=[limits])
        elif kind == "exchanged":
            device = EnrolledDevice(f"new-{day}-{owner}", SCALE, "Maker", "Model 2")
            handed_out = Assignment(device.id, owner, at(day, hour))
            clinic.enrol(devices=[device], assignments=[handed_out])
        else:
            until = None if span is None else at(day + span, hour)
            value = "78.0" if kind == "dry-weight" else None
            fact = Fact(owner, kind, at(day, hour), until, value, void)  # type: ignore[arg-type]
            clinic.enrol(facts=[fact])

    return Step(rng.uniform(0, days), learn)


def people() -> list[Citizen]:
    """Citizens with different plans."""
    return [
        citizen("c1", signals=["spo2", "weight"]),
        citizen("c2", signals=[], dry_weight_kg="80.0"),
    ]


def message(spot: Spot, level: str, sync: str) -> Delivery:
    """What a device says at this level; "failed" has no value, "test" is none of the citizen's."""
    owner, device, day = spot
    shown = level if level in LEVELS[device] else "bad"
    values: dict[str, str | None] = {**LEVELS[device][shown][day % 2]}
    if level == "failed":
        values = dict.fromkeys(values)
    flags = {"failed": ["invalid"], "test": ["test-data"]}.get(level, [])
    hour = HOURS[device] + 0.25 * (day % 2)
    return reading(owner, device, at(day, hour), values, sync=sync, flags=flags)
