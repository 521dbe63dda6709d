"""The timeline: facts, limits and devices as changes of the profile at their own instants."""

from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from alerting.local_time import day_number
from alerting.rules import signal_index
from alerting.timeline import LimitChange, Moment, Setting, swaps_of, timeline_of
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Fact, FactKind, Limits
from tests.alerting.clinic import CUFF, FIRST_DAY, OXIMETER, SCALE, at, citizen

DAY_0 = day_number(FIRST_DAY)
ANNA = citizen("c1")


def fact(kind: FactKind, begin: float, end: float | None = None, **more: Any) -> Fact:
    """Something that holds between days of the clinic."""
    until = None if end is None else moment(end)
    return Fact("c1", kind, moment(begin), until, **more)


def moment(day: float) -> datetime:
    return at(int(day), day % 1 * 24)


def told(facts: list[Fact], person: Citizen = ANNA) -> list[tuple[float, str, float]]:
    """The settings, on the clinic's days."""
    return [
        (found.t - DAY_0, setting.field, setting.value)
        for found in timeline_of(person, [], facts, [])
        for setting in found.settings
    ]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("oxygen", "on_oxygen"),
        ("scale2", "scale2"),
        ("prednisolone", "treated"),
        ("antibiotic", "treated"),
    ],
)
def test_a_fact_sets_its_flag_while_it_holds(kind: FactKind, field: str) -> None:
    assert told([fact(kind, 2.5, 9)]) == [(2.5, field, 1.0), (9.0, field, 0.0)]
    assert told([fact(kind, 2.5)]) == [(2.5, field, 1.0)]
    assert told([fact(kind, 2.5, void=True)]) == []


def test_overlapping_courses_are_one_and_neighbours_leave_no_gap() -> None:
    courses = [fact("prednisolone", 1, 6), fact("antibiotic", 3, 10), fact("antibiotic", 10, 12)]
    assert told(courses) == [(1.0, "treated", 1.0), (12.0, "treated", 0.0)]


def test_what_holds_all_along_is_not_ended_by_a_fact() -> None:
    always = msgspec.structs.replace(ANNA, oxygen=True, scale2=True, paused=True)
    facts = [fact("oxygen", 1, 2), fact("scale2", 1, 2), fact("admission", 1, 2)]
    assert told(facts, always) == []


@pytest.mark.parametrize(("end", "counts_from"), [(5.0, 5), (5.5, 5), (5.51, 6), (5.9, 6)])
def test_after_a_pause_due_days_count_from_the_next_due_time(end: float, counts_from: int) -> None:
    """The plan is due at noon: who comes home before it, is expected to measure that day."""
    found = told([fact("travel", 2, end)])
    assert [name for _, name, _ in found] == ["paused", "paused", "start_day"]
    assert found[-1][2] == DAY_0 + counts_from


def test_a_dry_weight_holds_until_the_next_and_then_the_first_again() -> None:
    person = msgspec.structs.replace(ANNA, dry_weight_kg="80")
    facts = [fact("dry-weight", 3, value="78.5"), fact("dry-weight", 5, 9, value="77")]
    wanted = [(3.0, 78.5), (5.0, 77.0), (9.0, 78.5)]
    assert [(t, value) for t, _, value in told(facts, person)] == wanted
    (_, (_, _, after)) = told([fact("dry-weight", 3, 4, value="78.5")], person)
    assert after == 80.0


def test_a_changed_diuretic_is_a_moment() -> None:
    assert told([fact("diuretic-change", 4)]) == [(4.0, "diuretic_changed_t", DAY_0 + 4.0)]


def test_limits_become_settings_in_the_order_in_which_they_take_effect() -> None:
    relative = Limits("c1", "spo2", at(2, 0), "4", "3", relative=True, base="94")
    absolute = Limits("c1", "spo2", at(2, 0), "85", "87")
    (found,) = timeline_of(ANNA, [LimitChange(absolute), LimitChange(relative)], [], [])
    spo2 = signal_index("spo2")
    numbers = {setting.field: setting.value for setting in found.settings}
    assert {setting.signal for setting in found.settings} == {spo2}
    assert (numbers["low_red"], numbers["rel_low_red"], numbers["base"]) == (85.0, 4.0, 94.0)
    assert np.isnan(numbers["rel_high_red"])


def test_what_happens_at_one_instant_is_one_moment() -> None:
    swap = Moment(DAY_0 + 2.0, swapped=(1,))
    found = timeline_of(ANNA, [], [fact("oxygen", 2)], [swap, Moment(DAY_0 + 2.0, swapped=(0, 1))])
    assert found == [Moment(DAY_0 + 2.0, (Setting("on_oxygen", 1.0),), (1, 0))]


def test_another_device_of_the_same_type_is_a_swap() -> None:
    kinds = {"a": SCALE, "b": SCALE, "cuff": CUFF, "ox": OXIMETER}
    devices = {name: EnrolledDevice(name, kind, "Maker", "Model") for name, kind in kinds.items()}

    def swaps(*terms: tuple[str, int]) -> list[tuple[float, tuple[int, ...]]]:
        given = [Assignment(name, "c1", at(day, 0)) for name, day in terms]
        return [(swap.t - DAY_0, swap.swapped) for swap in swaps_of(given, devices)]

    weight = signal_index("weight")
    assert swaps(("b", 5), ("a", 0)) == [(5.0, (weight,))]
    assert swaps(("a", 0), ("b", 5), ("a", 9)) == [(5.0, (weight,)), (9.0, (weight,))]
    assert swaps(("a", 0), ("b", 0)) == [], "two from the beginning: which is used, nobody knows"
    assert swaps(("a", 0), ("a", 5), ("cuff", 5), ("ox", 9)) == []
    assert swaps(("unknown", 0), ("b", 5)) == []
