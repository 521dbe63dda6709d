"""The array types of the rules core, and what its axes mean.

Axes are always (patients or rows, then signals or rules, then slots). `n` is the number of
rows in one call, `P` all patients, `S` signals, `R` rules. Times are float64 days since
1970-01-01 in local civil time, so that floor(t) is the local calendar day; days are integers.
"""

from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = slice | npt.NDArray[np.integer[Any]]
Scalar = TypeVar("Scalar", bound=np.generic)

_SAME_SIZE: Final[dict[int, np.dtype[np.signedinteger[Any]]]] = {
    1: np.dtype(np.int8),
    2: np.dtype(np.int16),
    4: np.dtype(np.int32),
}


def columns(array: npt.NDArray[Scalar], rows: Rows | None = None) -> npt.NDArray[Scalar]:
    """The array with each column contiguous; as it is when it was cut by a slice (a view).

    Rules work column by column over many rows, so everything of the core lies that way.
    """
    return array if isinstance(rows, slice) else np.asfortranarray(array)


def where_set(flags: Bools) -> tuple[Ints, Ints]:
    """(rows, columns) of the set flags (n, columns), column by column, as they lie in memory.

    >>> [part.tolist() for part in where_set(np.array([[True, False], [True, True]]))]
    [[0, 1, 1], [0, 0, 1]]
    """
    place = np.flatnonzero(flags.T)
    column = place // max(len(flags), 1)
    row: Ints = place - column * len(flags)
    return row, column


def chosen(where: Bools, then: Any, otherwise: Any) -> npt.NDArray[Any]:
    """`np.where` by the bits of the values: the same, and many times as fast where flags are mixed.

    NumPy looks at each flag and jumps; columns of one to four bytes are quicker taken whole.

    >>> chosen(np.array([True, False]), np.array([1, 2], np.int8), np.int8(0)).tolist()
    [1, 0]
    """
    dtype: np.dtype[Any] = np.result_type(then, otherwise)
    taken: npt.NDArray[Any]
    bits = _SAME_SIZE.get(dtype.itemsize)
    if bits is None:
        taken = np.where(where, then, otherwise)
        return taken
    one, other = np.asarray(then, dtype).view(bits), np.asarray(otherwise, dtype).view(bits)
    mask: Ints = np.negative(where.view(np.int8)).astype(bits, copy=False)
    taken = ((one ^ other) & mask ^ other).view(dtype)
    return taken


def put(array: npt.NDArray[Any], where: Bools, new: Any) -> None:
    """`array[where] = new[where]` by the bits, as `chosen`; `new` may be of another type.

    >>> numbers = np.array([1, 2], np.int16)
    >>> put(numbers, np.array([True, False]), 7.0)
    >>> numbers.tolist()
    [7, 2]
    """
    new = np.asarray(new).astype(array.dtype, copy=False)
    bits = _SAME_SIZE.get(array.itemsize)
    if bits is None:
        np.copyto(array, new, where=where)
        return
    mask: Ints = np.negative(where.view(np.int8)).astype(bits, copy=False)
    kept = array.view(bits)
    kept ^= (kept ^ new.view(bits)) & mask


def for_all(row: npt.NDArray[Scalar], like: npt.NDArray[Any]) -> npt.NDArray[Scalar]:
    """(columns,) → (n, columns), as large as `like`: NumPy is many times as fast on two whole
    arrays of flags or bytes as on an array and a row.

    >>> for_all(np.array([True, False]), np.zeros((2, 2))).tolist()
    [[True, False], [True, False]]
    """
    whole: npt.NDArray[Scalar] = np.empty(like.shape, dtype=row.dtype, order="F")
    whole[...] = row
    return whole


_EXACT_BITS: Final = 24
"""So many bits a float32 adds up without rounding."""


def packed(flags: Bools) -> Ints:
    """(n, columns) flags as (n,) integers, column i in bit i.

    >>> packed(np.array([[True, False, True]])).tolist()
    [5]
    """
    bits = np.zeros(len(flags), dtype=np.int64)
    for start in range(0, flags.shape[1], _EXACT_BITS):
        some = flags.T[start : start + _EXACT_BITS]
        weights = np.float32(2.0) ** np.arange(len(some), dtype=np.float32)
        bits |= (weights @ some.astype(np.float32)).astype(np.int64) << start
    return bits
