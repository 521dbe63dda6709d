"""What stands around a measurement: how it came, where and by whom it was made, under what.

In: an `Observation` and where it stands. Out: KIH's three words on it, and what is known beside the
value, by the names of `annotations`, which are the same by whatever door: notes, site, method, the
sender's limits and marks. These leave the measurement the one it is, so that a withdrawal or a
correction with another note still finds it.
"""

from collections.abc import Iterator
from typing import Final, get_args

import msgspec

from devices.wire import Location, TransferredBy
from fhir_mapping import annotations, codes
from fhir_mapping.fhir_read.answer import Note, Refusal
from fhir_mapping.fhir_read.own import is_ours
from fhir_mapping.fhir_read.parties import UNREADABLE, Context, kind_of
from fhir_mapping.fhir_read.quantity import number_text
from fhir_mapping.fhir_read.shapes import (
    Coding,
    Concept,
    Extension,
    Observation,
    Quantity,
    Reference,
    Shape,
)

RESOLVED_TIMING: Final = (
    "http://ehealth.sundhed.dk/fhir/StructureDefinition/ehealth-resolved-timing"
)
QUALITY: Final = "http://ehealth.sundhed.dk/fhir/StructureDefinition/ehealth-quality"
_SCHEDULED = {"Resolved": True, "Adhoc": False, "Extra": False}
_UNSAID: Final = frozenset({"TBD", "TBD2", "none", "unknown", "None", "Unknown"})
"""FUT's codes for a quality that says nothing."""
PROFESSIONALS: Final = frozenset({"Practitioner", "PractitionerRole", "CareTeam", "Organization"})
_AT_HOME: Final = frozenset({"HH", "VR", "FLD"})
"""Encounters of HL7's v3-ActCode that take place where the citizen is: home, virtual, field."""


class Encounter(Shape, frozen=True):
    """Of an Encounter, what kind it is."""

    encounter_class: Coding = msgspec.field(default=Coding(), name="class")


class Surroundings(msgspec.Struct, frozen=True, gc=False):
    """KIH's words: how it was transferred, where it was measured, whether a plan asked for it."""

    transferred_by: str
    location: str
    scheduled: bool | None


def surroundings_of(observation: Observation, context: Context, by_device: bool) -> Surroundings:
    """What is said of how, where and why; raises `Refusal` for a word that KIH does not have.

    Where nothing is said: what names a device was transferred automatically, anything else was
    typed, by a professional if one performed it; an encounter decides where, else it was at home.
    """
    by = "automatic" if by_device else _typed_by(observation, context)
    location, scheduled = _place(observation, context), None
    for place, one in enumerate(observation.extension):
        at = f"{context.path}.extension[{place}]"
        if one.url == codes.TRANSFERRED_BY:
            by = _word(one, get_args(TransferredBy), at)
        elif one.url == codes.LOCATION:
            location = _word(one, get_args(Location), at)
        elif one.url == codes.SCHEDULED:
            scheduled = _word(one, ("scheduled", "notscheduled"), at) == "scheduled"
        elif one.url == RESOLVED_TIMING:
            scheduled = _resolved(one)
    return Surroundings(by, location, scheduled)


def annotations_of(observation: Observation, path: str) -> Iterator[tuple[str, str, str]]:
    """Name, text and path of what is known beside the value; of our own renderings nothing, since
    there it stands in extensions, and limits and marks follow from the record."""
    if is_ours(observation):
        return
    texts = dict.fromkeys(one.text.strip() for one in observation.note)
    yield annotations.COMMENT, "\n".join(filter(None, texts)), f"{path}.note"
    yield annotations.BODY_SITE, shown(observation.body_site), f"{path}.bodySite"
    yield annotations.METHODS, shown(observation.method), f"{path}.method"
    marks = dict.fromkeys(_marks(observation))
    yield annotations.ABNORMAL, " ".join(marks), f"{path}.interpretation"
    by = (one.display or one.reference for one in observation.performer if _is_other(one))
    yield annotations.PERFORMER, ", ".join(by), f"{path}.performer"
    for place, one in enumerate(observation.extension):
        at = f"{path}.extension[{place}]"
        if one.url == QUALITY:
            yield annotations.SITUATION, _quality(one), at
        elif one.url == RESOLVED_TIMING and _resolved(one) is False:
            yield annotations.SCHEDULED, "notscheduled", at
    for name, text in _ranges(observation).items():
        yield name, text, f"{path}.referenceRange"


