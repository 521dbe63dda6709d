"""Who measured, and how diligently: what missing measurements (R24) are judged by.

In: a `Profile` and the memory of its rows. `keep_contact` runs when readings come, before anything
is judged; the other functions only look.
"""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import FLOAT_TYPES, Bools, Floats, Ints, put, put_each
from alerting.rules.due_days import count_due
from alerting.rules.primitives import decay
from alerting.rules.profile import Known, Profile

if TYPE_CHECKING:
    from alerting.rules.state import State

LATELY_DAYS: Final = 10.0
USUALLY_DAYS: Final = 60.0
"""Half-lives: a mean age of about two weeks and of about three months (C)."""
GAP_DAYS_MAX: Final = 3650
"""A longer gap counts as so long."""
_LEFT: Final[dict[np.dtype[Any], tuple[Floats, ...]]] = {
    dtype: tuple(
        decay(np.arange(GAP_DAYS_MAX + 1), np.array(half_life)).astype(dtype)
        for half_life in (LATELY_DAYS, USUALLY_DAYS)
    )
    for dtype in FLOAT_TYPES
}
"""What is left after each whole number of days, in the precision of a state."""
_LATEST: Final = np.int32(np.iinfo(np.int32).max)
_EARLIEST: Final = np.int32(np.iinfo(np.int32).min)


def watched(profile: Profile) -> Bools:
    """(n,): something is due on some day, and the citizen is at home."""
    planned = (profile.plan_weekdays & np.uint8(0x7F)) > 0
    due: Bools = np.logical_or.reduce(profile.expected, axis=1) & planned & ~profile.paused
    return due


def met_until(profile: Known, contact_day: Ints) -> npt.NDArray[np.int32]:
    """(n,): the last local day whose due measurements are met."""
    not_expected, day_before = profile.once(_always_met)
    met = np.minimum.reduce(np.maximum(contact_day, not_expected), axis=1)
    latest: npt.NDArray[np.int32] = np.maximum(met, day_before)
    return latest


def lagging(profile: Known, met: Ints, contact_day: Ints) -> Bools:
    """(n, S): the signals that keep the due days after `met` (n,) from being met."""
    not_expected, _ = profile.once(_always_met)
    behind: Bools = np.maximum(contact_day, not_expected) <= met[:, None]
    return behind


def _always_met(profile: Known) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(n, S) the last day where nothing is expected, else the first; (n,) the day before the start.
    Who expects nothing has met it for ever."""
    not_expected = np.where(profile.expected, _EARLIEST, _LATEST)
    return np.asfortranarray(not_expected), profile.start_day.astype(np.int32) - 1


def keep_contact(state: "State", profile: Known, measured: Bools, day: Ints) -> Ints:
    """Note who measured (n, S) on this day (n,), and count the due days that were met or missed
    until then. Returns `met_until`, as it is then."""
    before = met_until(profile, state.contact_day)
    put(state.contact_day, measured, np.maximum(state.contact_day, day[:, None]))
    after = met_until(profile, state.contact_day)
    passed = count_due(profile.plan_weekdays, before, after)
    counts = profile.once(watched) & (passed > 0)
    left, due = _left(state, after - state.kept_day), passed.astype(state.dtype)
    added = (1.0, due, 1.0, due)
    kept = [old * less + more for old, less, more in zip(state.kept.T, left, added, strict=True)]
    put_each(counts, (state.kept_day, after), *zip(state.kept.T, kept, strict=True))
    return after


def missed_days(profile: Known, met: Ints, now: Floats, grace_days: float) -> npt.NDArray[np.int32]:
    """(n,): due days in a row that no reading has met and that are overdue at `now` (n,), local
    days: `grace_days` after their due time. 0 for whom nothing is due."""
    last_day = np.floor(now - grace_days)
    overdue = last_day + grace_days + profile.due_hour / 24.0 <= now
    last = last_day.astype(np.int64) - ~overdue
    missed = np.zeros(len(last), dtype=np.int32)
    behind = np.flatnonzero(profile.once(watched) & (met < last))
    missed[behind] = count_due(profile.plan_weekdays[behind], met[behind], last[behind])
    return missed


def diligence(state: "State", rows: Ints, missed_day: Ints) -> tuple[Floats, Floats, Floats]:
    """Shares of due days met lately and usually, and how many were not lately; (len(rows),) each.

    As they stand on `missed_day`, the first due day that is not met: it counts, too.
    """
    left = _left(state, missed_day - state.kept_day[rows])
    met_lately, due_lately, met_usually, due_usually = (
        old[rows] * less for old, less in zip(state.kept.T, left, strict=True)
    )
    due_lately, due_usually = due_lately + 1.0, due_usually + 1.0
    return met_lately / due_lately, met_usually / due_usually, due_lately - met_lately


def _left(state: "State", days: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """What is left after so many days (n,) of each column of `State.kept`: due days met and due,
    lately and usually."""
    gap = np.minimum(np.maximum(days, 0), GAP_DAYS_MAX)
    lately, usually = (table[gap] for table in _LEFT[state.dtype])
    return lately, lately, usually, usually
