"""A FHIR Quantity as decimal text in the catalogue's unit: exact, without any float.

In: a `Quantity` and its row. Out: the text, its decimal point moved where the unit asks for it.
The unit is its code and system, never the size of the number: 1 % and 1 (a fraction, 100 %) are
both possible saturations of a failing sensor. A peak flow per second becomes one per minute.

MDC unit codes: IEEE 11073-10101, 262144 + base + prefix, as HL7 PHD and the FHIR specification's
spirometry example (265201, cL/s) write them. MDC's dimensionless 262656 is not among them: some
devices say it of a percentage.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from devices.catalogue import METRICS, Metric
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import (
    NUMBER_CHARACTERS_MAX,
    VALUE_CHARACTERS_MAX,
    Refusal,
)
from fhir_mapping.fhir_read.shapes import Quantity

_UCUM: Final = frozenset({codes.UCUM, "urn:oid:2.16.840.1.113883.6.8"})
_MDC: Final = frozenset({codes.MDC, "urn:oid:2.16.840.1.113883.6.24"})
_UCUM_OF_MDC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "262688": "%",
        "263744": "L",
        "263761": "cL",
        "263762": "mL",
        "263872": "g",
        "263875": "kg",
        "264672": "/min",
        "264864": "/min",
        "264896": "/min",
        "265184": "L/s",
        "265201": "cL/s",
        "265202": "mL/s",
        "265216": "L/min",
        "265234": "mL/min",
        "266016": "mm[Hg]",
    }
)
_PER_SECOND: Final[Mapping[str, Decimal]] = MappingProxyType(
    {"L/s": Decimal(60), "cL/s": Decimal("0.6"), "mL/s": Decimal("0.06")}
)
"""What leads from a flow per second to L/min."""
_FLOW: Final = "L/min"
_KNOWN: Final = frozenset(unit for row in METRICS for unit in row.units) | frozenset(_PER_SECOND)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_SCIENTIFIC: Final = re.compile(rf"{_NUMBER.pattern}[eE][+-]?[0-9]{{1,3}}", re.ASCII)


def value_text(quantity: Quantity, row: Metric, path: str) -> str:
    """The decimal text in the row's unit, or a `Refusal` that names value, unit and limit."""
    if quantity.comparator:
        detail = f"{row.alias} is given as {quantity.comparator[:8]!r} a bound, not measured"
        raise Refusal("value-malformed", f"{path}.comparator", detail)
    text = number_text(quantity, path)
    if len(text) > VALUE_CHARACTERS_MAX:
        raise _malformed(row.alias, text, path)
    unit = _unit(quantity, row, path)
    number = Decimal(text)
    if unit in _PER_SECOND:
        number *= _PER_SECOND[unit]
        text = f"{number:f}"
    elif row.units[unit]:
        number = number.scaleb(row.units[unit])
        text = f"{number:f}"
    if len(text) > VALUE_CHARACTERS_MAX:
        raise _malformed(row.alias, text, path)
    low, high = row.possible
    if not low <= number <= high:
        detail = f"{row.alias} is {text} {row.ucum}, possible is {low} to {high}"
        raise Refusal("value-out-of-range", f"{path}.value", detail)
    return text


def number_text(quantity: Quantity, path: str) -> str:
    """The number as it was written; only an exponent, which FHIR allows, is written out.

    >>> from msgspec import Raw
    >>> number_text(Quantity(Raw(b"36.50")), "value"), number_text(Quantity(Raw(b"3.65E1")), "")
    ('36.50', '36.5')
    """
    written = bytes(quantity.value).decode("utf-8", "replace").strip()
    if not written or written == "null":
        raise Refusal("value-missing", f"{path}.value", "the quantity has no value")
    if _NUMBER.fullmatch(written):
        return written
    if len(written) <= NUMBER_CHARACTERS_MAX and _SCIENTIFIC.fullmatch(written):
        return f"{Decimal(written):f}"
    detail = f"value is {written[:64]}, not a JSON number"
    reason = "field-type" if written[:1] in '"[{tf' else "value-malformed"
    raise Refusal(reason, f"{path}.value", detail)


def _unit(quantity: Quantity, row: Metric, path: str) -> str:
    """The UCUM unit, one of the row's own or a flow per second for a flow per minute."""
    code, system = quantity.code, quantity.system
    if not code or not system:
        detail = f"{row.alias} has the unit text {quantity.unit[:32]!r} and no coded unit"
        raise Refusal("unit-unknown", f"{path}.code", detail)
    if system in _MDC:
        unit = _UCUM_OF_MDC.get(code, "")
    elif system in _UCUM:
        unit = code
    else:
        detail = f"system is {system[:80]!r}, neither UCUM nor MDC"
        raise Refusal("unit-unknown", f"{path}.system", detail)
    if unit not in row.units and not (row.ucum == _FLOW and unit in _PER_SECOND):
        reason = "unit-mismatch" if unit in _KNOWN else "unit-unknown"
        shown = f"{code[:32]!r} ({unit})" if unit and unit != code else repr(code[:32])
        accepted = ", ".join(row.units)
        detail = f"unit of {row.alias} is {shown}, accepted are {accepted}"
        raise Refusal(reason, f"{path}.code", detail)
    beside = quantity.unit
    if beside in row.units and row.units[beside] != row.units.get(unit):
        detail = f"unit of {row.alias} is {beside!r} in words but {code!r} in code"
        raise Refusal("unit-mismatch", f"{path}.unit", detail)
    return unit


def _malformed(alias: str, text: str, path: str) -> Refusal:
    detail = f"{alias} is {text[:64]}, longer than {VALUE_CHARACTERS_MAX} characters"
    return Refusal("value-malformed", f"{path}.value", detail)
