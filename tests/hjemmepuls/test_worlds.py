"""The bridge from simulated patients to the rules: what a clinic knows, and from when."""

from datetime import date

import numpy as np
import pytest

from alerting.rules import RULEBOOK, SIGNALS, State, default_limits, signal_index
from devices.simulated.cohort import Block, Cohort
from hjemmepuls.clinic import DAILY_AT_FIRST, EVERY_DAY, REVIEW_DAYS, ROOM, Clinic
from hjemmepuls.worlds import labels_of, profile_of, recording_of

SPO2 = signal_index("spo2")


@pytest.fixture(scope="module")
def block() -> Block:
    return Cohort(101, 400, 200, date(2025, 1, 1), schedule="twice_weekly").block(0, 400)


def test_limits_are_the_standard_set_of_each_patient(block: Block) -> None:
    profile, who = profile_of(block, rulebook=RULEBOOK), block.people
    for row in range(0, 400, 7):
        both = bool(who.copd[row] and who.heart_failure[row])
        condition = "both" if both else "copd" if who.copd[row] else "heart-failure"
        wanted = default_limits(
            condition,
            scale2=bool(who.scale2[row]),
            beta_blocker=bool(who.beta_blocker[row]),
            pacemaker=bool(who.pacemaker[row]),
            atrial_fibrillation=bool(who.atrial_fibrillation[row]),
            rulebook=RULEBOOK,
        )
        for column, signal in enumerate(SIGNALS):
            found = [
                getattr(profile, side)[row, column]
                for side in ("low_red", "low_yellow", "high_yellow", "high_red")
            ]
            np.testing.assert_array_equal(found, wanted.get(signal.alias, [np.nan] * 4))


def test_a_changed_rulebook_changes_the_standard_set(block: Block) -> None:
    book = RULEBOOK.changed({"R01": {"yellow": 91.0}})
    plain, changed = profile_of(block, rulebook=RULEBOOK), profile_of(block, book)
    scale1 = ~block.people.scale2
    assert (changed.low_yellow[scale1, SPO2] == 91).all()
    assert (plain.low_yellow[scale1, SPO2] != 91).all()


def run_clinic(block: Block, clinic: Clinic, days: int) -> tuple[State, object]:
    state, profile = State(block.patients), profile_of(block, rulebook=RULEBOOK)
    state.weight[:, :] = 6.0
    state.mean[:, :] = block.people.level
    for day in range(days):
        clinic(day, state, profile)
    return state, profile


def test_the_plan_is_daily_at_first(block: Block) -> None:
    clinic, profile, state = Clinic(block), profile_of(block, rulebook=RULEBOOK), State(400)
    clinic(0, state, profile)
    assert (profile.plan_weekdays == EVERY_DAY).all()
    clinic(DAILY_AT_FIRST - 1, state, profile)
    assert (profile.plan_weekdays == EVERY_DAY).all()
    clinic(DAILY_AT_FIRST, state, profile)
    assert (profile.plan_weekdays == block.plan_weekdays).all()


def test_pauses_and_courses_hold_while_they_last_and_not_before(block: Block) -> None:
    clinic, profile, state = (
        Clinic(block, personal_limits=False),
        profile_of(block, rulebook=RULEBOOK),
        State(400),
    )
    pause = block.pauses[block.pauses["start"] > block.start + 20][0]
    row = pause["patient"]
    course = block.treatments[
        (block.treatments["kind"] == "prednisolone")
        & (block.treatments["start"] > block.start + 20)
    ][0]
    seen = {"paused": [], "treated": []}  # type: dict[str, list[float]]
    for day in range(block.days):
        clinic(day, state, profile)
        if profile.paused[row]:
            seen["paused"].append(block.start + day)
        if profile.treated[course["patient"]]:
            seen["treated"].append(block.start + day)
    assert any(pause["start"] - 1 <= day <= pause["end"] for day in seen["paused"])
    assert not any(pause["start"] - 3 <= day < pause["start"] - 1 for day in seen["paused"])
    assert min(day for day in seen["treated"] if day >= course["start"] - 1) >= course["start"] - 1


def test_a_device_swap_reaches_the_state(block: Block) -> None:
    swaps = block.swaps
    swap = swaps[swaps["t"] > block.start + 20][0]
    signals = np.flatnonzero(swap["signals"])
    clinic, profile, state = (
        Clinic(block, personal_limits=False),
        profile_of(block, rulebook=RULEBOOK),
        State(400),
    )
    day = int(np.ceil(swap["t"] - block.start - 0.35))
    for one in range(day):
        clinic(one, state, profile)
    state.weight[:, :] = 20.0
    clinic(day, state, profile)
    assert (state.weight[swap["patient"], signals] <= 3.0).all()


def test_limits_are_widened_to_the_persons_own_values_and_never_narrowed(block: Block) -> None:
    standard = profile_of(block, rulebook=RULEBOOK)
    _, profile = run_clinic(block, Clinic(block), DAILY_AT_FIRST + 1)
    low, was = profile.low_yellow[:, SPO2], standard.low_yellow[:, SPO2]  # type: ignore[attr-defined]
    assert (low <= was).all()
    ill = block.people.level[:, SPO2] < was + ROOM["spo2"].low_yellow - 1
    there = ~profile.paused  # type: ignore[attr-defined]
    assert (ill & there).sum() > 5
    own = np.round(block.people.level[:, SPO2]) - ROOM["spo2"].low_yellow
    assert (low[ill & there] == own[ill & there]).all()


def test_without_a_doctor_limits_stay(block: Block) -> None:
    standard = profile_of(block, rulebook=RULEBOOK)
    _, profile = run_clinic(block, Clinic(block, personal_limits=False), REVIEW_DAYS + 20)
    np.testing.assert_array_equal(profile.low_yellow, standard.low_yellow)  # type: ignore[attr-defined]


def test_limits_wait_until_the_values_are_known(block: Block) -> None:
    clinic, profile, state = Clinic(block), profile_of(block, rulebook=RULEBOOK), State(400)
    before = profile.low_yellow.copy()
    for day in range(DAILY_AT_FIRST + 3):
        clinic(day, state, profile)
    np.testing.assert_array_equal(profile.low_yellow, before)


def test_time_ends_with_dropout(block: Block) -> None:
    watched = recording_of(block, rulebook=RULEBOOK).watched
    gone = np.isfinite(block.dropout)
    assert gone.any()
    assert (watched.last[gone] == block.dropout[gone]).all()
    assert (watched.last[~gone] == block.start + block.days).all()


def test_every_patient_has_a_condition_and_devices(block: Block) -> None:
    labels = labels_of(block.people)
    assert set(labels["condition"].tolist()) == {"copd", "heart-failure", "both"}
    fev1 = block.people.has[:, signal_index("fev1")]
    assert [("fev1" in text) for text in labels["signals"].tolist()] == fev1.tolist()
