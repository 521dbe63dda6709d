"""What travels over MQTT between a home and the platform.

In and out: topic strings and JSON payloads (`hm/v1/{tenant}/{part}/{gateway}/{device}/{kind}`).
The simulator writes them, ingest reads them; both use these types, so they cannot drift apart.
Values are decimal strings and stay so: 36.50 is not 36.5.
"""

from binascii import crc32
from datetime import date, datetime
from hashlib import blake2b
from typing import Annotated, Final, Literal

import msgspec

from devices.questionnaire import Answer

TOPIC_ROOT = "hm/v1"
PARTS = 64
WIRE_VERSION = 1
LEVEL_CHARACTERS_MAX = 64

KIND_READING = "obs"
KIND_RESPONSE = "qr"
KIND_FHIR = "fhir"
KIND_STATUS = "status"
KIND_RECEIPT = "ack"
KIND_COMMAND = "cmd"
TABLET_TYPE = "531981"
"""IEEE 11073 MDC_MOC_VMS_MDS_AHD: the gateway, or the tablet that is one."""

TransferredBy = Literal["automatic", "typed", "typedbyhcprof"]
Location = Literal["home", "institution"]
StatusFlag = Literal[
    "invalid",
    "questionable",
    "not-available",
    "calibration-ongoing",
    "test-data",
    "demo-data",
    "validated-data",
    "early-estimate",
    "clock-ahead",
]
CLOCK_AHEAD: Final = "clock-ahead"
"""Not of a device's status: its clock was one or two whole hours ahead, and was put back."""
Result = Literal["accepted", "duplicate", "rejected", "quarantined"]

