"""`CitizenMonitoringDataset` 1.0.1: every element of the schema as a type, and its shape as data.

In: nothing. Out: the types, and `SHAPES`, by which `write` renders and `read` reads; so the two
cannot drift apart. Texts stand exactly as written; None means that the element is absent, the
empty text that it is there and empty.

Sources: MedCom's schemas `chronicdataset` 1.0.0 and 1.0.1 (KIH database, 2015); the order of a
Danish address: OIO's AddressPostal as the organisation register (SOR) writes it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "mc101": "urn:oio:medcom:chronicdataset:1.0.1",
        "mc": "urn:oio:medcom:chronicdataset:1.0.0",
        "cpr": "http://rep.oio.dk/cpr.dk/xml/schemas/core/2005/03/18/",
        "xkom": "http://rep.oio.dk/xkom.dk/xml/schemas/2005/03/15/",
        "dkcc": "http://rep.oio.dk/ebxml/xml/schemas/dkcc/2003/02/13/",
        "itst": "http://rep.oio.dk/itst.dk/xml/schemas/2006/01/17/",
        "dkcc2005": "http://rep.oio.dk/ebxml/xml/schemas/dkcc/2005/03/15/",
    }
)
"""The prefixes of the official example; all are declared on the root."""
POST_BOX_NAMESPACE = "http://rep.oio.dk/ebxml/xml/schemas/dkcc/2005/05/13/"
"""Declared where it is used, since the official example does not know it."""
_ALL_NAMESPACES = {**NAMESPACES, "dkcc200505": POST_BOX_NAMESPACE}


class PersonName(msgspec.Struct, frozen=True, gc=False):
    """PersonNameStructure."""

    given: str | None = None
    middle: str | None = None
    surname: str | None = None


class Country(msgspec.Struct, frozen=True, gc=False):
    """CountryIdentificationCode: the only element with an attribute."""

    code: str
    scheme: str | None = None


class Address(msgspec.Struct, frozen=True, gc=False):
    """AddressPostal."""

    mail_delivery_sublocation: str | None = None
    street: str | None = None
    street_for_addressing: str | None = None
    building: str | None = None
    floor: str | None = None
    suite: str | None = None
    district_subdivision: str | None = None
    post_box: str | None = None
    post_code: str | None = None
    district: str | None = None
    country: Country | None = None


class Citizen(msgspec.Struct, frozen=True, gc=False):
    """Citizen: whose measurements these are."""

    cpr: str
    name: PersonName | None = None
    address: Address | None = None
    phone: str | None = None
    email: str | None = None


class Producer(msgspec.Struct, frozen=True, gc=False):
    """ProducerOfLabResult: who measured."""

    identifier: str
    code: str


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """Instrument: what it was measured with."""

    medcom_id: str | None = None
    manufacturer: str | None = None
    product_type: str | None = None
    model: str | None = None
    software_version: str | None = None


class LaboratoryReport(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """LaboratoryReportExtended: one value, with its 22 elements in the schema's order."""

    uuid: str
    created: str
    analysis: str
    result: str
    encoding: str
    operator: str | None = None
    unit: str
    abnormal: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    interval: str | None = None
    national_sample: str
    iupac: str
    producer: Producer
    instrument: Instrument | None = None
    transferred_by: str
    location: str
    classification: str | None = None
    duration: str | None = None
    scheduled: str
    comment: str | None = None
    circumstances: str | None = None


class Sample(msgspec.Struct, frozen=True, gc=False):
    """SelfMonitoredSample: what belongs together, and who wrote it down."""

    reports: tuple[LaboratoryReport, ...]
    created_by: str


class CitizenMonitoringDataset(msgspec.Struct, frozen=True, gc=False):
    """The document; `samples` is None where there is no collection at all."""

    citizen: Citizen
    samples: tuple[Sample, ...] | None = None

    @property
    def reports(self) -> tuple[LaboratoryReport, ...]:
        """Every report of every sample, in document order."""
        return tuple(report for sample in self.samples or () for report in sample.reports)


Struct = (
    PersonName
    | Country
    | Address
    | Citizen
    | Producer
    | Instrument
    | LaboratoryReport
    | Sample
    | CitizenMonitoringDataset
)


@dataclass(frozen=True, slots=True)
class Child:
    """One child element: which field it is, what it may be, and what it must look like.

    `kind` is `str` for a text, else the struct inside; with `item` the element is a collection of
    at least one element of that name, each of `kind`. `limit` is the pattern a text must match as
    a whole, `said` how an error names it.
    """

    field: str
    name: str
    kind: type[str] | type[Struct] = str
    required: bool = True
    item: str = ""
    limit: re.Pattern[str] | None = None
    said: str = ""

    @property
    def tag(self) -> str:
        """The element's name as lxml says it."""
        return tag_of(self.name)


def tag_of(name: str) -> str:
    """A prefixed name as lxml says it.

    >>> tag_of("mc:Citizen")
    '{urn:oio:medcom:chronicdataset:1.0.0}Citizen'
    """
    prefix, _, local = name.partition(":")
    return f"{{{_ALL_NAMESPACES[prefix]}}}{local}"


def local_name(child: Child) -> str:
    """The element's name as people say it."""
    return child.name.partition(":")[2]


def _optional(field: str, name: str, kind: type[str] | type[Struct] = str) -> Child:
    return Child(field, name, kind, required=False)


