"""What a condition is given, and what it answers.

A `Sitting` is one call of `step` or `clock` after screening; a `Verdict` is one rule's view of
it. Both are columns: n rows at once, nothing about other patients.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.profile import Known

if TYPE_CHECKING:
    from alerting.rules.state import State

Told: TypeAlias = Floats | float | Callable[[], Floats]
"""Evidence (n,), one number for all, or how to compute it when somebody asks: out of arrays that
nobody changes, never of the state or a view of a profile."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """n rows of one call.

    t (n,) time of the readings, days; now (n,) the latest time known, never before t; day (n,)
    whole days.

    Readings: x (n, S) accepted ones, NaN = none; good (n, S) there is one; present (n, S) one came,
    accepted or refused (a doubtful one is as none); first (n, S) the first accepted one of its
    local day; grams (n,) int32 accepted weight, 0 = none; weights_back (7, n) int32 the lowest
    accepted weight of yesterday, of the day before and so on, 0 = none.

    What is usual: mean, sd, count (n, S) the personal baseline before this reading, NaN mean when
    empty; known (n, S) it is valid; z (n, S) how far the reading lies above the mean, in sd, NaN =
    cannot say; decided (n, S) the base value of the clinic, NaN = none; base (n, S) what relative
    rules compare with: that, else a valid baseline, else NaN; based (n, S) there is one.

    met (n,) the last local day whose due measurements are met; answers (n, Q) int8 of this call;
    answered (n, Q) there is one; yes (n, Q) bool, said yes today, in this call or before; state:
    the memory of these rows, with this reading in what is counted up to and including now (trend,
    moving averages, CUSUM) and without it elsewhere.
    """

    profile: Known
    t: Floats
    now: Floats
    day: Ints
    x: Floats
    good: Bools
    present: Bools
    first: Bools
    grams: Ints
    weights_back: Ints
    mean: Floats
    sd: Floats
    count: Floats
    known: Bools
    z: Floats
    decided: Floats
    base: Floats
    based: Bools
    met: Ints
    answers: Ints
    answered: Bools
    yes: Bools
    state: "State"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule on n rows, each array (n,).

    asked: there was something to judge. ran: it could be judged; asked but not run is
    INSUFFICIENT. level: the colour of this reading alone (GREEN, YELLOW, RED …), before any
    confirmation. clear: on the safe side of the deadband. value, limit_yellow, limit_red, extra:
    evidence in the rule's unit. baseline: the column of the baseline used; based: in its place the
    clinic's base value, where one is decided. since: the data time at which the level was reached,
    where that is not the time of the reading. at_once: a colour that this reading alone gives,
    whatever the confirmation.
    """

    asked: Bools
    ran: Bools
    level: Ints
    clear: Bools
    value: Told
    limit_yellow: Told
    limit_red: Told
    extra: Told | None = None
    baseline: int | None = None
    based: bool = False
    since: Floats | None = None
    at_once: Ints | None = None
