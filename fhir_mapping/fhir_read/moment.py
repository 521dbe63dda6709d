"""FHIR's times as ours: UTC milliseconds and the local offset, exact to the millisecond.

In: a `dateTime` or `instant`. Out: a `Moment`. A time without a zone, or a date without a time,
is refused: which day a weight was taken decides a rule, and no zone is assumed.
"""

import re
from datetime import datetime, timedelta

import msgspec

from devices.admission import Inadmissible, Instant, Window, instant_in, offset_fault, year_fault
from fhir_mapping.fhir_read.answer import Refusal
from fhir_mapping.fhir_read.shapes import Observation

_DATE_TIME = re.compile(
    r"(?P<local>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]+))?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[0-9]{2}):(?P<minutes>[0-5][0-9]))"
)
_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """An instant and the zone it was told in: `local_ms` is what a clock on the wall showed."""

    utc_ms: int
    offset_min: int

    @property
    def local_ms(self) -> int:
        """Milliseconds of the local clock since 1970-01-01T00:00:00, no zone."""
        return self.utc_ms + self.offset_min * 60_000


def moment_of(text: str, path: str) -> Moment:
    """The moment; digits below the millisecond are cut off, years no clock shows are refused.

    >>> moment_of("2026-02-18T07:29:40.120+01:00", "effectiveDateTime")
    Moment(utc_ms=1771396180120, offset_min=60)
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        detail = f"{text[:40]!r} is no date and time with seconds and a zone"
        raise Refusal("time-malformed", path, detail)
    try:
        local = datetime.fromisoformat(found["local"])
    except ValueError:
        raise Refusal("time-malformed", path, f"{text[:40]!r} is in no calendar") from None
    wrong = year_fault(local)
    if wrong is not None:
        raise Refusal.of(wrong, path, "it")
    offset_min = 0
    if found["sign"]:
        offset_min = int(found["hours"]) * 60 + int(found["minutes"])
        wrong = offset_fault(offset_min, text)
        if wrong is not None:
            raise Refusal.of(wrong, path, "it")
        offset_min = -offset_min if found["sign"] == "-" else offset_min
    milliseconds = int((found["fraction"] or "0")[:3].ljust(3, "0"))
    local_ms = (local - _EPOCH) // _MILLISECOND + milliseconds
    return Moment(local_ms - offset_min * 60_000, offset_min)


def local_text(local_ms: int, path: str) -> str:
    """A device's clock as the wire writes it, with a fraction only if there is one.

    >>> local_text(1771399780000, "")
    '2026-02-18T07:29:40'
    """
    try:
        return (_EPOCH + local_ms * _MILLISECOND).isoformat()
    except OverflowError:
        detail = "the device's time, by its clock pair, is in no calendar"
        raise Refusal("time-implausible", path, detail) from None


def measured_at(observation: Observation, window: Window, path: str) -> tuple[Moment, Instant]:
    """When it was measured: `effectiveDateTime`, `effectiveInstant`, or the end of a period; as it
    was written, and as it is taken.

    A period's value is there when it ends, and a device stamps it then; one still open, or given
    as a timing, is refused. `issued` never stands in: it says when others were told.
    """
    period = observation.effective_period
    given = {
        "effectiveDateTime": observation.effective_date_time,
        "effectiveInstant": observation.effective_instant,
        "effectivePeriod.end": period.end if period else "",
        "effectiveTiming": "a timing" if bytes(observation.effective_timing) else "",
    }
    said = [name for name, text in given.items() if text]
    if period is not None and not period.end:
        raise Refusal("field-missing", f"{path}.effectivePeriod.end", "a period must have ended")
    if not said:
        detail = "effectiveDateTime is missing; issued does not stand in for it"
        raise Refusal("field-missing", f"{path}.effectiveDateTime", detail)
    if len(said) > 1 or said == ["effectiveTiming"]:
        detail = f"{' and '.join(said)} stand there; one date and time is taken"
        raise Refusal("field-value", f"{path}.{said[-1]}", detail)
    at = f"{path}.{said[0]}"
    moment = moment_of(given[said[0]], at)
    if period is not None and period.start:
        start = moment_of(period.start, f"{path}.effectivePeriod.start")
        if start.utc_ms > moment.utc_ms:
            detail = f"it ends {period.end}, before it begins, {period.start}"
            raise Refusal("field-value", f"{path}.effectivePeriod", detail)
    instant = instant_in(moment.utc_ms, window, given[said[0]])
    if isinstance(instant, Inadmissible):
        raise Refusal.of(instant, at, said[0])
    return moment, instant
