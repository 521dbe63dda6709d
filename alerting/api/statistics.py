"""`$stats`: what a citizen's values amount to, exactly.

In: how often each value was measured, as the store counted them over its index. Out: a FHIR R4
Observation per code with one component per statistic. Sums and means are those of the decimal
texts, not of floats; the lowest and the highest are texts that were measured. Values that the
device withdrew, and test data, count for nothing, as for the rules.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from devices.catalogue import OBSERVABLES, Metric, Panel, metric, observed
from fhir_mapping import codes
from fhir_mapping.moment import moment
from ingest.store import Counted

STATISTICS_SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-statistics"
_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_MORE_DIGITS = 4
"""A mean is told with so many digits more than the finest of its values."""
_encode = msgspec.json.Encoder().encode
_Values = Sequence[tuple[Decimal, int]]
"""Distinct values, rising, with how often each was measured."""


class Kind(msgspec.Struct, frozen=True):
    """One statistic: how FHIR shows it, and how it is computed from values and number."""

    display: str
    of: Callable[[_Values, int], Decimal | int | None]


class Part(msgspec.Struct, frozen=True):
    """What one Observation is about: a metric, and where it stands in the values of an alias."""

    about: str
    place: int
    row: Metric


def _sum(values: _Values, _number: int) -> Decimal:
    total = Decimal(0)
    for value, times in values:
        total = _EXACT.add(total, _EXACT.multiply(value, Decimal(times)))
    return total


def _average(values: _Values, number: int) -> Decimal:
    return _rounded(_EXACT.divide(_sum(values, number), Decimal(number)), values)


def _median(values: _Values, number: int) -> Decimal:
    middle = _at(values, (number - 1) // 2)
    if number % 2:
        return middle
    return _EXACT.divide(_EXACT.add(middle, _at(values, number // 2)), Decimal(2))


def _variance(values: _Values, number: int) -> Decimal | None:
    """Of a sample (n - 1); None of fewer than two values."""
    found = _spread(values, number)
    return None if found is None else _rounded(found, values, 2)


def _deviation(values: _Values, number: int) -> Decimal | None:
    found = _spread(values, number)
    return None if found is None else _rounded(_EXACT.sqrt(found), values)


def _spread(values: _Values, number: int) -> Decimal | None:
    if number < 2:
        return None
    mean = _EXACT.divide(_sum(values, number), Decimal(number))
    squares = [
        (_EXACT.power(_EXACT.subtract(value, mean), Decimal(2)), times) for value, times in values
    ]
    return _EXACT.divide(_sum(squares, number), Decimal(number - 1))


def _at(values: _Values, place: int) -> Decimal:
    for value, times in values:
        place -= times
        if place < 0:
            return value
    raise AssertionError(place)


def _rounded(number: Decimal, values: _Values, scale: int = 1) -> Decimal:
    """Without the digits that no measurement can vouch for, and without trailing noughts."""
    finest = min(_exponent(value) for value, _ in values)
    found = number.quantize(
        Decimal(1).scaleb(min(finest, 0) * scale - _MORE_DIGITS), context=_EXACT
    )
    return found.normalize(_EXACT)


def _exponent(value: Decimal) -> int:
    return int(value.as_tuple().exponent)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "average": Kind("Average", _average),
        "maximum": Kind("Maximum", lambda values, _: values[-1][0]),
        "minimum": Kind("Minimum", lambda values, _: values[0][0]),
        "count": Kind("Count", lambda _, number: number),
        "median": Kind("Median", _median),
        "std-dev": Kind("Standard Deviation", _deviation),
        "sum": Kind("Sum", _sum),
        "variance": Kind("Variance", _variance),
    }
)
"""The statistics that are computed, by FHIR's code."""


def parts_of(aliases: Iterable[str]) -> list[Part]:
    """What is computed for these aliases: a panel has no value, its components have."""
    found = []
    for alias in aliases:
        row = observed(alias)
        names = row.components if isinstance(row, Panel) else (alias,)
        found += [Part(alias, place, metric(name)) for place, name in enumerate(names)]
    return found


PARTS = parts_of(OBSERVABLES)


def values_of(part: Part, counted: Iterable[Counted]) -> list[tuple[Decimal, int]]:
    """The usable values of a part, rising; texts that mean one number are counted together.

    36.5 and 36.50 are one value; told is the text that is more precise.
    """
    times: dict[Decimal, int] = {}
    texts: dict[Decimal, Decimal] = {}
    for one in counted:
        text = one.values[part.place]
        if text is None or not one.usable(part.place):
            continue
        value = Decimal(text)
        times[value] = times.get(value, 0) + one.count
        kept = texts.setdefault(value, value)
        if _exponent(value) < _exponent(kept):
            texts[value] = value
    return [(texts[value], times[value]) for value in sorted(times)]


def render_statistics(
    part: Part,
    patient: str,
    values: _Values,
    kinds: Sequence[str],
    period: tuple[int | None, int | None],
) -> bytes:
    """The Observation with one component per statistic; without values only the count has one."""
    row, number = part.row, sum(times for _, times in values)
    components = []
    for kind in kinds:
        found = KINDS[kind].of(values, number) if number or kind == "count" else None
        components.append(_component(kind, row, found))
    start_ms, end_ms = period
    bounds = {
        name: moment(at_ms, 0).decode()
        for name, at_ms in (("start", start_ms), ("end", end_ms))
        if at_ms is not None
    }
    head: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": _code(row),
        "subject": {"reference": f"Patient/{patient}"},
        **({"effectivePeriod": bounds} if bounds else {}),
    }
    return _encode(head)[:-1] + b',"component":[%b]}' % b",".join(components)


def _component(kind: str, row: Metric, found: Decimal | int | None) -> bytes:
    coding = {"system": STATISTICS_SYSTEM, "code": kind, "display": KINDS[kind].display}
    code = _encode({"coding": [coding], "text": KINDS[kind].display})
    if found is None:
        reason = {"system": codes.DATA_ABSENT_REASON, "code": "not-applicable"}
        return b'{"code":%b,"dataAbsentReason":%b}' % (code, _encode({"coding": [reason]}))
    ucum = "1" if kind == "count" else f"({row.ucum})2" if kind == "variance" else row.ucum
    unit = {"system": codes.UCUM, "code": ucum}
    if kind not in {"count", "variance"}:
        unit = {"unit": row.unit_text, **unit}
    text = str(found) if isinstance(found, int) else f"{found:f}"
    value = b'{"value":%b,%b' % (text.encode(), _encode(unit)[1:])
    return b'{"code":%b,"valueQuantity":%b}' % (code, value)


def _code(row: Metric) -> dict[str, Any]:
    coding = [
        {"system": codes.LOINC, "code": code.code, "display": code.display}
        for code in row.loinc[:1]
    ]
    if row.mdc and row.mdc_name:
        coding.append({"system": codes.MDC, "code": row.mdc, "display": row.mdc_name})
    if row.danish.code:
        danish = {"system": str(row.danish_system), "code": row.danish.code}
        coding.append({**danish, "display": row.danish.display})
    return {"coding": coding, "text": row.name_da}
