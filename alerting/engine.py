"""One state of the rules and the profile in force, advanced by sittings and by time.

In: a roster, then sittings in order of measuring for each citizen. Out: `Change`s (a rule's colour
rose, or its episode ended) and `Turn`s (the same of a hypothesis, or it calls for attention). Live
evaluation, replay after late data, the rebuild at start and the curves of the page are all this one
loop, over few or many rows.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from alerting.local_time import DAY_MS
from alerting.roster import Roster
from alerting.rules import (
    ITEMS,
    Colour,
    Findings,
    Rulebook,
    State,
    clock,
    home_of,
    overdue_instants,
    rule_index,
    step,
    swapped,
)
from alerting.rules.items import NOT_ASKED, YES
from alerting.rules.signals import SIGNALS
from alerting.sittings import Sitting
from alerting.timeline import PERSONAL
from ingest.limits import SAME_INSTANT_MS

Wave = Sequence[Sitting]
_CALL = rule_index("R24")
STATE_FIELDS = tuple(name for name in State.__slots__ if name != "dtype")
Watcher = Callable[[Wave, Findings], None]
Listener = Callable[[Findings], None]
TIMED = (
    *PERSONAL,
    *("on_oxygen", "scale2", "treated", "paused", "start_day"),
    *("dry_weight_kg", "diuretic_changed_t"),
)
"""What of a profile changes with time; everything else stays while a roster stands."""

_INSTANT = SAME_INSTANT_MS / DAY_MS
"""A second, in days."""


class Change(msgspec.Struct, frozen=True):
    """One rule's episode of one row rose to a colour, or ended (colour GREEN), at `t` (days)."""

    row: int
    rule: int
    colour: Colour
    t: float
    onset: float
    evidence: dict[str, float]


class Turn(msgspec.Struct, frozen=True):
    """One hypothesis of one row got a colour, ended (colour GREEN) or `called`, at `t` (days)."""

    row: int
    hypothesis: int
    colour: Colour
    t: float
    called: bool


Event = Change | Turn