LocalTime = Annotated[datetime, msgspec.Meta(tz=False)]
ZonedTime = Annotated[datetime, msgspec.Meta(tz=True)]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
LongText = Annotated[str, msgspec.Meta(max_length=128)]
Counter = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Item(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One value of a reading: code (MDC or alias), decimal text, UCUM unit, circumstances."""

    c: ShortText
    val: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    u: Annotated[str, msgspec.Meta(max_length=32)] = ""
    sup: dict[ShortText, LongText] | None = None
    st: list[StatusFlag] = msgspec.field(default_factory=list)


class Clock(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The device's and the gateway's clock, read at the same moment."""

    sync: ShortText
    device: LocalTime | None = None
    gateway: ZonedTime | None = None


class Payload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One act of measuring, as a gateway sends it (kind `obs`)."""

    v: Counter
    id: ShortText
    seq: Counter
    type: ShortText
    t: LocalTime
    sent: ZonedTime
    r: list[Item]
    boot: LongText = ""
    model: LongText = ""
    fw: LongText = ""
    clock: Clock | None = None
    by: TransferredBy = "automatic"
    loc: Location = "home"
    slot: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1
    st: list[StatusFlag] = msgspec.field(default_factory=list)
    device: ShortText | None = None
    gateway: ShortText | None = None


class AnswerItem(msgspec.Struct, frozen=True, gc=False):
    """One answer: `c` is the symptom's alias."""

    c: ShortText
    val: Answer


class ResponsePayload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One questionnaire as it was answered, as a tablet sends it (kind `qr`).

    `invalid` in `st`, and no answer, takes back what was answered at `t`.

    `q` and `qv` are the questionnaire's id and version, `t` is the tablet's own time when the last
    answer was given. The envelope is that of `Payload`.
    """

    v: Counter
    id: ShortText
    seq: Counter
    t: LocalTime
    sent: ZonedTime
    q: ShortText
    qv: ShortText
    a: list[AnswerItem]
    type: ShortText = TABLET_TYPE
    boot: LongText = ""
    model: LongText = ""
    fw: LongText = ""
    clock: Clock | None = None
    by: TransferredBy = "typed"
    loc: Location = "home"
    slot: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1
    st: list[Literal["invalid", "test-data", "demo-data"]] = msgspec.field(default_factory=list)
    device: ShortText | None = None
    gateway: ShortText | None = None


class RefusedValue(msgspec.Struct, frozen=True, gc=False):
    """One value of a reading that was refused, while the others were taken: where, and why."""

    reason: str
    path: str


class Receipt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the platform answers, after the durable commit (kind `ack`).

    `refused` lists what of a reading that was taken could not be; these values are kept as well.
    """

    id: str
    seq: int
    result: Result
    reason: str = ""
    path: str = ""
    refused: tuple[RefusedValue, ...] = ()


class Command(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename={"since": "from"}):
    """What the platform asks of a home (kind `cmd`): measure on every day of a span.

    `since` (`from` on the wire) and `until` are calendar days of the home, both included. Said
    again it has the same `id`, whatever `sent` says, and asks for nothing more. `slot` is the user
    of a device that two people share.
    """

    v: Counter
    id: ShortText
    cmd: Literal["measure-daily"]
    since: date
    until: date
    sent: ZonedTime
    slot: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1


class Topic(msgspec.Struct, frozen=True, gc=False):
    """Where a delivery came from, by the broker's word."""

    tenant: str
    part: int
    gateway: str
    device: str
    kind: str

    def text(self) -> str:
        """The topic as published."""
        return (
            f"{TOPIC_ROOT}/{self.tenant}/{self.part:02d}/{self.gateway}/{self.device}/{self.kind}"
        )

    def answer(self) -> str:
        """Where this device's receipts go.

        >>> Topic("syddanmark", 7, "gw1", "dev1", "obs").answer()
        'hm/v1/syddanmark/07/gw1/dev1/ack'
        """
        return Topic(self.tenant, self.part, self.gateway, self.device, KIND_RECEIPT).text()


def measure_daily(topic: Topic, slot: int, since: date, until: date, sent: datetime) -> Command:
    """The command to measure daily; the same home, person and first day make the same id.

    >>> home, days = topic_for("t", "gw1", "dev1"), (date(2026, 3, 11), date(2026, 3, 14))
    >>> measure_daily(home, 1, *days, datetime.fromisoformat("2026-03-10T08:00+01:00")).id
    '21e625fb85aac9039324b6adfc8c00ed'
    """
    facts = (topic.tenant, topic.gateway, topic.device, str(slot), since.isoformat())
    name = blake2b("\0".join(facts).encode(), digest_size=16).hexdigest()
    return Command(WIRE_VERSION, name, "measure-daily", since, until, sent, slot)


def part_of(gateway: str) -> int:
    """The part a gateway belongs to: the unit of order, of state and of scale-out.

    >>> part_of("gw-0001") == crc32(b"gw-0001") % 64
    True
    """
    return crc32(gateway.encode()) % PARTS


def topic_for(tenant: str, gateway: str, device: str, kind: str = KIND_READING) -> Topic:
    """The topic a device of this gateway publishes to."""
    return Topic(tenant, part_of(gateway), gateway, device, kind)


def parse_topic(text: str) -> Topic | None:
    """The topic's parts, or None when it is not of our form.

    Names of gateways and devices are short and printable: they stand in identities, whose facts
    a control character separates.

    >>> parse_topic("hm/v1/syddanmark/07/gw1/dev1/obs").part
    7
    >>> parse_topic("hm/v1/syddanmark/7x/gw1/dev1/obs") is None
    True
    """
    levels = text.split("/")
    if len(levels) != 7 or levels[0] != "hm" or levels[1] != "v1" or not text.isprintable():
        return None
    if not all(0 < len(level) <= LEVEL_CHARACTERS_MAX for level in levels):
        return None
    _, _, tenant, part, gateway, device, kind = levels
    if len(part) != 2 or not part.isascii() or not part.isdigit() or int(part) >= PARTS:
        return None
    return Topic(tenant, int(part), gateway, device, kind)
