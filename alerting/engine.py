"""One state of the rules and the limits in force, advanced by sittings and by time.

In: a roster, then sittings in order of measuring for each citizen. Out: `Change`s: a rule's
colour rose, or its episode ended. Live evaluation, replay after late data, the rebuild at start
and the curves of the page are all this one loop, over few or many rows.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from alerting.roster import SIDES, Roster
from alerting.rules import (
    RULES,
    Colour,
    Findings,
    State,
    clock,
    overdue_instants,
    rule_index,
    step,
)
from alerting.rules.items import ITEMS, NOT_ASKED
from alerting.rules.signals import FAMILIES, SIGNALS
from alerting.sittings import Sitting

Wave = Sequence[Sitting]
_CALL = rule_index("R24")
_CALL_STAGE = int(RULES[_CALL].params["call"])
Watcher = Callable[[Wave, Findings], None]
_FAMILY = [FAMILIES.index(signal.family) for signal in SIGNALS]
_SYMPTOM = len(FAMILIES)
"""Where answers stand behind the families of the signals."""
ACROSS = np.array([rule.family not in FAMILIES for rule in RULES])
"""The rules that watch every signal of a citizen; the others look at the signals of one family."""


class Change(msgspec.Struct, frozen=True):
    """One rule's episode of one row rose to a colour, or ended (colour GREEN), at `t` (days)."""

    row: int
    rule: int
    colour: Colour
    t: float
    onset: float
    evidence: dict[str, float]


