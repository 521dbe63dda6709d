"""Measurements that are not as they came: taken back, corrected, in conflict, or not to be used.

In: a citizen's records and their earlier versions. Out: `Changed`, newest first. A value that
somebody saw an hour ago does not vanish without a word, and one that no rule and no curve uses is
seen by the person who decides. Pure: no clock, no store, no language. Called by
`alerting.api.pages`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from devices.wire import CLOCK_AHEAD
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record, Superseded

CHANGED_SHOWN_MAX = 20
Kind = Literal["withdrawn", "corrected", "conflict", "unusable", "clock-ahead"]
Values = tuple[str | None, ...]


class Changed(msgspec.Struct, frozen=True):
    """One measurement, by catalogue alias: what it says now, and what it said before, where it did.

    `at_ms` is when it became so, on the wall clock; 0 where it came so. `values` of what was taken
    back are empty.
    """

    kind: Kind
    about: str
    measured_ms: int
    values: Values
    before: Values
    at_ms: int
    observation: str


def changed(
    records: Iterable[Record], superseded: Callable[[bytes], Sequence[Superseded]]
) -> list[Changed]:
    """The newest of them; answers to questionnaires are none."""
    found = [
        one
        for record in records
        if not record.is_response and (one := _of(record, superseded)) is not None
    ]
    return sorted(found, key=lambda one: -one.measured_ms)[:CHANGED_SHOWN_MAX]


def _of(record: Record, superseded: Callable[[bytes], Sequence[Superseded]]) -> Changed | None:
    before = _before(record, superseded) if record.version > 1 else ()
    kind = _kind(record, before)
    if kind is None:
        return None
    return Changed(
        kind=kind,
        about=record.about,
        measured_ms=record.measured_ms,
        values=() if record.withdrawn else record.values,
        before=before,
        at_ms=record.updated_ms if kind in ("withdrawn", "corrected") else 0,
        observation=id_text(record.id),
    )


def _kind(record: Record, before: Values) -> Kind | None:
    there = [place for place, text in enumerate(record.values) if text is not None]
    if record.withdrawn:
        return "withdrawn"
    if record.conflict:
        return "conflict"
    if any(not record.usable(place) for place in there):
        return "unusable"
    if before and before != record.values:
        return "corrected"
    return "clock-ahead" if CLOCK_AHEAD in record.flags else None


def _before(record: Record, superseded: Callable[[bytes], Sequence[Superseded]]) -> Values:
    """The last values that somebody may have seen, other than those of now."""
    said = [
        was.values
        for was in superseded(record.identity)
        if any(was.values) and was.values != record.values
    ]
    return said[-1] if said else ()
