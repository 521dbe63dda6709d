"""Personal limits as reference ranges: the Danish RAL (red) and GAL (yellow).

In: the limits in force when it was measured. Out: fragments for `observation`. As in the national
infrastructure (FUT) a range says where the alarm is, ends included: SpO2 with limits 85 and 87
has RAL up to 85 and GAL from 85 to 87. Where both touch, red beats yellow.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from devices.catalogue import Metric, metric
from fhir_mapping import codes
from fhir_mapping.enrolled import Limits

InForce = Mapping[str, Limits]
"""Limits by signal alias, at one moment, for one citizen."""

_encode = msgspec.json.Encoder().encode
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MILLISECOND = timedelta(milliseconds=1)
_RED = ("RAL", "Terapeutiske grænseværdier for RØD alarm")
_YELLOW = ("GAL", "Terapeutiske grænseværdier for GUL alarm")


def in_force(limits: Iterable[Limits], measured_ms: int) -> dict[str, Limits]:
    """What holds at an instant, of one citizen's limits in the order in which they take effect."""
    return {
        row.metric: row for row in limits if (row.since - _EPOCH) // _MILLISECOND <= measured_ms
    }


@lru_cache(maxsize=65_536)
def reference_range(limits: Limits, alias: str) -> bytes:
    """The `referenceRange` of one metric's value, leading comma included; empty without a limit.

    >>> from datetime import UTC
    >>> low = Limits("c", "spo2", datetime(2026, 1, 1, tzinfo=UTC), low_red="85", low_yellow="87")
    >>> [part["type"]["coding"][0]["code"] for part in alarm_ranges(low, metric("spo2"))]
    ['RAL', 'GAL']
    """
    ranges = alarm_ranges(limits, metric(alias))
    return b',"referenceRange":%b' % _encode(ranges) if ranges else b""


def alarm_ranges(limits: Limits, row: Metric) -> list[dict[str, Any]]:
    """Each alarm area: low red, low yellow, high yellow, high red, as far as they are set."""
    areas = (
        (_RED, None, limits.low_red),
        (_YELLOW, limits.low_red, limits.low_yellow),
        (_YELLOW, limits.high_yellow, limits.high_red),
        (_RED, limits.high_red, None),
    )
    return [
        _area(kind, low, high, row)
        for place, (kind, low, high) in enumerate(areas)
        if (high if place < 2 else low) is not None
    ]


def _area(kind: tuple[str, str], low: str | None, high: str | None, row: Metric) -> dict[str, Any]:
    ends = {name: _quantity(text, row) for name, text in (("low", low), ("high", high)) if text}
    coding = {"system": codes.ALARM_RANGE, "code": kind[0], "display": kind[1]}
    return {**ends, "type": {"coding": [coding]}}


def _quantity(text: str, row: Metric) -> dict[str, Any]:
    value = msgspec.Raw(text.encode())
    return {"value": value, "unit": row.unit_text, "system": codes.UCUM, "code": row.ucum}