class Engine:
    """State, profile in force, and the loop over waves. Not thread-safe."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.state = State(len(roster))
        self.profile = roster.profile()
        self.measured_t = np.full((len(roster), _SYMPTOM + 1), -np.inf)
        """(rows, families): the newest measurement or answer that was judged, local days."""
        self._settled_t = np.full(len(roster), -np.inf)
        """(rows,): the newest moment that changed a rule across signals, or limits in force."""
        self._upcoming = [0] * len(roster)
        self._next_t = np.array([changes[0].t if changes else np.inf for changes in roster.changes])

    def adopt(self, roster: Roster) -> list[int]:
        """Take over a newer roster; the rows that it changed, now forgotten and to be replayed."""
        changed = roster.differing(self.roster)
        old, known = self.profile, len(self.roster)
        self.roster, self.profile = roster, roster.profile()
        self.state.grow(len(roster))
        for side in SIDES:
            getattr(self.profile, side)[:known] = getattr(old, side)
        new = len(roster) - known
        fresh = np.full((new, _SYMPTOM + 1), -np.inf)
        self.measured_t = np.append(self.measured_t, fresh, axis=0)
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
        for side in SIDES:
            getattr(self.profile, side)[chosen] = np.nan
        for row in rows:
            self._upcoming[row] = 0
            changes = self.roster.changes[row]
            self._next_t[row] = changes[0].t if changes else np.inf

    def advance(self, sittings: Iterable[Sitting], watch: Watcher | None = None) -> list[Change]:
        """Take sittings (in time order for each row) through the rules."""
        changes: list[Change] = []
        for wave in _waves(sittings):
            rows = np.array([sitting.row for sitting in wave], dtype=np.intp)
            t = np.array([sitting.t for sitting in wave])
            x = np.full((len(wave), len(SIGNALS)), np.nan)
            answers = np.full((len(wave), len(ITEMS)), NOT_ASKED, dtype=np.int8)
            for place, sitting in enumerate(wave):
                for signal, value in sitting.values.items():
                    x[place, signal] = value
                for item, said in sitting.answers.items():
                    answers[place, item] = said
            passed = self._let_time_pass(rows, t)
            findings = step(self.state, self.profile, rows, t, x, answers)
            self._remember(wave)
            changes += passed + self._settled(_changes(findings))
            if watch is not None:
                watch(wave, findings)
        return changes

    def clock(self, now: float, rows: Sequence[int] | None = None) -> list[Change]:
        """What time alone has changed at `now` (local days), for these rows or for every row."""
        chosen = np.arange(len(self.roster)) if rows is None else np.array(rows, dtype=np.intp)
        return self._let_time_pass(chosen, np.full(len(chosen), now))

    def is_late(self, sitting: Sitting) -> bool:
        """Whether the past that was already judged changes with this sitting.

        Most rules look at one family of signals, so families may overtake one another. Order
        across them matters while a rule that watches them all is open, before the moment when one
        last changed, and before limits that are in force already.
        """
        row, t = sitting.row, sitting.t
        if t <= self._settled_t[row] or t <= self.measured_t[row, _families(sitting)].max():
            return True
        open_across = (self.state.status[row, ACROSS] > Colour.GREEN).any()
        return bool(open_across and t <= self.state.seen_until[row])

    def _remember(self, wave: Wave) -> None:
        for sitting in wave:
            measured = self.measured_t[sitting.row]
            for family in _families(sitting):
                measured[family] = max(measured[family], sitting.t)

    def _settled(self, changes: list[Change]) -> list[Change]:
        for change in changes:
            if ACROSS[change.rule]:
                self._settled_t[change.row] = max(self._settled_t[change.row], change.t)
        return changes

    def _let_time_pass(self, rows: Any, t: Any) -> list[Change]:
        """Bring limits into force and measurements into arrears, each at its own instant.

        Stage by stage, so that an alert's history does not depend on how often anybody looks.
        """
        self._bring_limits_into_force(rows, t)
        changes: list[Change] = []
        seen = self.state.seen_until[rows].copy()
        for stage, at in enumerate(overdue_instants(self.state, self.profile, rows).T, start=1):
            due = (at > seen) & (at <= t)
            if due.any():
                findings = clock(self.state, self.profile, rows[due], at[due])
                changes += _changes(findings, worse=_CALL if stage == _CALL_STAGE else None)
        return self._settled(changes + _changes(clock(self.state, self.profile, rows, t)))

    def _bring_limits_into_force(self, rows: Any, t: Any) -> None:
        for row, at in zip(rows[self._next_t[rows] <= t], t[self._next_t[rows] <= t], strict=True):
            changes, place = self.roster.changes[row], self._upcoming[row]
            while place < len(changes) and changes[place].t <= at:
                change = changes[place]
                for side, number in zip(SIDES, change.numbers, strict=True):
                    getattr(self.profile, side)[row, change.signal] = number
                self._settled_t[row] = max(self._settled_t[row], change.t)
                place += 1
            self._upcoming[row] = place
            self._next_t[row] = changes[place].t if place < len(changes) else np.inf


def _families(sitting: Sitting) -> list[int]:
    """The families that a sitting tells of; never none."""
    families = [_FAMILY[signal] for signal in sitting.values]
    return [*families, _SYMPTOM] if sitting.answers else families


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


def _changes(findings: Findings, worse: int | None = None) -> list[Change]:
    """Colours that rose, and raised colours that ended; everything else is no news.

    `worse` is the column of a rule that got worse within its colour: that is told, too.
    """
    rose = (findings.colour > findings.was) & (findings.colour > Colour.GREEN)
    if worse is not None:
        rose[:, worse] |= findings.colour[:, worse] > Colour.GREEN
    ended = (findings.was > Colour.GREEN) & (findings.colour <= Colour.GREEN)
    found = []
    for place, rule in np.argwhere(rose | ended):
        colour = Colour(max(int(findings.colour[place, rule]), Colour.GREEN))
        time = float(findings.time[place])
        onset = float(findings.onset[place, rule])
        found.append(
            Change(
                row=int(findings.rows[place]),
                rule=int(rule),
                colour=colour,
                t=time,
                onset=time if np.isnan(onset) else onset,
                evidence=findings.evidence(int(place), int(rule)),
            )
        )
    return found
