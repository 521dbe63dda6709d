"""What a condition is given, and what it answers.

A `Sitting` is one call of `step` or `clock` after screening; a `Verdict` is one rule's view of
it. Both are columns: n rows at once, nothing about other patients.
"""

from dataclasses import dataclass

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.profile import Profile


@dataclass(frozen=True, slots=True)
class Sitting:
    """n rows of one call.

    t (n,) time of the readings, days; now (n,) the latest time known, never before t; day (n,)
    whole days; x (n, S) accepted readings, NaN = none; present (n, S) a reading came, accepted
    or not; grams (n,) accepted weight, 0 = none; answers (n, Q) int8 of this call. mean (n, S)
    the personal base before this reading: what the clinic decided, else the learnt baseline, NaN
    when there is neither; sd, count (n, S) of the learnt baseline, the floor and 0 when empty;
    known (n, S) the base is decided, or learnt well enough; past_grams, past_days (n, 8) daily
    lowest weights; suspect (n, S) last reading if it was refused; contact_day (n, S) day of the
    last reading.
    """

    profile: Profile
    t: Floats
    now: Floats
    day: Ints
    x: Floats
    present: Bools
    grams: Ints
    answers: Ints
    mean: Floats
    sd: Floats
    count: Floats
    known: Bools
    past_grams: Ints
    past_days: Ints
    suspect: Floats
    contact_day: Ints


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule on n rows, each array (n,).

    asked: there was something to judge. ran: it could be judged; asked but not run is
    INSUFFICIENT. level: the colour of this reading alone (GREEN, YELLOW, RED …), before any
    confirmation. clear: on the safe side of the deadband. value, limit_yellow, limit_red,
    extra: evidence in the rule's unit. baseline: the column of the baseline used. since: the
    data time at which the level was reached, where that is not the time of the reading. weak: a
    sign below the level that makes a yellow when it is seen k of n times. ask: measurements are
    wanted every day from now on.
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
    since: Floats | None = None
    weak: Bools | None = None
    ask: Bools | None = None
