"""From verdicts to colours: confirmation, hysteresis and onset, the same for every rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import (
    Bools,
    Floats,
    Ints,
    Scalar,
    flat,
    for_all,
    put,
    put_each,
    where_set,
)
from alerting.rules.colour import Colour
from alerting.rules.primitives import follow, hits, shift_in
from alerting.rules.rulebook import MAX_AGE_DAYS, Rulebook
from alerting.rules.sitting import Verdict
from alerting.rules.state import State

_GREEN: Final = np.int8(Colour.GREEN)
_YELLOW: Final = np.int8(Colour.YELLOW)
_RED: Final = np.int8(Colour.RED)
_INSUFFICIENT: Final = np.int8(Colour.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts side by side, each (n, R); `was` is the status before this call."""

    asked: Bools
    ran: Bools
    level: npt.NDArray[np.int8]
    clear: Bools
    at_once: npt.NDArray[np.int8]
    was: npt.NDArray[np.int8]


def together(verdicts: Mapping[int, Verdict], was: npt.NDArray[np.int8]) -> Judged:
    """Columns for the rules that were called; the others are not asked."""
    rows, rules = was.shape
    off, green = np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.int8)

    def side_by_side(
        parts: Sequence[Ints] | Sequence[Bools], dtype: type[Scalar]
    ) -> npt.NDArray[Scalar]:
        whole = np.empty((rules, rows), dtype=dtype)
        np.concatenate(parts, out=whole.reshape(-1), casting="unsafe")
        return whole.T

    silent = Verdict(off, off, green, off, np.nan, np.nan, np.nan)
    given = [verdicts.get(column, silent) for column in range(rules)]
    asked = side_by_side([verdict.asked for verdict in given], np.bool_)
    ran = side_by_side([verdict.ran for verdict in given], np.bool_)
    clear = side_by_side([verdict.clear for verdict in given], np.bool_)
    level = side_by_side([verdict.level for verdict in given], np.int8)
    shown = (verdict.at_once for verdict in given)
    at_once = side_by_side([green if part is None else part for part in shown], np.int8)
    level *= ran.view(np.int8)
    at_once *= ran.view(np.int8)
    return Judged(asked=asked, ran=ran, level=level, clear=clear, at_once=at_once, was=was)


def _confirm(
    block: State, judged: Judged, day: Ints, book: Rulebook
) -> tuple[Ints, Sequence[Ints]]:
    """The raw colour (n, R) once k-of-n has had its say, and the registers with one more hit or
    miss: yellow, red (P4).

    A reading gives no more than it shows itself: k of n allows a colour, and never makes one out of
    a reading that is fine. What a verdict gives at once needs no confirmation.
    """
    fresh = block.judged_day >= (day - np.int16(MAX_AGE_DAYS))[:, None]
    raw, registers = judged.at_once, []
    for register, colour, confirm in (
        (block.hits_yellow, _YELLOW, book.confirm_yellow),
        (block.hits_red, _RED, book.confirm_red),
    ):
        hit = judged.level >= colour
        shifted = shift_in(register * fresh.view(np.uint8), hit, book.n)
        registers.append(shifted)
        enough = hit & (hits(shifted) >= book.k * confirm)
        raw = np.maximum(raw, enough.view(np.int8) * colour)
    return raw, registers


def advance(
    block: State, verdicts: Mapping[int, Verdict], t: Floats, day: Ints, book: Rulebook
) -> Judged:
    """Move status, counters and onset of the judged rules on to time t (n,), in place.

    At most one clear reading a day counts towards closing an episode.
    """
    judged = together(verdicts, block.status.copy(order="F"))
    was, ran = judged.was, judged.ran
    n_off = for_all(book.n_off, was)
    episode = n_off > 0
    counted, today = ran & episode, day.astype(np.int16)
    raw, (hits_yellow, hits_red) = _confirm(block, judged, today, book)
    again = block.judged_day == today[:, None]
    open_was = was > _GREEN
    colour, clears = follow(
        was * open_was.view(np.int8), block.clears, raw, judged.clear, n_off, again
    )
    for column in np.flatnonzero(book.n_off == 0):
        colour[:, column] = judged.level[:, column]
    # An open episode stays open when its rule cannot run; anything else becomes INSUFFICIENT.
    unable = judged.asked & ~ran & ~(episode & open_was)
    put(colour, unable, _INSUFFICIENT)
    changed = where_set((ran | unable) & (colour != was))
    flat(block.status)[changed[0]] = flat(colour)[changed[0]]
    put_each(
        counted,
        (block.hits_yellow, hits_yellow),
        (block.hits_red, hits_red),
        (block.clears, clears),
        (block.judged_day, today[:, None]),
    )
    _note_onsets(block, changed, verdicts, t)
    return judged


def _note_onsets(
    block: State, changed: tuple[Ints, Ints], verdicts: Mapping[int, Verdict], t: Floats
) -> None:
    """A raised colour has the time at which it was reached; anything else has none."""
    place, row = changed
    flat(block.onset)[place] = np.where(flat(block.status)[place] > _GREEN, t[row], np.nan)
    for column, verdict in verdicts.items():
        if verdict.since is not None:
            known = (block.status[:, column] > _GREEN) & verdict.ran
            block.onset[:, column] = np.where(known, verdict.since, block.onset[:, column])


def hit_now(block: State, judged: Judged) -> Bools:
    """(n, R): the rule's episode is open, and this very call reached at least yellow."""
    now: Bools = judged.ran & (judged.level >= _YELLOW) & (block.status >= _YELLOW)
    return now
