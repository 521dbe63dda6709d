"""No reading of the future silences the absence of readings, by whatever way it came there."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fhir_mapping.record import records_of
from hjemmepuls.history import backtest
from ingest.decode import Decoded, Delivery, decode
from ingest.store import Arrival, Mapped
from ingest.validate import Validated, validate
from tests.alerting.clinic import (
    Clinic,
    at,
    catch_up,
    citizen,
    ms,
    of_rule,
    only,
    oximetry,
    weighing,
)

OF_2099 = 4_080_000_000_000


@pytest.fixture
def ward(folder: Path) -> Iterator[Clinic]:
    """One citizen who is to weigh himself daily, and did so for five days."""
    clinic = Clinic(folder, [citizen("w1", signals=("weight",))])
    clinic.receive(*(weighing("w1", day, "74.0") for day in range(5)))
    clinic.now_ms = ms(at(4, 9))
    yield clinic
    clinic.close()


def store_ahead(clinic: Clinic, measured_ms: int, text: str = "74.0") -> None:
    """What an older program took: a weight whose time lies ahead of its arrival."""
    delivery = weighing("w1", 4, text, hour=8.5)
    (decoded,) = decode(delivery)
    assert isinstance(decoded, Decoded)
    validated = validate(decoded, delivery.received_ms)
    assert isinstance(validated, Validated)
    reading = msgspec.structs.replace(
        validated.reading, measured_ms=measured_ms, device_time="2099-04-16T21:20:00"
    )
    mapped = Mapped("m", 1, records_of(reading), -1)
    arrival = Arrival(Delivery("document", b"<x/>", clinic.now_ms), mapped)
    (outcome,) = clinic.writer.append([arrival])
    assert outcome.result == "accepted"


def silent_since(clinic: Clinic, name: str = "live") -> list[int]:
    alerts = of_rule(clinic.alerts(name), "R24")
    return [one.onset_ms for one in alerts if one.condition == "active"]


def test_missing_is_missed_though_a_weight_of_2099_is_stored(ward: Clinic) -> None:
    live = ward.evaluator()
    catch_up(live)
    ward.now_ms = ms(at(9, 9))
    live.tick()
    expected = silent_since(ward)
    assert expected, "five days without a weight are missed"
    live.close()

    ward.now_ms = ms(at(4, 9))
    store_ahead(ward, OF_2099)
    late = ward.evaluator("ahead")
    catch_up(late)
    assert ward.alerts("ahead") == [], "nothing is missed yet"
    ward.now_ms = ms(at(9, 9))
    late.tick()
    assert silent_since(ward, "ahead") == expected
    late.close()


def test_a_replay_and_a_data_clock_miss_it_too(ward: Clinic) -> None:
    store_ahead(ward, OF_2099)
    ward.enrol([citizen("w2", signals=("weight",))])
    ward.receive(*(weighing("w2", day, "74.0") for day in range(10)))
    ward.now_ms = ms(at(9, 9))
    for data_clock in (False, True):
        told = ward.rebuilt(data_clock)
        rules = {
            finding["rule"] for row in told if row["citizen"] == "w1" for finding in row["findings"]
        }
        assert "R24" in rules
        assert all(row["onset_ms"] < ms(at(10, 0)) for row in told)


def test_it_is_judged_when_the_clock_reaches_it_also_after_a_snapshot(ward: Clinic) -> None:
    store_ahead(ward, ms(at(6, 8)))
    path = ward.folder / "snapshot"
    live = ward.evaluator(snapshot=path)
    catch_up(live)
    live.save()
    live.close()
    ward.now_ms = ms(at(6, 9))
    again = ward.evaluator(snapshot=path)
    catch_up(again)
    ward.now_ms = ms(at(7, 9))
    again.tick()
    straight = ward.rebuilt()
    ward.now_ms = ms(at(9, 9))
    again.tick()
    assert silent_since(ward) == [alert["onset_ms"] for alert in ward.rebuilt()]
    assert straight == [], "the weight of day 6 has met what was due"
    again.close()


def test_a_clock_that_is_set_back_leaves_nothing_ahead(ward: Clinic) -> None:
    """The server was a month ahead: its alert of then is taken back, and days count as they are."""
    live = ward.evaluator()
    ward.now_ms = ms(at(34, 9))
    ward.receive(weighing("w1", 33, "74.0"))
    catch_up(live)
    assert of_rule(ward.alerts(), "R24"), "it was missed until then"
    ward.now_ms = ms(at(5, 9))
    ward.arrived_ms = 0
    ward.receive(oximetry("w1", 5, 94))  # what arrives now says that the clock is right
    catch_up(live)
    assert silent_since(ward) == []
    ward.now_ms = ms(at(9, 9))
    live.tick()
    (onset_ms,) = silent_since(ward)
    assert onset_ms < ms(at(9, 9))
    live.close()


def test_a_clock_that_is_behind_keeps_no_danger_waiting(ward: Clinic) -> None:
    live = ward.evaluator()
    ward.now_ms = ms(at(-300, 9))
    catch_up(live)
    ward.receive(oximetry("w1", 5, 80), oximetry("w1", 5, 80, hour=8.1))
    catch_up(live)
    assert only(ward.alerts(), "R01", "w1").severity == "red"
    live.close()


def test_a_backtest_misses_it_too(ward: Clinic) -> None:
    ward.enrol([citizen("w2", signals=("weight",))])
    ward.receive(*(weighing("w1", day, "74.0") for day in range(5, 40)))
    ward.receive(*(weighing("w2", day, "74.0") for day in range(60)))

    def missed() -> float:
        rates = backtest(ward.records, {}, draws=10)["live"]["rules_per_patient_week"]["R24"]
        return float(sum(rates.values()))

    expected = missed()
    assert expected > 0
    store_ahead(ward, OF_2099)
    assert missed() == pytest.approx(expected)
