"""Observations that are facts about a device (battery, status, clock), and what they say.

In: an Observation, or one component of one. Out: which row of `devices.device_facts` it is, and
its value as text. HL7 PHD sends such Observations beside the measurements; they never become
records, and never keep a measurement from becoming one.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from devices.device_facts import DeviceFact, device_fact, fault_of
from devices.reading import Reading, StatedFact
from devices.wire import part_of
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import FACT_REFUSED, Found, Refusal
from fhir_mapping.fhir_read.moment import measured_at
from fhir_mapping.fhir_read.parties import Context, party_of
from fhir_mapping.fhir_read.shapes import Component, Concept, Observation

_UNIT_OF_MDC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "262688": "%",
        "264320": "s",
        "264338": "ms",
        "264339": "us",
        "264352": "min",
        "264384": "h",
        "264416": "d",
    }
)
"""MDC's unit codes (IEEE 11073-10101) as UCUM."""
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


def fact_said(part: Component, row: DeviceFact, path: str) -> StatedFact:
    """What an Observation, or one component, says of the device; raises `Refusal`.

    A status may be told bit by bit, each a component: then its text names all of them.
    """
    quantity = part.value_quantity
    text, unit = "", ""
    if quantity is not None:
        text = bytes(quantity.value).decode("utf-8", "replace").strip()
        unit = quantity.code or quantity.unit
        unit = _UNIT_OF_MDC.get(unit, unit)
    else:
        bits = part.component if isinstance(part, Observation) else []
        said = (_text(part), *(f"{_name(bit)}: {_text(bit)}" for bit in bits))
        text = ", ".join(filter(None, said))
    fault = fault_of(row, text, unit)
    if fault:
        raise Refusal(FACT_REFUSED, f"{path}.value[x]", fault)
    return StatedFact(row, text, unit)


def fact_reading(observation: Observation, row: DeviceFact, context: Context) -> Found:
    """An Observation that is a fact about a device, as a reading without values.

    Its device is the one it names, or that it is about; without either it is refused.
    """
    path = context.path
    context.open(observation)
    _, instant = measured_at(observation, context.window, path)
    fact = fact_said(observation, row, path)
    reference, at = observation.device, f"{path}.device"
    if reference is None:
        reference, at = observation.subject, f"{path}.subject"
    party = party_of(reference, at, context) if reference else None
    if party is None or not party.name:
        detail = f"{row.alias} is a fact about a device, and none is named"
        raise Refusal(FACT_REFUSED, f"{path}.device", detail)
    reading = Reading(
        message_id=observation.id[:64],
        message_seq=0,
        tenant=context.source.tenant,
        part=part_of(context.source.gateway),
        gateway=context.source.gateway,
        device=party.name,
        device_type="",
        model=party.model,
        firmware=party.firmware,
        slot=1,
        boot="",
        device_time=instant.device_time,
        measured_ms=instant.measured_ms,
        offset_min=instant.offset_min,
        clock_sync="",
        clock_device_ms=None,
        clock_gateway_ms=None,
        transferred_by="automatic",
        location="home",
        values=(),
        facts=(fact,),
    )
    return Found(reading, None, path)


def _name(bit: Component) -> str:
    concept = bit.code or Concept()
    shown = (one.display or one.code for one in concept.coding)
    return concept.text or next(shown, "") or "bit"


def _text(part: Component) -> str:
    concept = part.value_codeable_concept
    if concept is not None:
        shown = (one.display or one.code for one in concept.coding)
        return concept.text or next(shown, "")
    if part.value_string is not None:
        return part.value_string
    raw = bytes(part.value_integer) or bytes(part.value_boolean)
    return part.value_date_time or raw.decode("utf-8", "replace")
