"""The same seed, the same bytes: whatever the blocks, the patients, the schedule, the process."""

import subprocess
import sys
from datetime import date
from hashlib import sha256

import numpy as np
import pytest

from alerting.rules import SIGNALS as RULE_SIGNALS
from devices.questionnaire import next_question
from devices.simulated.cohort import (
    ITEMS,
    KINDS,
    REPORT_SEEDS,
    SIGNALS,
    SIMULATOR_VERSION,
    TUNING_SEEDS,
    Block,
    Cohort,
)
from devices.symptoms import questionnaire_of

START = date(2026, 1, 5)
PUBLISHED = {
    1: "2f4e6b1a2beb0e2590416a20ca80b2743fc50936f0182f48ce9749440a9b1c23",
}
"""Version of the simulator, and the hash of `Cohort(1, 300, 120, START)`."""


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return Cohort(1, 300, 120, START)


@pytest.fixture(scope="module")
def whole(cohort: Cohort) -> Block:
    return cohort.block(0, 300)


def test_the_published_hash(whole: Block) -> None:
    """Whoever changes the bytes raises `SIMULATOR_VERSION` and publishes the new hash."""
    assert whole.digest() == PUBLISHED[SIMULATOR_VERSION]


def test_another_process_finds_the_same(whole: Block) -> None:
    program = (
        "from datetime import date\n"
        "from devices.simulated.cohort import Cohort\n"
        "print(Cohort(1, 300, 120, date(2026, 1, 5)).block(0, 300).digest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == whole.digest()


@pytest.mark.parametrize("size", [1, 37, 256, 1000])
def test_the_size_of_the_blocks_changes_nothing(cohort: Cohort, whole: Block, size: int) -> None:
    some = list(cohort.blocks(size)) if size > 1 else [cohort.block(271, 272)]
    assert size == 1 or sum(block.patients for block in some) == cohort.patients
    for block in some:
        same = whole.cut(block.first, block.first + block.patients)
        assert block.digest() == same.digest()
        for name in ("truth", "pauses", "treatments", "swaps"):
            assert getattr(block, name).tobytes() == getattr(same, name).tobytes()


@pytest.mark.parametrize("size", [100, 256])
def test_blocks_fed_in_order_give_the_hash_of_the_whole(
    cohort: Cohort, whole: Block, size: int
) -> None:
    seen = sha256()
    for block in cohort.blocks(size):
        block.feed(seen)
    assert seen.hexdigest() == whole.digest()


def test_patients_do_not_depend_on_how_many_there_are(whole: Block) -> None:
    assert Cohort(1, 40, 120, START).block(0, 40).digest() == whole.cut(0, 40).digest()


def test_another_seed_is_another_cohort(whole: Block) -> None:
    assert Cohort(2, 300, 120, START).block(0, 300).digest() != whole.digest()


def test_the_schedule_decides_only_what_is_planned(whole: Block) -> None:
    daily = Cohort(1, 300, 120, START, schedule="daily").block(0, 300)
    assert daily.scheduled.all()
    assert not whole.scheduled.all()
    assert np.array_equal(daily.values, whole.values, equal_nan=True)
    assert np.array_equal(daily.willing, whole.willing)


def test_columns_are_those_of_the_rules() -> None:
    names = tuple(row.alias for row in RULE_SIGNALS)
    assert SIGNALS[: len(names)] == names


def test_shapes(whole: Block) -> None:
    assert whole.values.shape == whole.doubtful.shape == (300, len(SIGNALS), 120)
    assert whole.answers.shape == (300, len(ITEMS), 120)
    assert whole.t.shape == whole.scheduled.shape == whole.willing.shape == (300, 120)
    assert whole.people.age.shape == (300,)
    assert set(whole.truth["kind"]) <= set(KINDS)
    assert (np.diff(whole.truth["patient"]) >= 0).all()


def test_what_is_shown_is_what_a_display_can_show(whole: Block) -> None:
    shown = whole.sittings(17)
    for place, decimals in enumerate((0, 0, 1, 0, 0, 2, 0)):
        column = shown[:, place][~np.isnan(shown[:, place])]
        assert (column == column.round(decimals)).all()
    assert (np.isnan(shown) == ~whole.people.has).all()


def test_answers_follow_the_questionnaire(whole: Block) -> None:
    """What is given agrees with the branching, patient by patient, by the tablet's own evaluator;
    what is not given was not asked."""
    given, asked_of_all = whole.given, 0
    for patient in range(60):
        copd, hf = whole.people.copd[patient], whole.people.heart_failure[patient]
        form = questionnaire_of("both" if copd and hf else "copd" if copd else "heart-failure")
        for day in range(0, 120, 7):
            said = whole.answers[patient, :, day]
            assert {ITEMS[place] for place in np.flatnonzero(said >= 0)} == set(form.components)
            known: dict[str, str] = {}
            while (question := next_question(form, known)) is not None:
                place = ITEMS.index(question.symptom)
                known[question.symptom] = "yes" if said[place] else "no"
                assert given[patient, place, day] == said[place]
            assert (given[patient, :, day] >= 0).sum() == len(known)
            asked_of_all += len(known) == len(form.components)
    assert 0 < asked_of_all < 60 * 18


def test_tuning_and_reporting_are_kept_apart() -> None:
    assert not set(TUNING_SEEDS) & set(REPORT_SEEDS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": 0},
        {"days": 0},
        {"seed": -1},
        {"schedule": "hourly"},
        {"mix": {"asthma": 1.0}},
        {"mix": {"copd": 0.0}},
    ],
)
def test_nonsense_is_refused(wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"seed": 1, "patients": 10, "days": 10, "start": START}
    with pytest.raises(ValueError, match=r"not|none of"):
        Cohort(**(arguments | wrong))  # type: ignore[arg-type]


def test_nobody_beyond_the_cohort(cohort: Cohort) -> None:
    with pytest.raises(IndexError):
        cohort.block(290, 301)
