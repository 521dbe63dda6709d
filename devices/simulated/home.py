"""One home: its patient, instruments, tablet, clocks and gateway, day by day.

In: a seed and an index; then one day after the other. Out: the `Delivery` list of that day.
Called by `world`. A home draws a fixed number of random numbers per day, so that one rate or one
home changes nothing about another; the tablet has a stream of its own.

Times inside are UTC milliseconds (`_ms`) or seconds (`_s`); datetimes only where they are sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from math import log
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from devices.simulated.course import Episode
from devices.simulated.faults import DeviceClock, FaultRates, spoil
from devices.simulated.instruments import (
    Instrument,
    Make,
    Tablet,
    answer_texts,
    answers,
    items,
    tablet_for,
    texts,
)
from devices.simulated.ledger import ReadingLine
from devices.simulated.patient import Condition, Patient
from devices.symptoms import SYMPTOMS, questionnaire_of
from devices.wire import (
    KIND_RESPONSE,
    WIRE_VERSION,
    AnswerItem,
    Clock,
    Item,
    Payload,
    ResponsePayload,
    StatusFlag,
    Topic,
    topic_for,
)

ZONE = ZoneInfo("Europe/Copenhagen")

_DAY_DRAWS = 4
_DEVICE_DRAWS = 12
_HOUR_MS = 3_600_000
_UPLOAD_MEAN_MS = 300_000
_EPOCH = datetime(1970, 1, 1)
_encode = msgspec.json.encode


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One MQTT message of the simulated world.

    `ids` are the message ids in it that the platform can read and will receipt. `readings` are
    the distinct readings it holds; `again` says that an earlier delivery held them already.
    `fault` names what was done to it, empty when nothing was.
    """

    send_ms: int
    topic: Topic
    payload: bytes
    readings: tuple[ReadingLine, ...]
    ids: tuple[str, ...]
    fault: str = ""
    again: bool = False
    garbage: bool = False

    @property
    def send_at(self) -> datetime:
        """When it is sent, in virtual time (UTC)."""
        return datetime.fromtimestamp(self.send_ms / 1000, UTC)


@dataclass(frozen=True)
class Calendar:
    """The days of a world: naive local midnights and the local offset in force, both in s."""

    start: date
    days: int
    midnight_s: tuple[int, ...]
    zone_s: tuple[int, ...]
    start_ms: int
    end_ms: int

    @classmethod
    def of(cls, start: date, days: int) -> "Calendar":
        """Offsets are those of noon: clocks change at 02:00, and nobody here measures before 5."""
        midnights, zones = [], []
        for number in range(days):
            noon = datetime.combine(start + timedelta(days=number), datetime.min.time(), ZONE)
            offset = noon.replace(hour=12).utcoffset() or timedelta()
            midnights.append(int((noon.replace(tzinfo=None) - _EPOCH).total_seconds()))
            zones.append(int(offset.total_seconds()))
        first = datetime.combine(start, datetime.min.time(), ZONE)
        start_ms = int(first.timestamp()) * 1000
        return cls(
            start, days, tuple(midnights), tuple(zones), start_ms, start_ms + days * 24 * _HOUR_MS
        )


@dataclass(frozen=True, slots=True)
class Device:
    """One device in a home. `values` holds what it would show, shape (aliases, days), or be told,
    shape (questions, days); `assigned_from_day` is 0, a later day, or None when the assignment was
    forgotten.

    It stands there from `since_day` until before `until_day` (None: to the end). `questionable`
    says, where given, on which days it flags its own reading, shape (days,).
    """

    id: str
    serial: str
    instrument: Make
    clock: DeviceClock
    values: NDArray[np.float32] | NDArray[np.bool_]
    topic: Topic
    assigned_from_day: int | None
    since_day: int = 0
    until_day: int | None = None
    questionable: NDArray[np.bool_] | None = None

    def here(self, day: int) -> bool:
        """Whether it stands in this home on that day."""
        return self.since_day <= day and (self.until_day is None or day < self.until_day)


class _Taken(msgspec.Struct, frozen=True, gc=False):
    """One reading on its way: `taken_s` (UTC, s), local offset, and the items or answers."""

    device: Device
    taken_s: int
    zone_s: int
    items: list[Item]
    answers: list[AnswerItem]
    line: ReadingLine
    status: list[StatusFlag]


