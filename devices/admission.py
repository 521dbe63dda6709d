"""What any door lets in: one set of limits for MQTT, FHIR, KIH XML, PHMR and typed values.

In: what a sender says of one value, of a panel's values together, or of a time. Out: the value in
the catalogue's unit, or an `Inadmissible` that names reason, field, value and limit; the door adds
where it stands in its own format. Each value is judged alone, so that a door may refuse one and
keep its neighbours. Pure: no clock, no setting, no storage.

The earliest instant is one for all doors. A clock that nobody set shows 1970, 1980, 2000 or the
year its firmware was built, and a document or a Bundle hands such a time on as it was; nothing in
it tells a forgotten clock from true history. The rules look back over weeks, and what is refused
is kept whole. Whoever takes in documents with older history says so (`Window`), having looked.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final, Literal

import msgspec

from devices.catalogue import PANELS, Metric, metric
from devices.units import ELSEWHERE, FLOW, KNOWN_UNITS, PER_SECOND, unit_texts
from devices.wire import CLOCK_AHEAD
from devices.zone import DENMARK, Zone, local_text

NUMBER_CHARACTERS_MAX: Final = 32
"""Longest number looked at, in whatever unit it was sent."""
VALUES_REMEMBERED: Final = 16_384
"""So many judged values are known at one look: people's measurements repeat themselves."""
VALUE_CHARACTERS_MAX: Final = 12
"""Longest decimal text in the catalogue's unit (MedCom HomeCareObservation: at most 12)."""
NAME_CHARACTERS_MAX: Final = 64
"""Longest name: of a device, a gateway, a circumstance."""
TEXT_CHARACTERS_MAX: Final = 128
"""Longest free text of a device: model, firmware, boot, what a circumstance says."""
EARLIEST_MEASURED_MS: Final = 1_420_070_400_000
"""2015-01-01T00:00:00Z, before any device of the catalogue was sold: an unset clock."""
FUTURE_TOLERANCE_MS: Final = 10 * 60 * 1000
"""How far a measured instant may lie ahead of its arrival: clocks differ by minutes, not hours."""
HOUR_MS: Final = 3_600_000
AHEAD_HOURS_MAX: Final = 2
"""By so many whole hours a clock may be ahead: left in another zone, or not changed in autumn."""
YEAR_FIRST: Final = 1900
YEAR_LAST: Final = 2200
"""What a clock may show at all, right or wrong; other years cannot be corrected or written."""
OFFSET_MIN_MAX: Final = 14 * 60
"""Widest offset from UTC in use anywhere, and the widest that XML Schema and FHIR can write."""

Because = Literal[
    "time-malformed",
    "time-in-future",
    "time-implausible",
    "value-missing",
    "value-malformed",
    "value-out-of-range",
    "unit-unknown",
    "unit-mismatch",
    "component-missing",
    "components-contradict",
]
"""The reasons given here, of the closed list `ingest.rejection.Reason`; a test holds them to it."""
Field = Literal["value", "unit", "components", "time", "offset"]

NO_VALUE_FLAGS: Final = frozenset({"invalid", "not-available"})
"""Flags with which a value may be absent: the device itself says that it failed."""


class Inadmissible(msgspec.Struct, frozen=True, gc=False):
    """Why something is not let in: what `field` says, and the `limit` that it does not keep."""

    reason: Because
    field: Field
    value: str
    limit: str

    def of(self, name: str) -> str:
        """One sentence that names field, value and limit, the field as its door calls it.

        >>> Inadmissible("unit-unknown", "unit", "lb", "accepted are kg, g").of("u of weight")
        "u of weight is 'lb', accepted are kg, g"
        """
        return f"{name} is {self.value[:NAME_CHARACTERS_MAX]!r}, {self.limit}"


class Window(msgspec.Struct, frozen=True, gc=False):
    """From when until when something can have been measured, UTC milliseconds, both included.

    `zone` is where the clocks hang that say local times.
    """

    first_ms: int
    last_ms: int
    zone: Zone = DENMARK


def window_at(
    received_ms: int, first_ms: int = EARLIEST_MEASURED_MS, zone: Zone = DENMARK
) -> Window:
    """What can have been measured by the time that something arrived."""
    return Window(first_ms, received_ms + FUTURE_TOLERANCE_MS, zone)


class Instant(msgspec.Struct, frozen=True, gc=False):
    """When something was measured, said with an offset: UTC ms and the zone's offset in minutes.

    `device_time` is what the clock showed, as one on a wall of the zone, so that one instant has
    one name, whatever offset it was said with. `flags` says whether that clock was put back.
    """

    measured_ms: int
    offset_min: int
    device_time: str
    flags: tuple[str, ...]


_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_OTHER_SPELLING: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_EXACT: Final = Context(prec=2048)
_REQUIRED: Final = {row.alias: row.required for row in PANELS}


