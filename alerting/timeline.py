"""What is known about a citizen, as changes of the profile at their own instants.

In: the citizen, personal limits, facts and devices as the store holds them. Out: `Moment`s in the
order of time: settings of the profile that begin to hold, and signals whose device was exchanged.
Called by `alerting.roster`; brought into force by `alerting.engine`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np

from alerting.local_time import local_days
from alerting.rules import signal_index
from alerting.sittings import SIGNAL_OF
from devices.device_types import device_type
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Fact, FactKind, Limits

SIDES = ("low_red", "low_yellow", "high_yellow", "high_red")
PERSONAL = (*SIDES, *(f"rel_{side}" for side in SIDES), "base")
"""The fields of the profile that hold one number per signal."""
FLAGS: Mapping[str, tuple[FactKind, ...]] = {
    "on_oxygen": ("oxygen",),
    "scale2": ("scale2",),
    "treated": ("prednisolone", "antibiotic"),
    "paused": ("admission", "travel"),
}
"""Flags of the profile, and the facts during which they are set."""


class Setting(msgspec.Struct, frozen=True):
    """One number of the profile; `signal` is its column where the field has one per signal."""

    field: str
    value: float
    signal: int | None = None


class Moment(msgspec.Struct, frozen=True):
    """What begins to hold at one instant (local days)."""

    t: float
    settings: tuple[Setting, ...] = ()
    swapped: tuple[int, ...] = ()


class LimitChange:
    """New personal limits of one signal from a local moment on (days)."""

    __slots__ = ("alias", "base", "numbers", "relative", "signal", "t")

    def __init__(self, limits: Limits) -> None:
        self.alias: str = limits.metric
        self.relative = limits.relative
        self.t = _days(limits.since)
        self.signal = signal_index(limits.metric)
        texts = (limits.low_red, limits.low_yellow, limits.high_yellow, limits.high_red)
        self.numbers = tuple(_number(text) for text in texts)
        self.base = _number(limits.base)

    def settings(self) -> Iterator[Setting]:
        """The numbers of the profile that these limits are."""
        prefix = "rel_" if self.relative else ""
        for side, number in zip(SIDES, self.numbers, strict=True):
            yield Setting(prefix + side, number, self.signal)
        if self.relative:
            yield Setting("base", self.base, self.signal)


def timeline_of(
    citizen: Citizen, limits: Iterable[LimitChange], facts: Sequence[Fact], swaps: Iterable[Moment]
) -> list[Moment]:
    """All that changes for one citizen, one `Moment` per instant, in the order of time.

    `limits` in the order in which they take effect; of two at one instant the later one holds.
    """
    settings: dict[float, list[Setting]] = {}
    swapped: dict[float, tuple[int, ...]] = {}
    for change in limits:
        settings.setdefault(change.t, []).extend(change.settings())
    held = [fact for fact in facts if not fact.void]
    for t, setting in (*_flags(citizen, held), *_weights(citizen, held), *_diuretics(held)):
        settings.setdefault(t, []).append(setting)
    for swap in swaps:
        swapped[swap.t] = tuple(dict.fromkeys((*swapped.get(swap.t, ()), *swap.swapped)))
    return [
        Moment(t, tuple(settings.get(t, ())), swapped.get(t, ()))
        for t in sorted(settings.keys() | swapped.keys())
    ]


def swaps_of(terms: Iterable[Assignment], devices: Mapping[str, EnrolledDevice]) -> list[Moment]:
    """When a citizen got another device of a type that was there already, and what it measures.

    >>> from datetime import UTC
    >>> scales = {name: EnrolledDevice(name, "528399", "Maker", "Model") for name in ("a", "b")}
    >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    >>> terms = [Assignment(name, "c", day) for name, day in zip("aab", days)]
    >>> [(swap.t % 7, swap.swapped) for swap in swaps_of(terms, scales)]
    [(2.0416666666678793, (2,))]
    """
    current: dict[str, Assignment] = {}
    found = []
    for term in sorted(terms, key=lambda term: term.since):
        device = devices.get(term.device)
        kind = device_type(device.type) if device else None
        if kind is None:
            continue
        before = current.get(kind.mdc)
        if before and before.device != term.device and before.since < term.since:
            signals = sorted({SIGNAL_OF[name] for name in kind.metrics if name in SIGNAL_OF})
            if signals:
                found.append(Moment(_days(term.since), swapped=tuple(signals)))
        current[kind.mdc] = term
    return found


def _flags(citizen: Citizen, facts: Sequence[Fact]) -> Iterator[tuple[float, Setting]]:
    """When each flag changes; at the end of a pause, counting of due days begins anew."""
    always = {"on_oxygen": citizen.oxygen, "scale2": citizen.scale2, "paused": citizen.paused}
    hour, minute = citizen.plan.due.split(":")
    due = (int(hour) + int(minute) / 60) / 24
    for flag, kinds in FLAGS.items():
        spans = [_span(fact) for fact in facts if fact.kind in kinds]
        if always.get(flag) or not spans:
            continue
        was = False
        for t in sorted({edge for span in spans for edge in span if np.isfinite(edge)}):
            holds = any(start <= t < end for start, end in spans)
            if holds == was:
                continue
            was = holds
            yield t, Setting(flag, float(holds))
            if flag == "paused" and not holds:
                yield t, Setting("start_day", np.floor(t) + float(t % 1 > due))


def _weights(citizen: Citizen, facts: Sequence[Fact]) -> Iterator[tuple[float, Setting]]:
    """The dry weight from each change on: of those that hold, the one that began last."""
    spans = [(*_span(fact), fact.value) for fact in facts if fact.kind == "dry-weight"]
    for t in sorted({edge for start, end, _ in spans for edge in (start, end) if edge < np.inf}):
        holding = [text for start, end, text in sorted(spans) if start <= t < end]
        text = holding[-1] if holding else citizen.dry_weight_kg
        yield t, Setting("dry_weight_kg", _number(text))


def _diuretics(facts: Sequence[Fact]) -> Iterator[tuple[float, Setting]]:
    for fact in facts:
        if fact.kind == "diuretic-change":
            yield _days(fact.since), Setting("diuretic_changed_t", _days(fact.since))


def _span(fact: Fact) -> tuple[float, float]:
    return _days(fact.since), np.inf if fact.to is None else _days(fact.to)


def _number(text: str | None) -> float:
    return np.nan if text is None else float(text)


def _days(moment: datetime) -> float:
    return local_days(round(moment.timestamp() * 1000))
