"""The alert store: episodes with a life, a feed without gaps, and a history that only grows."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from alerting.alert import Alert, Episode, Severity
from alerting.alert_store import AlertChanged, AlertStore
from ingest.store import StoreUnavailable
from tests.alerting.api.scene import episode as episode_of
from tests.alerting.api.scene import found

NOW = 1_771_412_400_000
HOUR = 3_600_000


def episode(
    rule: str = "R01", severity: Severity = "red", hours: float = 5, ended: float | None = None
) -> Episode:
    """An episode of citizen c1 that began so many hours ago, and ended so many hours ago."""
    cleared_ms = None if ended is None else NOW - round(ended * HOUR)
    called_ms = NOW - 5 * HOUR
    return episode_of("c1", rule, severity, hours, cleared_ms=cleared_ms, called_ms=called_ms)


def take(store: AlertStore, told: Episode, now_ms: int = NOW) -> Alert:
    """What live evaluation does with an episode: the active alert takes it in, or a new one."""
    for alert in store.alerts_of(told.citizen):
        if (alert.hypothesis, alert.condition) == (told.hypothesis, "active"):
            return store.revise(alert, told, now_ms)
    return store.open(told, now_ms)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "alerts.db"


@pytest.fixture
def store(path: Path) -> Iterator[AlertStore]:
    store = AlertStore(path)
    yield store
    store.close()


def whats(store: AlertStore, alert_id: str) -> list[str]:
    return [event.what for event in store.history(alert_id)]


def test_an_episode_opens_an_alert(store: AlertStore) -> None:
    alert = take(store, episode())
    assert (alert.version, alert.change, alert.condition, alert.attention) == (
        1, 1, "active", "unacked",
    )  # fmt: skip
    assert (alert.detected_ms, alert.onset_ms) == (NOW, NOW - 5 * HOUR)
    assert store.alert(alert.id) == alert
    assert store.open_alerts() == store.alerts_of("c1") == [alert]
    (event,) = store.history(alert.id)
    assert (event.actor, event.what, event.detail, event.at_ms) == (
        "rules", "opened", alert.text_en, NOW,
    )  # fmt: skip


def test_the_database_allows_one_active_alert_per_citizen_and_hypothesis(
    store: AlertStore, path: Path
) -> None:
    first = take(store, episode())
    again = take(store, episode(hours=2))
    assert again.id == first.id, "it takes the news in"
    second = msgspec.structs.replace(first, id="another", version=0)
    with pytest.raises(sqlite3.IntegrityError):
        store._write(second, NOW, "rules", "opened", "")
    assert store.alerts_since(0, 10) == [again], "the refused one left nothing behind"
    assert store.last_change() == again.change
    other = take(store, episode(rule="R14"))
    assert len(store.open_alerts()) == 2
    assert other.id != first.id


def test_a_red_that_nobody_saw_is_latched_and_not_overwritten(store: AlertStore) -> None:
    red = take(store, episode())
    latched = take(store, episode(ended=1))
    assert (latched.id, latched.condition, latched.cleared_ms) == (red.id, "latched", NOW - HOUR)
    new = take(store, episode(severity="yellow", hours=0.5))
    assert new.id != red.id
    assert {alert.condition for alert in store.open_alerts()} == {"latched", "active"}
    assert store.alert(red.id) == latched
    acked = store.acknowledge(red.id, "Mette", "", None, NOW)
    assert acked.condition == "cleared"
    assert [alert.id for alert in store.open_alerts()] == [new.id]


@pytest.mark.parametrize(("severity", "seen"), [("yellow", False), ("blue", False), ("red", True)])
def test_what_is_not_red_or_was_seen_is_over_when_it_ends(
    store: AlertStore, severity: Severity, seen: bool
) -> None:
    alert = take(store, episode(severity=severity))
    if seen:
        store.acknowledge(alert.id, "Mette", "", alert.version, NOW)
    cleared = take(store, episode(severity=severity, ended=0))
    assert cleared.condition == "cleared"
    assert cleared.state == ("resolved" if seen else "auto_cleared")
    assert not store.open_alerts()


@pytest.mark.parametrize(
    ("was", "becomes", "attention"),
    [
        ("yellow", "red", "unacked"),
        ("blue", "yellow", "unacked"),
        ("red", "yellow", "acked"),
        ("red", "red", "acked"),
    ],
)
def test_only_a_rise_asks_for_attention_again(
    store: AlertStore, was: Severity, becomes: Severity, attention: str
) -> None:
    alert = take(store, episode(severity=was))
    store.acknowledge(alert.id, "Mette", "Ringet", None, NOW)
    raised = take(store, episode(severity=becomes, hours=1), NOW + 1)
    assert (raised.attention, raised.severity, raised.acked_by) == (attention, becomes, "Mette")
    told = "raised" if attention == "unacked" else "found"
    assert whats(store, alert.id) == ["opened", "acknowledged", told]


def test_an_end_that_moves_does_not_undo_an_acknowledgement(store: AlertStore) -> None:
    alert = take(store, episode())
    take(store, episode(ended=2))
    acked = store.acknowledge(alert.id, "Mette", "", None, NOW)
    moved = store.revise(acked, episode(hours=8, ended=1), NOW)
    assert (moved.attention, moved.condition) == ("acked", "cleared")
    resumed = store.revise(moved, episode(hours=8), NOW)
    assert (resumed.attention, resumed.condition, resumed.cleared_ms) == ("unacked", "active", None)


def test_a_revision_that_ends_an_unseen_red_latches_it(store: AlertStore) -> None:
    alert = take(store, episode())
    assert store.revise(alert, episode(ended=1), NOW).condition == "latched"
    late = take(store, episode(rule="R14", ended=1))
    assert late.condition == "latched", "over before anybody knew of it"
    calm = take(store, episode(rule="R06", severity="yellow", ended=1))
    assert (calm.condition, calm.state) == ("cleared", "auto_cleared")
    worse = store.revise(calm, episode(rule="R06", ended=1), NOW, "late-data")
    assert (worse.condition, worse.state) == ("latched", "new"), "no red is over by itself"


def test_who_acknowledges_second_learns_how_the_alert_stands(store: AlertStore) -> None:
    alert = take(store, episode(severity="yellow"))
    acked = store.acknowledge(alert.id, "Mette", "Ringet", 1, NOW + 5)
    assert (acked.acked_by, acked.note, acked.acked_ms, acked.version) == (
        "Mette", "Ringet", NOW + 5, 2,
    )  # fmt: skip
    with pytest.raises(AlertChanged) as conflict:
        store.acknowledge(alert.id, "Bo", "", None, NOW)
    assert conflict.value.current == acked
    with pytest.raises(KeyError):
        store.acknowledge("nothing", "Bo", "", None, NOW)
    worse = take(store, episode(hours=1))
    assert worse.state == "new"
    with pytest.raises(AlertChanged):
        store.acknowledge(alert.id, "Bo", "", acked.version, NOW)
    assert store.acknowledge(alert.id, "Bo", "", worse.version, NOW).acked_by == "Bo"
    assert store.last_change() == 4, "a conflict leaves no event"


def test_of_two_nurses_one_wins(path: Path, store: AlertStore) -> None:
    alert = take(store, episode())
    results: list[str] = []
    barrier = threading.Barrier(2)

    def nurse(name: str) -> None:
        own = AlertStore(path)
        barrier.wait()
        try:
            own.acknowledge(alert.id, name, "", alert.version, NOW)
            results.append("won")
        except AlertChanged as conflict:
            results.append(conflict.current.acked_by)
        own.close()

    threads = [threading.Thread(target=nurse, args=(name,)) for name in ("Mette", "Bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = store.alert(alert.id)
    assert winner is not None
    assert sorted(results) == sorted(["won", winner.acked_by])


def test_a_retracted_alert_stays_with_its_reason(store: AlertStore) -> None:
    alert = take(store, episode())
    retracted = store.retract(alert, "late-data", NOW)
    assert (retracted.condition, retracted.reason) == ("retracted", "late-data")
    assert not store.open_alerts()
    assert store.alerts_of("c1") == [retracted]
    assert take(store, episode()).id != alert.id
    seen = store.acknowledge(alert.id, "Mette", "", None, NOW)
    assert (seen.condition, seen.attention) == ("retracted", "acked")


def test_a_transaction_that_fails_leaves_nothing(store: AlertStore, path: Path) -> None:
    kept = take(store, episode(rule="R14"))
    other = AlertStore(path)

    def fail() -> None:
        with store.transaction():
            take(store, episode())
            with store.transaction():
                store.retract(kept, "never", NOW)
            assert other.alerts_since(0, 10) == [kept], "nobody sees half of it"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.alerts_since(0, 10) == other.alerts_since(0, 10) == [kept]
    assert store.last_change() == 1
    assert take(store, episode()).change == 2
    other.close()


def test_the_feed_pages_in_order_of_change(store: AlertStore) -> None:
    rules = ["R01", "R14", "R06", "R24", "T01"]
    alerts = [take(store, episode(rule=rule)) for rule in rules]
    store.acknowledge(alerts[1].id, "Mette", "", None, NOW)
    cursor, seen = 0, []
    while page := store.alerts_since(cursor, 2):
        seen += [alert.findings[0].rule for alert in page]
        cursor = page[-1].change
    assert seen == ["R01", "R06", "R24", "T01", "R14"]
    assert cursor == store.last_change() == 6
    assert store.alerts_since(cursor, 2) == []


def test_versions_and_changes_only_rise(store: AlertStore) -> None:
    alert = take(store, episode(severity="yellow"))
    steps = [alert, take(store, episode())]
    steps.append(store.acknowledge(alert.id, "Mette", "", None, NOW))
    cleared = take(store, episode(ended=0))
    steps += [cleared, store.retract(cleared, "late-data", NOW)]
    assert [step.version for step in steps] == [step.change for step in steps] == [1, 2, 3, 4, 5]
    history = store.history(alert.id)
    assert [event.change for event in history] == [1, 2, 3, 4, 5]
    assert [event.what for event in history] == [
        "opened", "raised", "acknowledged", "cleared", "retracted",
    ]  # fmt: skip


def test_alerts_survive_closing(store: AlertStore, path: Path) -> None:
    alert = take(store, episode())
    store.close()
    store.close()
    again = AlertStore(path)
    assert again.alerts_since(0, 10) == [alert]
    again.close()


def test_a_store_that_is_away_says_so(
    tmp_path: Path, path: Path, store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreUnavailable):
        AlertStore(tmp_path / "nowhere" / "alerts.db")
    monkeypatch.setattr("alerting.alert_store.sqlite.BUSY_TIMEOUT_S", 0.05)
    impatient = AlertStore(path)
    with store.transaction():
        take(store, episode())
        with pytest.raises(StoreUnavailable):
            take(impatient, episode(rule="R14"))
        assert impatient.alerts_since(0, 10) == [], "reading waits for nobody"
    assert take(impatient, episode(rule="R14")).change == 2
    store._db.executescript("DROP TABLE alert_event; DROP TABLE alert;")
    for ask in (
        impatient.last_change,
        impatient.open_alerts,
        lambda: impatient.history("x"),
        lambda: impatient.alert("x"),
        lambda: impatient.alerts_since(0, 1),
    ):
        with pytest.raises(StoreUnavailable):
            ask()
    impatient.close()


def test_an_alert_goes_on_from_one_that_was_over_for_a_week_at_most(store: AlertStore) -> None:
    day = 24.0
    first = take(store, episode(severity="yellow", hours=20 * day, ended=15 * day))
    assert first.previous == ""
    second = take(store, episode(severity="yellow", hours=8 * day, ended=7.5 * day))
    assert (second.previous, whats(store, second.id)) == (first.id, ["reopened"])
    store.retract(second, "late-data", NOW)
    third = take(store, episode(severity="yellow", hours=1))
    assert (third.previous, whats(store, third.id)) == ("", ["opened"])
    other = take(store, episode(rule="R14", severity="yellow", hours=7.4 * day))
    assert other.previous == "", "another hypothesis"


@pytest.mark.parametrize(
    ("seen", "called", "state"),
    [(True, False, "acknowledged"), (True, True, "new"), (False, False, "new")],
)
def test_what_was_seen_and_does_not_call_again_goes_on_as_seen(
    store: AlertStore, seen: bool, called: bool, state: str
) -> None:
    """The refractory week (P6): the same colour again within it asks nobody a second time."""
    first = take(store, episode(severity="yellow", hours=50, ended=30))
    if seen:
        store.acknowledge(first.id, "Mette", "Ringet", None, NOW)
    again = msgspec.structs.replace(
        episode(severity="yellow", hours=2), called_ms=NOW - 2 * HOUR if called else None
    )
    alert = take(store, again)
    assert (alert.state, alert.previous) == (state, first.id)
    assert alert.acked_by == ("Mette" if state == "acknowledged" else "")


@pytest.mark.parametrize(
    ("days", "what"), [(6.9, "worsened"), (7 - 1 / 24, "called"), (7.0, "called")]
)
def test_a_new_call_asks_again_and_within_the_week_says_that_it_got_worse(
    store: AlertStore, days: float, what: str
) -> None:
    first = msgspec.structs.replace(
        episode(severity="yellow"), called_ms=NOW - round(24 * days * HOUR)
    )
    alert = take(store, first)
    store.acknowledge(alert.id, "Mette", "", None, NOW)
    again = take(store, msgspec.structs.replace(first, called_ms=NOW))
    assert (again.state, again.attention, whats(store, alert.id)[-1]) == ("new", "unacked", what)


def test_what_nobody_handles_in_time_counts_as_red(store: AlertStore) -> None:
    yellow = take(store, episode(severity="yellow"))
    assert store.escalate(yellow, 24.0, NOW) is None
    late = store.escalate(yellow, 24.5, NOW + 1)
    assert late is not None
    assert (late.severity, late.shown, late.escalated_ms) == ("yellow", "red", NOW + 1)
    assert store.escalate(late, 99.0, NOW + 2) is None, "once"
    seen = store.acknowledge(late.id, "Mette", "", None, NOW + 3)
    assert (seen.shown, seen.escalated_ms) == ("yellow", None)
    blue = take(store, episode(rule="R24", severity="blue"))
    assert store.escalate(blue, 99.0, NOW) is None


def test_a_finding_that_is_withdrawn_is_named_in_the_history(store: AlertStore) -> None:
    both = msgspec.structs.replace(
        episode(), findings=[found("R01", "red", 5), found("R03", "yellow", 4)]
    )
    alert = take(store, both)
    store.revise(alert, episode(), NOW, "late-data")
    assert store.history(alert.id)[-1].detail.endswith("(late-data; withdrawn: R03)")


def test_alerts_of_the_first_version_are_set_aside_and_the_feed_goes_on(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(OLD_SCHEMA)
    store = AlertStore(path)
    assert store.alerts_since(0, 10) == []
    assert take(store, episode()).change == 8
    store.close()
    with closing(sqlite3.connect(path)) as kept:
        assert kept.execute("SELECT id FROM alert_per_rule").fetchall() == [("a1",)]


def test_events_of_an_older_program_are_marked_once(path: Path) -> None:
    store = AlertStore(path)
    take(store, episode())
    store.close()
    with closing(sqlite3.connect(path)) as old:
        old.execute("ALTER TABLE alert_event DROP COLUMN mark")
    upgraded, beside = AlertStore(path), AlertStore(path)
    cursor = upgraded.cursor(1)
    assert cursor == beside.cursor(1) != "0"
    assert [upgraded.change_of(one) for one in (cursor, "0", "1", "1-", "x")] == [1, 0] + [None] * 3
    assert upgraded.cursor(take(upgraded, episode(rule="R24", severity="blue")).change) != cursor


OLD_SCHEMA = """
CREATE TABLE alert (id TEXT PRIMARY KEY, version INTEGER NOT NULL, change INTEGER NOT NULL UNIQUE,
    citizen TEXT NOT NULL, rule TEXT NOT NULL, condition TEXT NOT NULL, onset_ms INTEGER NOT NULL,
    document TEXT NOT NULL) STRICT;
CREATE INDEX alert_of_citizen ON alert (citizen, rule, onset_ms);
CREATE UNIQUE INDEX alert_active ON alert (citizen, rule) WHERE condition = 'active';
CREATE TABLE alert_event (change INTEGER PRIMARY KEY, alert TEXT NOT NULL, at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
INSERT INTO alert VALUES ('a1', 1, 7, 'c1', 'R01', 'active', 0, '{}');
INSERT INTO alert_event VALUES (7, 'a1', 0, 'rules', 'opened', '');
"""
