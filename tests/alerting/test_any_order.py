"""However readings arrive, and whenever anybody looks, the alerts are those of the records."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from alerting import evaluate
from alerting.alert_store import AlertStore
from devices.simulated import FaultRates, World
from ingest.decode import Delivery
from ingest.enrolment import enrol, read_enrolment
from tests.alerting.clinic import Clinic, at, catch_up, meanings, ms, rules_in
from tests.alerting.retold import retold
from tests.alerting.story import Story, people
from tests.live import live_limits
from tests.seeds import fresh

TOLD_AGAIN = (14, 15, 26, 53, 72)
"""Stories that once found something."""


@pytest.mark.parametrize("seed", [*TOLD_AGAIN, *fresh(12, "any order")])
def test_alerts_do_not_depend_on_how_readings_arrive(
    seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live alerts are always those that one look at all the records would give."""
    monkeypatch.setattr(evaluate, "BATCH_RECORDS", (1, 11, 5000)[seed % 3])
    monkeypatch.setattr(evaluate, "REPLAY_CITIZENS", 1)
    clinic = Clinic(folder, people())
    facts = 0 if seed in TOLD_AGAIN else seed % 4
    days, unrest = (4, 8, 18)[seed // 3 % 3], (0.05, 0.15, 0.3)[seed // 9 % 3]
    play(clinic, Story(seed, days, unrest, changes=(0, 2)[seed % 2], facts=facts))
    clinic.close()


@pytest.mark.parametrize("seed", fresh(3, "retold"))
def test_alerts_do_not_depend_on_when_a_measurement_is_taken_back_or_corrected(
    seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawals, amendments, flags of components and clock pairs, on time or overtaking."""
    monkeypatch.setattr(evaluate, "BATCH_RECORDS", (1, 11, 5000)[seed % 3])
    clinic = Clinic(folder, people())
    story = Story(seed, (5, 9)[seed // 3 % 2], 0.4, changes=seed % 2, facts=seed % 3)
    story.steps = retold(story.steps, seed)
    play(clinic, story)
    clinic.close()


def play(clinic: Clinic, story: Story) -> None:
    """Live through the story; compare where it says so, and long after its end."""
    live, watcher = clinic.evaluator(), Watcher(clinic.folder / "live.db")
    waiting: list[Delivery] = []
    for step in story.steps:
        clinic.now_ms = max(clinic.now_ms, ms(at(0, step.when * 24)))
        if isinstance(step.what, Delivery):
            waiting.append(step.what)
            continue
        clinic.receive(*waiting)
        waiting.clear()
        if step.what == "poll":
            live.poll()
        elif step.what == "tick":
            live.tick()
        elif step.what == "compare":
            catch_up(live)
            assert meanings(clinic.alerts()) == clinic.rebuilt()
        elif callable(step.what):
            step.what(clinic)
        watcher.look()
    live.close()
    watcher.close()


class Watcher:
    """A poller of the feed that forgets nothing and complains when history changes."""

    def __init__(self, path: Path) -> None:
        self._store = AlertStore(path)
        self._seen: dict[str, int] = {}
        self._cursor = 0

    def look(self) -> None:
        """Take the news; compare with all that was seen before."""
        store = self._store
        news = store.alerts_since(self._cursor, 100_000)
        changes = [alert.change for alert in news]
        assert changes == sorted(set(changes))
        assert all(change > self._cursor for change in changes)
        self._cursor = changes[-1] if changes else self._cursor
        assert self._cursor == store.last_change()
        everything = {alert.id: alert for alert in store.alerts_since(0, 100_000)}
        assert self._seen.keys() <= everything.keys(), "an alert vanished"
        events = []
        for alert in everything.values():
            history = store.history(alert.id)
            assert len(history) == alert.version >= self._seen.get(alert.id, 0)
            assert alert.change == history[-1].change
            assert (alert.condition == "retracted") == bool(alert.reason)
            assert (history[-1].what == "retracted") == (alert.condition == "retracted")
            self._seen[alert.id] = alert.version
            events += [event.change for event in history]
        assert sorted(events) == list(range(1, len(events) + 1)), "the feed has a gap"

    def close(self) -> None:
        """Release the store."""
        self._store.close()


@pytest.mark.parametrize("data_clock", [False, True])
def test_a_faulty_world_gives_the_alerts_of_its_records(folder: Path, data_clock: bool) -> None:
    """Late, out of order, resent, rebuilt, unassigned, wrong clocks: all of it, in odd batches."""
    faults = FaultRates(
        resend_same=0.05, resend_rebuilt=0.05, offline_burst=0.02, late=0.1, out_of_order=0.05,
        wrong_clock=0.1, clock_reset=0.1, garbage=0.02, unassigned=0.05, artefact=0.03,
    )  # fmt: skip
    world = World(
        5, 6, start=date(2026, 3, 9), days=26, deteriorating=0.5, silent=0.3, faults=faults
    )
    clinic = Clinic(folder)
    enrol(
        clinic.writer,
        read_enrolment(msgspec.json.encode(world.enrolment())),
        [],
        live_limits,
        0,
    )
    live, watcher = clinic.evaluator(data_clock=data_clock), Watcher(folder / "live.db")
    sent = list(world.deliveries())
    for first in range(0, len(sent), 53):
        some = sent[first : first + 53]
        clinic.now_ms = some[-1].send_ms + 1
        clinic.receive(*(Delivery(row.topic.text(), row.payload, row.send_ms) for row in some))
        live.poll()
        if first % 5 == 0:
            live.tick()
        watcher.look()
    clinic.now_ms = ms(datetime(2026, 5, 1, tzinfo=UTC))
    catch_up(live)
    live.close()
    told = meanings(clinic.alerts())
    assert rules_in(told) >= {"R01", "R24", "T01"}
    assert told == clinic.rebuilt(data_clock)
    watcher.close()
    clinic.close()
