"""A profile may change between two calls, or be settled for many; both give the same answers."""

from dataclasses import fields

import numpy as np
import pytest

from alerting.rules import ITEMS, RULEBOOK, SIGNALS, Profile, State, clock, step
from tests.alerting.rules.cohort import START, patients, profile_of
from tests.alerting.rules.test_contract import PATIENTS, SEED, equal, same_findings, same_state

USUAL = np.array([93.0, 80.0, 80.0, 125.0, 74.0, 1.4, 260.0])


@pytest.fixture
def profile() -> Profile:
    return profile_of(patients(np.random.default_rng(SEED + 1), PATIENTS))


def test_a_change_of_the_profile_counts_from_the_next_call_on(profile: Profile) -> None:
    """Nothing that follows from it is remembered longer, whichever way it was passed."""
    rng = np.random.default_rng(SEED)
    people, mine, theirs = profile.take(slice(None)), State(PATIENTS), State(PATIENTS)
    for day in range(30):
        for field in fields(Profile):
            values = getattr(people, field.name)
            values[rng.permutation(PATIENTS)[:20]] = values[rng.permutation(PATIENTS)[:20]]
        t, now = np.full(PATIENTS, START + day + 0.3), START + day + 1.4
        x = USUAL * rng.normal(1.0, 0.04, (PATIENTS, len(SIGNALS)))
        x[rng.random(x.shape) < 0.2] = np.nan
        answers = rng.integers(-1, 2, (PATIENTS, len(ITEMS)))
        fresh = people.settled() if day % 2 else people.take(slice(None))
        same_findings(
            step(mine, people, slice(None), t, x, answers, rulebook=RULEBOOK),
            step(theirs, fresh, slice(None), t, x, answers, rulebook=RULEBOOK),
        )
        same_findings(
            clock(mine, people, slice(None), now, rulebook=RULEBOOK),
            clock(theirs, fresh, slice(None), now, rulebook=RULEBOOK),
        )
    same_state(mine, theirs)


def test_a_settled_profile_serves_many_calls_and_cannot_be_changed(profile: Profile) -> None:
    rng = np.random.default_rng(SEED)
    settled, mine, theirs = profile.settled(), State(PATIENTS), State(PATIENTS)
    for day in range(30):
        t, x = np.full(PATIENTS, START + day + 0.3), USUAL * rng.normal(1.0, 0.04, (PATIENTS, 7))
        same_findings(
            step(mine, settled, slice(None), t, x, rulebook=RULEBOOK),
            step(theirs, profile, slice(None), t, x, rulebook=RULEBOOK),
        )
    same_state(mine, theirs)
    for field in fields(Profile):
        with pytest.raises(ValueError, match="read-only"):
            getattr(settled, field.name)[:] = 1
        assert not np.shares_memory(getattr(settled, field.name), getattr(profile, field.name))


def test_a_profile_grows_undecided(profile: Profile) -> None:
    grown = profile.take(np.arange(PATIENTS))
    grown.grow(PATIENTS + 3)
    assert grown.patients == PATIENTS + 3
    for field in fields(Profile):
        equal(getattr(grown, field.name)[:PATIENTS], getattr(profile, field.name))
        equal(getattr(grown, field.name)[PATIENTS:], getattr(Profile.default(3), field.name))
