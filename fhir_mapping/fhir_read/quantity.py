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

from devices.admission import Inadmissible, number, unit_beside, value_in
from devices.catalogue import Metric
from devices.units import unit_texts
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import Refusal
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
_SCIENTIFIC: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}", re.ASCII)


def value_text(quantity: Quantity, row: Metric, path: str) -> str:
    """The decimal text in the row's unit, or a `Refusal` that names value, unit and limit."""
    if quantity.comparator:
        detail = f"{row.alias} is given as {quantity.comparator[:8]!r} a bound, not measured"
        raise Refusal("value-malformed", f"{path}.comparator", detail)
    written = number_text(quantity, path)
    unit, at, texts = _unit(quantity, row, path)
    text = value_in(row, written, unit, texts)
    if isinstance(text, Inadmissible):
        if text.field == "unit":
            code = quantity.code[:32]
            name = f"unit of {row.alias}" + (f" ({code})" if code not in ("", unit) else "")
            raise Refusal.of(text, f"{path}.{at}", name)
        raise Refusal.of(text, f"{path}.value", row.alias)
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
    text = f"{Decimal(written):f}" if _SCIENTIFIC.fullmatch(written) else written
    wrong = number(text)
    if wrong is not None and written[:1] in '"[{tf':
        raise Refusal("field-type", f"{path}.value", f"value is {written[:64]}, not a JSON number")
    if wrong is not None:
        raise Refusal.of(wrong, f"{path}.value", "value")
    return text


def _unit(quantity: Quantity, row: Metric, path: str) -> tuple[str, str, Mapping[str, int] | None]:
    """The unit, the element that says it, and the texts that may stand there beside UCUM's codes.

    The coded one is in UCUM, or in MDC and then one of the table. Without a code, or without a
    system, what stands there is a text, which must name a unit of the row exactly. A text beside a
    code must not name another.
    """
    code, system, text = quantity.code, quantity.system, quantity.unit
    if not code or not system:
        unit, at, texts = code or text, "code" if code else "unit", unit_texts(row)
    elif system in _MDC:
        unit, at, texts = _UCUM_OF_MDC.get(code, code), "code", None
    elif system in _UCUM:
        unit, at, texts = code, "code", None
    else:
        detail = f"system is {system[:80]!r}, neither UCUM nor MDC"
        raise Refusal("unit-unknown", f"{path}.system", detail)
    wrong = unit_beside(row, unit, text) if code and text else None
    if wrong is not None:
        raise Refusal.of(wrong, f"{path}.unit", f"unit of {row.alias} in words")
    return unit, at, texts
