"""The engine: many rows or one, many calls or one, the same changes."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.engine import Change, Engine, Event
from alerting.local_time import local_days
from alerting.roster import Roster
from alerting.rules import RULEBOOK, Colour, Findings, rule_index, signal_index, step
from alerting.sittings import Sitting
from alerting.timeline import SIDES, Moment
from fhir_mapping.enrolled import Fact, Limits
from tests.alerting.clinic import at, citizen, ms

SPO2, PULSE, WEIGHT = (signal_index(alias) for alias in ("spo2", "pulse", "weight"))
R01, R24, T01 = (rule_index(name) for name in ("R01", "R24", "T01"))
LIMITS = (Limits("c0", "spo2", at(0, 0), "87", "89"), Limits("c0", "spo2", at(8, 0), "90", "92"))


def roster(count: int) -> Roster:
    """Citizens c0, c1 … with the same plan and limits."""
    people = {f"c{row}": citizen(f"c{row}") for row in range(count)}
    return Roster(people, {key: list(LIMITS) for key in people})


def sitting(day: int, values: dict[int, float], row: int = 0, hour: float = 8) -> Sitting:
    """One sitting on the clinic's calendar."""
    at_ms = ms(at(day, hour))
    return Sitting(row, local_days(at_ms), at_ms, values, dict.fromkeys(values, b""))


def told(changes: list[Event]) -> list[str]:
    """Changes without their row; not-a-number is equal to itself in a text."""
    return [repr(msgspec.structs.replace(change, row=0)) for change in changes]


def of_rule(events: list[Event], rule: int) -> list[Change]:
    return [event for event in events if isinstance(event, Change) and event.rule == rule]


def colours(events: list[Event], rule: int) -> list[Colour]:
    return [change.colour for change in of_rule(events, rule)]


@settings(max_examples=15, deadline=None)
@given(
    levels=st.lists(st.sampled_from([94.0, 91.0, 88.0, 85.0, 40.0]), min_size=1, max_size=15),
    cut=st.integers(0, 15),
    looks=st.lists(st.integers(0, 15), max_size=4),
)
def test_one_call_or_many_one_row_or_three(levels: list[float], cut: int, looks: list[int]) -> None:
    """Rows do not look at one another; cutting and looking between changes nothing."""
    story = [sitting(day, {SPO2: level, PULSE: 70.0}) for day, level in enumerate(levels)]
    end = local_days(ms(at(20, 0)))
    alone = Engine(roster(1), rulebook=RULEBOOK)
    wanted = told(alone.advance(story) + alone.clock(end))

    three = Engine(roster(3), rulebook=RULEBOOK)
    changes = []
    for day, entry in enumerate(story):
        if day in looks:
            changes += three.clock(entry.t - 1e-6)
        rows = [msgspec.structs.replace(entry, row=row) for row in (0, 2)]
        changes += three.advance(rows) if day != cut else [
            change for row in rows for change in three.advance([row])
        ]  # fmt: skip
    changes += three.clock(end)
    for row in (0, 2):
        assert told([change for change in changes if change.row == row]) == wanted


def test_limits_come_into_force_at_their_own_moment() -> None:
    engine = Engine(roster(1), rulebook=RULEBOOK)
    changes = engine.advance([sitting(day, {SPO2: 91.0}) for day in range(5, 10)])
    (risen,) = of_rule(changes, R01)
    assert (risen.t, risen.colour) == (local_days(ms(at(8, 8))), Colour.YELLOW)
    assert engine.profile.low_yellow[0, SPO2] == 92.0
    to_the_dot = Engine(roster(1), rulebook=RULEBOOK).advance([sitting(8, {SPO2: 91.0}, hour=0)])
    assert colours(to_the_dot, R01) == [Colour.YELLOW], "limits hold from their moment on"


def test_a_newer_roster_keeps_the_rows_and_forgets_what_changed() -> None:
    engine = Engine(roster(2), rulebook=RULEBOOK)
    engine.advance([sitting(1, {SPO2: 85.0}, row) for row in (0, 1)])
    people = roster(3).citizens
    people["c1"] = msgspec.structs.replace(people["c1"], paused=True)
    newer = Roster(people, {key: list(LIMITS) for key in people})
    assert engine.adopt(newer) == [1, 2]
    assert engine.state.status[:, R01].tolist() == [Colour.YELLOW] + [Colour.INSUFFICIENT] * 2
    assert engine.profile.low_red[0, SPO2] == 87.0, "what was in force stays"
    assert all(np.isnan(getattr(engine.profile, side)[1:]).all() for side in SIDES)
    assert engine.measured_t.shape[0] == 3
    changes = engine.advance([sitting(9, {SPO2: 91.0}, row) for row in (1, 2)])
    assert {change.row for change in of_rule(changes, R01)} == {1, 2}


