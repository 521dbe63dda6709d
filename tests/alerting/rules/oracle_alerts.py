"""Confirmation, hysteresis, composition and refractory periods in plain Python.

In: the oracle's patient, what one rule has seen, and when. Out: `Outcome` of each rule, `Answer` of
the alerts. Written from sections 4.0 (P4, P5, P6) and 4.2 of the clinical reference.
"""

import math
from functools import cache
from typing import TYPE_CHECKING

from alerting.rules import HYPOTHESES, SIGNALS, Rule, Rulebook
from tests.alerting.rules.oracle_measuring import applies
from tests.alerting.rules.oracle_seen import (
    GREEN,
    NAN,
    NONE,
    RED,
    YELLOW,
    Answer,
    Now,
    Outcome,
    Seen,
)

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Patient

MAX_AGE_DAYS = 10
SOURCES = ("oxygenation", "pulse", "fluid", "pressure", "flow", "symptom")
TOGETHER_DAYS = 3.0
CLINICAL = ("copd", "heart-failure", "general")
WORSE = {signal.alias: signal.worse for signal in SIGNALS}


def confirmed(who: "Patient", rule: Rule, seen: Seen, day: int) -> int:
    """The colour of a reading once k of n has had its say.

    A reading gives no more than it shows itself; what is given at once needs no confirmation.
    """
    levels = who.levels[rule.id]
    if day - who.judged[rule.id] > MAX_AGE_DAYS:
        levels.clear()
    levels.append(seen.level)
    recent = levels[-rule.n :]
    raw = seen.at_once
    for colour in (YELLOW, RED):
        if seen.level >= colour:
            enough = sum(level >= colour for level in recent) >= rule.k
            if enough or colour not in rule.confirmed:
                raw = max(raw, colour)
    return raw


def advance(who: "Patient", rule: Rule, t: float, seen: Seen | None) -> Outcome:
    """The life of an episode: opens or rises at once, never falls, closes after clear readings.

    Of one day's readings only the first can count towards the closing.
    """
    rule_id, was = rule.id, who.status[rule.id]
    if seen is None:
        return Outcome(was, was, onset=who.onset[rule_id])
    outcome = Outcome(was, was, value=seen.value, extra=seen.extra)
    outcome.mean, outcome.sd, outcome.n = seen.usual
    if not seen.ran:
        open_episode = rule.n_off > 0 and was > GREEN
        return settle(who, rule_id, outcome, was if open_episode else NONE, t)
    outcome.level, outcome.evaluated, outcome.at_once = seen.level, True, seen.at_once
    colour = seen.level
    if rule.n_off > 0:
        day = math.floor(t)
        raw = confirmed(who, rule, seen, day)
        if not (seen.clear and raw == GREEN):
            who.clears[rule_id] = 0
        elif who.judged[rule_id] != day:
            who.clears[rule_id] += 1
        who.judged[rule_id] = day
        colour = max(was, raw, GREEN)
        if seen.clear and raw == GREEN and who.clears[rule_id] >= rule.n_off:
            colour = GREEN
    settle(who, rule_id, outcome, colour, t if seen.since is None else seen.since)
    if seen.since is not None and colour > GREEN:
        outcome.onset = who.onset[rule_id] = seen.since
    wanted, other = (seen.red, seen.yellow) if colour == RED else (seen.yellow, seen.red)
    outcome.limit = other if math.isnan(wanted) else wanted
    return outcome


def settle(who: "Patient", rule_id: str, outcome: Outcome, colour: int, since: float) -> Outcome:
    """Remember the colour, and since when."""
    if colour <= GREEN:
        who.onset[rule_id] = NAN
    elif colour != outcome.was:
        who.onset[rule_id] = since
    who.status[rule_id] = outcome.colour = colour
    outcome.onset = who.onset[rule_id]
    return outcome


@cache
def at_home(book: Rulebook, copd: bool, heart_failure: bool) -> dict[str, list[Rule]]:
    """The rules of each hypothesis: with one disease everything clinical is about it."""
    homes: dict[str, list[Rule]] = {hypothesis: [] for hypothesis in HYPOTHESES}
    for rule in book.rules:
        home: str = rule.home
        if home in CLINICAL and copd != heart_failure:
            home = "copd" if copd else "heart-failure"
        homes[home].append(rule)
    return homes


