"""The standard limits of a condition, as they are copied to a citizen at enrolment.

In: a citizen. Out: `Limits` rows from the start of the plan; from then on they belong to the
citizen and are edited there. The numbers are those of the rulebook.
"""

import math

from alerting.local_time import midnight
from alerting.rules import Rulebook, default_limits, default_relative_limits
from fhir_mapping.enrolled import Citizen, Limits, SignalAlias


def standard_limits(citizen: Citizen, rulebook: Rulebook) -> list[Limits]:
    """A row for each signal that has standard limits for the citizen, absolute and relative."""
    absolute = default_limits(
        citizen.condition,
        scale2=citizen.scale2,
        beta_blocker=citizen.beta_blocker,
        pacemaker=citizen.pacemaker,
        atrial_fibrillation=citizen.atrial_fibrillation,
        rulebook=rulebook,
    )
    relative = default_relative_limits(citizen.condition, rulebook=rulebook)
    since = midnight(citizen.plan.start)
    rows = []
    for chosen, is_relative in ((absolute, False), (relative, True)):
        for signal, numbers in chosen.items():
            name: SignalAlias = signal  # type: ignore[assignment]  # they are keyed by signal
            low_red, low_yellow, high_yellow, high_red = (
                None if math.isnan(number) else f"{number:g}" for number in numbers
            )
            limits = (low_red, low_yellow, high_yellow, high_red)
            rows.append(Limits(citizen.id, name, since, *limits, relative=is_relative))
    return rows
