"""The array types of the rules core, and what its axes mean.

Axes are always (patients or rows, then signals or rules, then slots). `n` is the number of
rows in one call, `P` all patients, `S` signals, `R` rules. Times are float64 days since
1970-01-01 in local civil time, so that floor(t) is the local calendar day; days are integers.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = slice | npt.NDArray[np.integer[Any]]
Scalar = TypeVar("Scalar", bound=np.generic)

FLOAT_TYPES: Final = (np.dtype(np.float32), np.dtype(np.float64))
"""What a state may hold its numbers in."""
BITS_MAX: Final = 31
"""Flags that an int32 holds without its sign."""
BYTE: Final = 8
_WIDEST: Final = 4
"""Bytes of a number up to which all values are taken by their bits."""
_SAME_SIZE: Final[dict[int, np.dtype[np.signedinteger[Any]]]] = {
    1: np.dtype(np.int8),
    2: np.dtype(np.int16),
    4: np.dtype(np.int32),
}

_LONG: Final = 1024
"""From so many flags on it pays to take all values."""
_RARE: Final = 64
"""Where one flag in so many is set, jumping is quicker."""


def is_all(rows: Rows) -> bool:
    """Whether a slice of everything is meant: the arrays themselves, then, and no copies."""
    return isinstance(rows, slice) and rows == slice(None)


def by_columns(array: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """(n, columns) of a type, each column contiguous; as it is where that holds already. Rules work
    column by column over many rows, so everything of the core lies that way.

    >>> by_columns([[1, 2], [3, 4]], np.int8).strides
    (1, 2)
    """
    given = np.asarray(array, dtype=dtype)
    return given if given.strides[0] == given.itemsize else np.asfortranarray(given)


def where_set(flags: Bools) -> tuple[Ints, Ints]:
    """(places, rows) of the set flags (n, columns), column by column; `flat` takes the places.

    >>> [part.tolist() for part in where_set(np.array([[True, False], [True, True]]))]
    [[0, 1, 3], [0, 1, 1]]
    """
    place = np.flatnonzero(flags.T)
    return place, remainder(place, max(len(flags), 1))


def flat(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """An array of the core (n, ...) as one row, column by column: a view, several times as fast to
    look up as by row and column.

    >>> flat(np.array([[1, 2], [3, 4]], order="F")).tolist()
    [1, 3, 2, 4]
    """
    assert array.flags.f_contiguous
    return array.T.reshape(-1)


def chosen(where: Bools, then: Any, otherwise: Any) -> npt.NDArray[Any]:
    """`np.where` by the bits of the values: the same, and many times as fast where flags are mixed.

    NumPy looks at each flag and jumps; long columns of one to four bytes are quicker taken whole.

    >>> chosen(np.array([True, False]), np.array([1, 2], np.int8), np.int8(0)).tolist()
    [1, 0]
    """
    taken: npt.NDArray[Any]
    dtype: np.dtype[Any]
    if where.size < _LONG or (dtype := np.result_type(then, otherwise)).itemsize > _WIDEST:
        taken = np.where(where, then, otherwise)
        return taken
    bits = _SAME_SIZE[dtype.itemsize]
    one, other = np.asarray(then, dtype).view(bits), np.asarray(otherwise, dtype).view(bits)
    taken = ((one ^ other) & _mask(where, bits) ^ other).view(dtype)
    return taken


def _mask(where: Bools, bits: np.dtype[Any]) -> Ints:
    """Each flag as a number of all bits, or none."""
    mask: Ints = np.negative(where.view(np.int8)).astype(bits, copy=False)
    return mask


def put(array: npt.NDArray[Any], where: Bools, new: Any) -> None:
    """`array[where] = new[where]` by the bits, as `chosen`, or flag by flag where few are
    set; `new` may be of another type.

    >>> numbers = np.array([1, 2], np.int16)
    >>> put(numbers, np.array([True, False]), 7.0)
    >>> numbers.tolist()
    [7, 2]
    """
    put_each(where, (array, new))


def put_each(where: Bools, *moves: tuple[npt.NDArray[Any], Any]) -> None:
    """`put` into several arrays by the same flags: (array, new) each.

    >>> numbers, letters = np.array([1, 2], np.int16), np.array([3, 4], np.int8)
    >>> put_each(np.array([True, False]), (numbers, 7), (letters, 8))
    >>> numbers.tolist(), letters.tolist()
    ([7, 2], [8, 4])
    """
    few = where.size < _LONG or np.count_nonzero(where) * _RARE < where.size
    masks: dict[np.dtype[Any], Ints] = {}
    for array, new in moves:
        if few or array.itemsize > _WIDEST:
            np.copyto(array, new, where=where, casting="unsafe")
            continue
        bits = _SAME_SIZE[array.itemsize]
        if bits not in masks:
            masks[bits] = _mask(where, bits)
        kept, taken = array.view(bits), np.asarray(new).astype(array.dtype, copy=False).view(bits)
        kept ^= (kept ^ taken) & masks[bits]


def at_slot(ring: npt.NDArray[Scalar], slot: Ints) -> npt.NDArray[Scalar]:
    """What lies in the slots of each row of a ring, to be read only: (n, slots) and (..., n) →
    (..., n), or (n, columns, slots) and (n,) → (n, columns). Whole columns where all rows have the
    same slots, as they have in a day of many rows.

    >>> at_slot(np.array([[1, 2], [3, 4]]), np.array([1, 0])).tolist()
    [2, 3]
    """
    if _alike(slot):
        return ring[..., slot[0]] if slot.ndim == 1 else ring.T[slot[..., 0]]
    return ring[np.arange(len(ring)), ..., slot]


def put_at(ring: npt.NDArray[Any], slot: Ints, where: Bools, new: Any) -> None:
    """`new` (n, ...) into the slot (n,) of each row of a ring (n, ..., slots), `where` (n, ...).

    >>> ring = np.zeros((2, 2), dtype=np.int8)
    >>> put_at(ring, np.array([1, 0]), np.array([True, True]), np.array([2, 3], dtype=np.int8))
    >>> ring.tolist()
    [[0, 2], [3, 0]]
    """
    if _alike(slot):
        put(ring[..., slot[0]], where, new)
    else:
        place = np.nonzero(where)
        ring[(*place, slot[place[0]])] = new[place]


def _alike(slot: Ints) -> bool:
    return slot.size > 0 and bool((slot == slot[..., :1]).all())


def any_of(
    flags: npt.NDArray[Scalar], groups: Sequence[npt.NDArray[np.intp]]
) -> npt.NDArray[Scalar]:
    """(n, columns) → (n, groups): whether any column of each group has the flag, bit by bit.

    >>> any_of(np.array([[True, False, False]]), [np.array([0, 1]), np.array([2])]).tolist()
    [[True, False]]
    """
    found = np.empty((len(flags), len(groups)), dtype=flags.dtype, order="F")
    for place, group in enumerate(groups):
        np.bitwise_or.reduce(flags.T[group], axis=0, out=found[:, place])
    return found


def remainder(number: Ints, by: int) -> Ints:
    """`number % by`, several times as fast.

    >>> remainder(np.array([-1, 15]), 7).tolist()
    [6, 1]
    """
    return number - number // by * by


def for_all(row: npt.NDArray[Scalar], like: npt.NDArray[Any]) -> npt.NDArray[Scalar]:
    """(columns,) → (n, columns), as large as `like`: NumPy is many times as fast on two whole
    arrays of flags or bytes as on an array and a row.

    >>> for_all(np.array([True, False]), np.zeros((2, 2))).tolist()
    [[True, False], [True, False]]
    """
    whole: npt.NDArray[Scalar] = np.empty(like.shape, dtype=row.dtype, order="F")
    whole[...] = row
    return whole


def packed(flags: Bools) -> Ints:
    """(n, columns) flags as (n,) int32, column i in bit i. At most 31 columns.

    >>> packed(np.array([[True, False, True]])).tolist()
    [5]
    """
    assert flags.shape[1] <= BITS_MAX, (
        f"{flags.shape[1]} flags do not fit {BITS_MAX} bits: a rulebook of more rules needs int64 "
        "in `packed`, and in what `applicable` and `compose` keep of it"
    )
    bits = np.zeros(len(flags), dtype=np.int32)
    for start in range(0, flags.shape[1], 8):
        bits |= in_bytes(flags.T[start : start + 8]).astype(np.int32) << start
    return bits


def in_bytes(flags: Sequence[Bools] | Bools) -> npt.NDArray[np.uint8]:
    """Up to eight flags as one uint8, the first in bit 0.

    >>> in_bytes([np.array([True, False]), np.array([True, True])]).tolist()
    [3, 2]
    """
    assert len(flags) <= BYTE, (
        f"{len(flags)} flags do not fit a byte: more signals need uint16 in `in_bytes`, in "
        "`compose` and `worsening`, and in State.further"
    )
    *others, last = flags
    byte: npt.NDArray[np.uint8] = last.view(np.uint8).copy(order="K")
    for flag in others[::-1]:
        byte += byte
        byte |= flag.view(np.uint8)
    return byte
