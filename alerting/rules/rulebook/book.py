"""A rulebook: rows in the order of columns, and what the core derives from them once.

In: rows. Out: `Rulebook`, never changed; `changed` gives a copy with other numbers, so that a rule
can be tried over stored history before it is switched on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools
from alerting.rules.colour import Colour
from alerting.rules.rule import CLINICAL, HYPOTHESES, Rule
from alerting.rules.signals import EVIDENCE_FAMILIES, FAMILIES

COMPOSITION: Final[Mapping[str, float]] = MappingProxyType(
    {
        "together_days": 3.0,
        "together_families": 2.0,
        "refractory_yellow_days": 7.0,
        "refractory_red_days": 1.0,
        "worse_sd": 1.0,
    }
)
"""Numbers of the composition of rules into one colour per hypothesis (see `compose`)."""

COMPOSITION_SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "together_days": "C: two families within 72 hours are one deterioration",
        "together_families": "C: two independent families of evidence make a red",
        "refractory_yellow_days": "C: the same yellow again within a week is no news",
        "refractory_red_days": "C: the same red is called again every day",
        "worse_sd": "C: a further worsening of one baseline sd is news at once",
    }
)

_ROW_NUMBERS: Final = {
    "k": int,
    "n": int,
    "n_off": int,
    "enabled": bool,
    "yellow_alone": bool,
    "red_alone": bool,
}
"""What `changed` may change in a row beside its params."""

REGISTER_BITS: Final = 8


class Rulebook:
    """Rows, and the arrays over rules (R,) that are derived from them. Immutable.

    rules, version, composition: as given.
    k, n, n_off (R,) uint8; confirm_yellow, counts_yellow (also for a weak sign), confirm_red,
    candidate, episode (has a memory of its own), never_green, yellow_alone, red_alone, enabled
    (R,) bool.
    own: for each hypothesis the columns whose home it is. family_columns, freezing_columns: for
    each of EVIDENCE_FAMILIES the columns that are evidence of it, for each of FAMILIES the
    columns whose open episode freezes its baselines. fusing: the columns of rules that fuse.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        version: str,
        composition: Mapping[str, float] = COMPOSITION,
    ) -> None:
        self.rules: Final = tuple(rules)
        self.version: Final = version
        self.composition: Final = MappingProxyType(dict(composition))
        self._index: Final = {rule.id: index for index, rule in enumerate(self.rules)}
        self.k: Final = self._numbers("k")
        self.n: Final = self._numbers("n")
        self.n_off: Final = self._numbers("n_off")
        self.confirm_yellow: Final = _frozen([Colour.YELLOW in rule.confirmed for rule in rules])
        self.counts_yellow: Final = _frozen(
            [rule.weak or Colour.YELLOW in rule.confirmed for rule in rules]
        )
        self.confirm_red: Final = _frozen([Colour.RED in rule.confirmed for rule in rules])
        self.candidate: Final = self._flags("candidate")
        self.never_green: Final = self._flags("never_green")
        self.yellow_alone: Final = self._flags("yellow_alone")
        self.red_alone: Final = self._flags("red_alone")
        self.enabled: Final = self._flags("enabled")
        self.episode: Final = _frozen([rule.n_off > 0 for rule in rules])
        self.own: Final = [
            [column for column, rule in enumerate(rules) if rule.home == hypothesis]
            for hypothesis in HYPOTHESES
        ]
        self.clinical: Final = sorted(column for own in self.own[:CLINICAL] for column in own)
        self.family_columns: Final = [
            [column for column, rule in enumerate(rules) if rule.family == family]
            for family in EVIDENCE_FAMILIES
        ]
        self.freezing_columns: Final = [
            [column for column, rule in enumerate(rules) if family in (rule.family, *rule.freezes)]
            for family in FAMILIES
        ]
        self.fusing: Final = [column for column, rule in enumerate(rules) if rule.fuses]

    def __len__(self) -> int:
        return len(self.rules)

    def index(self, rule_id: str) -> int:
        """The column of a rule."""
        return self._index[rule_id]

    def rule(self, rule_id: str) -> Rule:
        """The row of a rule."""
        return self.rules[self._index[rule_id]]

    def changed(
        self, changes: Mapping[str, Mapping[str, float]], version: str | None = None
    ) -> "Rulebook":
        """A copy with other numbers: by rule id (or "composition") the numbers by name.

        A number is one of the row's params, or k, n, n_off, enabled, yellow_alone, red_alone.
        The copy's version says that it is changed. Raises ValueError that names an unknown rule
        or number, or a value that cannot be.

        >>> from alerting.rules.rulebook import RULEBOOK
        >>> tried = RULEBOOK.changed({"R11": {"yellow": 2.5, "enabled": 0}})
        >>> tried.rule("R11").params["yellow"], tried.rule("R11").enabled, tried.version
        (2.5, False, '2.0.0+changed')
        """
        rows, composition = list(self.rules), dict(self.composition)
        for rule_id, numbers in changes.items():
            if rule_id == "composition":
                composition |= _checked(rule_id, numbers, composition)
            elif rule_id in self._index:
                rows[self._index[rule_id]] = _row(rows[self._index[rule_id]], numbers)
            else:
                raise ValueError(f"unknown rule {rule_id!r}; known: {', '.join(self._index)}")
        return Rulebook(rows, version or f"{self.version}+changed", composition)

    def _numbers(self, name: str) -> npt.NDArray[np.uint8]:
        array = np.array([getattr(rule, name) for rule in self.rules], dtype=np.uint8)
        array.flags.writeable = False
        return array

    def _flags(self, name: str) -> Bools:
        return _frozen([getattr(rule, name) for rule in self.rules])


def _frozen(flags: Sequence[bool]) -> Bools:
    array = np.array(flags, dtype=np.bool_)
    array.flags.writeable = False
    return array


def _row(rule: Rule, numbers: Mapping[str, float]) -> Rule:
    known = {**dict(rule.params), **dict.fromkeys(_ROW_NUMBERS, 0.0)}
    given = _checked(rule.id, numbers, known)
    params = {name: given.get(name, number) for name, number in rule.params.items()}
    own: dict[str, Any] = {
        name: kind(given[name]) for name, kind in _ROW_NUMBERS.items() if name in given
    }
    changed = replace(rule, params=MappingProxyType(params), **own)
    if not 1 <= changed.k <= changed.n <= REGISTER_BITS:
        raise ValueError(f"{rule.id}: {changed.k} of {changed.n} cannot be counted")
    if (changed.n_off > 0) != (rule.n_off > 0):
        raise ValueError(f"{rule.id}: n_off cannot change between 0 and more")
    return changed


def _checked(
    name: str, numbers: Mapping[str, float], known: Mapping[str, float]
) -> dict[str, float]:
    for number, value in numbers.items():
        if number not in known:
            raise ValueError(f"{name}: unknown number {number!r}; known: {', '.join(known)}")
        if not np.isfinite(value):
            raise ValueError(f"{name}: {number} is not a finite number: {value!r}")
    return {number: float(value) for number, value in numbers.items()}
