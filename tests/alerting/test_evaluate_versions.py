"""What becomes of alerts when a measurement is taken back, or told twice."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from alerting.alert_store import AlertStore
from alerting.evaluate import Evaluator
from alerting.reconcile import WITHDRAWN
from alerting.rules import RULEBOOK
from fhir_mapping.record import identity_by_content
from ingest.decode import Delivery
from ingest.pipeline import examine
from ingest.store import Arrival, Mapped
from tests.alerting.clinic import (
    OXIMETER,
    Clinic,
    at,
    catch_up,
    meanings,
    ms,
    of_rule,
    only,
    oximetry,
    reading,
    rules_in,
)


@pytest.fixture
def live(clinic: Clinic) -> Iterator[Evaluator]:
    evaluator = clinic.evaluator()
    clinic.now_ms = ms(at(10, 9))
    yield evaluator
    evaluator.close()


def taken_back(clinic: Clinic, day: int, hour: float = 8.0) -> Delivery:
    """The oximeter's own word that the measurement was none, sent an hour later."""
    values = dict.fromkeys(("spo2", "pulse_oximeter"))
    given = reading("c1", OXIMETER, at(day, hour), values, flags=["invalid"])
    said = msgspec.json.decode(given.payload) | {"sent": at(day, hour + 1).isoformat()}
    return msgspec.structs.replace(given, payload=msgspec.json.encode(said))


def test_an_alert_on_a_measurement_that_is_taken_back_is_retracted_with_its_own_reason(
    clinic: Clinic, live: Evaluator
) -> None:
    clinic.receive(oximetry("c1", 9, 94), oximetry("c1", 10, 85))
    catch_up(live)
    alert = only(clinic.alerts(), "R01")
    assert clinic.receive(taken_back(clinic, 10)) == ["accepted"]
    live.poll()
    (retracted,) = of_rule(clinic.alerts(), "R01")
    assert (retracted.id, retracted.condition) == (alert.id, "retracted")
    assert retracted.reason == WITHDRAWN
    assert clinic.receive(oximetry("c1", 10, 85)) == ["duplicate"]  # an old gateway sends it again
    live.poll()
    assert "R01" not in rules_in(meanings(clinic.alerts()))
    assert meanings(clinic.alerts()) == clinic.rebuilt()


def test_a_measurement_that_was_taken_back_before_it_came_raises_nothing(
    clinic: Clinic, live: Evaluator
) -> None:
    clinic.receive(oximetry("c1", 9, 94), taken_back(clinic, 10))
    catch_up(live)
    clinic.receive(oximetry("c1", 10, 85))
    live.poll()
    assert of_rule(clinic.alerts(), "R01") == []


def test_an_alert_that_rests_on_more_loses_only_what_was_taken_back(
    clinic: Clinic, live: Evaluator
) -> None:
    hours = (8.25, 8.5)
    clinic.receive(oximetry("c1", 9, 89), *(oximetry("c1", 10, 85, hour=hour) for hour in hours))
    catch_up(live)
    assert only(clinic.alerts(), "R01").severity == "red"
    clinic.receive(taken_back(clinic, 10, hour=8.5))
    live.poll()
    alert = only(clinic.alerts(), "R01")
    assert (alert.severity, alert.condition) == ("yellow", "active")
    store = AlertStore(clinic.folder / "live.db")
    assert WITHDRAWN in store.history(alert.id)[-1].detail
    store.close()


def respelled(given: Delivery, **changes: Any) -> Arrival:
    """The same reading as another door spells it: other facts, the identity that follows."""
    (arrival,) = examine(given)
    assert isinstance(arrival.item, Mapped)
    records = []
    for record in arrival.item.records:
        other = msgspec.structs.replace(record, **changes)
        other = msgspec.structs.replace(other, identity=identity_by_content(other))
        records.append(other)
    return Arrival(given, msgspec.structs.replace(arrival.item, records=records))


@pytest.mark.parametrize(
    "changes",
    [{"device_time": "2026-03-19T07:00:00", "offset_min": 0}, {"circumstances": '{"by":"note"}'}],
)
@pytest.mark.parametrize("apart", [False, True])
def test_one_measurement_by_two_doors_confirms_nothing(
    clinic: Clinic, changes: dict[str, Any], apart: bool
) -> None:
    """SpO2 81 needs two of three to be red; one act that is told twice is one of them.

    In UTC it is one record; with other circumstances the store keeps two, and the rules one.
    """
    evaluator = clinic.evaluator(rulebook=RULEBOOK)
    clinic.now_ms = ms(at(10, 9))
    low = oximetry("c1", 10, 81)
    clinic.receive(*(oximetry("c1", day, 94) for day in range(10)), low)
    if apart:
        catch_up(evaluator)
    clinic.writer.append([respelled(low, **changes)])
    catch_up(evaluator)
    evaluator.close()
    assert "red" not in {alert.severity for alert in clinic.alerts()}
    clinic.receive(oximetry("c1", 10, 81, hour=8.1))  # and a second one does confirm it
    again = clinic.evaluator(rulebook=RULEBOOK)
    catch_up(again)
    again.close()
    assert "red" in {alert.severity for alert in clinic.alerts()}
