"""Whose reading it is: the device's assignment at the moment of measuring.

In: assignments with validity times. Out: the citizen of a device, slot and instant, or None; the
devices of a citizen at an instant. Pure, and the same for every store adapter. `until` is
exclusive; where two assignments overlap the one that began later holds.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec


class Term(msgspec.Struct, frozen=True, gc=False):
    """One assignment: a device and slot belongs to `citizen` from `since_ms` until `until_ms`."""

    device: str
    slot: int
    since_ms: int
    until_ms: int | None
    citizen: int


class Assignments:
    """All assignments, ready for look-up by device, slot and instant.

    >>> known = Assignments([Term("d", 1, 100, 200, 7), Term("d", 1, 200, None, 8)])
    >>> [known.citizen_of("d", 1, at) for at in (99, 100, 199, 200)]
    [None, 7, 7, 8]
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms: dict[tuple[str, int], list[Term]] = {}
        for term in sorted(terms, key=lambda term: term.since_ms):
            self._terms.setdefault((term.device, term.slot), []).append(term)

    def citizen_of(self, device: str, slot: int, at_ms: int) -> int | None:
        """The citizen's key at that instant, or None while nobody has the device."""
        terms = self._terms.get((device, slot))
        if terms is None:
            return None
        place = bisect_right(terms, at_ms, key=lambda term: term.since_ms) - 1
        while place >= 0:
            term = terms[place]
            if term.until_ms is None or at_ms < term.until_ms:
                return term.citizen
            place -= 1
        return None

    def devices_of(self, citizen: int, at_ms: int) -> Iterator[str]:
        """Every device, of whatever slot, that was this citizen's at that instant."""
        for term in self._by_citizen.get(citizen, ()):
            if term.since_ms <= at_ms and (term.until_ms is None or at_ms < term.until_ms):
                yield term.device

    @cached_property
    def _by_citizen(self) -> dict[int, list[Term]]:
        found: dict[int, list[Term]] = {}
        for terms in self._terms.values():
            for term in terms:
                found.setdefault(term.citizen, []).append(term)
        return found
