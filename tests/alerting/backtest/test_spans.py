"""Stretches of time against a plain way of saying the same: a set of tenths of days."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alerting.backtest.spans import Spans, days, inside, pairs, union

PATIENTS, TICKS = 3, 40
SPAN = st.tuples(st.integers(0, PATIENTS - 1), st.integers(0, TICKS), st.integers(-2, 12))


def spans_of(rows: list[tuple[int, int, int]]) -> Spans:
    patient, start, length = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Spans(patient, start / 1.0, (start + length) / 1.0)


def plainly_inside(rows: list[tuple[int, int, int]], patient: int, t: float) -> bool:
    return any(
        who == patient and start <= t <= start + length
        for who, start, length in rows
        if length >= 0
    )


@given(st.lists(SPAN, max_size=12))
def test_a_moment_is_inside_as_one_would_say_by_hand(rows: list[tuple[int, int, int]]) -> None:
    patient = np.repeat(np.arange(PATIENTS), 2 * TICKS)
    t = np.tile(np.arange(2 * TICKS) / 2 - 2, PATIENTS)
    found = inside(spans_of(rows), patient, t)
    wanted = [
        plainly_inside(rows, who, when)
        for who, when in zip(patient.tolist(), t.tolist(), strict=True)
    ]
    assert found.tolist() == wanted


@given(st.lists(SPAN, max_size=12))
def test_a_union_has_no_overlap_and_the_same_length(rows: list[tuple[int, int, int]]) -> None:
    one = union(spans_of(rows))
    same = one.patient[1:] == one.patient[:-1]
    assert (one.start[1:][same] > one.end[:-1][same]).all()
    assert (one.start <= one.end).all()
    ticks = np.zeros((PATIENTS, 2 * TICKS), dtype=bool)
    for who, start, length in rows:
        ticks[who, start : start + max(length, 0)] = True
    assert days(spans_of(rows), PATIENTS).tolist() == ticks.sum(axis=1).tolist()


def test_cut_keeps_what_is_within_each_patients_own_time() -> None:
    spans = spans_of([(0, 1, 9), (1, 1, 2), (1, 8, 4)])
    cut = spans.cut(np.array([2.0, 5.0]), np.array([8.0, 9.0]))
    assert cut.patient.tolist() == [0, 1]
    assert (cut.start.tolist(), cut.end.tolist()) == ([2.0, 8.0], [8.0, 9.0])


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_pairs_are_all_pairs(left: list[int], right: list[int]) -> None:
    right = sorted(right)
    i, j = pairs(np.array(left, dtype=int), np.array(right, dtype=int))
    wanted = [(a, b) for a in range(len(left)) for b in range(len(right)) if left[a] == right[b]]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == wanted
