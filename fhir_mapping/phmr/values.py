"""Decimal texts between the catalogue's unit and PHMR's: the point moves, no digit is lost."""

from collections.abc import Mapping
from decimal import Context, Decimal
from types import MappingProxyType

from devices.admission import unit_texts
from devices.catalogue import METRICS, Metric

_EXACT = Context(prec=256)
DEFAULT_UNIT = "1"
"""The unit of a PQ that names none (HL7 data types R1, PQ.unit)."""


def moved(text: str, shift: int) -> str:
    """The decimal text times ten to the power of `shift`, as precise as it was.

    >>> moved("97.0", -2), moved("0.970", 2), moved("36.50", 0)
    ('0.970', '97.0', '36.50')
    """
    return f"{Decimal(text).scaleb(shift, _EXACT):f}" if shift else text


def units_of(row: Metric) -> Mapping[str, int]:
    """What a document may write as unit of this row, with the power of ten to the row's own.

    PHMR's own unit first, then every text that names one. That is what tells a saturation of 0.97
    from one of 97: the unit, never the size of the number.

    >>> from devices.catalogue import metric
    >>> [units_of(metric("spo2")).get(unit) for unit in ("NA", "%", "", "kg")]
    [2, 0, 2, None]
    """
    return _UNITS[row.alias]


def _units(row: Metric) -> Mapping[str, int]:
    none = {"": row.units[DEFAULT_UNIT]} if DEFAULT_UNIT in row.units else {}
    return MappingProxyType({**none, **unit_texts(row), row.phmr.unit: -row.phmr.shift})


_UNITS = {row.alias: _units(row) for row in METRICS}
