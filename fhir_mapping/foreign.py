"""Values of others' documents joined into records: one set of rules for KIH and PHMR.

In: what a document states, value by value (`Stated`): the reader of each format says what a code, a
unit, a time and an instrument are. Out: records, each with its place in the document; what could
not be made one; and remarks on what was decided.

  act           what one instrument measured at one instant, in however many entries
  pressure      its parts are one record, those of one entry first; a mean may stand alone
  pulse         its code is that of two rows: a cuff's beside a pressure or by a cuff, else the
                oximeter's, with a remark
  taken back    of a whole act: a withdrawal; of one part of a pressure: that part is invalid
  identity      instrument, instant and code. Not the document and not its numbers, since one
                measurement is exported again and again under new ones; these are kept beside it
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from devices.admission import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Instant, falling
from devices.catalogue import DEVICE_TYPES, METRICS, DeviceType, metric, panel
from devices.reading import Reading, Value
from devices.wire import part_of
from fhir_mapping.annotations import (
    ANNOTATION_CHARACTERS_MAX,
    COMMENT,
    METHODS,
    SOURCE,
    written,
)
from fhir_mapping.national import TYPE_OF_INSTRUMENT, type_of
from fhir_mapping.record import Record, records_of
from fhir_mapping.stand_in import UNNAMED
from fhir_mapping.status import Flags

NO_NAME: Final = "unknown"
"""The device of a document that names none, where an instrument sent the value."""
_ORDER = {row.alias: place for place, row in enumerate(METRICS)}
_INVALID: Flags = ("invalid",)
_TO_THE_SECOND = len("2026-02-18T07:29:40")


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """What it was measured with, as far as the document says; `kinds` are MDC or MedCom codes."""

    name: str = ""
    kinds: tuple[str, ...] = ()
    model: str = ""
    firmware: str = ""


class Stated(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One value as a document states it, in the catalogue's unit.

    `place` is its number in the document, `path` where it stands, `cluster` what stands together;
    `aliases` are the rows that its code can mean, `said` what is said beside it.
    """

    place: int
    path: str
    code: str
    aliases: tuple[str, ...]
    text: str | None
    instrument: Instrument
    instant: Instant
    transferred_by: str
    said: Mapping[str, str]
    flags: Flags = ()
    location: str = "home"
    scheduled: bool = False
    cluster: int = 0
    withdrawn: bool = False

    @property
    def how(self) -> tuple[str, ...]:
        """In which way it was measured: one for all parts of a measurement."""
        scheduled = "scheduled" if self.scheduled else ""
        return self.transferred_by, self.location, scheduled, self.said.get(METHODS, "")


class Made(msgspec.Struct, frozen=True, gc=False):
    """A record, and whether the document takes it back, whole or in part."""

    place: int
    record: Record
    withdrawn: bool = False
    corrected: bool = False


class Unmade(msgspec.Struct, frozen=True, gc=False):
    """A value that is no record, or no part of one: where, what stands there, what may, why."""

    place: int
    path: str
    value: str
    limit: str
    reason: str = "field-value"


class Remarked(msgspec.Struct, frozen=True, gc=False):
    """Something that was decided about a value that was taken."""

    path: str
    value: str
    meaning: str


class _Fault(Exception):  # noqa: N818  never leaves the module: it becomes an Unmade
    def __init__(self, value: str, limit: str, reason: str = "field-value") -> None:
        super().__init__(limit)
        self.value, self.limit, self.reason = value, limit, reason


