"""Pulse: R06."""

from typing import Final

import numpy as np

from alerting.rules.colour import Colour
from alerting.rules.conditions.sides import Params, high, low
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting, Verdict

_PULSE: Final = signal_index("pulse")


def pulse_abs(s: Sitting, params: Params) -> Verdict:
    """R06. Pulse at or beyond the personal limits on either side (per minute)."""
    x = s.x[:, _PULSE]
    below, above = low(s, _PULSE, params["off"]), high(s, _PULSE, params["off"])
    level = np.maximum(below.level, above.level)
    asked = ~np.isnan(x)
    nearer_low = (x - below.outer <= above.outer - x) | np.isnan(above.outer)
    return Verdict(
        asked=asked,
        ran=asked & (below.complete & above.complete | (level > Colour.GREEN)),
        level=level,
        clear=below.clear & above.clear,
        value=x,
        limit_yellow=np.where(nearer_low, below.yellow, above.yellow),
        limit_red=np.where(nearer_low, below.red, above.red),
    )
