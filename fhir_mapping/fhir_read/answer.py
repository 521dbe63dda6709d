"""What became of a payload: readings found, Observations refused, and notes on the rest.

Out: to whoever takes FHIR in. The reasons are the texts of `ingest.rejection.Reason`, as plain
strings, since imports point the other way; a test holds the two lists together. The limits are
those of `devices.admission`, for values and times as for every other door.
"""

from typing import Final

import msgspec

from devices.admission import Inadmissible
from devices.reading import Reading
from devices.zone import DENMARK, Zone
from fhir_mapping.record import Intent

FHIR_BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest payload read: about ten thousand Observations, some years of one home."""
ENTRIES_MAX: Final = 20_000
"""Most entries of one Bundle."""
COMPONENTS_MAX: Final = 256
"""Most components of one Observation: the fullest instrument gives six, the rest are remarks."""
REFERENCE_CHARACTERS_MAX: Final = 512

FACT_REFUSED: Final = "device-fact-invalid"
"""The reason for which a fact about a device is refused: it never refuses a measurement."""

REASONS: Final = frozenset(
    {
        "payload-empty",
        "payload-too-large",
        "payload-not-utf8",
        "json-malformed",
        "too-many-readings",
        "field-missing",
        "field-type",
        "field-value",
        "time-malformed",
        "time-in-future",
        "time-implausible",
        "reading-empty",
        "too-many-values",
        "code-unknown",
        "code-repeated",
        "code-not-of-device",
        "value-missing",
        "value-malformed",
        "value-out-of-range",
        "unit-unknown",
        "unit-mismatch",
        "component-missing",
        "components-contradict",
        "identity-mismatch",
        FACT_REFUSED,
    }
)
"""Every reason that a reader here gives."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """Who delivered the payload, and what stands where FHIR says nothing.

    `gateway` where an Observation names none; `boot` where the identifier is not ours. As boot is
    part of a reading's identity, a boot per sender keeps two senders apart that both call a
    device `Device/12`. `bases` are the addresses of our own FHIR interface: a reference that begins
    with one is a relative one. `zone` is where the clocks hang: an instant has one name there,
    whatever offset it was written with.
    """

    tenant: str = ""
    gateway: str = "fhir"
    boot: str = ""
    bases: tuple[str, ...] = ()
    zone: Zone = DENMARK


class Found(msgspec.Struct, frozen=True, gc=False):
    """One Observation, taken.

    `subject` is who it is about: `system|value` of the CPR number or another identifier where the
    payload has one, else the reference (relative where it is our own), None where nobody is named.
    `scheduled` says whether a plan asked for it, None where that is not said; a reading has no
    place for it. `intent` is what its status means; what is withdrawn has no value.
    """

    reading: Reading
    subject: str | None
    path: str
    scheduled: bool | None = None
    intent: Intent = "reading"
    refused: tuple["Refused", ...] = ()
    """What of it could not be taken, part by part."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """One Observation (or the payload as a whole, path `$`) refused, in ingest's words.

    `path` leads to the element from the payload's root; `detail` names element, value and limit.
    """

    reason: str
    path: str
    detail: str


class Note(msgspec.Struct, frozen=True, gc=False):
    """Something in the payload that was left out or decided, and why."""

    path: str
    detail: str


class Answer(msgspec.Struct, frozen=True):
    """The whole answer: `entries` has one item per Observation, in the payload's order."""

    entries: list[Found | Refused]
    notes: list[Note]


class Refusal(Exception):  # noqa: N818  never leaves the package: it becomes a Refused
    """Shortens the checks of one Observation."""

    def __init__(self, reason: str, path: str, detail: str) -> None:
        super().__init__(detail)
        self.refused = Refused(reason, path, detail)

    @classmethod
    def of(cls, found: Inadmissible, path: str, name: str) -> "Refusal":
        """The refusal of what no door lets in: where it stands here, and what it is called."""
        return cls(found.reason, path, found.of(name))


assert ENTRIES_MAX * COMPONENTS_MAX < FHIR_BYTES_MAX
