"""Where every citizen stands now, from the rules' own memory.

In: the engine. Out: a `Situation` each. A citizen is green only when every rule that applies to
the plan's signals could run; otherwise the answer is `insufficient-data`, with the rules named.
"""

import numpy as np

from alerting.alert import Severity
from alerting.engine import Engine
from alerting.explanation import SEVERITY_OF
from alerting.local_time import utc_ms
from alerting.rules import RULES, Colour, applicable
from alerting.situation import Colour as ShownColour
from alerting.situation import Situation


def situations_of(engine: Engine) -> dict[str, Situation]:
    """Every citizen's situation, by citizen id: the worst of what the alerts say."""
    # The quality screen has an opinion only once something was measured; R24 speaks before that.
    unable = applicable(engine.profile) & (engine.state.status == Colour.INSUFFICIENT)
    worst = engine.state.composed.max(axis=1, initial=Colour.INSUFFICIENT)
    return {
        citizen: _situation(citizen, int(worst[row]), unable[row], float(engine.measured_t[row]))
        for row, citizen in enumerate(engine.roster.ids)
    }


def _situation(citizen: str, worst: int, unable: np.ndarray, measured_t: float) -> Situation:
    severity: Severity | None = SEVERITY_OF.get(Colour(worst))
    names = [rule.id for rule, missing in zip(RULES, unable, strict=True) if missing]
    colour: ShownColour = severity or ("insufficient-data" if names else "green")
    measured_ms = utc_ms(measured_t) if np.isfinite(measured_t) else None
    return Situation(citizen, colour, severity, names, measured_ms)