def respelled(text: str) -> str:
    """A number of a document in the wire's spelling; any other text as it is, to be refused.

    A plus sign, leading zeros and a bare point (HL7 v3, XML Schema) say the same number.

    >>> [respelled(text) for text in ("36.50", "+077", ".92", "74,0")]
    ['36.50', '77', '0.92', '74,0']
    """
    if len(text) > NUMBER_CHARACTERS_MAX or _DECIMAL.fullmatch(text):
        return text
    return f"{Decimal(text):f}" if _OTHER_SPELLING.fullmatch(text) else text


def value_in(
    row: Metric, text: str, unit: str, units: Mapping[str, int] | None = None
) -> str | Inadmissible:
    """The value's text in the row's unit: unchanged, or its decimal point moved, exactly.

    `units` are those that the door takes beside the UCUM ones of the catalogue. The unit alone
    says what a number means, never its size: a saturation of 1 is a fraction or a failing sensor.

    >>> value_in(metric("spo2"), "0.970", "1"), value_in(metric("weight"), "36.50", "kg")
    ('97.0', '36.50')
    >>> value_in(metric("weight"), "74", "lb").reason
    'unit-unknown'
    """
    if units is None and len(text) + len(unit) <= 2 * NUMBER_CHARACTERS_MAX:
        return _value_in_ucum(row.alias, text, unit)
    return _value_in(row, text, unit, units)


@lru_cache(maxsize=VALUES_REMEMBERED)
def _value_in_ucum(alias: str, text: str, unit: str) -> str | Inadmissible:
    return _value_in(metric(alias), text, unit, None)


def _value_in(
    row: Metric, text: str, unit: str, units: Mapping[str, int] | None
) -> str | Inadmissible:
    if len(text) > NUMBER_CHARACTERS_MAX or _DECIMAL.fullmatch(text) is None:
        return _malformed(text)
    shift = row.units.get(unit)
    if shift is None and units is not None:
        shift = units.get(unit)
    if shift is None and not (row.ucum == FLOW and unit in PER_SECOND):
        return _unknown_unit(row, unit, row.units if units is None else units)
    number = Decimal(text)
    if shift is None:
        number = number * PER_SECOND[unit]
        text = f"{number:f}"
    elif shift:
        number = number.scaleb(shift, _EXACT)
        text = f"{number:f}"
    if len(text) > VALUE_CHARACTERS_MAX:
        return _malformed(text, where=f" in {row.ucum}")
    return _possible(row, number, text) or text


def possible(row: Metric, text: str) -> Inadmissible | None:
    """Why a value in the row's own unit is not let in; None when it is.

    >>> possible(metric("spo2"), "101").limit
    'possible is 1 to 100 %'
    """
    if len(text) > VALUE_CHARACTERS_MAX or _DECIMAL.fullmatch(text) is None:
        return _malformed(text)
    return _possible(row, Decimal(text), text)


def number(text: str) -> Inadmissible | None:
    """Why this is no decimal number as it may be sent, in whatever unit; None when it is."""
    if len(text) > NUMBER_CHARACTERS_MAX or _DECIMAL.fullmatch(text) is None:
        return _malformed(text, NUMBER_CHARACTERS_MAX)
    return None


def _possible(row: Metric, number: Decimal, text: str) -> Inadmissible | None:
    low, high = row.possible
    if row.whole and number % 1:
        limit = f"{row.name_en} is a whole number"
        return Inadmissible("value-malformed", "value", text, limit)
    if low <= number <= high:
        return None
    shown = f"{text} {row.ucum}"
    limit = f"possible is {low} to {high} {row.ucum}"
    return Inadmissible("value-out-of-range", "value", shown, limit)


def _malformed(text: str, most: int = VALUE_CHARACTERS_MAX, where: str = "") -> Inadmissible:
    limit = f"not a decimal number with a point and at most {most} characters{where}"
    return Inadmissible("value-malformed", "value", text, limit)


def _unknown_unit(row: Metric, unit: str, units: Mapping[str, int]) -> Inadmissible:
    """A unit that the row is not taken in: another metric's, or nobody's."""
    is_others = unit in KNOWN_UNITS and unit not in unit_texts(row)
    reason: Because = "unit-mismatch" if is_others else "unit-unknown"
    accepted = ", ".join(filter(None, units))
    return Inadmissible(reason, "unit", unit, f"accepted are {accepted}")


def unit_beside(row: Metric, unit: str, text: str) -> Inadmissible | None:
    """Why a unit's text contradicts the coded unit beside it; None when it does not.

    A display in words that nobody knows is no contradiction; a unit of another size is.

    >>> unit_beside(metric("weight"), "kg", "lb").limit
    "the coded unit beside it is 'kg'"
    >>> unit_beside(metric("weight"), "kg", "kilogram") is None
    True
    """
    texts = unit_texts(row)
    if text == unit:
        agrees = True
    elif text in texts:
        agrees = texts[text] == texts.get(unit)
    else:
        agrees = text not in KNOWN_UNITS and text not in ELSEWHERE
    if agrees:
        return None
    return Inadmissible("unit-mismatch", "unit", text, f"the coded unit beside it is {unit!r}")


