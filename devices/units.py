"""What units are called: the texts by which senders name the units of the catalogue, and others.

In: a row of the catalogue. Out: every text that names a unit of it, each with the power of ten that
leads to the row's own. Read by `devices.admission` and by the readers of national documents.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from devices.catalogue import METRICS, Metric

PER_SECOND: Final[Mapping[str, Decimal]] = MappingProxyType(
    {"L/s": Decimal(60), "cL/s": Decimal("0.6"), "mL/s": Decimal("0.06")}
)
"""What leads from a flow per second to the flow per minute of the catalogue."""
FLOW: Final = "L/min"
_SPELLINGS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "%": {"procent": 0, "percent": 0},
        "/min": {
            "x 1/min": 0,
            "x1/min": 0,
            "\N{MULTIPLICATION SIGN} 1/min": 0,
            "slag/min": 0,
            "Slag/min": 0,
            "bpm": 0,
            "beats/minute": 0,
            "beats/min": 0,
        },
        "mm[Hg]": {"mmHg": 0, "mm Hg": 0},
        "kg": {"Kg": 0, "KG": 0, "kilogram": 0},
        "L": {"liter": 0, "Liter": 0},
        "L/min": {"liter/min": 0, "Liter/min": 0},
        "Cel": {"\N{DEGREE SIGN}C": 0, "C": 0, "grader": 0, "celsius": 0},
        "{score}": {"score": 0, "point": 0},
    }
)
"""Texts that name a unit, by the row's UCUM unit: each with the power of ten that leads to it."""
ELSEWHERE: Final = frozenset(
    {
        *("lb", "lbs", "[lb_av]", "pound", "pounds", "pund", "st", "stone", "[stone_av]"),
        *("oz", "[oz_av]", "t", "mg", "ug", "kPa", "Pa", "hPa", "bar", "mbar", "cm[H2O]", "cmH2O"),
        *("Torr", "atm", "psi", "m", "cm", "mm", "km", "in", "ft", "[in_i]", "[ft_i]"),
        *("m3", "cm3", "cc", "/s", "1/s", "s", "ms", "min", "h", "d", "/h", "1/h", "Hz"),
        *("Cel", "degC", "\N{DEGREE SIGN}C", "K", "[degF]", "degF", "\N{DEGREE SIGN}F", "F"),
        *("mmol/L", "mmol/l", "mg/dL", "g/L", "m/s"),
    }
)
"""Units that no row is taken in: beside a code, such a text says that one of the two is wrong."""


def unit_texts(row: Metric) -> Mapping[str, int]:
    """Every text that names a unit of this row, with the power of ten that leads to its own.

    >>> from devices.catalogue import metric
    >>> [unit_texts(metric("weight")).get(text) for text in ("kg", "Kg", "g", "lb", "")]
    [0, 0, -3, None, None]
    """
    return _TEXTS[row.alias]


def _texts(row: Metric) -> Mapping[str, int]:
    spelled = _SPELLINGS.get(row.ucum, {})
    beside = {**spelled, row.unit_text: 0, row.kih.unit: -row.kih.shift}
    return MappingProxyType({**row.units, **beside, **row.units})


_TEXTS: Final = {row.alias: _texts(row) for row in METRICS}
KNOWN_UNITS: Final = frozenset(
    unit for row in METRICS for unit in (*row.units, *_TEXTS[row.alias])
) | frozenset(PER_SECOND)
"""Units that some row is taken in, in whichever spelling."""
