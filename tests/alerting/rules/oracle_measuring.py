"""R24 and T01 in plain Python, the quality screen, and which rules apply to whom.

In: the oracle's patient. Out: `Seen`, accepted readings, rule ids. R24 walks through the calendar
day by day. Written from sections 1.7 and 4.1 of the clinical reference.
"""

import datetime
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerting.rules import Rule
from tests.alerting.rules.oracle_seen import (
    BLUE,
    GREEN,
    NAN,
    NONE,
    ORDER,
    TECHNICAL,
    YELLOW,
    Now,
    Seen,
)

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Patient

Params = Mapping[str, float]
PLAUSIBLE = {
    "spo2": (50, 100),
    "pulse": (25, 220),
    "weight": (30, 250),
    "systolic": (60, 260),
    "diastolic": (30, 160),
    "fev1": (0.2, 6),
    "pef": (30, 900),
}
EPOCH = datetime.date(1970, 1, 1).toordinal()
RECENT, USUAL = 10.0, 60.0
"""Half-lives in days: a mean age of about two weeks and of about three months."""


def screen(who: "Patient", given: Mapping[str, float], params: Params) -> dict[str, float]:
    """The readings that can be this patient's; remembers those that cannot."""
    good = {a: x for a, x in given.items() if PLAUSIBLE[a][0] <= x <= PLAUSIBLE[a][1]}
    if "systolic" in good and "diastolic" in good and good["diastolic"] >= good["systolic"]:
        del good["systolic"], good["diastolic"]
    if "weight" in good:
        grams = round(good["weight"] * 1000)
        refused = who.suspect.get("weight")
        agrees = refused is not None and (
            abs(refused * 1000 - grams) < params["agree_kg"] * 1000 + 0.5
        )
        if who.accepted is not None and not agrees:
            change = abs(grams - who.accepted)
            far = change > params["jump_kg"] * 1000
            if far or change * 100 > params["jump_percent"] * who.accepted:
                del good["weight"]
        if "weight" in good:
            who.accepted = grams
    for alias, x in given.items():
        if alias in good:
            who.suspect.pop(alias, None)
        else:
            who.suspect[alias] = x
    return good


def quality(who: "Patient", now: Now, params: Params) -> Seen | None:
    if not now.present:
        return None
    for place, alias in enumerate(ORDER):
        if alias in who.suspect:
            return Seen(TECHNICAL, False, True, who.suspect[alias], extra=float(place))
    return Seen(GREEN, True)


def is_due(who: "Patient", day: int) -> bool:
    return bool(who.plan >> datetime.date.fromordinal(EPOCH + day).weekday() & 1)


def watched(who: "Patient") -> bool:
    return bool(who.expected) and who.plan > 0 and not who.paused


def met_until(who: "Patient") -> int:
    """The last day on which every expected signal had been measured, on it or later."""
    return min(max(who.contact.get(a, who.start - 1), who.start - 1) for a in who.expected)


def note_contact(who: "Patient", aliases: set[str], day: int) -> None:
    """Who measured; and of the due days that this settles, that one was met."""
    before = met_until(who) if who.expected else 0
    for alias in aliases:
        who.contact[alias] = max(day, who.contact.get(alias, day))
    if watched(who):
        after = met_until(who)
        due = sum(is_due(who, one) for one in range(before + 1, after + 1))
        if due:
            who.kept.append((after, 1, due))


def slackens(who: "Patient", day: int, params: Params) -> bool:
    """Whether a due day missed on top of the others is a yellow one already.

    Lately (two weeks) at most half of what is usual (three months) is met, and three are missed.
    """
    met_lately = missed_lately = met_usually = due_usually = 0.0
    for then, met, due in who.kept:
        lately, usually = 2.0 ** ((then - day) / RECENT), 2.0 ** ((then - day) / USUAL)
        met_lately += met * lately
        missed_lately += (due - met) * lately
        met_usually += met * usually
        due_usually += due * usually
    missed_lately += 1.0
    lately = met_lately / (met_lately + missed_lately)
    usual = met_usually / (due_usually + 1.0)
    return lately <= params["share"] * usual and missed_lately >= params["lately"]


def missing(who: "Patient", now: float, params: Params) -> Seen:
    if not watched(who):
        return Seen(NONE, False, False)
    missed = []
    for day in range(met_until(who) + 1, math.floor(now) + 1):
        overdue = day + params["grace_days"] + who.due_hour / 24
        if overdue > now:
            break
        if is_due(who, day):
            missed.append((day, overdue))
    count = float(len(missed))
    if not missed:
        return Seen(GREEN, True, True, 0.0, params["yellow"], extra=0.0)
    level, since = BLUE, missed[0][1]
    long = [at for day, at in missed[1:2] if day - met_until(who) >= params["silent_days"]]
    in_a_row = long or [at for _, at in missed[2:3]]
    if slackens(who, missed[0][0], params):
        level = YELLOW
    elif in_a_row:
        level, since = YELLOW, in_a_row[0]
    return Seen(level, False, True, count, params["yellow"], extra=count, since=since)


def applies(who: "Patient", rule: Rule) -> bool:
    """Whether the plan gives the rule what it looks at, often enough, and it is meant for him."""
    if who.plan.bit_count() < rule.per_week_min or not (who.expected or who.symptoms_asked):
        return False
    if rule.id == "R02":
        meant = who.on_oxygen and who.scale2
    elif rule.id == "R21":
        return who.symptoms_asked
    elif rule.id == "R24":
        return watched(who)
    else:
        meant = {"R22": who.copd, "R23": who.heart_failure}.get(rule.id, True)
    planned = sum(alias in who.expected for alias in rule.signals)
    return meant and planned >= (len(rule.signals) if rule.needs == "all" else 1)


__all__ = ["NAN", "applies", "missing", "note_contact", "quality", "screen"]