class Engine:
    """State, profile in force, and the loop over waves. Not thread-safe.

    `heard` is told of everything that the rules answer, to readings and to time alone.
    """

    def __init__(self, roster: Roster, rulebook: Rulebook, heard: Listener | None = None) -> None:
        self.roster = roster
        self.rulebook = rulebook
        """The only source of what a rule is, here and for everybody who holds this engine."""
        self._call_stage = math.ceil(rulebook["R24"].params["call"])
        self._heard = heard
        self.state = State(len(roster))
        self.profile = roster.profile()
        self._at_start = roster.profile()
        self.home = home_of(self.profile, rulebook)
        """(rows, rules): the hypothesis that each rule speaks for."""
        self.measured_t = np.full(len(roster), -np.inf)
        """(rows,): the newest measurement or answer that was judged, local days."""
        self._settled_t = np.full(len(roster), -np.inf)
        """(rows,): the newest moment at which time alone, or the profile, changed something."""
        self._upcoming = [0] * len(roster)
        self._next_t = np.array([moments[0].t if moments else np.inf for moments in roster.moments])

    def adopt(self, roster: Roster) -> list[int]:
        """Take over a newer roster; the rows that it changed, now forgotten and to be replayed."""
        changed = roster.differing(self.roster)
        old, known = self.profile, len(self.roster)
        self.roster, self.profile, self._at_start = roster, roster.profile(), roster.profile()
        self.state.grow(len(roster))
        self.home = home_of(self.profile, self.rulebook)
        for field in TIMED:
            getattr(self.profile, field)[:known] = getattr(old, field)
        new = len(roster) - known
        self.measured_t = np.append(self.measured_t, np.full(new, -np.inf))
        self._settled_t = np.append(self._settled_t, np.full(new, -np.inf))
        self._upcoming += [0] * new
        self._next_t = np.append(self._next_t, np.full(new, np.inf))
        self.forget(changed)
        return changed

    def forget(self, rows: Sequence[int]) -> None:
        """Start these rows from nothing, so that their whole history can be replayed."""
        chosen = np.array(rows, dtype=np.intp)
        self.state.reset(chosen)
        self.measured_t[chosen] = -np.inf
        self._settled_t[chosen] = -np.inf
        for field in TIMED:
            getattr(self.profile, field)[chosen] = getattr(self._at_start, field)[chosen]
        for row in rows:
            self._upcoming[row] = 0
            moments = self.roster.moments[row]
            self._next_t[row] = moments[0].t if moments else np.inf

    def memory(self) -> dict[str, Any]:
        """Everything that the engine remembers, as arrays by name: the rows' past, forgotten."""
        own: dict[str, Any] = {
            "measured_t": self.measured_t,
            "settled_t": self._settled_t,
            "next_t": self._next_t,
            "upcoming": np.array(self._upcoming, dtype=np.int64),
        }
        state = {f"state.{name}": getattr(self.state, name) for name in STATE_FIELDS}
        return own | state | {f"profile.{name}": getattr(self.profile, name) for name in TIMED}

    def recall(self, memory: Mapping[str, Any]) -> bool:
        """Take over what `memory` gave for the same roster; False, and nothing, if it is other."""
        mine = self.memory()
        kinds = {name: (array.shape, array.dtype) for name, array in mine.items()}
        if kinds != {name: (array.shape, array.dtype) for name, array in memory.items()}:
            return False
        for name, array in memory.items():
            mine[name][...] = array
        self._upcoming = memory["upcoming"].tolist()
        return True

    def advance(self, sittings: Iterable[Sitting], watch: Watcher | None = None) -> list[Event]:
        """Take sittings (in time order for each row) through the rules."""
        changes: list[Event] = []
        for wave in _waves(one for one in sittings if one.values or one.answers):
            rows = np.array([sitting.row for sitting in wave], dtype=np.intp)
            t = np.array([sitting.t for sitting in wave])
            x = np.full((len(wave), len(SIGNALS)), np.nan)
            for place, sitting in enumerate(wave):
                for signal, value in sitting.values.items():
                    x[place, signal] = value
            answers = np.full((len(wave), len(ITEMS)), NOT_ASKED, dtype=np.int8)
            for place, sitting in enumerate(wave):
                for item, said in sitting.answers.items():
                    answers[place, item] = said
            contested = np.array([sitting.contested for sitting in wave])
            some = contested if contested.any() else None
            passed, findings = self.judge(rows, t, x, answers, some)
            changes += passed + _changes(findings)
            if watch is not None:
                watch(wave, findings)
        return changes

    def judge(
        self, rows: Any, t: Any, x: Any, answers: Any, contested: Any = None
    ) -> tuple[list[Event], Findings]:
        """One wave of sittings as arrays: what time changed before them, and what they say.

        rows (n,) different rows; t (n,) local days; x (n, S) and answers (n, Q) as `step` takes
        them. contested (n,): what contradicts a value that stood before it. It makes the reading
        doubtful (T01) and, where it alone would alarm, alarms; it never speaks for the citizen.
        """
        passed = self._let_time_pass(rows, t)
        doubt = None
        if contested is not None:
            x, answers, doubt = self._alarming(rows, x, answers, contested)
        findings = self._told(
            step(
                self.state,
                self.profile,
                rows,
                t,
                x,
                answers,
                contested=doubt,
                rulebook=self.rulebook,
            )
        )
        self.measured_t[rows] = np.maximum(self.measured_t[rows], t)
        return passed, findings

    def _alarming(self, rows: Any, x: Any, answers: Any, contested: Any) -> tuple[Any, Any, Any]:
        """X and answers without what is contested and would not alarm; and, for T01, the first
        contested value of each row with its column."""
        profile, here = self.profile, np.arange(len(rows))
        bad = (x <= np.fmax(profile.low_yellow[rows], profile.low_red[rows])) | (
            x >= np.fmin(profile.high_yellow[rows], profile.high_red[rows])
        )
        measured = ~np.isnan(x)
        signal = measured.argmax(axis=1)
        column = np.where(measured.any(axis=1), signal, len(SIGNALS))
        doubt = np.where(contested, x[here, signal], np.nan), np.where(contested, column, -1)
        whose = contested[:, None]
        x = np.where(whose & ~bad, np.nan, x)
        return x, np.where(whose & (answers != YES), NOT_ASKED, answers).astype(np.int8), doubt

    def clock(self, now: float, rows: Sequence[int] | None = None) -> list[Event]:
        """What time alone has changed at `now` (local days), for these rows or for every row."""
        chosen = np.arange(len(self.roster)) if rows is None else np.array(rows, dtype=np.intp)
        return self._let_time_pass(chosen, np.full(len(chosen), now))

    def is_late(self, sitting: Sitting) -> bool:
        """Whether the past that was already judged changes with this sitting.

        Rules weigh several signals against one another, and alerts several rules, so a citizen's
        sittings are judged in the order of measuring, and after all that time has brought before.
        What comes within a second of the last is judged together with it: it may be the same, told
        twice (`alerting.sittings`).
        """
        if not (sitting.values or sitting.answers):
            return False
        row, t = sitting.row, sitting.t
        if t <= max(self.measured_t[row] + _INSTANT, self._settled_t[row]):
            return True
        silent = self.state.status[row, _CALL] > Colour.GREEN
        return bool(silent and t <= self.state.seen_until[row])

    def later_than(self, t: float) -> Any:
        """(rows,): whose past, as it was judged, goes on after `t` (local days)."""
        return np.maximum(self.measured_t, self._settled_t) > t

    def _clock(self, rows: Any, t: Any) -> Findings:
        return self._told(clock(self.state, self.profile, rows, t, rulebook=self.rulebook))

    def _told(self, findings: Findings) -> Findings:
        if self._heard is not None:
            self._heard(findings)
        return findings

    def _settled(self, changes: list[Event]) -> list[Event]:
        for change in changes:
            self._settled_t[change.row] = max(self._settled_t[change.row], change.t)
        return changes

    def _let_time_pass(self, rows: Any, t: Any) -> list[Event]:
        """Bring the timeline into force and measurements into arrears, each at its own instant.

        Stage by stage, so that an alert's history does not depend on how often anybody looks.
        """
        changes: list[Event] = []
        while (due := self._next_t[rows] <= t).any():
            reached = rows[due]
            at = self._next_t[reached]
            changes += self._fall_due(reached, at)
            self._bring_into_force(reached)
            changes += _changes(self._clock(reached, at))
        changes += self._fall_due(rows, t)
        return self._settled(changes + _changes(self._clock(rows, t)))

    def _fall_due(self, rows: Any, t: Any) -> list[Event]:
        changes: list[Event] = []
        seen = self.state.seen_until[rows].copy()
        instants = overdue_instants(self.state, self.profile, rows, rulebook=self.rulebook)
        for stage, at in enumerate(instants.T, start=1):
            due = (at > seen) & (at <= t)
            if due.any():
                findings = self._clock(rows[due], at[due])
                changes += _changes(findings, worse=_CALL if stage == self._call_stage else None)
        return changes

    def _bring_into_force(self, rows: Any) -> None:
        """The next moment of each row's timeline."""
        for row in rows:
            moments, place = self.roster.moments[row], self._upcoming[row]
            moment = moments[place]
            for setting in moment.settings:
                at = row if setting.signal is None else (row, setting.signal)
                getattr(self.profile, setting.field)[at] = setting.value
            if moment.swapped:
                swapped(self.state, np.array([row]), moment.swapped)
            self._settled_t[row] = max(self._settled_t[row], moment.t)
            self._upcoming[row] = place + 1
            self._next_t[row] = moments[place + 1].t if place + 1 < len(moments) else np.inf


