"""A second value that contradicts the first removes no alert: a person settles it."""

from pathlib import Path

import msgspec
import pytest

from alerting.alert import Alert
from alerting.rules import RULEBOOK
from fhir_mapping.record import Intent
from ingest.decode import Delivery
from ingest.pipeline import examine
from ingest.store import Arrival, Mapped
from tests.alerting.clinic import (
    OXIMETER,
    Clinic,
    answering,
    at,
    catch_up,
    citizen,
    finding,
    meanings,
    of_rule,
    only,
    reading,
)

SPEAKS = RULEBOOK
"""As it is shipped: two of three readings make a saturation an alert."""


@pytest.fixture
def clinic(folder: Path) -> Clinic:
    return Clinic(folder, [citizen("c1", signals=("spo2",))], now_day=3)


def saturation(day: int, value: str, hour: float = 8.0, number: int = 1) -> Delivery:
    """One value of an oximeter whose clock nobody vouches for."""
    moment = at(day, hour)
    return reading("c1", OXIMETER, moment, {"spo2": value}, sync="none", number=number)


def told(clinic: Clinic, *batches: tuple[Delivery, ...]) -> list[Alert]:
    """The alerts after these batches, each judged as it came; a replay gives the same."""
    live = clinic.evaluator(rulebook=SPEAKS)
    for batch in batches:
        clinic.receive(*batch)
        catch_up(live)
    live.close()
    fresh = clinic.evaluator("fresh", rulebook=SPEAKS)
    catch_up(fresh)
    fresh.close()
    assert meanings(clinic.alerts()) == meanings(clinic.alerts("fresh"))
    return clinic.alerts()


LOW = (saturation(0, "84"), saturation(1, "84", number=2))


@pytest.mark.parametrize("second", ["99", "93", "60"])
@pytest.mark.parametrize("at_once", [False, True])
def test_an_active_alert_stays_when_its_value_is_contradicted(
    clinic: Clinic, second: str, at_once: bool
) -> None:
    contradiction = saturation(1, second, number=3)
    batches = ((*LOW, contradiction),) if at_once else (LOW, (contradiction,))
    alerts = told(clinic, *batches)
    alert = only(alerts, "R01")
    assert (alert.severity, alert.condition) == ("red", "active")
    doubt = only(alerts, "T01")
    assert (doubt.severity, doubt.condition) == ("technical", "active")
    assert f"{second},0 %" in finding(alerts, "T01").text_da
    assert not [one for one in alerts if one.condition == "retracted"]


def test_the_dangerous_value_alarms_though_it_came_second(clinic: Clinic) -> None:
    """Whichever of the two came first, the citizen may be the one who is dying."""
    alerts = told(
        clinic,
        (saturation(0, "84"), saturation(1, "99", number=2)),
        (saturation(1, "84", number=3),),
    )
    assert (only(alerts, "R01").severity, only(alerts, "R01").condition) == ("red", "active")
    assert only(alerts, "T01").condition == "active"


def test_good_readings_do_not_settle_a_contradiction_and_a_person_does(clinic: Clinic) -> None:
    contradiction = saturation(1, "99", number=3)
    later = tuple(saturation(day, "95", number=day + 5) for day in (2, 3, 4))
    clinic.now_ms += 3 * 86_400_000
    alerts = told(clinic, LOW, (contradiction,), later)
    assert only(alerts, "T01").condition == "active"
    assert only(alerts, "R01").findings[0].onset_ms
    live = clinic.evaluator(rulebook=SPEAKS)
    catch_up(live)
    settle(clinic, LOW[1], "withdrawal", minutes=10)  # neither, since nobody can say which
    catch_up(live)
    assert {one.condition for one in of_rule(clinic.alerts(), "T01")} == {"retracted"}
    assert {one.reason for one in of_rule(clinic.alerts(), "R01")} == {"measurement-withdrawn"}
    settle(clinic, LOW[1], "correction", minutes=20)
    catch_up(live)
    live.close()
    assert only(clinic.alerts(), "R01").severity == "red"
    assert {one.condition for one in of_rule(clinic.alerts(), "T01")} == {"retracted"}


def test_contradicting_answers_are_a_doubt_and_a_symptom_counts(folder: Path) -> None:
    clinic = Clinic(folder, [citizen("c1", signals=("spo2",))], now_day=3)
    said = [answering("c1", at(1, 8), {"dyspnoea": text, "cough": "no"}) for text in ("no", "yes")]
    said = [
        msgspec.structs.replace(one, payload=one.payload.replace(b'"ntp"', b'"none"'))
        for one in said
    ]
    alerts = told(clinic, *((one,) for one in said))
    assert "Svar" in finding(alerts, "T01").text_da


def settle(clinic: Clinic, delivery: Delivery, intent: Intent, minutes: int) -> None:
    """A person says what the reading was, later than the gateway did."""
    (arrival,) = examine(delivery)
    item = arrival.item
    assert isinstance(item, Mapped)
    (record,) = item.records
    word = msgspec.structs.replace(record, sent_ms=record.sent_ms + minutes * 60_000)
    mapped = msgspec.structs.replace(item, records=[word], intent=intent)
    (outcome,) = clinic.writer.append([Arrival(arrival.delivery, mapped)])
    assert outcome.result == "accepted"
