"""What of an Observation's values stands: each judged by itself, as `ingest.values` does for MQTT.

In: `Measured`, and what kinds of device it can have been. Out: the values that stand, each of one
row of the catalogue, and a `Refused` for every other. A pulse gets its instrument. Raises the first
refusal when no value is left.
"""

import msgspec

from devices.admission import falling
from devices.catalogue import DeviceType, metric
from devices.reading import Value
from fhir_mapping.fhir_read.answer import Note, Refusal, Refused
from fhir_mapping.fhir_read.parties import Context
from fhir_mapping.fhir_read.terms import PULSES
from fhir_mapping.fhir_read.values import Measured, with_the_rest

_Standing = dict[str, tuple[str, Value]]
"""The values that stand so far by alias, each with the path of its code."""


def settled(
    measured: Measured, kinds: tuple[DeviceType, ...], context: Context
) -> tuple[tuple[Value, ...], tuple[Refused, ...]]:
    """What stands, in order of appearance, and what does not."""
    standing, refused = _told_once(measured, kinds, context)
    refused += measured.refused
    if measured.is_part:
        for value in with_the_rest(tuple(value for _, value in standing.values())):
            standing.setdefault(value.metric.alias, (context.path, value))
    whole = f"{context.path}.component"
    texts = {alias: value.text for alias, (_, value) in standing.items()}
    fallen = [
        (standing.pop(alias)[0].removesuffix(".code"), wrong)
        for alias, wrong in falling(texts).items()
    ]
    if not standing:
        for wrong in refused:
            raise Refusal(wrong.reason, wrong.path, wrong.detail)
        for _, fault in fallen:
            raise Refusal.of(fault, whole, "component")
        detail = "the panel has no components: values of other Observations are not joined to it"
        raise Refusal("component-missing", whole, detail)
    refused += (Refusal.of(fault, path, "component").refused for path, fault in fallen)
    return tuple(value for _, value in standing.values()), tuple(refused)


def _told_once(
    measured: Measured, kinds: tuple[DeviceType, ...], context: Context
) -> tuple[_Standing, list[Refused]]:
    """Each metric once. Told with two values nobody can know which is right, and both are refused;
    told again with the same one it stands, and the repetition is refused."""
    certain = {next(iter(aliases)) for aliases, _, _ in measured.items if len(aliases) == 1}
    standing: _Standing = {}
    refused: list[Refused] = []
    clashing: set[str] = set()
    for aliases, said, path in measured.items:
        if isinstance(said, Refused):
            refused.append(said)
            continue
        alias = said.metric.alias
        if len(aliases) > 1:
            alias = _pulse(certain, kinds)
            if not alias:
                alias = "pulse_oximeter"
                detail = "the code is that of an oximeter's and a cuff's pulse; taken as the former"
                context.notes.append(Note(path, detail))
        value = msgspec.structs.replace(said, metric=metric(alias))
        if alias not in standing:
            standing[alias] = (path, value)
            continue
        refused.append(_repeated(alias, path))
        if not value.says(standing[alias][1]):
            clashing.add(alias)
    refused += [_repeated(alias, standing.pop(alias)[0]) for alias in sorted(clashing)]
    return standing, refused


def _repeated(alias: str, path: str) -> Refused:
    return Refused("code-repeated", path, f"{alias} stands twice in one Observation")


def _pulse(certain: set[str], kinds: tuple[DeviceType, ...]) -> str:
    if "systolic" in certain:
        return "pulse_cuff"
    if "spo2" in certain:
        return "pulse_oximeter"
    can = {alias for kind in kinds for alias in kind.metrics} & PULSES
    return next(iter(can)) if len(can) == 1 else ""
