"""The names that a PHMR-DK document uses: templates, code systems, codes and their Danish words.

In: nothing. Out: constants and tables, read by the other files of this package. Sources: HL7 PHMR
R1 (November 2008) for 2.16.840.1.113883.10.20.9.*, CCD for …10.20.1.*, MedCom PHMR-DK and its
published examples for 1.2.208.184.*.

The four numbers under 2.25 are this project's own (an OID made from a random UUID, ITU-T X.667):
`OUR_RECORD` names a record, `OUR_CITIZEN` a citizen's key, `OUR_DEVICE` a device by its name, and
`OUR_CODES` is the code system of the codes that no standard has.
"""

from collections.abc import Mapping
from types import MappingProxyType

from devices.catalogue import DanishSystem, Metric

MEDCOM = "1.2.208.184"
MESSAGE_CODES = "1.2.208.184.100.1"
INSTRUMENT_CODES = "1.2.208.184.100.3"
CPR = "1.2.208.176.1.2"
SOR = "1.2.208.176.1.1"
LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"
MDC = "2.16.840.1.113883.6.24"
GENDER = "2.16.840.1.113883.5.1"
CONFIDENTIALITY = "2.16.840.1.113883.5.25"

OUR_RECORD = "2.25.108410755153079099395063346064172037915"
OUR_CITIZEN = "2.25.75783856861164799381423331355615318333"
OUR_DEVICE = "2.25.180353191593876413251763536166146533312"
OUR_CODES = "2.25.229572893458916251523438189660252182744"
OUR_NAME = "Hjemmepuls"

PHMR = "2.16.840.1.113883.10.20.9"
PHMR_DK = "1.2.208.184.11.1"
MEASURED_TOGETHER = "2.16.840.1.113883.10.20.1.35"
RESULT = "2.16.840.1.113883.10.20.1.31"
NUMERIC = "2.16.840.1.113883.10.20.9.8"
ALARM_RANGE = "1.2.208.184.11.1.2"
DEVICE_DEFINITION = "2.16.840.1.113883.10.20.9.4"
PRODUCT_CCD = "2.16.840.1.113883.10.20.1.52"
PRODUCT = "2.16.840.1.113883.10.20.9.9"
COMMENT = "2.16.840.1.113883.10.20.1.40"

REPORT_CODE = ("53576-5", "Personal Health Monitoring Report")
COMMENT_CODE = ("48767-8", "Annotation comment")
FACTS_CODE = ("record", "Hjemmepuls record")

SECTIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = MappingProxyType(
    {
        "vital-signs": (
            "8716-3",
            "Vital Signs",
            ("2.16.840.1.113883.10.20.1.16", "2.16.840.1.113883.10.20.9.2", PHMR_DK),
        ),
        "results": (
            "30954-2",
            "Results",
            ("2.16.840.1.113883.10.20.1.14", "2.16.840.1.113883.10.20.9.14", PHMR_DK),
        ),
        "medical-equipment": (
            "46264-8",
            "Medical Equipment",
            ("2.16.840.1.113883.10.20.1.7", "2.16.840.1.113883.10.20.9.1", PHMR_DK),
        ),
    }
)
"""LOINC code, title and templates of each section, in the order of a document. The keys of the
first two are what `Metric.phmr_section` says."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "POT": "Målt af borger",
        "PNT": "Målt af aut. sundhedsperson",
        "PCG": "Målt af anden omsorgsperson",
        "AUT": "Måling overført automatisk",
        "TPD": "Indtastet af borger",
        "TPR": "Indtastet af pårørende",
        "TPH": "Indtastet af aut. sundhedsperson",
        "TPC": "Indtastet af anden omsorgsperson",
    }
)
"""Who measured, and how the value got here (MedCom message codes)."""

METHODS_OF: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"automatic": ("POT", "AUT"), "typed": ("POT", "TPD"), "typedbyhcprof": ("PNT", "TPH")}
)
"""KIH's word for the transfer, as PHMR-DK's two method codes (KIH to PHMR mapping)."""

TRANSFERRED_BY_OF: Mapping[str, str] = MappingProxyType(
    {
        "AUT": "automatic",
        "TPD": "typed",
        "TPR": "typed",
        "TPC": "typed",
        "TPH": "typedbyhcprof",
    }
)
"""The way back: KIH knows three words, so a relative or other carer counts as typed at home."""

RANGES: Mapping[str, str] = MappingProxyType(
    {
        "RAL": "Terapeutiske grænseværdier for RØD alarm",
        "GAL": "Terapeutiske grænseværdier for GUL alarm",
    }
)

NULL_FLAVOR_OF_REASON: Mapping[str, str] = MappingProxyType(
    {"error": "UNK", "not-performed": "NAV"}
)
"""Why a value is withheld, as HL7 v3 says it: UNK, there is a proper value but it is not known
(the device says that the measurement is invalid); NAV, not available at this time (the device
says that it has none). The reasons are those of `fhir_mapping.codes.ABSENT_REASON_OF_FLAG`."""

FLAG_OF_NULL_FLAVOR: Mapping[str, str] = MappingProxyType(
    {"NAV": "not-available", "NASK": "not-available", "NA": "not-available"}
)
"""The way back, for a document from elsewhere; every other flavour means `invalid`."""

FLAG_DA: Mapping[str, str] = MappingProxyType(
    {
        "invalid": "Apparatet melder ugyldig måling",
        "questionable": "Apparatet melder tvivlsom måling",
        "not-available": "Apparatet har ingen måling",
        "calibration-ongoing": "Apparatet kalibreres",
        "test-data": "Testdata",
        "demo-data": "Demonstrationsdata",
        "validated-data": "Målingen er bekræftet på apparatet",
        "early-estimate": "Apparatets foreløbige skøn",
        "clock-ahead": "Apparatets ur gik hele timer foran og er stillet tilbage",
    }
)
"""The comment that a clinician reads for each flag of the device's measurement status."""

INSTRUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "UC-321PBT-C": "MCI00002",
        "UC-351PBT-Ci": "MCI00011",
        "UA-767PBT-C": "MCI00004",
        "UA-767PBT-Ci": "MCI00012",
        "Onyx II 9560": "MCI00005",
        "3230": "MCI00013",
        "Lung Monitor 4000": "MCI00014",
        "UT-302": "MCI00010",
    }
)
"""MedCom's instrument code of a model (KvalitetsIT kih-telecare-exporter, test data)."""

SYSTEM_OF: Mapping[DanishSystem, tuple[str, str]] = MappingProxyType(
    {
        DanishSystem.NPU: ("1.2.208.176.2.1", "NPU terminologien"),
        DanishSystem.MCS: ("1.2.208.184.100.8", "MedCom"),
    }
)
"""OID and name of each Danish code system; DNK codes are of the first."""

METRICS_OF_SIGNAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"pulse": ("pulse_oximeter", "pulse_cuff")}
)
"""The metrics that a personal limit is about, where that is not the one of the same name."""


def national_code(row: Metric) -> tuple[str, str, str]:
    """Code, code system and its name, as PHMR says this metric.

    A channel that has a code of its own has it because no Danish one exists: it is ours.

    >>> from devices.catalogue import metric
    >>> national_code(metric("weight"))
    ('NPU03804', '1.2.208.176.2.1', 'NPU terminologien')
    """
    if row.phmr.code:
        return row.phmr.code, OUR_CODES, OUR_NAME
    return row.danish.code, *SYSTEM_OF[row.danish_system]