def records_of_stated(
    stated: Iterable[Stated], gateway: str, sent_ms: int = 0
) -> tuple[list[Made], list[Unmade], list[Remarked]]:
    """The records of a document, by the places of their first values; never raises.

    `gateway` stands for the kind of document, `sent_ms` is when it was written (0: not said).
    """
    acts: dict[tuple[str, int], list[Stated]] = {}
    for one in stated:
        acts.setdefault((one.instrument.name, one.instant.measured_ms), []).append(one)
    made: list[Made] = []
    unmade: list[Unmade] = []
    remarks: list[Remarked] = []
    for act in acts.values():
        aliases = frozenset(one.aliases[0] for one in act)
        for whole in _groups(act):
            group, fallen = _standing(whole)
            unmade += fallen
            try:
                if group:
                    made.append(_made(group, aliases, gateway, sent_ms, remarks))
            except _Fault as fault:
                unmade += [
                    Unmade(one.place, one.path, fault.value, fault.limit, fault.reason)
                    for one in group
                ]
    return sorted(made, key=lambda one: one.place), unmade, remarks


def _groups(act: Sequence[Stated]) -> list[list[Stated]]:
    """What becomes one record: the parts of a panel together, all else alone."""
    alone = [[one] for one in act if metric(one.aliases[0]).panel is None]
    panels: dict[str, list[Stated]] = {}
    for one in act:
        name = metric(one.aliases[0]).panel
        if name:
            panels.setdefault(name, []).append(one)
    return [*(group for parts in panels.values() for group in _panel_groups(parts)), *alone]


def _panel_groups(parts: Sequence[Stated]) -> list[list[Stated]]:
    """Whole panels as they stand together; what is left over from all entries is one more.

    Parts stand in the catalogue's order, so that the document's makes no difference. The same part
    with the same value is said once more, and left out.
    """
    clusters: dict[int, list[Stated]] = {}
    for one in parts:
        clusters.setdefault(one.cluster, []).append(one)
    whole = [group for group in clusters.values() if _is_whole(group)]
    rest = [one for group in clusters.values() if not _is_whole(group) for one in group]
    if rest and len(whole) == 1 and not {one.aliases[0] for one in rest} & _names(whole[0]):
        whole, rest = [[*whole[0], *rest]], []
    groups = [*whole, rest] if rest else whole
    return [sorted(_once(group), key=lambda one: _ORDER[one.aliases[0]]) for group in groups]


def _once(group: Sequence[Stated]) -> list[Stated]:
    return list(
        {(one.aliases[0], one.text, one.withdrawn): one for one in reversed(group)}.values()
    )


def _names(group: Iterable[Stated]) -> set[str]:
    return {one.aliases[0] for one in group}


def _is_whole(group: Sequence[Stated]) -> bool:
    """Whether all that a panel needs is there, each part once."""
    names = _names(group)
    required = panel(metric(group[0].aliases[0]).panel or "").required
    return len(names) == len(group) and names.issuperset(required)


def _standing(group: Sequence[Stated]) -> tuple[list[Stated], list[Unmade]]:
    """What of a group can stand together, and what falls; a mean stands where its ends fall."""
    if all(one.withdrawn for one in group) or len(_names(group)) < len(group):
        return list(group), []
    faults = falling({one.aliases[0]: None if one.withdrawn else one.text for one in group})
    fallen = [
        Unmade(one.place, one.path, fault.value, fault.limit, fault.reason)
        for one in group
        if (fault := faults.get(one.aliases[0])) is not None
    ]
    return [one for one in group if one.aliases[0] not in faults], fallen


def _made(
    group: Sequence[Stated],
    act: frozenset[str],
    gateway: str,
    sent_ms: int,
    remarks: list[Remarked],
) -> Made:
    first = min(group, key=lambda one: one.place)
    kind, alias = _kind(group[0], act, remarks)
    names = [alias] if alias else [one.aliases[0] for one in group]
    if len(set(names)) < len(names):
        raise _Fault(first.code, "it stands twice for one instrument and time", "code-repeated")
    if any(one.how != first.how for one in group):
        ways = " / ".join(dict.fromkeys(" ".join(filter(None, one.how)) for one in group))
        raise _Fault(ways, "one measurement is made in one way")
    taken_back = all(one.withdrawn for one in group)
    texts = {
        name: None if one.withdrawn and not taken_back else one.text
        for name, one in zip(names, group, strict=True)
    }
    circumstances = written(_said(names, group))
    values = tuple(
        Value(metric(name), texts[name], circumstances, _flags(one, taken_back=taken_back))
        for name, one in zip(names, group, strict=True)
    )
    (record,) = records_of(_reading(first, kind, values, gateway, sent_ms))
    record = msgspec.structs.replace(record, scheduled=first.scheduled)
    partly = not taken_back and any(one.withdrawn for one in group)
    return Made(first.place, record, withdrawn=taken_back, corrected=partly)


