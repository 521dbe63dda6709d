"""Stage 1 for what arrives as FHIR: an Observation (or a QuestionnaireResponse), a Bundle or
Parameters become readings.

In: a `Delivery` over HTTP (topic `http/fhir`), or over MQTT (kind `fhir`). Out: for every
Observation in it a `Read` or a `Rejection`, in ingest's own words. Its checks are those of
`validate`, made by `fhir_mapping.fhir_read`. Pure: no clock, no storage, no broker.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from devices.reading import Reading
from devices.wire import Topic, part_of
from devices.zone import DENMARK, Zone
from fhir_mapping.fhir_read import (
    COMPONENTS_MAX,
    ENTRIES_MAX,
    Found,
    Note,
    Refused,
    Source,
    read_fhir,
)
from fhir_mapping.record import Intent
from fhir_mapping.resources import resource_id
from fhir_mapping.stand_in import UNNAMED, is_stand_in
from ingest.rejection import Reason, Rejection

HTTP_TOPIC: Final = "http/fhir"
"""Where FHIR over HTTP says it came from; no MQTT topic of ours looks so."""
HTTP_GATEWAY: Final = "fhir"
OWN_BASES: Final = tuple(f"http://{host}:8700/fhir" for host in ("127.0.0.1", "localhost"))
"""Our FHIR interface as it is shipped; who asks it by another address says so himself."""
_ENTRY = re.compile(r"(?:Parameters\.parameter\[(\d+)\]\.resource|Bundle)(?:\.entry\[(\d+)\])?")

_PART = re.compile(r"\.(?:component|item)\[(\d+)\]")

Names = Callable[[str], str]
"""From what FHIR says to what we call it: of a Device, the name that it has on the wire; of a CPR
number (`system|value`), who stands for a device that is not named. What is not known stays."""


class Read(msgspec.Struct, frozen=True, gc=False):
    """One Observation of a delivery, taken; `index` as in `Rejection`."""

    reading: Reading
    index: int
    subject: str
    path: str
    refused: list[Rejection] = []
    intent: Intent = "reading"


def same_name(name: str) -> str:
    """A name that is the device's own."""
    return name


def decode_fhir(
    payload: bytes,
    received_ms: int,
    topic: Topic | None,
    names: Names = same_name,
    bases: tuple[str, ...] = (),
    zone: Zone = DENMARK,
) -> tuple[list[Read | Rejection], list[Note]]:
    """Every Observation of a payload, in its order, and notes on the rest; never raises.

    With a topic, its gateway and device are the ones that hold; who names others is held. `bases`
    are the addresses of our own FHIR interface; `zone` is where a device's clock hangs.
    """
    source = Source(gateway=HTTP_GATEWAY, bases=bases, zone=zone)
    if topic is not None:
        source = Source(topic.tenant, topic.gateway, bases=bases, zone=zone)
    answer = read_fhir(payload, received_ms, source)
    items: list[Read | Rejection] = []
    for entry in answer.entries:
        index = place_of(entry.path)
        if isinstance(entry, Refused):
            items.append(Rejection(Reason(entry.reason), entry.path, entry.detail, index))
        elif topic is None:
            items.append(_named(entry, names, index))
        else:
            items.append(_of_topic(entry, topic, index))
    if not items:
        items.append(Rejection(Reason.READING_EMPTY, "$", "the payload holds no measurement"))
    return items, answer.notes


def place_of(path: str) -> int:
    """The place of an Observation in its payload, by its path; -1 for the payload as a whole.

    >>> place_of("Bundle.entry[3].resource.code"), place_of("Observation.code")
    (3, -1)
    >>> place_of("Parameters.parameter[1].resource.entry[2].resource")
    20002
    """
    found = _ENTRY.match(path)
    if found is None or (found[2] is None and found[1] is None):
        return -1
    return int(found[1] or 0) * ENTRIES_MAX + int(found[2] or 0)


def _named(entry: Found, names: Names, index: int) -> Read | Rejection:
    """What came over HTTP, its device and gateway called as we call them."""
    reading = entry.reading
    gateway = names(reading.gateway)
    device = names(entry.subject or "") if reading.device == UNNAMED else names(reading.device)
    if reading.device == UNNAMED and device == entry.subject:
        detail = "no device is named, and the subject's number is that of nobody who is enrolled"
        path = f"{entry.path}.subject"
        return Rejection(Reason.IDENTITY_MISMATCH, path, detail, index, reading.message_id)
    reading = msgspec.structs.replace(
        reading, device=device, gateway=gateway, part=part_of(gateway)
    )
    return _read(entry, reading, index)


def part_in(path: str) -> int:
    """The place of a part within its resource: of a component or answer, or beyond them its value.

    >>> part_in("Bundle.entry[3].resource.component[1].valueQuantity")
    1
    """
    found = _PART.search(path)
    return int(found[1]) if found else COMPONENTS_MAX


def _of_topic(entry: Found, topic: Topic, index: int) -> Read | Rejection:
    reading = entry.reading
    for field, said, true in (
        ("device", reading.device, topic.device),
        ("gateway", reading.gateway, topic.gateway),
    ):
        if resource_id(said) != resource_id(true) and not is_stand_in(said):
            detail = f"{field} is {said!r} in the payload but {true!r} in the topic"
            path = f"{entry.path}.{field}"
            return Rejection(Reason.IDENTITY_MISMATCH, path, detail, index, reading.message_id)
    reading = msgspec.structs.replace(
        reading, device=topic.device, gateway=topic.gateway, part=topic.part
    )
    return _read(entry, reading, index)


def _read(entry: Found, reading: Reading, index: int) -> Read:
    refused = [
        Rejection(
            Reason(one.reason),
            one.path,
            one.detail,
            index,
            reading.message_id,
            0,
            part_in(one.path),
        )
        for one in entry.refused
    ]
    return Read(reading, index, entry.subject or "", entry.path, refused, entry.intent)
