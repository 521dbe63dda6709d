"""Stretches of time of many patients at once: joined, cut, measured, asked about.

In and out: `Spans`, closed intervals [start, end] in local days. Used by `score` for the time
around episodes, for pauses and for exposure. Every comparison is between the numbers given, so an
alert on the very edge of a window is inside it.
"""

from dataclasses import dataclass

import numpy as np

from alerting.rules.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Spans:
    """k intervals: patient (k,), start (k,) and end (k,), in any order; end < start is empty."""

    patient: Ints
    start: Floats
    end: Floats

    @classmethod
    def none(cls) -> "Spans":
        """No intervals."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))

    def __len__(self) -> int:
        return len(self.patient)

    def only(self, chosen: Bools | Ints) -> "Spans":
        """Some of them."""
        return Spans(self.patient[chosen], self.start[chosen], self.end[chosen])

    def cut(self, first: Floats, last: Floats) -> "Spans":
        """What lies within [first, last] of each patient, both (patients,)."""
        start = np.maximum(self.start, first[self.patient])
        end = np.minimum(self.end, last[self.patient])
        kept: Bools = start <= end
        return Spans(self.patient[kept], start[kept], end[kept])


def union(*many: Spans) -> Spans:
    """The same time without overlap, by patient and start.

    >>> one = Spans(np.array([0, 0, 0]), np.array([5.0, 1.0, 9.0]), np.array([7.0, 5.0, 9.5]))
    >>> both = union(one, Spans.none())
    >>> both.start.tolist(), both.end.tolist()
    ([1.0, 9.0], [7.0, 9.5])
    """
    patient, start, end = (
        np.concatenate([getattr(one, name) for one in many]) for name in ("patient", "start", "end")
    )
    there = start <= end
    patient, start, end = patient[there], start[there], end[there]
    order = np.lexsort((start, patient))
    patient, start, end = patient[order], start[order], end[order]
    place = _place_within(patient)
    reach = end.copy()
    for turn in range(1, int(place.max(initial=0)) + 1):  # the turn-th span of every patient
        now = np.flatnonzero(place == turn)
        reach[now] = np.maximum(reach[now], reach[now - 1])
    fresh = np.ones(len(patient), dtype=np.bool_)
    fresh[1:] = (place[1:] == 0) | (start[1:] > reach[:-1])
    last = np.flatnonzero(np.append(fresh[1:], True)) if len(fresh) else np.zeros(0, dtype=np.intp)
    return Spans(patient[fresh], start[fresh], reach[last])


def inside(spans: Spans, patient: Ints, t: Floats) -> Bools:
    """Whether each moment (patient, t), both (n,), lies in one of its patient's spans.

    >>> spans = Spans(np.array([0]), np.array([1.0]), np.array([2.0]))
    >>> inside(spans, np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 2.1, 1.5])).tolist()
    [True, True, False, False]
    """
    apart = union(spans)
    known = len(apart)
    who = np.concatenate([apart.patient, patient])
    when = np.concatenate([apart.start, t])
    asked = np.arange(len(who)) >= known  # where all else is equal, the span comes first
    order = np.lexsort((asked, when, who))
    begun = np.cumsum(~asked[order])
    latest = np.empty(len(who), dtype=np.intp)
    latest[order] = begun - 1
    place = latest[known:]
    found: Bools = np.zeros(len(patient), dtype=np.bool_)
    some = place >= 0
    at = place[some]
    found[some] = (apart.patient[at] == patient[some]) & (t[some] <= apart.end[at])
    return found


def days(spans: Spans, patients: int) -> Floats:
    """Days covered in each patient, (patients,), overlaps counted once."""
    apart = union(spans)
    covered: Floats = np.zeros(patients)
    np.add.at(covered, apart.patient, apart.end - apart.start)
    return covered


def pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Every pair (i, j) with left[i] == right[j], by i; `right` in rising order.

    >>> i, j = pairs(np.array([7, 3, 7]), np.array([3, 7, 7]))
    >>> i.tolist(), j.tolist()
    ([0, 0, 1, 2, 2], [1, 2, 0, 1, 2])
    """
    begin = np.searchsorted(right, left, "left")
    count = np.searchsorted(right, left, "right") - begin
    i: Ints = np.repeat(np.arange(len(left)), count)
    skipped = np.cumsum(count) - count
    j: Ints = np.arange(len(i)) - skipped[i] + begin[i]
    return i, j


def _place_within(patient: Ints) -> Ints:
    """0, 1, 2 … within each run of equal numbers."""
    count = np.arange(len(patient))
    first = np.ones(len(patient), dtype=np.bool_)
    first[1:] = patient[1:] != patient[:-1]
    place: Ints = count - np.maximum.accumulate(np.where(first, count, 0)) if len(count) else count
    return place
