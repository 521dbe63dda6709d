"""A store that fails at any call costs nothing but time: no alert is lost, doubled or different."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from alerting.alert_store import AlertStore
from alerting.evaluate import Evaluator
from ingest.store import SqliteReader, StoreUnavailable
from tests.alerting.clinic import Clinic, at, catch_up, citizen, meanings, ms, oximetry, weighing

READS = ["citizens", "limits", "enrolment_version", "departures_after", "records_after"]
READS += ["records_of", "last_seq", "__init__"]
WRITES = ["open", "revise", "retract", "alerts_of", "_write", "__init__"]


class Failing:
    """Makes one method fail at its nth call, and the attempt after that, then never again."""

    def __init__(self, patch: pytest.MonkeyPatch, kind: type, name: str, nth: int) -> None:
        real = getattr(kind, name)
        self.calls = 0

        def fail(*args: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls in (nth, nth + 1):
                raise StoreUnavailable("a test took it away")
            return real(*args, **more)

        patch.setattr(kind, name, fail)


def story(clinic: Clinic) -> Iterator[None]:
    """Episodes that rise, end, move and are retracted; yields where the evaluator may look."""
    for day in range(6):
        clinic.now_ms = ms(at(day, 13))
        clinic.receive(*(oximetry(who, day, 94) for who in ("c1", "c2")))
    yield
    clinic.receive(oximetry("c1", 6, 89), oximetry("c2", 6, 85), weighing("c2", 6, "22"))
    yield
    clinic.receive(oximetry("c1", 7, 86), *(oximetry("c2", 7, 95, hour=h) for h in (1, 2, 3)))
    yield
    clinic.receive(oximetry("c2", 6, 95), oximetry("c1", 5, 88, hour=20))
    yield
    clinic.now_ms = ms(at(12, 13))
    yield


def tell(clinic: Clinic, live: Evaluator) -> None:
    """Play the story to a serving evaluator, two rounds at each place and five at the end."""
    places = story(clinic)
    rounds = 0

    def over() -> bool:
        nonlocal rounds
        rounds += 1
        if rounds % 2 == 1:
            next(places, None)
        return rounds > 12

    live.serve(over, poll_s=0.0, tick_s=0.0)


@pytest.mark.parametrize("nth", [1, 3, 8])
@pytest.mark.parametrize(
    ("kind", "name"),
    [(SqliteReader, name) for name in READS] + [(AlertStore, name) for name in WRITES],
)
def test_nothing_is_lost_or_doubled(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, kind: type, name: str, nth: int
) -> None:
    clinic.enrol([citizen("c2")])
    live = clinic.evaluator()
    with monkeypatch.context() as patch:
        failing = Failing(patch, kind, name, nth)
        tell(clinic, live)
    assert failing.calls >= 1
    alerts = clinic.alerts()
    assert meanings(alerts) == clinic.rebuilt()
    standing = [alert for alert in alerts if alert.condition != "retracted"]
    counts = Counter((row.citizen, row.hypothesis, row.onset_ms) for row in standing)
    assert max(counts.values()) == 1
    # The clinician's history is that of an undisturbed run: no alert was retracted to come again.
    retracted = [alert for alert in alerts if alert.condition == "retracted"]
    assert {(row.citizen, row.hypothesis) for row in retracted} <= {("c2", "copd")}


def test_what_was_known_stays_readable_while_a_store_is_away(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = clinic.evaluator()
    clinic.now_ms = ms(at(9, 9))
    clinic.receive(oximetry("c1", 9, 85), oximetry("c1", 9, 85, hour=8.1))
    catch_up(live)
    before = live.situations()
    assert before["c1"].colour == "red"
    monkeypatch.setattr(SqliteReader, "departures_after", lambda *_: away())
    rounds = iter([False, False, True])
    live.serve(lambda: next(rounds), poll_s=0.0, tick_s=0.0)
    assert live.situations() == before
    assert "c1" in live


def away() -> None:
    raise StoreUnavailable("a test took it away")


def test_a_fault_of_ours_is_not_hidden(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    live = clinic.evaluator()

    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(live, "_follow_enrolment", broken)  # about nobody in particular
    with pytest.raises(ValueError, match="a bug"):
        live.serve(lambda: False, poll_s=0.0, tick_s=0.0)
    live.close()


def test_stores_are_released_when_serving_ends(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[type] = []
    for kind in (AlertStore, SqliteReader):
        monkeypatch.setattr(kind, "close", lambda store: closed.append(type(store)))
    rounds = iter([False, True])
    clinic.evaluator().serve(lambda: next(rounds), poll_s=0.0, tick_s=0.0)
    assert set(closed) == {AlertStore, SqliteReader}