def test_what_is_forgotten_can_be_replayed() -> None:
    story = [sitting(day, {SPO2: level}) for day, level in enumerate([94.0, 85.0, 95.0, 40.0])]
    engine = Engine(roster(1), rulebook=RULEBOOK)
    first = told(engine.advance(story))
    engine.forget([0])
    assert not np.isfinite(engine.measured_t).any()
    assert not engine.is_late(story[0])
    assert told(engine.advance(story)) == first


def test_silence_rises_by_stages_for_the_rows_that_are_asked() -> None:
    engine = Engine(roster(2), rulebook=RULEBOOK)
    changes = engine.clock(local_days(ms(at(9, 0))), [1])
    assert {change.row for change in changes} == {1}
    assert colours(changes, R24) == [Colour.BLUE, Colour.YELLOW]
    stages = [local_days(ms(at(day, 12))) for day in (1, 3)]
    assert [change.t for change in of_rule(changes, R24)] == stages
    assert engine.clock(local_days(ms(at(9, 1))), [1]) == [], "told once"
    assert engine.clock(local_days(ms(at(9, 0))), []) == []


@pytest.mark.parametrize(
    ("before", "late", "wanted"),
    [
        ([(9, {SPO2: 94.0})], (8, {SPO2: 94.0}), True),  # the same signal
        ([(9, {SPO2: 94.0})], (9, {SPO2: 94.0}), True),  # the same moment
        ([(9, {SPO2: 94.0})], (8, {WEIGHT: 80.0}), True),  # another device: alerts weigh both
        ([(9, {SPO2: 94.0})], (10, {SPO2: 94.0}), False),  # in order
        ([(9, {SPO2: 94.0})], (10, {WEIGHT: 80.0}), False),
    ],
)
def test_what_is_late(
    before: list[tuple[int, dict[int, float]]], late: tuple[int, dict[int, float]], wanted: bool
) -> None:
    person = citizen("c0", signals=[])
    engine = Engine(Roster({"c0": person}, {"c0": list(LIMITS)}), rulebook=RULEBOOK)
    for day, values in before:
        engine.advance([sitting(day, values)])
    assert engine.is_late(sitting(*late)) is wanted


def test_a_measurement_before_the_silence_was_told_is_late() -> None:
    engine = Engine(roster(1), rulebook=RULEBOOK)
    engine.advance([sitting(0, {SPO2: 94.0, PULSE: 70.0})])
    engine.clock(local_days(ms(at(2, 11))))
    assert not engine.is_late(sitting(2, {SPO2: 94.0, PULSE: 70.0}))
    engine.clock(local_days(ms(at(2, 13))))
    assert engine.is_late(sitting(2, {SPO2: 94.0, PULSE: 70.0}))
    assert not engine.is_late(sitting(2, {SPO2: 94.0, PULSE: 70.0}, hour=14))


def test_a_watcher_sees_every_wave() -> None:
    engine = Engine(roster(2), rulebook=RULEBOOK)
    seen = []
    story = [sitting(day, {SPO2: 94.0}, row) for day in range(3) for row in (0, 1)]
    engine.advance(story, lambda wave, findings: seen.append((len(wave), len(findings.rows))))
    assert seen == [(2, 2)] * 3


