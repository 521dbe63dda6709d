"""The values of an Observation: its own, those of its components, and what stands around them.

In: an `Observation`. Out: `Measured`. A component that a catalogue code names is a value of the
same act (a blood pressure's, or a pulse beside it); any other is a circumstance, told as text,
since it makes the measurement itself: two saturations under different oxygen are two.
"""

from collections.abc import Callable, Iterable
from typing import Final, get_args

import msgspec

from devices.admission import (
    NAME_CHARACTERS_MAX,
    NO_VALUE_FLAGS,
    TEXT_CHARACTERS_MAX,
)
from devices.catalogue import PANELS, metric, panel
from devices.reading import StatedFact, Value
from devices.wire import StatusFlag
from fhir_mapping import codes
from fhir_mapping.annotations import ANNOTATION_CHARACTERS_MAX, is_annotation
from fhir_mapping.fhir_read.answer import (
    COMPONENTS_MAX,
    Note,
    Refusal,
    Refused,
)
from fhir_mapping.fhir_read.device_facts import fact_meant, fact_said
from fhir_mapping.fhir_read.quantity import number_text, value_text
from fhir_mapping.fhir_read.shapes import Component, Concept, Observation
from fhir_mapping.fhir_read.surroundings import annotations_of
from fhir_mapping.fhir_read.terms import meant_by, unknown_code

WITHDRAWN: Final = "entered-in-error"
"""The status of what was no measurement."""
_PANELS: Final = frozenset(row.alias for row in PANELS)
_FAILED: Final = frozenset({"error", "not-a-number", "negative-infinity", "positive-infinity"})
_NOT_THERE: Final = frozenset(
    {
        "unknown",
        "asked-unknown",
        "temp-unknown",
        "not-asked",
        "asked-declined",
        "masked",
        "not-applicable",
        "unsupported",
        "not-performed",
        "not-permitted",
    }
)
"""FHIR's reasons for a missing value, as the two flags with which ours may be missing."""
_FLAG_OF_CODE: Final = {code: flag for flag, code in codes.INTERPRETATION_OF_FLAG.items()} | {
    flag: flag for flag in get_args(StatusFlag)
}
_encode = msgspec.json.Encoder(order="sorted").encode

_AROUND: Final = frozenset({"oxygen_flow"})
"""Beside another measurement it says how that was made, as in US Core's saturation: a circumstance,
in whatever words. Alone it is a value."""


_Part = tuple[frozenset[str], Component, str]
"""The rows that a code can mean, where its value stands, and the path."""


class Measured(msgspec.Struct, frozen=True, gc=False):
    """What an Observation measured.

    Each item is the rows that its code can mean, the value (of the first of them) or why there is
    none, and the path of its code; `key` is what our identifier calls it all. `is_part` says that
    it is coded as one component of a panel: the others may stand in Observations of their own.
    `facts` is what components say of the device itself; `refused` which components say nothing
    that can be taken.
    """

    items: list[tuple[frozenset[str], Value | Refused, str]]
    key: str
    is_part: bool
    circumstances: str
    facts: list[StatedFact]
    refused: list[Refused]