def _marks(observation: Observation) -> Iterator[str]:
    for concept in observation.interpretation:
        if not any(one.system in codes.STATUS_SYSTEMS for one in concept.coding):
            yield _code(concept) or concept.text


def _is_other(performer: Reference) -> bool:
    """Whether it is somebody else than the citizen, who performs unless said otherwise."""
    return (performer.type or kind_of(performer.reference)) in PROFESSIONALS


def _quality(extension: Extension) -> str:
    parts = {part.url: part.value_codeable_concept for part in extension.extension}
    said = _code(parts.get("qualityCode"))
    return "" if said in _UNSAID or _code(parts.get("qualityType")) in _UNSAID else said


def _ranges(observation: Observation) -> dict[str, str]:
    """The sender's limits, as PHMR's: of an alarm as one text, a plain range by its ends."""
    said: dict[str, str] = {}
    for one in observation.reference_range:
        low, high = _end(one.low), _end(one.high)
        code = _code(one.type)
        if code in (annotations.RED, annotations.YELLOW):
            unit = next((end.code or end.unit for end in (one.low, one.high) if end), "")
            text = f"{low}..{high} {unit}".strip()
            said[code] = "; ".join(filter(None, (said.get(code, ""), text)))
        else:
            said |= {annotations.MINIMUM: low, annotations.MAXIMUM: high}
    return said


def _end(quantity: Quantity | None) -> str:
    """A range's end as it was written; empty where it is no number, which refuses nothing."""
    try:
        return "" if quantity is None else number_text(quantity, "")
    except Refusal:
        return ""


def shown(concept: Concept | None) -> str:
    """A concept in words: its text, else its first display or code."""
    if concept is None:
        return ""
    return concept.text or next((one.display or one.code for one in concept.coding), "")


def _code(concept: Concept | None) -> str:
    return next((one.code for one in concept.coding), "") if concept else ""


def _typed_by(observation: Observation, context: Context) -> str:
    return "typedbyhcprof" if _is_professional(observation, context) else "typed"


def _is_professional(observation: Observation, context: Context) -> bool:
    """Whether a professional performed it: as referred to, as found in the payload, or as typed."""
    kinds = {
        one.type or (found.kind if (found := context.find(one.reference)) else "")
        for one in observation.performer
    } | {kind_of(one.reference) for one in observation.performer}
    return not kinds.isdisjoint(PROFESSIONALS)


def _place(observation: Observation, context: Context) -> str:
    reference = observation.encounter.reference if observation.encounter else ""
    if not reference:
        return "home"
    path = f"{context.path}.encounter"
    found = context.find(reference)
    if found is None or found.kind != "Encounter":
        context.notes.append(Note(path, f"{reference[:200]!r} is not in the payload: at home?"))
        return "home"
    try:
        code = _decode_encounter(found.raw).encounter_class.code
    except UNREADABLE:
        context.notes.append(Note(found.path, "it is referred to, but cannot be read"))
        return "home"
    return "home" if code in _AT_HOME or not code else "institution"


def _word(extension: Extension, words: tuple[str, ...], path: str) -> str:
    if extension.value_code not in words:
        detail = f"it is {extension.value_code[:32]!r}, one of {', '.join(words)} is taken"
        raise Refusal("field-value", f"{path}.valueCode", detail)
    return extension.value_code


def _resolved(timing: Extension) -> bool | None:
    """FUT's resolved timing: of a plan, beside it (Adhoc, Extra), or not yet known."""
    concepts = [one.value_codeable_concept for one in timing.extension if one.url == "type"]
    codings = [coding for concept in concepts if concept for coding in concept.coding]
    return next((_SCHEDULED[one.code] for one in codings if one.code in _SCHEDULED), None)


_decode_encounter = msgspec.json.Decoder(Encounter).decode