def compose(who: "Patient", answer: Answer, t: float, now: Now | None = None) -> None:
    """The alerts: worst of the rules, red only where section 4.2 lets it, green only if all ran."""
    hits = set()
    for rule_id, outcome in answer.rules.items():
        if outcome.level >= YELLOW and outcome.colour >= YELLOW:
            hits.add(rule_id)
            family = who.book[rule_id].family
            if family in SOURCES:
                who.source_t[family] = t
    together = sum(t - then <= TOGETHER_DAYS for then in who.source_t.values()) >= 2
    backed = is_backed(who)
    loud = {rule.id for rule in who.judged_rules if is_loud(who, rule, backed, answer)}

    hit, looks = {}, {}
    for hypothesis, rules in at_home(who.book, who.copd, who.heart_failure).items():
        was, hit[hypothesis] = who.composed[hypothesis], False
        if hypothesis in CLINICAL:
            ids = {rule.id for rule in rules}
            pair = together and backed and bool(ids & hits)
            colour = composed(who, rules, was, pair, bool(ids & loud))
            hit[hypothesis] = colour >= YELLOW and (pair or bool(ids & hits & loud))
        else:
            (rule,) = rules
            colour = who.status[rule.id]
        who.composed[hypothesis] = colour
        answer.composed_was.append(was)
        answer.composed.append(colour)
        hit[hypothesis] = hit[hypothesis] or colour > max(was, GREEN)
        raised = [rule for rule in rules if hit[hypothesis] and who.status[rule.id] >= YELLOW]
        looks[hypothesis] = {alias for rule in raised for alias in rule.signals}

    off = {alias: tenths_off(alias, z) for alias, z in (now.z if now else {}).items()}
    looked_at = {alias for signals in looks.values() for alias in signals} & set(off)
    further = {a for a in looked_at if a in who.told_off and off[a] - who.told_off[a] >= 20}
    twice, anew = further & who.further, set()
    for place, hypothesis in enumerate(looks):
        colour, was = answer.composed[place], answer.composed_was[place]
        worse = bool(twice & looks[hypothesis])
        answer.notify.append(hit[hypothesis] and told(who, hypothesis, t, colour, was, worse))
        anew |= looks[hypothesis] if answer.notify[-1] else set()
    who.further = (who.further - looked_at | further) - anew
    for alias in looked_at - set(who.told_off) - anew:
        who.told_off[alias] = off[alias]
    for alias in anew:
        who.told_off.pop(alias, None)
    who.told_off |= {alias: off[alias] for alias in anew & set(off)}


def is_backed(who: "Patient") -> bool:
    """The fused evidence of a disease that is followed points up, or cannot say."""
    followed = [chart for chart, it in (("R22", who.copd), ("R23", who.heart_failure)) if it]
    return not followed or any(
        who.status[chart] == NONE or who.charts[chart] >= who.book[chart].params["backs"]
        for chart in followed
    )


def is_loud(who: "Patient", rule: Rule, backed: bool, answer: Answer) -> bool:
    """Whether what the rule has found is an alert by itself, and not only a finding.

    It speaks and has been hit often enough; or its red is backed, or a limit of the clinic; or the
    citizen has said what is red at once.
    """
    if who.status[rule.id] < YELLOW:
        return False
    hits = sum(level >= YELLOW for level in who.levels[rule.id][-rule.n :])
    red = who.status[rule.id] == RED and (backed or rule.red_speaks)
    return 0 < rule.speaks <= hits or red or answer.rules[rule.id].at_once == RED


def composed(who: "Patient", rules: list[Rule], was: int, pair: bool, loud: bool) -> int:
    """The colour of one clinical hypothesis; pair: two sources within 72 hours, one of them now."""
    raised = any(who.status[rule.id] >= YELLOW for rule in rules)
    if loud or pair or (was >= YELLOW and raised):
        red = any(who.status[rule.id] == RED and rule.red_alone for rule in rules)
        return RED if red or (pair and loud) or was == RED else YELLOW
    some = False
    for rule in rules:
        if applies(who, rule):
            if who.status[rule.id] < GREEN:
                return NONE
            some = True
    return GREEN if some else NONE


def told(who: "Patient", hypothesis: str, t: float, colour: int, was: int, worse: bool) -> bool:
    """P6 of what is hit: a rise is told at once; the same again after a day (red) or a week, or
    when it got worse."""
    rose = colour > max(was, GREEN)
    told_t, told_colour = who.told.get(hypothesis, (-math.inf, GREEN))
    rest = 1.0 if rose and colour == RED else 7.0
    if t - told_t < rest and colour <= told_colour and not worse:
        return False
    who.told[hypothesis] = (t, colour)
    return True


def tenths_off(alias: str, z: float) -> int:
    """How far a signal lies on its bad side, in tenths of an sd."""
    off = 10 * (abs(z) if WORSE[alias] == "either" else -z)
    return max(0, min(round(off), 126))
