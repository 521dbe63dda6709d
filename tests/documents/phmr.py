"""PHMR reports as others write them, from the parts of HL7 CDA that MedCom's profile uses."""

from collections.abc import Sequence

CPR = "7105480001"
NPU, MCS, LOINC = "1.2.208.176.2.1", "1.2.208.184.100.8", "2.16.840.1.113883.6.1"
MDC, MCI = "2.16.840.1.113883.6.24", "1.2.208.184.100.3"
MORNING = "20260218072940+0100"
VITAL, RESULTS, EQUIPMENT = "8716-3", "30954-2", "46264-8"


def observation(
    code: str,
    value: str,
    unit: str,
    *,
    system: str = NPU,
    methods: str = "POT AUT",
    id_: str = "",
    status: str = "completed",
    more: str = "",
    before: str = "",
) -> str:
    """One observation; `before` stands ahead of its value, `more` at its end."""
    said = "".join(
        f'<methodCode code="{one}" codeSystem="1.2.208.184.100.1"/>' for one in methods.split()
    )
    quantity = f'value="{value}"' if value else 'nullFlavor="NAV"'
    return (
        '<component><observation classCode="OBS" moodCode="EVN">'
        f'<id root="1.2.208.184" extension="{id_ or code + value}"/>'
        '<code nullFlavor="NI" codeSystem="2.16.840.1.113883.6.96">'
        f'<translation code="{code}" codeSystem="{system}"/></code>'
        f'<statusCode code="{status}"/>{before}'
        f'<value xsi:type="PQ" {quantity} unit="{unit}"/>{said}{more}</observation></component>'
    )


def comment(text: str) -> str:
    """A note of a person on an observation."""
    return (
        f'<entryRelationship typeCode="SUBJ"><act classCode="ACT" moodCode="EVN"><code '
        f'code="48767-8" codeSystem="{LOINC}"/><text>{text}</text></act></entryRelationship>'
    )


def organizer(*observations: str, time: str = MORNING, status: str = "completed") -> str:
    """What was measured together."""
    return (
        '<entry><organizer classCode="CLUSTER" moodCode="EVN">'
        f'<statusCode code="{status}"/><effectiveTime value="{time}"/>'
        f"{''.join(observations)}</organizer></entry>"
    )


def device(
    extension: str = "",
    *,
    root: str = MCI,
    kind: str = '<code nullFlavor="NI"/>',
    model: str = "Manufacturer: Nonin / Model: 3230",
) -> str:
    """One piece of medical equipment; `kind` is what stands as its code."""
    named = f'root="{root}" extension="{extension}"' if extension else 'nullFlavor="NI"'
    return (
        '<entry><organizer classCode="CLUSTER" moodCode="EVN"><statusCode code="completed"/>'
        f'<participant typeCode="SBJ"><participantRole classCode="MANU"><id {named}/>'
        f'<playingDevice classCode="DEV" determinerCode="INSTANCE">{kind}'
        f"<manufacturerModelName>{model}</manufacturerModelName></playingDevice>"
        "</participantRole></participant></organizer></entry>"
    )


def no_type(instrument: str) -> str:
    """A device's code as the field writes it: `NI`, with MedCom's number as a translation."""
    return (
        f'<code code="NI" codeSystem="{MDC}"><translation code="{instrument}" '
        f'codeSystem="{MCI}" displayName="Instrument"/></code>'
    )


def report(
    *entries: str,
    results: Sequence[str] = (),
    equipment: Sequence[str] = (),
    number: str = "d-1",
    cpr: str = CPR,
    header: str = "",
) -> bytes:
    """The whole document: vital signs, results and equipment of one citizen."""
    sections = "".join(
        f'<component><section><code code="{code}" codeSystem="{LOINC}"/>{"".join(parts)}'
        "</section></component>"
        for code, parts in ((VITAL, entries), (RESULTS, results), (EQUIPMENT, equipment))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<templateId root="2.16.840.1.113883.10.20.9"/><templateId root="1.2.208.184.11.1"/>'
        f'<id root="1.2.208.184" extension="{number}"/>'
        f'<code code="53576-5" codeSystem="{LOINC}"/><title>Hjemmemonitorering</title>'
        f'<effectiveTime value="20260218100000+0100"/>{header}'
        f'<recordTarget><patientRole><id root="1.2.208.176.1.2" extension="{cpr}"/></patientRole>'
        f"</recordTarget><component><structuredBody>{sections}</structuredBody></component>"
        "</ClinicalDocument>\n"
    ).encode()
