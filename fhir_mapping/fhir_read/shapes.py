"""The JSON of FHIR R4 as far as a reading needs it: lenient, since senders add much else.

In: bytes. Out: structs whose absent elements are empty. Elements not named here are skipped by
the decoder; an element named here with the wrong JSON type is an error of its resource alone.
Numbers stay the bytes that were sent (`msgspec.Raw`), so that 36.50 stays 36.50.
"""

import msgspec

_NOTHING = msgspec.Raw(b"")


class Shape(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What all shapes share: FHIR's own spelling of names."""


class Coding(Shape, frozen=True):
    """One code of one system."""

    system: str = ""
    code: str = ""
    display: str = ""


class Concept(Shape, frozen=True):
    """A CodeableConcept."""

    coding: list[Coding] = []
    text: str = ""


class Quantity(Shape, frozen=True):
    """A measured amount; `value` is the number as it was written."""

    value: msgspec.Raw = _NOTHING
    comparator: str = ""
    unit: str = ""
    system: str = ""
    code: str = ""


class Identifier(Shape, frozen=True):
    """A business identifier."""

    system: str = ""
    value: str = ""


class Reference(Shape, frozen=True):
    """A reference, literal or logical."""

    reference: str = ""
    type: str = ""
    identifier: Identifier | None = None
    display: str = ""


class Extension(Shape, frozen=True):
    """An extension, with the kinds of value that are read here."""

    url: str = ""
    value_code: str = ""
    value_string: str | None = None
    value_boolean: bool = False
    value_quantity: Quantity | None = None
    value_reference: Reference | None = None
    value_codeable_concept: Concept | None = None
    extension: list["Extension"] = []


class Period(Shape, frozen=True):
    """A time span."""

    start: str = ""
    end: str = ""


class Component(Shape, frozen=True):
    """One component of an Observation; the fields whose value is Raw are told apart, not read."""

    code: Concept | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_codeable_concept: Concept | None = None
    value_integer: msgspec.Raw = _NOTHING
    value_boolean: msgspec.Raw = _NOTHING
    value_range: msgspec.Raw = _NOTHING
    value_ratio: msgspec.Raw = _NOTHING
    value_sampled_data: msgspec.Raw = _NOTHING
    value_date_time: str = ""
    data_absent_reason: Concept | None = None
    interpretation: list[Concept] = []


class Remark(Shape, frozen=True):
    """An Annotation."""

    text: str = ""


class Range(Shape, frozen=True):
    """One reference range, of an alarm where FUT says so."""

    low: Quantity | None = None
    high: Quantity | None = None
    type: Concept | None = None


class Meta(Shape, frozen=True):
    """Of the metadata the security labels, where HL7 PHD marks test data, and the version."""

    security: list[Coding] = []
    version_id: str = ""
    last_updated: str = ""


class Observation(Component, frozen=True):
    """An Observation; its value stands in the fields that it shares with a component."""

    resource_type: str = ""
    id: str = ""
    implicit_rules: str = ""
    meta: Meta = Meta()
    contained: list[msgspec.Raw] = []
    extension: list[Extension] = []
    modifier_extension: list[msgspec.Raw] = []
    identifier: list[Identifier] = []
    status: str = ""
    subject: Reference | None = None
    performer: list[Reference] = []
    effective_date_time: str = ""
    effective_period: Period | None = None
    effective_instant: str = ""
    effective_timing: msgspec.Raw = _NOTHING
    issued: str = ""
    device: Reference | None = None
    derived_from: list[Reference] = []
    component: list[Component] = []
    encounter: Reference | None = None
    has_member: list[Reference] = []
    body_site: Concept | None = None
    method: Concept | None = None
    note: list[Remark] = []
    reference_range: list[Range] = []


class ResponseAnswer(Shape, frozen=True):
    """One answer to one question; other kinds of value are not read."""

    value_boolean: bool | None = None


class ResponseItem(Shape, frozen=True):
    """One question as it was answered."""

    link_id: str = ""
    answer: list[ResponseAnswer] = []


class QuestionnaireResponse(Shape, frozen=True):
    """A questionnaire as it was answered."""

    id: str = ""
    implicit_rules: str = ""
    meta: Meta = Meta()
    contained: list[msgspec.Raw] = []
    extension: list[Extension] = []
    modifier_extension: list[msgspec.Raw] = []
    identifier: Identifier | None = None
    questionnaire: str = ""
    status: str = ""
    subject: Reference | None = None
    authored: str = ""
    author: Reference | None = None
    source: Reference | None = None
    item: list[ResponseItem] = []


class Specialization(Shape, frozen=True):
    """One standard that a device follows."""

    system_type: Concept = Concept()


class DeviceVersion(Shape, frozen=True):
    """One version of a device, of firmware or another part."""

    type: Concept = Concept()
    value: str = ""


class DeviceName(Shape, frozen=True):
    """One name of a device."""

    name: str = ""


class Device(Shape, frozen=True):
    """A Device."""

    identifier: list[Identifier] = []
    model_number: str = ""
    serial_number: str = ""
    device_name: list[DeviceName] = []
    type: Concept = Concept()
    specialization: list[Specialization] = []
    version: list[DeviceVersion] = []


class Patient(Shape, frozen=True):
    """A Patient, who is known by identifiers."""

    identifier: list[Identifier] = []


class Head(Shape, frozen=True):
    """Of any resource: what it is, and its id."""

    resource_type: str = ""
    id: str = ""


class Request(Shape, frozen=True):
    """What a transaction wants done with an entry."""

    method: str = ""
    url: str = ""


class Entry(Shape, frozen=True):
    """One entry of a Bundle."""

    full_url: str = ""
    resource: msgspec.Raw = _NOTHING
    request: Request = Request()


class Bundle(Shape, frozen=True):
    """A Bundle, its entries not yet looked into."""

    type: str = ""
    entry: list[msgspec.Raw] = []


class Parameter(Shape, frozen=True):
    """One parameter of an operation."""

    name: str = ""
    resource: msgspec.Raw = _NOTHING


class Parameters(Shape, frozen=True):
    """The input of an operation, its parameters not yet looked into."""

    parameter: list[msgspec.Raw] = []


decode_bundle = msgspec.json.Decoder(Bundle).decode
decode_device = msgspec.json.Decoder(Device).decode
decode_entry = msgspec.json.Decoder(Entry).decode
decode_head = msgspec.json.Decoder(Head).decode
decode_observation = msgspec.json.Decoder(Observation).decode
decode_parameter = msgspec.json.Decoder(Parameter).decode
decode_parameters = msgspec.json.Decoder(Parameters).decode
decode_patient = msgspec.json.Decoder(Patient).decode
decode_response = msgspec.json.Decoder(QuestionnaireResponse).decode
