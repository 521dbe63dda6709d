"""Counting the due days of a weekly plan without walking through the calendar.

A plan is a uint8 mask, bit i = weekday i, Monday = 0. Days are integers since 1970-01-01 (a
Thursday). The two tables below answer for every plan and weekday; whole weeks are arithmetic.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Ints, remainder

_THURSDAY: Final = 3
_PLANS: Final = 1 << 7
NTH_MAX: Final = 8
"""So many due days ahead are in the table."""


def _tables() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(plan, first weekday, length 0..6) → due days; (plan, first weekday, k-1) → days to kth."""
    plans, weekdays = np.arange(_PLANS)[:, None, None], np.arange(7)[None, :, None]
    ahead = np.arange(7 * NTH_MAX)[None, None, :]
    due = (plans >> ((weekdays + ahead) % 7)) & 1
    upto = np.cumsum(due, axis=2)
    within = np.concatenate([np.zeros_like(upto[:, :, :1]), upto[:, :, :6]], axis=2)
    nth = np.stack([(upto >= k).argmax(axis=2) for k in range(1, NTH_MAX + 1)], axis=2)
    return within, nth


_WITHIN, _NTH = _tables()


def weekday(day: Ints) -> Ints:
    """Monday = 0.

    >>> int(weekday(np.array(0)))
    3
    """
    return remainder(day + _THURSDAY, 7)


def count_due(plan: Ints, after: Ints, last: Ints) -> Ints:
    """The number of due days d with after < d <= last; 0 when last is not later.

    >>> int(count_due(np.array(0b0001001), np.array(0), np.array(14)))  # Mon and Thu
    4
    """
    passed = np.maximum(last - after, 0)
    weeks = passed // 7
    rest = passed - 7 * weeks
    plan = np.bitwise_and(plan, _PLANS - 1)
    place = (plan * np.int32(7) + weekday(after + 1)) * 7 + rest
    counted: Ints = np.bitwise_count(plan) * weeks + _WITHIN.ravel()[place]
    return counted


def nth_due(plan: Ints, after: Ints, nth: int) -> Ints:
    """The nth (1 to NTH_MAX) due day later than `after`. Meaningless for an empty plan.

    >>> int(nth_due(np.array(0b0001001), np.array(0), 2))  # Mon 5, Thu 8 January 1970 (day 7)
    7
    """
    plan = np.bitwise_and(plan, _PLANS - 1).astype(np.intp)
    day: Ints = after + 1 + _NTH[plan, weekday(after + 1), nth - 1]
    return day
