"""What every rule owes besides being right: pure, causal, alone, whatever the batch; never green
without data. Everything is compared bit for bit, every field of the findings and of the state."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.rules import (
    HYPOTHESES,
    ITEMS,
    RULEBOOK,
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
    swapped,
)
from tests.alerting.rules.cohort import START, Call, calls, patients, profile_of, run
from tests.alerting.rules.oracle import NAN

PATIENTS, DAYS, SEED = 150, 60, 7
MATRICES = ("value", "limit", "extra", "baseline_mean", "baseline_sd", "baseline_n")
FIELDS = [
    field.name
    for field in fields(Findings)
    if field.init and field.name not in ("verdicts", "baselines")
]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def equal(left: npt.ArrayLike, right: npt.ArrayLike) -> None:
    np.testing.assert_array_equal(np.asarray(left), np.asarray(right))


def same_state(left: State, right: State) -> None:
    for name in State.__slots__:
        if name != "dtype":
            equal(getattr(left, name), getattr(right, name))


def same_findings(
    left: Findings, right: Findings, chosen: slice | npt.NDArray[np.int64] = slice(None)
) -> None:
    """`left` is what `right` says of the chosen rows, but for the rows' numbers."""
    for name in (*FIELDS, *MATRICES):
        if name != "rows":
            equal(getattr(left, name), getattr(right, name)[chosen])


@pytest.fixture(scope="module")
def script() -> list[Call]:
    return calls(np.random.default_rng(SEED), PATIENTS, DAYS)


@pytest.fixture
def profile() -> Profile:
    return profile_of(patients(np.random.default_rng(SEED + 1), PATIENTS))


@pytest.fixture(scope="module")
def findings(script: list[Call]) -> list[Findings]:
    people = patients(np.random.default_rng(SEED + 1), PATIENTS)
    return run(State(PATIENTS), profile_of(people), script)


def for_some(script: list[Call], chosen: npt.NDArray[np.int64]) -> list[Call]:
    """The calls of the chosen patients, as rows of their own."""
    made = []
    for call in script:
        mine = np.flatnonzero(np.isin(call.rows, chosen))
        part = call.of(mine)
        made.append(replace(part, rows=np.searchsorted(chosen, part.rows)))
    return made


def test_reads_only_and_repeats_itself(script: list[Call], profile: Profile) -> None:
    quiet = [call for call in script[:80] if not call.change]
    for values in (getattr(profile, field.name) for field in fields(Profile)):
        values.flags.writeable = False
    first, second = State(PATIENTS), State(PATIENTS)
    for call in quiet:
        for values in (call.rows, call.t, call.x, call.answers, call.doubtful):
            if values is not None:
                values.flags.writeable = False
        (left,), (right,) = run(first, profile, [call]), run(second, profile, [call])
        same_findings(left, right)
        equal(left.rows, call.rows)
    same_state(first, second)


def test_findings_do_not_share_memory_with_state_or_profile(profile: Profile) -> None:
    state = State(PATIENTS)
    x = np.tile([91.0, 80.0, 80.0, 120.0, 70.0, 1.0, 250.0], (PATIENTS, 1))
    for rows in (slice(None), np.arange(PATIENTS)):
        found = step(state, profile, rows, np.full(PATIENTS, START + 0.3), x, rulebook=RULEBOOK)
        mine = [getattr(found, name) for name in (*FIELDS, *MATRICES)] + list(found.baselines)
        for verdict in found.verdicts.values():
            told = [verdict.value, verdict.extra, verdict.limit_yellow, verdict.limit_red]
            mine += [one() if callable(one) else one for one in told]
        theirs = [getattr(state, name) for name in set(State.__slots__) - {"dtype"}]
        theirs += [getattr(profile, field.name) for field in fields(Profile)]
        for one in mine:
            if isinstance(one, np.ndarray):
                assert not any(np.shares_memory(one, other) for other in theirs)


