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
