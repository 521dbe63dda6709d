"""Who a record is: identity from content, never from arrival and never from value.

In: the facts that make one measurement itself (device, slot, boot, device time, code,
circumstances). Out: a 16-byte identity for the unique index, and the Observation's id.
The same reading gives the same bytes in every process, on every day.
"""

from hashlib import blake2b
from uuid import UUID

_SEPARATOR = "\x1f"


def fingerprint(
    device: str, slot: int, boot: str, device_time: str, code: str, circumstances: str, twin: str
) -> bytes:
    """Ten bytes of hash over the identifying facts (80 bits).

    `twin` is empty, but for the second of two different values that carry the same identity on
    an unsynchronised clock: both are kept, and the value then tells them apart.
    """
    facts = (device, str(slot), boot, device_time, code, circumstances, twin)
    return blake2b(_SEPARATOR.join(facts).encode(), digest_size=10, person=b"hm-record").digest()


def identity_of(device_time_ms: int, mark: bytes) -> bytes:
    """The unique key: the device's own time first, so that the index grows at its end.

    It uses the uncorrected time, which a resend repeats, not the corrected one, which a new
    clock pair may move by milliseconds.

    >>> identity_of(1, bytes(10)).hex()
    '00000000000100000000000000000000'
    """
    return (device_time_ms & 0xFFFF_FFFF_FFFF).to_bytes(6, "big") + mark


def observation_id(measured_ms: int, mark: bytes) -> bytes:
    """The Observation's id: a UUID version 8 of the corrected time and the fingerprint.

    >>> UUID(bytes=observation_id(0x019C6F1B0000, bytes(10))).version
    8
    """
    number = (measured_ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(mark, "big")
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
