"""The rules again, slowly: one patient, plain Python, no arrays, no cleverness.

Written from the clinical reference (section 4), not from the code under test. It keeps whole
histories where the code keeps a few bytes, and walks through the calendar day by day.
"""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerting.rules import RULES, SIGNALS, Colour, rule_index

NAN = math.nan
FAMILY = {signal.alias: signal.family for signal in SIGNALS}
HALF_LIFE = {"spo2": 28, "pulse": 28, "weight": 14, "systolic": 28, "diastolic": 28}
HALF_LIFE |= {"fev1": 28, "pef": 28}
FLOOR = {"spo2": 0.9, "pulse": 4, "weight": 0.5, "systolic": 7, "diastolic": 5, "fev1": 0.085}
FLOOR["pef"] = 10
PLAUSIBLE = {
    "spo2": (50, 100),
    "pulse": (25, 220),
    "weight": (30, 250),
    "systolic": (60, 260),
    "diastolic": (30, 160),
    "fev1": (0.2, 6),
    "pef": (30, 900),
}
NO_LIMITS = (NAN, NAN, NAN, NAN)
ORDER = [signal.alias for signal in SIGNALS]


@dataclass
class Seen:
    """What one rule says about one reading."""

    level: Colour
    clear: bool
    complete: bool
    value: float = NAN
    extra: float = NAN


@dataclass
class Outcome:
    """One rule after one call."""

    colour: Colour
    was: Colour
    level: Colour = Colour.GREEN
    evaluated: bool = False
    onset: float = NAN
    value: float = NAN
    extra: float = NAN
    mean: float = NAN


@dataclass
class Baseline:
    """P2 with the whole queue in a list."""

    weight: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    last: int = 0
    waiting: list[tuple[int, float]] = field(default_factory=list)

    def absorb_until(self, day: int, half_life: float, floor: float) -> None:
        for then, x in sorted(self.waiting):
            if day - then >= 7:
                self._absorb(then, x, half_life, floor)
        self.waiting = [(then, x) for then, x in self.waiting if day - then < 7]

    def _absorb(self, day: int, x: float, half_life: float, floor: float) -> None:
        if self.weight > 0:
            sd = max(math.sqrt(self.spread / self.weight), floor)
            x = min(max(x, self.mean - 3 * sd), self.mean + 3 * sd)
        left = 2 ** (-(day - self.last) / half_life) if self.weight > 0 else 0.0
        self.weight = left * self.weight + 1
        before = x - self.mean
        self.mean += before / self.weight
        self.spread = left * self.spread + before * (x - self.mean)
        self.last = day

    def enter(self, day: int, x: float) -> None:
        if day not in [then for then, _ in self.waiting]:
            self.waiting.append((day, x))


