"""The alert store: episodes with a life, a feed without gaps, and a history that only grows."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerting.alert import Episode, Severity
from alerting.alert_store import AlertChanged, AlertStore
from ingest.store import StoreUnavailable
from tests.alerting.api.scene import episode as episode_of

NOW = 1_771_412_400_000
HOUR = 3_600_000


def episode(
    rule: str = "R01", severity: Severity = "red", hours: float = 5, ended: float | None = None
) -> Episode:
    """An episode of citizen c1 that began so many hours ago, and ended so many hours ago."""
    cleared_ms = None if ended is None else NOW - round(ended * HOUR)
    return episode_of("c1", rule, severity, hours, cleared_ms=cleared_ms)


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
    alert = store.raise_(episode(), NOW)
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


def test_the_database_allows_one_active_alert_per_citizen_and_rule(
    store: AlertStore, path: Path
) -> None:
    first = store.raise_(episode(), NOW)
    again = store.raise_(episode(hours=2), NOW)
    assert (again.id, again.onset_ms) == (first.id, first.onset_ms), "it takes the news in"
    second = msgspec.structs.replace(first, id="another", version=0)
    with pytest.raises(sqlite3.IntegrityError):
        store._write(second, NOW, "rules", "opened", "")
    assert store.alerts_since(0, 10) == [again], "the refused one left nothing behind"
    assert store.last_change() == again.change
    other = store.raise_(episode(rule="R03"), NOW)
    assert len(store.open_alerts()) == 2
    assert other.id != first.id


def test_a_red_that_nobody_saw_is_latched_and_not_overwritten(store: AlertStore) -> None:
    red = store.raise_(episode(), NOW)
    latched = store.clear("c1", "R01", NOW - HOUR, NOW)
    assert latched is not None
    assert (latched.id, latched.condition, latched.cleared_ms) == (red.id, "latched", NOW - HOUR)
    new = store.raise_(episode(severity="yellow", hours=0.5), NOW)
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
    alert = store.raise_(episode(severity=severity), NOW)
    if seen:
        store.acknowledge(alert.id, "Mette", "", alert.version, NOW)
    cleared = store.clear("c1", "R01", NOW, NOW)
    assert cleared is not None
    assert cleared.condition == "cleared"
    assert not store.open_alerts()
    assert store.clear("c1", "R01", NOW, NOW) is None


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
    alert = store.raise_(episode(severity=was), NOW)
    store.acknowledge(alert.id, "Mette", "Ringet", None, NOW)
    raised = store.raise_(episode(severity=becomes, hours=1), NOW + 1)
    assert (raised.attention, raised.severity, raised.acked_by) == (attention, becomes, "Mette")
    assert whats(store, alert.id) == ["opened", "acknowledged", "raised"]


def test_an_end_that_moves_does_not_undo_an_acknowledgement(store: AlertStore) -> None:
    alert = store.raise_(episode(), NOW)
    store.clear("c1", "R01", NOW - 2 * HOUR, NOW)
    acked = store.acknowledge(alert.id, "Mette", "", None, NOW)
    moved = store.revise(acked, episode(hours=8, ended=1), NOW)
    assert (moved.attention, moved.condition) == ("acked", "cleared")
    resumed = store.revise(moved, episode(hours=8), NOW)
    assert (resumed.attention, resumed.condition, resumed.cleared_ms) == ("unacked", "active", None)


def test_a_revision_that_ends_an_unseen_red_latches_it(store: AlertStore) -> None:
    alert = store.raise_(episode(), NOW)
    assert store.revise(alert, episode(ended=1), NOW).condition == "latched"
    late = store.raise_(episode(rule="R03", ended=1), NOW)
    assert late.condition == "latched", "over before anybody knew of it"
    assert store.raise_(episode(rule="R06", severity="yellow", ended=1), NOW).condition == "cleared"


def test_who_acknowledges_second_learns_how_the_alert_stands(store: AlertStore) -> None:
    alert = store.raise_(episode(severity="yellow"), NOW)
    acked = store.acknowledge(alert.id, "Mette", "Ringet", 1, NOW + 5)
    assert (acked.acked_by, acked.note, acked.acked_ms, acked.version) == (
        "Mette", "Ringet", NOW + 5, 2,
    )  # fmt: skip
    with pytest.raises(AlertChanged) as conflict:
        store.acknowledge(alert.id, "Bo", "", None, NOW)
    assert conflict.value.current == acked
    with pytest.raises(KeyError):
        store.acknowledge("nothing", "Bo", "", None, NOW)
    worse = store.raise_(episode(hours=1), NOW)
    with pytest.raises(AlertChanged):
        store.acknowledge(alert.id, "Bo", "", acked.version, NOW)
    assert store.acknowledge(alert.id, "Bo", "", worse.version, NOW).acked_by == "Bo"
    assert store.last_change() == 4, "a conflict leaves no event"


def test_of_two_nurses_one_wins(path: Path, store: AlertStore) -> None:
    alert = store.raise_(episode(), NOW)
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
    alert = store.raise_(episode(), NOW)
    retracted = store.retract(alert, "late-data", NOW)
    assert (retracted.condition, retracted.reason) == ("retracted", "late-data")
    assert not store.open_alerts()
    assert store.alerts_of("c1") == [retracted]
    assert store.clear("c1", "R01", NOW, NOW) is None
    assert store.raise_(episode(), NOW).id != alert.id
    seen = store.acknowledge(alert.id, "Mette", "", None, NOW)
    assert (seen.condition, seen.attention) == ("retracted", "acked")


def test_a_transaction_that_fails_leaves_nothing(store: AlertStore, path: Path) -> None:
    kept = store.raise_(episode(rule="R03"), NOW)
    other = AlertStore(path)

    def fail() -> None:
        with store.transaction():
            store.raise_(episode(), NOW)
            with store.transaction():
                store.retract(kept, "never", NOW)
            assert other.alerts_since(0, 10) == [kept], "nobody sees half of it"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.alerts_since(0, 10) == other.alerts_since(0, 10) == [kept]
    assert store.last_change() == 1
    assert store.raise_(episode(), NOW).change == 2
    other.close()


def test_the_feed_pages_in_order_of_change(store: AlertStore) -> None:
    rules = ["R01", "R03", "R06", "R11", "R14"]
    alerts = [store.raise_(episode(rule=rule), NOW) for rule in rules]
    store.acknowledge(alerts[1].id, "Mette", "", None, NOW)
    cursor, seen = 0, []
    while page := store.alerts_since(cursor, 2):
        seen += [alert.rule for alert in page]
        cursor = page[-1].change
    assert seen == ["R01", "R06", "R11", "R14", "R03"]
    assert cursor == store.last_change() == 6
    assert store.alerts_since(cursor, 2) == []


def test_versions_and_changes_only_rise(store: AlertStore) -> None:
    alert = store.raise_(episode(severity="yellow"), NOW)
    steps = [alert, store.raise_(episode(), NOW)]
    steps.append(store.acknowledge(alert.id, "Mette", "", None, NOW))
    cleared = store.clear("c1", "R01", NOW, NOW)
    assert cleared is not None
    steps += [cleared, store.retract(cleared, "late-data", NOW)]
    assert [step.version for step in steps] == [step.change for step in steps] == [1, 2, 3, 4, 5]
    history = store.history(alert.id)
    assert [event.change for event in history] == [1, 2, 3, 4, 5]
    assert [event.what for event in history] == [
        "opened", "raised", "acknowledged", "cleared", "retracted",
    ]  # fmt: skip


def test_alerts_survive_closing(store: AlertStore, path: Path) -> None:
    alert = store.raise_(episode(), NOW)
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
        store.raise_(episode(), NOW)
        with pytest.raises(StoreUnavailable):
            impatient.raise_(episode(rule="R03"), NOW)
        assert impatient.alerts_since(0, 10) == [], "reading waits for nobody"
    assert impatient.raise_(episode(rule="R03"), NOW).change == 2
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
