"""What goes wrong between a body and the broker: rates, device clocks, and payloads that are wrong.

In: rates, a good `wire.Payload`. Out: what the device's clock shows, and malformed bytes with the
name of what is wrong with them (the names are those of ingest's rejection reasons). Called by
`home`. Faults never change a measured value: the same seed measures the same under any rates.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import msgspec

from devices.wire import PARTS, Item, Payload, ResponsePayload, Topic

RESET_EPOCH_S = 946_684_800
"""2000-01-01T00:00:00, where a device without a clock begins to count."""

_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often each fault happens, 0 to 1.

    Per message: `resend_same`, `resend_rebuilt`, `late` (2 to 20 hours), `out_of_order` (overtaken
    by the next day's), `garbage` (a malformed message beside the good one). Per home and day:
    `offline_burst`. Per device: `wrong_clock`, `clock_reset` (once in the world), `unassigned`.
    Per reading: `artefact` (cold finger, wrong arm; others in proportion).

    Duplicates 1 % and late 2 %: clinical.md 3.4. Artefacts there are 1 %; the default is a fifth
    of it, for citizens who have learnt to measure. The others are our choice.
    """

    resend_same: float = 0.01
    resend_rebuilt: float = 0.005
    offline_burst: float = 0.004
    late: float = 0.02
    out_of_order: float = 0.005
    wrong_clock: float = 0.03
    clock_reset: float = 0.02
    garbage: float = 0.005
    unassigned: float = 0.01
    artefact: float = 0.002

    def __post_init__(self) -> None:
        """Raises ValueError for a rate outside 0 to 1."""
        for row in fields(self):
            if not 0.0 <= getattr(self, row.name) <= 1.0:
                raise ValueError(f"{row.name} is a rate from 0 to 1, not {getattr(self, row.name)}")

    @classmethod
    def none(cls) -> "FaultRates":
        """Nothing ever goes wrong.

        >>> FaultRates.none().late
        0.0
        """
        return cls(**{row.name: 0.0 for row in fields(cls)})


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """One device's clock: `offset_s` ahead of local time until `reset_at` (UTC, s), if any.

    At a reset (battery change) it starts at 2000-01-01T00:00:00 under a new boot id.
    """

    offset_s: int = 0
    wrong: bool = False
    reset_at: int | None = None

    def shows(self, instant_s: int, zone_s: int) -> int:
        """What it shows at this instant (UTC, s): naive seconds since 1970-01-01.

        `zone_s` is the local offset when the reading was taken. The device does not know of
        daylight saving, so the same offset holds until the reading has been fetched.

        >>> DeviceClock(offset_s=60).shows(1_000, 3_600)
        4660
        """
        if self.reset_at is not None and instant_s >= self.reset_at:
            return RESET_EPOCH_S + instant_s - self.reset_at
        return instant_s + zone_s + self.offset_s

    def boot(self, instant_s: int) -> str:
        """The boot id in force: it changes when the clock is lost."""
        return "b2" if self.reset_at is not None and instant_s >= self.reset_at else "b1"

    def sync(self, instant_s: int) -> str:
        """What the gateway says about it: `ntp` when it keeps the clock right, else `none`."""
        lost = self.reset_at is not None and instant_s >= self.reset_at
        return "none" if self.wrong or lost else "ntp"


_WRONG_BY_S = ((120, 3_300), (3_600, 43_200), (86_400, 2_592_000))
"""Minutes, hours, days: each a third of the wrong clocks."""


def draw_clock(uniform: list[float], rates: FaultRates, start_s: int, days: int) -> DeviceClock:
    """One device's clock from six uniform numbers; a good one is within three seconds."""
    reset_at = None
    if uniform[0] < rates.clock_reset:
        reset_at = start_s + int((0.2 + 0.6 * uniform[1]) * days) * 86_400 + 2 * 3_600
    if uniform[2] < rates.wrong_clock:
        low, high = _WRONG_BY_S[int(3 * uniform[3])]
        size = int(low + (high - low) * uniform[4])
        return DeviceClock(size if uniform[5] < 0.5 else -size, wrong=True, reset_at=reset_at)
    return DeviceClock(int(7 * uniform[3]) - 3, reset_at=reset_at)


@dataclass(frozen=True, slots=True)
class _Spoilt:
    """One way of being wrong: what becomes of a good payload."""

    fault: str
    spoil: Callable[[Payload], bytes]
    only_type: str | None = None


