"""From verdicts to colours: confirmation, hysteresis and onset, the same for every rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.compose import Composed
from alerting.rules.findings import Findings
from alerting.rules.primitives import follow, grade, hits, shift_in
from alerting.rules.rulebook import MAX_AGE_DAYS, Rulebook
from alerting.rules.sitting import Sitting, Verdict
from alerting.rules.state import State

_GREEN: Final = np.int8(Colour.GREEN)
_INSUFFICIENT: Final = np.int8(Colour.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts side by side, each (n, R) but ask (n,).

    fires: the colour that this call itself shows and confirmation allows, GREEN where a rule did
    not run. ask: some rule wants measurements every day.
    """

    asked: Bools
    ran: Bools
    level: npt.NDArray[np.int8]
    clear: Bools
    since: Floats
    was: npt.NDArray[np.int8]
    weak: Bools
    fires: Ints
    ask: Bools


def _together(verdicts: Mapping[int, Verdict], was: npt.NDArray[np.int8]) -> Judged:
    """Columns for the rules that were called; the others are not asked."""
    shape = was.shape
    judged = Judged(
        asked=np.zeros(shape, dtype=np.bool_),
        ran=np.zeros(shape, dtype=np.bool_),
        level=np.zeros(shape, dtype=np.int8),
        clear=np.zeros(shape, dtype=np.bool_),
        since=np.full(shape, np.nan),
        was=was,
        weak=np.zeros(shape, dtype=np.bool_),
        fires=np.zeros(shape, dtype=np.int8),
        ask=np.zeros(len(was), dtype=np.bool_),
    )
    for column, verdict in verdicts.items():
        judged.asked[:, column] = verdict.asked
        judged.ran[:, column] = verdict.ran
        judged.level[:, column] = np.where(verdict.ran, verdict.level, Colour.GREEN)
        judged.clear[:, column] = verdict.clear
        if verdict.weak is not None:
            judged.weak[:, column] = verdict.weak & verdict.ran
        if verdict.ask is not None:
            judged.ask[...] |= verdict.ask & verdict.ran
        if verdict.since is not None:
            judged.since[:, column] = verdict.since
    return judged


def _confirm(block: State, judged: Judged, t: Floats, book: Rulebook) -> Ints:
    """The colour (n, R) at which each rule fires; shifts the registers (P4).

    A reading fires only at what it shows itself: k of n allows a colour, and never makes one out
    of a reading that is fine.
    """
    ran = judged.ran & book.episode
    stale = t[:, None] - block.judged > MAX_AGE_DAYS
    shows_red = judged.level >= Colour.RED
    shows_yellow = (judged.level >= Colour.YELLOW) | judged.weak
    enough = []
    for register, hit in ((block.hits_yellow, shows_yellow), (block.hits_red, shows_red)):
        shifted = shift_in(np.where(stale, np.uint8(0), register), hit, book.n)
        register[...] = np.where(ran, shifted, register)
        enough.append(hits(shifted) >= book.k)
    at_once = (judged.level >= Colour.YELLOW) & ~book.confirm_yellow
    candidate = shows_red & book.candidate
    yellow = shows_yellow & (book.counts_yellow & enough[0] | at_once | candidate)
    return grade(yellow, shows_red & (enough[1] | ~book.confirm_red))


def advance(block: State, verdicts: Mapping[int, Verdict], t: Floats, book: Rulebook) -> Judged:
    """Move status, counters and onset of the judged rules on to time t (n,), in place."""
    was = block.status.copy()
    judged = _together(verdicts, was)
    fires = _confirm(block, judged, t, book)
    active, clears = follow(np.maximum(was, _GREEN), block.clears, fires, judged.clear, book.n_off)
    colour = np.where(book.episode, active, judged.level)
    colour = np.where(book.never_green & (colour == _GREEN), _INSUFFICIENT, colour)
    # An open episode stays open when its rule cannot run; anything else becomes INSUFFICIENT.
    unable = np.where(book.episode & (was > _GREEN), was, _INSUFFICIENT)
    colour = np.where(judged.ran, colour, np.where(judged.asked, unable, was))

    ran = judged.ran & book.episode
    judged.fires[...] = np.where(ran, fires, judged.level)
    waiting = judged.ran & book.confirm_red & book.candidate & (judged.level == Colour.RED)
    judged.ask[...] |= np.any(waiting & (colour < Colour.RED), axis=1)
    block.status[...] = colour
    block.clears[...] = np.where(ran, clears, block.clears)
    block.judged[...] = np.where(ran, t[:, None], block.judged)
    reached = np.where(colour == was, block.onset, t[:, None])
    reached = np.where(np.isnan(judged.since), reached, judged.since)
    block.onset[...] = np.where(colour > _GREEN, reached, np.nan)
    return judged


def report(
    block: State,
    sitting: Sitting,
    verdicts: Mapping[int, Verdict],
    judged: Judged,
    composed: Composed,
    rows: Ints,
) -> Findings:
    """Collect colours and evidence of one call."""
    # Filled rule by rule: one contiguous row per rule, handed out transposed.
    shape = (judged.was.shape[1], len(rows))
    value, limit, mean, sd, count, extra = (np.full(shape, np.nan).T for _ in range(6))
    for column, verdict in verdicts.items():
        value[:, column] = verdict.value
        red = block.status[:, column] == Colour.RED
        wanted = np.where(red, verdict.limit_red, verdict.limit_yellow)
        other = np.where(red, verdict.limit_yellow, verdict.limit_red)
        limit[:, column] = np.where(np.isnan(wanted), other, wanted)
        if verdict.extra is not None:
            extra[:, column] = verdict.extra
        if verdict.baseline is not None:
            mean[:, column] = sitting.mean[:, verdict.baseline]
            sd[:, column] = sitting.sd[:, verdict.baseline]
            count[:, column] = sitting.count[:, verdict.baseline]
    return Findings(
        rows=rows,
        time=sitting.t,
        colour=block.status.copy(),
        was=judged.was,
        level=judged.level,
        evaluated=judged.ran,
        onset=block.onset.copy(),
        value=value,
        limit=limit,
        baseline_mean=mean,
        baseline_sd=sd,
        baseline_n=count,
        extra=extra,
        composed=composed.colour,
        composed_was=composed.was,
        notify=composed.notify,
        ask_daily=judged.ask,
        refused=sitting.present & np.isnan(sitting.x),
    )
