"""HL7 timestamps: the instant of a measurement, to and from `YYYYMMDDHHMMSS.sss+ZZZZ`."""

import re
from datetime import UTC, datetime, timedelta

from devices.admission import Inadmissible, Instant, Window, instant_in, offset_fault
from fhir_mapping.phmr.document import Refusal

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)
_TIMESTAMP = re.compile(r"(\d{12})(?:(\d{2})(?:\.(\d{1,9}))?)?([+-])(\d{2})([0-5]\d)", re.ASCII)
_LIMIT = "a time to the minute with its zone is needed, YYYYMMDDHHMM[SS[.sss]]+ZZZZ"


def write_moment(utc_ms: int, offset_min: int) -> str:
    """Local time and offset, milliseconds only if there are any.

    >>> write_moment(1771396251120, 60)
    '20260218073051.120+0100'
    """
    local = _EPOCH + timedelta(milliseconds=utc_ms, minutes=offset_min)
    fraction = f".{local.microsecond // 1000:03}" if local.microsecond else ""
    hours, minutes = divmod(abs(offset_min), 60)
    sign = "-" if offset_min < 0 else "+"
    return f"{local:%Y%m%d%H%M%S}{fraction}{sign}{hours:02}{minutes:02}"


def read_moment(element: str, text: str, window: Window) -> tuple[Instant, int] | Refusal:
    """The instant, and the offset it was written with (minutes); without one there is no instant.

    >>> from devices.admission import window_at
    >>> window = window_at(1_790_000_000_000)
    >>> read_moment("effectiveTime", "20160106080200+0100", window)[0].measured_ms
    1452063720000
    >>> read_moment("effectiveTime", "20160106", window).reason
    'time-malformed'
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return Refusal(element, text, _LIMIT, "time-malformed")
    minute, second, fraction, sign, hours, minutes = found.groups()
    offset_min = int(hours) * 60 + int(minutes)
    if sign == "-":
        offset_min = -offset_min
    try:
        local = datetime.strptime(f"{minute}{second or '00'}", "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return Refusal(element, text, _LIMIT, "time-malformed")
    wrong = offset_fault(offset_min, text)
    if wrong is not None:
        return Refusal.by(wrong, element)
    milliseconds = int(f"{fraction or '':0<3}"[:3])
    utc_ms = (local - _LOCAL_EPOCH) // _MILLISECOND + milliseconds - offset_min * 60_000
    instant = instant_in(utc_ms, window, text)
    if isinstance(instant, Inadmissible):
        return Refusal.by(instant, element)
    return instant, offset_min
