"""From verdicts to colours: confirmation, hysteresis and onset, the same for every rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints, for_all, put, where_set
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
    judged = Judged(
        asked=np.zeros_like(was, dtype=np.bool_),
        ran=np.zeros_like(was, dtype=np.bool_),
        level=np.zeros_like(was),
        clear=np.zeros_like(was, dtype=np.bool_),
        at_once=np.zeros_like(was),
        was=was,
    )
    for column, verdict in verdicts.items():
        judged.asked[:, column] = verdict.asked
        judged.ran[:, column] = verdict.ran
        level, at_once = judged.level[:, column], judged.at_once[:, column]
        np.multiply(verdict.level, verdict.ran, out=level, casting="unsafe")
        judged.clear[:, column] = verdict.clear
        if verdict.at_once is not None:
            np.multiply(verdict.at_once, verdict.ran, out=at_once, casting="unsafe")
    return judged


def _confirm(block: State, judged: Judged, ran: Bools, day: Ints, book: Rulebook) -> Ints:
    """The raw colour (n, R) once k-of-n has had its say; shifts the registers (P4).

    A reading gives no more than it shows itself: k of n allows a colour, and never makes one out of
    a reading that is fine. What a verdict gives at once needs no confirmation.
    """
    fresh = block.judged_day >= (day - np.int16(MAX_AGE_DAYS))[:, None]
    raw = judged.at_once
    for register, colour, confirm in (
        (block.hits_yellow, _YELLOW, book.confirm_yellow),
        (block.hits_red, _RED, book.confirm_red),
    ):
        hit = judged.level >= colour
        shifted = shift_in(register * fresh, hit, book.n)
        put(register, ran, shifted)
        raw = np.maximum(raw, (hit & (hits(shifted) >= book.k * confirm)) * colour)
    return raw


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
    raw = _confirm(block, judged, counted, today, book)
    again = block.judged_day == today[:, None]
    colour, clears = follow(was * (was > _GREEN), block.clears, raw, judged.clear, n_off, again)
    for column in np.flatnonzero(book.n_off == 0):
        colour[:, column] = judged.level[:, column]
    # An open episode stays open when its rule cannot run; anything else becomes INSUFFICIENT.
    unable = judged.asked & ~ran & ~(episode & (was > _GREEN))
    put(block.status, ran, colour)
    put(block.status, unable, _INSUFFICIENT)
    put(block.clears, counted, clears)
    put(block.judged_day, counted, today[:, None])
    _note_onsets(block, was, verdicts, t)
    return judged


def _note_onsets(
    block: State, was: npt.NDArray[np.int8], verdicts: Mapping[int, Verdict], t: Floats
) -> None:
    """A raised colour has the time at which it was reached; anything else has none."""
    row, column = where_set(block.status != was)
    raised = block.status[row, column] > _GREEN
    block.onset[row, column] = np.where(raised, t[row], np.nan)
    for place, verdict in verdicts.items():
        if verdict.since is not None:
            known = (block.status[:, place] > _GREEN) & verdict.ran
            block.onset[:, place] = np.where(known, verdict.since, block.onset[:, place])


def hit_now(block: State, judged: Judged) -> Bools:
    """(n, R): the rule's episode is open, and this very call reached at least yellow."""
    now: Bools = judged.ran & (judged.level >= _YELLOW) & (block.status >= _YELLOW)
    return now