def measured_in(observation: Observation, path: str, notes: list[Note]) -> Measured:
    """All values with their flags and circumstances; raises `Refusal`."""
    if len(observation.component) > COMPONENTS_MAX:
        detail = f"{len(observation.component)} components, at most {COMPONENTS_MAX} are taken"
        raise Refusal("too-many-values", f"{path}.component", detail)
    code = observation.code
    if code is None:
        raise Refusal("field-missing", f"{path}.code", "code is missing")
    about = meant_by(code, f"{path}.code", notes)
    if not about:
        raise unknown_code(code, f"{path}.code")
    parts: list[_Part] = []
    facts: list[StatedFact] = []
    refused: list[Refused] = []
    around = _own_circumstances(observation, path)
    for place, component in enumerate(observation.component):
        at = f"{path}.component[{place}]"
        if component.code is None:
            refused.append(Refused("field-missing", f"{at}.code", "code is missing"))
            continue
        row = fact_meant(component.code)
        try:
            if row is not None:
                facts.append(fact_said(component, row, at))
                continue
            means = meant_by(component.code, f"{at}.code", notes)
        except Refusal as refusal:
            refused.append(refusal.refused)
            continue
        beside = means <= _AROUND and not about & _AROUND
        if means and not means & _PANELS and not beside:
            parts.append((means, component, at))
        else:
            coding = component.code.coding[0] if component.code.coding else None
            display, code_text = (coding.display, coding.code) if coding else ("", "")
            name = display or component.code.text or code_text
            _add_circumstance(around, name, _said(component, at), at)
    circumstances = _encode(around).decode() if around else ""
    first = min(about)
    if about & _PANELS:
        _check_no_value(observation, path)
        key = panel(first).key
    else:
        parts.insert(0, (about, observation, path))
        key = metric(first).key
    shared = _shared_flags(observation)
    if about & _PANELS:
        shared += _absent_flags(observation)
    parts += _unsaid(observation, about, parts, path)
    value_of = _taken_back if observation.status == WITHDRAWN else _value
    items = [
        (means, _or_why(value_of, means, part, circumstances, shared, at), f"{at}.code")
        for means, part, at in parts
    ]
    is_part = not about & _PANELS and bool(metric(first).panel)
    return Measured(items, key, is_part, circumstances, facts, refused)


def _unsaid(
    observation: Observation, about: frozenset[str], parts: list[_Part], path: str
) -> list[_Part]:
    """What a panel needs and a withdrawal of it does not name: all of it is taken back."""
    if observation.status != WITHDRAWN or not about & _PANELS:
        return []
    given = {min(means) for means, _, _ in parts}
    needed = (one for one in panel(min(about)).required if one not in given)
    return [(frozenset({one}), Component(), path) for one in needed]


def _taken_back(
    means: frozenset[str],
    _part: Component,
    circumstances: str,
    _shared: tuple[str, ...],
    _path: str,
) -> Value:
    """What was said to be an error, whatever it says beside that, and if it says nothing at all."""
    return Value(metric(min(means)), None, circumstances, ("invalid",))


