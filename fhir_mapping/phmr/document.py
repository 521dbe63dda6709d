"""What a PHMR document holds, as types.

In: from `compose` (our records) or `read` (a file). Out: to `render` (a file) or `recover`
(records). Times are HL7 timestamps as written (`20260218073051.120+0100`), values decimal texts in
the document's own unit, so that nothing is lost by looking at it.

Every part that stands in a list (document, section, entry, observation, device) has `verbatim`:
the XML it was read from, its own listed parts cut out and their places marked. It is empty where
the typed fields alone give the same XML, as they do in every document that we rendered.
"""

from typing import Literal

import msgspec

from devices.admission import Inadmissible

SectionKind = Literal["vital-signs", "results", "medical-equipment"]


class Refusal(msgspec.Struct, frozen=True):
    """Something in a document that cannot be taken: where, what stands there, what may stand.

    `reason` is one of `ingest.rejection.Reason`.
    """

    element: str
    value: str
    limit: str
    reason: str = "field-value"

    @property
    def detail(self) -> str:
        """One sentence naming element, value and limit.

        >>> Refusal("value/@unit", "g/L", "accepted are kg, g").detail
        "value/@unit is 'g/L': accepted are kg, g"
        """
        return f"{self.element} is {self.value[:64]!r}: {self.limit}"

    @classmethod
    def by(cls, found: Inadmissible, element: str) -> "Refusal":
        """What no door lets in, and the element where it stands."""
        return cls(element, found.value, found.limit, found.reason)


class Id(msgspec.Struct, frozen=True):
    """An instance identifier: a root (OID) and what is unique under it."""

    root: str
    extension: str = ""
    authority: str = ""


class Coded(msgspec.Struct, frozen=True):
    """A code of a code system (OID)."""

    code: str
    system: str
    display: str = ""
    system_name: str = ""


class Name(msgspec.Struct, frozen=True):
    """A person's name."""

    given: tuple[str, ...]
    family: str


class Address(msgspec.Struct, frozen=True):
    """A postal address; `use` is H (home) or WP (work)."""

    use: str = ""
    street: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    country: str = ""


class Telecom(msgspec.Struct, frozen=True):
    """A telephone number or mail address, as URL."""

    value: str
    use: str = ""


class Patient(msgspec.Struct, frozen=True):
    """Whom the report is about; the first id is the CPR number, `birth` is YYYYMMDD."""

    ids: tuple[Id, ...]
    name: Name | None = None
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()
    gender: str = ""
    birth: str = ""


class Party(msgspec.Struct, frozen=True):
    """Author, custodian or legal authenticator; `id` is the SOR number of the organisation."""

    id: Id
    organisation: str
    time: str = ""
    person: Name | None = None
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()


class Device(msgspec.Struct, frozen=True):
    """A measuring device: `kind` is its MDC specialisation, `instrument` MedCom's MCI code."""

    ids: tuple[Id, ...]
    kind: Coded | None = None
    instrument: Coded | None = None
    model: str = ""
    software: str = ""
    verbatim: str = ""


class Range(msgspec.Struct, frozen=True):
    """Where an alarm is raised, ends included: RAL red, GAL yellow."""

    code: str
    low: str | None
    high: str | None
    unit: str


class Observation(msgspec.Struct, frozen=True):
    """One measured value, or `null_flavor` instead of it.

    `codes` stand as translations under a code without information, as PHMR-DK has it. `facts` is
    what only we know of the record (see `facts`), as JSON. `time` is its own, which says more than
    the organizer's; it, `site` (where on the body), `marks` (interpretation codes), `performer`,
    `mood` (EVN: it was measured) and `is_negated` are read from others and never written by us.
    """

    ids: tuple[Id, ...]
    codes: tuple[Coded, ...]
    value: str | None
    unit: str
    null_flavor: str = ""
    status: str = "completed"
    methods: tuple[str, ...] = ()
    device: Device | None = None
    comments: tuple[str, ...] = ()
    facts: str = ""
    ranges: tuple[Range, ...] = ()
    time: str = ""
    site: str = ""
    marks: tuple[str, ...] = ()
    performer: str = ""
    mood: str = "EVN"
    is_negated: bool = False
    verbatim: str = ""


class Entry(msgspec.Struct, frozen=True):
    """What was measured together (an organizer), at one time."""

    ids: tuple[Id, ...]
    time: str
    observations: tuple[Observation, ...]
    status: str = "completed"
    mood: str = "EVN"
    verbatim: str = ""


class Section(msgspec.Struct, frozen=True):
    """One section: entries in the first two kinds, devices in the third."""

    kind: SectionKind
    title: str
    text: str
    parts: tuple[Entry | Device, ...]
    verbatim: str = ""


class Document(msgspec.Struct, frozen=True):
    """One Personal Health Monitoring Report; `services` are the codes of what was monitored."""

    id: Id
    title: str
    created: str
    patient: Patient
    author: Party | None
    custodian: Party | None
    legal_authenticator: Party | None
    period: tuple[str, str]
    services: tuple[Coded, ...]
    sections: tuple[Section, ...]
    replaces: bool = False
    """Whether it stands in the place of an earlier document (relatedDocument RPLC, a version)."""
    verbatim: str = ""
