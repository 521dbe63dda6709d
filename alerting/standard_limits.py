"""The standard limits of a condition, as they are copied to a citizen at enrolment.

In: a citizen. Out: `Limits` rows from the start of the plan; from then on they belong to the
citizen and are edited there. The numbers are those of the rulebook.
"""

import math

from alerting.local_time import midnight
from alerting.rules import default_limits
from fhir_mapping.enrolled import Citizen, Limits, SignalAlias


def standard_limits(citizen: Citizen) -> list[Limits]:
    """One row per signal that has a standard limit for the citizen's condition."""
    chosen = default_limits(
        citizen.condition, scale2=citizen.scale2, beta_blocker=citizen.beta_blocker
    )
    since = midnight(citizen.plan.start)
    rows = []
    for signal, numbers in chosen.items():
        name: SignalAlias = signal  # type: ignore[assignment]  # default_limits' keys are signals
        low_red, low_yellow, high_yellow, high_red = (
            None if math.isnan(number) else f"{number:g}" for number in numbers
        )
        rows.append(Limits(citizen.id, name, since, low_red, low_yellow, high_yellow, high_red))
    return rows
