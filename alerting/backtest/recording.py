"""What happened in some patients' homes, as arrays: what a replay runs over.

In: arrays from a simulated cohort or from a record store. Out: `Recording`. Made by the commands,
read by `replay`. Measured is what was planned or asked for and the patient was willing to do, so
that adaptive sampling can ask for more than the plan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from alerting.backtest.alerts import Watched
from alerting.rules import SIGNALS, Profile, State
from alerting.rules.arrays import Bools, Floats
from devices.catalogue import metric

DECIMALS: Final = tuple(metric(signal.metrics[0]).decimals for signal in SIGNALS)
"""What a display shows of each signal, in digits after the point."""
Decide: TypeAlias = Callable[[int, State, Profile], None]
"""Called at the beginning of each day (0, 1 …): what the clinic has decided or come to know by
then is written into the profile, exchanged devices into the state."""


def _nothing(_day: int, _state: State, _profile: Profile) -> None:
    """Nothing is ever decided."""


@dataclass(frozen=True, slots=True)
class Recording:
    """P patients, S signals, Q questions, D days, time last.

    start                   first local day since 1970-01-01
    values (P, S, D)        float32: what the display would show that day, NaN without a device
    doubtful (P, S, D)      measured but not to be trusted
    answers (P, Q, D)       int8: 1 yes, 0 no, -1 not asked
    t (P, D)                local days of the sitting, if it takes place
    scheduled, willing (P, D)  by the plan; would measure if planned or asked
    profile                 what is decided on the first day; a replay works on a copy
    watched                 from when to when, with the divisions of the patients
    decide                  what changes from day to day
    """

    start: int
    values: npt.NDArray[np.float32]
    doubtful: Bools
    answers: npt.NDArray[np.int8]
    t: Floats
    scheduled: Bools
    willing: Bools
    profile: Profile
    watched: Watched
    decide: Decide = _nothing

    @property
    def patients(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def days(self) -> int:
        """How many days each has."""
        return int(self.values.shape[2])

    def by_day(self) -> tuple[Floats, Bools, npt.NDArray[np.int8]]:
        """Values as the decimal numbers that a display shows, (D, P, S) float64; doubtful, (D, P,
        S); answers, (D, P, Q). Float32 holds 81.3 as 81.30000305, and rules compare exactly."""
        shown = np.ascontiguousarray(self.values.transpose(2, 0, 1), dtype=np.float64)
        for signal, decimals in enumerate(DECIMALS):
            np.round(shown[:, :, signal], decimals, out=shown[:, :, signal])
        doubtful = np.ascontiguousarray(self.doubtful.transpose(2, 0, 1))
        return shown, doubtful, np.ascontiguousarray(self.answers.transpose(2, 0, 1))
