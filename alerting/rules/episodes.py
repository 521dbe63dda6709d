"""From verdicts to colours: confirmation, hysteresis and onset, the same for every rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.findings import Findings
from alerting.rules.primitives import follow, grade, hits, shift_in
from alerting.rules.rulebook import MAX_AGE_DAYS, RULES
from alerting.rules.sitting import Sitting, Verdict
from alerting.rules.state import State

_K: Final = np.array([rule.k for rule in RULES], dtype=np.uint8)
_N: Final = np.array([rule.n for rule in RULES], dtype=np.uint8)
_N_OFF: Final = np.array([rule.n_off for rule in RULES], dtype=np.uint8)
_CONFIRM_YELLOW: Final = np.array([Colour.YELLOW in rule.confirmed for rule in RULES])
_CONFIRM_RED: Final = np.array([Colour.RED in rule.confirmed for rule in RULES])
_EPISODE: Final = _N_OFF > 0
_GREEN: Final = np.int8(Colour.GREEN)
_INSUFFICIENT: Final = np.int8(Colour.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Verdicts side by side, each (n, R)."""

    asked: Bools
    ran: Bools
    level: npt.NDArray[np.int8]
    clear: Bools
    since: Floats
    was: npt.NDArray[np.int8]


def _together(verdicts: Mapping[int, Verdict], was: npt.NDArray[np.int8]) -> _Judged:
    """Columns for the rules that were called; the others are not asked."""
    shape = was.shape
    judged = _Judged(
        asked=np.zeros(shape, dtype=np.bool_),
        ran=np.zeros(shape, dtype=np.bool_),
        level=np.zeros(shape, dtype=np.int8),
        clear=np.zeros(shape, dtype=np.bool_),
        since=np.full(shape, np.nan),
        was=was,
    )
    for column, verdict in verdicts.items():
        judged.asked[:, column] = verdict.asked
        judged.ran[:, column] = verdict.ran
        judged.level[:, column] = np.where(verdict.ran, verdict.level, Colour.GREEN)
        judged.clear[:, column] = verdict.clear
        if verdict.since is not None:
            judged.since[:, column] = verdict.since
    return judged


def _confirm(block: State, judged: _Judged, t: Floats) -> Ints:
    """The raw colour (n, R) once k-of-n has had its say; shifts the registers (P4)."""
    ran = judged.ran & _EPISODE
    stale = t[:, None] - block.judged > MAX_AGE_DAYS
    fires = []
    for register, colour, confirm in (
        (block.hits_yellow, Colour.YELLOW, _CONFIRM_YELLOW),
        (block.hits_red, Colour.RED, _CONFIRM_RED),
    ):
        hit = judged.level >= colour
        shifted = shift_in(np.where(stale, np.uint8(0), register), hit, _N)
        register[...] = np.where(ran, shifted, register)
        fires.append(np.where(confirm, hits(shifted) >= _K, hit))
    yellow, red = fires
    return grade(yellow, red)


def advance(block: State, verdicts: Mapping[int, Verdict], t: Floats) -> _Judged:
    """Move status, counters and onset of the judged rules on to time t (n,), in place."""
    was = block.status.copy()
    judged = _together(verdicts, was)
    active, clears = follow(
        np.maximum(was, _GREEN),
        block.clears,
        _confirm(block, judged, t),
        judged.clear,
        _N_OFF,
    )
    colour = np.where(_EPISODE, active, judged.level)
    # An open episode stays open when its rule cannot run; anything else becomes INSUFFICIENT.
    unable = np.where(_EPISODE & (was > _GREEN), was, _INSUFFICIENT)
    colour = np.where(judged.ran, colour, np.where(judged.asked, unable, was))

    block.status[...] = colour
    block.clears[...] = np.where(judged.ran & _EPISODE, clears, block.clears)
    block.judged[...] = np.where(judged.ran & _EPISODE, t[:, None], block.judged)
    reached = np.where(colour == was, block.onset, t[:, None])
    reached = np.where(np.isnan(judged.since), reached, judged.since)
    block.onset[...] = np.where(colour > _GREEN, reached, np.nan)
    return judged


def report(
    block: State,
    sitting: Sitting,
    verdicts: Mapping[int, Verdict],
    judged: _Judged,
    rows: Ints,
) -> Findings:
    """Collect colours and evidence of one call."""
    # Filled rule by rule: one contiguous row per rule, handed out transposed.
    shape = (len(RULES), len(rows))
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
        refused=sitting.present & np.isnan(sitting.x),
    )
