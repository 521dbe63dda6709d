"""R05, R08 to R10 and R21 to R23 in plain Python: trends, scores, answers, and all of it together.

In: the oracle's patient, one sitting, the row's numbers. Out: `Seen`, or None when the rule has
nothing to look at. Written from sections 4.0 and 4.1 of the clinical reference.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.alerting.rules import oracle_primitives as p
from tests.alerting.rules.oracle_seen import (
    GREEN,
    NAN,
    NO_LIMITS,
    QUESTIONS,
    RED,
    YELLOW,
    Now,
    Seen,
    grade,
    own,
)

if TYPE_CHECKING:
    from tests.alerting.rules.oracle import Patient

Params = Mapping[str, float]
TREND_DAYS = 14


def spo2_trend(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "spo2" not in now.good:
        return None
    days = list(who.saturations.items())[-TREND_DAYS:]
    recent = [(day, x) for day, x in days if now.day - day < TREND_DAYS]
    x, (base, _) = now.good["spo2"], who.base_of("spo2")
    if len(recent) < params["readings"] or math.isnan(base):
        return Seen(GREEN, False, False)
    slope = NAN
    if base - x >= params["below"] and p.falls([x for _, x in recent])[0]:
        slope = p.theil_sen(recent)
    level = grade(slope <= params["slope"], False)
    return Seen(level, base - x <= params["off_below"], True, x, params["slope"], NAN, slope)


def oxy_score(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "spo2" not in now.good or "pulse" not in now.good:
        return None
    s, h = who.baselines["spo2"], who.baselines["pulse"]
    x = now.good["spo2"]
    if not (s.valid and h.valid):
        return Seen(GREEN, False, False)
    score = ((s.mean - x) / s.sd + (now.good["pulse"] - h.mean) / h.sd) / 2.0
    backed = bool(now.yes) and score >= params["with_symptom"]
    red = score >= params["red"]
    return Seen(
        grade(backed or score >= params["yellow"], red),
        score <= params["off"],
        True,
        score,
        params["with_symptom"] if backed else params["yellow"],
        params["red"],
        x,
        (s.mean, s.sd, s.weight),
        YELLOW if backed or red or score >= params["single"] else GREEN,
    )


def fev1_drop(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "fev1" not in now.good:
        return None
    x, (base, usual) = now.good["fev1"], who.base_of("fev1")
    if math.isnan(base):
        return Seen(GREEN, False, False)
    mine = who.relative.get("fev1", NO_LIMITS)
    red, yellow = own(mine[0], params["red"]), own(mine[1], params["yellow"])
    drop, play = base - x, 1e-9
    share = drop / base
    hit = share >= params["yellow_share"] - play and drop >= yellow - play
    worse = hit and share >= params["red_share"] - play and drop >= red - play
    return Seen(
        grade(hit, worse),
        share <= params["off_share"] or drop <= params["off"],
        True,
        x,
        min(base * (1 - params["yellow_share"]), base - yellow),
        min(base * (1 - params["red_share"]), base - red),
        100 * share,
        usual,
    )


def fev1_spc(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "fev1" not in now.good:
        return None
    days = [x for day, x in who.flows if day < now.day][-7:]
    if len(days) < 7:
        return Seen(GREEN, False, False)
    x, mean = now.good["fev1"], sum(days) / 7
    sd = max(math.sqrt(sum((one - mean) ** 2 for one in days) / 6), params["sd_floor"])
    limit = mean - params["sd"] * sd
    clear = x >= mean - params["off_sd"] * sd
    return Seen(grade(x < limit, False), clear, True, x, limit, NAN, mean)


def symptom(who: "Patient", now: Now, params: Params) -> Seen | None:
    if not now.answers:
        return None
    yes = {alias for alias, said in now.answers.items() if said}
    level, severe = GREEN, bool(yes & {"chest_pain", "syncope"})
    if who.copd or not who.heart_failure:
        lungs = yes & {"dyspnoea", "cough", "sputum", "sputum_colour"}
        pairs = ({"cough", "sputum"}, {"sputum", "sputum_colour"})
        two = ("dyspnoea" in yes and len(lungs) > 1) or any(pair <= yes for pair in pairs)
        level = max(level, grade(bool(lungs), two))
    if who.heart_failure or not who.copd:
        some = yes & {"dyspnoea", "oedema", "orthopnoea"}
        level = max(level, grade(bool(some), "orthopnoea" in yes or {"dyspnoea", "oedema"} <= yes))
    if who.treated:
        level = {GREEN: GREEN, YELLOW: GREEN, RED: YELLOW}[level]
    at_once = YELLOW if level == RED else GREEN
    if severe:
        level = at_once = RED
    packed = sum(1 << QUESTIONS.index(alias) for alias in yes)
    limits = params["yellow"], params["red"]
    return Seen(level, not yes, True, len(yes), *limits, packed, at_once=at_once)


ITEMS = {
    "R22": ("dyspnoea", "cough", "sputum", "sputum_colour"),
    "R23": ("dyspnoea", "oedema", "orthopnoea"),
}
SIGNALS = {"R22": ("spo2", "pulse", "fev1", "pef"), "R23": ("weight", "pulse", "spo2")}


def accumulate(who: "Patient", now: Now, rule_id: str, params: Params) -> None:
    """P9: one increment a sitting, of each signal's first reading and of the day's first answers.

    Bounded at the red height, so that an episode lasts as long as the evidence does.
    """
    total = 0.0
    for alias in SIGNALS[rule_id]:
        baseline = who.baselines[alias]
        if alias in now.first and baseline.valid:
            z = (now.good[alias] - baseline.mean) / baseline.sd
            total += p.evidence(z, params[f"shift_{alias}"], params["clip_sd"])
    total += of_answers(who, now, rule_id, params)
    who.charts[rule_id] = max(0.0, min(params["red"], who.charts[rule_id] + total))


def of_answers(who: "Patient", now: Now, rule_id: str, params: Params) -> float:
    """What the day's first answers say against what this citizen usually says, and what is usual.

    What branching leaves out after the first question is a no; the usual is learnt on well days.
    """
    asked = [alias for alias in ITEMS[rule_id] if alias in now.answers]
    if not asked or not now.new_answers:
        return 0.0
    yes = sum(now.answers[alias] for alias in asked)
    no = len(ITEMS[rule_id] if ITEMS[rule_id][0] in asked else asked) - yes
    ill, (weight, rate) = params["share_yes"], who.usual_yes[rule_id]
    usual = min(max(rate, params["usual_least"]), ill)
    said = p.answered(
        0 if who.treated else yes,
        no,
        math.log(ill / usual),
        math.log((1 - ill) / (1 - usual)),
        params["least"],
        params["most"],
    )
    if who.charts[rule_id] < params["well"]:
        gap = 0 if who.answered_day is None else now.day - who.answered_day
        weight = weight * 2 ** (-gap / params["usual_half_life"]) + yes + no
        rate += (yes - (yes + no) * rate) / max(weight, 1.0)
        who.usual_yes[rule_id] = weight, rate
    return said


def fused(who: "Patient", now: Now, params: Params, rule_id: str) -> Seen | None:
    measured = [alias for alias in SIGNALS[rule_id] if alias in now.good]
    answered = any(alias in now.answers for alias in ITEMS[rule_id])
    if not (measured or answered) or not (who.copd if rule_id == "R22" else who.heart_failure):
        return None
    ran = answered or any(who.baselines[alias].valid for alias in measured)
    total = who.charts[rule_id]
    level = grade(total >= params["yellow"], total >= params["red"])
    limits = params["yellow"], params["red"]
    return Seen(level, total <= params["off"], ran, total, *limits, len(now.yes))


def llr_copd(who: "Patient", now: Now, params: Params) -> Seen | None:
    return fused(who, now, params, "R22")


def llr_heart(who: "Patient", now: Now, params: Params) -> Seen | None:
    return fused(who, now, params, "R23")
