"""What people and the clock do to an alert in the store is what the table of states says."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.alert import Alert, Episode, Severity
from alerting.alert_store import AlertChanged, AlertStore
from alerting.lifecycle import DAY_MS, Act, Event, Life, NotAllowed, after
from tests.alerting.api.scene import NOW_MS, episode

FIELDS = ("state", "severity", "since_ms", "until_ms", "by", "reason", "outcome")
"""What a life and an alert both tell; an alert in hand does not remember that it was late."""


def told(severity: Severity = "yellow", **changes: Any) -> Episode:
    return episode("c1", "R14", severity, 5, **changes)


def act(event: Event, at_ms: int = NOW_MS, **more: Any) -> Act:
    person = {} if event == "timeout" else {"by": "Mette", "role": "nurse"}
    return Act(event, at_ms, **{**person, **more})


def put_off(until_ms: int, at_ms: int = NOW_MS, **more: Any) -> Act:
    return act("snooze", at_ms, **{"reason": "venter", "until_ms": until_ms, **more})


def snoozed(store: AlertStore, severity: Severity = "yellow", days: float = 1) -> Alert:
    """An alert that a physician has put off for so many days."""
    alert = store.open(told(severity), NOW_MS)
    store.apply(alert.id, act("acknowledge"), None)
    until_ms = NOW_MS + round(days * DAY_MS)
    return store.apply(alert.id, put_off(until_ms, role="physician"), None)


@pytest.fixture
def store(folder: Path) -> Any:
    with closing(AlertStore(folder / "alerts.db")) as store:
        yield store


def life_in(alert: Alert) -> tuple[Any, ...]:
    found = [alert.state_by if name == "by" else getattr(alert, name) for name in FIELDS]
    return tuple(found)


def life_of(life: Life) -> tuple[Any, ...]:
    return tuple(getattr(life, name) for name in FIELDS)


def test_what_is_refused_leaves_nothing_and_says_why(store: AlertStore) -> None:
    alert = store.open(told("red"), NOW_MS)
    with pytest.raises(KeyError):
        store.apply("nobody", act("start"), None)
    with pytest.raises(AlertChanged) as other:
        store.apply(alert.id, act("start"), 9)
    assert (other.value.why, other.value.current) == ("", alert)
    store.apply(alert.id, act("start"), 1)
    with pytest.raises(AlertChanged, match="only a physician") as refused:
        store.apply(alert.id, put_off(NOW_MS + 1), None)
    assert refused.value.current == store.alert(alert.id)
    with pytest.raises(KeyError):
        store.apply(alert.id, Act("worsen", NOW_MS, severity="red"), None)
    assert store.last_change() == 2


def test_what_gets_worse_is_no_longer_put_off(store: AlertStore) -> None:
    alert = snoozed(store)
    worse = store.revise(alert, told("red"), NOW_MS + 1)
    assert (worse.state, worse.until_ms, worse.reason, worse.state_by) == ("new", None, "", "")
    assert (worse.attention, worse.severity) == ("unacked", "red")
    assert [event.what for event in store.history(alert.id)][-2:] == ["snoozed", "raised"]
    with pytest.raises(AlertChanged, match="timeout does not happen"):
        store.apply(alert.id, act("timeout", NOW_MS + 9 * DAY_MS), None)


def test_what_calls_again_is_no_longer_put_off(store: AlertStore) -> None:
    alert = snoozed(store)
    called = store.revise(alert, told(called_ms=NOW_MS), NOW_MS + 1)
    assert (called.state, called.until_ms, called.attention) == ("new", None, "unacked")


def test_a_further_finding_of_the_same_colour_stays_put_off(store: AlertStore) -> None:
    alert = snoozed(store)
    found = store.revise(alert, told(text_en="Another."), NOW_MS + 1)
    assert life_in(found) == life_in(alert)


def test_the_clock_takes_back_what_was_put_off(store: AlertStore) -> None:
    alert = snoozed(store)
    assert alert.until_ms is not None
    with pytest.raises(AlertChanged, match="put off still"):
        store.apply(alert.id, act("timeout", alert.until_ms - 1), None)
    back = store.apply(alert.id, act("timeout", alert.until_ms), alert.version)
    assert (back.state, back.until_ms, back.attention) == ("new", None, "unacked")
    event = store.history(alert.id)[-1]
    assert (event.actor, event.what, event.change) == ("rules", "returned", back.change)
    assert store.apply(alert.id, act("acknowledge", by="Bo"), None).acked_by == "Bo"


def test_taking_back_brings_the_delay_and_the_former_reader_back(store: AlertStore) -> None:
    """An alert that waited too long does not wait anew because of a slip."""
    alert = store.open(told("red"), NOW_MS)
    store.apply(alert.id, act("acknowledge", by="Bo"), None, "set")
    store.revise(store.alert(alert.id), told("red", called_ms=NOW_MS), NOW_MS + 1)  # type: ignore[arg-type]
    late = store.escalate(store.alert(alert.id), 9.0, NOW_MS + 2)  # type: ignore[arg-type]
    assert late is not None
    store.apply(alert.id, act("acknowledge", NOW_MS + 3, wall_ms=7), None, "en slåfejl")
    back = store.apply(alert.id, act("undo", NOW_MS + 4, wall_ms=9), None)
    moved = {"version": back.version, "change": back.change}
    assert back == msgspec.structs.replace(late, **moved)
    assert (back.acked_by, back.note, back.escalated_ms) == ("Bo", "set", NOW_MS + 2)


def test_what_the_data_said_in_between_stands(store: AlertStore) -> None:
    """A red that ended while it was seen by a slip is over and unseen, not closed."""
    alert = store.open(told("red"), NOW_MS)
    store.apply(alert.id, act("acknowledge", wall_ms=7), None)
    over = store.revise(store.alert(alert.id), told("red", cleared_ms=NOW_MS), NOW_MS + 1)  # type: ignore[arg-type]
    assert over.condition == "cleared"
    back = store.apply(alert.id, act("undo", wall_ms=9), None)
    assert (back.condition, back.state, back.attention) == ("latched", "new", "unacked")


def test_what_called_again_cannot_be_taken_back(store: AlertStore) -> None:
    alert = store.open(told(), NOW_MS)
    store.apply(alert.id, act("acknowledge", wall_ms=7), None)
    store.revise(store.alert(alert.id), told("red"), NOW_MS + 1)  # type: ignore[arg-type]
    with pytest.raises(AlertChanged, match="undo does not happen"):
        store.apply(alert.id, act("undo", wall_ms=9), None)


@pytest.mark.parametrize("severity", ["yellow", "red"])
def test_what_ends_while_it_is_put_off_stays_open_until_then(
    store: AlertStore, severity: Severity
) -> None:
    """Afterwards a yellow is over; a red is never over by itself."""
    alert = snoozed(store, severity)
    over = store.revise(alert, told(severity, cleared_ms=NOW_MS), NOW_MS + 1)
    assert (over.condition, over.state, over.attention) == ("latched", "snoozed", "acked")
    assert store.open_alerts() == [over]
    back = store.apply(alert.id, act("timeout", NOW_MS + DAY_MS), None)
    expected = ("latched", "new") if severity == "red" else ("cleared", "auto_cleared")
    assert (back.condition, back.state) == expected


def test_what_ends_while_somebody_works_on_it_waits_for_the_outcome(store: AlertStore) -> None:
    alert = store.open(told("red"), NOW_MS)
    started = store.apply(alert.id, act("start"), None)
    over = store.revise(started, told("red", cleared_ms=NOW_MS), NOW_MS)
    assert (over.condition, over.state) == ("latched", "in_progress")
    resolved = store.apply(alert.id, act("resolve", outcome="treated"), None)
    assert (resolved.condition, resolved.outcome) == ("cleared", "treated")
    assert not store.open_alerts()


@pytest.mark.parametrize(
    ("later", "what"),
    [(told("red"), "found"), (told(called_ms=NOW_MS), "worsened")],
    ids=["worse", "called"],
)
def test_what_was_closed_and_still_holds_comes_back_when_it_must(
    store: AlertStore, later: Episode, what: str
) -> None:
    alert = store.open(told(), NOW_MS)
    store.apply(alert.id, act("start"), None)
    closed = store.apply(alert.id, act("resolve", outcome="contact-only"), None)
    assert store.open_alerts() == [closed], "its rules hold still"
    same = store.revise(closed, told(text_en="Another."), NOW_MS + 1)
    assert (same.state, same.outcome) == ("resolved", "contact-only")
    back = store.revise(same, later, NOW_MS + 2)
    assert (back.state, back.attention, back.outcome) == ("new", "unacked", "")
    assert store.history(alert.id)[-1].what == what
    over = store.revise(closed, told(cleared_ms=NOW_MS), NOW_MS + 3)
    assert (over.state, over.condition, over.outcome) == ("resolved", "cleared", "contact-only")


def test_a_retracted_alert_is_no_longer_put_off(store: AlertStore) -> None:
    retracted = store.retract(snoozed(store), "late-data", NOW_MS)
    assert (retracted.state, retracted.until_ms, retracted.reason) == (
        "retracted", None, "late-data",
    )  # fmt: skip


def test_who_was_first_is_not_escalated_over(store: AlertStore, folder: Path) -> None:
    """The evaluator read it before a nurse acknowledged it: her word stands."""
    read = store.open(told(), NOW_MS)
    acked = store.acknowledge(read.id, "Mette", "Ringet", None, NOW_MS)
    assert store.escalate(read, 99.0, NOW_MS) is None
    assert store.alert(read.id) == acked


def test_alerts_of_before_are_read_as_not_put_off(store: AlertStore) -> None:
    alert = store.open(told(), NOW_MS)
    fields = ("state_by", "until_ms", "outcome")
    held = {key: value for key, value in msgspec.to_builtins(alert).items() if key not in fields}
    document = msgspec.json.encode(held).decode()
    store._db.execute("UPDATE alert SET document = ?", (document,))
    assert store.alert(alert.id) == alert


EVENTS = st.sampled_from(["acknowledge", "start", "snooze", "timeout", "resolve", "worsen"])
ACTS = st.lists(
    st.tuples(
        EVENTS,
        st.integers(0, 3),
        st.sampled_from(["nurse", "physician"]),
        st.sampled_from([-1, 1, DAY_MS, 2 * DAY_MS, 8 * DAY_MS]),
        st.sampled_from(["", "venter"]),
        st.sampled_from(["treated", "fine"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(acts=ACTS, severity=st.sampled_from(["yellow", "red"]))
def test_any_sequence_of_acts_over_the_store_is_the_table_s(
    tmp_path_factory: pytest.TempPathFactory, acts: list[Any], severity: Severity
) -> None:
    with closing(AlertStore(tmp_path_factory.mktemp("acts") / "alerts.db")) as store:
        alert, now_ms = store.open(told(severity), NOW_MS), NOW_MS
        life, changes = Life("new", severity, NOW_MS), 1
        for event, days, role, wait_ms, reason, outcome in acts:
            now_ms += days * DAY_MS
            more = {
                "snooze": {"until_ms": now_ms + wait_ms, "reason": reason, "role": role},
                "resolve": {"outcome": outcome},
                "worsen": {"severity": "red", "by": "rules", "role": "rules"},
            }.get(event, {})
            wish = act(event, now_ms, **more)
            try:
                expected = after(life, wish)
            except NotAllowed as why:
                if event != "worsen":
                    with pytest.raises(AlertChanged, match=re.escape(str(why))):
                        store.apply(alert.id, wish, alert.version)
                continue
            assert expected is not None
            life, changes = expected, changes + 1
            if event == "worsen":
                alert = store.revise(alert, told("red"), now_ms)
            else:
                alert = store.apply(alert.id, wish, alert.version)
            assert life_in(alert) == life_of(life)
            assert alert == store.alert(alert.id)
        assert alert.version == alert.change == len(store.history(alert.id)) == changes
