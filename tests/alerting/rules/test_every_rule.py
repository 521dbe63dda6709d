"""What every rule owes: one contract, tested for each row of the rulebook."""

from collections.abc import Callable, Iterator
from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest

from alerting.rules import (
    RULES,
    SIGNALS,
    Colour,
    Findings,
    Profile,
    Rule,
    State,
    clock,
    rule_index,
    signal_index,
    step,
)
from tests.alerting.rules.cohort import (
    LIMITS,
    RELATIVE,
    START,
    Call,
    calls,
    patients,
    profile_of,
    run,
    run_oracle,
)
from tests.alerting.rules.oracle import NAN, ORDER, Outcome

PATIENTS, DAYS, SEED = 200, 100, 7
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def equal(left: npt.ArrayLike, right: npt.ArrayLike) -> None:
    np.testing.assert_array_equal(np.asarray(left), np.asarray(right))


def same_state(left: State, right: State) -> None:
    for name in State.__slots__:
        if name != "dtype":
            equal(getattr(left, name), getattr(right, name))


def same_findings(left: Findings, right: Findings) -> None:
    for field in fields(Findings):
        equal(getattr(left, field.name), getattr(right, field.name))


@pytest.fixture(scope="module")
def script() -> list[Call]:
    return calls(np.random.default_rng(SEED), PATIENTS, DAYS)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_of(patients(np.random.default_rng(SEED + 1), PATIENTS))


@pytest.fixture(scope="module")
def findings(script: list[Call], profile: Profile) -> list[Findings]:
    return run(State(PATIENTS), profile, script)


@pytest.fixture(scope="module")
def truth(script: list[Call]) -> list[list[dict[str, Outcome]]]:
    return run_oracle(patients(np.random.default_rng(SEED + 1), PATIENTS), script)


Column = tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64]]


def collect(
    rule: Rule, findings: list[Findings], truth: list[list[dict[str, Outcome]]]
) -> Iterator[Column]:
    column = rule_index(rule.id)
    pairs = [
        (found, [outcome[rule.id] for outcome in answer])
        for found, answer in zip(findings, truth, strict=True)
        if not answer or rule.id in answer[0]
    ]
    for ours, theirs in (
        ("colour", "colour"),
        ("was", "was"),
        ("level", "level"),
        ("evaluated", "evaluated"),
        ("onset", "onset"),
        ("value", "value"),
        ("extra", "extra"),
        ("baseline_mean", "mean"),
    ):
        got = np.concatenate([getattr(found, ours)[:, column] for found, _ in pairs])
        want = np.array([getattr(o, theirs) for _, outcomes in pairs for o in outcomes])
        yield ours, got.astype(np.float64), want.astype(np.float64)


