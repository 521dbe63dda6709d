"""What a row of the catalogue is made of: metric, panel, device type, code, channel.

Types only; the rows stand in `devices.catalogue`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class DanishSystem(StrEnum):
    """Which Danish code system a code belongs to (the value is its FHIR address in dk-core)."""

    NPU = "http://npu-terminology.org"
    MCS = "http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-observation-codes"


@dataclass(frozen=True, slots=True)
class Code:
    """One code with the display its own system gives it."""

    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Channel:
    """How one national channel (KIH XML, PHMR) says this metric.

    `name` is the text beside the number, `unit` the unit as that channel writes it, `shift` the
    power of ten from the catalogue's unit to the channel's: SpO2 is 97 % here and a fraction,
    0.97, in PHMR (shift -2). `code` stands where the channel's code differs from the Danish one.
    """

    name: str
    unit: str
    shift: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that a device measures.

    `possible` is what the physical quantity can be at all: a value outside is refused at ingest
    (reason `value-out-of-range`). `plausible` is what a living patient can have (reference
    table T01): a value outside is stored and shown, raises a technical finding, and feeds no
    baseline. Both are inclusive and in the row's own unit. `example` is a value as a home device
    says it: the golden files are made of it. `curve`: it is drawn on the citizen's page although
    no signal of the rules looks at it. `whole`: only whole numbers mean anything.
    """

    alias: str
    mdc: str | None
    mdc_name: str | None
    danish: Code
    danish_system: DanishSystem
    loinc: tuple[Code, ...]
    ucum: str
    unit_text: str
    units: Mapping[str, int]
    name_da: str
    name_en: str
    short_da: str
    decimals: int
    possible: tuple[Decimal, Decimal]
    plausible: tuple[Decimal, Decimal]
    example: str
    kih: Channel
    phmr: Channel
    phmr_section: str = "results"
    category: str = "vital-signs"
    panel: str | None = None
    limits: str = ""
    curve: bool = False
    whole: bool = False

    @property
    def limits_of(self) -> str:
        """Whose personal limits apply: a pulse is a pulse, whichever device counted it."""
        return self.limits or self.alias

    @property
    def key(self) -> str:
        """What stands for this metric on the wire and in an identity: MDC code, else alias."""
        return self.mdc or self.alias


@dataclass(frozen=True, slots=True)
class Panel:
    """Several metrics of one act that belong in one Observation, as its components."""

    alias: str
    mdc: str
    mdc_name: str
    loinc: tuple[Code, ...]
    name_da: str
    name_en: str
    components: tuple[str, ...]
    required: tuple[str, ...]
    category: str = "vital-signs"

    @property
    def key(self) -> str:
        """What stands for this panel in an identity: its MDC code."""
        return self.mdc


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A device specialisation of IEEE 11073-104xx and what it can measure."""

    mdc: str
    mdc_name: str
    name_da: str
    name_en: str
    metrics: frozenset[str] = field(default_factory=frozenset)
