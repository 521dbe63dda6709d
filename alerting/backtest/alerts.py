"""Alerts as a table, and what is known of the time in which they could have come.

In: plain arrays. Out: `ALERT`, `Watched`. Written by `replay` and `rules_of_thumb`, read by
`score`; knows nothing of where the patients come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alerting.backtest.spans import Spans
from alerting.rules import CLINICAL
from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour

ALERT: Final = np.dtype(
    [
        ("patient", np.int32),
        ("t", np.float64),
        ("hypothesis", np.int8),
        ("colour", np.int8),
        ("rule", np.int16),
    ]
)
"""patient     index of the patient
t           local days; when a clinician's attention was asked for, refractory period respected
hypothesis  index in `alerting.rules.HYPOTHESES`; the first three are about the patient's health,
            and only they can detect anything
colour      `Colour` reached
rule        column of the rule that says most, -1 where there is none
"""
Alerts = NDArray[np.void]


def alerts_of(
    patient: Ints, t: Floats, *, hypothesis: Any = 2, colour: Any = Colour.YELLOW, rule: Any = -1
) -> Alerts:
    """A table of `ALERT`, by patient and time; scalars hold for every row."""
    made = np.zeros(len(patient), ALERT)
    made["patient"], made["t"] = patient, t
    made["hypothesis"], made["colour"], made["rule"] = hypothesis, colour, rule
    return np.asarray(made[np.lexsort((made["t"], made["patient"]))])


def clinical(alerts: Alerts) -> Bools:
    """Yellow or red, about the patient's health."""
    found: Bools = (alerts["colour"] >= Colour.YELLOW) & (alerts["hypothesis"] < CLINICAL)
    return found


@dataclass(frozen=True, slots=True)
class Watched:
    """Who was watched and when. P patients.

    first, last (P,)   local days of the first day's beginning and of the end (dropout included)
    pauses             admission and travel: no time in which an alert could be false
    alert_days (P,)    days with a clinical colour of yellow or red, after the learning period
    measured_days      (P, D) whether there was a sitting on each day from `first` on
    labels             name of a division, to the label of each patient (P,)
    """

    first: Floats
    last: Floats
    pauses: Spans = field(default_factory=Spans.none)
    alert_days: Floats | None = None
    measured_days: Bools | None = None
    labels: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    @property
    def patients(self) -> int:
        """How many there are."""
        return len(self.first)