@every_rule
def test_equals_the_slow_oracle(
    rule: Rule, findings: list[Findings], truth: list[list[dict[str, Outcome]]]
) -> None:
    for name, got, want in collect(rule, findings, truth):
        if name in ("extra", "baseline_mean"):
            asked = ~np.isnan(want)
            np.testing.assert_allclose(got[asked], want[asked], rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(got, want, err_msg=name)


@every_rule
def test_the_cohort_visits_every_colour_of_the_rule(rule: Rule, findings: list[Findings]) -> None:
    column = rule_index(rule.id)
    seen = {int(colour) for found in findings for colour in found.colour[:, column]}
    levels = {"R24": {2, 3}, "T01": {1}}.get(rule.id, {3, 4})
    assert seen >= {-1, 0} | levels


@pytest.fixture(scope="module")
def single(script: list[Call], profile: Profile) -> list[Findings]:
    return run(State(PATIENTS, np.float32), profile, script)


@every_rule
def test_float32_gives_the_same_colours(
    rule: Rule, single: list[Findings], findings: list[Findings]
) -> None:
    column = rule_index(rule.id)
    pairs = zip(single, findings, strict=True)
    same = np.concatenate([a.colour[:, column] == b.colour[:, column] for a, b in pairs])
    assert same.mean() > (0.999 if "baseline_mean" in rule.evidence else 0.999999)


def test_reads_only_and_repeats_itself(script: list[Call], profile: Profile) -> None:
    before = [getattr(profile, field.name).copy() for field in fields(Profile)]
    for values in (getattr(profile, field.name) for field in fields(Profile)):
        values.flags.writeable = False
    first, second = State(PATIENTS), State(PATIENTS)
    for call in script[:40]:
        for values in (call.rows, call.t, call.x):
            if values is not None:
                values.flags.writeable = False
        left, right = run(first, profile, [call]), run(second, profile, [call])
        same_findings(left[0], right[0])
    same_state(first, second)
    for values, field in zip(before, fields(Profile), strict=True):
        equal(values, getattr(profile, field.name))


def test_findings_do_not_share_memory_with_the_state(profile: Profile) -> None:
    state = State(PATIENTS)
    x = np.tile([91.0, 80.0, 80.0, 120.0, 70.0, 1.0, 250.0], (PATIENTS, 1))
    found = step(state, profile, slice(None), np.full(PATIENTS, START + 0.3), x)
    for field in fields(Findings):
        for name in set(State.__slots__) - {"dtype"}:
            assert not np.shares_memory(getattr(found, field.name), getattr(state, name))


def test_the_past_does_not_know_the_future(script: list[Call], profile: Profile) -> None:
    cut = len(script) // 2
    other = calls(np.random.default_rng(SEED + 5), PATIENTS, DAYS)
    left = run(State(PATIENTS), profile, script)[:cut]
    right = run(State(PATIENTS), profile, script[:cut] + other[cut:])[:cut]
    for a, b in zip(left, right, strict=True):
        same_findings(a, b)


def test_patients_do_not_see_each_other(
    script: list[Call], profile: Profile, findings: list[Findings]
) -> None:
    chosen = np.array([3, 50, 51, 199])
    alone = profile.take(chosen)
    state = State(len(chosen))
    for call, found in zip(script, findings, strict=True):
        mine = np.flatnonzero(np.isin(call.rows, chosen))
        rows = np.searchsorted(chosen, call.rows[mine])
        x = None if call.x is None else call.x[mine]
        (got,) = run(state, alone, [Call(rows, call.t[mine], x)])
        equal(got.colour, found.colour[mine])
        equal(got.onset, found.onset[mine])
        equal(got.extra, found.extra[mine])


def test_the_shape_of_the_batch_does_not_matter(script: list[Call], profile: Profile) -> None:
    together, halves = State(PATIENTS), State(PATIENTS)
    rng = np.random.default_rng(SEED)
    for call in script[:120]:
        (found,) = run(together, profile, [call])
        order = rng.permutation(len(call.rows))
        parts = [order[:1], order[1 : len(order) // 2], order[max(1, len(order) // 2) :]]
        for part in parts:
            x = None if call.x is None else call.x[part]
            (got,) = run(halves, profile, [Call(call.rows[part], call.t[part], x)])
            equal(got.colour, found.colour[part])
            equal(got.limit, found.limit[part])
    same_state(together, halves)


def test_a_slice_is_every_row(profile: Profile) -> None:
    by_slice, by_index = State(PATIENTS), State(PATIENTS)
    rng = np.random.default_rng(SEED)
    for day in range(30):
        t = START + day + rng.random(PATIENTS) * 0.5
        x = np.round(
            np.array([92.0, 80, 80, 128, 76, 1.4, 250]) + rng.standard_normal((PATIENTS, 7)), 1
        )
        left = step(by_slice, profile, slice(None), t, x)
        right = step(by_index, profile, np.arange(PATIENTS), t, x)
        same_findings(left, right)
        same_findings(
            clock(by_slice, profile, slice(None), START + day + 0.9),
            clock(by_index, profile, np.arange(PATIENTS), START + day + 0.9),
        )
    same_state(by_slice, by_index)


DEVICES = (("spo2", "pulse"), ("weight",), ("systolic", "diastolic"), ("fev1", "pef"))


def test_a_sitting_may_be_split_by_device(script: list[Call], profile: Profile) -> None:
    together, split = State(PATIENTS), State(PATIENTS)
    for call in script:
        if call.x is None:
            run(together, profile, [call])
            run(split, profile, [call])
            continue
        (whole,) = run(together, profile, [call])
        present = ~np.isnan(call.x)
        for device in DEVICES:
            columns = [signal_index(alias) for alias in device]
            rows = np.flatnonzero(present[:, columns].any(axis=1))
            x = np.full((len(rows), len(SIGNALS)), NAN)
            x[:, columns] = call.x[rows][:, columns]
            (part,) = run(split, profile, [Call(call.rows[rows], call.t[rows], x)])
            for rule in RULES:
                if rule.signals and set(rule.signals) <= set(device):
                    column = rule_index(rule.id)
                    equal(part.colour[:, column], whole.colour[rows, column])
                    equal(part.limit[:, column], whole.limit[rows, column])
        some = present.any(axis=1)
        equal(split.status[call.rows[some]], together.status[call.rows[some]])
        # T01 looks across devices: cleared by one and raised by the next is a new onset.
        alike = [column for column, rule in enumerate(RULES) if rule.id != "T01"]
        rows = call.rows[some]
        equal(split.onset[rows][:, alike], together.onset[rows][:, alike])


@every_rule
def test_nothing_is_never_green(rule: Rule) -> None:
    state, profile = State(3), Profile.default(3)
    column = rule_index(rule.id)
    for day in range(40):
        t = np.full(3, START + day + 0.3)
        found = step(state, profile, slice(None), t, np.full((3, len(SIGNALS)), NAN))
        assert (found.colour[:, column] == Colour.INSUFFICIENT).all()
        assert not found.evaluated[:, column].any()
        assert (clock(state, profile, slice(None), t).colour == Colour.INSUFFICIENT).all()


@pytest.mark.parametrize("rubbish", [np.inf, -np.inf, 1e300, -1e300, 0.0, -0.0, 1e-320])
def test_rubbish_is_technical_and_nothing_else(rubbish: float) -> None:
    state, profile = State(1), full_profile(1)
    for day in range(20):
        x = np.full((1, len(SIGNALS)), rubbish)
        found = step(state, profile, slice(None), np.array([START + day + 0.3]), x)
        judged = {rule.id for rule, ran in zip(RULES, found.evaluated[0], strict=True) if ran}
        assert judged == {"R24", "T01"}
        assert found.colour[0, rule_index("T01")] == Colour.TECHNICAL
        assert found.refused.all()
    assert (state.weight == 0).all()
    assert (state.occupied == 0).all()


def full_profile(count: int) -> Profile:
    profile = Profile.default(count)
    for alias, (low_red, low_yellow, high_yellow, high_red) in LIMITS.items():
        column = signal_index(alias)
        profile.low_red[:, column], profile.low_yellow[:, column] = low_red, low_yellow
        profile.high_yellow[:, column], profile.high_red[:, column] = high_yellow, high_red
    for alias, relative in RELATIVE.items():
        column = signal_index(alias)
        profile.rel_low_red[:, column], profile.rel_low_yellow[:, column] = relative[:2]
    profile.dry_weight_kg[:] = 80.0
    profile.expected[:, :5] = True
    profile.plan_weekdays[:] = 0x7F
    profile.start_day[:] = START
    return profile


Probe = tuple[str, float, float, bool, Colour]
"""Signal, threshold, size of a small step, whether more is worse, colour that is reached."""


def _probes(rule: Rule) -> list[Probe]:
    """Where each limit of a rule lies in the world of `_level`, from the row and the profile."""
    params, found = rule.params, []
    tiers = (("yellow", Colour.YELLOW), ("red", Colour.RED))
    if rule.id in ("R01", "R06", "R16", "R17"):
        for alias in rule.signals:
            low_red, low_yellow, high_yellow, high_red = LIMITS[alias]
            low = ((low_yellow, Colour.YELLOW), (low_red, Colour.RED))
            high = ((high_yellow, Colour.YELLOW), (high_red, Colour.RED))
            found += [(alias, v, 1e-6, False, c) for v, c in low if rule.id != "R17" and v == v]
            found += [(alias, v, 1e-6, True, c) for v, c in high if rule.id != "R16" and v == v]
    elif rule.id == "R03":
        found += [("spo2", 94.0 - params[name], 1e-6, False, c) for name, c in tiers]
    elif rule.id == "R11":  # must be exceeded: the first gram above is the threshold
        found += [("weight", 80.0 + params[name] + 0.001, 0.001, True, c) for name, c in tiers]
    elif rule.id == "R14":
        found += [("weight", 80.0 + params[name], 0.001, True, c) for name, c in tiers]
    return found


NORMAL = {"spo2": 94.0, "pulse": 80.0, "weight": 80.0, "systolic": 128.0, "diastolic": 76.0}


def _level(rule_id: str, alias: str, value: float) -> Colour:
    """The colour of a single reading after twenty quiet days."""
    state, profile = State(1), full_profile(1)
    quiet = np.array([[NORMAL.get(name, NAN) for name in ORDER]])
    for day in range(20):
        step(state, profile, slice(None), np.array([START + day + 0.3]), quiet)
    x = quiet.copy()
    x[0, signal_index(alias)] = value
    if alias == "systolic" and value < 90:  # keep the pulse pressure plausible
        x[0, signal_index("diastolic")] = 50.0
    found = step(state, profile, slice(None), np.array([START + 20.3]), x)
    assert found.evaluated[0, rule_index(rule_id)]
    return Colour(int(found.level[0, rule_index(rule_id)]))


PROBES = [(rule.id, *probe) for rule in RULES for probe in _probes(rule)]


@pytest.mark.parametrize(("rule_id", "alias", "limit", "small", "rising", "colour"), PROBES)
def test_on_just_under_and_just_over_each_threshold(
    rule_id: str, alias: str, limit: float, small: float, rising: bool, colour: Colour
) -> None:
    worse, better = (small, -small) if rising else (-small, small)
    milder = Colour.GREEN if colour == Colour.YELLOW else Colour.YELLOW
    assert _level(rule_id, alias, limit) == colour
    assert _level(rule_id, alias, limit + worse) == colour
    assert _level(rule_id, alias, limit + better) == milder


def test_every_rule_with_thresholds_is_probed() -> None:
    assert {rule_id for rule_id, *_ in PROBES} == {rule.id for rule in RULES} - {"R24", "T01"}


@pytest.mark.parametrize(
    "change", [lambda s: s.grow(PATIENTS + 7), lambda s: s.copy(), lambda s: s.put(slice(None), s)]
)
def test_growing_and_copying_change_nobody(
    change: Callable[[State], State | None],
    script: list[Call],
    profile: Profile,
    findings: list[Findings],
) -> None:
    state = State(PATIENTS)
    run(state, profile, script[:60])
    state = change(state) or state
    for got, want in zip(run(state, profile, script[60:90]), findings[60:90], strict=True):
        same_findings(got, want)


def test_a_reset_patient_can_be_replayed(script: list[Call], profile: Profile) -> None:
    state = State(PATIENTS)
    run(state, profile, script)
    whole = state.copy()
    late = np.array([4, 17])
    state.reset(late)
    for call in script:
        mine = np.flatnonzero(np.isin(call.rows, late))
        x = None if call.x is None else call.x[mine]
        run(state, profile, [Call(call.rows[mine], call.t[mine], x)])
    same_state(state, whole)


def test_a_profile_grows_undecided(profile: Profile) -> None:
    grown = profile.take(np.arange(PATIENTS))
    grown.grow(PATIENTS + 3)
    assert grown.patients == PATIENTS + 3
    for field in fields(Profile):
        equal(getattr(grown, field.name)[:PATIENTS], getattr(profile, field.name))
        equal(getattr(grown, field.name)[PATIENTS:], getattr(Profile.default(3), field.name))


def test_a_slice_with_gaps_touches_only_its_rows(profile: Profile) -> None:
    state = State(PATIENTS)
    x = np.tile([88.0, 80.0, 80.0, 120.0, 70.0, 1.0, 250.0], (PATIENTS // 2, 1))
    for day in range(9):
        t = np.full(PATIENTS // 2, START + day + 0.3)
        found = step(state, profile, slice(1, None, 2), t, x)
    equal(found.rows, np.arange(1, PATIENTS, 2))
    same_state(state.take(slice(0, None, 2)), State(PATIENTS // 2))
    moved = ~profile.paused[1::2]
    assert (state.weight[1::2, signal_index("fev1")] > 0)[moved].all()
