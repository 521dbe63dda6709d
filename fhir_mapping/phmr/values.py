"""Decimal texts between the catalogue's unit and PHMR's: the point moves, no digit is lost."""

import re
from decimal import Context, Decimal

from devices.catalogue import Metric

VALUE_CHARACTERS_MAX = 32
"""Longest number taken from a document."""

_EXACT = Context(prec=256)
_CANONICAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
DEFAULT_UNIT = "1"
"""The unit of a PQ that names none (HL7 data types R1, PQ.unit)."""


def moved(text: str, shift: int) -> str:
    """The decimal text times ten to the power of `shift`, as precise as it was.

    >>> moved("97.0", -2), moved("0.970", 2), moved("36.50", 0)
    ('0.970', '97.0', '36.50')
    """
    return f"{Decimal(text).scaleb(shift, _EXACT):f}" if shift else text


def decimal_text(text: str) -> str | None:
    """A number of a document as our decimal text, or None when it is none.

    >>> decimal_text("77.50"), decimal_text(".92"), decimal_text("1e3")
    ('77.50', '0.92', None)
    """
    if len(text) > VALUE_CHARACTERS_MAX or _NUMBER.fullmatch(text) is None:
        return None
    return text if _CANONICAL.fullmatch(text) else f"{Decimal(text):f}"


def shift_of(row: Metric, unit: str) -> int | None:
    """The power of ten from a document's unit to the row's own; None when it is not accepted.

    PHMR's own unit first, then every UCUM unit that the catalogue accepts. That is what tells a
    saturation of 0.97 from one of 97: the unit, never the size of the number.

    >>> from devices.catalogue import metric
    >>> [shift_of(metric("spo2"), unit) for unit in ("NA", "%", "", "kg")]
    [2, 0, 2, None]
    """
    if unit == row.phmr.unit:
        return -row.phmr.shift
    return row.units.get(unit or DEFAULT_UNIT)


def accepted_units(row: Metric) -> str:
    """The units that `shift_of` knows, for a refusal."""
    return ", ".join(dict.fromkeys((row.phmr.unit, *row.units)))
