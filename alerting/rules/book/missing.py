"""Measurements that do not come (R24), and those that look wrong (T01)."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from alerting.rules import contact
from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.due_days import nth_due
from alerting.rules.profile import Profile
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.signals import SIGNALS
from alerting.rules.sitting import Sitting, Verdict

_TECHNICAL: Final = np.int8(Colour.TECHNICAL)


def missing(s: Sitting, params: Params) -> Verdict:
    """R24. Due days that no reading has met, counted when they are overdue.

    A due day is met by a reading of every expected signal on that day or later. It is overdue
    `grace_days` after its due time; the onset is that instant, whenever anyone looks. One missed
    is blue. Two in a row or more are yellow once the last lies `silent_days` after the last that
    was met: the second of a plan of once or twice a week, the third of a daily one. The first is
    yellow already when the citizen has with it met at most `share` of what he used to, and missed
    `lately` or more (weighted over two weeks and three months, as they stand on that day, whenever
    anyone looks).
    """
    profile, hour = s.profile, s.profile.due_hour / 24.0
    ran = profile.once(contact.watched)
    missed = contact.missed_days(profile, s.met, s.now, params["grace_days"])
    level, since = np.zeros(len(missed), dtype=np.int8), np.full(len(missed), np.nan)
    late = np.flatnonzero(missed >= params["blue"])
    yellow, nth = _in_a_row(s, late, s.met[late], missed[late], params)
    level[late] = np.where(yellow, Colour.YELLOW, Colour.BLUE)
    since[late] = nth + params["grace_days"] + hour[late]

    def so_many() -> Floats:
        return np.where(ran, missed, np.nan)

    return Verdict(
        asked=np.ones_like(ran),
        ran=ran,
        level=level,
        clear=missed == 0,
        value=so_many,
        limit_yellow=params["yellow"],
        limit_red=params["yellow"],
        extra=so_many,
        since=since,
    )


def _in_a_row(
    s: Sitting, rows: Ints, met: Ints, missed: Ints, params: Params
) -> tuple[Bools, Ints]:
    """Of `rows` that missed something: whether it is yellow, and the due day since when the colour
    holds; (len(rows),) each, as `met` and `missed` are."""
    plan = s.profile.plan_weekdays[rows]
    first = nth_due(plan, met, 1)
    lately, usual, not_met = contact.diligence(s.state, rows, first)
    slack = (lately <= params["share"] * usual) & (not_met >= params["lately"])
    second = int(params["yellow"])
    due = nth_due(plan, met, second)
    early = due - met >= params["silent_days"]
    row = (missed >= second) & (early | (missed > second))
    later = np.where(early, due, nth_due(plan, met, second + 1))
    return row | slack, np.where(row & ~slack, later, first)


def planned(profile: Profile) -> Bools:
    """Whose measurements are due on some day."""
    return contact.watched(profile)


def quality(s: Sitting, params: Params) -> Verdict:
    """T01. The last reading of some signal was refused by the screen, or one reading contradicts
    another of the same act, which ends only when a person has settled it."""
    del params
    suspect = s.state.suspect
    waiting = ~np.isnan(suspect)
    is_contested: Bools = s.state.contested_column >= 0
    any_waiting: Bools = np.logical_or.reduce(waiting, axis=1)
    value, column = (np.full(len(suspect), np.nan) for _ in range(2))
    row = np.flatnonzero(any_waiting)
    column[row] = first = waiting[row].argmax(axis=1)
    value[row] = suspect[row, first]
    row = np.flatnonzero(is_contested & ~any_waiting)
    column[row], value[row] = s.state.contested_column[row], s.state.contested[row]
    any_waiting |= is_contested
    asked: Bools = np.any(s.present, axis=1) | is_contested
    return Verdict(
        asked=asked,
        ran=asked,
        level=any_waiting * _TECHNICAL,
        clear=~any_waiting,
        value=value,
        limit_yellow=np.nan,
        limit_red=np.nan,
        extra=column,
    )


def of_signal(evidence: Mapping[str, float], lang: str) -> dict[str, str]:
    """Which signal looked wrong, and its unit."""
    column = evidence["extra"]
    if np.isnan(column):
        return {"signal": "–", "unit": ""}  # noqa: RUF001  what Danish tables print
    if column == len(SIGNALS):
        return {"signal": "Svar" if lang == "da" else "Answers", "unit": ""}
    signal = SIGNALS[int(column)]
    return {"signal": signal.name_da if lang == "da" else signal.name_en, "unit": signal.unit}


ROWS: Final = (
    Rule(
        id="R24",
        slug="missing",
        name_da="Manglende måling",
        name_en="Missing measurement",
        text_da="Aftalte måledage i træk uden måling: {extra:.0f}.",
        text_en="Planned days in a row without a measurement: {extra:.0f}.",
        family="missing",
        home="missing",
        signals=(),
        condition=missing,
        params=numbers(
            grace_days=1.0, blue=1.0, yellow=2.0, silent_days=3.0, call=3.0, share=0.5, lately=3.0
        ),
        sources=texts(
            grace_days="C: a reminder first, a colour a day after the due time",
            blue="C: Danish practice marks a missing measurement blue (OpenTele)",
            yellow="C: a task after two misses",
            silent_days="C: in a daily plan two missed days are a weekend away",
            call="C: silence for three due days asks for a phone call",
            share="C: half; falling adherence precedes admission (Haynes 2020, BEAT-HF)",
            lately="C: three missed in two weeks",
        ),
        evidence=texts(value="due days missed in a row", extra="due days missed in a row"),
        n_off=0,
        applies=planned,
        lookback_days=21.0,
        urgent_da="Ring til borgeren.",
        urgent_en="Telephone the citizen.",
    ),
    Rule(
        id="T01",
        slug="quality",
        name_da="Usikker måling",
        name_en="Doubtful measurement",
        text_da="{signal} {value:.1f} {unit} ser forkert ud; bed borgeren om at måle igen.",
        text_en="{signal} {value:.1f} {unit} looks wrong; ask the citizen to measure again.",
        family="quality",
        home="technical",
        signals=tuple(signal.alias for signal in SIGNALS),
        condition=quality,
        params=numbers(jump_kg=10.0, jump_percent=20.0, agree_kg=3.0),
        sources=texts(
            jump_kg="C: another person on the scale",
            jump_percent="C: another person on the scale",
            agree_kg="C: within R14's red excess, so the same person twice",
        ),
        evidence=texts(
            value="the refused or contested value",
            extra="its column in SIGNALS, or one beyond the last for answers",
        ),
        n_off=0,
        lookback_days=30.0,
        words=of_signal,
    ),
)  # fmt: skip