def test_answers_reach_the_rules_with_their_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of answers for each row of values; what nobody was asked is not answered."""
    seen: list[tuple[list[int], np.ndarray, np.ndarray]] = []

    def listening(
        state: Any, profile: Any, rows: Any, t: Any, x: Any, answers: Any, **more: Any
    ) -> Findings:
        seen.append((rows.tolist(), x, answers))
        return step(state, profile, rows, t, x, answers, **more)

    monkeypatch.setattr("alerting.engine.step", listening)
    both = msgspec.structs.replace(sitting(1, {SPO2: 94.0}), answers={0: 1, 1: 0})
    alone = msgspec.structs.replace(sitting(1, {}, row=1), answers={8: 1})
    engine = Engine(roster(3), rulebook=RULEBOOK)
    engine.advance([both, alone, sitting(1, {SPO2: 93.0}, row=2)])
    ((rows, x, answers),) = seen
    assert rows == [0, 1, 2]
    assert answers.dtype == np.int8
    assert answers.tolist() == [[1, 0, *[-1] * 7], [*[-1] * 8, 1], [-1] * 9]
    assert np.isnan(x[1]).all()


def test_answers_are_judged_in_the_order_of_measuring() -> None:
    engine = Engine(roster(1), rulebook=RULEBOOK)
    engine.advance([sitting(0, {SPO2: 94.0, PULSE: 70.0}, hour=9)])
    answered = [
        msgspec.structs.replace(sitting(0, {}, hour=hour), answers={0: 0}) for hour in (8.5, 9, 10)
    ]
    assert [engine.is_late(one) for one in answered] == [True, True, False]
    engine.advance(answered[2:])
    assert engine.is_late(sitting(0, {SPO2: 94.0}, hour=9.5))


def held(*facts: Fact) -> Engine:
    """An engine over one citizen of whom these facts hold."""
    return Engine(Roster({"c0": citizen("c0")}, {}, {"c0": list(facts)}), rulebook=RULEBOOK)


@pytest.mark.parametrize("looks", [[], [2.5], [2.5, 3.5, 5.0, 6.2, 6.5, 8.25]])
def test_nothing_is_missing_during_a_pause_however_often_anybody_looks(looks: list[float]) -> None:
    """Silent from day 0; admitted from day 3 to the morning of day 6; silent again."""
    engine = held(Fact("c0", "admission", at(3, 6), at(6, 9)))
    changes = []
    for day in (*looks, 10.0):
        changes += engine.clock(local_days(ms(at(int(day), day % 1 * 24))))
    first = local_days(ms(at(0, 0)))
    found = [(change.t - first, change.colour) for change in of_rule(changes, R24)]
    assert found == [
        (1.5, Colour.BLUE), (3.25, Colour.GREEN), (7.5, Colour.BLUE), (9.5, Colour.YELLOW),
    ]  # fmt: skip


def test_facts_come_into_force_and_are_forgotten() -> None:
    facts = [
        Fact("c0", "oxygen", at(2, 0)),
        Fact("c0", "antibiotic", at(3, 0), at(5, 0)),
        Fact("c0", "dry-weight", at(4, 0), value="78.5"),
        Fact("c0", "travel", at(4, 0), at(5, 0)),
    ]
    engine = held(*facts)
    fields = ("on_oxygen", "treated", "dry_weight_kg", "paused", "start_day")
    start = engine.profile.start_day[0]

    def at_day(day: int) -> list[float]:
        engine.clock(local_days(ms(at(day, 1))))
        return [float(getattr(engine.profile, field)[0]) for field in fields]

    np.testing.assert_equal(at_day(1), [0, 0, np.nan, 0, start])
    np.testing.assert_equal(at_day(4), [1, 1, 78.5, 1, start])
    np.testing.assert_equal(at_day(5), [1, 0, 78.5, 0, start + 5])
    engine.forget([0])
    np.testing.assert_equal(at_day(1), [0, 0, np.nan, 0, start])


def test_a_reading_before_a_fact_that_is_in_force_is_late() -> None:
    engine = held(Fact("c0", "oxygen", at(5, 0)))
    engine.clock(local_days(ms(at(4, 8))))
    assert not engine.is_late(sitting(4, {SPO2: 94.0}, hour=9))
    engine.clock(local_days(ms(at(5, 0))))
    assert engine.is_late(sitting(4, {SPO2: 94.0}, hour=9))


def test_another_device_makes_the_baseline_learn_anew() -> None:
    story = [sitting(day, {WEIGHT: 80.0, SPO2: 94.0}) for day in range(20)]
    people = {"c0": citizen("c0")}
    kept = Engine(Roster(people, {}), rulebook=RULEBOOK)
    told_of = Engine(
        Roster(people, {}, {}, {"c0": [Moment(story[15].t - 0.1, (), (WEIGHT,))]}),
        rulebook=RULEBOOK,
    )
    for engine in (kept, told_of):
        engine.advance(story)
    assert told_of.state.weight[0, WEIGHT] < kept.state.weight[0, WEIGHT]
    assert told_of.state.weight[0, SPO2] == kept.state.weight[0, SPO2]
