"""The replay: causal, block by block the same, asking for no more than it may."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from alerting.backtest.alerts import ALERT
from alerting.backtest.recording import DECIMALS, Recording
from alerting.backtest.replay import Replayed, replay
from alerting.rules import CLINICAL, DAILY_DAYS, RULEBOOK, SIGNALS, Colour
from devices.simulated.cohort import Block, Cohort
from hjemmepuls.worlds import recording_of

PATIENTS, DAYS = 48, 120


def block_of(
    first: int = 0, stop: int = PATIENTS, days: int = DAYS, schedule: str = "daily"
) -> Block:
    mix = {"copd": 0.4, "heart-failure": 0.4, "both": 0.2}
    whole = Cohort(101, PATIENTS, days, date(2025, 1, 1), schedule=schedule, mix=mix)
    return whole.block(first, stop)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recording_of(block_of(), rulebook=RULEBOOK)


@pytest.fixture(scope="module")
def replayed(recording: Recording) -> Replayed:
    return replay(recording, rulebook=RULEBOOK)


def cut(recording: Recording, days: int) -> Recording:
    """The first days alone; the clinic is the same."""
    arrays = ("values", "doubtful", "answers", "t", "scheduled", "willing")
    return replace(recording, **{name: getattr(recording, name)[..., :days] for name in arrays})


def test_there_is_something_to_look_at(replayed: Replayed) -> None:
    clinical = replayed.alerts["hypothesis"] < CLINICAL
    assert clinical.sum() > 20
    assert (replayed.alerts["colour"] == Colour.BLUE).any()
    assert replayed.watched.alert_days is not None
    assert replayed.watched.alert_days.sum() > 0


def test_alerts_stand_by_patient_and_time(replayed: Replayed) -> None:
    assert replayed.alerts.dtype == ALERT
    order = np.lexsort((replayed.alerts["t"], replayed.alerts["patient"]))
    assert (order == np.arange(len(order))).all()


@pytest.mark.parametrize("days", [15, 60])
def test_the_past_does_not_know_the_future(
    recording: Recording, replayed: Replayed, days: int
) -> None:
    for adaptive in (False, True):
        whole = replay(recording, adaptive=adaptive, rulebook=RULEBOOK) if adaptive else replayed
        begun = replay(cut(recording, days), adaptive=adaptive, rulebook=RULEBOOK)
        until = whole.alerts["t"] <= recording.start + days
        assert begun.alerts.tobytes() == whole.alerts[until].tobytes()


def test_patients_do_not_meet(replayed: Replayed) -> None:
    alone = replay(recording_of(block_of(16, 32), rulebook=RULEBOOK), rulebook=RULEBOOK)
    there = (replayed.alerts["patient"] >= 16) & (replayed.alerts["patient"] < 32)
    wanted = replayed.alerts[there].copy()
    wanted["patient"] -= 16
    assert alone.alerts.tobytes() == wanted.tobytes()


def test_a_recording_can_be_replayed_again(recording: Recording, replayed: Replayed) -> None:
    again = replay(recording, rulebook=RULEBOOK)
    assert again.alerts.tobytes() == replayed.alerts.tobytes()


def test_measured_is_what_was_planned_and_done(recording: Recording, replayed: Replayed) -> None:
    measured = replayed.watched.measured_days
    assert measured is not None
    assert (measured == (recording.scheduled & recording.willing)).all()
    assert (replayed.asked_days == 0).all()


def test_adaptive_sampling_asks_for_four_days_and_no_more() -> None:
    recording = recording_of(block_of(schedule="weekly"), rulebook=RULEBOOK)
    plain, asked = (
        replay(recording, rulebook=RULEBOOK),
        replay(recording, adaptive=True, rulebook=RULEBOOK),
    )
    measured = asked.watched.measured_days
    assert measured is not None
    more = measured & ~recording.scheduled
    assert more.sum() == asked.asked_days.sum() > 0
    assert (measured <= recording.willing).all()
    for patient, day in np.argwhere(more):
        before = measured[patient, max(0, day - DAILY_DAYS) : day]
        assert before.any(), "asked without a measurement that was the reason"
    assert plain.watched.measured_days is not None
    assert (plain.watched.measured_days <= measured).all()


def test_who_is_not_measured_has_no_clinical_alert(recording: Recording) -> None:
    silent = replace(recording, willing=np.zeros_like(recording.willing))
    alerts = replay(silent, rulebook=RULEBOOK).alerts
    assert len(alerts) > 0
    assert (alerts["hypothesis"] >= CLINICAL).all()


def test_an_alert_names_a_rule_that_can_say_so(replayed: Replayed) -> None:
    for row in replayed.alerts:
        rule = RULEBOOK.rules[row["rule"]]
        assert (rule.home == "missing") == (row["hypothesis"] == 3)
        assert (rule.home == "technical") == (row["hypothesis"] == 4)


def test_a_changed_rulebook_changes_the_alerts(recording: Recording, replayed: Replayed) -> None:
    off = {rule.id: {"enabled": 0.0} for rule in RULEBOOK.rules}
    assert len(replay(recording, RULEBOOK.changed(off)).alerts) == 0
    assert len(replayed.alerts) > 0


def test_float32_values_come_back_as_shown() -> None:
    assert dict(zip((row.alias for row in SIGNALS), DECIMALS, strict=True))["weight"] == 1
    recording = recording_of(block_of(stop=4), rulebook=RULEBOOK)
    shown, doubtful, answers = recording.by_day()
    weight = shown[:, :, 2]
    assert (np.round(weight, 1) == weight)[np.isfinite(weight)].all()
    assert np.allclose(weight, recording.values[:, 2].T, atol=1e-4, equal_nan=True)
    assert doubtful.shape == shown.shape
    assert answers.shape[:2] == shown.shape[:2]
