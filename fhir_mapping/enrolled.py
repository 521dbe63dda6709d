"""Who takes part: organisations, citizens, devices, assignments, personal limits and facts.

In: the enrolment file or the API, decoded into these types. Out: rows of the store, and the FHIR
resources Organization, Patient and Device. All persons in this project are synthetic; a CPR number
here is one of an obviously fictitious series (day of month + 60).
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from devices.wire import ZonedTime

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.\-]{1,64}$")]
"""A resource id as FHIR allows it."""
DeviceId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9:.\-]{1,64}$")]
DecimalText = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?$")]
Condition = Literal["copd", "heart-failure", "both"]
SignalAlias = Literal["spo2", "pulse", "weight", "systolic", "diastolic", "fev1", "pef"]


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is responsible: `sor` is its number in the Danish organisation register."""

    id: Key
    sor: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{11,18}$")]
    name: Name


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the citizen is expected to measure: `weekdays` is seven digits, Monday first."""

    weekdays: Annotated[str, msgspec.Meta(pattern=r"^[01]{7}$")]
    due: Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    start: date
    signals: list[SignalAlias]
    symptoms: bool = False
    """Whether the citizen is asked about symptoms, too."""


class Citizen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person who measures at home, with what has held of the person all along.

    What begins or ends while the person is followed is a `Fact`.
    """

    id: Key
    cpr: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$")]
    given: Name
    family: Name
    sex: Literal["female", "male"]
    birth_date: date
    condition: Condition
    organisation: Key
    plan: Plan
    phone: Annotated[str, msgspec.Meta(max_length=24)] = ""
    scale2: bool = False
    oxygen: bool = False
    beta_blocker: bool = False
    dry_weight_kg: DecimalText | None = None
    paused: bool = False
    pacemaker: bool = False
    atrial_fibrillation: bool = False


class EnrolledDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device as it was handed out; `gateway` is the box of the home it belongs to."""

    id: DeviceId
    type: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}$")]
    manufacturer: Name
    model: Name
    serial: Annotated[str, msgspec.Meta(max_length=64)] = ""
    gateway: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """A device (and user slot) belongs to a citizen from one moment until another, or until now."""

    device: DeviceId
    citizen: Key
    since: ZonedTime
    slot: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1
    to: ZonedTime | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """Personal limits of one signal from a moment on: red (RAL) and yellow (GAL), inclusive.

    `relative`: the numbers are the change from the base, downwards and upwards, that counts
    (RELRAL and RELGAL), all positive. `base` is the clinic's value; without one it is what is
    usual for the person. Absolute and relative limits of a signal have each their own history.
    """

    citizen: Key
    metric: SignalAlias
    since: ZonedTime
    low_red: DecimalText | None = None
    low_yellow: DecimalText | None = None
    high_yellow: DecimalText | None = None
    high_red: DecimalText | None = None
    relative: bool = False
    base: DecimalText | None = None


FactKind = Literal[
    "oxygen", "scale2", "beta-blocker", "pacemaker", "atrial-fibrillation", "dry-weight",
    "prednisolone", "antibiotic", "diuretic-change", "admission", "travel",
]  # fmt: skip
"""oxygen: oxygen at home. scale2: target 88-92 % because of hypercapnic risk. prednisolone and
antibiotic: a course of treatment. admission and travel: nothing is expected at home."""


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """What holds of a citizen from one moment until another, or until further notice.

    `value` is the dry weight in kg. `void`: it was entered by mistake, and never held. Said again
    with the same citizen, kind and beginning, the newest word counts; the others are kept.
    """

    citizen: Key
    kind: FactKind
    since: ZonedTime
    to: ZonedTime | None = None
    value: DecimalText | None = None
    void: bool = False


class Enrolment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one enrolment file holds; every list may be empty, and a file may be applied again."""

    organisations: list[Organisation] = msgspec.field(default_factory=list)
    citizens: list[Citizen] = msgspec.field(default_factory=list)
    devices: list[EnrolledDevice] = msgspec.field(default_factory=list)
    assignments: list[Assignment] = msgspec.field(default_factory=list)
    limits: list[Limits] = msgspec.field(default_factory=list)
    facts: list[Fact] = msgspec.field(default_factory=list)
