"""When something was measured, by which of the clocks that were there: device, gateway, our own.

In: a payload, when it arrived and the tenant's zone. Out: `Measured`, or what is inadmissible and
where. Pure.

1. A clock pair that shows skew wins: what passed on the device's own clock since the measurement
   is subtracted from the gateway's (HL7 PHD: correction by coincident timestamp).
2. Without one, the device's clock is one on a wall of the tenant's zone: an offset is no zone, and
   `sent` says nothing of a reading from before the clock change. A pair within `SKEW_MS` is such a
   clock; what little it is off is put right.
3. In the hour that comes twice the later one is meant as soon as it has begun to be possible: by
   `sent`, or because the reading before it in the same delivery was later on the clock.
4. A clock one or two whole hours ahead (left in another zone, not changed in autumn) is put back
   by as many, and the reading flagged. More than that is refused.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import msgspec

from devices.admission import (
    FUTURE_TOLERANCE_MS,
    HOUR_MS,
    OFFSET_MIN_MAX,
    Inadmissible,
    hours_ahead,
    instant_fault,
    offset_fault,
    window_at,
    year_fault,
)
from devices.wire import CLOCK_AHEAD, Clock, Payload, ResponsePayload
from devices.zone import Zone

SKEW_MS: Final = 15 * 60 * 1000
"""A clock that is off by less may be one on the wall, set by hand; no zone is off by less."""
_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)
_WIDEST = OFFSET_MIN_MAX * _MINUTE


class Measured(msgspec.Struct, frozen=True, gc=False):
    """The instant (UTC, ms), the local offset then (minutes), and flags about the clock; with the
    times it follows from: when it was sent, and the clock pair (None where there is none)."""

    measured_ms: int
    offset_min: int
    flags: tuple[str, ...]
    sent_ms: int
    device_ms: int | None
    gateway_ms: int | None


class Misread(msgspec.Struct, frozen=True, gc=False):
    """What is inadmissible about a time: its path and name on the wire."""

    wrong: Inadmissible
    path: str
    name: str


def measured_at(
    payload: Payload | ResponsePayload, received_ms: int, zone: Zone, after_ms: int | None = None
) -> Measured | Misread:
    """When it was; `after_ms` is when the reading before it in the same delivery was measured.

    Raises OverflowError where the calendar ends.
    """
    clock, sent = payload.clock, payload.sent
    flags: tuple[str, ...] = ()
    misread = _offset_misread(sent, "sent") or (_pair_misread(clock) if clock else None)
    if misread is not None:
        return misread
    said_ms, sent_ms = local_ms(payload.t), utc_ms(sent)
    device_ms = local_ms(clock.device) if clock and clock.device else None
    gateway_ms = utc_ms(clock.gateway) if clock and clock.gateway else None
    if device_ms is not None and gateway_ms is not None:
        skew_ms = zone.local_ms(gateway_ms) - device_ms
        if abs(skew_ms) < SKEW_MS:
            measured_ms = _on_the_wall(said_ms + skew_ms, gateway_ms, zone, after_ms)
        else:
            measured_ms = gateway_ms - (device_ms - said_ms)
    else:
        measured_ms = _on_the_wall(said_ms, min(sent_ms, received_ms), zone, after_ms)
        if hours_ahead(measured_ms - sent_ms) and not hours_ahead(measured_ms - received_ms):
            # By the arrival it may be right: unless the gateway itself is hours behind, put back.
            if not hours_ahead(received_ms - sent_ms):
                measured_ms -= hours_ahead(measured_ms - sent_ms) * HOUR_MS
            flags = (CLOCK_AHEAD,)
    hours = hours_ahead(measured_ms - received_ms)
    if hours:
        measured_ms, flags = measured_ms - hours * HOUR_MS, (CLOCK_AHEAD,)
    window = window_at(received_ms)
    if not window.first_ms <= measured_ms <= window.last_ms:
        wrong = instant_fault(measured_ms, window, _shown(measured_ms, zone, payload.t))
        assert wrong is not None, "it is outside the window"
        return Misread(wrong, "$.t", "t once corrected")
    offset_min = zone.offset_min(measured_ms)
    return Measured(measured_ms, offset_min, flags, sent_ms, device_ms, gateway_ms)


def _on_the_wall(said_ms: int, known_ms: int, zone: Zone, after_ms: int | None) -> int:
    """What a clock on the wall means that shows `said_ms`, as was known at `known_ms`."""
    instants = zone.instants(said_ms)
    if len(instants) == 1:
        return instants[0]
    first, second = instants
    if not zone.comes_twice(said_ms):
        return second if first > known_ms + FUTURE_TOLERANCE_MS else first
    if after_ms is not None and first < after_ms <= second:
        return second
    has_just_been = second <= known_ms + FUTURE_TOLERANCE_MS and known_ms - second < HOUR_MS
    return second if has_just_been else first


def _pair_misread(clock: Clock) -> Misread | None:
    """What is wrong about a clock pair; half a pair corrects nothing, and is not looked at."""
    device, gateway = clock.device, clock.gateway
    if device is None or gateway is None:
        return None
    wrong = year_fault(device)
    if wrong is not None:
        return Misread(wrong, "$.clock.device", "clock.device")
    wrong = year_fault(gateway)
    if wrong is not None:
        return Misread(wrong, "$.clock.gateway", "clock.gateway")
    return _offset_misread(gateway, "clock.gateway")


def _offset_misread(at: datetime, name: str) -> Misread | None:
    offset = at.utcoffset()
    if offset is None or -_WIDEST <= offset <= _WIDEST:
        return None
    wrong = offset_fault(offset // _MINUTE, at)
    return None if wrong is None else Misread(wrong, f"$.{name}", name)


def _shown(measured_ms: int, zone: Zone, said: datetime) -> str:
    """An instant as the clock on the wall shows it, with its offset; what was said, where the
    calendar ends."""
    try:
        offset = timezone(timedelta(minutes=zone.offset_min(measured_ms)))
        return (_EPOCH_UTC + measured_ms * _MILLISECOND).astimezone(offset).isoformat()
    except (OverflowError, ValueError, OSError):
        return said.isoformat()


def utc_ms(moment: datetime) -> int:
    """Milliseconds of an instant."""
    return (moment - _EPOCH_UTC) // _MILLISECOND


def local_ms(moment: datetime) -> int:
    """Milliseconds of a local time, no zone."""
    return (moment - _EPOCH) // _MILLISECOND
