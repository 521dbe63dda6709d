"""What a condition is given, and what it answers.

A `Sitting` is one call of `step` or `clock` after screening; a `Verdict` is one rule's view of
it. Both are columns: n rows at once, nothing about other patients.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.profile import Profile

if TYPE_CHECKING:
    from alerting.rules.state import State


@dataclass(frozen=True, slots=True)
class Sitting:
    """n rows of one call.

    t (n,) time of the readings, days; now (n,) the latest time known, never before t; day (n,)
    whole days; x (n, S) accepted readings, NaN = none; present (n, S) a reading came, accepted or
    refused (a doubtful one is as none); first (n, S) the reading is the first accepted one of its
    local day; grams (n,) accepted weight, 0 = none; mean, sd, count (n, S) the personal baseline
    before this reading, NaN mean when empty; known (n, S) the baseline is valid; base (n, S) what
    relative rules compare with: the clinic's base value, else a valid baseline, else NaN; answers
    (n, Q) int8 of this call; yes (n, Q) bool, said yes today, in this call or before; state: the
    memory of these rows, with this reading in what is counted up to and including now (trend,
    moving averages, CUSUM) and without it elsewhere.
    """

    profile: Profile
    t: Floats
    now: Floats
    day: Ints
    x: Floats
    present: Bools
    first: Bools
    grams: Ints
    mean: Floats
    sd: Floats
    count: Floats
    known: Bools
    base: Floats
    answers: Ints
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
    value: Floats
    limit_yellow: Floats | float
    limit_red: Floats | float
    extra: Floats | None = None
    baseline: int | None = None
    based: bool = False
    since: Floats | None = None
    at_once: Ints | None = None
