"""The roster: one row per citizen, kept for good, with plan and limits as arrays."""

import msgspec
import numpy as np

from alerting.local_time import day_number
from alerting.roster import Roster
from alerting.rules import signal_index
from alerting.timeline import SIDES
from fhir_mapping.enrolled import Citizen, Limits, Plan
from tests.alerting.clinic import FIRST_DAY, at, citizen


def roster(*people: Citizen, limits: list[Limits] | None = None) -> Roster:
    """A roster of these citizens; all limits are those of c1."""
    return Roster({person.id: person for person in people}, {"c1": limits or []})


def test_a_plan_becomes_numbers() -> None:
    plan = Plan("1001000", "09:45", FIRST_DAY, ["spo2", "weight"])
    person = citizen("c1", plan=plan, dry_weight_kg="80.4", paused=True)
    profile = roster(citizen("c0"), person).profile()
    assert profile.plan_weekdays.tolist() == [0b1111111, 0b0001001]
    assert profile.due_hour.tolist() == [12.0, 9.75]
    assert profile.start_day.tolist() == [day_number(FIRST_DAY)] * 2
    assert profile.paused.tolist() == [False, True]
    assert np.isnan(profile.dry_weight_kg[0])
    assert profile.dry_weight_kg[1] == 80.4
    wanted = {signal_index("spo2"), signal_index("weight")}
    assert set(np.flatnonzero(profile.expected[1])) == wanted
    assert all(np.isnan(getattr(profile, side)).all() for side in SIDES), "limits come with time"


def test_limits_stand_in_the_order_in_which_they_take_effect() -> None:
    later, sooner = (
        Limits("c1", "spo2", at(9, 0), "88"),
        Limits("c1", "spo2", at(2, 12), None, "91"),
    )
    changes = roster(citizen("c1"), limits=[later, sooner]).limits[0]
    assert [change.t for change in changes] == [
        day_number(FIRST_DAY) + 2.5, day_number(FIRST_DAY) + 9.0,
    ]  # fmt: skip
    np.testing.assert_equal(changes[0].numbers, (np.nan, 91.0, np.nan, np.nan))
    np.testing.assert_equal(changes[1].numbers, (88.0, np.nan, np.nan, np.nan))
    first, second = (Limits("c1", "spo2", at(2, 0), text) for text in ("85", "86"))
    same = roster(citizen("c1"), limits=[first, second]).limits[0]
    assert [change.numbers[0] for change in same] == [85.0, 86.0], "entered later, wins"


def test_what_differs_is_what_is_new_or_changed() -> None:
    older = roster(citizen("c1"), citizen("c2"), citizen("c3"))
    paused = msgspec.structs.replace(citizen("c2"), paused=True)
    newer = roster(
        citizen("c1"), paused, citizen("c3"), citizen("c4"), limits=[Limits("c1", "spo2", at(0, 0))]
    )
    assert newer.differing(older) == [0, 1, 3]
    assert newer.differing(newer) == []
    assert [newer.row[key] for key in older.ids] == [older.row[key] for key in older.ids]


def test_a_subset_has_the_limits_of_its_own() -> None:
    whole = roster(citizen("c0"), citizen("c1"), limits=[Limits("c1", "spo2", at(0, 0), "88")])
    part = whole.subset(["c1"])
    assert (part.ids, len(part), len(part.limits[0])) == (["c1"], 1, 1)
    assert len(whole.subset([])) == 0
