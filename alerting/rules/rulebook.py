"""The rulebook: every rule in one order, the live one and changed copies of it.

In: the rows of `book`. Out: `RULEBOOK`, `RULES` and `rule_index`. Thresholds are engineering
defaults and never medical advice: limits are personal and edited by the clinic.

Where the columns lie (`rule_index`) is the same in every rulebook; everything else about a rule
comes from the rulebook that one was given. `RULEBOOK` and `RULES` are read where a command or a
process begins, and nowhere else: a test holds that.

Limits that a clinician edits (R01, R06, R16, R17) are copied from these rows to the patient at
enrolment by `default_limits`; at run time those rules read the patient's own limits only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from alerting.rules.book import (
    early_warning,
    flow,
    fusion,
    missing,
    oxygen_trend,
    oxygenation,
    pressure,
    pulse,
    symptoms,
    weight_gain,
    weight_loss,
)
from alerting.rules.colour import Colour
from alerting.rules.due_days import NTH_MAX
from alerting.rules.hypotheses import HYPOTHESES
from alerting.rules.rule import Params, Rule, numbers
from alerting.rules.slots import SLOTS

Result = TypeVar("Result")

RULEBOOK_VERSION: Final = "2.1.0"
"""Rises with any change that can change a colour or a call for attention."""

MAX_AGE_DAYS: Final = 10
"""A k-of-n register forgets after a gap of more whole days than this (P4)."""

_MODULES: Final = (
    oxygenation, oxygen_trend, pulse, flow, weight_gain, weight_loss, pressure, early_warning,
    symptoms, fusion, missing,
)  # fmt: skip

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted((rule for module in _MODULES for rule in module.ROWS), key=lambda rule: rule.id)
)
"""R01 to R24, then T01: the columns of every (patients, rules) array."""

RULE_IDS: Final = tuple(rule.id for rule in RULES)
_INDEX: Final = {rule_id: index for index, rule_id in enumerate(RULE_IDS)}
_OF_EPISODE: Final = ("k", "n", "n_off", "speaks")
_ENABLED: Final = "enabled"
_WINDOW: Final = "window_days"
"""Weights are compared over so many days; no more are kept than the ring holds."""
_MISSING: Final = "R24"
_STAGES: Final = ("blue", "yellow", "call")
"""Numbers of R24 that count due days in a row."""


def rule_index(rule_id: str) -> int:
    """The column of a rule.

    >>> rule_index("R01"), rule_index("R24")
    (0, 23)
    """
    return _INDEX[rule_id]


@dataclass(frozen=True, eq=False)
class Rulebook:
    """All rules, with the arrays that follow from their rows, each (R,), and numbers by rule.

    `enabled` columns are judged; the others stay INSUFFICIENT and apply to nobody.
    """

    rules: tuple[Rule, ...]
    version: str
    enabled: npt.NDArray[np.bool_]
    k: npt.NDArray[np.uint8] = field(init=False)
    n: npt.NDArray[np.uint8] = field(init=False)
    n_off: npt.NDArray[np.uint8] = field(init=False)
    confirm_yellow: npt.NDArray[np.bool_] = field(init=False)
    confirm_red: npt.NDArray[np.bool_] = field(init=False)
    speaks: npt.NDArray[np.uint8] = field(init=False)
    red_speaks: npt.NDArray[np.bool_] = field(init=False)
    params: Mapping[str, Params] = field(init=False)
    _worked_out: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        assert tuple(rule.id for rule in self.rules) == RULE_IDS
        arrays = {
            "k": np.array([rule.k for rule in self.rules], dtype=np.uint8),
            "n": np.array([rule.n for rule in self.rules], dtype=np.uint8),
            "n_off": np.array([rule.n_off for rule in self.rules], dtype=np.uint8),
            "confirm_yellow": np.array([Colour.YELLOW in r.confirmed for r in self.rules]),
            "speaks": np.array([rule.speaks for rule in self.rules], dtype=np.uint8),
            "red_speaks": np.array([rule.red_speaks for rule in self.rules]),
            "confirm_red": np.array([Colour.RED in rule.confirmed for rule in self.rules]),
        }
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "params", {rule.id: rule.params for rule in self.rules})

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def own(self) -> list[list[int]]:
        """For each hypothesis the columns of the rules whose home it is."""
        return [
            [column for column, rule in enumerate(self.rules) if rule.home == home]
            for home in HYPOTHESES
        ]

    def __getitem__(self, rule_id: str) -> Rule:
        return self.rules[rule_index(rule_id)]

    def named(self, name: str) -> Rule | None:
        """The rule with this id or slug, if there is one.

        >>> RULEBOOK.named("missing").id, RULEBOOK.named("R99")
        ('R24', None)
        """
        return self.once(_by_name).get(name)

    def once(self, work: Callable[["Rulebook"], Result]) -> Result:
        """`work(self)`, worked out when it is first asked for. Nobody changes what comes."""
        if work not in self._worked_out:
            self._worked_out[work] = work(self)
        result: Result = self._worked_out[work]
        return result

    @property
    def stages(self) -> int:
        """So many due days missed in a row can change what R24 says, or that one should call."""
        of = self.params[_MISSING]
        return int(np.ceil(max(of["blue"], of["yellow"] + 1.0, of["call"])))

    def changed(self, changes: Mapping[str, Mapping[str, float]]) -> "Rulebook":
        """A copy with other numbers: rule id → name → value. k, n, n_off, speaks and enabled count,
        too.

        ValueError names a rule or number that does not exist.

        >>> RULEBOOK.changed({"R03": {"yellow": 4, "enabled": 0}})["R03"].params["yellow"]
        4.0
        """
        rules, enabled = list(self.rules), self.enabled.copy()
        for rule_id, given in changes.items():
            if rule_id not in _INDEX:
                raise ValueError(f"unknown rule {rule_id!r}; known: {', '.join(_INDEX)}")
            column = _INDEX[rule_id]
            rule = rules[column]
            unknown = set(given) - set(rule.params) - {*_OF_EPISODE, _ENABLED}
            if unknown:
                known = ", ".join([*rule.params, *_OF_EPISODE, _ENABLED])
                raise ValueError(f"{rule_id} has no number {min(unknown)!r}; it has {known}")
            enabled[column] = bool(given.get(_ENABLED, enabled[column]))
            own = {name: float(value) for name, value in given.items() if name in rule.params}
            counts = {name: int(given[name]) for name in _OF_EPISODE if name in given}
            _check(rule, counts, own)
            params = numbers(**{**rule.params, **own})
            rules[column] = replace(
                rule,
                params=params,
                **counts,  # type: ignore[arg-type]
            )
        return Rulebook(tuple(rules), f"{self.version}+changed", enabled)


def _by_name(book: Rulebook) -> Mapping[str, Rule]:
    return {name: rule for rule in book.rules for name in (rule.id, rule.slug)}


def _check(rule: Rule, counts: Mapping[str, int], own: Params) -> None:
    k, n, n_off, speaks = (counts.get(name, getattr(rule, name)) for name in _OF_EPISODE)
    if not 1 <= k <= n <= 8:
        raise ValueError(f"{rule.id}: {k} of {n}; allowed are 1 <= k <= n <= 8")
    if (n_off == 0) != (rule.n_off == 0) or not 0 <= n_off <= 255:
        raise ValueError(f"{rule.id}: n_off {n_off}; it is {rule.n_off}, allowed are 1 to 255")
    if not 0 <= speaks <= n:
        raise ValueError(f"{rule.id}: speaks {speaks}; allowed are 0 to n, which is {n}")
    for name, value in own.items():
        if not np.isfinite(value):
            raise ValueError(f"{rule.id}: {name} is {value}; it must be a finite number")
        if name == _WINDOW and not 1 <= value < SLOTS:
            raise ValueError(f"{rule.id}: {name} is {value:g}; allowed are 1 to {SLOTS - 1}")
        if rule.id == _MISSING and name in _STAGES and not 1 <= value < NTH_MAX:
            raise ValueError(f"{rule.id}: {name} is {value:g}; allowed are 1 to {NTH_MAX - 1}")


RULEBOOK: Final = Rulebook(RULES, RULEBOOK_VERSION, np.ones(len(RULES), dtype=np.bool_))
"""The live one."""
