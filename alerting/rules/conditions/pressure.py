"""Blood pressure: R16 and R17."""

import numpy as np

from alerting.rules.colour import Colour
from alerting.rules.conditions.sides import Params, high, low, one_sided
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting, Verdict

_SYSTOLIC, _DIASTOLIC = signal_index("systolic"), signal_index("diastolic")


def systolic_low(s: Sitting, params: Params) -> Verdict:
    """R16. Systolic pressure at or below the personal low limits (mmHg)."""
    return one_sided(s, _SYSTOLIC, low(s, _SYSTOLIC, params["off"]))


def pressure_high(s: Sitting, params: Params) -> Verdict:
    """R17. Systolic or diastolic pressure at or above the personal high limits (mmHg)."""
    systolic = high(s, _SYSTOLIC, params["off_systolic"])
    diastolic = high(s, _DIASTOLIC, params["off_diastolic"])
    level = np.maximum(systolic.level, diastolic.level)
    asked = ~(np.isnan(s.x[:, _SYSTOLIC]) & np.isnan(s.x[:, _DIASTOLIC]))
    by_diastolic = diastolic.level > systolic.level
    return Verdict(
        asked=asked,
        ran=asked & (systolic.complete & diastolic.complete | (level > Colour.GREEN)),
        level=level,
        clear=systolic.clear & diastolic.clear,
        value=s.x[:, _SYSTOLIC],
        limit_yellow=np.where(by_diastolic, diastolic.yellow, systolic.yellow),
        limit_red=np.where(by_diastolic, diastolic.red, systolic.red),
        extra=s.x[:, _DIASTOLIC],
    )
