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
from alerting.rules.arrays import Bools
from alerting.situation import Colour as ShownColour
from alerting.situation import Situation


def situations_of(engine: Engine) -> dict[str, Situation]:
    """Every citizen's situation, by citizen id: the worst of what the alerts say.

    A rule that holds without an alert of its hypothesis makes the citizen yellow, never green.
    """
    status, composed = engine.state.status, engine.state.composed
    # The quality screen has an opinion only once something was measured; R24 speaks before that.
    unable = applicable(engine.profile) & (status == Colour.INSUFFICIENT)
    silent = np.take_along_axis(composed, engine.home, axis=1) <= Colour.GREEN
    watched = (status >= Colour.YELLOW) & silent
    worst = composed.max(axis=1, initial=Colour.INSUFFICIENT)
    worst = np.where(watched.any(axis=1), np.maximum(worst, Colour.YELLOW), worst)
    return {
        citizen: _situation(
            citizen, int(worst[row]), unable[row], watched[row], float(engine.measured_t[row])
        )
        for row, citizen in enumerate(engine.roster.ids)
    }


def _situation(
    citizen: str, worst: int, unable: Bools, watched: Bools, measured_t: float
) -> Situation:
    severity: Severity | None = SEVERITY_OF.get(Colour(worst))
    names = [rule.id for rule, missing in zip(RULES, unable, strict=True) if missing]
    holding = [rule.id for rule, holds in zip(RULES, watched, strict=True) if holds]
    colour: ShownColour = severity or ("insufficient-data" if names else "green")
    measured_ms = utc_ms(measured_t) if np.isfinite(measured_t) else None
    return Situation(citizen, colour, severity, names, measured_ms, holding)