def test_evidence_that_is_asked_for_late_is_what_it_was(profile: Profile) -> None:
    """It is computed when somebody asks: nothing that changes afterwards may shine through."""
    state, people = State(PATIENTS), profile.take(np.arange(PATIENTS))
    other_state, other_people = State(PATIENTS), profile.take(np.arange(PATIENTS))
    usual, rng = np.array([93.0, 80.0, 80.0, 125.0, 74.0, 1.4, 260.0]), np.random.default_rng(SEED)
    at_once, late = [], []
    for day in range(20):
        t = np.full(PATIENTS, START + day + 0.3)
        x = usual * rng.normal(1.0, 0.04, (PATIENTS, len(SIGNALS)))
        answers = rng.integers(-1, 2, (PATIENTS, len(ITEMS)))
        found = step(state, people, slice(None), t, x, answers, rulebook=RULEBOOK)
        at_once.append({name: getattr(found, name) for name in MATRICES})
        late.append(step(other_state, other_people, slice(None), t, x, answers, rulebook=RULEBOOK))
    for field in fields(Profile):
        getattr(other_people, field.name)[:] = 1
    for now, found in zip(at_once, late, strict=True):
        for name in MATRICES:
            equal(now[name], getattr(found, name))


def test_the_past_does_not_know_the_future(script: list[Call]) -> None:
    cut = len(script) // 2
    other = calls(np.random.default_rng(SEED + 5), PATIENTS, DAYS)
    people = [patients(np.random.default_rng(SEED + 1), PATIENTS) for _ in range(2)]
    left = run(State(PATIENTS), profile_of(people[0]), script)
    right = run(State(PATIENTS), profile_of(people[1]), script[:cut] + other[cut:])
    for place in range(sum(not call.change for call in script[:cut])):
        same_findings(left[place], right[place])


@pytest.mark.parametrize("chosen", [[0], [149], [3, 50, 51, 148]])
def test_one_patient_streamed_alone_is_the_batch(
    chosen: list[int], script: list[Call], findings: list[Findings], profile: Profile
) -> None:
    who = np.array(chosen)
    alone = run(State(len(who)), profile.take(who), for_some(script, who))
    judged = [call for call in script if not call.change]
    for call, got, whole in zip(judged, alone, findings, strict=True):
        same_findings(got, whole, np.flatnonzero(np.isin(call.rows, who)))


@pytest.mark.parametrize("size", [1, 7, 64])
def test_neither_order_nor_size_of_the_batch_matters(
    size: int, script: list[Call], findings: list[Findings], profile: Profile
) -> None:
    state, rng = State(PATIENTS), np.random.default_rng(SEED)
    some = script[:60] if size == 1 else script
    answers = iter(findings)
    for call in some:
        if call.change:
            run(state, profile, [call])
            continue
        whole, order = next(answers), rng.permutation(len(call.rows))
        for start in range(0, len(order), size):
            part = order[start : start + size]
            (got,) = run(state, profile, [call.of(part)])
            same_findings(got, whole, part)
    if some is script:
        together = State(PATIENTS)
        again = profile_of(patients(np.random.default_rng(SEED + 1), PATIENTS))
        run(together, again, script)
        same_state(together, state)


def test_a_slice_is_every_row(profile: Profile) -> None:
    by_slice, by_index = State(PATIENTS), State(PATIENTS)
    rng = np.random.default_rng(SEED)
    for day in range(30):
        t = START + day + rng.random(PATIENTS) * 0.5
        noise = rng.standard_normal((PATIENTS, 7))
        x = np.round(np.array([92.0, 80, 80, 128, 76, 1.4, 250]) + noise, 1)
        said = rng.integers(-1, 2, (PATIENTS, len(ITEMS)))
        left = step(by_slice, profile, slice(None), t, x, said, rulebook=RULEBOOK)
        right = step(by_index, profile, np.arange(PATIENTS), t, x, said, rulebook=RULEBOOK)
        same_findings(left, right)
        same_findings(
            clock(by_slice, profile, slice(None), START + day + 0.9, rulebook=RULEBOOK),
            clock(by_index, profile, np.arange(PATIENTS), START + day + 0.9, rulebook=RULEBOOK),
        )
    same_state(by_slice, by_index)


