"""The records that a PHMR document holds.

In: a `Document`. Out: for each thing measured a `Record`, or the `Refusal` that says why not; one
that cannot be taken never blocks its neighbours.

An entry of ours (it has facts) gives back its record exactly: value, unit, time and methods from
CDA's own elements, the rest from the facts. The citizen is the one that the header names by our
key, None when it names none. Nothing here proves who wrote the document: that the key and the CPR
number are the same person's, and that an identity is not yet taken by another value, is for the
caller and the store to see.

An entry from elsewhere is mapped so:
  code          NPU, DNK and MCS codes under either Danish system, MDC and LOINC codes of the
                catalogue, and codes in use beside them (`fhir_mapping.national`); codes of other
                systems are passed over, codes that name two different metrics are refused.
  value, unit   whatever names a unit of the catalogue; the unit alone says whether a saturation is
                a fraction. A PQ without unit has unit 1 (HL7 data types R1).
  joined        what one device measured at one instant, in however many organizers
                (`fhir_mapping.foreign`): the two ends of a blood pressure are one record.
  when          the observation's own time, to the minute at least, else its organizer's; of a
                period its beginning.
  what it is    an event (EVN) that is not negated: a goal, a request or a denial has a value, too.
  no value      any nullFlavor: the flag `not-available` for NAV, NASK and NA, else `invalid`.
  nullified     of an observation or its organizer: it is taken back.
  methods       AUT automatic, TPH typedbyhcprof, TPD, TPR and TPC typed; a pair that KIH's word
                does not give back is kept beside the value. Where none says how, what has a device
                came by itself, and all else was typed.
  place, clock  home, and a clock of which nothing is known.
  device        the one that the observation names, else the only one of the document that can
                have measured it. What kind it is need not be said.
  kept beside   comments, body site, alarm marks, ranges and limits, who measured, the number of
                the observation.
"""

from collections.abc import Iterable, Iterator
from itertools import count

import msgspec
from lxml import etree

from devices.admission import Instant, Window
from fhir_mapping.foreign import Made, Remarked, Stated, records_of_stated
from fhir_mapping.identity import id_bytes
from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Device, Document, Entry, Observation, Refusal, Section
from fhir_mapping.phmr.facts import Facts, fields_of, read_facts
from fhir_mapping.phmr.foreign import GATEWAY, NULLIFIED, Where, stated_of
from fhir_mapping.phmr.measured import Measured, about_of, read_measured, refused_values
from fhir_mapping.phmr.moments import read_moment
from fhir_mapping.phmr.tree import find_all
from fhir_mapping.record import Record, with_base
from fhir_mapping.status import absent_reason, flags_at

_TO_THE_MINUTE = len("201401060802")


class Taken(msgspec.Struct, frozen=True):
    """The whole answer; each item has the number of its (first) observation in the document."""

    made: list[Made]
    refusals: list[tuple[int, Refusal]]
    remarks: list[Remarked]


def records_from(document: Document, window: Window) -> list[Record | Refusal]:
    """Everything measured, in the order of the document; never raises for what it holds.

    `window` is what can have been measured when the document came.
    """
    taken = read_report(document, window)
    items: list[tuple[int, Record | Refusal]] = [(one.place, one.record) for one in taken.made]
    return [item for _, item in sorted((*items, *taken.refusals), key=lambda one: one[0])]


def read_report(document: Document, window: Window) -> Taken:
    """The same, with what a nullified entry or a later version takes back or corrects."""
    if not document.sections:
        limit = "a section of measurements is needed"
        return Taken([], [(0, Refusal("component/structuredBody", "", limit))], [])
    reader = _Reader(document, window)
    for section in document.sections:
        place = f"section[{codes.SECTIONS[section.kind][0]}]"
        if section.kind == "medical-equipment":
            continue
        entries = (part for part in section.parts if isinstance(part, Entry))
        for number, entry in enumerate(entries, 1):
            path = f"{place}/entry[{number}]/organizer"
            reader.read(entry, path)
            reader.refuse(_unread(entry, "organizer/component", path))
        reader.refuse(_unread(section, "section/entry", place))
    return reader.taken()


class _Reader:
    """Walks through the entries of one document and numbers what stands in them."""

    def __init__(self, document: Document, window: Window) -> None:
        self._document, self._window = document, window
        self._devices = _equipment(document)
        self._places = count()
        self._clusters = count()
        self._own: list[Made] = []
        self._stated: list[Stated] = []
        self._refusals: list[tuple[int, Refusal]] = []

    def read(self, entry: Entry, path: str) -> None:
        """The record of an entry of ours, or the values of one from elsewhere."""
        place, cluster = next(self._places), next(self._clusters)
        if any(observation.facts for observation in entry.observations):
            time = read_moment(f"{path}/effectiveTime/@value", entry.time, self._window)
            found = time if isinstance(time, Refusal) else _own(entry, time, path)
            if isinstance(found, Refusal):
                self._refusals.append((place, found))
            else:
                withdrawn = entry.status.lower() == NULLIFIED
                self._own.append(Made(place, found, withdrawn=withdrawn))
            return
        for number, observation in enumerate(entry.observations, 1):
            at = f"{path}/component[{number}]/observation"
            here = next(self._places)
            time = self._time(observation, entry, path, at)
            stated = (
                time
                if isinstance(time, Refusal)
                else stated_of(observation, entry, Where(here, cluster, time[0], at), self._devices)
            )
            if isinstance(stated, Refusal):
                self._refusals.append((here, stated))
            else:
                self._stated.append(stated)

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Note what stands where an entry or an observation should."""
        self._refusals += [(next(self._places), refusal) for refusal in refusals]

    def taken(self) -> Taken:
        """All of it; of a document that replaces an earlier one everything is a correction."""
        sent = read_moment("effectiveTime/@value", self._document.created, self._window)
        sent_ms = 0 if isinstance(sent, Refusal) else sent[0].measured_ms
        made, unmade, remarks = records_of_stated(self._stated, GATEWAY, sent_ms)
        refusals = [
            (one.place, Refusal(one.path, one.value, one.limit, one.reason)) for one in unmade
        ]
        citizen = next(
            (one.extension for one in self._document.patient.ids if one.root == codes.OUR_CITIZEN),
            None,
        )
        replace = msgspec.structs.replace
        everything = [
            replace(
                one,
                record=replace(one.record, citizen=citizen),
                corrected=one.corrected or self._document.replaces,
            )
            for one in (*self._own, *made)
        ]
        return Taken(everything, [*self._refusals, *refusals], remarks)

    def _time(
        self, observation: Observation, entry: Entry, path: str, at: str
    ) -> tuple[Instant, int] | Refusal:
        is_own = len(observation.time) >= _TO_THE_MINUTE or not entry.time
        text, where = (observation.time, at) if is_own and observation.time else (entry.time, path)
        return read_moment(f"{where}/effectiveTime/@value", text, self._window)


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


def _own(entry: Entry, time: tuple[Instant, int], path: str) -> Record | Refusal:
    """The record of an entry of ours."""
    observations = list(entry.observations)
    about = about_of(observations)
    ours = [observation for observation in observations if observation.facts]
    measured: list[Measured] = []
    for number, observation in enumerate(observations, 1):
        item = read_measured(observation, about, f"{path}/component[{number}]/observation")
        if isinstance(item, Refusal):
            return item
        measured.append(item)
    return _our_record(entry, ours[0], measured, time, path)


def _our_record(
    entry: Entry, first: Observation, measured: list[Measured], time: tuple[Instant, int], path: str
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
        measured_ms=time[0].measured_ms,
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
