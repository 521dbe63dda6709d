"""The rules again, slowly: one patient, plain Python, no arrays, no cleverness.

Written from the clinical reference (section 4) and the numbers of the rulebook, not from the code
under test. It keeps whole histories where the code keeps a few bytes. In: readings and answers of
one sitting. Out: `Answer`. Called by the contract of every rule and by the benchmark of the rules;
the rules themselves stand in the files beside this one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alerting.rules import RULEBOOK, SIGNALS, Rule, Rulebook
from tests.alerting.rules import (
    oracle_measuring,
    oracle_pattern,
    oracle_vital,
    oracle_weight,
)
from tests.alerting.rules.oracle_alerts import advance, compose
from tests.alerting.rules.oracle_primitives import Baseline
from tests.alerting.rules.oracle_seen import (
    GREEN,
    NAN,
    NONE,
    ORDER,
    QUESTIONS,
    YELLOW,
    Answer,
    Four,
    Now,
    Outcome,
    Seen,
)

FAMILY = {signal.alias: signal.family for signal in SIGNALS}
FAMILIES = set(FAMILY.values())
HALF_LIFE = {"spo2": 28, "pulse": 28, "weight": 14, "systolic": 28, "diastolic": 28}
HALF_LIFE |= {"fev1": 28, "pef": 28}
FLOOR = {"spo2": 0.9, "pulse": 4, "weight": 0.5, "systolic": 7, "diastolic": 5, "fev1": 0.085}
FLOOR["pef"] = 10
FREEZE_DAYS = 21

Look = Callable[["Patient", Now, Mapping[str, float]], Seen | None]
LOOKS: dict[str, Look] = {
    "R01": oracle_vital.spo2_low,
    "R02": oracle_vital.spo2_high,
    "R03": oracle_vital.spo2_drop,
    "R04": oracle_vital.spo2_spc,
    "R05": oracle_pattern.spo2_trend,
    "R06": oracle_vital.pulse_abs,
    "R07": oracle_vital.pulse_rise,
    "R08": oracle_pattern.oxy_score,
    "R09": oracle_pattern.fev1_drop,
    "R10": oracle_pattern.fev1_spc,
    "R11": oracle_weight.weight_gain,
    "R12": oracle_weight.weight_gain_quick,
    "R13": oracle_weight.weight_macd,
    "R14": oracle_weight.weight_over_dry,
    "R15": oracle_weight.weight_loss,
    "R16": oracle_vital.systolic_low,
    "R17": oracle_vital.pressure_high,
    "R18": oracle_vital.pressure_shift,
    "R19": oracle_vital.perfusion,
    "R20": oracle_vital.news2_home,
    "R21": oracle_pattern.symptom,
    "R22": oracle_pattern.llr_copd,
    "R23": oracle_pattern.llr_heart,
    "T01": oracle_measuring.quality,
}


@dataclass
class Patient:
    """One patient: what is decided, and everything that has happened."""

    limits: Mapping[str, Four] = field(default_factory=dict)
    relative: Mapping[str, Four] = field(default_factory=dict)
    base: Mapping[str, float] = field(default_factory=dict)
    dry: float = NAN
    expected: frozenset[str] = frozenset()
    plan: int = 0
    due_hour: float = 12.0
    start: int = 0
    paused: bool = False
    copd: bool = False
    heart_failure: bool = False
    on_oxygen: bool = False
    scale2: bool = False
    symptoms_asked: bool = False
    treated: bool = False
    diuretic_changed: float = NAN
    book: Rulebook = RULEBOOK

    def __post_init__(self) -> None:
        self.baselines = {alias: Baseline(HALF_LIFE[alias], FLOOR[alias]) for alias in ORDER}
        ids = [rule.id for rule in self.book.rules]
        enabled = zip(self.book.rules, self.book.enabled.tolist(), strict=True)
        self.judged_rules = [rule for rule, on in enabled if on]
        self.status = dict.fromkeys(ids, NONE)
        self.onset = dict.fromkeys(ids, NAN)
        self.clears = dict.fromkeys(ids, 0)
        self.levels: dict[str, list[int]] = {rule_id: [] for rule_id in ids}
        self.judged = dict.fromkeys(ids, -(10**6))
        self.family_since: dict[str, float] = {}
        self.suspect: dict[str, float] = {}
        self.accepted: int | None = None
        self.accepted_day: dict[str, int] = {}
        self.grams: list[tuple[int, int]] = []
        self.weights: list[tuple[float, float]] = []
        self.slow = (0.0, NAN)
        self.months: dict[int, tuple[int, float]] = {}
        self.saturations: dict[int, float] = {}
        self.flows: list[tuple[int, float]] = []
        self.charts = {"R22": 0.0, "R23": 0.0}
        self.usual_yes = dict.fromkeys(self.charts, (30.0, 0.05))
        self.answered_day: int | None = None
        self.said_yes: set[str] = set()
        self.contact: dict[str, int] = {}
        self.kept: list[tuple[int, int, int]] = []
        self.seen_until = -math.inf
        self.anew = NAN
        self.source_t: dict[str, float] = {}
        self.composed = dict.fromkeys(("copd", "heart-failure", "general"), NONE)
        self.composed |= {"missing": NONE, "technical": NONE}
        self.told: dict[str, tuple[float, int]] = {}
        self.told_off: dict[str, int] = {}
        self.further: set[str] = set()

    def step(
        self,
        t: float,
        readings: Mapping[str, float],
        answers: Mapping[str, bool] | None = None,
        doubtful: frozenset[str] = frozenset(),
    ) -> Answer:
        """One sitting. readings: NaN = not measured; answers: only those that were given."""
        measured = {alias: x for alias, x in readings.items() if not math.isnan(x)}
        present = {alias: x for alias, x in measured.items() if alias not in doubtful}
        good = oracle_measuring.screen(self, present, self.book["T01"].params)
        now = self._now(t, good, answers or {}, present)
        oracle_measuring.note_contact(self, set(measured), now.day)
        self.seen_until = max(self.seen_until, t)
        if t >= self.diuretic_changed + 3 and self.diuretic_changed != self.anew:
            self.baselines["weight"].learn_anew()
            self.anew = self.diuretic_changed
        frozen = {alias for alias in good if self._frozen(alias, t)}
        for alias in good:
            if alias not in frozen:
                self.baselines[alias].absorb_until(now.day)
        self._take_in(now)
        usual = {alias: self.baselines[alias] for alias in good}
        now.z |= {a: (good[a] - b.mean) / b.sd for a, b in usual.items() if b.valid}

        answer = Answer(refused=frozenset(present) - frozenset(good))
        for rule in self.judged_rules:
            answer.rules[rule.id] = self._judge(rule, t, now)
        compose(self, answer, t, now)
        answer.ask_daily = any(
            answer.rules[rule_id].evaluated and total >= self.book[rule_id].params["adaptive"]
            for rule_id, total in self.charts.items()
        )
        self._note_families(t)
        for alias, x in good.items():
            if alias not in frozen and not self._frozen(alias, t):
                self.baselines[alias].enter(now.day, x)
        self._remember(now)
        return answer

    def clock(self, now: float) -> Answer:
        """Time alone."""
        self.seen_until = max(self.seen_until, now)
        answer = Answer()
        for rule in self.book.rules:
            was = self.status[rule.id]
            answer.rules[rule.id] = Outcome(was, was, onset=self.onset[rule.id])
        answer.rules["R24"] = self._judge(self.book["R24"], self.seen_until, None)
        compose(self, answer, self.seen_until)
        return answer

    def swap(self, alias: str) -> None:
        """Another device measures this signal from now on: short memories start anew."""
        self.baselines[alias].learn_anew()
        self.baselines[alias].waiting.clear()
        if alias == "weight":
            self.grams.clear()
            self.weights.clear()
            self.months.clear()
            self.slow = (0.0, NAN)
        if alias == "spo2":
            self.saturations.clear()
        if alias == "fev1":
            self.flows.clear()
        self.told_off.pop(alias, None)

    def base_of(self, alias: str) -> tuple[float, tuple[float, float, float]]:
        """What relative rules compare with (NaN = nothing), and the evidence of it."""
        decided = self.base.get(alias, NAN)
        if not math.isnan(decided):
            return decided, (decided, NAN, NAN)
        b = self.baselines[alias]
        return (b.mean if b.valid else NAN), (b.usual, b.sd, b.weight)

    def _judge(self, rule: Rule, t: float, now: Now | None) -> Outcome:
        if rule.id == "R24":
            return advance(
                self, rule, t, oracle_measuring.missing(self, self.seen_until, rule.params)
            )
        assert now is not None
        return advance(self, rule, t, LOOKS[rule.id](self, now, rule.params))

    def _now(
        self,
        t: float,
        good: Mapping[str, float],
        answers: Mapping[str, bool],
        present: Mapping[str, float],
    ) -> Now:
        day = math.floor(t)
        said = self.said_yes if self.answered_day == day else set()
        yes = {a for a in QUESTIONS if answers.get(a, a in said)}
        first = {alias for alias in good if self.accepted_day.get(alias) != day}
        return Now(t, day, good, first, answers, yes, present, self.answered_day != day)

    def _take_in(self, now: Now) -> None:
        """What counts up to and including now."""
        for rule_id in ("R22", "R23"):
            oracle_pattern.accumulate(self, now, rule_id, self.book[rule_id].params)
        if "spo2" in now.good:
            self.saturations[now.day] = round(now.good["spo2"] * 10) / 10
        if "weight" in now.first:
            self.weights.append((now.t, now.good["weight"]))
            oracle_weight.note_month(self, now.day)
        if now.answers:
            self.said_yes, self.answered_day = now.yes, now.day

    def _remember(self, now: Now) -> None:
        """What later sittings compare with."""
        if "weight" in now.good:
            self.grams.append((now.day, round(now.good["weight"] * 1000)))
        if "fev1" in now.first:
            self.flows.append((now.day, now.good["fev1"]))
        for alias in now.good:
            self.accepted_day[alias] = now.day

    def _frozen(self, alias: str, t: float) -> bool:
        since = self.family_since.get(FAMILY[alias])
        return self.paused or (since is not None and t - since < FREEZE_DAYS)

    def _note_families(self, t: float) -> None:
        """An open episode freezes the baselines of its family."""
        open_families = {
            rule.family for rule in self.judged_rules if self.status[rule.id] >= YELLOW
        }
        for family in FAMILIES:
            if family in open_families:
                self.family_since.setdefault(family, t)
            else:
                self.family_since.pop(family, None)


__all__ = ["GREEN", "NAN", "ORDER", "QUESTIONS", "Answer", "Four", "Outcome", "Patient"]
