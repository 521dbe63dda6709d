"""KIH as others write it: datasets 1.0.1 and 1.0.2, and the messages of its service."""

from collections.abc import Sequence

from tests.documents.phmr import CPR

MC, MC101 = "urn:oio:medcom:chronicdataset:1.0.0", "urn:oio:medcom:chronicdataset:1.0.1"
MC102, SERVICE = "urn:oio:medcom:chronicdataset:1.0.2", "urn:oio:medcom:monitoringdataset:1.0.1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MORNING = "2026-02-18T07:29:40+01:00"


def number(place: int) -> str:
    """The UUID of a report."""
    return f"{place:08x}-bf97-11e1-afa7-0800200c9a66"


def report(
    code: str,
    result: str,
    unit: str,
    *,
    uuid: str = "",
    created: str = MORNING,
    instrument: str = "MCI00011",
    by: str = "automatic",
    location: str = "home",
    scheduled: str = "scheduled",
    operator: str = "",
    limits: tuple[str, str] | None = None,
    comment: str = "",
    encoding: str = "numeric",
) -> str:
    """One LaboratoryReportExtended, with prefixes `mc` and `v`, in the schema's order."""
    bound = f"<mc:ResultOperatorIdentifier>{operator}</mc:ResultOperatorIdentifier>"
    tool = f"<v:Instrument><v:MedComID>{instrument}</v:MedComID></v:Instrument>"
    low, high = limits or ("unspecified", "unspecified")
    said = f"<v:HealthCareProfessionalComment>{comment}</v:HealthCareProfessionalComment>"
    return (
        "<v:LaboratoryReportExtended>"
        f"<mc:UuidIdentifier>{uuid or number(abs(hash_of(code + result)))}</mc:UuidIdentifier>"
        f"<mc:CreatedDateTime>{created}</mc:CreatedDateTime>"
        f"<mc:AnalysisText>{code}</mc:AnalysisText><mc:ResultText>{result}</mc:ResultText>"
        f"<mc:ResultEncodingIdentifier>{encoding}</mc:ResultEncodingIdentifier>"
        f"{bound if operator else ''}<mc:ResultUnitText>{unit}</mc:ResultUnitText>"
        "<mc:ResultAbnormalIdentifier>unspecified</mc:ResultAbnormalIdentifier>"
        f"<mc:ResultMinimumText>{low}</mc:ResultMinimumText>"
        f"<mc:ResultMaximumText>{high}</mc:ResultMaximumText>"
        "<mc:NationalSampleIdentifier>9999999999</mc:NationalSampleIdentifier>"
        f"<mc:IupacIdentifier>{code}</mc:IupacIdentifier><mc:ProducerOfLabResult>"
        "<mc:Identifier>Patient målt</mc:Identifier><mc:IdentifierCode>POT</mc:IdentifierCode>"
        f"</mc:ProducerOfLabResult>{tool if instrument else ''}"
        f"<v:MeasurementTransferredBy>{by}</v:MeasurementTransferredBy>"
        f"<v:MeasurementLocation>{location}</v:MeasurementLocation>"
        f"<v:MeasurementScheduled>{scheduled}</v:MeasurementScheduled>"
        f"{said if comment else ''}</v:LaboratoryReportExtended>"
    )


def hash_of(text: str) -> int:
    """A number from a text, the same in every process."""
    return sum(place * letter for place, letter in enumerate(text.encode(), 1))


def _sample(reports: Sequence[str], more: str = "") -> str:
    return (
        "<v:SelfMonitoredSample><v:LaboratoryReportExtendedCollection>"
        f"{''.join(reports)}</v:LaboratoryReportExtendedCollection>"
        f"<mc:CreatedByText>Telemedicin</mc:CreatedByText>{more}</v:SelfMonitoredSample>"
    )


def _citizen(cpr: str, phone: str = "") -> str:
    called = f"<mc:PhoneNumberIdentifier>{phone}</mc:PhoneNumberIdentifier>" if phone else ""
    return (
        "<mc:Citizen><c:PersonCivilRegistrationIdentifier "
        'xmlns:c="http://rep.oio.dk/cpr.dk/xml/schemas/core/2005/03/18/">'
        f"{cpr}</c:PersonCivilRegistrationIdentifier>{called}</mc:Citizen>"
    )


def _head(version: str) -> str:
    return f'xmlns:v="{version}" xmlns:mc="{MC}"'


def dataset(
    *reports: str, cpr: str = CPR, version: str = MC101, phone: str = "", more: str = ""
) -> bytes:
    """A CitizenMonitoringDataset by itself."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<v:CitizenMonitoringDataset {_head(version)}>{_citizen(cpr, phone)}"
        f"<v:SelfMonitoredSampleCollection>{_sample(reports, more)}"
        "</v:SelfMonitoredSampleCollection></v:CitizenMonitoringDataset>\n"
    ).encode()


def soap(content: str) -> bytes:
    """A message of the service in its envelope."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{content}</s:Body></s:Envelope>\n'
    ).encode()


def created(*reports: str, cpr: str = CPR, version: str = MC101) -> bytes:
    """CreateMonitoringDataset: what a sender hands to the KIH database."""
    return soap(
        f'<m:CreateMonitoringDatasetRequestMessage xmlns:m="{SERVICE}" {_head(version)}>'
        f"<m:MonitoringDatasetCollection>{_citizen(cpr)}{_sample(reports)}"
        "</m:MonitoringDatasetCollection></m:CreateMonitoringDatasetRequestMessage>"
    )


def fetched(*reports: str, cpr: str = CPR, version: str = MC102) -> bytes:
    """GetMonitoringDataset's answer: what the KIH database hands out."""
    return soap(
        f'<m:GetMonitoringDatasetResponseMessage xmlns:m="{SERVICE}" {_head(version)}>'
        f"<v:CitizenMonitoringDataset>{_citizen(cpr)}<v:SelfMonitoredSampleCollection>"
        f"{_sample(reports)}</v:SelfMonitoredSampleCollection></v:CitizenMonitoringDataset>"
        "</m:GetMonitoringDatasetResponseMessage>"
    )


def deletion(*uuids: str, cpr: str = CPR) -> bytes:
    """DeleteMonitoringDataset: reports that their sender takes back."""
    numbers = "".join(f"<mc:UuidIdentifier>{uuid}</mc:UuidIdentifier>" for uuid in uuids)
    return soap(
        f'<m:DeleteMonitoringDatasetRequestMessage xmlns:m="{SERVICE}" xmlns:mc="{MC}">'
        f"<m:PersonCivilRegistrationIdentifier>{cpr}</m:PersonCivilRegistrationIdentifier>"
        f"{numbers}</m:DeleteMonitoringDatasetRequestMessage>"
    )
