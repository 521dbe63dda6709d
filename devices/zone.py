"""Local time and UTC in one zone: what a clock on its walls shows, and what was meant by it.

In: milliseconds, of UTC or of a local clock. Out: the other. An offset says how late it is
somewhere now; only a zone says how late it was there in March. Looked up once for each quarter of
an hour, since no zone changes within one. Pure but for the zone's own table, which is read once.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

QUARTER_MS: Final = 15 * 60 * 1000
_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


class Zone:
    """One zone of the tz database, by its name.

    >>> here = Zone("Europe/Copenhagen")
    >>> summer = here.utc_ms(local_ms("2026-07-01T12:00:00"))
    >>> here.offset_min(summer), here.local_ms(summer) - summer == 2 * 3_600_000
    (120, True)
    """

    def __init__(self, name: str) -> None:
        """Raises ValueError when there is no such zone."""
        try:
            self._zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{name!r} is no zone of the tz database, as Europe/Copenhagen is one"
            raise ValueError(message) from error
        self.name = name
        self._offset = lru_cache(maxsize=65_536)(self._offset_of)
        self._offsets = lru_cache(maxsize=65_536)(self._offsets_of)

    def offset_min(self, utc_ms: int) -> int:
        """The local offset at an instant, whole minutes."""
        return self._offset(utc_ms // QUARTER_MS) // 60_000

    def local_ms(self, utc_ms: int) -> int:
        """What the clock on the wall shows at an instant."""
        return utc_ms + self._offset(utc_ms // QUARTER_MS)

    def utc_ms(self, local_ms: int) -> int:
        """The instant at which the clock on the wall shows this, the first of two.

        In the hour that a night of March lacks it is meant as the time before the change: a clock
        that has not been changed yet shows it.
        """
        return local_ms - self._offsets(local_ms // QUARTER_MS)[0]

    def instants(self, local_ms: int) -> tuple[int, ...]:
        """Each instant that may be meant by this local time, the likelier of them first.

        One, but for two in the hour that comes twice (the earlier first) and in the one that does
        not come (the clock was not changed yet; or it was ahead).
        """
        before, after = self._offsets(local_ms // QUARTER_MS)
        return (local_ms - before,) if before == after else (local_ms - before, local_ms - after)

    def comes_twice(self, local_ms: int) -> bool:
        """Whether the clock on the wall shows this local time twice."""
        before, after = self._offsets(local_ms // QUARTER_MS)
        return before > after

    def _offset_of(self, quarter: int) -> int:
        moment = datetime.fromtimestamp(quarter * QUARTER_MS // 1000, UTC)
        return _ms(moment.astimezone(self._zone).utcoffset())

    def _offsets_of(self, quarter: int) -> tuple[int, int]:
        local = (_EPOCH + quarter * QUARTER_MS * _MILLISECOND).replace(tzinfo=self._zone)
        return _ms(local.utcoffset()), _ms(local.replace(fold=1).utcoffset())


def local_ms(text: str) -> int:
    """A local time of the calendar as milliseconds since 1970-01-01T00:00:00, no zone."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND


def local_text(local_ms: int) -> str:
    """The local time as a device's clock shows it, a fraction only if there is one.

    >>> local_text(1771399780000)
    '2026-02-18T07:29:40'
    """
    return (_EPOCH + local_ms * _MILLISECOND).isoformat()


def _ms(offset: timedelta | None) -> int:
    return (offset or timedelta()) // _MILLISECOND


DENMARK: Final = Zone("Europe/Copenhagen")
"""Where nothing else is said."""


class Zones:
    """The zone of each tenant, and the one of all others.

    >>> Zones(DENMARK, {"faroe": Zone("Atlantic/Faroe")}).of("faroe").name
    'Atlantic/Faroe'
    """

    def __init__(self, default: Zone = DENMARK, by_tenant: "dict[str, Zone] | None" = None) -> None:
        self._default = default
        self._by_tenant = by_tenant or {}

    def of(self, tenant: str) -> Zone:
        """The zone in which this tenant's local times are read."""
        return self._by_tenant.get(tenant, self._default)
