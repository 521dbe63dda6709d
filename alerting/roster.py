"""Who the rules watch: one row per citizen, with the plan as arrays and what changes with time.

In: enrolment as the store holds it. Out: a `Roster`, never changed once made; a new enrolment
makes a new one, in which every citizen keeps the row that it had. Whose timeline or plan cannot be
worked out is among its `faults`, with a row of nothing decided, which nobody is to judge.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alerting.local_time import day_number
from alerting.rules import SIGNALS, Profile
from alerting.timeline import LimitChange, Moment, swaps_of, timeline_of
from fhir_mapping.enrolled import Citizen, Fact, Limits
from ingest.store import Reader


class _Known(NamedTuple):
    """What the store holds of one citizen's changes."""

    limits: list[Limits]
    facts: list[Fact]
    swaps: list[Moment]


class Roster:
    """The citizens, their rows, their plans, and the timeline of what is known about each."""

    def __init__(
        self,
        citizens: Mapping[str, Citizen],
        limits: Mapping[str, Sequence[Limits]],
        facts: Mapping[str, Sequence[Fact]] | None = None,
        swaps: Mapping[str, Sequence[Moment]] | None = None,
        faults: Mapping[str, Exception] | None = None,
    ) -> None:
        self.citizens = dict(citizens)
        self.ids = list(self.citizens)
        self.row = {citizen: row for row, citizen in enumerate(self.ids)}
        self.faults = dict(faults or {})
        """Who cannot be judged, and what was raised."""
        self._take(
            {
                citizen: _Known(
                    list(limits.get(citizen, ())),
                    list((facts or {}).get(citizen, ())),
                    list((swaps or {}).get(citizen, ())),
                )
                for citizen in self.ids
            }
        )

    def _take(self, known: Mapping[str, _Known]) -> None:
        """What is known about each citizen, and the timeline that it makes."""
        self._known = {citizen: known[citizen] for citizen in self.ids}
        self.limits: list[list[LimitChange]] = []
        self.moments: list[list[Moment]] = []
        for citizen in self.citizens.values():
            limits, moments = self._worked_out(citizen)
            self.limits.append(limits)
            self.moments.append(moments)

    def _worked_out(self, citizen: Citizen) -> tuple[list[LimitChange], list[Moment]]:
        """The citizen's limits and timeline in order; empty, and a fault, when that fails."""
        known = self._known[citizen.id]
        try:
            limits = sorted(map(LimitChange, known.limits), key=lambda change: change.t)
            return limits, timeline_of(citizen, limits, known.facts, known.swaps)
        except Exception as error:  # whatever it is, the others have their rows
            self.faults[citizen.id] = error
            return [], []

    @classmethod
    def of(cls, reader: Reader) -> "Roster":
        """Everybody who is enrolled in a store."""
        devices = reader.devices()
        swaps: dict[str, Sequence[Moment]] = {}
        faults: dict[str, Exception] = {}
        for citizen, terms in reader.assignments().items():
            try:
                swaps[citizen] = swaps_of(terms, devices)
            except Exception as error:
                faults[citizen] = error
        return cls(reader.citizens(), reader.limits(), reader.facts(), swaps, faults)

    def __len__(self) -> int:
        return len(self.ids)

    def profile(self) -> Profile:
        """Plans, and what has held all along; what comes with time is not yet set."""
        profile = Profile.default(len(self.ids))
        for row, citizen in enumerate(self.citizens.values()):
            try:
                _set_plan(profile, row, citizen)
            except Exception as error:
                self.faults[citizen.id] = error
        return profile

    def in_force(self, row: int, t: float, relative: bool = False) -> dict[str, LimitChange]:
        """The limits of a row at a local moment, by signal alias."""
        return {
            change.alias: change
            for change in self.limits[row]
            if change.t <= t and change.relative == relative
        }

    def subset(self, citizens: Sequence[str]) -> "Roster":
        """A roster of these citizens alone."""
        part = Roster({citizen: self.citizens[citizen] for citizen in citizens}, {})
        part._take(self._known)
        return part

    def differing(self, older: "Roster") -> list[int]:
        """Rows of this roster that are new or changed since `older`."""
        return [
            row
            for row, citizen in enumerate(self.ids)
            if older.citizens.get(citizen) != self.citizens[citizen]
            or older._known[citizen] != self._known[citizen]
            or (citizen in older.faults) != (citizen in self.faults)
        ]


def _set_plan(profile: Profile, row: int, citizen: Citizen) -> None:
    plan = citizen.plan
    hour, minute = plan.due.split(":")
    profile.due_hour[row] = int(hour) + int(minute) / 60
    profile.start_day[row] = day_number(plan.start)
    profile.plan_weekdays[row] = sum(
        1 << day for day, digit in enumerate(plan.weekdays) if digit == "1"
    )
    profile.expected[row] = [signal.alias in plan.signals for signal in SIGNALS]
    profile.symptoms_asked[row] = plan.symptoms
    profile.copd[row] = citizen.condition in ("copd", "both")
    profile.heart_failure[row] = citizen.condition in ("heart-failure", "both")
    profile.on_oxygen[row] = citizen.oxygen
    profile.scale2[row] = citizen.scale2
    profile.paused[row] = citizen.paused
    if citizen.dry_weight_kg is not None:
        profile.dry_weight_kg[row] = float(citizen.dry_weight_kg)
