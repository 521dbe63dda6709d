"""What `step` and `clock` answer: every rule's colour for every row, and why."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints

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
    value, limit, baseline_mean, baseline_sd, baseline_n, extra (n, R)
                        evidence in the rule's own units, NaN where it does not apply; the
                        rule's row says what each holds
    composed, composed_was (n, H)
                        int8 colour of each hypothesis after and before this call (`compose`)
    notify (n, H)       a clinician's attention is asked for now: something new or worse, and
                        not the same again within the refractory period (P6)
    ask_daily (n,)      measurements are wanted every day from now for four days, because a
                        deterioration may be coming or a red value waits for its confirmation
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
    composed: npt.NDArray[np.int8]
    composed_was: npt.NDArray[np.int8]
    notify: Bools
    ask_daily: Bools
    refused: Bools

    def evidence(self, row: int, rule: int) -> dict[str, float]:
        """The evidence of one rule on one row (positions, not patient indices)."""
        return {name: float(getattr(self, name)[row, rule]) for name in EVIDENCE}
