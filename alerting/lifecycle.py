"""What may become of an alert, and when: one table of states, events and guards.

In: how an alert stands, and what somebody wants or the data say. Out: how it stands then, or
`NotAllowed` with the reason. Pure: no clock, no store. Called by `alerting.alert_store`.

The states are those of reference section 5.3; `TABLE` is its table. Two things are stricter here,
both because an alert that gets worse must be looked at again: worsening takes every open alert back
to `new`, and so does a new call for attention: after the refractory week, or when a signal lies
farther from the usual at two hits in a row (P6).

Who causes what today: people `acknowledge`, `start`, `snooze`, `resolve`, `note` and `undo`
(`alerting.api`); the
evaluator's look at the clock causes `timeout` and `late`; what the rules say causes `worsen`,
`call`, `clear`, `resume` and `retract`. Nobody causes `confirmed` and `refuted` (the rules confirm
before there is an alert, so each begins as `new`), nor `end` and `merge`.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from alerting.rules.compose import WAIT_DAYS

State: TypeAlias = Literal[
    "candidate", "new", "acknowledged", "in_progress", "snoozed", "resolved", "auto_cleared",
    "expired", "merged", "retracted",
]  # fmt: skip
Event: TypeAlias = Literal[
    "confirmed", "refuted", "acknowledge", "start", "snooze", "timeout", "worsen", "call", "clear",
    "resume", "late", "resolve", "note", "undo", "end", "merge", "retract",
]  # fmt: skip
Role: TypeAlias = Literal["rules", "nurse", "physician"]
Outcome: TypeAlias = Literal[
    "treated", "contact-only", "false-technical", "false-physiological", "referred", "admitted",
    "limits-adjusted",
]  # fmt: skip

UNSEEN: Final[tuple[State, ...]] = ("candidate", "new")
WORKING: Final[tuple[State, ...]] = ("new", "acknowledged", "in_progress", "snoozed")
"""States in which somebody still has something to do."""
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
DAY_MS: Final = 86_400_000
UNCHANGED: Final = "unchanged"
AS_BEFORE: Final = "as before"
UNDO_MS: Final = 60_000
"""So long what a person did may be taken back, on the wall clock; the page offers it for ten
seconds, and the rest is for a slow network."""
CONFIRM_MS: Final = DAY_MS
"""A repeated reading within 24 hours confirms or refutes; afterwards a yellow stands (5.3)."""
SNOOZE_MS_MAX: Final = {"yellow": 7 * DAY_MS, "red": DAY_MS}
REOPEN_MS: Final = 7 * DAY_MS
"""The same hypothesis within a week goes on from the old alert (5.3)."""
CALL_AGAIN_MS: Final = round(WAIT_DAYS * DAY_MS) - DAY_MS // 12
"""An alert that is hit again after a week calls again; before that only one that got worse (P6). A
week of local days may be an hour short: two are left."""
UNHANDLED_HOURS: Final = {"yellow": 24.0, "red": 4.0}
"""Working hours until an alert that nobody has handled escalates: red four hours (5.3), yellow
three working days of eight hours (4.2, which is later than the two days of 5.3)."""
WORKDAY_HOURS: Final = (8.0, 16.0)


class Life(msgspec.Struct, frozen=True):
    """How an alert stands: its state, colour, and when it began to be so.

    until_ms: until when, if snoozed. by: the person who brought it there, empty when it was the
    rules or the clock; reason and outcome: what was said about it then.
    """

    state: State
    severity: str
    since_ms: int
    until_ms: int | None = None
    escalated: bool = False
    by: str = ""
    reason: str = ""
    outcome: str = ""


class Undo(msgspec.Struct, frozen=True):
    """What a person's last act may be taken back to.

    life: how the alert stood before; by: who did it; done_ms: when, on the wall clock. acked_by,
    acked_ms, note and escalated_ms: what the alert then said of who had seen it, and of its delay.
    """

    life: Life
    by: str
    done_ms: int
    acked_by: str
    acked_ms: int | None
    note: str
    escalated_ms: int | None


class Act(msgspec.Struct, frozen=True):
    """What happens: who does it, when, and what the event needs to be told.

    severity: the colour now, of `worsen` and `call`. hours: working hours since it was called, of
    `late`. clear: readings in a row without deviation, symptom: whether one was told, of `clear`.
    wall_ms: when on the wall clock, of a person's act; undo: what is taken back, of `undo`.
    """

    event: Event
    at_ms: int
    by: str = "rules"
    role: Role = "rules"
    severity: str = ""
    until_ms: int | None = None
    reason: str = ""
    outcome: str = ""
    hours: float = 0.0
    clear: int = 0
    symptom: bool = False
    wall_ms: int | None = None
    undo: Undo | None = None

    @property
    def stamp_ms(self) -> int:
        """When it is written down: people act by the wall clock, also where data are the clock."""
        return self.at_ms if self.wall_ms is None else self.wall_ms


class NotAllowed(ValueError):  # noqa: N818  it is the wish that is wrong
    """The event may not happen to an alert that stands so; the message says why."""


Guard: TypeAlias = Callable[[Life, Act], str]
"""Why not; empty when it may happen."""


class Row(msgspec.Struct, frozen=True):
    """One row of the table: from which states, by which event, to which state, and if what."""

    states: tuple[State, ...]
    event: Event
    to: State | Literal["unchanged", "as before"] | None
    guard: Guard
    rule: str


def _always(life: Life, act: Act) -> str:
    del life, act
    return ""


def _person(life: Life, act: Act) -> str:
    del life
    return "" if act.by.strip() and act.role != "rules" else "a nurse or a physician must say so"


def _confirmed(life: Life, act: Act) -> str:
    waited = act.at_ms - life.since_ms
    if waited <= CONFIRM_MS or life.severity == "yellow":
        return ""
    return "a red reading is confirmed within 24 hours"


def _snooze(life: Life, act: Act) -> str:
    if not act.reason.strip():
        return "a reason must be given"
    if life.severity == "red" and act.role != "physician":
        return "only a physician may put a red alert off"
    longest = SNOOZE_MS_MAX.get(life.severity, SNOOZE_MS_MAX["yellow"])
    if act.until_ms is None or not act.at_ms < act.until_ms <= act.at_ms + longest:
        return f"it may be put off to a later moment, {longest // DAY_MS} days away at most"
    return _person(life, act)


def _timeout(life: Life, act: Act) -> str:
    return "" if life.until_ms is not None and act.at_ms >= life.until_ms else "it is put off still"


def _worse(life: Life, act: Act) -> str:
    return "" if _rank(act.severity) > _rank(life.severity) else "it is no worse than it was"


def _clear(life: Life, act: Act) -> str:
    if life.severity == "red":
        return "a red alert is closed by a person, never by itself"
    if act.symptom:
        return "a symptom has been told"
    return "" if act.clear >= 1 else "a rule still holds"


def _late(life: Life, act: Act) -> str:
    limit = UNHANDLED_HOURS.get(life.severity)
    if life.escalated:
        return "it has escalated already"
    return "" if limit is not None and act.hours > limit else "it is in time"


def _outcome(life: Life, act: Act) -> str:
    if act.outcome not in OUTCOMES:
        return f"an outcome must be given: {', '.join(OUTCOMES)}"
    return _person(life, act)


def _note(life: Life, act: Act) -> str:
    return _person(life, act) if act.reason.strip() else "a note must be given"


def _undo(life: Life, act: Act) -> str:
    if act.undo is None:
        return "there is nothing to take back"
    if act.by != act.undo.by:
        return "only who did it may take it back"
    if act.wall_ms is None or not 0 <= act.wall_ms - act.undo.done_ms <= UNDO_MS:
        return f"it may be taken back for {UNDO_MS // 1000} seconds only"
    return _person(life, act)


def _reason(life: Life, act: Act) -> str:
    del life
    return "" if act.reason.strip() else "a reason must be given"


_OPEN: Final[tuple[State, ...]] = ("candidate", *WORKING)
_ANY: Final[tuple[State, ...]] = (*_OPEN, "resolved", "auto_cleared", "expired", "merged")
_NOTED: Final[tuple[State, ...]] = (*WORKING, "resolved", "auto_cleared")
_DONE: Final[tuple[State, ...]] = ("acknowledged", "in_progress", "snoozed", "resolved")

TABLE: Final[tuple[Row, ...]] = (
    Row(("candidate",), "confirmed", "new", _confirmed, "the repeated reading hits, too"),
    Row(("candidate",), "refuted", None, _always, "the repeated reading is normal: logged only"),
    Row(("new",), "acknowledge", "acknowledged", _person, "who and when are stored"),
    Row(
        ("new", "acknowledged"), "start", "in_progress", _person, "an attempt to reach the citizen"
    ),
    Row(WORKING, "worsen", "new", _worse, "the colour rises: seen again, no longer put off"),
    Row(WORKING, "call", "new", _always, "hit again after a week, or twice farther off"),
    Row(("acknowledged", "in_progress"), "snooze", "snoozed", _snooze, "with a reason, for a time"),
    Row(("snoozed",), "timeout", "new", _timeout, "the time is up"),
    Row(("new",), "clear", "auto_cleared", _clear, "yellow only, by its hysteresis"),
    Row(("auto_cleared",), "acknowledge", "resolved", _person, "seen after it was over"),
    Row(("retracted",), "acknowledge", "retracted", _person, "somebody knows that it never was"),
    Row(("auto_cleared", "resolved"), "resume", "new", _always, "it has not ended after all"),
    Row(("acknowledged",), "clear", "resolved", _always, "over, and somebody has seen it"),
    Row(("new",), "late", "new", _late, "nobody has handled it in time: escalated"),
    Row(("in_progress",), "resolve", "resolved", _outcome, "with an outcome"),
    Row(_NOTED, "note", UNCHANGED, _note, "what somebody writes; nobody has thereby seen it"),
    Row(_DONE, "undo", AS_BEFORE, _undo, "who did the last thing takes it back within a minute"),
    Row(_OPEN, "end", "expired", _reason, "admission, death, or no longer followed"),
    Row(_OPEN, "merge", "merged", _reason, "another alert says the same"),
    Row(
        _ANY,
        "retract",
        "retracted",
        _reason,
        "the data never said so: with a reason, never silently",
    ),
)


def after(life: Life, act: Act) -> Life | None:
    """How the alert stands after this event; None when it is refuted and was never one.

    NotAllowed when no row of the table has the event for the state, or the row's guard says no.

    >>> new = Life("new", "red", 0)
    >>> after(new, Act("acknowledge", 1, "Mette", "nurse")).state
    'acknowledged'
    >>> after(new, Act("clear", 1, clear=3))
    Traceback (most recent call last):
    alerting.lifecycle.NotAllowed: a red alert is closed by a person, never by itself
    """
    row = next((row for row in TABLE if act.event == row.event and life.state in row.states), None)
    if row is None:
        raise NotAllowed(f"{act.event} does not happen to an alert that is {life.state}")
    why_not = row.guard(life, act)
    if why_not:
        raise NotAllowed(why_not)
    if row.to is None:
        return None
    if row.to == UNCHANGED:
        return life
    if row.to == AS_BEFORE:
        assert act.undo is not None, "the guard has seen it"
        return act.undo.life
    severity = act.severity if act.event in ("worsen", "call") and act.severity else life.severity
    escalated = life.escalated or act.event in ("worsen", "late")
    if row.to == life.state:
        return msgspec.structs.replace(life, severity=severity, escalated=escalated)
    return Life(
        state=row.to,
        severity=severity,
        since_ms=act.at_ms,
        until_ms=act.until_ms if act.event == "snooze" else None,
        escalated=escalated,
        by="" if act.role == "rules" else act.by,
        reason=act.reason,
        outcome=act.outcome if act.event == "resolve" else "",
    )


def goes_on(ended_ms: int | None, onset_ms: int) -> bool:
    """Whether an alert that begins goes on from one that ended: a week at most lies between.

    >>> goes_on(0, REOPEN_MS), goes_on(0, REOPEN_MS + 1), goes_on(None, 5)
    (True, False, False)
    """
    return ended_ms is not None and 0 <= onset_ms - ended_ms <= REOPEN_MS


def working_hours(start: float, end: float) -> float:
    """Hours between two local moments (days) that somebody is at work: Monday to Friday, 8 to 16.

    Public holidays count as working days, so that nothing escalates later than it should.

    >>> working_hours(0.0, 7.0), working_hours(0.5, 1.375)  # Thursday to Thursday; noon to nine
    (40.0, 5.0)
    """
    open_at, close_at = (hour / 24 for hour in WORKDAY_HOURS)
    hours = 0.0
    for day in range(int(start), int(end) + 1):
        if (day + 3) % 7 < 5:
            hours += max(0.0, min(end, day + close_at) - max(start, day + open_at)) * 24
    return round(hours, 6)


def _rank(severity: str) -> int:
    order = ("technical", "blue", "yellow", "red")
    return order.index(severity) if severity in order else -1
