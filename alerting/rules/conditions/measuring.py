"""What is said about the measuring itself: R24 missing, T01 doubtful."""

import numpy as np

from alerting.rules.arrays import Bools, Ints
from alerting.rules.colour import Colour
from alerting.rules.conditions.sides import Params
from alerting.rules.due_days import count_due, nth_due
from alerting.rules.profile import Profile
from alerting.rules.sitting import Sitting, Verdict


def missing(s: Sitting, params: Params) -> Verdict:
    """R24. Due days that no reading has met, counted when they are overdue.

    A due day is met by a reading of every expected signal on that day or later. It is overdue
    `grace_days` after its due time; the onset is that instant, whenever anyone looks.
    """
    profile = s.profile
    plan, hour = profile.plan_weekdays, profile.due_hour / 24.0
    last_day = np.floor(s.now - params["grace_days"])
    overdue = last_day + params["grace_days"] + hour <= s.now
    last = last_day.astype(np.int64) - ~overdue
    met, ran = met_until(profile, s.contact_day)
    met = np.where(ran, met, last)
    missed = count_due(plan, met, last)
    yellow = missed >= params["yellow"]
    nth = np.where(
        yellow,
        nth_due(plan, met, int(params["yellow"])),
        nth_due(plan, met, int(params["blue"])),
    )
    level = np.where(yellow, Colour.YELLOW, Colour.GREEN)
    return Verdict(
        asked=np.ones_like(ran),
        ran=ran,
        level=np.where(~yellow & (missed >= params["blue"]), Colour.BLUE, level),
        clear=missed == 0,
        value=np.where(ran, missed, np.nan),
        limit_yellow=params["yellow"],
        limit_red=params["yellow"],
        extra=np.where(ran, missed, np.nan),
        since=nth + params["grace_days"] + hour,
    )


def met_until(profile: Profile, contact_day: Ints) -> tuple[Ints, Bools]:
    """The last local day whose due measurements are met (n,), and whether anything is due (n,)."""
    reached = np.maximum(contact_day, profile.start_day[:, None] - 1)
    met: Ints = np.where(profile.expected, reached, np.iinfo(np.int64).max).min(axis=1)
    planned = (profile.plan_weekdays & 0x7F) > 0
    watched: Bools = profile.expected.any(axis=1) & planned & ~profile.paused
    return met, watched


def quality(s: Sitting, params: Params) -> Verdict:
    """T01. The last reading of some signal was refused by the screen."""
    del params
    waiting = ~np.isnan(s.suspect)
    first = waiting.argmax(axis=1)
    any_waiting: Bools = np.any(waiting, axis=1)
    value = np.take_along_axis(s.suspect, first[:, None], axis=1)[:, 0]
    asked: Bools = np.any(s.present, axis=1)
    return Verdict(
        asked=asked,
        ran=asked,
        level=np.where(any_waiting, Colour.TECHNICAL, Colour.GREEN),
        clear=~any_waiting,
        value=value,
        limit_yellow=np.nan,
        limit_red=np.nan,
        extra=np.where(any_waiting, first, np.nan),
    )
