"""The truth table that a simulator writes and a judge reads."""

import numpy as np
import pytest

from devices.simulated.cohort import TRUTH as SIMULATED
from devices.truth import COLUMNS, TRUTH, checked


def episode() -> np.ndarray:
    rows = np.zeros(1, TRUTH)
    rows["kind"], rows["t0"], rows["t_index"], rows["t_end"] = "hf", 10, 17, 28
    return rows


def test_the_simulator_writes_at_least_these_columns() -> None:
    assert [(name, SIMULATED[name]) for name, _ in COLUMNS] == [
        (name, np.dtype(kind)) for name, kind in COLUMNS
    ]


def test_a_good_table_comes_back() -> None:
    rows = episode()
    assert checked(rows) is rows


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("kind", "flu", "flu"),
        ("t0", np.nan, "t0 is a day"),
        ("t_end", np.inf, "t_end is a day"),
        ("t_index", 9.0, "t0 <= t_index"),
        ("t_index", 29.0, "t0 <= t_index"),
        ("t_index", np.nan, "t0 <= t_index"),
    ],
)
def test_a_bad_table_is_refused(column: str, value: object, says: str) -> None:
    rows = episode()
    rows[column] = value
    with pytest.raises(ValueError, match=says):
        checked(rows)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="admitted"):
        checked(np.zeros(1, [name for name in TRUTH.descr if name[0] != "admitted"]))
