"""The payload: an Observation or QuestionnaireResponse, a Bundle of them, or FUT's
`$submit-measurement` Parameters.

In: bytes, from anywhere. Out: an `Answer`; never raises. Each resource is decoded by itself, so
one bad entry leaves its neighbours alone; only JSON that breaks off takes all with it. Other
resources serve the references of these two, or are noted as left out; so is, among others, a
response to a questionnaire that is none of ours.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from fhir_mapping.fhir_read.answer import (
    ENTRIES_MAX,
    FHIR_BYTES_MAX,
    Answer,
    Found,
    Note,
    Refusal,
    Refused,
    Source,
)
from fhir_mapping.fhir_read.parties import UNREADABLE, Context, Neighbour, Neighbours
from fhir_mapping.fhir_read.reading import is_clock, reading_of
from fhir_mapping.fhir_read.response import is_answered_here, response_of
from fhir_mapping.fhir_read.shapes import (
    Observation,
    decode_bundle,
    decode_entry,
    decode_head,
    decode_observation,
    decode_parameter,
    decode_parameters,
    decode_response,
)

BUNDLES: Final = frozenset({"searchset", "collection", "transaction", "batch"})
MEASUREMENT: Final = "measurement"
_PATH = re.compile(r" - at (?:`key` in )?`(?P<path>[^`]+)`$")
_NOTHING = Neighbours(())
_Found = list[Neighbour | Refused]


def read_fhir(payload: bytes, received_ms: int, source: Source = Source()) -> Answer:  # noqa: B008
    """All Observations and responses of a payload, in its order, as readings or refusals.

    `received_ms` is when it arrived (UTC, ms): a measurement may not be later.

    >>> read_fhir(b'{"resourceType":"Patient"}', 0).entries[0].detail
    "resourceType is 'Patient'; taken are Observation, QuestionnaireResponse, Bundle and Parameters"
    """
    answer = Answer([], [])
    if not payload.strip():
        answer.entries.append(Refused("payload-empty", "$", "the payload is empty"))
    elif len(payload) > FHIR_BYTES_MAX:
        detail = f"the payload has {len(payload)} bytes, at most {FHIR_BYTES_MAX} are taken"
        answer.entries.append(Refused("payload-too-large", "$", detail))
    else:
        try:
            _root(payload, received_ms, source, answer)
        except Refusal as refusal:
            answer.entries.append(refusal.refused)
        except UNREADABLE as error:
            answer.entries.append(_unreadable(payload, error, "$"))
    return answer


def _root(payload: bytes, received_ms: int, source: Source, answer: Answer) -> None:
    raw = msgspec.Raw(payload)
    kind = decode_head(raw).resource_type
    if kind in _TAKERS:
        one = Neighbour(kind, "", kind, "", raw)
        _TAKERS[kind](one, _NOTHING, received_ms, source, answer)
    elif kind == "Bundle":
        _bundle(raw, kind, received_ms, source, answer)
    elif kind == "Parameters":
        _parameters(raw, received_ms, source, answer)
    elif kind:
        detail = (
            f"resourceType is {kind[:64]!r}; taken are {', '.join(_TAKERS)}, Bundle and Parameters"
        )
        raise Refusal("field-value", "$.resourceType", detail)
    else:
        raise Refusal("field-missing", "$.resourceType", "resourceType is missing")


def _parameters(raw: msgspec.Raw, received_ms: int, source: Source, answer: Answer) -> None:
    """FUT's `$submit-measurement`: every `measurement` is a Bundle, or one resource alone."""
    measurements = 0
    for place, one in enumerate(decode_parameters(raw).parameter):
        path = f"Parameters.parameter[{place}]"
        try:
            parameter = decode_parameter(one)
            if parameter.name != MEASUREMENT:
                detail = f"parameter {parameter.name[:64]!r} is not {MEASUREMENT!r}, left out"
                answer.notes.append(Note(path, detail))
                continue
            measurements += 1
            at = f"{path}.resource"
            kind = decode_head(parameter.resource or b"{}").resource_type
            if kind in _TAKERS:
                found = Neighbour(at, "", kind, "", parameter.resource)
                _TAKERS[kind](found, _NOTHING, received_ms, source, answer)
            elif kind == "Bundle":
                _bundle(parameter.resource, at, received_ms, source, answer)
            else:
                detail = f"a {MEASUREMENT} is a Bundle, not {kind[:64] or 'nothing'}"
                raise Refusal("field-value", at, detail)
        except Refusal as refusal:
            answer.entries.append(refusal.refused)
        except UNREADABLE as error:
            answer.entries.append(_unreadable(one, error, path))
    if not measurements:
        detail = f"no parameter is named {MEASUREMENT!r}"
        raise Refusal("field-missing", "Parameters.parameter", detail)


