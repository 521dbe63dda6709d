"""The addresses that our FHIR resources name: code systems, profiles, extensions, identifiers.

In: nothing. Out: constants, read by `observation`, `resources` and `bundle`; the codes of what is
measured stand in `devices.catalogue`. Sources: HL7 FHIR R4, HL7 Denmark core 3.7.0, HL7 PHD IG.

Why a vital sign does not claim `dk-core-basic-observation`: that profile allows exactly one
category, and ours has two, as HL7 Denmark's own telemedicine examples have: the vital sign, and
the mark of a personal health device. It claims what it keeps: dk-core-observation and the FHIR
vital-signs profile. PHD's own profiles allow one extension only (the gateway), so none is claimed.
"""

from collections.abc import Mapping
from types import MappingProxyType

from devices.catalogue import Code
from devices.wire import CLOCK_AHEAD

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
UCUM = "http://unitsofmeasure.org"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
PHD_CATEGORY = "http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
MEASUREMENT_STATUS = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
CONTINUA_IDENTIFIER = "http://terminology.hl7.org/CodeSystem/ContinuaDeviceIdentifiers"

CPR = "urn:oid:1.2.208.176.1.2"
SOR = "urn:oid:1.2.208.176.1.1"
EUI64 = "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680"
BLUETOOTH_ADDRESS = "http://hl7.org/fhir/sid/eui-48/bluetooth"

DK_CORE_OBSERVATION = "http://hl7.dk/fhir/core/StructureDefinition/dk-core-observation"
DK_CORE_PATIENT = "http://hl7.dk/fhir/core/StructureDefinition/dk-core-patient"
DK_CORE_ORGANIZATION = "http://hl7.dk/fhir/core/StructureDefinition/dk-core-organization"
VITAL_SIGNS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
COINCIDENT_TIME_STAMP = (
    "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdCoincidentTimeStampObservation"
)
DATA_ABSENT_EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
GATEWAY_DEVICE = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"

OURS = "https://hjemmepuls.example/fhir"
"""Where everything begins that no standard gives an address to; `.example` belongs to nobody."""
MEASUREMENT_IDENTITY = f"{OURS}/measurement-identity"
DEVICE_IDENTITY = f"{OURS}/device-identity"
TRANSFERRED_BY = f"{OURS}/StructureDefinition/transferred-by"
LOCATION = f"{OURS}/StructureDefinition/location"
SCHEDULED = f"{OURS}/StructureDefinition/scheduled"
CONFLICT = f"{OURS}/StructureDefinition/conflict"
STATED_AT = f"{OURS}/StructureDefinition/stated-at"
"""When a device said what stands as a property of it."""
ALARM_RANGE = "urn:oid:1.2.208.184.100.1"
"""MedCom's codes of limits, RAL (red) and GAL (yellow), among those of its messages."""
RELATIVE_RANGE = "http://ehealth.sundhed.dk/cs/reference-range-type"
"""FUT's codes of limits relative to a base, RELRAL (red) and RELGAL (yellow)."""
CIRCUMSTANCE = f"{OURS}/StructureDefinition/circumstance"
QUESTIONNAIRE = f"{OURS}/Questionnaire"
CLOCK_STATUS = f"{OURS}/CodeSystem/clock-status"
"""What was found about the clock that a measurement was timed with: `clock-ahead`."""
SYMPTOM = f"{OURS}/CodeSystem/symptom"
"""The symptoms of `devices.symptoms`, by alias."""

PROFILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "vital-signs": (DK_CORE_OBSERVATION, VITAL_SIGNS),
        **dict.fromkeys(("procedure", "therapy", "laboratory", "survey"), (DK_CORE_OBSERVATION,)),
    }
)
"""The profiles that an Observation of each catalogue category keeps and claims."""

CATEGORY_DISPLAY: Mapping[str, str] = MappingProxyType(
    {"vital-signs": "Vital signs", "procedure": "Procedure", "therapy": "Therapy"}
    | {"laboratory": "Laboratory", "survey": "Survey"}
)
PHD_OBSERVATION = Code("phd", "PHD generated Observation")

PERSONAL_HEALTH_DEVICE = Code("65573", "MDC_MOC_VMS_MDS_SIMP")
PERSONAL_HEALTH_GATEWAY = Code("531981", "MDC_MOC_VMS_MDS_AHD")
DEVICE_CLOCK = Code("67975", "MDC_ATTR_TIME_ABS")
CLOCK_SYNC = Code("68220", "MDC_TIME_SYNC_PROTOCOL")
CLOCK_SYNC_METHODS: Mapping[str, Code] = MappingProxyType(
    {
        "none": Code("532224", "MDC_TIME_SYNC_NONE"),
        "ntpv3": Code("532225", "MDC_TIME_SYNC_NTPV3"),
        "ntpv4": Code("532226", "MDC_TIME_SYNC_NTPV4"),
        "radio": Code("532230", "MDC_TIME_SYNC_RADIO"),
        "gsm": Code("532233", "MDC_TIME_SYNC_GSM"),
        "manual": Code("532234", "MDC_TIME_SYNC_EBWW"),
        "gps": Code("532238", "MDC_TIME_SYNC_GPS"),
    }
)
"""Words of `clock.sync` that have a code (HL7 PHD, MDCTimeSyncMethods); others are told as text.
`ntp` alone is not among them: it does not say which version."""

ABSENT_REASON_OF_FLAG: Mapping[str, str] = MappingProxyType(
    {"invalid": "error", "not-available": "not-performed"}
)
INTERPRETATION_OF_FLAG: Mapping[str, str] = MappingProxyType(
    {
        "questionable": "questionable",
        "calibration-ongoing": "calibration-ongoing",
        "validated-data": "validated-data",
        "early-estimate": "early-indication",
        CLOCK_AHEAD: CLOCK_AHEAD,
    }
)
TEST_FLAGS = frozenset({"test-data", "demo-data"})
"""These three tables say where HL7 PHD puts each bit of IEEE 11073's measurement status."""
SYSTEM_OF_FLAG: Mapping[str, str] = MappingProxyType({CLOCK_AHEAD: CLOCK_STATUS})
"""Flags that are no measurement status of IEEE 11073, and whose code system is ours."""
STATUS_SYSTEMS = frozenset({MEASUREMENT_STATUS, *SYSTEM_OF_FLAG.values()})