def _first(payload: Payload, **changes: object) -> Payload:
    """The payload with its first value alone, and that one changed: nothing in it may pass."""
    item: Item = msgspec.structs.replace(payload.r[0], **changes)
    return msgspec.structs.replace(payload, r=[item])


def _raw(payload: Payload, **changes: object) -> bytes:
    """The payload as JSON with fields replaced by anything, or dropped (None)."""
    plain = msgspec.to_builtins(payload)
    plain |= changes
    return _encode({name: value for name, value in plain.items() if value is not None})


def _number_for_text(payload: Payload) -> bytes:
    item = payload.r[0]
    return _raw(payload, r=[{"c": item.c, "val": float(item.val or "0"), "u": item.u}])


def _not_utf8(payload: Payload) -> bytes:
    return _encode(payload).replace(b'"model":"', b'"model":"\xe6\xf8\xe5 ', 1)


def _systolic_only(payload: Payload) -> bytes:
    return _encode(msgspec.structs.replace(payload, r=payload.r[:1]))


def _far_too_high(payload: Payload) -> bytes:
    return _encode(_first(payload, val="9999.9"))


def _with_comma(payload: Payload) -> bytes:
    return _encode(_first(payload, val=f"{payload.r[0].val},5"))


def _another_device(payload: Payload) -> bytes:
    return _encode(msgspec.structs.replace(_first(payload), device="ffffffffffffffff"))


_SORTS = (
    _Spoilt("json-malformed", lambda good: _encode(good)[: len(_encode(good)) * 2 // 3]),
    _Spoilt("field-type", _number_for_text),
    _Spoilt("field-missing", lambda good: _raw(good, t=None)),
    _Spoilt("unit-unknown", lambda good: _encode(_first(good, u="furlong"))),
    _Spoilt("unit-mismatch", lambda good: _encode(_first(good, u="kg", c="150456")), "528388"),
    _Spoilt("code-unknown", lambda good: _encode(_first(good, c="999999"))),
    _Spoilt("code-not-of-device", lambda good: _encode(_first(good, c="spo2")), "528399"),
    _Spoilt(
        "device-type-unknown",
        lambda good: _encode(msgspec.structs.replace(_first(good), type="528999")),
    ),
    _Spoilt("value-out-of-range", _far_too_high),
    _Spoilt("value-malformed", _with_comma),
    _Spoilt("value-missing", lambda good: _encode(_first(good, val=None))),
    _Spoilt("component-missing", _systolic_only, "528391"),
    _Spoilt("reading-empty", lambda good: _encode(msgspec.structs.replace(good, r=[]))),
    _Spoilt(
        "version-unsupported", lambda good: _encode(msgspec.structs.replace(_first(good), v=9))
    ),
    _Spoilt("time-malformed", lambda good: _raw(good, t="18/02/2026 07.29")),
    _Spoilt("identity-mismatch", _another_device),
    _Spoilt("payload-empty", lambda _: b""),
    _Spoilt("payload-not-utf8", _not_utf8),
    _Spoilt("topic-part-mismatch", lambda good: _encode(_first(good))),
)

_ANSWER_SORTS: tuple[tuple[str, Callable[[ResponsePayload], bytes]], ...] = (
    ("json-malformed", lambda good: _encode(good)[: len(_encode(good)) * 2 // 3]),
    ("code-unknown", lambda good: _encode(msgspec.structs.replace(good, q="mood"))),
    ("code-repeated", lambda good: _encode(msgspec.structs.replace(good, a=[*good.a, good.a[0]]))),
    ("reading-empty", lambda good: _encode(msgspec.structs.replace(good, a=[]))),
    ("field-value", lambda good: _encode(good).replace(b'"val":"', b'"val":"?')),
)
"""The same for answers."""


GARBAGE = tuple(row.fault for row in _SORTS)
"""Every sort of garbage by its fault name."""


def spoil(good: Payload | ResponsePayload, topic: Topic, choice: float) -> tuple[Topic, bytes, str]:
    """Garbage made of a good message: topic, payload, fault. `choice` from 0 to 1 selects it.

    Nothing in it may be stored as a value, so a ledger of good readings stays complete.
    """
    if isinstance(good, ResponsePayload):
        fault, made = _ANSWER_SORTS[int(choice * len(_ANSWER_SORTS))]
        return topic, made(good), fault
    fitting = [row for row in _SORTS if row.only_type in (None, good.type)]
    row = fitting[int(choice * len(fitting))]
    if row.fault == "topic-part-mismatch":
        topic = msgspec.structs.replace(topic, part=(topic.part + 1) % PARTS)
    return topic, row.spoil(good), row.fault
