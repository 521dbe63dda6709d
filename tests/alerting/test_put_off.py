"""What is put off comes back by itself: its time is up, it gets worse, the process starts anew."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alerting.alert import Alert
from alerting.alert_store import AlertStore
from alerting.evaluate import Evaluator
from alerting.lifecycle import Act
from tests.alerting.clinic import Clinic, acknowledge, at, catch_up, events, ms, only, oximetry

DOCTOR = "Lars Bo"


@pytest.fixture
def live(clinic: Clinic) -> Iterator[Evaluator]:
    """A yellow alert of the morning of day 10, as an evaluator keeps it."""
    clinic.receive(*(oximetry("c1", day, 94) for day in range(10)), oximetry("c1", 10, 88))
    clinic.now_ms = ms(at(10, 9))
    evaluator = clinic.evaluator()
    catch_up(evaluator)
    yield evaluator
    evaluator.close()


def the_alert(clinic: Clinic) -> Alert:
    return only(clinic.alerts(), "R01")


def put_off(clinic: Clinic, hour: float) -> Alert:
    """A physician puts the alert off until an hour of day 11."""
    alert = the_alert(clinic)
    acknowledge(clinic, alert)
    act = Act(
        "snooze", clinic.now_ms, DOCTOR, "physician", until_ms=ms(at(11, hour)), reason="venter"
    )
    with closing(AlertStore(clinic.folder / "live.db")) as store:
        return store.apply(alert.id, act, alert.version + 1)


def test_the_evaluator_s_look_at_the_clock_takes_it_back(clinic: Clinic, live: Evaluator) -> None:
    alert = put_off(clinic, 7)
    clinic.now_ms = ms(at(11, 7)) - 1
    live.tick()
    assert the_alert(clinic) == alert
    clinic.now_ms += 1
    live.tick()
    back = the_alert(clinic)
    assert (back.state, back.attention, back.until_ms, back.since_ms) == (
        "new", "unacked", None, clinic.now_ms,
    )  # fmt: skip
    live.tick()
    assert events(clinic, alert)[1:] == [
        ("Mette Holm", "acknowledged"), (DOCTOR, "snoozed"), ("rules", "returned"),
    ]  # fmt: skip
    clinic.now_ms = ms(at(20, 7))
    live.tick()
    assert the_alert(clinic).shown == "red", "again nobody has looked, for three working days"


def test_what_gets_worse_does_not_wait(clinic: Clinic, live: Evaluator) -> None:
    alert = put_off(clinic, 7)
    clinic.now_ms = ms(at(10, 21))
    clinic.receive(*(oximetry("c1", 10, 85, hour=hour) for hour in (20, 20.1)))
    catch_up(live)
    worse = the_alert(clinic)
    assert (worse.id, worse.severity, worse.state, worse.until_ms) == (alert.id, "red", "new", None)
    clinic.now_ms = ms(at(11, 8))
    live.tick()
    assert ("rules", "returned") not in events(clinic, worse)


def test_who_acts_between_reading_and_writing_was_first(
    clinic: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = [put_off(clinic, 7)]
    clinic.now_ms = ms(at(11, 8))
    live.tick()
    acknowledge(clinic, the_alert(clinic))
    acknowledged = the_alert(clinic)
    monkeypatch.setattr(AlertStore, "open_alerts", lambda _: stale)
    live.tick()
    assert the_alert(clinic) == acknowledged


@pytest.mark.parametrize("kept", [True, False], ids=["snapshot", "records"])
@pytest.mark.parametrize("down", [False, True], ids=["before", "after"])
def test_a_restart_keeps_what_is_put_off_and_when_it_comes_back(
    clinic: Clinic, live: Evaluator, folder: Path, kept: bool, down: bool
) -> None:
    """Also when its time came while nothing ran; nothing is said twice."""
    live.close()
    snapshot = folder / "snapshot.npz" if kept else None
    first = clinic.evaluator(snapshot=snapshot)
    catch_up(first)
    first.save()
    alert = put_off(clinic, 7)
    if down:
        clinic.now_ms = ms(at(11, 8))
    again = clinic.evaluator(snapshot=snapshot)  # the first one was killed: it closed nothing
    catch_up(again)
    if not down:
        assert the_alert(clinic) == alert
        clinic.now_ms = ms(at(11, 8))
        again.tick()
    assert the_alert(clinic).state == "new"
    assert [what for _, what in events(clinic, alert)].count("returned") == 1
    again.close()
    first.close()
