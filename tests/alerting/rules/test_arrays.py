"""Choosing by bits is `np.where` and masked assignment, for every type and shape of the core."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alerting.rules.arrays import chosen, for_all, put

TYPES = (np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64)


@st.composite
def choices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flags (n, c) or (n, 1), and two arrays (n, c) of one type that may hold NaN and infinity."""
    dtype = draw(st.sampled_from(TYPES))
    shape = draw(st.tuples(st.integers(0, 9), st.integers(1, 4)))
    one, other = (draw(hnp.arrays(dtype, shape)) for _ in range(2))
    wide = draw(st.sampled_from([shape, (shape[0], 1)]))
    return draw(hnp.arrays(np.bool_, wide)), one, other


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
