"""The curves of the page are the stored measurements beside what the rules knew."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from alerting import curves
from alerting.curves import curves_of
from alerting.evaluate import Evaluator
from alerting.roster import Roster
from alerting.situation import Curve
from fhir_mapping.enrolled import Limits
from fhir_mapping.identity import id_text
from ingest.store import SqliteReader
from tests.alerting.clinic import (
    CUFF,
    OXIMETER,
    Clinic,
    at,
    catch_up,
    citizen,
    finding,
    ms,
    oximetry,
    reading,
    weighing,
)

SPO2 = [94, 93, 95, 94, 94, 93, 95, 94, 93, 94, 95, 94, 93, 94, 88, 93]


@pytest.fixture
def live(clinic: Clinic) -> Iterator[Evaluator]:
    clinic.receive(*(oximetry("c1", day, value) for day, value in enumerate(SPO2)))
    clinic.receive(oximetry("c1", 15, 44, hour=20))
    clinic.now_ms = ms(at(16, 0))
    evaluator = clinic.evaluator()
    catch_up(evaluator)
    yield evaluator
    evaluator.close()


def test_points_are_the_stored_measurements(clinic: Clinic, live: Evaluator) -> None:
    curves = {curve.signal: curve for curve in live.curves(["c1"], 10)["c1"]}
    assert set(curves) == {"spo2", "pulse"}
    reader = SqliteReader(clinic.records)
    stored = reader.records_of("c1", ["spo2"], since_ms=ms(at(16, 0)) - 10 * 86_400_000)
    reader.close()
    points = curves["spo2"].points
    assert [(point.measured_ms, point.value, point.observation) for point in points] == [
        (record.measured_ms, float(record.values[0] or ""), id_text(record.id)) for record in stored
    ]
    assert [point.doubtful for point in points] == [False] * 10 + [True]
    assert (curves["spo2"].unit, curves["spo2"].decimals) == ("%", 0)


def test_the_baseline_is_the_one_that_the_rules_used(clinic: Clinic, live: Evaluator) -> None:
    alert = finding(clinic.alerts(), "R03")
    assert alert.evidence.baseline is not None
    (spo2,) = (curve for curve in live.curves(["c1"], 10)["c1"] if curve.signal == "spo2")
    (usual,) = (row for row in spo2.usual if row.measured_ms == alert.raised_ms)
    assert (usual.mean, usual.sd) == (alert.evidence.baseline.mean, alert.evidence.baseline.sd)
    assert all(row.measured_ms >= ms(at(6, 0)) for row in spo2.usual)


def test_limits_are_those_in_force_now(clinic: Clinic, live: Evaluator) -> None:
    clinic.enrol(
        limits=[
            Limits("c1", "spo2", at(15, 22), "86", "88"),
            Limits("c1", "spo2", at(30, 0), "90", "92"),
        ]
    )
    live.poll()
    curves = {curve.signal: curve for curve in live.curves(["c1"], 10)["c1"]}
    assert curves["spo2"].limits == [86.0, 88.0, None, None]
    assert curves["pulse"].limits == [40.0, 49.0, 111.0, 131.0]


def test_what_the_rules_may_not_use_is_not_drawn(clinic: Clinic, live: Evaluator) -> None:
    value = {"spo2": "70", "pulse_oximeter": "70"}
    clinic.receive(reading("c1", OXIMETER, at(15, 9), value, flags=["test-data"]))
    live.poll()
    (spo2,) = (curve for curve in live.curves(["c1"], 1)["c1"] if curve.signal == "spo2")
    assert [point.value for point in spo2.points] == [93.0, 44.0]


def test_unknown_citizens_and_empty_wishes(clinic: Clinic, live: Evaluator) -> None:
    assert live.curves([], 10) == {}
    assert live.curves(["nobody"], 10) == {}
    assert list(live.curves(["nobody", "c1"], 10)) == ["c1"]
    clinic.enrol([citizen("c2")])
    live.poll()
    assert live.curves(["c2"], 10) == {"c2": []}


def test_curves_and_situations_from_other_threads_while_polling(
    clinic: Clinic, live: Evaluator
) -> None:
    clinic.enrol([citizen(f"c{place}") for place in range(2, 6)])
    failures: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                assert live.situations().keys() >= {"c1"}
                curves = {curve.signal: curve for curve in live.curves(["c1", "c2"], 30)["c1"]}
                assert len(curves["spo2"].points) == len(SPO2) + 1
            except Exception as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    pressure = {"systolic": "128", "diastolic": "76"}
    for day in range(3):
        for place in range(2, 6):
            clinic.receive(weighing(f"c{place}", day, "80.0"))
            clinic.receive(reading(f"c{place}", CUFF, at(day, 9), pressure))
        clinic.enrol([citizen(f"late-{day}")])
        live.poll()
        live.tick()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_curves_are_drawn_again_only_when_something_changed(
    clinic: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worklist asks every second; a new reading, and only that, is worth drawing for."""
    drawn: list[list[str]] = []

    def counting(roster: Roster, *rest: Any) -> dict[str, list[Curve]]:
        drawn.append(roster.ids)
        return curves_of(roster, *rest)

    monkeypatch.setattr(curves, "curves_of", counting)
    clinic.enrol([citizen("c2")])
    catch_up(live)
    first = live.curves(["c1", "c2"], 10)
    assert live.curves(["c2", "c1"], 10) == first
    assert drawn == [["c1", "c2"]]
    clinic.receive(oximetry("c1", 15, 92, hour=21))
    catch_up(live)
    (spo2, *_) = live.curves(["c1", "c2"], 10)["c1"]
    assert spo2.points[-1].value == 92
    assert drawn == [["c1", "c2"], ["c1"]]
    live.curves(["c1"], 20)
    clinic.now_ms += 86_400_000
    live.curves(["c1"], 10)
    assert drawn[2:] == [["c1"], ["c1"]]
