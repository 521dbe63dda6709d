"""Where numbers come from, when several rows share the source; and how a row writes its maps.

"C" marks a design choice of this project without a literature value, "from memory" a number
whose source was not read again. Used by the rows only.
"""

from collections.abc import Mapping
from types import MappingProxyType


def numbers(**given: float) -> Mapping[str, float]:
    """A row's numbers, read only."""
    return MappingProxyType(given)


def texts(**given: str) -> Mapping[str, str]:
    """A row's sources or meanings, read only."""
    return MappingProxyType(given)


CLEAR = "C: three clear readings close a yellow episode"
CONFIRMED = (
    "C: a dangerous value counts when another of three readings has it too: in the same sitting, "
    "the next day, or whenever the citizen measures next"
)
TWO_OF_THREE = (
    "C: two of three suppresses isolated bad days (Burton 2015, J Telemed Telecare 21:29)"
)
SCALE_1 = (
    "C: just below 90 %, which agrees moderately with exacerbation (Cooper 2020, IJCOPD 15:2005)"
)
SCALE_2 = "C: below the target 88-92 % for hypercapnic risk (NEWS2, RCP 2017)"
NEWS2_PULSE = "NEWS2 pulse bands (RCP 2017)"
HYPERTENSION = "ESH/ESC grades of hypertension, from memory; to be checked"
HYPOTENSION = "common service limits, from memory; to be checked"
STABLE_SPO2 = "day-to-day sd about 1 % in stable COPD (Hurst 2010, BMC Pulm Med 10:52)"
