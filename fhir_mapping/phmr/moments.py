"""HL7 timestamps: the instant of a measurement, to and from `YYYYMMDDHHMMSS.sss+ZZZZ`."""

import re
from datetime import UTC, datetime, timedelta

from devices.admission import Window, instant_fault, offset_fault
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


def read_moment(element: str, text: str, window: Window) -> tuple[int, int] | Refusal:
    """The instant (UTC, ms) and the offset (minutes); without a zone there is no instant.

    >>> from devices.admission import window_at
    >>> window = window_at(1_790_000_000_000)
    >>> read_moment("effectiveTime", "20160106080200+0100", window)
    (1452063720000, 60)
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
    milliseconds = int(f"{fraction or '':0<3}"[:3])
    utc_ms = (local - _LOCAL_EPOCH) // _MILLISECOND + milliseconds - offset_min * 60_000
    wrong = offset_fault(offset_min, text) or instant_fault(utc_ms, window, text)
    return Refusal.by(wrong, element) if wrong is not None else (utc_ms, offset_min)


def local_text(utc_ms: int, offset_min: int) -> str:
    """The local time to the second without zone, as a device's own clock shows it.

    >>> local_text(1388991720000, 60)
    '2014-01-06T08:02:00'
    """
    local = _EPOCH + timedelta(milliseconds=utc_ms, minutes=offset_min)
    return f"{local.replace(microsecond=0, tzinfo=None).isoformat()}"
