"""The records that a PHMR document holds.

In: a `Document`. Out: for each thing measured a `Record`, or the `Refusal` that says why not; one
that cannot be taken never blocks its neighbours.

An entry of ours (it has facts) gives back its record exactly: value, unit, time and methods from
CDA's own elements, the rest from the facts. The citizen is the one that the header names by our
key, None when it names none. Nothing here proves who wrote the document: that the key and the CPR
number are the same person's, and that an identity is not yet taken by another value, is for the
caller and the store to see.

An entry from elsewhere is mapped so:
  code          NPU, DNK, MCS and MDC codes of the catalogue, and the retired home codes
                MCS88019/MCS88020; codes of other systems are passed over, codes that name two
                different metrics are refused. NPU21692 is any pulse: the cuff's beside a blood
                pressure in the same organizer, else the oximeter's.
  value, unit   PHMR's unit or a UCUM unit of the catalogue; the unit alone says whether a
                saturation is a fraction. A PQ without unit has unit 1 (HL7 data types R1).
  blood pressure  the components of one organizer are one record; half of one is refused.
  no value      any nullFlavor: the flag `not-available` for NAV, NASK and NA, else `invalid`.
  methods       AUT automatic, TPH typedbyhcprof, TPD, TPR and TPC typed; a pair that KIH's word
                does not give back is kept among the circumstances.
  place, clock  home, and a clock of which nothing is known.
  device        the one that the observation names, else the only one of the document.
  identity      document and observation id stand in for what a device restarts (`boot`), so that
                reading a document again gives the same records. When two differ in value only,
                as in MedCom's own examples that repeat one id, the later is a twin.
"""

from collections.abc import Iterable, Iterator

import msgspec
from lxml import etree

from devices.admission import Window
from fhir_mapping.identity import id_bytes
from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Device, Document, Entry, Observation, Refusal, Section
from fhir_mapping.phmr.facts import Facts, fields_of, read_facts
from fhir_mapping.phmr.foreign import foreign_records
from fhir_mapping.phmr.measured import Measured, about_of, read_measured, refused_values
from fhir_mapping.phmr.moments import read_moment
from fhir_mapping.phmr.tree import find_all
from fhir_mapping.record import Record, twin_of, with_base
from fhir_mapping.status import absent_reason, flags_at


def records_from(document: Document, window: Window) -> list[Record | Refusal]:
    """Everything measured, in the order of the document; never raises for what it holds.

    `window` is what can have been measured when the document came.
    """
    if not document.sections:
        return [Refusal("component/structuredBody", "", "a section of measurements is needed")]
    devices = _equipment(document)
    found: list[Record | Refusal] = []
    for section in document.sections:
        place = f"section[{codes.SECTIONS[section.kind][0]}]"
        if section.kind == "medical-equipment":
            continue
        entries = (part for part in section.parts if isinstance(part, Entry))
        for number, entry in enumerate(entries, 1):
            path = f"{place}/entry[{number}]/organizer"
            found += _entry(document, entry, path, devices, window)
            found += _unread(entry, "organizer/component", path)
        found += _unread(section, "section/entry", place)
    citizen = next(
        (one.extension for one in document.patient.ids if one.root == codes.OUR_CITIZEN), None
    )
    told_apart = _told_apart(found)
    return [
        msgspec.structs.replace(item, citizen=citizen) if isinstance(item, Record) else item
        for item in told_apart
    ]


def _equipment(document: Document) -> list[Device]:
    parts = (part for section in document.sections for part in section.parts)
    return [part for part in parts if isinstance(part, Device)]


def _unread(part: Entry | Section, path: str, place: str) -> Iterator[Refusal]:
    """What stands among the listed parts and is none of them."""
    if not part.verbatim:
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for node in find_all(etree.fromstring(part.verbatim, parser), path):
        held = " ".join(
            etree.QName(child).localname for child in node if isinstance(child.tag, str)
        )
        yield Refusal(f"{place}/{path.rpartition('/')[2]}", held, "an organizer of observations")


def _entry(
    document: Document, entry: Entry, path: str, devices: list[Device], window: Window
) -> list[Record | Refusal]:
    """The record of an entry of ours, or the records of one from elsewhere."""
    time = read_moment(f"{path}/effectiveTime/@value", entry.time, window)
    if isinstance(time, Refusal):
        return [time]
    observations = list(entry.observations)
    about = about_of(observations)
    ours = [observation for observation in observations if observation.facts]
    if not ours:
        return foreign_records(document, entry, about, time, path, devices)
    measured: list[Measured] = []
    for number, observation in enumerate(observations, 1):
        item = read_measured(observation, about, f"{path}/component[{number}]/observation")
        if isinstance(item, Refusal):
            return [item]
        measured.append(item)
    return [_our_record(entry, ours[0], measured, time, path)]


def _our_record(
    entry: Entry, first: Observation, measured: list[Measured], time: tuple[int, int], path: str
) -> Record | Refusal:
    facts = read_facts(first.facts)
    if isinstance(facts, str):
        return Refusal(f"{path}//act[record]/text", first.facts, facts)
    known = [one.extension for one in entry.ids if one.root == codes.OUR_RECORD]
    record_id = id_bytes(known[0]) if len(known) == 1 else None
    if record_id is None:
        return Refusal(
            f"{path}/id/@extension", " ".join(known), f"one UUID under {codes.OUR_RECORD}"
        )
    abouts = {item.about for item in measured}
    if len(abouts) != 1:
        return Refusal(f"{path}/component", " ".join(sorted(abouts)), "a record is about one thing")
    transfers = {item.transferred_by for item in measured}
    if len(transfers) != 1:
        return Refusal(f"{path}//methodCode", " ".join(sorted(transfers)), "one way of transfer")
    about = abouts.pop()
    values = _values(about, measured, facts, path)
    if isinstance(values, Refusal):
        return values
    record = Record(
        id=record_id,
        about=about,
        values=values,
        measured_ms=time[0],
        offset_min=time[1],
        transferred_by=transfers.pop(),
        **fields_of(facts),
    )
    return with_base(record)


def _values(
    about: str, measured: list[Measured], facts: Facts, path: str
) -> tuple[str | None, ...] | Refusal:
    """The values in the catalogue's order; what was withheld comes from the facts."""
    texts = {item.row.alias: item.text for item in measured}
    if len(texts) < len(measured):
        return Refusal(f"{path}/component", about, "each metric stands once in an entry")
    aliases = measured[0].aliases
    if facts.values is None:
        values = tuple(texts.get(alias) for alias in aliases)
    else:
        values = facts.values
        shown = tuple(
            None if absent_reason(flags_at(facts.flags, facts.component_flags, place)) else text
            for place, text in enumerate(values)
        )
        if len(values) != len(aliases) or shown != tuple(texts.get(alias) for alias in aliases):
            limit = "values are those of the observations, and those that are withheld"
            return Refusal(f"{path}//act[record]/text", str(values), limit)
    return refused_values(about, values, f"{path}//act[record]/text") or values


def _told_apart(found: Iterable[Record | Refusal]) -> Iterator[Record | Refusal]:
    """Of two records with one identity, the second as a twin, or refused when it says the same."""
    seen: dict[bytes, tuple[str | None, ...]] = {}
    for item in found:
        if isinstance(item, Refusal) or item.identity not in seen:
            if isinstance(item, Record):
                seen[item.identity] = item.values
            yield item
            continue
        twin = twin_of(item)
        if seen[item.identity] == item.values or twin.identity in seen:
            yield Refusal("observation", item.about, "the same measurement stands there already")
            continue
        seen[twin.identity] = twin.values
        yield twin