def test_a_slice_with_gaps_touches_only_its_rows(profile: Profile) -> None:
    state = State(PATIENTS)
    x = np.tile([88.0, 80.0, 80.0, 120.0, 70.0, 1.4, 250.0], (PATIENTS // 2, 1))
    for day in range(9):
        t = np.full(PATIENTS // 2, START + day + 0.3)
        found = step(state, profile, slice(1, None, 2), t, x, rulebook=RULEBOOK)
    equal(found.rows, np.arange(1, PATIENTS, 2))
    same_state(state.take(slice(0, None, 2)), State(PATIENTS // 2))
    moved = ~profile.paused[1::2]
    assert (state.weight[1::2, signal_index("fev1")] > 0)[moved].all()


DEVICES = (("spo2", "pulse"), ("weight",), ("systolic", "diastolic"), ("fev1", "pef"))


def test_a_sitting_may_be_split_by_device(script: list[Call], profile: Profile) -> None:
    """R08 and R16 look at the day's answers, too, and R19, which looks at two devices, freezes the
    baseline of R18."""
    together, split = State(PATIENTS), State(PATIENTS)
    alone = [
        rule_index(rule.id)
        for rule in RULES
        if rule.signals and any(set(rule.signals) <= set(device) for device in DEVICES)
        and rule.id not in ("R08", "R16", "R18")
    ]  # fmt: skip
    for call in script:
        if call.change or call.x is None:
            run(together, profile, [call])
            if not call.change:
                run(split, profile, [call])
            elif call.change == "swap":
                swapped(split, call.rows, [int(call.value)])
            continue
        assert call.doubtful is not None
        whole = step(
            together, profile, call.rows, call.t, call.x, None, call.doubtful, rulebook=RULEBOOK
        )
        for device in DEVICES:
            columns = [signal_index(alias) for alias in device]
            rows = np.flatnonzero((~np.isnan(call.x[:, columns])).any(axis=1))
            x = np.full((len(rows), len(SIGNALS)), NAN)
            x[:, columns] = call.x[rows][:, columns]
            doubtful = call.doubtful[rows]
            part = step(
                split, profile, call.rows[rows], call.t[rows], x, None, doubtful, rulebook=RULEBOOK
            )
            for rule in (RULES[column] for column in alone):
                if set(rule.signals) <= set(device):
                    column = rule_index(rule.id)
                    equal(part.colour[:, column], whole.colour[rows, column])
                    equal(part.limit[:, column], whole.limit[rows, column])
        some = call.rows[(~np.isnan(call.x)).any(axis=1)]
        equal(split.status[some][:, alone], together.status[some][:, alone])
        equal(split.onset[some][:, alone], together.onset[some][:, alone])


@every_rule
def test_nothing_is_never_green(rule: Rule) -> None:
    state, profile = State(3), Profile.default(3)
    column = rule_index(rule.id)
    for day in range(40):
        t = np.full(3, START + day + 0.3)
        found = step(
            state, profile, slice(None), t, np.full((3, len(SIGNALS)), NAN), rulebook=RULEBOOK
        )
        assert (found.colour[:, column] == Colour.INSUFFICIENT).all()
        assert not found.evaluated[:, column].any()
        ticked = clock(state, profile, slice(None), t, rulebook=RULEBOOK)
        assert (ticked.colour == Colour.INSUFFICIENT).all()
        assert (ticked.composed == Colour.INSUFFICIENT).all()
        assert not ticked.notify.any()


@pytest.mark.parametrize("rubbish", [np.inf, -np.inf, 1e300, -1e300, 0.0, -0.0, 1e-320])
def test_rubbish_is_technical_and_nothing_else(rubbish: float) -> None:
    state, profile = State(1), Profile.default(1)
    profile.expected[:], profile.plan_weekdays[:], profile.start_day[:] = True, 0x7F, START
    for day in range(20):
        x = np.full((1, len(SIGNALS)), rubbish)
        found = step(
            state, profile, slice(None), np.array([START + day + 0.3]), x, rulebook=RULEBOOK
        )
        judged = {rule.id for rule, ran in zip(RULES, found.evaluated[0], strict=True) if ran}
        assert judged == {"R24", "T01"}
        assert found.colour[0, rule_index("T01")] == Colour.TECHNICAL
        assert found.refused.all()
        assert (found.composed[0, :3] == Colour.INSUFFICIENT).all()
    assert (state.weight == 0).all()
    assert (state.occupied == 0).all()


values = st.one_of(
    st.just(NAN),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 30.0, 49.999, 50.0, 60.0, 100.0, 250.0, 900.0, 5e-324, 1e308]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 12.0),
            st.lists(values, min_size=len(SIGNALS), max_size=len(SIGNALS)),
            st.lists(st.integers(-1, 1), min_size=len(ITEMS), max_size=len(ITEMS)),
            st.booleans(),
        ),
        min_size=1,
        max_size=15,
    ),
    st.integers(0, 2**32 - 1),
)
def test_any_numbers_at_all_are_survived(
    sittings: list[tuple[float, list[float], list[int], bool]], seed: int
) -> None:
    """No warning, no rubbish in a memory, colours that exist, and the same beside anybody."""
    people = patients(np.random.default_rng(seed), 2)
    pair, one = State(2), State(1)
    both, alone = profile_of(people), profile_of(people[:1])
    t = float(START)
    for gap, x, said, doubtful in sittings:
        t += gap
        row, answers = np.array([x]), np.array([said])
        unsure = np.full((1, len(SIGNALS)), doubtful)
        left = step(one, alone, slice(None), np.array([t]), row, answers, unsure, rulebook=RULEBOOK)
        right = step(
            pair, both, slice(None), np.array([t, t + 1.0]),
            np.vstack([row, row[:, ::-1]]), np.vstack([answers] * 2), np.vstack([unsure] * 2),
            rulebook=RULEBOOK,
        )  # fmt: skip
        same_findings(left, right, np.array([0]))
        assert set(np.unique(left.colour)) <= {int(colour) for colour in Colour}
        assert np.isfinite(one.mean).all()
        assert np.isfinite(one.spread).all()
        assert (left.evaluated <= (left.colour != Colour.INSUFFICIENT)).all()
        assert left.composed.shape == (1, len(HYPOTHESES))


@pytest.mark.parametrize(
    "change", [lambda s: s.grow(PATIENTS + 7), lambda s: s.copy(), lambda s: s.put(slice(None), s)]
)
def test_growing_and_copying_change_nobody(
    change: Callable[[State], State | None],
    script: list[Call],
    profile: Profile,
    findings: list[Findings],
) -> None:
    state, answers = State(PATIENTS), iter(findings)
    for place, call in enumerate(script[:150]):
        if place == 100:
            state = change(state) or state
        for got in run(state, profile, [call]):
            same_findings(got, next(answers))


def test_a_reset_patient_can_be_replayed(script: list[Call], profile: Profile) -> None:
    quiet = [call for call in script if not call.change]
    state = State(PATIENTS)
    run(state, profile, quiet)
    whole, late = state.copy(), np.array([4, 17])
    state.reset(late)
    for call in quiet:
        run(state, profile, [call.of(np.flatnonzero(np.isin(call.rows, late)))])
    same_state(state, whole)


@pytest.fixture(scope="module")
def single(script: list[Call]) -> list[Findings]:
    people = patients(np.random.default_rng(SEED + 1), PATIENTS)
    return run(State(PATIENTS, np.float32), profile_of(people), script)


@every_rule
def test_float32_gives_the_same_colours(
    rule: Rule, single: list[Findings], findings: list[Findings]
) -> None:
    column = rule_index(rule.id)
    pairs = list(zip(single, findings, strict=True))
    same = np.concatenate([a.colour[:, column] == b.colour[:, column] for a, b in pairs])
    assert same.mean() > 0.999
    for a, b in pairs:
        judged = a.evaluated[:, column] & b.evaluated[:, column] & (abs(b.value[:, column]) < 1e30)
        np.testing.assert_allclose(
            a.value[judged, column], b.value[judged, column], rtol=1e-4, atol=1e-3
        )