def with_the_rest(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """The components of a panel that was split, and those that are needed beside them as not
    available: they leave what stands of the same act, or comes later, as it is.
    """
    given = {value.metric.alias: value for value in values}
    rest: list[Value] = []
    for alias in {value.metric.panel: value for value in values if value.metric.panel}:
        circumstances = next(one.circumstances for one in values if one.metric.panel == alias)
        rest += [
            Value(metric(needed), None, circumstances, ("not-available",))
            for needed in panel(alias).required
            if needed not in given
        ]
    return (*values, *rest)


def _or_why(
    value_of: Callable[..., Value],
    means: frozenset[str],
    part: Component,
    circumstances: str,
    shared: tuple[str, ...],
    path: str,
) -> Value | Refused:
    """The value, or why there is none: one bad value leaves its neighbours alone."""
    try:
        return value_of(means, part, circumstances, shared, path)
    except Refusal as refusal:
        return refusal.refused


def _value(
    means: frozenset[str],
    part: Component,
    circumstances: str,
    shared: tuple[str, ...],
    path: str,
) -> Value:
    row = metric(min(means))
    flags = (*shared, *_interpretations(part.interpretation), *_absent_flags(part))
    flags = tuple(dict.fromkeys(flags))
    quantity, reason = part.value_quantity, part.data_absent_reason
    if quantity is not None and reason is not None:
        detail = f"{row.alias} has a value and a reason for having none"
        raise Refusal("field-value", f"{path}.dataAbsentReason", detail)
    if quantity is not None:
        text = value_text(quantity, row, f"{path}.valueQuantity")
        return Value(row, text, circumstances, flags)
    other = _other_value(part)
    if other:
        detail = f"{row.alias} is given as {other}, only valueQuantity is taken"
        raise Refusal("value-malformed", f"{path}.{other}", detail)
    if NO_VALUE_FLAGS.isdisjoint(flags):
        detail = f"{row.alias} has no value, and no reason that FHIR knows why"
        raise Refusal("value-missing", f"{path}.valueQuantity", detail)
    return Value(row, None, circumstances, flags)


def _other_value(part: Component) -> str:
    """The name of a value that is no quantity; empty if there is none."""
    given = {
        "valueString": part.value_string is not None,
        "valueCodeableConcept": part.value_codeable_concept is not None,
        "valueDateTime": bool(part.value_date_time),
        "valueInteger": bool(bytes(part.value_integer)),
        "valueBoolean": bool(bytes(part.value_boolean)),
        "valueRange": bool(bytes(part.value_range)),
        "valueRatio": bool(bytes(part.value_ratio)),
        "valueSampledData": bool(bytes(part.value_sampled_data)),
    }
    return next((name for name, is_given in given.items() if is_given), "")


def _check_no_value(observation: Observation, path: str) -> None:
    name = "valueQuantity" if observation.value_quantity is not None else _other_value(observation)
    if name:
        detail = "a panel's values stand in its components"
        raise Refusal("field-value", f"{path}.{name}", detail)


def _shared_flags(observation: Observation) -> tuple[str, ...]:
    """What holds for all values: interpretation, and HL7 PHD's mark of test data."""
    is_test = any(
        one.system == codes.ACT_REASON and one.code == "HTEST" for one in observation.meta.security
    )
    marks = ("test-data",) if is_test else ()
    return (*_interpretations(observation.interpretation), *marks)


def _interpretations(concepts: Iterable[Concept]) -> tuple[str, ...]:
    return tuple(
        _FLAG_OF_CODE[coding.code]
        for concept in concepts
        for coding in concept.coding
        if coding.system in codes.STATUS_SYSTEMS and coding.code in _FLAG_OF_CODE
    )


def _absent_flags(part: Component) -> tuple[str, ...]:
    reason = part.data_absent_reason
    if reason is None:
        return ()
    said = {one.code for one in reason.coding if one.system == codes.DATA_ABSENT_REASON}
    if said & _FAILED:
        return ("invalid",)
    return ("not-available",) if said & _NOT_THERE else ()


def _own_circumstances(observation: Observation, path: str) -> dict[str, str]:
    """What our renderings say in extensions (a name, and a value unless it is empty), and what
    others say in elements."""
    around: dict[str, str] = {}
    for place, extension in enumerate(observation.extension):
        if extension.url == codes.CIRCUMSTANCE:
            at = f"{path}.extension[{place}]"
            parts = {one.url: one for one in extension.extension}
            name, value = parts.get("name"), parts.get("value")
            part = Component(
                value_quantity=value.value_quantity if value else None,
                value_string=value.value_string if value else None,
            )
            _add_circumstance(around, (name and name.value_string) or "", _said(part, at), at)
    for named, said, at in annotations_of(observation, path):
        if said:  # what is too long is cut, since no note may refuse a measurement
            _add_circumstance(around, named, said[:ANNOTATION_CHARACTERS_MAX], at)
    return around


def _add_circumstance(around: dict[str, str], name: str, said: str, path: str) -> None:
    most = ANNOTATION_CHARACTERS_MAX if is_annotation(name) else TEXT_CHARACTERS_MAX
    if not name or len(name) > NAME_CHARACTERS_MAX or len(said) > most:
        detail = (
            f"a circumstance needs a name of at most {NAME_CHARACTERS_MAX} characters "
            f"and a value of at most {most}"
        )
        raise Refusal("field-value", path, detail)
    if around.setdefault(name, said) != said:
        detail = f"{name} is {said!r} here but {around[name]!r} before"
        raise Refusal("components-contradict", path, detail)


def _said(component: Component, path: str) -> str:
    """A component's value as text, "2.0 L/min" for a quantity; empty where it has none."""
    quantity = component.value_quantity
    if quantity is not None:
        number = number_text(quantity, f"{path}.valueQuantity")
        unit = quantity.unit or quantity.code
        return f"{quantity.comparator}{number} {unit}".rstrip()
    concept = component.value_codeable_concept
    if concept is not None:
        shown = (one.display or one.code for one in concept.coding)
        return concept.text or next(shown, "")
    if component.value_string is not None:
        return component.value_string
    raw = (
        component.value_integer,
        component.value_boolean,
        component.value_range,
        component.value_ratio,
        component.value_sampled_data,
    )
    written = (bytes(one).decode("utf-8", "replace") for one in raw)
    return component.value_date_time or next(filter(None, written), "")