def _flags(one: Stated, *, taken_back: bool) -> Flags:
    own = one.flags if taken_back or not one.withdrawn else _INVALID
    return (*own, *one.instant.flags)


def _said(names: Sequence[str], group: Sequence[Stated]) -> dict[str, str]:
    """What is said of all parts together; where they differ, each under its own name.

    Comments are one text, and of the sender's numbers the first stands for the whole.
    """
    said: dict[str, str] = {}
    for key in dict.fromkeys(key for one in group for key in one.said):
        texts = [one.said.get(key, "") for one in group]
        if key == COMMENT:
            said[key] = "\n".join(dict.fromkeys(filter(None, texts)))
        elif key == SOURCE:
            said[key] = " ".join(dict.fromkeys(filter(None, texts)))
        elif len(set(texts)) == 1:
            said[key] = texts[0]
        else:
            pairs = zip(names, texts, strict=True)
            said |= {f"{key} {name}": text for name, text in pairs if text}
    return {key: text[:ANNOTATION_CHARACTERS_MAX] for key, text in said.items()}


def _reading(
    one: Stated, kind: str, values: tuple[Value, ...], gateway: str, sent_ms: int
) -> Reading:
    instrument = one.instrument
    by_hand = one.transferred_by != "automatic"
    name = instrument.name.replace("/", "-").strip() or (UNNAMED if by_hand else NO_NAME)
    return Reading(
        message_id="",
        message_seq=0,
        tenant="",
        part=part_of(gateway),
        gateway=gateway,
        device=name[:NAME_CHARACTERS_MAX].strip(),
        device_type=kind,
        model=instrument.model[:TEXT_CHARACTERS_MAX],
        firmware=instrument.firmware[:TEXT_CHARACTERS_MAX],
        slot=1,
        boot="",
        device_time=one.instant.device_time[:_TO_THE_SECOND],
        measured_ms=one.instant.measured_ms,
        offset_min=one.instant.offset_min,
        clock_sync="",
        clock_device_ms=None,
        clock_gateway_ms=None,
        transferred_by=one.transferred_by,
        location=one.location,
        values=values,
        sent_ms=sent_ms,
    )


def _kind(one: Stated, act: frozenset[str], remarks: list[Remarked]) -> tuple[str, str]:
    """The device type, and which row a code with several stands for (empty: no question).

    What the instrument is said to be comes first, then what it measured besides: a pulse beside a
    blood pressure is a cuff's.
    """
    beside = act - set(one.aliases)
    named = tuple(_named(one.instrument.kinds))
    types = [row for row in named if not row.metrics.isdisjoint(one.aliases)] or [
        row for row in DEVICE_TYPES if not row.metrics.isdisjoint(beside)
    ]
    alias = next(
        (alias for row in types for alias in one.aliases if alias in row.metrics), one.aliases[0]
    )
    known = any(alias in row.metrics for row in types)
    if len(one.aliases) > 1 and not known:
        meaning = f"its code is that of {' and '.join(one.aliases)}; taken as {alias}"
        remarks.append(Remarked(one.path, one.code, meaning))
    kind = next((row for row in types if alias in row.metrics), None) if known else None
    kind = kind or type_of(one.instrument.kinds, frozenset({alias}))
    return kind.mdc, alias if len(one.aliases) > 1 else ""


def _named(kinds: Iterable[str]) -> Iterable[DeviceType]:
    """The device types that an instrument is said to be."""
    wanted = {TYPE_OF_INSTRUMENT.get(kind, kind) for kind in kinds}
    return (row for row in DEVICE_TYPES if row.mdc in wanted)
