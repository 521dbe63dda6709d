"""Who a record is: identity from content, never from arrival and never from value.

In: the facts that make one measurement itself (device, slot, boot, device time, code,
circumstances). Out: a 16-byte identity for the unique index, by which a resend is recognised, and
the Observation's id, which follows from the corrected instant and not from the device's spelling
of it, so that one measurement has one id whatever door it comes by. The same reading gives the
same bytes in every process, on every day.
"""

from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from fhir_mapping.annotations import identifying

_SEPARATOR = "\x1f"


def fingerprint(
    device: str, slot: int, boot: str, device_time: str, code: str, circumstances: str, apart: str
) -> bytes:
    """Ten bytes of hash over the identifying facts (80 bits); annotations are none of them.

    `apart` is empty, but for a record that shares all of them with another: the instant of a
    separate act (a clock that restarts repeats its time), or the second of two different values
    on an unsynchronised clock; both are kept, and this tells them apart.
    """
    said = identifying(circumstances)
    facts = (device, str(slot), boot, device_time, code, said, apart)
    return blake2b(_SEPARATOR.join(facts).encode(), digest_size=10, person=b"hm-record").digest()


def identity_of(device_time_ms: int, mark: bytes) -> bytes:
    """The unique key: the device's own time first, so that the index grows at its end.

    It uses the uncorrected time, which a resend repeats, not the corrected one, which a new
    clock pair may move by milliseconds.

    >>> identity_of(1, bytes(10)).hex()
    '00000000000100000000000000000000'
    """
    return (device_time_ms & 0xFFFF_FFFF_FFFF).to_bytes(6, "big") + mark


@lru_cache(maxsize=65_536)
def observation_mark(device: str, slot: int, code: str, circumstances: str, apart: str) -> bytes:
    """Ten bytes of hash over what was measured and by what, but not over how its time is spelled.

    `apart` as in `fingerprint`. Remembered, since a device repeats it with every measurement.
    """
    facts = (device, str(slot), code, identifying(circumstances), apart)
    return blake2b(
        _SEPARATOR.join(facts).encode(), digest_size=10, person=b"hm-observation"
    ).digest()


def observation_id(measured_ms: int, mark: bytes) -> bytes:
    """The Observation's id: a UUID version 8 of the corrected time and a mark.

    The time is that of the whole second: one measurement that comes by two doors, of which one
    tells seconds only, has one id, and the unique index of ids finds it. A device does not measure
    one thing twice in a second; what says that it does gets a mark of its own.

    >>> UUID(bytes=observation_id(0x019C6F1B0000, bytes(10))).version
    8
    >>> observation_id(1_771_396_180_999, bytes(10)) == observation_id(1_771_396_180_000, bytes(10))
    True
    """
    second_ms = measured_ms // 1000 * 1000
    number = (second_ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(mark, "big")
    number &= ~(0xF << 76) & ~(0x3 << 62)
    return (number | 0x8 << 76 | 0x2 << 62).to_bytes(16, "big")


def id_text(id_bytes: bytes) -> str:
    """An id as FHIR writes it: lower-case hex in five groups."""
    digits = id_bytes.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_bytes(text: str) -> bytes | None:
    """The sixteen bytes of an id, or None when the text is no UUID."""
    try:
        return UUID(text).bytes
    except ValueError:
        return None
