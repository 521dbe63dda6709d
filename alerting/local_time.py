"""Between UTC milliseconds and the rules' local days.

The rules count calendar days as the citizen does: float days since 1970-01-01 in Danish civil
time, so that floor(t) is the day on the citizen's wall calendar, in summer and in winter.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Copenhagen")
DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1)


@lru_cache(maxsize=65_536)
def _offset_ms(hour: int) -> int:
    """The zone's offset during one UTC hour; it never changes within one."""
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZONE).utcoffset()
    return int((offset or timedelta()) / timedelta(milliseconds=1))


def local_days(instant_ms: int) -> float:
    """Local days since 1970-01-01 at a UTC instant.

    >>> local_days(0)  # one o'clock in Copenhagen
    0.041666666666666664
    """
    return (instant_ms + _offset_ms(instant_ms // _HOUR_MS)) / DAY_MS


def utc_ms(days: float) -> int:
    """The UTC instant of a local moment; the earlier one in the hour that comes twice.

    >>> utc_ms(local_days(1_790_000_000_000))
    1790000000000
    """
    local = _EPOCH + timedelta(milliseconds=round(days * DAY_MS))
    return round(local.replace(tzinfo=ZONE).timestamp() * 1000)


def midnight(day: date) -> datetime:
    """The local start of a day."""
    return datetime.combine(day, time(), ZONE)


def day_number(day: date) -> int:
    """A calendar day as the rules count it."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def calendar_day(number: int) -> date:
    """The calendar day behind such a number.

    >>> calendar_day(day_number(date(2026, 3, 14)))
    datetime.date(2026, 3, 14)
    """
    return date(1970, 1, 1) + timedelta(days=number)
