"""Observations that are facts about a device (battery, status, clock), and what they say.

In: an Observation, or one component of one. Out: which row of `devices.device_facts` it is, and
its value as text. HL7 PHD sends such Observations beside the measurements; they never become
records, and never keep a measurement from becoming one.
"""

from typing import Final

from devices.device_facts import DeviceFact, device_fact
from fhir_mapping import codes
from fhir_mapping.fhir_read.shapes import Concept

_MDC_SYSTEMS: Final = frozenset({codes.MDC, "urn:oid:2.16.840.1.113883.6.24"})


def fact_meant(concept: Concept | None) -> DeviceFact | None:
    """The kind of fact that a code means; None when it is none.

    >>> from fhir_mapping.fhir_read.shapes import Coding
    >>> fact_meant(Concept([Coding(codes.MDC, "67996")])).alias
    'battery'
    >>> fact_meant(Concept([Coding("http://loinc.org", "67996")])) is None
    True
    """
    if concept is None:
        return None
    for coding in concept.coding:
        if coding.system in _MDC_SYSTEMS and coding.code.isdecimal():
            row = device_fact(coding.code)
            if row is not None:
                return row
    return None
