"""The evaluator and time: silence that is told at its own instants, and the data as the clock."""

from contextlib import closing

import msgspec
import pytest

from alerting import evaluate
from alerting.alert_store import AlertStore
from alerting.lifecycle import Act
from ingest.store import SqliteReader
from tests.alerting.clinic import (
    Clinic,
    at,
    catch_up,
    citizen,
    events,
    meanings,
    ms,
    of_rule,
    only,
    oximetry,
    weighing,
)


@pytest.mark.parametrize("every_h", [1, 5, 24, 240])
def test_silence_is_told_in_stages_at_their_own_instants(clinic: Clinic, every_h: int) -> None:
    """Blue when a day is missed, yellow ("telephone") after three: 12:00 on the next day."""
    live = clinic.evaluator()
    live.poll()
    for hour in range(0, 241, every_h):
        clinic.now_ms = ms(at(0, hour))
        live.tick()
    live.close()
    alert = only(clinic.alerts(), "R24")
    assert (alert.onset_ms, alert.raised_ms) == (ms(at(1, 12)), ms(at(3, 12)))
    assert (alert.severity, alert.findings[0].evidence.value) == ("yellow", 3.0)
    assert alert.text_en.endswith("Telephone the citizen.")
    deeds = [what for _, what in events(clinic, alert) if what != "escalated"]
    assert deeds == ["opened", "raised"]


def test_a_stage_of_silence_that_late_data_take_back(clinic: Clinic) -> None:
    """The third stage rises within its colour; a measurement from before it must undo it."""
    live = clinic.evaluator()
    for now_day in range(5):
        clinic.now_ms = ms(at(now_day, 13))
        catch_up(live)
    assert only(clinic.alerts(), "R24").findings[0].evidence.value == 3.0
    clinic.receive(oximetry("c1", 3, 94, hour=7))
    live.poll()
    assert meanings(clinic.alerts()) == clinic.rebuilt()
    assert only(clinic.alerts(), "R24").cleared_ms == ms(at(3, 7))
    live.close()


def test_one_device_is_heard_and_the_other_stays_silent(clinic: Clinic) -> None:
    """What a late measurement of one signal means for silence depends on the others, too."""
    clinic.enrol([msgspec.structs.replace(clinic.person("c1"), id="c2")])
    plan = msgspec.structs.replace(clinic.person("c1").plan, signals=["spo2", "weight"])
    clinic.enrol([msgspec.structs.replace(clinic.person("c1"), plan=plan)])
    live = clinic.evaluator()
    for now_day in range(10):
        clinic.now_ms = ms(at(now_day, 13))
        catch_up(live)
    clinic.receive(oximetry("c1", 9, 94))
    catch_up(live)
    clinic.receive(weighing("c1", 8, "80.0"))
    catch_up(live)
    assert meanings(clinic.alerts()) == clinic.rebuilt()
    live.close()


def test_the_newest_measurement_is_the_clock_of_a_replay(clinic: Clinic) -> None:
    clinic.enrol([citizen("c2")])
    live = clinic.evaluator(data_clock=True)
    catch_up(live)
    assert live.now_ms() == 0
    assert not clinic.alerts(), "without data there is no time"
    clinic.receive(oximetry("c1", 0, 94), oximetry("c1", 6, 94))
    catch_up(live)
    assert live.now_ms() == ms(at(6, 8))
    silent = only(clinic.alerts(), "R24", "c2")
    assert (silent.onset_ms, silent.condition) == (ms(at(1, 12)), "active")
    assert only(clinic.alerts(), "R24", "c1").condition == "cleared"
    live.close()


def test_silence_of_one_is_told_although_another_is_replayed(clinic: Clinic) -> None:
    """Between two looks at the clock the other's history is judged again, up to now."""
    clinic.enrol([citizen("c2")])
    live = clinic.evaluator()
    clinic.receive(*(oximetry(who, day, 94) for who in ("c1", "c2") for day in range(3)))
    clinic.now_ms = ms(at(3, 9))
    catch_up(live)
    assert not clinic.alerts()
    clinic.now_ms = ms(at(4, 13))
    clinic.receive(oximetry("c1", 1, 93, hour=20), oximetry("c1", 4, 94))
    live.poll()
    live.tick()
    assert only(clinic.alerts(), "R24", "c2").onset_ms == ms(at(4, 12))
    assert meanings(clinic.alerts()) == clinic.rebuilt()
    live.close()


def test_a_backlog_is_taken_batch_by_batch(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "BATCH_RECORDS", 1)
    clinic.enrol([citizen("c2")])
    live = clinic.evaluator()
    live.poll()
    clinic.now_ms = ms(at(3, 9))
    clinic.receive(oximetry("c1", 2, 85), oximetry("c2", 2, 85), oximetry("c2", 3, 94))
    assert [live.poll() for _ in range(7)] == [1] * 6 + [0]
    reader = SqliteReader(clinic.records)
    assert live.evaluated_seq() == reader.last_seq() == 6
    reader.close()
    assert {row.citizen for row in of_rule(clinic.alerts(), "R01")} == {"c1", "c2"}
    live.close()


def test_in_a_replay_detection_is_the_data_s_time_and_a_person_s_act_the_wall_s(
    clinic: Clinic,
) -> None:
    """The wall clock is years ahead; who polls how often changes nothing."""
    clinic.now_ms = ms(at(900, 15))
    live = clinic.evaluator(data_clock=True)
    clinic.receive(*(oximetry("c1", day, 94) for day in range(8)))
    catch_up(live)
    clinic.receive(*(oximetry("c1", day, 85) for day in range(8, 20)))
    catch_up(live)
    alert = only(clinic.alerts(), "R01")
    assert alert.detected_ms == ms(at(8, 8))
    act = Act("acknowledge", live.now_ms(), "Mette", "nurse", wall_ms=clinic.now_ms)
    with closing(AlertStore(clinic.folder / "live.db")) as store:
        store.apply(alert.id, act, None)
        seen = store.alert(alert.id)
        told = store.history(alert.id)[-1]
    assert seen is not None
    assert (seen.acked_ms, told.what, told.at_ms) == (clinic.now_ms, "acknowledged", clinic.now_ms)
    live.close()


def test_on_the_wall_clock_detection_is_when_it_was_seen(clinic: Clinic) -> None:
    clinic.now_ms = ms(at(10, 15))
    live = clinic.evaluator()
    clinic.receive(*(oximetry("c1", day, 94) for day in range(8)), oximetry("c1", 10, 85))
    clinic.receive(oximetry("c1", 10, 85, hour=9))
    catch_up(live)
    assert only(clinic.alerts(), "R01").detected_ms == clinic.now_ms
    live.close()
