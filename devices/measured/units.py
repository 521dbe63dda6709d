"""Units and ranges as the rows of the catalogue write them."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final


def units(*same: str, **shifted: int) -> Mapping[str, int]:
    """Accepted UCUM units, each with the power of ten that leads to the row's own unit."""
    return MappingProxyType({**dict.fromkeys(same, 0), **shifted})


def span(low: str, high: str) -> tuple[Decimal, Decimal]:
    """Lowest and highest value, both included."""
    return Decimal(low), Decimal(high)


RATE_UNITS: Final = units("/min", "1/min", "{beats}/min")
VOLUME_UNITS: Final = units("L", "l", dL=-1, cL=-2, mL=-3, ml=-3)
PERCENT_UNITS: Final = MappingProxyType({"%": 0, "1": 2, "{ratio}": 2})
FLOW_UNITS: Final = MappingProxyType({"L/min": 0, "l/min": 0, "mL/min": -3})
