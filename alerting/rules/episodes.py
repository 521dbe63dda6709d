"""From verdicts to colours: confirmation, hysteresis and onset, the same for every rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.primitives import follow, grade, hits, shift_in
from alerting.rules.rulebook import MAX_AGE_DAYS, Rulebook
from alerting.rules.sitting import Verdict
from alerting.rules.state import State

_GREEN: Final = np.int8(Colour.GREEN)
_YELLOW: Final = np.int8(Colour.YELLOW)
_INSUFFICIENT: Final = np.int8(Colour.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts side by side, each (n, R); `was` is the status before this call."""

    asked: Bools
    ran: Bools
    level: npt.NDArray[np.int8]
    clear: Bools
    at_once: npt.NDArray[np.int8]
    since: Floats
    was: npt.NDArray[np.int8]


def together(verdicts: Mapping[int, Verdict], was: npt.NDArray[np.int8]) -> Judged:
    """Columns for the rules that were called; the others are not asked."""
    shape = was.shape
    judged = Judged(
        asked=np.zeros(shape, dtype=np.bool_),
        ran=np.zeros(shape, dtype=np.bool_),
        level=np.zeros(shape, dtype=np.int8),
        clear=np.zeros(shape, dtype=np.bool_),
        at_once=np.zeros(shape, dtype=np.int8),
        since=np.full(shape, np.nan),
        was=was,
    )
    for column, verdict in verdicts.items():
        judged.asked[:, column] = verdict.asked
        judged.ran[:, column] = verdict.ran
        np.copyto(judged.level[:, column], verdict.level, where=verdict.ran, casting="unsafe")
        judged.clear[:, column] = verdict.clear
        if verdict.at_once is not None:
            judged.at_once[:, column] = verdict.at_once
        if verdict.since is not None:
            judged.since[:, column] = verdict.since
    return judged


def _confirm(block: State, judged: Judged, day: Ints, book: Rulebook) -> Ints:
    """The raw colour (n, R) once k-of-n has had its say; shifts the registers (P4).

    What a verdict gives at once needs no confirmation.
    """
    ran = judged.ran & (book.n_off > 0)
    stale = day[:, None] - block.judged_day > MAX_AGE_DAYS
    fires = []
    for register, colour, confirm in (
        (block.hits_yellow, Colour.YELLOW, book.confirm_yellow),
        (block.hits_red, Colour.RED, book.confirm_red),
    ):
        hit = judged.level >= colour
        shifted = shift_in(np.where(stale, np.uint8(0), register), hit, book.n)
        np.copyto(register, shifted, where=ran)
        fires.append(np.where(confirm, hits(shifted) >= book.k, hit))
    return np.maximum(grade(*fires), judged.at_once)


def advance(
    block: State, verdicts: Mapping[int, Verdict], t: Floats, day: Ints, book: Rulebook
) -> Judged:
    """Move status, counters and onset of the judged rules on to time t (n,), in place.

    At most one clear reading a day counts towards closing an episode.
    """
    judged = together(verdicts, block.status.copy())
    was, ran = judged.was, judged.ran
    episode = book.n_off > 0
    again = block.judged_day == day[:, None]
    raw = _confirm(block, judged, day, book)
    active, clears = follow(
        np.maximum(was, _GREEN), block.clears, raw, judged.clear, book.n_off, again
    )
    colour = np.where(episode, active, judged.level)
    # An open episode stays open when its rule cannot run; anything else becomes INSUFFICIENT.
    unable = np.where(episode & (was > _GREEN), was, _INSUFFICIENT)
    colour = np.where(ran, colour, np.where(judged.asked, unable, was))

    block.status[...] = colour
    np.copyto(block.clears, clears, where=ran & episode)
    np.copyto(block.judged_day, day[:, None], where=ran & episode, casting="unsafe")
    reached = np.where(colour == was, block.onset, t[:, None])
    reached = np.where(np.isnan(judged.since), reached, judged.since)
    block.onset[...] = np.where(colour > _GREEN, reached, np.nan)
    return judged


def hit_now(block: State, judged: Judged) -> Bools:
    """(n, R): the rule's episode is open, and this very call reached at least yellow."""
    now: Bools = judged.ran & (judged.level >= _YELLOW) & (block.status >= _YELLOW)
    return now
