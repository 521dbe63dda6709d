"""What `step` and `clock` answer: every rule's colour for every row, and why."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints

EVIDENCE = ("value", "limit", "baseline_mean", "baseline_sd", "baseline_n", "extra")


@dataclass(frozen=True, slots=True)
class Findings:
    """n rows, R rules, S signals.

    rows (n,)           the patients
    time (n,)           time of the readings, or of the clock, days
    colour, was (n, R)  int8 colour of each rule's episode after and before this call
    level (n, R)        int8 colour of this reading alone, GREEN where nothing was judged
    evaluated (n, R)    the rule judged something in this call
    onset (n, R)        data time at which the colour was reached; NaN unless it is raised
    value, limit, baseline_mean, baseline_sd, baseline_n, extra (n, R)
                        evidence in the rule's own units, NaN where it does not apply; the
                        rule's row says what each holds
    refused (n, S)      readings of this call that the quality screen kept from the rules
    """

    rows: Ints
    time: Floats
    colour: npt.NDArray[np.int8]
    was: npt.NDArray[np.int8]
    level: npt.NDArray[np.int8]
    evaluated: Bools
    onset: Floats
    value: Floats
    limit: Floats
    baseline_mean: Floats
    baseline_sd: Floats
    baseline_n: Floats
    extra: Floats
    refused: Bools

    def evidence(self, row: int, rule: int) -> dict[str, float]:
        """The evidence of one rule on one row (positions, not patient indices)."""
        return {name: float(getattr(self, name)[row, rule]) for name in EVIDENCE}
