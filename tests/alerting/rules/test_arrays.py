"""Choosing by bits is `np.where` and masked assignment, for every type and shape of the core."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alerting.rules.arrays import at_slot, chosen, for_all, put, put_at, put_each, remainder

TYPES = (np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64)


@st.composite
def choices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flags (n, c) or (n, 1), and two arrays (n, c) of one type that may hold NaN and infinity.

    Few rows or many, mixed flags or hardly any: they go different ways.
    """
    dtype = draw(st.sampled_from(TYPES))
    shape = draw(st.tuples(st.integers(0, 9), st.integers(1, 4)))
    one, other = (draw(hnp.arrays(dtype, shape)) for _ in range(2))
    wide = draw(st.sampled_from([shape, (shape[0], 1)]))
    where = draw(hnp.arrays(np.bool_, wide))
    times = draw(st.sampled_from([1, 1500]))
    where, one, other = (np.tile(array, (times, 1)) for array in (where, one, other))
    if draw(st.booleans()):
        where[10:] = False
    return where, one, other


@given(choices())
def test_chosen_is_where_to_the_bit(choice: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    where, one, other = choice
    mine, theirs = chosen(where, one, other), np.where(where, one, other)
    assert mine.dtype == theirs.dtype
    assert mine.tobytes() == theirs.tobytes()


@given(choices())
def test_put_is_a_masked_assignment(choice: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    where, one, other = choice
    mine, theirs = np.asfortranarray(other), other.copy()
    put(mine, where, one)
    np.copyto(theirs, one, where=where)
    assert mine.tobytes() == theirs.tobytes()


@given(choices())
def test_several_by_the_same_flags(choice: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    where, one, other = choice
    mine = [np.asfortranarray(other), np.zeros(other.shape, np.int8), np.zeros(other.shape)]
    theirs = [array.copy() for array in mine]
    news: list[np.ndarray | float] = [one, 7, 2.5]
    put_each(where, *zip(mine, news, strict=True))
    for array, new, left in zip(theirs, news, mine, strict=True):
        np.copyto(array, new, where=where, casting="unsafe")
        assert left.tobytes() == array.tobytes()


@given(st.lists(st.integers(0, 7), min_size=1, max_size=5), st.booleans())
def test_rings_are_read_and_written_slot_by_slot(slots: list[int], alike: bool) -> None:
    slot = np.array([slots[0]] * len(slots) if alike else slots)
    ring = np.asfortranarray(np.arange(8.0 * len(slots)).reshape(len(slots), 8))
    np.testing.assert_array_equal(at_slot(ring, slot), ring[np.arange(len(slot)), slot])
    several = np.stack([slot, (slot + 1) % 8])
    np.testing.assert_array_equal(at_slot(ring, several), ring[np.arange(len(slot)), several])
    deep = np.asfortranarray(np.arange(24.0 * len(slots)).reshape(len(slots), 3, 8))
    np.testing.assert_array_equal(at_slot(deep, slot), deep[np.arange(len(slot)), :, slot])
    written, where = ring.copy(order="F"), slot % 2 == 0
    put_at(written, slot, where, np.full(len(slot), -1.0))
    expected = ring.copy()
    expected[np.flatnonzero(where), slot[where]] = -1.0
    np.testing.assert_array_equal(written, expected)


@given(st.integers(-(1 << 30), 1 << 30), st.integers(1, 20))
def test_the_remainder(number: int, by: int) -> None:
    assert remainder(np.array([number], dtype=np.int32), by)[0] == number % by


def test_put_reaches_through_a_view_and_changes_the_type() -> None:
    array = np.zeros((3, 2), dtype=np.float32, order="F")
    put(array[:, 1], np.array([True, False, True]), np.array([0.1, 0.2, np.nan]))
    np.testing.assert_array_equal(array[:, 1], np.array([0.1, 0.0, np.nan], dtype=np.float32))
    assert not array[:, 0].any()


@pytest.mark.parametrize("scalar", [np.float32(2.5), 2.5, np.nan])
def test_a_number_beside_a_column_keeps_the_columns_type(scalar: float) -> None:
    column = np.array([1.0, 2.0], dtype=np.float32)
    found = chosen(np.array([True, False]), scalar, column)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([scalar, 2.0], dtype=np.float32))


def test_a_row_for_all() -> None:
    row, like = np.array([True, False, True]), np.zeros((4, 3))
    np.testing.assert_array_equal(for_all(row, like), np.broadcast_to(row, (4, 3)))
