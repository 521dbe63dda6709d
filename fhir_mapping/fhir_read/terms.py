"""What a coded concept means: rows of the catalogue, by every code system that names them.

In: a CodeableConcept. Out: the aliases it can stand for. All codes of a concept must agree: what
one says and another does not is refused, since a diastolic pressure that is also coded as a heart
rate could be either. Codes of systems not listed here (SNOMED CT, a sender's own) are not asked.

Sources: the catalogue's; the addresses of the systems from HL7 Denmark core 3.7.0 and FUT IG
8.0.0 (both styles) and HL7's OIDs; MCS88019, MCS88020, MCS88200, MCS88206, NPU27280 and the codes
of what the catalogue has not from FUT's code systems, ZZ3170 from SKS.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from devices.catalogue import METRICS, OBSERVABLES, PANELS, Metric, Panel
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import Note, Refusal
from fhir_mapping.fhir_read.shapes import Coding, Concept

_SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        codes.LOINC: "LOINC",
        "urn:oid:2.16.840.1.113883.6.1": "LOINC",
        codes.MDC: "MDC",
        "urn:oid:2.16.840.1.113883.6.24": "MDC",
        "http://npu-terminology.org": "NPU",
        "urn:oid:1.2.208.176.2.1": "NPU",
        "http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-observation-codes": "MCS",
        "urn:oid:1.2.208.184.100.8": "MCS",
        "urn:oid:1.2.208.176.2.4": "SKS",
    }
)
_OTHER_CODES: Final = (
    ("MCS", "MCS88019", "systolic"),
    ("MCS", "MCS88020", "diastolic"),
    ("MCS", "MCS88200", "blood_pressure"),
    ("MCS", "MCS88206", "blood_pressure"),
    ("SKS", "ZZ3170", "blood_pressure"),
    ("NPU", "NPU27280", "spo2"),
    *((system, code, "body height") for system, code in (("NPU", "NPU03794"), ("LOINC", "8302-2"))),
    *((system, code, "BMI") for system, code in (("NPU", "NPU27281"), ("LOINC", "39156-5"))),
    ("MDC", "188740", "body height"),
    ("MDC", "188752", "BMI"),
    ("NPU", "NPU08676", "body temperature"),
    ("LOINC", "8310-5", "body temperature"),
    ("MDC", "150364", "body temperature"),
    ("MCS", "MCS88122", "respiration"),
    ("LOINC", "9279-1", "respiration"),
    ("MDC", "151562", "respiration"),
    ("NPU", "NPU19748", "CRP"),
    ("NPU", "NPU01423", "CRP"),
    ("NPU", "NPU22089", "glucose"),
    ("MCS", "MCS88099", "FEV1/FEV6"),
    ("MDC", "188936", "FEV1/FEV6"),
    ("MDC", "188944", "FEV0.75"),
    ("LOINC", "20149-1", "FEV1 predicted"),
)
"""Codes in use beside those of the catalogue. Those of measurements that the catalogue has not
are here to contradict: a weight is not also a height. Once the catalogue has a row with one of the
codes of a meaning, all of them mean that row."""


def _terms() -> dict[tuple[str, str], frozenset[str]]:
    found = _of_catalogue()
    row_of = {
        meaning: alias
        for system, code, meaning in _OTHER_CODES
        for alias in found.get((system, code), ())
    }
    for system, code, meaning in _OTHER_CODES:
        found.setdefault((system, code), {row_of.get(meaning, meaning)})
    return {key: frozenset(meanings) for key, meanings in found.items()}


def _of_catalogue() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    rows: tuple[Metric | Panel, ...] = (*METRICS, *PANELS)
    for row in rows:
        for loinc in row.loinc:
            found.setdefault(("LOINC", loinc.code), set()).add(row.alias)
        if row.mdc:
            found.setdefault(("MDC", row.mdc), set()).add(row.alias)
    for metric in METRICS:
        if metric.danish.code:
            key = (metric.danish_system.name, metric.danish.code)
            found.setdefault(key, set()).add(metric.alias)
    return found


_TERMS = _terms()
PULSES: Final = frozenset({"pulse_oximeter", "pulse_cuff"})
"""The only rows that share a code: LOINC and NPU do not say by which instrument."""
_TAKEN = frozenset(row.alias for row in METRICS) | frozenset(OBSERVABLES)


def meant_by(concept: Concept, path: str, notes: list[Note]) -> frozenset[str]:
    """The catalogue aliases that all known codes of the concept agree on; empty for none known.

    Several are left only for a pulse whose code does not say by which instrument. A code of a
    known system that is not known itself is noted when another one decides.
    """
    meaning: frozenset[str] | None = None
    known: list[tuple[Coding, frozenset[str]]] = []
    unknown: list[tuple[int, Coding]] = []
    for place, coding in enumerate(concept.coding):
        system = _SYSTEMS.get(coding.system)
        if system is None:
            continue
        says = _TERMS.get((system, coding.code))
        if says is None:
            unknown.append((place, coding))
            continue
        known.append((coding, says))
        meaning = says if meaning is None else meaning & says
    if meaning is None:
        return frozenset()
    if not meaning:
        raise Refusal("components-contradict", f"{path}.coding", _contradiction(known))
    for place, coding in unknown:
        detail = f"{said(coding)} is not known; the other codes decided"
        notes.append(Note(f"{path}.coding[{place}]", detail))
    return meaning & _TAKEN


def unknown_code(concept: Concept, path: str) -> Refusal:
    """The refusal of a concept that no row of the catalogue is meant by."""
    given = ", ".join(map(said, concept.coding[:8])) or f"only the text {concept.text[:64]!r}"
    return Refusal("code-unknown", path, f"{given}: no code of the catalogue")


def said(coding: Coding) -> str:
    """A coding in few words.

    >>> said(Coding("http://loinc.org", "8867-4"))
    'LOINC 8867-4'
    """
    system = _SYSTEMS.get(coding.system) or repr(coding.system[:80])
    return f"{system} {coding.code[:40]}"


def has_code(concept: Concept | None, system: str, code: str) -> bool:
    """Whether this code stands among the concept's."""
    return concept is not None and any(
        coding.code == code and coding.system == system for coding in concept.coding
    )


def _contradiction(known: list[tuple[Coding, frozenset[str]]]) -> str:
    """The first two codes that exclude each other; three can without any two doing so."""
    pairs = (
        (one, other)
        for place, other in enumerate(known)
        for one in known[:place]
        if one[1].isdisjoint(other[1])
    )
    (one, says), (other, contradicts) = next(pairs, (known[0], known[-1]))
    return (
        f"{said(one)} is {' or '.join(sorted(says))}, "
        f"but {said(other)} is {' or '.join(sorted(contradicts))}"
    )


assert all(len(meanings) == 1 or meanings == PULSES for meanings in _TERMS.values())
