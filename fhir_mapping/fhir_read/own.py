"""Our own Observations: what our measurement identifier says that FHIR has no element for.

In: an Observation with an identifier of ours. Out: device, slot, boot and device time, letter by
letter, and the proof that what was read is what was rendered: the mark in the id
(`identity.observation_mark`) is that of the facts read. A rendering whose device or circumstances
were changed on the way is held for a person, since taking it would store the same measurement
twice; where only the spelling of its time or of its boot was, the store still finds it by its
instant.
"""

import re
from functools import lru_cache
from hashlib import blake2b

import msgspec

from devices.admission import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from devices.reading import Reading
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import Refusal
from fhir_mapping.fhir_read.shapes import Observation
from fhir_mapping.identity import id_bytes
from fhir_mapping.record import id_endings, records_of
from fhir_mapping.resources import resource_id

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_UUID_VERSION = 8


class Own(msgspec.Struct, frozen=True, gc=False):
    """What our identifier says, and where it stands."""

    device: str
    slot: int
    boot: str
    device_time: str
    path: str


def is_ours(observation: Observation) -> bool:
    """Whether it has an identifier of ours."""
    return any(one.system == codes.MEASUREMENT_IDENTITY for one in observation.identifier)


def own_identity(observation: Observation, key: str, circumstances: str, path: str) -> Own:
    """The parts of device/slot/boot/code/device time[/circumstances][/values of a twin, or /@ and
    the hash of a separate act].

    A boot may hold slashes: the code of the catalogue row and the form of the time tell where
    it ends, the last of several such places being the right one.
    """
    place, said = next(
        (place, one.value)
        for place, one in enumerate(observation.identifier)
        if one.system == codes.MEASUREMENT_IDENTITY
    )
    at = f"{path}.identifier[{place}].value"
    mark = "/" + _mark(circumstances) if circumstances else ""
    found = _form(key, bool(mark), _is_conflict(observation)).fullmatch(said)
    if found is None or found["mark"] != mark or not found["device"].isprintable():
        detail = f"{said[:200]!r} is not device/slot/boot/{key}/time{mark} as the content has it"
        raise Refusal("identity-mismatch", at, detail)
    device, slot, boot, device_time = found.group("device", "slot", "boot", "time")
    reference = observation.device.reference if observation.device else ""
    if reference.rpartition("/")[2] != resource_id(device):
        detail = f"device is {reference[:80]!r}, but the identifier begins with {device[:80]!r}"
        raise Refusal("identity-mismatch", f"{path}.device.reference", detail)
    return Own(device, int(slot), boot, device_time, at)


def check_own(reading: Reading, observation: Observation, path: str) -> None:
    """Refuse a reading whose facts do not give the Observation's id, if that is one of ours.

    Compared is the mark alone: an amended record keeps its id while a newer clock pair
    moves its time. The second of two that claim one identity has its values in it; where these
    are withheld nothing is left to compare. A server may have given it another id than ours.
    """
    given = id_bytes(observation.id)
    if given is None or given[6] >> 4 != _UUID_VERSION:
        return
    (record,) = records_of(reading)
    expected = id_endings(record)
    if _is_conflict(observation):
        if any(record.absent_reason(place) for place in range(len(record.values))):
            return
        expected |= id_endings(record, twin=True)
    if given[6:] not in expected:
        detail = "the id is not the one that device, slot, code and circumstances give"
        raise Refusal("identity-mismatch", f"{path}.id", detail)


@lru_cache(maxsize=64)
def _form(key: str, has_mark: bool, is_conflict: bool) -> re.Pattern[str]:
    mark = "/[0-9a-f]{8}" if has_mark else ""
    twin = r"(?:/(?:[0-9.\-]*|yes|no))*" if is_conflict else ""
    return re.compile(
        rf"(?P<device>[^/]{{1,{NAME_CHARACTERS_MAX}}})/(?P<slot>[1-9][0-9]?)/"
        rf"(?P<boot>.{{0,{TEXT_CHARACTERS_MAX}}})/{re.escape(key)}/(?P<time>{_TIME})"
        rf"(?P<mark>{mark})(?:/@[0-9a-f]{{20}}|{twin})",
        re.DOTALL,
    )


def _mark(circumstances: str) -> str:
    """The short hash that `observation` puts into the identifier."""
    return blake2b(circumstances.encode(), digest_size=4).hexdigest()


def _is_conflict(observation: Observation) -> bool:
    return any(one.url == codes.CONFLICT and one.value_boolean for one in observation.extension)