def _bundle(raw: msgspec.Raw, path: str, received_ms: int, source: Source, answer: Answer) -> None:
    try:
        bundle = decode_bundle(raw)
    except UNREADABLE as error:
        answer.entries.append(_unreadable(raw, error, path))
        return
    if bundle.type not in BUNDLES:
        reason = "field-value" if bundle.type else "field-missing"
        detail = f"type is {bundle.type[:32]!r}, taken are {', '.join(sorted(BUNDLES))}"
        raise Refusal(reason, f"{path}.type", detail)
    if len(bundle.entry) > ENTRIES_MAX:
        detail = f"{len(bundle.entry)} entries, at most {ENTRIES_MAX} are taken"
        raise Refusal("too-many-readings", f"{path}.entry", detail)
    found: _Found = []
    for place, one in enumerate(bundle.entry):
        entry = _entry(one, f"{path}.entry[{place}]", answer)
        if entry is not None:
            found.append(entry)
    neighbours = Neighbours(one for one in found if isinstance(one, Neighbour))
    for entry in found:
        if isinstance(entry, Refused):
            answer.entries.append(entry)
        elif entry.kind in _TAKERS:
            _TAKERS[entry.kind](entry, neighbours, received_ms, source, answer)
    for left in neighbours.resources:
        if not left.used and left.kind == "Observation":
            _observation(left, neighbours, received_ms, source, answer, last=True)
        elif not left.used:
            detail = f"a {left.kind[:64]} that no Observation of the payload needs, left out"
            answer.notes.append(Note(left.path, detail))


def _entry(raw: msgspec.Raw, path: str, answer: Answer) -> Neighbour | Refused | None:
    """The resource of one entry, its head read; None for one without."""
    at = path
    try:
        entry = decode_entry(raw)
        if not bytes(entry.resource):
            method = f" ({entry.request.method[:16]})" if entry.request.method else ""
            answer.notes.append(Note(path, f"an entry without a resource{method}, left out"))
            return None
        at = f"{path}.resource"
        raw = entry.resource
        head = decode_head(raw)
    except UNREADABLE as error:
        return _unreadable(raw, error, at)
    if not head.resource_type:
        return Refused("field-missing", f"{at}.resourceType", "resourceType is missing")
    return Neighbour(at, entry.full_url, head.resource_type, head.id, entry.resource)


def _observation(
    one: Neighbour,
    neighbours: Neighbours,
    received_ms: int,
    source: Source,
    answer: Answer,
    last: bool = False,
) -> None:
    """Add what this Observation is to the answer.

    A device's clock in a Bundle waits to be referred to: what no measurement needs is, `last`, a
    fact about the device.
    """
    try:
        observation = decode_observation(one.raw)
    except UNREADABLE as error:
        one.used = True
        answer.entries.append(_unreadable(one.raw, error, one.path))
        return
    if is_grouping(observation):
        one.used = True
        detail = "it only groups the Observations that it refers to, which stand by themselves"
        answer.notes.append(Note(one.path, detail))
        return
    if is_clock(observation) and neighbours is not _NOTHING and not last:
        return
    one.used = True
    context = Context(one.path, one.full_url, received_ms, source, neighbours, answer.notes)
    answer.entries.append(_read(context, lambda: reading_of(observation, context)))


def _response(
    one: Neighbour, neighbours: Neighbours, received_ms: int, source: Source, answer: Answer
) -> None:
    """Add what this QuestionnaireResponse is to the answer; another's, in a Bundle, is left out."""
    try:
        response = decode_response(one.raw)
    except UNREADABLE as error:
        one.used = True
        answer.entries.append(_unreadable(one.raw, error, one.path))
        return
    if neighbours is not _NOTHING and not is_answered_here(response):
        return
    one.used = True
    context = Context(one.path, one.full_url, received_ms, source, neighbours, answer.notes)
    answer.entries.append(_read(context, lambda: response_of(response, context)))


def _read(context: Context, reading: Callable[[], Found]) -> Found | Refused:
    try:
        return reading()
    except Refusal as refusal:
        return refusal.refused
    finally:
        context.close()


def is_grouping(observation: Observation) -> bool:
    """Whether it has no value of its own, and names Observations that have.

    >>> is_grouping(Observation())
    False
    """
    has_value = observation.value_quantity is not None or bool(observation.component)
    return bool(observation.has_member) and not has_value


_TAKERS: Mapping[str, Callable[[Neighbour, Neighbours, int, Source, Answer], None]] = (
    MappingProxyType({"Observation": _observation, "QuestionnaireResponse": _response})
)
"""What becomes a record: every other resource serves these."""


def _unreadable(raw: bytes | msgspec.Raw, error: Exception, path: str) -> Refused:
    """Which reason the decoder's complaint is, with the path it names."""
    if isinstance(error, msgspec.ValidationError):
        message = str(error)
        found = _PATH.search(message)
        inner = found["path"].removeprefix("$") if found else ""
        return Refused("field-type", f"{path}{inner}", message[:300])
    try:
        bytes(raw).decode()
    except UnicodeDecodeError as fault:
        detail = f"byte {fault.start} is not utf-8: {fault.reason}"
        return Refused("payload-not-utf8", path, detail)
    if isinstance(error, RecursionError):
        return Refused("json-malformed", path, "objects or arrays are nested too deeply")
    return Refused("json-malformed", path, str(error)[:300])
