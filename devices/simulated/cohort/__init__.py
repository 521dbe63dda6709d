"""A simulated cohort: patients worth detecting, with the truth about each of them.

In: a seed, a size. Out: `Cohort`, whose `Block`s feed the rules and the simulated homes alike.
Called by scores, benefits, benchmarks and `devices.simulated.world`; never by production code.
docs/SIMULATOR.md says what is modelled, on what sources, and what is not.
"""

from devices.simulated.cohort.behaviour import SCHEDULES
from devices.simulated.cohort.block import Block
from devices.simulated.cohort.cohort import (
    REPORT_SEEDS,
    SIMULATOR_VERSION,
    TUNING_SEEDS,
    Cohort,
)
from devices.simulated.cohort.numbers import ITEMS, SIGNALS
from devices.simulated.cohort.people import People
from devices.simulated.cohort.truth import (
    TRUTH,
    admission_chance,
    length_days,
    treated_earlier,
)
from devices.truth import KINDS

__all__ = [
    "ITEMS",
    "KINDS",
    "REPORT_SEEDS",
    "SCHEDULES",
    "SIGNALS",
    "SIMULATOR_VERSION",
    "TRUTH",
    "TUNING_SEEDS",
    "Block",
    "Cohort",
    "People",
    "admission_chance",
    "length_days",
    "treated_earlier",
]
