"""Times, ages and numbers as a Danish or an English reader writes them. Pure.

In: UTC milliseconds and the monitor's now. Out: text. Clock times are those of the citizen's wall
clock in Denmark, in summer and in winter.
"""

import math
from datetime import date, datetime, timedelta

from alerting.local_time import ZONE
from alerting.web.texts import Lang, say

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_HOURS_TOLD = 6
"""Up to so many hours a distance says more than a clock time."""
_DAYS_NAMED = 6
"""Up to so many days back the name of the weekday is unambiguous."""


def local(instant_ms: int) -> datetime:
    """The Danish wall clock at this moment; the last there is, where it is beyond every calendar.

    >>> local(0).isoformat()
    '1970-01-01T01:00:00+01:00'
    """
    try:
        return datetime.fromtimestamp(instant_ms / 1000, ZONE)
    except (ValueError, OverflowError, OSError):
        first, last = datetime.min.replace(tzinfo=ZONE), datetime.max.replace(tzinfo=ZONE)
        return first if instant_ms < 0 else last


def clock(instant_ms: int, lang: Lang) -> str:
    """Hour and minute.

    >>> clock(0, "da"), clock(0, "en")
    ('01.00', '01:00')
    """
    return local(instant_ms).strftime("%H.%M" if lang == "da" else "%H:%M")


def day(moment: date, lang: Lang) -> str:
    """Day and month.

    >>> day(date(2026, 2, 12), "da"), day(date(2026, 2, 12), "en")
    ('12. feb.', '12 Feb')
    """
    month = say(lang, "months").split()[moment.month - 1]
    return f"{moment.day}. {month}" if lang == "da" else f"{moment.day} {month}"


def full_day(moment: date, lang: Lang) -> str:
    """Day, month and year.

    >>> full_day(date(1948, 3, 1), "da")
    '1. marts 1948'
    """
    return f"{day(moment, lang)} {moment.year}"


def exact(instant_ms: int, lang: Lang) -> str:
    """Weekday, date and clock time.

    >>> exact(1_771_396_251_120, "da"), exact(1_771_396_251_120, "en")
    ('onsdag 18. feb. 2026 07.30', 'Wednesday 18 Feb 2026 07:30')
    """
    moment = local(instant_ms)
    weekday = say(lang, "days").split()[moment.weekday()]
    return f"{weekday} {full_day(moment, lang)} {clock(instant_ms, lang)}"


def human(instant_ms: int, now_ms: int, lang: Lang) -> str:
    """The moment as one says it: near ones as a distance, older ones by day.

    >>> now = 1_771_396_251_120
    >>> human(now - 2 * 3_600_000, now, "da"), human(now - 24 * 3_600_000, now, "da")
    ('for 2 timer siden', 'i går 07.30')
    """
    past_ms = now_ms - instant_ms
    if 0 <= past_ms < _MINUTE_MS:
        return say(lang, "just-now")
    if 0 <= past_ms < _HOUR_MS:
        return say(lang, "minutes-ago", count=past_ms // _MINUTE_MS)
    hours = past_ms // _HOUR_MS
    if 0 <= hours < _HOURS_TOLD:
        return say(lang, "hour-ago") if hours == 1 else say(lang, "hours-ago", count=hours)
    return _by_day(instant_ms, now_ms, lang)


def _by_day(instant_ms: int, now_ms: int, lang: Lang) -> str:
    moment, now, time = local(instant_ms), local(now_ms), clock(instant_ms, lang)
    days = (now.date() - moment.date()) / timedelta(days=1)
    if days == 0:
        return say(lang, "today-at", time=time)
    if days == 1:
        return say(lang, "yesterday-at", time=time)
    if 1 < days <= _DAYS_NAMED:
        weekday = say(lang, "days").split()[moment.weekday()]
        return say(lang, "day-at", day=weekday, time=time)
    told = day(moment, lang) if moment.year == now.year else full_day(moment, lang)
    return say(lang, "day-at", day=told, time=time)


def at_clock(instant_ms: int, now_ms: int, lang: Lang) -> str:
    """When somebody did something: by the clock, with the day unless it was today.

    >>> now = 1_771_396_251_120
    >>> at_clock(now, now, "da"), at_clock(now - 9 * 86_400_000, now, "da")
    ('kl. 07.30', '9. feb. kl. 07.30')
    """
    time = say(lang, "at-clock", time=clock(instant_ms, lang))
    moment = local(instant_ms).date()
    return time if moment == local(now_ms).date() else f"{day(moment, lang)} {time}"


def near_day(instant_ms: int, now_ms: int, lang: Lang) -> str:
    """The day of a moment, as short as one says it.

    >>> now = 1_771_396_251_120
    >>> near_day(now, now, "da"), near_day(now - 86_400_000, now, "da")
    ('i dag', 'i går')
    """
    moment, today = local(instant_ms).date(), local(now_ms).date()
    if moment == today:
        return say(lang, "today")
    if moment == today - timedelta(days=1):
        return say(lang, "yesterday")
    return day(moment, lang) if moment.year == today.year else full_day(moment, lang)


def span(length_ms: int, lang: Lang) -> str:
    """A length of time in its largest unit.

    >>> span(40 * 60_000, "da"), span(2 * 3_600_000, "en"), span(86_400_000 * 3, "da")
    ('40 min.', '2 h', '3 dage')
    """
    hours, days = length_ms // _HOUR_MS, length_ms // (24 * _HOUR_MS)
    if hours < 1:
        return say(lang, "span-minutes", count=max(length_ms, 0) // _MINUTE_MS)
    if days < 1:
        return say(lang, "span-hour") if hours == 1 else say(lang, "span-hours", count=hours)
    return say(lang, "span-day") if days == 1 else say(lang, "span-days", count=days)


def numeric(moment: date, lang: Lang) -> str:
    """A date in digits, as on a health card.

    >>> numeric(date(1953, 7, 18), "da"), numeric(date(1953, 7, 18), "en")
    ('18.07.1953', '18/07/1953')
    """
    return moment.strftime("%d.%m.%Y" if lang == "da" else "%d/%m/%Y")


def age(born: date, now_ms: int) -> int:
    """Whole years since birth.

    >>> age(date(1950, 1, 2), 0), age(date(1950, 1, 1), 0)
    (19, 20)
    """
    today = local(now_ms).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def number(value: float, decimals: int, lang: Lang) -> str:
    r"""A number with the language's decimal sign; a dash when there is none.

    >>> number(82.25, 1, "da"), number(82.25, 1, "en")
    ('82,2', '82.2')
    >>> number(float("nan"), 1, "da") == "\N{EN DASH}"
    True
    """
    if not math.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:z.{decimals}f}"
    return text.replace(".", ",") if lang == "da" else text
