"""Personal limits as reference ranges: the Danish RAL, GAL, RELRAL and RELGAL.

In: the limits in force when it was measured. Out: fragments for `observation`. As in the national
infrastructure (FUT) a range says where the alarm is, ends included: SpO2 with limits 85 and 87
has RAL up to 85 and GAL from 85 to 87. Where both touch, red beats yellow. RELRAL and RELGAL are
the same for the change from a base: a fall of 3 and 4 has RELRAL up to -4 and RELGAL from -4 to
-3. What the base is stands in the range's text.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from devices.catalogue import Metric, metric
from fhir_mapping import codes
from fhir_mapping.enrolled import Limits

InForce = Mapping[tuple[str, bool], Limits]
"""Limits by signal alias and whether relative, at one moment, for one citizen."""

_encode = msgspec.json.Encoder().encode
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MILLISECOND = timedelta(milliseconds=1)
_RED = (codes.ALARM_RANGE, "RAL", "Terapeutiske grænseværdier for RØD alarm")
_YELLOW = (codes.ALARM_RANGE, "GAL", "Terapeutiske grænseværdier for GUL alarm")
_RELATIVE_RED = (
    codes.RELATIVE_RANGE,
    "RELRAL",
    "Terapeutiske relative grænseværdier for RØD alarm",
)
_RELATIVE_YELLOW = (
    codes.RELATIVE_RANGE,
    "RELGAL",
    "Terapeutiske relative grænseværdier for GUL alarm",
)


def known_at(entered: Iterable[tuple[int, Limits]], changed_ms: int) -> tuple[Limits, ...]:
    """What was known of one citizen's limits when a record last changed.

    What is entered later never changes what that version was, from whenever on it is to hold.
    """
    return tuple(row for at_ms, row in entered if at_ms <= changed_ms)


def in_force(limits: Iterable[Limits], measured_ms: int) -> dict[tuple[str, bool], Limits]:
    """What holds at an instant, of one citizen's limits in the order in which they take effect."""
    return {
        (row.metric, row.relative): row
        for row in limits
        if (row.since - _EPOCH) // _MILLISECOND <= measured_ms
    }


@lru_cache(maxsize=65_536)
def reference_range(limits: Limits | None, relative: Limits | None, alias: str) -> bytes:
    """The `referenceRange` of one metric's value, leading comma included; empty without a limit.

    >>> from datetime import UTC
    >>> low = Limits("c", "spo2", datetime(2026, 1, 1, tzinfo=UTC), low_red="85", low_yellow="87")
    >>> [part["type"]["coding"][0]["code"] for part in alarm_ranges(low, metric("spo2"))]
    ['RAL', 'GAL']
    """
    ranges = [
        one for held in (limits, relative) if held for one in alarm_ranges(held, metric(alias))
    ]
    return b',"referenceRange":%b' % _encode(ranges) if ranges else b""


def alarm_ranges(limits: Limits, row: Metric) -> list[dict[str, Any]]:
    """Each alarm area: low red, low yellow, high yellow, high red, as far as they are set."""
    red, yellow = (_RELATIVE_RED, _RELATIVE_YELLOW) if limits.relative else (_RED, _YELLOW)
    low_red, low_yellow = limits.low_red, limits.low_yellow
    if limits.relative:
        low_red, low_yellow = _fall(low_red), _fall(low_yellow)
    areas = (
        (red, None, low_red),
        (yellow, low_red, low_yellow),
        (yellow, limits.high_yellow, limits.high_red),
        (red, limits.high_red, None),
    )
    text = _base(limits.base, row) if limits.relative else {}
    return [
        _area(kind, low, high, row) | text
        for place, (kind, low, high) in enumerate(areas)
        if (high if place < 2 else low) is not None
    ]


def _area(
    kind: tuple[str, str, str], low: str | None, high: str | None, row: Metric
) -> dict[str, Any]:
    ends = {name: _quantity(text, row) for name, text in (("low", low), ("high", high)) if text}
    coding = dict(zip(("system", "code", "display"), kind, strict=True))
    return {**ends, "type": {"coding": [coding]}}


def _fall(text: str | None) -> str | None:
    return None if text is None else f"-{text}"


def _base(text: str | None, row: Metric) -> dict[str, Any]:
    if text is None:
        return {"text": "Ændring fra borgerens habituelle værdi"}
    return {"text": f"Ændring fra {text.replace('.', ',')} {row.unit_text}"}


def _quantity(text: str, row: Metric) -> dict[str, Any]:
    value = msgspec.Raw(text.encode())
    return {"value": value, "unit": row.unit_text, "system": codes.UCUM, "code": row.ucum}
