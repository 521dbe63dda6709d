"""What stands around a measurement: how it came, where and by whom it was made, under what.

In: an `Observation` and where it stands. Out: KIH's three words on it, circumstances, and notes on
what a record has no place for. Circumstances (body site, method, FUT's quality of the situation)
make the measurement itself, as on the wire; a note does not, since a withdrawal or a correction may
come with another one.
"""

from collections.abc import Iterator
from typing import Final, get_args

import msgspec

from devices.wire import Location, TransferredBy
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import Note, Refusal
from fhir_mapping.fhir_read.own import is_ours
from fhir_mapping.fhir_read.parties import UNREADABLE, Context, kind_of
from fhir_mapping.fhir_read.shapes import Coding, Concept, Extension, Observation, Shape

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
            if scheduled is not None:
                said = "planned" if scheduled else "beside the plan"
                detail = f"measured {said}; here the citizen's own plan decides that"
                context.notes.append(Note(at, detail))
    if by_device and by == "automatic" and _is_professional(observation, context):
        detail = "a professional performed it; by whom a device was used has no place here"
        context.notes.append(Note(f"{context.path}.performer", detail))
    return Surroundings(by, location, scheduled)


def circumstances_of(observation: Observation, path: str) -> Iterator[tuple[str, str, str]]:
    """Name, text and path of what makes it another measurement: site, method, situation."""
    for name, concept in (("bodySite", observation.body_site), ("method", observation.method)):
        said = shown(concept)
        if said:
            yield name, said, f"{path}.{name}"
    for place, one in enumerate(observation.extension):
        if one.url == QUALITY:
            parts = {part.url: part.value_codeable_concept for part in one.extension}
            kind, said = _code(parts.get("qualityType")), _code(parts.get("qualityCode"))
            if kind not in _UNSAID | {""} and said not in _UNSAID | {""}:
                yield f"quality {kind}", said, f"{path}.extension[{place}]"


def note_what_is_left_out(observation: Observation, context: Context) -> None:
    """Name what a record has no place for; of our own renderings all of it follows from records."""
    if is_ours(observation):
        return
    path = context.path
    for place in range(len(observation.note)):
        context.notes.append(Note(f"{path}.note[{place}]", "a note: it has no place here"))
    if observation.reference_range:
        detail = "reference ranges are not taken: here the citizen's own limits decide"
        context.notes.append(Note(f"{path}.referenceRange", detail))
    for place, concept in enumerate(observation.interpretation):
        if not any(one.system in codes.STATUS_SYSTEMS for one in concept.coding):
            detail = f"{shown(concept)[:64]!r} is not taken: here the rules judge"
            context.notes.append(Note(f"{path}.interpretation[{place}]", detail))


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
