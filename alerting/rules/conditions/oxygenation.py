"""Saturation: R01 and R03."""

from typing import Final

import numpy as np

from alerting.rules.conditions.sides import Params, low, one_sided, relative_low
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting, Verdict

_SPO2: Final = signal_index("spo2")


def spo2_low(s: Sitting, params: Params) -> Verdict:
    """R01. Saturation at or below the personal low limits (percent)."""
    return one_sided(s, _SPO2, low(s, _SPO2, params["off"]))


def spo2_drop(s: Sitting, params: Params) -> Verdict:
    """R03. Saturation below the personal base by the patient's own relative limits.

    asked: saturation measured. ran: base known and a relative limit set. level: base minus
    reading at or above RELGAL (yellow) or RELRAL (red). clear: within params["off"] of the base.
    """
    x = s.x[:, _SPO2]
    side = relative_low(s, _SPO2, params["off"])
    asked = ~np.isnan(x)
    return Verdict(
        asked=asked,
        ran=asked & side.complete,
        level=side.level,
        clear=side.clear,
        value=x,
        limit_yellow=side.yellow,
        limit_red=side.red,
        extra=s.mean[:, _SPO2] - x,
        baseline=_SPO2,
    )
