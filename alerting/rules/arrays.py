"""The array types of the rules core, and what its axes mean.

Axes are always (patients or rows, then signals or rules, then slots). `n` is the number of
rows in one call, `P` all patients, `S` signals, `R` rules. Times are float64 days since
1970-01-01 in local civil time, so that floor(t) is the local calendar day; days are integers.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = slice | npt.NDArray[np.integer[Any]]
