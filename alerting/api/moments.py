"""FHIR's dates and prefixes as spans of milliseconds.

In: the values of a search parameter. Out: since (inclusive) and until (exclusive), UTC.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from alerting.api.answers import Fault, Refused, shortened
from alerting.local_time import ZONE

TIME_MAX = 2**53
_DATE = re.compile(
    r"(?P<prefix>eq|ge|gt|le|lt|sa|eb)?(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?P<clock>T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?",
    re.ASCII,
)


def span_of(name: str, values: Sequence[str]) -> tuple[int, int]:
    """The span that every value of a parameter agrees on; Refused names the one that is wrong."""
    since_ms, until_ms = 0, TIME_MAX
    for value in values:
        prefix, begins_ms, ends_ms = _moment(name, value)
        if prefix in ("eq", "ge"):
            since_ms = max(since_ms, begins_ms)
        if prefix in ("gt", "sa"):
            since_ms = max(since_ms, ends_ms)
        if prefix in ("eq", "le"):
            until_ms = min(until_ms, ends_ms)
        if prefix in ("lt", "eb"):
            until_ms = min(until_ms, begins_ms)
    return since_ms, until_ms


def wrong(name: str, value: object, limit: str, issue: str = "invalid") -> Refused:
    """A parameter that cannot be taken: name, value and limit."""
    fault = Fault("parameter-invalid", "a search parameter is wrong", name, shortened(value), limit)
    return Refused(400, fault, issue)


def _moment(name: str, value: str) -> tuple[str, int, int]:
    """The prefix, and the span that a date of its precision covers, end exclusive.

    A date without a zone is Danish. A space is a plus sign that nobody encoded.
    """
    limit = "a FHIR date, with eq, ge, gt, le, lt, sa or eb before it"
    found = _DATE.fullmatch(value.replace(" ", "+"))
    if found is None or (found["zone"] and not found["clock"]):
        raise wrong(name, value, limit)
    try:
        begins, ends = _bounds(found)
        begins_ms, ends_ms = (round(moment.timestamp() * 1000) for moment in (begins, ends))
    except (ValueError, OverflowError) as error:
        raise wrong(name, value, limit) from error
    return found["prefix"] or "eq", begins_ms, ends_ms


def _bounds(found: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    clock = found["clock"]
    if clock:
        zone = found["zone"] or ""
        text = f"{year:04}-{month:02}-{day:02}{clock}"
        begins = datetime.fromisoformat(text + zone.replace("Z", "+00:00"))
        begins = begins if begins.tzinfo else begins.replace(tzinfo=ZONE)
        return begins, begins + _precision(clock)
    first = date(year, month, day)
    if found["day"]:
        last = first + timedelta(days=1)
    elif found["month"]:
        last = (first + timedelta(days=31)).replace(day=1)
    else:
        last = date(year + 1, 1, 1)
    return datetime.combine(first, time(), ZONE), datetime.combine(last, time(), ZONE)


def _precision(clock: str) -> timedelta:
    if "." in clock:
        return timedelta(milliseconds=1)
    return timedelta(seconds=1) if clock.count(":") > 1 else timedelta(minutes=1)
