"""Who the rules watch: one row per citizen, with plan and limits as arrays.

In: enrolment as the store holds it. Out: a `Roster`, never changed once made; a new enrolment
makes a new one, in which every citizen keeps the row that it had.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from alerting.local_time import day_number, local_days
from alerting.rules import SIGNALS, Profile, default_relative_limits, signal_index
from fhir_mapping.enrolled import Citizen, Limits

SIDES = ("low_red", "low_yellow", "high_yellow", "high_red")


class LimitChange:
    """New personal limits of one signal from a local moment on (days)."""

    __slots__ = ("alias", "numbers", "signal", "t")

    def __init__(self, limits: Limits) -> None:
        self.alias: str = limits.metric
        self.t = local_days(round(limits.since.timestamp() * 1000))
        self.signal = signal_index(limits.metric)
        texts = (limits.low_red, limits.low_yellow, limits.high_yellow, limits.high_red)
        self.numbers = tuple(np.nan if text is None else float(text) for text in texts)


class Roster:
    """The citizens, their rows, their plans, and the history of their limits."""

    def __init__(
        self, citizens: Mapping[str, Citizen], limits: Mapping[str, Sequence[Limits]]
    ) -> None:
        self.citizens = dict(citizens)
        self.limits = {citizen: list(rows) for citizen, rows in limits.items()}
        self.ids = list(self.citizens)
        self.row = {citizen: row for row, citizen in enumerate(self.ids)}
        self.changes = [
            sorted(
                (LimitChange(row) for row in self.limits.get(citizen, ())),
                key=lambda change: change.t,
            )
            for citizen in self.ids
        ]

    def __len__(self) -> int:
        return len(self.ids)

    def profile(self) -> Profile:
        """Plans and dry weights as arrays; limits not yet set, they come into force with time."""
        profile = Profile.default(len(self.ids))
        for row, citizen in enumerate(self.citizens.values()):
            plan = citizen.plan
            hour, minute = plan.due.split(":")
            profile.due_hour[row] = int(hour) + int(minute) / 60
            profile.start_day[row] = day_number(plan.start)
            profile.plan_weekdays[row] = sum(
                1 << day for day, digit in enumerate(plan.weekdays) if digit == "1"
            )
            profile.expected[row] = [signal.alias in plan.signals for signal in SIGNALS]
            profile.paused[row] = citizen.paused
            profile.copd[row] = citizen.condition in {"copd", "both"}
            profile.heart_failure[row] = citizen.condition in {"heart-failure", "both"}
            profile.scale2[row] = citizen.scale2
            for alias, numbers in default_relative_limits(citizen.condition).items():
                for side, number in zip(SIDES, numbers, strict=True):
                    getattr(profile, f"rel_{side}")[row, signal_index(alias)] = number
            if citizen.dry_weight_kg is not None:
                profile.dry_weight_kg[row] = float(citizen.dry_weight_kg)
        return profile

    def subset(self, citizens: Sequence[str]) -> "Roster":
        """A roster of these citizens alone."""
        chosen = {citizen: self.citizens[citizen] for citizen in citizens}
        return Roster(chosen, {key: self.limits.get(key, []) for key in chosen})

    def differing(self, older: "Roster") -> list[int]:
        """Rows of this roster that are new or changed since `older`."""
        return [
            row
            for row, citizen in enumerate(self.ids)
            if older.citizens.get(citizen) != self.citizens[citizen]
            or older.limits.get(citizen) != self.limits.get(citizen)
        ]
