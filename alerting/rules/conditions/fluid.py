"""Weight: R11 and R14. Everything is counted in whole grams, so that limits are exact."""

from typing import Final

import numpy as np

from alerting.rules.conditions.sides import Params
from alerting.rules.primitives import grade, window_gain
from alerting.rules.signals import signal_index
from alerting.rules.sitting import Sitting, Verdict

_WEIGHT: Final = signal_index("weight")
_GRAMS: Final = 1000.0


def weight_gain(s: Sitting, params: Params) -> Verdict:
    """R11. Weight above the lowest of the last days by more than some kg (exact in grams)."""
    window = int(params["window_days"])
    gain, found = window_gain(s.grams, s.day, s.past_grams, s.past_days, window)
    asked = s.grams > 0
    return Verdict(
        asked=asked,
        ran=asked & found,
        level=grade(gain > params["yellow"] * _GRAMS, gain > params["red"] * _GRAMS),
        clear=gain <= params["off"] * _GRAMS,
        value=s.x[:, _WEIGHT],
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=np.where(found, gain / _GRAMS, np.nan),
    )


def weight_over_dry(s: Sitting, params: Params) -> Verdict:
    """R14. Weight above dry weight: the clinician's, else a valid baseline (exact in grams)."""
    baseline = np.where(s.known[:, _WEIGHT], s.mean[:, _WEIGHT], np.nan)
    decided = s.profile.dry_weight_kg
    dry = np.rint(np.where(np.isnan(decided), baseline, decided) * _GRAMS)
    over = s.grams - dry
    asked = s.grams > 0
    return Verdict(
        asked=asked,
        ran=asked & ~np.isnan(dry),
        level=grade(over >= params["yellow"] * _GRAMS, over >= params["red"] * _GRAMS),
        clear=over <= params["off"] * _GRAMS,
        value=s.x[:, _WEIGHT],
        limit_yellow=dry / _GRAMS + params["yellow"],
        limit_red=dry / _GRAMS + params["red"],
        extra=np.where(asked, over / _GRAMS, np.nan),
        baseline=_WEIGHT,
    )