def _of(field: str, name: str, *allowed: str, required: bool = True) -> Child:
    limit = re.compile("|".join(map(re.escape, allowed)))
    return Child(field, name, required=required, limit=limit, said=" or ".join(allowed))


def _like(field: str, name: str, pattern: str, said: str, *, required: bool = True) -> Child:
    return Child(field, name, required=required, limit=re.compile(pattern), said=said)


_UUID = "[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"
_DATE_TIME = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
"""The form alone: a time that is in no calendar refuses its own report, never the dataset."""
ROOT = "mc101:CitizenMonitoringDataset"
SHAPES: Mapping[type[Struct], tuple[Child, ...]] = MappingProxyType(
    {
        CitizenMonitoringDataset: (
            Child("citizen", "mc:Citizen", Citizen),
            Child(
                "samples",
                "mc101:SelfMonitoredSampleCollection",
                Sample,
                required=False,
                item="mc101:SelfMonitoredSample",
            ),
        ),
        Citizen: (
            _like("cpr", "cpr:PersonCivilRegistrationIdentifier", "[0-9]{10}", "ten digits"),
            _optional("name", "itst:PersonNameStructure", PersonName),
            _optional("address", "xkom:AddressPostal", Address),
            _like("phone", "mc:PhoneNumberIdentifier", "[0-9]{8}", "eight digits", required=False),
            _like(
                "email",
                "mc:EmailAddressIdentifier",
                r"[^@]+@[^.]+\.[^\n\r]+",
                "an e-mail address",
                required=False,
            ),
        ),
        PersonName: (
            _optional("given", "dkcc:PersonGivenName"),
            _optional("middle", "dkcc:PersonMiddleName"),
            _optional("surname", "dkcc:PersonSurnameName"),
        ),
        Address: (
            _optional("mail_delivery_sublocation", "dkcc:MailDeliverySublocationIdentifier"),
            _optional("street", "dkcc2005:StreetName"),
            _optional("street_for_addressing", "cpr:StreetNameForAddressingName"),
            _optional("building", "dkcc:StreetBuildingIdentifier"),
            _optional("floor", "dkcc:FloorIdentifier"),
            _optional("suite", "dkcc:SuiteIdentifier"),
            _optional("district_subdivision", "dkcc2005:DistrictSubdivisionIdentifier"),
            _optional("post_box", "dkcc200505:PostOfficeBoxIdentifier"),
            _optional("post_code", "dkcc2005:PostCodeIdentifier"),
            _optional("district", "dkcc2005:DistrictName"),
            _optional("country", "dkcc:CountryIdentificationCode", Country),
        ),
        Sample: (
            Child(
                "reports",
                "mc101:LaboratoryReportExtendedCollection",
                LaboratoryReport,
                item="mc101:LaboratoryReportExtended",
            ),
            Child("created_by", "mc:CreatedByText"),
        ),
        LaboratoryReport: (
            _like("uuid", "mc:UuidIdentifier", _UUID, "hex digits 8-4-4-4-12"),
            _like("created", "mc:CreatedDateTime", _DATE_TIME, "a date and time of XML Schema"),
            Child("analysis", "mc:AnalysisText"),
            Child("result", "mc:ResultText"),
            _of("encoding", "mc:ResultEncodingIdentifier", "numeric", "alphanumeric"),
            _of(
                "operator",
                "mc:ResultOperatorIdentifier",
                "less_than",
                "greater_than",
                required=False,
            ),
            Child("unit", "mc:ResultUnitText"),
            _of(
                "abnormal",
                "mc:ResultAbnormalIdentifier",
                "to_high",
                "to_low",
                "abnormal",
                "unspecified",
                required=False,
            ),
            _optional("minimum", "mc:ResultMinimumText"),
            _optional("maximum", "mc:ResultMaximumText"),
            _of(
                "interval",
                "mc101:ResultTypeOfInterval",
                "physiological",
                "therapeutic",
                "unspecified",
                required=False,
            ),
            Child("national_sample", "mc:NationalSampleIdentifier"),
            Child("iupac", "mc:IupacIdentifier"),
            Child("producer", "mc:ProducerOfLabResult", Producer),
            _optional("instrument", "mc101:Instrument", Instrument),
            _of(
                "transferred_by",
                "mc101:MeasurementTransferredBy",
                "automatic",
                "typed",
                "typedbyhcprof",
            ),
            _of("location", "mc101:MeasurementLocation", "home", "institution"),
            _of(
                "classification",
                "mc101:MeasuringDataClassification",
                "clinical",
                "notclinical",
                required=False,
            ),
            _optional("duration", "mc101:MeasurementDuration"),
            _of("scheduled", "mc101:MeasurementScheduled", "scheduled", "notscheduled"),
            _optional("comment", "mc101:HealthCareProfessionalComment"),
            _optional("circumstances", "mc101:MeasuringCircumstances"),
        ),
        Producer: (
            Child("identifier", "mc:Identifier"),
            Child("code", "mc:IdentifierCode"),
        ),
        Instrument: (
            _optional("medcom_id", "mc101:MedComID"),
            _optional("manufacturer", "mc101:Manufacturer"),
            _optional("product_type", "mc101:ProductType"),
            _optional("model", "mc101:Model"),
            _optional("software_version", "mc101:SoftwareVersion"),
        ),
    }
)
"""The children of every element that has any, in the order the schema demands."""
assert all(
    [child.field for child in shape] == list(kind.__struct_fields__)
    for kind, shape in SHAPES.items()
)