@dataclass
class Patient:
    """One patient: what is decided, and everything that has happened."""

    limits: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    relative: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    dry: float = NAN
    expected: frozenset[str] = frozenset()
    plan: int = 0
    due_hour: float = 12.0
    start: int = 0
    paused: bool = False

    def __post_init__(self) -> None:
        self.baselines = {alias: Baseline() for alias in ORDER}
        self.status = {rule.id: Colour.INSUFFICIENT for rule in RULES}
        self.onset = {rule.id: NAN for rule in RULES}
        self.clears = {rule.id: 0 for rule in RULES}
        self.hits: dict[str, list[Colour]] = {rule.id: [] for rule in RULES}
        self.judged = {rule.id: -math.inf for rule in RULES}
        self.family_since: dict[str, float] = {}
        self.suspect: dict[str, float] = {}
        self.accepted: int | None = None
        self.weights: list[tuple[int, int]] = []
        self.contact: dict[str, int] = {}
        self.seen_until = -math.inf

    def step(self, t: float, readings: Mapping[str, float]) -> dict[str, Outcome]:
        readings = {alias: x for alias, x in readings.items() if not math.isnan(x)}
        day = math.floor(t)
        good = self._screen(readings)
        for alias in readings:
            self.contact[alias] = max(day, self.contact.get(alias, day))
        self.seen_until = max(self.seen_until, t)
        frozen = {alias for alias in ORDER if self._frozen(alias, t)}
        for alias in good:
            if alias not in frozen:
                self.baselines[alias].absorb_until(day, HALF_LIFE[alias], FLOOR[alias])

        outcomes: dict[str, Outcome] = {}
        for rule in RULES:
            if rule.id == "R24":
                outcomes[rule.id] = self._missing(self.seen_until)
            elif rule.id == "T01":
                outcomes[rule.id] = self._quality(t, bool(readings))
            else:
                outcomes[rule.id] = self._episode(rule.id, t, self._look(rule.id, day, good))

        for family in set(FAMILY.values()):
            rules = [rule.id for rule in RULES if rule.family == family]
            if any(self.status[rule_id] >= Colour.YELLOW for rule_id in rules):
                self.family_since.setdefault(family, t)
            else:
                self.family_since.pop(family, None)
        for alias, x in good.items():
            if alias not in frozen and not self._frozen(alias, t):
                self.baselines[alias].enter(day, x)
        if "weight" in good:
            self.weights.append((day, round(good["weight"] * 1000)))
        return outcomes

    def clock(self, now: float) -> dict[str, Outcome]:
        self.seen_until = max(self.seen_until, now)
        return {"R24": self._missing(self.seen_until)}

    def _frozen(self, alias: str, t: float) -> bool:
        if self.paused:
            return True
        since = self.family_since.get(FAMILY[alias])
        return since is not None and t - since < 21

    def _screen(self, readings: Mapping[str, float]) -> dict[str, float]:
        params = RULES[rule_index("T01")].params
        good = {a: x for a, x in readings.items() if PLAUSIBLE[a][0] <= x <= PLAUSIBLE[a][1]}
        if "systolic" in good and "diastolic" in good and good["diastolic"] >= good["systolic"]:
            del good["systolic"], good["diastolic"]
        if "weight" in good:
            grams = round(good["weight"] * 1000)
            refused = self.suspect.get("weight")
            agrees = refused is not None and abs(refused * 1000 - grams) < (
                params["agree_kg"] * 1000 + 0.5
            )
            if self.accepted is not None and not agrees:
                change = abs(grams - self.accepted)
                if (
                    change > params["jump_kg"] * 1000
                    or change * 100 > params["jump_percent"] * self.accepted
                ):
                    del good["weight"]
            if "weight" in good:
                self.accepted = grams
        for alias, x in readings.items():
            if alias in good:
                self.suspect.pop(alias, None)
            else:
                self.suspect[alias] = x
        return good

    def _look(self, rule_id: str, day: int, good: Mapping[str, float]) -> Seen | None:
        params = RULES[rule_index(rule_id)].params
        rule = RULES[rule_index(rule_id)]
        present = [alias for alias in rule.signals if alias in good]
        if not present:
            return None
        x = good[present[0]]
        if rule_id == "R01":
            return self._limits("spo2", x, low=params["off"])
        if rule_id == "R06":
            return self._limits("pulse", x, low=params["off"], high=params["off"])
        if rule_id == "R16":
            return self._limits("systolic", x, low=params["off"])
        if rule_id == "R17":
            absent = Seen(Colour.GREEN, clear=False, complete=False)
            sides = [
                self._limits(alias, good[alias], high=params[f"off_{alias}"])
                if alias in good
                else absent
                for alias in ("systolic", "diastolic")
            ]
            return Seen(
                max(side.level for side in sides),
                all(side.clear for side in sides),
                all(side.complete for side in sides),
                good.get("systolic", NAN),
                good.get("diastolic", NAN),
            )
        baseline = self.baselines[present[0]]
        if rule_id == "R03":
            drop = baseline.mean - x if baseline.weight > 0 else NAN
            red, yellow, _, _ = self.relative.get("spo2", NO_LIMITS)
            level = self._grade(drop >= yellow, drop >= red)
            complete = baseline.weight >= 5 and not (math.isnan(yellow) and math.isnan(red))
            return Seen(level, drop <= params["off"], complete, x, drop)
        grams = round(x * 1000)
        if rule_id == "R11":
            earlier = [g for d, g in self.weights if 0 < day - d <= params["window_days"]]
            if not earlier:
                return Seen(Colour.GREEN, clear=False, complete=False, value=x)
            rise = grams - min(earlier)
        else:
            assert rule_id == "R14"
            dry = self.dry
            if math.isnan(dry) and baseline.weight >= 5:
                dry = baseline.mean
            if math.isnan(dry):
                return Seen(Colour.GREEN, clear=False, complete=False, value=x)
            rise = grams - round(dry * 1000)
        yellow, red = params["yellow"] * 1000, params["red"] * 1000
        if rule_id == "R11":
            level = self._grade(rise > yellow, rise > red)
        else:
            level = self._grade(rise >= yellow, rise >= red)
        return Seen(level, rise <= params["off"] * 1000, True, x, rise / 1000)

    @staticmethod
    def _grade(yellow: bool, red: bool) -> Colour:
        if red:
            return Colour.RED
        return Colour.YELLOW if yellow else Colour.GREEN

    def _limits(
        self, alias: str, x: float, low: float | None = None, high: float | None = None
    ) -> Seen:
        low_red, low_yellow, high_yellow, high_red = self.limits.get(alias, NO_LIMITS)
        yellow = red = False
        clear = complete = True
        if low is not None:
            yellow |= x <= low_yellow
            red |= x <= low_red
            edge = low_red if math.isnan(low_yellow) else low_yellow
            complete &= not math.isnan(edge)
            clear &= x >= edge + low
        if high is not None:
            yellow |= x >= high_yellow
            red |= x >= high_red
            edge = high_red if math.isnan(high_yellow) else high_yellow
            complete &= not math.isnan(edge)
            clear &= x <= edge - high
        return Seen(self._grade(yellow, red), clear, complete, x)

    def _episode(self, rule_id: str, t: float, seen: Seen | None) -> Outcome:
        rule = RULES[rule_index(rule_id)]
        was = self.status[rule_id]
        if seen is None:
            return Outcome(was, was, onset=self.onset[rule_id])
        outcome = Outcome(was, was, value=seen.value, extra=seen.extra)
        if rule.id in ("R03", "R14") and self.baselines[rule.signals[0]].weight > 0:
            outcome.mean = self.baselines[rule.signals[0]].mean
        if not seen.complete and seen.level == Colour.GREEN:
            if was <= Colour.GREEN:
                self.status[rule_id] = outcome.colour = Colour.INSUFFICIENT
            outcome.onset = self.onset[rule_id]
            return outcome
        if rule.id == "R03" and not seen.complete:
            if was <= Colour.GREEN:
                self.status[rule_id] = outcome.colour = Colour.INSUFFICIENT
            outcome.onset = self.onset[rule_id]
            return outcome

        if t - self.judged[rule_id] > 10:
            self.hits[rule_id] = []
        self.judged[rule_id] = t
        recent = self.hits[rule_id] = [*self.hits[rule_id], seen.level][-rule.n :]
        raw = Colour.GREEN
        for colour in (Colour.YELLOW, Colour.RED):
            needed = rule.k if colour in rule.confirmed else 1
            counted = recent if colour in rule.confirmed else recent[-1:]
            if sum(level >= colour for level in counted) >= needed:
                raw = colour
        if seen.level == Colour.RED and rule.confirmed and rule_id not in ("R03", "R14"):
            raw = max(raw, Colour.YELLOW)
        active = max(was, raw, Colour.GREEN)
        self.clears[rule_id] = self.clears[rule_id] + 1 if seen.clear and raw == Colour.GREEN else 0
        if self.clears[rule_id] >= rule.n_off:
            active = Colour.GREEN
        outcome.level, outcome.evaluated = seen.level, True
        return self._settle(rule_id, outcome, Colour(active), t)

    def _settle(self, rule_id: str, outcome: Outcome, colour: Colour, since: float) -> Outcome:
        if colour <= Colour.GREEN:
            self.onset[rule_id] = NAN
        elif colour != outcome.was:
            self.onset[rule_id] = since
        self.status[rule_id] = outcome.colour = colour
        outcome.onset = self.onset[rule_id]
        return outcome

    def _quality(self, t: float, asked: bool) -> Outcome:
        was = self.status["T01"]
        outcome = Outcome(was, was, onset=self.onset["T01"])
        for alias in reversed(ORDER):
            if alias in self.suspect:
                outcome.value, outcome.extra = self.suspect[alias], float(ORDER.index(alias))
        if not asked:
            return outcome
        colour = Colour.TECHNICAL if self.suspect else Colour.GREEN
        outcome.evaluated, outcome.level = True, colour
        return self._settle("T01", outcome, colour, t)

    def _missing(self, now: float) -> Outcome:
        was = self.status["R24"]
        outcome = Outcome(was, was)
        if self.paused or not self.expected or not self.plan:
            return self._settle("R24", outcome, Colour.INSUFFICIENT, now)
        met = min(self.contact.get(alias, self.start - 1) for alias in self.expected)
        missed = []
        for day in range(max(met + 1, self.start), math.floor(now) + 1):
            date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
            overdue = day + 1.0 + self.due_hour / 24
            if self.plan >> date.weekday() & 1 and overdue <= now:
                missed.append(overdue)
        colour, since = Colour.GREEN, now
        if len(missed) >= 2:
            colour, since = Colour.YELLOW, missed[1]
        elif missed:
            colour, since = Colour.BLUE, missed[0]
        outcome.evaluated, outcome.level = True, colour
        outcome.value = outcome.extra = float(len(missed))
        outcome = self._settle("R24", outcome, colour, since)
        if colour > Colour.GREEN:
            outcome.onset = self.onset["R24"] = since
        return outcome
