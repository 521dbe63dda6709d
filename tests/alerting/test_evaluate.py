"""The evaluator over real stores: what becomes of alerts as records, enrolment and time come."""

from collections.abc import Iterator

import msgspec
import pytest

from alerting import evaluate
from alerting.evaluate import Evaluator
from alerting.reconcile import ENROLMENT, LATE, match
from fhir_mapping.enrolled import Assignment, Limits
from ingest.store import SqliteReader
from tests.alerting.clinic import (
    CUFF,
    OXIMETER,
    SCALE,
    Clinic,
    acknowledge,
    at,
    catch_up,
    citizen,
    events,
    finding,
    meanings,
    ms,
    of_rule,
    only,
    oximetry,
    reading,
    rules_in,
    weighing,
)


@pytest.fixture
def live(clinic: Clinic) -> Iterator[Evaluator]:
    evaluator = clinic.evaluator()
    clinic.now_ms = ms(at(10, 9))
    yield evaluator
    evaluator.close()


# --- late data -----------------------------------------------------------------------------------


def test_an_alert_appears_when_its_measurement_comes_late(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(*(oximetry("c1", day, 94) for day in range(8, 11)))
    catch_up(live)
    clinic.receive(oximetry("c1", 9, 86, hour=20), oximetry("c1", 9, 86, hour=20.1))
    live.poll()
    alert = only(clinic.alerts(), "R01")
    assert (alert.severity, alert.onset_ms) == ("red", ms(at(9, 20)))
    assert alert.condition == "active", "one clear reading since does not end it"


def test_an_onset_moves_and_the_acknowledgement_stays(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(*(oximetry("c1", day, 94) for day in range(9)), oximetry("c1", 10, 88))
    catch_up(live)
    first = only(clinic.alerts(), "R01")
    acknowledge(clinic, first)
    clinic.receive(oximetry("c1", 9, 89))
    live.poll()
    moved = only(clinic.alerts(), "R01")
    assert (moved.id, moved.onset_ms) == (first.id, ms(at(9, 8)))
    assert moved.text_en != first.text_en
    assert (moved.attention, moved.acked_by) == ("acked", "Mette Holm")
    assert events(clinic, moved) == [
        ("rules", "opened"), ("Mette Holm", "acknowledged"), ("rules", "revised"),
    ]  # fmt: skip


def test_an_acknowledged_alert_that_got_worse_asks_again(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(oximetry("c1", 9, 89), oximetry("c1", 10, 89))
    catch_up(live)
    acknowledge(clinic, only(clinic.alerts(), "R01"))
    clinic.receive(*(oximetry("c1", 9, 85, hour=h) for h in (20, 20.1)))
    live.poll()
    worse = only(clinic.alerts(), "R01")
    assert (worse.severity, worse.attention, worse.condition) == ("red", "unacked", "active")


def test_an_alert_ends_earlier_than_was_thought(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(oximetry("c1", 5, 88), *(oximetry("c1", day, 94) for day in (8, 9)))
    catch_up(live)
    assert only(clinic.alerts(), "R01").condition == "active"
    clinic.receive(oximetry("c1", 7, 94))
    live.poll()
    assert (alert := only(clinic.alerts(), "R01")).condition == "cleared"
    assert alert.cleared_ms == ms(at(9, 8))


def test_an_alert_that_never_was_is_retracted_with_its_reason(
    clinic: Clinic, live: Evaluator
) -> None:
    clinic.receive(oximetry("c1", 9, 94), oximetry("c1", 10, 85))
    catch_up(live)
    alert = only(clinic.alerts(), "R01")
    clinic.receive(oximetry("c1", 10, 95))  # the same moment, another value, a clock that is right
    live.poll()
    (retracted,) = of_rule(clinic.alerts(), "R01")
    assert (retracted.id, retracted.condition) == (alert.id, "retracted")
    assert retracted.reason == LATE
    assert events(clinic, retracted)[-1] == ("rules", "retracted")
    clinic.receive(oximetry("c1", 10, 85, hour=7))  # late, and overlapping with the first
    live.poll()
    assert only(clinic.alerts(), "R01").id != alert.id, "what was retracted is never revived"


def test_a_measurement_that_contradicts_another_silences_no_alert(
    clinic: Clinic, live: Evaluator
) -> None:
    low, usual = ({"spo2": spo2, "pulse_oximeter": "70"} for spo2 in ("85", "95"))
    clinic.receive(reading("c1", OXIMETER, at(10, 8), low, sync="none"))
    catch_up(live)
    assert only(clinic.alerts(), "R01").condition == "active"
    clinic.receive(reading("c1", OXIMETER, at(10, 8), usual, sync="none"))
    live.poll()
    assert only(clinic.alerts(), "R01").condition == "active"
    assert "T01" in rules_in(meanings(clinic.alerts()))


def test_limits_that_came_into_force_do_not_judge_what_was_measured_before(
    clinic: Clinic, live: Evaluator
) -> None:
    plan = msgspec.structs.replace(clinic.person("c1").plan, weekdays="0000000")
    unplanned = msgspec.structs.replace(clinic.person("c1"), plan=plan)
    clinic.enrol([unplanned], limits=[Limits("c1", "spo2", at(9, 0), "93", "95")])
    clinic.receive(weighing("c1", 9, "80.0"), oximetry("c1", 7, 94))
    catch_up(live)
    clinic.receive(oximetry("c1", 8, 94))
    live.poll()
    assert "R01" not in rules_in(meanings(clinic.alerts()))
    clinic.receive(oximetry("c1", 9, 94))
    live.poll()
    alert = finding(clinic.alerts(), "R01")
    assert alert.evidence.limits == {"spo2": [93.0, 95.0, None, None]}
    assert meanings(clinic.alerts()) == clinic.rebuilt()


def test_doubt_about_one_device_is_judged_in_order_of_measuring(
    clinic: Clinic, live: Evaluator
) -> None:
    """A good saturation from before a doubtful weight ends the earlier doubt in between."""
    clinic.receive(oximetry("c1", 8, 40), weighing("c1", 9, "25"))
    catch_up(live)
    clinic.receive(oximetry("c1", 8, 94, hour=20))
    live.poll()
    doubts = [row for row in meanings(clinic.alerts()) if row["hypothesis"] == "technical"]
    assert [row["cleared_ms"] for row in doubts] == [ms(at(8, 20)), None]
    assert doubts == [row for row in clinic.rebuilt() if row["hypothesis"] == "technical"]


def test_evidence_quotes_only_what_the_rules_may_use(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(oximetry("c1", 9, 94), oximetry("c1", 10, 86))
    catch_up(live)
    failed = dict.fromkeys(("spo2", "pulse_oximeter"))
    clinic.receive(reading("c1", OXIMETER, at(9, 20), failed, flags=["invalid"]))
    live.poll()
    quoted = finding(clinic.alerts(), "R01").evidence.values
    assert [(value.about, value.value) for value in quoted] == [("spo2", "94"), ("spo2", "86")]
    assert meanings(clinic.alerts()) == clinic.rebuilt()


def test_a_record_that_moves_ahead_does_not_seem_to_be_gone(
    clinic: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An amended record has a new arrival number; a replay before we get there knows it, too."""
    clinic.receive(oximetry("c1", 9, 85))
    catch_up(live)
    before = only(clinic.alerts(), "R01")
    monkeypatch.setattr(evaluate, "BATCH_RECORDS", 2)
    clinic.receive(oximetry("c1", 8, 94))  # late: a replay in the first batch
    clinic.receive(oximetry("c1", 9, 84))  # the amendment comes in the second
    live.poll()
    assert [row.id for row in of_rule(clinic.alerts(), "R01")] == [before.id]
    live.poll()
    live.poll()
    after = only(clinic.alerts(), "R01")
    assert after.id == before.id
    assert finding(clinic.alerts(), "R01").evidence.value == 84.0


# --- enrolment -----------------------------------------------------------------------------------


def test_a_corrected_assignment_moves_alerts(clinic: Clinic, live: Evaluator) -> None:
    clinic.enrol([citizen("c2")])
    clinic.receive(oximetry("c1", 8, 94), oximetry("c1", 9, 85), oximetry("c1", 9, 85, hour=8.1))
    catch_up(live)
    lost = only(clinic.alerts(), "R01")
    clinic.enrol(assignments=[Assignment(f"{OXIMETER}-c1", "c2", at(9, 0))])
    live.poll()
    alerts = {row.citizen: row for row in of_rule(clinic.alerts(), "R01")}
    assert (alerts["c1"].id, alerts["c1"].condition) == (lost.id, "retracted")
    assert (alerts["c2"].condition, alerts["c2"].severity) == ("active", "red")
    assert meanings(clinic.alerts()) == clinic.rebuilt()


def test_a_device_that_is_noted_later_brings_its_history(clinic: Clinic, live: Evaluator) -> None:
    catch_up(live)
    values = {"spo2": "85", "pulse_oximeter": "70"}
    assert clinic.receive(reading("c9", OXIMETER, at(9, 8), values)) == ["quarantined"]
    catch_up(live)
    assert live.evaluated_seq() == SqliteReader(clinic.records).last_seq(), "nothing is behind"
    clinic.enrol(assignments=[Assignment(f"{OXIMETER}-c9", "c1", at(0, 0))])
    live.poll()
    assert only(clinic.alerts(), "R01").onset_ms == ms(at(9, 8))


def test_a_citizen_who_is_enrolled_with_measurements_in_one_poll(
    clinic: Clinic, live: Evaluator
) -> None:
    live.poll()
    clinic.enrol([citizen("c2")])
    clinic.receive(oximetry("c2", 9, 85), oximetry("c2", 9, 85, hour=8.1))
    live.poll()
    assert only(clinic.alerts(), "R01", "c2").severity == "red"
    assert "c2" in live


def test_a_citizen_who_is_unknown_when_the_records_come(
    clinic: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enrolled after the poll looked at the enrolment and before it looked at the records."""
    live.poll()
    look = SqliteReader.departures_after

    def enrol_meanwhile(reader: SqliteReader, seq: int) -> list[tuple[int, str]]:
        clinic.enrol([citizen("c2")])
        clinic.receive(oximetry("c2", 9, 85), oximetry("c2", 9, 85, hour=8.1))
        monkeypatch.undo()
        return look(reader, seq)

    monkeypatch.setattr(SqliteReader, "departures_after", enrol_meanwhile)
    live.poll()
    assert not [row for row in clinic.alerts() if row.citizen == "c2"]
    live.poll()
    assert only(clinic.alerts(), "R01", "c2").severity == "red"


def test_limits_changed_today_judge_only_from_their_date(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(*(oximetry("c1", day, 91) for day in range(5, 11)))
    catch_up(live)
    assert "R01" not in rules_in(meanings(clinic.alerts()))
    clinic.enrol(limits=[Limits("c1", "spo2", at(8, 0), "88", "91")])
    live.poll()
    alert = finding(clinic.alerts(), "R01")
    assert (alert.onset_ms, alert.severity) == (ms(at(8, 8)), "yellow")
    assert alert.evidence.limits == {"spo2": [88.0, 91.0, None, None]}


def test_dry_weight_counts_as_soon_as_it_is_known(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(*(weighing("c1", day, "82.5") for day in range(5, 11)))
    catch_up(live)
    assert not of_rule(clinic.alerts(), "R14")
    clinic.enrol([msgspec.structs.replace(clinic.person("c1"), dry_weight_kg="80.0")])
    live.poll()
    assert only(clinic.alerts(), "R14").condition == "active"


def test_nothing_is_missing_while_paused(clinic: Clinic, live: Evaluator) -> None:
    catch_up(live)
    assert only(clinic.alerts(), "R24").condition == "active"
    clinic.enrol([msgspec.structs.replace(clinic.person("c1"), paused=True)])
    catch_up(live)
    (alert,) = clinic.alerts()
    assert (alert.condition, alert.reason) == ("retracted", ENROLMENT)


# --- pairs -------------------------------------------------------------------------------------


def test_episodes_that_join_keep_the_first_alert(clinic: Clinic, live: Evaluator) -> None:
    """Two alerts that late data join: the earlier goes on, active; the later is retracted."""
    ends = [oximetry("c1", day, 95) for day in (6, 7, 8)]
    clinic.receive(oximetry("c1", 5, 88), *ends, oximetry("c1", 9, 88))
    catch_up(live)
    first, second = of_rule(clinic.alerts(), "R01")
    assert second.previous == first.id
    assert (first.condition, second.condition) == ("cleared", "active")
    clinic.receive(oximetry("c1", 7, 88, hour=12.5))
    live.poll()
    by_id = {row.id: row for row in clinic.alerts()}
    assert by_id[first.id].condition == "active"
    assert by_id[second.id].condition == "retracted"
    assert meanings(clinic.alerts()) == clinic.rebuilt()


def test_an_episode_that_splits_keeps_its_alert_and_gets_another(
    clinic: Clinic, live: Evaluator
) -> None:
    clinic.receive(oximetry("c1", 5, 88), oximetry("c1", 9, 88))
    catch_up(live)
    first = only(clinic.alerts(), "R01")
    clinic.receive(*(oximetry("c1", day, 95) for day in (6, 7, 8)))
    live.poll()
    found = of_rule(clinic.alerts(), "R01")
    assert {row.id: row.condition for row in found}[first.id] == "cleared"
    assert sorted(row.condition for row in found) == ["active", "cleared"]
    assert meanings(clinic.alerts()) == clinic.rebuilt()


def test_hypotheses_are_never_paired_with_one_another(clinic: Clinic, live: Evaluator) -> None:
    clinic.receive(
        oximetry("c1", 10, 85, pulse=140),
        reading("c1", CUFF, at(10, 8), {"systolic": "128", "diastolic": "76"}),
        reading("c1", SCALE, at(10, 8), {"weight": "20"}),
    )
    catch_up(live)
    alerts = clinic.alerts()
    assert {alert.hypothesis for alert in alerts} >= {"copd", "general", "missing", "technical"}
    pairs = match(alerts, [])
    assert all(episode is None for _, episode in pairs)
    assert len(pairs) == len(alerts)


def test_an_earlier_episode_comes_late_beside_one_that_is_active(
    clinic: Clinic, live: Evaluator
) -> None:
    """It gets an alert of its own, and the active one goes on."""
    clinic.receive(*(oximetry("c1", day, 95) for day in (6, 7, 8, 9)), oximetry("c1", 10, 88))
    catch_up(live)
    active = only(clinic.alerts(), "R01")
    clinic.receive(*(oximetry("c1", 5, 85, hour=h) for h in (8, 8.1)))
    live.poll()
    found = {row.id: row for row in of_rule(clinic.alerts(), "R01")}
    still = found.pop(active.id)
    assert (still.condition, still.severity, still.onset_ms) == ("active", "yellow", ms(at(10, 8)))
    (earlier,) = found.values()
    assert (earlier.severity, earlier.condition) == ("red", "latched")
    assert meanings(clinic.alerts()) == clinic.rebuilt()