def panel_fault(values: Mapping[str, str | None]) -> Inadmissible | None:
    """Why these values of one act, by alias, cannot stand together; None when they can.

    Blood pressure needs both ends, and the systolic above the diastolic; a mean alone is a value.

    >>> panel_fault({"systolic": "120", "diastolic": "120"}).reason
    'components-contradict'
    >>> panel_fault({"mean_pressure": "97"}) is None
    True
    """
    panels = {alias: None for name in values if (alias := metric(name).panel)}
    for alias in panels:
        if values.keys().isdisjoint(_REQUIRED[alias]):
            continue
        for required in _REQUIRED[alias]:
            if required not in values:
                needed = " and ".join(_REQUIRED[alias])
                limit = f"{alias} needs {needed}; {required} is missing"
                return Inadmissible("component-missing", "components", " ".join(values), limit)
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic and diastolic and Decimal(diastolic) >= Decimal(systolic):
        limit = f"diastolic {diastolic} is not below systolic {systolic}"
        shown = f"{systolic}/{diastolic}"
        return Inadmissible("components-contradict", "components", shown, limit)
    return None


def falling(values: Mapping[str, str | None]) -> dict[str, Inadmissible]:
    """Which values of one act, by alias, cannot stand, each with the reason.

    The required components of a panel define each other: where one is missing or contradicts
    another, all of them fall. What is left of the panel then stands if it can stand alone.

    >>> sorted(falling({"systolic": "80", "diastolic": "120", "weight": "74.0"}))
    ['diastolic', 'systolic']
    """
    found: dict[str, Inadmissible] = {}
    for alias, required in _REQUIRED.items():
        left = {name: text for name, text in values.items() if metric(name).panel == alias}
        while left and (wrong := panel_fault(left)) is not None:
            fallen = [name for name in left if name in required] or list(left)
            found.update(dict.fromkeys(fallen, wrong))
            left = {name: text for name, text in left.items() if name not in fallen}
    return found


def instant_fault(measured_ms: int, window: Window, shown: str | datetime) -> Inadmissible | None:
    """Why an instant (UTC, ms; `shown` as its door has it) is not let in; None when it is."""
    if window.first_ms <= measured_ms <= window.last_ms:
        return None
    if measured_ms > window.last_ms:
        limit = f"later than its arrival {_moment(window.last_ms - FUTURE_TOLERANCE_MS)}"
        return Inadmissible("time-in-future", "time", _text(shown), limit)
    limit = f"earlier than {_moment(window.first_ms)[:10]}: a clock that was never set"
    return Inadmissible("time-implausible", "time", _text(shown), limit)


def instant_in(said_ms: int, window: Window, shown: str) -> Instant | Inadmissible:
    """The instant that was said (UTC, ms), put back by whole hours where its clock was ahead.

    >>> window = window_at(1_771_396_180_000)
    >>> instant_in(1_771_396_180_000 + 3_000_000, window, "").device_time
    '2026-02-18T08:19:40'
    """
    hours = hours_ahead(said_ms - (window.last_ms - FUTURE_TOLERANCE_MS))
    measured_ms = said_ms - hours * HOUR_MS
    wrong = instant_fault(measured_ms, window, shown)
    if wrong is not None:
        return wrong
    return Instant(
        measured_ms,
        window.zone.offset_min(measured_ms),
        local_text(window.zone.local_ms(said_ms)),
        (CLOCK_AHEAD,) if hours else (),
    )


def hours_ahead(by_ms: int) -> int:
    """By how many whole hours a clock is ahead that is ahead by this much; 0 when it is not, or
    when no such clock explains it.

    >>> [hours_ahead(minutes * 60_000) for minutes in (-5, 10, 11, 58, 70, 71, 130, 131)]
    [0, 0, 1, 1, 1, 2, 2, 0]
    """
    if not FUTURE_TOLERANCE_MS < by_ms <= AHEAD_HOURS_MAX * HOUR_MS + FUTURE_TOLERANCE_MS:
        return 0
    return -(-(by_ms - FUTURE_TOLERANCE_MS) // HOUR_MS)


def year_fault(moment: datetime) -> Inadmissible | None:
    """Why a year is none that a clock may show, right or wrong; None when it is."""
    if YEAR_FIRST <= moment.year <= YEAR_LAST:
        return None
    limit = f"not in {YEAR_FIRST} to {YEAR_LAST}"
    return Inadmissible("time-implausible", "time", _text(moment), limit)


def offset_fault(offset_min: int, shown: str | datetime) -> Inadmissible | None:
    """Why no place on earth has this offset from UTC (minutes); None when one may."""
    if abs(offset_min) <= OFFSET_MIN_MAX:
        return None
    return Inadmissible("time-malformed", "offset", _text(shown), "an offset is at most 14:00")


def _text(shown: str | datetime) -> str:
    return shown if isinstance(shown, str) else shown.isoformat()


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat()
