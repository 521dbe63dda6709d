"""Whether nothing arrives although something was due: the plans say who should have measured.

In: citizens and facts as the store holds them, and when records last arrived. Out: `Silence`. Pure.
One citizen who forgets is a clinical matter (rule R24), and a night in a small deployment is quiet;
so it is silence only when nothing at all has arrived for a while, something fell due meanwhile,
and most of those for whom it did have not measured on that day.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from alerting.local_time import DAY_MS, calendar_day, local_days, utc_ms
from fhir_mapping.enrolled import Citizen, Fact

MINUTE_MS = 60_000
AWAY = ("admission", "travel")
"""While one of these holds nothing is expected at home."""


class Silence(msgspec.Struct, frozen=True):
    """How long nothing has arrived, for how many something was due meanwhile, and how many of
    them have not measured on that day."""

    minutes: float
    due: int = 0
    missing: int = 0

    @property
    def wrong(self) -> bool:
        """Whether most of those who were due are missing."""
        return self.missing * 2 > self.due


def silence(
    citizens: Mapping[str, Citizen],
    facts: Mapping[str, Sequence[Fact]],
    arrived_ms: int,
    now_ms: int,
    minutes: float,
    heard_since: Callable[[int], set[str]],
) -> Silence:
    """Judge the time since `arrived_ms`, of which less than `minutes` mean nothing.

    Whoever is due has those minutes, too. `heard_since` names the citizens of whom something
    came since a moment; it is asked only when nothing has come for `minutes`.
    """
    quiet = max(0.0, (now_ms - arrived_ms) / MINUTE_MS)
    if quiet < minutes:
        return Silence(quiet)
    until_ms = now_ms - round(minutes * MINUTE_MS)
    since_ms = max(arrived_ms, until_ms - DAY_MS)
    due = set(_overdue(citizens, facts, since_ms, until_ms))
    if not due:
        return Silence(quiet)
    missing = due - heard_since(utc_ms(int(local_days(since_ms))))
    return Silence(quiet, len(due), len(missing))


def _overdue(
    citizens: Mapping[str, Citizen],
    facts: Mapping[str, Sequence[Fact]],
    since_ms: int,
    until_ms: int,
) -> Iterator[str]:
    """Whose measurement fell due after `since_ms`, until `until_ms` included."""
    days = [
        (utc_ms(number), calendar_day(number))
        for number in range(int(local_days(since_ms)), int(local_days(until_ms)) + 1)
    ]
    for citizen in citizens.values():
        plan = citizen.plan
        if citizen.paused:
            continue
        hour, minute = plan.due.split(":")
        after_ms = (int(hour) * 60 + int(minute)) * MINUTE_MS
        for midnight_ms, day in days:
            due_ms = midnight_ms + after_ms
            planned = plan.weekdays[day.weekday()] == "1" and plan.start <= day
            if planned and since_ms < due_ms <= until_ms and not _away(facts, citizen.id, due_ms):
                yield citizen.id


def _away(facts: Mapping[str, Sequence[Fact]], citizen: str, at_ms: int) -> bool:
    return any(
        fact.kind in AWAY
        and not fact.void
        and fact.since.timestamp() * 1000 <= at_ms
        and (fact.to is None or at_ms < fact.to.timestamp() * 1000)
        for fact in facts.get(citizen, ())
    )
