"""Where every citizen stands now, from the rules' own memory.

In: the engine. Out: a `Situation` each. A citizen is green only when every rule that applies to
the plan's signals could run; otherwise the answer is `insufficient-data`, with the rules named.
"""

import numpy as np

from alerting.alert import Severity
from alerting.engine import Engine
from alerting.explanation import SEVERITY_OF
from alerting.local_time import utc_ms
from alerting.rules import RULE_IDS, Colour, applicable, contact
from alerting.rules.arrays import Bools, Ints
from alerting.rules.signals import SIGNALS
from alerting.situation import Colour as ShownColour
from alerting.situation import Situation


def situations_of(engine: Engine) -> dict[str, Situation]:
    """Every citizen's situation, by citizen id: the worst of what the alerts say.

    A rule that holds without an alert of its hypothesis makes the citizen yellow, never green.
    """
    status, composed = engine.state.status, engine.state.composed
    # The quality screen has an opinion only once something was measured; R24 speaks before that.
    unable = applicable(engine.profile, engine.rulebook) & (status == Colour.INSUFFICIENT)
    silent = np.take_along_axis(composed, engine.home, axis=1) <= Colour.GREEN
    watched = (status >= Colour.YELLOW) & silent
    hits = _hits(engine)
    known = engine.profile.known(np.arange(len(engine.roster)))
    met = contact.met_until(known, engine.state.contact_day)
    grace_days = engine.rulebook.params["R24"]["grace_days"]
    missed = contact.missed_days(known, met, np.maximum(engine.state.seen_until, 0.0), grace_days)
    late = _places((missed > 0)[:, None] & contact.lagging(known, met, engine.state.contact_day))
    worst = composed.max(axis=1, initial=Colour.INSUFFICIENT)
    reached = _places(hits > Colour.GREEN)
    worst = np.where(watched.any(axis=1), np.maximum(worst, Colour.YELLOW), worst)
    return {
        citizen: _situation(
            citizen,
            int(worst[row]),
            unable[row],
            watched[row],
            float(engine.measured_t[row]),
            {RULE_IDS[rule]: SEVERITY_OF[Colour(hits[row, rule])] for rule in reached[row]},
            int(missed[row]),
            [SIGNALS[signal].alias for signal in late[row]],
        )
        for row, citizen in enumerate(engine.roster.ids)
    }


def set_aside(citizen: str) -> Situation:
    """The situation of one who cannot be judged; what stands in the engine means nothing."""
    return Situation(citizen, "insufficient-data", None, [], None, aside=True)


def _hits(engine: Engine) -> Ints:
    """(rows, rules): the colour that the newest reading itself reached, where the rule is raised.

    A raised rule stays raised until several readings are clear; this is what the last one says.
    What needs no clear readings to end (R24, T01) says it of now anyway.
    """
    state, now = engine.state, np.int8(1)
    hits = np.where(state.hits_yellow & now, np.int8(Colour.YELLOW), np.int8(Colour.GREEN))
    hits = np.where(state.hits_red & now, np.int8(Colour.RED), hits)
    at_once = np.array([engine.rulebook.n_off]) == 0
    hits = np.where(at_once, state.status, hits)
    found: Ints = np.where(state.status > Colour.GREEN, hits, np.int8(Colour.GREEN))
    return found


def _places(marks: Bools) -> list[list[int]]:
    """The marked columns of each row."""
    places: list[list[int]] = [[] for _ in range(len(marks))]
    for row, column in np.argwhere(marks):
        places[row].append(int(column))
    return places


def _situation(
    citizen: str,
    worst: int,
    unable: Bools,
    watched: Bools,
    measured_t: float,
    hits: dict[str, Severity],
    missed_days: int,
    missed: list[str],
) -> Situation:
    severity: Severity | None = SEVERITY_OF.get(Colour(worst))
    names = [rule for rule, missing in zip(RULE_IDS, unable, strict=True) if missing]
    holding = [rule for rule, holds in zip(RULE_IDS, watched, strict=True) if holds]
    colour: ShownColour = severity or ("insufficient-data" if names else "green")
    measured_ms = utc_ms(measured_t) if np.isfinite(measured_t) else None
    return Situation(
        citizen, colour, severity, names, measured_ms, holding, hits, missed_days, missed
    )