def _waves(sittings: Iterable[Sitting]) -> list[list[Sitting]]:
    """The first sitting of every row, then the second of every row, and so on."""
    waves: list[list[Sitting]] = []
    count: dict[int, int] = {}
    for sitting in sittings:
        place = count.get(sitting.row, 0)
        count[sitting.row] = place + 1
        if place == len(waves):
            waves.append([])
        waves[place].append(sitting)
    return waves


def _changes(findings: Findings, worse: int | None = None) -> list[Event]:
    """Colours that rose, and raised colours that ended; everything else is no news.

    `worse` is the column of a rule that got worse within its colour: that is told, too.
    """
    rose = (findings.colour > findings.was) & (findings.colour > Colour.GREEN)
    if worse is not None:
        rose[:, worse] |= findings.colour[:, worse] > Colour.GREEN
    ended = (findings.was > Colour.GREEN) & (findings.colour <= Colour.GREEN)
    found: list[Event] = []
    for place, rule in np.argwhere(rose | ended):
        time = float(findings.time[place])
        onset = float(findings.onset[place, rule])
        found.append(
            Change(
                row=int(findings.rows[place]),
                rule=int(rule),
                colour=_told(findings.colour[place, rule]),
                t=time,
                onset=time if np.isnan(onset) else onset,
                evidence=findings.evidence(int(place), int(rule)),
            )
        )
    return found + _turns(findings)


def _turns(findings: Findings) -> list[Event]:
    """What became of the hypotheses, after what became of the rules that they are made of."""
    now, was = findings.composed, findings.composed_was
    news = (now > was) & (now > Colour.GREEN) | (was > Colour.GREEN) & (now <= Colour.GREEN)
    return [
        Turn(
            row=int(findings.rows[place]),
            hypothesis=int(hypothesis),
            colour=_told(now[place, hypothesis]),
            t=float(findings.time[place]),
            called=bool(findings.notify[place, hypothesis]),
        )
        for place, hypothesis in np.argwhere(news | findings.notify)
    ]


def _told(colour: int) -> Colour:
    """A colour as it is told: what has ended is GREEN, whether or not all rules could run."""
    return Colour(max(int(colour), Colour.GREEN))
