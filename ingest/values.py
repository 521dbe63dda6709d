"""The values of one act of measuring, each judged by itself.

In: the items of a payload and the device specialisation. Out: the values that stand, the facts
about the device, and a `Fault` for every other item. One impossible value does not refuse its
good neighbours: a refused 80 % could hide a dying patient. What stands or falls together:

- the required components of a panel (systolic and diastolic define each other); one of them is
  no blood pressure, so where one falls the other does. A mean stands or falls alone.
- what contradicts itself: a metric said twice with two values, where nobody can know which is
  right. Said twice with the same value it stands once, and the repetition is refused.
"""

from collections.abc import Iterator, Sequence

import msgspec

from devices.admission import NO_VALUE_FLAGS, Inadmissible, falling, value_in
from devices.catalogue import DeviceType, Metric, metric_for_code, panel
from devices.device_facts import DeviceFact, device_fact, fault_of
from devices.reading import StatedFact, Value
from devices.wire import Item
from ingest.rejection import Reason

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class Fault(msgspec.Struct, frozen=True, gc=False):
    """Why one item is refused: its place in the act, and as in `Rejection`.

    `whole` is the path that says it best when nothing of the act is left.
    """

    place: int
    reason: Reason
    path: str
    detail: str
    whole: str = ""


class Judged(msgspec.Struct, frozen=True, gc=False):
    """What stands of an act, in order of first appearance, and what does not, as it was found."""

    values: tuple[Value, ...]
    facts: tuple[StatedFact, ...]
    faults: list[Fault]


_Standing = dict[str, tuple[int, Value]]
"""The values that stand so far by alias, each with the place of its item."""


def judge(
    items: Sequence[Item], places: Sequence[int], kind: DeviceType, shared_flags: Sequence[str]
) -> Judged:
    """Judge every item; `places` are those that they have in the payload."""
    standing: _Standing = {}
    facts: dict[str, StatedFact] = {}
    faults: list[Fault] = []
    repeated: dict[str, list[int]] = {}
    beside: dict[str, list[dict[str, str]]] = {}
    has_panel = False
    for place, item in zip(places, items, strict=True):
        row = metric_for_code(item.c)
        fact = device_fact(item.c) if row is None else None
        found = (
            _value(item, row, place, kind, shared_flags)
            if fact is None
            else _fact(item, fact, place)
        )
        if isinstance(found, Value) and found.metric.alias not in standing:
            standing[found.metric.alias] = (place, found)
            has_panel = has_panel or found.metric.panel is not None
        elif isinstance(found, Fault):
            faults.append(found)
            if row is not None and row.panel and item.sup:
                beside.setdefault(row.panel, []).append(item.sup)
        elif isinstance(found, StatedFact):
            facts[found.fact.alias] = found
        else:
            faults.append(_repeated(item, found, place))
            if not found.says(standing[found.metric.alias][1]):
                repeated.setdefault(found.metric.alias, []).append(place)
    for alias in repeated:
        place, value = standing.pop(alias)
        faults.append(_repeated(items[places.index(place)], value, place))
    if has_panel:
        faults += _of_panels(standing)
        _keep_circumstances(standing, beside)
    values = tuple(value for _, value in standing.values())
    return Judged(values, tuple(facts.values()), faults)


def _fact(item: Item, fact: DeviceFact, place: int) -> StatedFact | Fault:
    text = item.val or ""
    detail = fault_of(fact, text, item.u)
    if detail:
        return Fault(place, Reason.DEVICE_FACT_INVALID, f"$.r[{place}].val", detail)
    return StatedFact(fact, text, item.u if fact.units else "")


def _value(
    item: Item, row: Metric | None, place: int, kind: DeviceType, shared_flags: Sequence[str]
) -> Value | Fault:
    if row is None:
        detail = f"c is {item.c!r}, which is no code or alias of the catalogue"
        return Fault(place, Reason.CODE_UNKNOWN, f"$.r[{place}].c", detail)
    if row.alias not in kind.metrics:
        detail = f"c is {item.c!r} ({row.alias}), which a {kind.name_en.lower()} cannot measure"
        return Fault(place, Reason.CODE_NOT_OF_DEVICE, f"$.r[{place}].c", detail)
    flags = tuple(dict.fromkeys((*shared_flags, *item.st))) if shared_flags or item.st else ()
    circumstances = _encode(item.sup).decode() if item.sup else ""
    if item.val is None:
        if NO_VALUE_FLAGS.isdisjoint(flags):
            detail = f"val of {row.alias} is missing and st does not say that the device failed"
            return Fault(place, Reason.VALUE_MISSING, f"$.r[{place}].val", detail)
        return Value(row, None, circumstances, flags)
    text = value_in(row, item.val, item.u)
    if isinstance(text, Inadmissible):
        field = "u" if text.field == "unit" else "val"
        detail = text.of(f"{field} of {row.alias}")
        return Fault(place, Reason(text.reason), f"$.r[{place}].{field}", detail)
    return Value(row, text, circumstances, flags)


def _repeated(item: Item, value: Value, place: int) -> Fault:
    detail = f"c {item.c!r} ({value.metric.alias}) stands twice in one reading"
    return Fault(place, Reason.CODE_REPEATED, f"$.r[{place}].c", detail)


def _of_panels(standing: _Standing) -> Iterator[Fault]:
    """What of panels falls, taken out of `standing`: by its circumstances, or by the others."""
    shared: dict[str | None, dict[str, str]] = {}
    for alias in sorted(standing, key=lambda one: not _is_required(standing[one][1].metric)):
        place, value = standing[alias]
        name = value.metric.panel
        odd = _other_circumstance(value, shared.setdefault(name, {})) if name else ""
        if odd:
            del standing[alias]
            yield Fault(place, Reason.COMPONENTS_CONTRADICT, f"$.r[{place}].sup", odd)
    for alias, wrong in falling({one: value.text for one, (_, value) in standing.items()}).items():
        place, _ = standing.pop(alias)
        reason, detail = Reason(wrong.reason), wrong.of("r")
        yield Fault(place, reason, f"$.r[{place}].val", detail, "$.r")


def _keep_circumstances(standing: _Standing, beside: dict[str, list[dict[str, str]]]) -> None:
    """Let a panel keep what its refused components said of the act, where nothing contradicts it:
    it is part of the identity, which must be the same once the whole of it can be taken."""
    for name, others in beside.items():
        parts = [alias for alias, (_, value) in standing.items() if value.metric.panel == name]
        said: dict[str, str] = {}
        for alias in parts:
            said |= _decode(standing[alias][1].circumstances or "{}")
        before = len(said)
        for other in others:
            if all(said.get(key, text) == text for key, text in other.items()):
                said |= other
        if parts and len(said) > before:
            place, value = standing[parts[0]]
            circumstances = _encode(said).decode()
            kept = msgspec.structs.replace(value, circumstances=circumstances)
            standing[parts[0]] = (place, kept)


def _is_required(row: Metric) -> bool:
    return row.panel is not None and row.alias in panel(row.panel).required


def _other_circumstance(value: Value, shared: dict[str, str]) -> str:
    """What a component says otherwise than those before it: one act has one arm, one posture."""
    said: dict[str, str] = _decode(value.circumstances) if value.circumstances else {}
    for name, text in said.items():
        if shared.get(name, text) != text:
            return f"{name[:64]} is {text!r} here but {shared[name]!r} at an earlier component"
    shared.update(said)
    return ""
