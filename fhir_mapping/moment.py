"""An instant as FHIR writes it, from tables: an Observation holds four of them.

Used by `observation` for dateTime and instant.
"""

from datetime import date
from functools import lru_cache

_TIMES = tuple(
    b"T%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)
    for second in range(86_400)
)
_FRACTIONS = (b"", *(b".%03d" % millisecond for millisecond in range(1, 1000)))
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=8192)
def moment(utc_ms: int, offset_min: int) -> bytes:
    """FHIR's dateTime or instant: local time and offset, milliseconds only if there are any.

    Remembered, since the values of one sitting share their moments, and a batch its arrival.

    >>> moment(1771396180120, 60)
    b'2026-02-18T07:29:40.120+01:00'
    >>> moment(0, 0)
    b'1970-01-01T00:00:00Z'
    """
    seconds, millisecond = divmod(utc_ms + offset_min * 60_000, 1000)
    day, second = divmod(seconds, 86_400)
    parts = (_day(day), _TIMES[second], _FRACTIONS[millisecond], _zone(offset_min))
    return b"%b%b%b%b" % parts


@lru_cache(maxsize=4096)
def _day(number: int) -> bytes:
    return date.fromordinal(_EPOCH_DAY + number).isoformat().encode()


@lru_cache(maxsize=64)
def _zone(offset_min: int) -> bytes:
    if offset_min == 0:
        return b"Z"
    hours, minutes = divmod(abs(offset_min), 60)
    return b"%c%02d:%02d" % (b"-" if offset_min < 0 else b"+", hours, minutes)
