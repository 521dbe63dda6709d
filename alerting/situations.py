"""Where every citizen stands now, from the rules' own memory.

In: the engine. Out: a `Situation` each. A citizen is green only when every rule that applies to
the plan's signals could run; otherwise the answer is `insufficient-data`, with the rules named.
"""

import numpy as np

from alerting.alert import Severity
from alerting.engine import ACROSS, Engine
from alerting.explanation import SEVERITY_OF
from alerting.local_time import utc_ms
from alerting.rules import RULES, SIGNALS, Colour
from alerting.rules.arrays import Bools
from alerting.situation import Colour as ShownColour
from alerting.situation import Situation

_WATCHES = np.array([[signal.alias in rule.signals for signal in SIGNALS] for rule in RULES])


def situations_of(engine: Engine) -> dict[str, Situation]:
    """Every citizen's situation, by citizen id."""
    status = engine.state.status
    applies = engine.profile.expected @ _WATCHES.T
    watched: Bools = np.any(engine.profile.expected, axis=1)
    applies[:, ACROSS] = watched[:, None]
    # The quality screen has an opinion only once something was measured; R24 speaks before that.
    unable = applies & (status == Colour.INSUFFICIENT)
    worst = status.max(axis=1, initial=Colour.INSUFFICIENT)
    measured_t = engine.measured_t.max(axis=1)
    return {
        citizen: _situation(citizen, int(worst[row]), unable[row], float(measured_t[row]))
        for row, citizen in enumerate(engine.roster.ids)
    }


def _situation(citizen: str, worst: int, unable: np.ndarray, measured_t: float) -> Situation:
    severity: Severity | None = SEVERITY_OF.get(Colour(worst))
    names = [rule.id for rule, missing in zip(RULES, unable, strict=True) if missing]
    colour: ShownColour = severity or ("insufficient-data" if names else "green")
    measured_ms = utc_ms(measured_t) if np.isfinite(measured_t) else None
    return Situation(citizen, colour, severity, names, measured_ms)
