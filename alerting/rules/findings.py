"""What `step` and `clock` answer: every rule's colour for every row, the alerts, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.sitting import Told, Verdict

DAILY_DAYS: Final = 4
"""So many days a patient is asked to measure daily (reference 0, finding 2)."""
EVIDENCE = ("value", "limit", "baseline_mean", "baseline_sd", "baseline_n", "extra")


@dataclass(frozen=True, slots=True)
class Findings:
    """n rows, R rules, S signals, H hypotheses.

    rows (n,)           the patients
    time (n,)           time of the readings, or of the clock, days
    colour, was (n, R)  int8 colour of each rule's episode after and before this call
    level (n, R)        int8 colour of this reading alone, GREEN where nothing was judged
    evaluated (n, R)    the rule judged something in this call
    onset (n, R)        data time at which the colour was reached; NaN unless it is raised
    refused (n, S)      readings of this call that the quality screen kept from the rules
    composed, composed_was (n, H)
                        int8 colour of each alert after and before this call
    notify (n, H)       the alert calls for attention now
    ask_daily (n,)      there is evidence enough to ask for daily measurements for some days
    verdicts, baselines, decided
                        the judged rules by column, (mean, sd, n) (n, S) of what is usual, and the
                        base values (n, S) that the clinic has decided: what `evidence` and the
                        properties below are read from, when asked for

    value, limit, baseline_mean, baseline_sd, baseline_n, extra (n, R) are evidence in the rule's
    own units, NaN where it does not apply; the rule's row says what each holds.
    """

    rows: Ints
    time: Floats
    colour: npt.NDArray[np.int8]
    was: npt.NDArray[np.int8]
    level: npt.NDArray[np.int8]
    evaluated: Bools
    onset: Floats
    refused: Bools
    composed: npt.NDArray[np.int8]
    composed_was: npt.NDArray[np.int8]
    notify: Bools
    ask_daily: Bools
    verdicts: Mapping[int, Verdict]
    baselines: tuple[Floats, Floats, Floats]
    decided: Floats
    _told: dict[tuple[int, str], Floats | float] = field(
        default_factory=dict, init=False, repr=False
    )

    def evidence(self, row: int, rule: int) -> dict[str, float]:
        """The evidence of one rule on one row (positions, not patient indices)."""
        verdict = self.verdicts.get(rule)
        if verdict is None:
            return dict.fromkeys(EVIDENCE, float("nan"))
        return {name: float(_at(self._of(rule, name), row)) for name in EVIDENCE}

    @property
    def value(self) -> Floats:
        """What each rule looked at."""
        return self._matrix("value")

    @property
    def limit(self) -> Floats:
        """The limit of each rule's colour, or the one next to it."""
        return self._matrix("limit")

    @property
    def extra(self) -> Floats:
        """What else each rule looked at."""
        return self._matrix("extra")

    @property
    def baseline_mean(self) -> Floats:
        """What is usual, for rules that compare with it."""
        return self._matrix("baseline_mean")

    @property
    def baseline_sd(self) -> Floats:
        """Its standard deviation."""
        return self._matrix("baseline_sd")

    @property
    def baseline_n(self) -> Floats:
        """The effective number of readings behind it."""
        return self._matrix("baseline_n")

    def _matrix(self, name: str) -> Floats:
        filled = np.full(self.colour.shape, np.nan)
        for column in self.verdicts:
            filled[:, column] = self._of(column, name)
        return filled

    def _of(self, column: int, name: str) -> Floats | float:
        """A rule's evidence (n,), or one number for all; computed when somebody first asks."""
        if (column, name) not in self._told:
            self._told[column, name] = self._compute(self.verdicts[column], column, name)
        return self._told[column, name]

    def _compute(self, verdict: Verdict, column: int, name: str) -> Floats | float:
        if name == "limit":
            red = self.colour[:, column] == Colour.RED
            limit_yellow, limit_red = _number(verdict.limit_yellow), _number(verdict.limit_red)
            wanted = np.where(red, limit_red, limit_yellow)
            other = np.where(red, limit_yellow, limit_red)
            return np.where(np.isnan(wanted), other, wanted)
        if name == "value":
            return _number(verdict.value)
        if name == "extra":
            return np.nan if verdict.extra is None else _number(verdict.extra)
        if verdict.baseline is None:
            return np.nan
        place = ("baseline_mean", "baseline_sd", "baseline_n").index(name)
        usual = self.baselines[place][:, verdict.baseline]
        if not verdict.based:
            return usual
        decided = self.decided[:, verdict.baseline]
        return np.where(np.isnan(decided), usual, decided if place == 0 else np.nan)


def _number(told: Told) -> Floats | float:
    return told() if callable(told) else told


def _at(numbers: Floats | float, row: int) -> float:
    return float(numbers[row]) if isinstance(numbers, np.ndarray) else float(numbers)