@dataclass(slots=True)
class Home:
    """One home that remembers its gateway's counter and what waits in it while offline.

    By day: `hours` at which something would be measured, `planned` by the plan, and whether the
    patient is `willing` when it is planned or asked for.
    """

    seed: int
    gateway: str
    patient: Patient
    episodes: tuple[Episode, ...]
    devices: tuple[Device, ...]
    calendar: Calendar
    rates: FaultRates
    weekdays: str
    hours: list[float]
    planned: list[bool]
    willing: list[bool]
    rng: np.random.Generator
    tablet: Device | None
    tablet_rng: np.random.Generator
    dropped_day: int | None = None
    number: int = 0
    offline_until_ms: int = 0
    waiting: dict[str, list[_Taken]] = field(default_factory=dict)

    @property
    def every_device(self) -> tuple[Device, ...]:
        """The instruments and, last, the tablet."""
        return self.devices if self.tablet is None else (*self.devices, self.tablet)

    def day(self, day: int, asked: bool = False) -> Iterator[Delivery]:
        """Everything that this day's measuring causes, in the order the gateway thought of it.

        Days must be asked for in order, each once. `asked`: the platform wants a measurement on
        this day, too. All that is drawn is drawn whether or not anything is measured.
        """
        width = len(self.devices) * _DEVICE_DRAWS
        draws: list[float] = self.rng.random(_DAY_DRAWS + width).tolist()
        draws += self.tablet_rng.random(_DEVICE_DRAWS).tolist()
        calendar = self.calendar
        zone_s = calendar.zone_s[day]
        morning_s = calendar.midnight_s[day] - zone_s + int(self.hours[day] * 3600)
        if draws[0] < self.rates.offline_burst:
            until = morning_s * 1000 + int((6 + 66 * draws[1]) * _HOUR_MS)
            self.offline_until_ms = max(self.offline_until_ms, until)
        if (self.planned[day] or asked) and self.willing[day]:
            for place, device in enumerate(self.every_device):
                if not device.here(day):
                    continue
                first = _DAY_DRAWS + place * _DEVICE_DRAWS
                taken_s = morning_s + device.instrument.minute * 60 + int(90 * draws[first])
                taken = self._take(device, day, taken_s, zone_s)
                if taken_s * 1000 < self.offline_until_ms:
                    self.waiting.setdefault(device.id, []).append(taken)
                else:
                    yield from self._forward(taken, draws[first + 1 : first + _DEVICE_DRAWS])
        day_end_ms = calendar.start_ms + (day + 1) * 24 * _HOUR_MS
        if self.waiting and (self.offline_until_ms < day_end_ms or day + 1 == calendar.days):
            yield from self._burst(draws[2:4])

    def _take(self, device: Device, day: int, taken_s: int, zone_s: int) -> _Taken:
        make, values = device.instrument, device.values[:, day].tolist()
        made: list[Item] = []
        given: list[AnswerItem] = []
        if isinstance(make, Tablet):
            given = answers(make.asked, values)
            told = answer_texts(make.asked, given)
        else:
            assert isinstance(make, Instrument)
            made = items(make, values, self.patient.person.oxygen_l_min)
            told = texts(make, made)
        shown = _EPOCH + timedelta(seconds=device.clock.shows(taken_s, zone_s))
        line = ReadingLine(
            device.id,
            1,
            device.clock.boot(taken_s),
            shown.isoformat(),
            told,
        )
        doubted = device.questionable is not None and bool(device.questionable[day])
        status: list[StatusFlag] = ["questionable"] if doubted else []
        return _Taken(device, taken_s, zone_s, made, given, line, status)

    def _forward(self, taken: _Taken, draws: list[float]) -> Iterator[Delivery]:
        """One reading as one message, with the faults that befall it."""
        rates = self.rates
        delay_ms = 8_000 + int(-_UPLOAD_MEAN_MS * log(1 - draws[0]))
        fault = ""
        if draws[1] < rates.out_of_order:
            delay_ms, fault = int((27 + 13 * draws[2]) * _HOUR_MS), "out-of-order"
        elif draws[1] < rates.out_of_order + rates.late:
            delay_ms, fault = int((2 + 18 * draws[2]) * _HOUR_MS), "late"
        send_ms = self._within(taken.taken_s * 1000 + delay_ms)
        topic = taken.device.topic
        payload = self._payload(taken, send_ms, draws[3])
        body = _encode(payload)
        lines = (taken.line,)
        yield Delivery(send_ms, topic, body, lines, (payload.id,), fault)
        if draws[4] < rates.resend_same:
            again_ms = self._within(send_ms + 5_000 + int(6 * _HOUR_MS * draws[5]))
            yield Delivery(again_ms, topic, body, lines, (payload.id,), "resend-same", again=True)
        if draws[6] < rates.resend_rebuilt:
            again_ms = self._within(send_ms + int((1 + 25 * draws[7]) * _HOUR_MS))
            rebuilt = self._payload(taken, again_ms, draws[8])
            yield Delivery(
                again_ms,
                topic,
                _encode(rebuilt),
                lines,
                (rebuilt.id,),
                "resend-rebuilt",
                again=True,
            )
        if draws[9] < rates.garbage:
            garbage_ms = self._within(send_ms + 1_000 + int(30_000 * draws[5]))
            good = self._payload(taken, garbage_ms, draws[8])
            yield _garbage(good, topic, garbage_ms, draws[10])

    def _burst(self, draws: list[float]) -> Iterator[Delivery]:
        """What was stored while offline: one array per device, oldest first."""
        send_ms = self._within(self.offline_until_ms)
        for place, stored in enumerate(self.waiting.values()):
            at_ms = self._within(send_ms + 700 * place)
            payloads = [self._payload(taken, at_ms, 0.5) for taken in stored]
            topic = stored[0].device.topic
            lines = tuple(taken.line for taken in stored)
            ids = tuple(payload.id for payload in payloads)
            body = _encode(payloads)
            yield Delivery(at_ms, topic, body, lines, ids, "offline-burst")
            if draws[0] < self.rates.resend_same:
                again_ms = self._within(at_ms + 5_000 + int(6 * _HOUR_MS * draws[1]))
                yield Delivery(again_ms, topic, body, lines, ids, "resend-same", again=True)
        self.waiting = {}

    def _payload(
        self, taken: _Taken, send_ms: int, part_of_second: float
    ) -> Payload | ResponsePayload:
        """A new message about this reading, with its own id, number and clock pair.

        The pair is read when the message is made. A device tells whole seconds and the gateway
        milliseconds, so the pairs of two messages about one reading differ by part of a second.
        """
        device, clock = taken.device, taken.device.clock
        self.number += 1
        read_s = max(taken.taken_s, send_ms // 1000 - 2)
        shown_s = clock.shows(taken.taken_s, taken.zone_s)
        make = device.instrument
        envelope: dict[str, Any] = {
            "v": WIRE_VERSION,
            "id": _message_id(self.seed, self.gateway, self.number),
            "seq": self.number,
            "type": make.type,
            "t": _EPOCH + timedelta(seconds=shown_s),
            "sent": datetime.fromtimestamp(send_ms / 1000, ZONE),
            "boot": taken.line.boot,
            "model": f"{make.manufacturer} {make.model}",
            "fw": make.firmware,
            "clock": Clock(
                sync=clock.sync(taken.taken_s),
                device=_EPOCH + timedelta(seconds=shown_s + read_s - taken.taken_s),
                gateway=datetime.fromtimestamp(read_s + int(900 * part_of_second) / 1000, ZONE),
            ),
        }
        if isinstance(make, Tablet):
            asked = make.asked
            return ResponsePayload(q=asked.id, qv=asked.version, a=taken.answers, **envelope)
        return Payload(r=taken.items, st=taken.status, **envelope)

    def _within(self, send_ms: int) -> int:
        """Nothing is sent after the world's end: what would be is sent just before."""
        return min(send_ms, self.calendar.end_ms - 1)


def device_names(make: Make, number: int) -> tuple[str, str]:
    """Id (EUI-64) and serial number of the device with this number among those of its kind."""
    serial = f"{make.name[:2].upper()}{(number * 7919 + 104729) % 10_000_019:08d}"
    return f"02484d{int(make.type) % 256:02x}{number + 1:08x}", serial


def tablet_of(
    tenant: str, gateway: str, index: int, condition: Condition, worse: NDArray[np.bool_]
) -> Device:
    """The tablet of a home: its clock is the network's, and it is always assigned.

    `worse` says on which day which symptom is worse than usual, shape (symptoms, days), symptoms
    in the order of `devices.symptoms`.
    """
    make = tablet_for(questionnaire_of(condition))
    device_id, serial = device_names(make, index)
    place = {row.alias: place for place, row in enumerate(SYMPTOMS)}
    return Device(
        id=device_id,
        serial=serial,
        instrument=make,
        clock=DeviceClock(),
        values=worse[[place[symptom] for symptom in make.asked.components]],
        topic=topic_for(tenant, gateway, device_id, KIND_RESPONSE),
        assigned_from_day=0,
    )


def _garbage(
    good: Payload | ResponsePayload, topic: Topic, send_ms: int, choice: float
) -> Delivery:
    spoilt_topic, body, fault = spoil(good, topic, choice)
    ids = (good.id,) if spoilt_topic == topic and _readable(body, type(good)) else ()
    return Delivery(send_ms, spoilt_topic, body, (), ids, fault, garbage=True)


def _readable(body: bytes, kind: type[Payload | ResponsePayload]) -> bool:
    """Whether the message id can be relied on to come back in a receipt."""
    try:
        msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _message_id(seed: int, gateway: str, number: int) -> str:
    """A UUID (version 8) from what makes the message unique; never random, never repeated."""
    text = blake2b(f"{seed}/{gateway}/{number}".encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-9{text[17:20]}-{text[20:]}"
