"""The life of an alert: the table row by row, its guards, and the reference's test trace."""

from typing import Any, get_args

import pytest

from alerting.lifecycle import (
    DAY_MS,
    OUTCOMES,
    TABLE,
    UNDO_MS,
    UNHANDLED_HOURS,
    Act,
    Event,
    Life,
    NotAllowed,
    State,
    Undo,
    after,
    goes_on,
    working_hours,
)


def act(event: Event, day: float = 0, **more: Any) -> Act:
    """What happens on a day; done by a nurse, but for what the rules do."""
    person = {"by": "Mette", "role": "nurse"} if event in PEOPLE else {}
    return Act(event, round(day * DAY_MS), **{**person, **more})


PEOPLE = {"acknowledge", "start", "snooze", "resolve", "note", "undo"}
BEFORE = Undo(Life("new", "yellow", 0), "Mette", 5, "", None, "", None)
ENOUGH: dict[str, dict[str, Any]] = {
    "snooze": {"reason": "venter på lægen", "until_ms": 2 * DAY_MS},
    "timeout": {},
    "worsen": {"severity": "red"},
    "clear": {"clear": 3},
    "late": {"hours": 25.0},
    "resolve": {"outcome": "treated"},
    "end": {"reason": "admitted"},
    "merge": {"reason": "the same"},
    "retract": {"reason": "late-data"},
    "note": {"reason": "datter ringer"},
    "undo": {"undo": BEFORE, "wall_ms": 5 + UNDO_MS},
}
"""What each event must be told to be allowed."""


def life(state: State, severity: str = "yellow", **more: Any) -> Life:
    return Life(state, severity, 0, **more)


def test_the_reference_s_trace() -> None:
    """Section 5.3: yellow, seen, put off, red, handled, again within the week, and after it."""
    steps = [
        (act("acknowledge", 1), "acknowledged", False),
        (act("snooze", 2, reason="aftalt", until_ms=7 * DAY_MS), "snoozed", False),
        (act("worsen", 4, severity="red"), "new", True),
        (act("acknowledge", 4.1), "acknowledged", True),
        (act("start", 4.2), "in_progress", True),
        (act("resolve", 5, outcome="treated"), "resolved", True),
    ]
    now = life("new")
    for event, state, escalated in steps:
        found = after(now, event)
        assert found is not None
        assert (found.state, found.escalated) == (state, escalated)
        now = found
    assert now.severity == "red"
    assert goes_on(5 * DAY_MS, 9 * DAY_MS), "day 9: reopened"
    assert not goes_on(5 * DAY_MS, 20 * DAY_MS), "day 20: a new alert"


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.states[0]}-{row.event}" for row in TABLE])
def test_every_row_leads_where_it_says_and_nowhere_else(row: Any) -> None:
    for state in get_args(State):
        until = DAY_MS if state == "snoozed" else None
        begun = life(state, until_ms=until)
        told = act(row.event, 1, **ENOUGH.get(row.event, {}))
        allowed = any(state in other.states and other.event == row.event for other in TABLE)
        if not allowed:
            with pytest.raises(NotAllowed, match=state):
                after(begun, told)
        elif state in row.states:
            found = after(begun, told)
            to = {"unchanged": state, "as before": BEFORE.life.state}.get(row.to, row.to)
            assert (found.state if found else None) == to


@pytest.mark.parametrize(
    ("begun", "event", "words"),
    [
        (life("new"), Act("acknowledge", 1, " ", "nurse"), "nurse or a physician"),
        (life("new"), Act("acknowledge", 1, "rules"), "nurse or a physician"),
        (life("candidate", "red"), act("confirmed", 1.01), "24 hours"),
        (life("acknowledged"), act("snooze", 1, until_ms=2 * DAY_MS), "reason"),
        (life("acknowledged"), act("snooze", 1, reason="x", until_ms=DAY_MS), "7 days"),
        (life("acknowledged"), act("snooze", 1, reason="x", until_ms=8 * DAY_MS + 1), "7 days"),
        (life("acknowledged", "red"), act("snooze", 1, reason="x", until_ms=2), "physician"),
        (
            life("acknowledged", "red"),
            act("snooze", 1, reason="x", until_ms=2 * DAY_MS + 1, role="physician"),
            "1 days",
        ),
        (life("snoozed", until_ms=DAY_MS), act("timeout", 0.99), "still"),
        (life("acknowledged", "red"), act("worsen", 1, severity="red"), "no worse"),
        (life("new", "red"), act("clear", 1, clear=3), "never by itself"),
        (life("new"), act("clear", 1, clear=3, symptom=True), "symptom"),
        (life("new"), act("clear", 1), "still holds"),
        (life("new"), act("late", 1, hours=24.0), "in time"),
        (life("new", "blue"), act("late", 1, hours=99.0), "in time"),
        (life("new", escalated=True), act("late", 1, hours=99.0), "already"),
        (life("in_progress"), act("resolve", 1, outcome="fine"), "outcome"),
        (life("acknowledged"), act("end", 1), "reason"),
        (life("resolved"), act("retract", 1, reason=" "), "reason"),
        (life("new"), act("note", 1, reason=" "), "a note must be given"),
        (life("new"), Act("note", 1, reason="x"), "nurse or a physician"),
        (life("acknowledged"), act("undo", 1, wall_ms=5), "nothing to take back"),
        (life("acknowledged"), act("undo", 1, by="Bo", wall_ms=5, undo=BEFORE), "only who did it"),
        (life("acknowledged"), act("undo", 1, wall_ms=6 + UNDO_MS, undo=BEFORE), "60 seconds"),
        (life("acknowledged"), act("undo", 1, wall_ms=4, undo=BEFORE), "60 seconds"),
        (life("acknowledged"), act("undo", 1, undo=BEFORE), "60 seconds"),
    ],
)
def test_guards_say_why_not(begun: Life, event: Act, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        after(begun, event)


def test_what_a_physician_may_and_what_is_just_in_time() -> None:
    red = life("acknowledged", "red")
    put_off = act("snooze", 1, reason="x", until_ms=2 * DAY_MS, role="physician")
    assert after(red, put_off) == Life("snoozed", "red", DAY_MS, 2 * DAY_MS, by="Mette", reason="x")
    for outcome in OUTCOMES:
        assert after(life("in_progress"), act("resolve", 1, outcome=outcome))
    late = after(life("new", "red"), act("late", 1, hours=UNHANDLED_HOURS["red"] + 0.1))
    assert late == Life("new", "red", 0, escalated=True), "it has been new since it was"
    assert after(life("candidate"), act("confirmed", 3)) == Life("new", "yellow", 3 * DAY_MS)


def test_a_note_and_taking_back_leave_the_alert_as_it_was() -> None:
    new = life("new", "red")
    assert after(new, act("note", 3, reason="x")) is new
    assert after(life("acknowledged"), act("undo", 3, wall_ms=5, undo=BEFORE)) is BEFORE.life


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (4.0, 5.0, 8.0),  # Monday 5 January 1970
        (1.5, 4.5, 8.0),  # Friday noon to Monday noon
        (2.0, 4.0, 0.0),  # a weekend
        (4.5, 4.25, 0.0),
        (4.25, 4.375, 1.0),  # six to nine
        (4.0, 11.0, 40.0),
    ],
)
def test_working_hours_are_counted(start: float, end: float, hours: float) -> None:
    assert working_hours(start, end) == hours
