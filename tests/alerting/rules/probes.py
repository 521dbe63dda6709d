"""Where each number of each rule lies: a small world in which one reading has a given value of it.

In: the rows of the rulebook. Out: `PROBES`, and the worlds. Called by `test_thresholds`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from alerting.rules import (
    ITEMS,
    RULEBOOK,
    SIGNALS,
    Colour,
    Findings,
    default_limits,
    item_index,
    rule_index,
    signal_index,
    step,
)
from alerting.rules.slots import SLOTS
from tests.alerting.rules.test_boundaries import MONDAY, Home, enrolled, on_mondays_and_thursdays
from tests.alerting.rules.test_boundaries_beside import usual

DAY = MONDAY + 20
T = DAY + 0.3
Y, R = Colour.YELLOW, Colour.RED
KNOWN = {
    "spo2": (94.0, 1.0), "pulse": (80.0, 5.0), "systolic": (128.0, 8.0), "weight": (80.0, 0.5),
    "fev1": (1.6, 0.1), "pef": (260.0, 12.0),
}  # fmt: skip


def known(**base: tuple[float, float]) -> Home:
    """Baselines are known, and all signals have been measured today already: nothing moves."""
    home = usual(**{**KNOWN, **base})
    home.state.accepted_day[:] = DAY
    home.state.accepted_grams[:] = 80_000
    home.state.past_days[:] = -(1 << 30)
    return home


def see(home: Home, said: Mapping[str, int] | None = None, t: float = T, **x: float) -> Findings:
    values = np.full((1, len(SIGNALS)), np.nan)
    answers = np.full((1, len(ITEMS)), -1, dtype=np.int8)
    for alias, value in x.items():
        values[0, signal_index(alias)] = value
    for alias, answer in (said or {}).items():
        answers[0, item_index(alias)] = answer
    return step(
        home.state, home.profile, slice(None), np.array([t]), values, answers, rulebook=RULEBOOK
    )


@dataclass(frozen=True)
class Probe:
    """`at` makes a finding for a value of the number; `worse` is the direction that counts.

    what: "yellow" or "red" (the level is reached), "off" (it is clear), "ran", or "once" (shown
    unconfirmed). strict: the number itself does not count yet. exact: on the number nothing is
    rounded, so that it can be looked at, too.
    """

    rule: str
    number: str
    at: Callable[[float], Findings]
    worse: int = 1
    what: str = "yellow"
    small: float = 1e-6
    strict: bool = False
    exact: bool = True

    def holds(self, found: Findings) -> bool:
        column = rule_index(self.rule)
        verdict = found.verdicts[column]
        if self.what == "ran":
            return bool(verdict.ran[0])
        assert verdict.ran[0]
        if self.what == "off":
            return bool(verdict.clear[0])
        if self.what == "once":
            assert verdict.at_once is not None
            return int(verdict.at_once[0]) >= Y
        return int(verdict.level[0]) >= {"yellow": Y, "red": R}[self.what]


def spo2(v: float) -> Findings:
    return see(known(), spo2=v)


def drop(v: float) -> Findings:
    return see(known(), spo2=94.0 - v)


def pulse(v: float) -> Findings:
    return see(known(), pulse=v)


def rise(v: float) -> Findings:
    return see(known(), pulse=80.0 + v)


def score(v: float, **said: int) -> Findings:
    return see(known(), said, spo2=94.0, pulse=80.0 + 10.0 * v)


def systolic(v: float) -> Findings:
    return see(known(), systolic=v, diastolic=min(70.0, v - 30.0))


def diastolic(v: float) -> Findings:
    return see(known(), systolic=150.0, diastolic=v)


FLAGS = ("scale2", "beta_blocker", "pacemaker", "atrial_fibrillation")


def limited(flag: str) -> Home:
    """With the limits of a scale, a drug or a rhythm."""
    home = known()
    flags = {name: name == flag for name in FLAGS}
    given = default_limits(
        "both",
        scale2=flags["scale2"],
        beta_blocker=flags["beta_blocker"],
        pacemaker=flags["pacemaker"],
        atrial_fibrillation=flags["atrial_fibrillation"],
        rulebook=RULEBOOK,
    )
    for alias, limits in given.items():
        column = signal_index(alias)
        home.profile.low_red[0, column], home.profile.low_yellow[0, column] = limits[:2]
        home.profile.high_yellow[0, column], home.profile.high_red[0, column] = limits[2:]
    return home


def retaining(v: float) -> Findings:
    home = known()
    home.profile.on_oxygen[0] = home.profile.scale2[0] = True
    return see(home, spo2=v)


def trend(slope: float, readings: int = 6, below: float = 3.0) -> Findings:
    """Every other day one reading on a line through `below` under the base today."""
    home = Home(enrolled())
    home.profile.base[0, 0] = 94.0
    for back in range(readings - 1, -1, -1):
        found = see(home, t=T - 2 * back, spo2=94.0 - below - slope * 2 * back)
    return found


def flow(base: float) -> Callable[[float], Findings]:
    return lambda litres: see(known(fev1=(base, 0.1)), fev1=base - litres)


def share(v: float) -> Findings:
    return see(known(fev1=(4.0, 0.1)), fev1=4.0 * (1.0 - v))


def control(v: float) -> Findings:
    home = known()
    home.state.flow_past[0] = 1.1
    return see(home, fev1=1.1 - v * RULEBOOK["R10"].params["sd_floor"])


def weighed(home: Home, days: int) -> None:
    """80 kg so many days ago."""
    slot = (DAY - days) % SLOTS
    home.state.past_days[0, slot], home.state.past_grams[0, slot] = DAY - days, 80_000


def gain(kg: float, days: float = 1) -> Findings:
    home = known()
    weighed(home, int(days))
    return see(home, weight=80.0 + kg)


def moving(kg: float, readings: float = 10.0) -> Findings:
    home = known()
    home.state.quick_mean[0] = [80.0 + kg, 80.0]
    home.state.quick_weight[0] = [3.0, readings]
    return see(home, weight=80.0)


def month(percent: float) -> Findings:
    home = known()
    home.state.month_mean[0, 0], home.state.month_day[0, 0] = 100.0, DAY - 40
    home.state.quick_mean[0] = 100.0 - percent
    return see(home, weight=80.0)


def muted(days: float) -> Findings:
    home = known()
    home.profile.diuretic_changed_t[0] = T - days
    weighed(home, 1)
    return see(home, weight=80.0)


def dry(kg: float) -> Findings:
    home = known()
    home.profile.dry_weight_kg[0] = 80.0
    return see(home, weight=80.0 + kg)


def shock(index: float) -> Findings:
    return see(known(), pulse=round(100 * index), systolic=100.0, diastolic=60.0)


def width(part: float) -> Findings:
    return see(known(), pulse=60.0, systolic=100.0, diastolic=100.0 - round(100 * part))


POINTS = {
    2: {"spo2": 93.0}, 3: {"spo2": 93.0, "pulse": 95.0}, 4: {"spo2": 93.0, "pulse": 115.0},
    5: {"spo2": 93.0, "pulse": 115.0, "systolic": 105.0},
    6: {"spo2": 93.0, "pulse": 115.0, "systolic": 95.0},
}  # fmt: skip


def points(total: float) -> Findings:
    return see(Home(enrolled()), None, T, **POINTS[round(total)])


def above_usual(difference: float) -> Findings:
    base = {1: 93.0, 2: 95.0, 3: 97.0}[round(difference)]
    return see(known(spo2=(base, 1.0)), spo2=93.0, pulse=95.0)


def symptoms(count: float) -> Findings:
    some = ("dyspnoea", "cough", "sputum")
    return see(known(), {alias: int(place < count) for place, alias in enumerate(some)})


def chart(place: int, disease: str) -> Callable[[float], Findings]:
    def at(height: float) -> Findings:
        home = known()
        getattr(home.profile, disease)[0] = True
        home.state.llr[0, place] = height
        return see(home, pulse=80.0)

    return at


def overdue(days: float) -> Findings:
    home = on_mondays_and_thursdays()
    return home.tick(MONDAY + home.profile.due_hour[0] / 24.0 + days)


def in_a_row(missed: float) -> Findings:
    """Of a plan of Mondays and Thursdays so many have been missed, the last just now."""
    home = on_mondays_and_thursdays()
    return home.tick(MONDAY + (0.0, 1.5, 4.5, 8.5)[round(missed)])


def jump(kg: float, of: float = 100.0) -> Findings:
    home = known()
    home.state.accepted_grams[:] = round(of * 1000)
    return see(home, weight=of + kg)


def agree(kg: float) -> Findings:
    home = known()
    home.state.suspect[0, signal_index("weight")] = 100.0
    return see(home, weight=100.0 + kg)


GRAM, ONE = 0.001, 1.0
SIDES = [
    Probe("R01", "yellow", spo2, -1),
    Probe("R01", "red", spo2, -1, "red"),
    Probe("R01", "yellow_scale2", lambda v: see(limited("scale2"), spo2=v), -1),
    Probe("R01", "red_scale2", lambda v: see(limited("scale2"), spo2=v), -1, "red"),
    Probe("R01", "off", lambda v: spo2(RULEBOOK["R01"].params["yellow"] + v), 1, "off"),
    Probe("R02", "yellow", retaining),
    Probe("R02", "red", retaining, 1, "red"),
    Probe("R02", "off", lambda v: retaining(RULEBOOK["R02"].params["yellow"] - v), 1, "off"),
    Probe("R03", "yellow", drop),
    Probe("R03", "red", drop, 1, "red"),
    Probe("R03", "off", drop, -1, "off"),
    Probe("R04", "yellow", drop),
    Probe("R04", "off", drop, -1, "off"),
    Probe("R05", "slope", trend, -1, small=0.05),
    Probe("R05", "readings", lambda v: trend(-0.5, round(v)), 1, "ran", ONE),
    Probe("R05", "below", lambda v: trend(-0.5, below=v), small=0.1),
    Probe("R05", "off_below", lambda v: trend(-0.5, below=v), -1, "off", 0.1),
    Probe("R06", "low_red", pulse, -1, "red"),
    Probe("R06", "low_yellow", pulse, -1),
    Probe("R06", "low_red_pacemaker", lambda v: see(limited("pacemaker"), pulse=v), -1, "red"),
    Probe("R06", "low_yellow_pacemaker", lambda v: see(limited("pacemaker"), pulse=v), -1),
    Probe("R06", "low_yellow_beta_blocker", lambda v: see(limited("beta_blocker"), pulse=v), -1),
    Probe("R06", "high_yellow", pulse),
    Probe(
        "R06", "high_yellow_atrial_fibrillation",
        lambda v: see(limited("atrial_fibrillation"), pulse=v),
    ),
    Probe("R06", "high_red", pulse, 1, "red"),
    Probe("R06", "off", lambda v: pulse(RULEBOOK["R06"].params["low_yellow"] + v), 1, "off"),
    Probe("R07", "yellow", rise),
    Probe("R07", "red", rise, 1, "red"),
    Probe("R07", "off", rise, -1, "off"),
    Probe("R08", "yellow", score),
    Probe("R08", "single", score, 1, "once"),
    Probe("R08", "with_symptom", lambda v: score(v, cough=1)),
    Probe("R08", "red", score, 1, "red"),
    Probe("R08", "off", score, -1, "off"),
    Probe("R09", "yellow", flow(0.5)),
    Probe("R09", "yellow_share", share),
    Probe("R09", "red", flow(0.5), 1, "red"),
    Probe("R09", "red_share", share, 1, "red"),
    Probe("R09", "off", flow(0.5), -1, "off", exact=False),
    Probe("R09", "off_share", share, -1, "off", exact=False),
    Probe("R10", "sd", control, exact=False),
    Probe("R10", "off_sd", control, -1, "off", exact=False),
]  # fmt: skip
OTHERS = [
    Probe("R11", "window_days", lambda v: gain(2.5, v), -1, "ran", ONE),
    Probe("R11", "yellow", gain, small=GRAM, strict=True),
    Probe("R11", "red", gain, 1, "red", GRAM, strict=True),
    Probe("R11", "off", gain, -1, "off", GRAM),
    Probe("R12", "yellow_day", gain, small=GRAM),
    Probe("R12", "yellow", lambda v: gain(v, 5), small=GRAM),
    Probe("R12", "window_days", lambda v: gain(2.5, v), -1, "ran", ONE),
    Probe("R12", "off", gain, -1, "off", GRAM),
    Probe("R13", "yellow", moving, exact=False),
    Probe("R13", "red", moving, 1, "red", exact=False),
    Probe("R13", "off", moving, -1, "off", exact=False),
    Probe("R13", "readings", lambda v: moving(0.0, v), 1, "ran"),
    Probe("R14", "yellow", dry, small=GRAM),
    Probe("R14", "red", dry, 1, "red", GRAM),
    Probe("R14", "off", dry, -1, "off", GRAM),
    Probe("R15", "window_days", lambda v: gain(-2.5, v), -1, "ran", ONE),
    Probe("R15", "yellow", lambda v: gain(-v), small=GRAM),
    Probe("R15", "percent", month, exact=False),
    Probe("R15", "off", lambda v: gain(-v), -1, "off", GRAM),
    Probe("R15", "off_percent", month, -1, "off", exact=False),
    Probe("R15", "mute_days", muted, 1, "ran", 1e-3, exact=False),
    Probe("R16", "yellow", systolic, -1),
    Probe("R16", "red", systolic, -1, "red"),
    Probe("R16", "off", lambda v: systolic(RULEBOOK["R16"].params["yellow"] + v), 1, "off"),
    Probe("R17", "systolic_yellow", systolic),
    Probe("R17", "systolic_red", systolic, 1, "red"),
    Probe("R17", "diastolic_yellow", diastolic),
    Probe("R17", "diastolic_red", diastolic, 1, "red"),
    Probe(
        "R17", "off_systolic",
        lambda v: systolic(RULEBOOK["R17"].params["systolic_yellow"] - v), 1, "off",
    ),
    Probe(
        "R17", "off_diastolic",
        lambda v: diastolic(RULEBOOK["R17"].params["diastolic_yellow"] - v), 1, "off",
    ),
    Probe("R18", "yellow", lambda v: systolic(128.0 + v)),
    Probe("R18", "red", lambda v: systolic(128.0 - v), 1, "red"),
    Probe("R18", "off", lambda v: systolic(128.0 - v), -1, "off"),
    Probe("R19", "yellow", shock, small=0.01),
    Probe("R19", "red", shock, 1, "red", 0.01),
    Probe("R19", "narrow", width, -1, small=0.01, strict=True),
    Probe("R19", "off", shock, -1, "off", 0.01),
    Probe("R19", "off_narrow", width, 1, "off", 0.01),
    Probe("R20", "yellow", points, small=ONE),
    Probe("R20", "red", points, 1, "red", ONE),
    Probe("R20", "above_usual", above_usual, small=ONE),
    Probe("R21", "yellow", symptoms, small=ONE),
    Probe("R21", "red", symptoms, 1, "red", ONE),
    *(
        Probe(rule, number, chart(place, disease), worse, what)
        for rule, place, disease in (("R22", 0, "copd"), ("R23", 1, "heart_failure"))
        for number, worse, what in (("yellow", 1, "yellow"), ("red", 1, "red"), ("off", -1, "off"))
    ),
]  # fmt: skip
PROBES = SIDES + OTHERS
