"""Who lies farther from the usual than when attention was last called for (P6).

In: a sitting, and which signals the raised rules of each clinical hypothesis look at. Called by
`compose`: `compare` before it decides who is called for, `remember` after. Each signal is compared
with itself, because a citizen's devices may measure at different moments.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from alerting.rules.arrays import BYTE, Bools, Ints, chosen, in_bytes
from alerting.rules.signals import SIGNALS
from alerting.rules.sitting import Sitting
from alerting.rules.state import UNKNOWN_TENTHS, State

WORSE_TENTHS: Final = 20
"""How much farther from the usual a signal must lie, at two hits in a row, to break the
refractory period, in tenths of an sd of the baseline. The reference (P6) has one sd at once: that
asks more often and is right less often (docs/SCORECARD.md)."""
assert len(SIGNALS) <= BYTE, "more than 8 signals need uint16 here, in compose and State.further"
_BIT: Final = np.array([[1 << place] for place in range(len(SIGNALS))], dtype=np.uint8)
_EITHER: Final = np.array([[signal.worse == "either"] for signal in SIGNALS])


@dataclass(frozen=True, slots=True)
class Compared:
    """k rows in which something is hit.

    row (k,); looked_at (H, k) uint8 the signals, packed, that what is hit looks at; each (S, k):
    tenths int16 how far the signal lies on its bad side of the usual, in tenths of an sd,
    UNKNOWN_TENTHS = cannot be said; told, the same at the last call; seen, looked at and known;
    before and further, whether its last hit and this one lie farther by WORSE_TENTHS.
    """

    row: Ints
    looked_at: Ints
    tenths: Ints
    told: Ints
    seen: Bools
    before: Bools
    further: Bools

    @property
    def worse(self) -> Bools:
        """(k, H): a signal that the hypothesis looks at lies farther for the second time."""
        twice = in_bytes(self.further & self.before)
        worse: Bools = (self.looked_at & twice != 0).T
        return worse


def compare(block: State, s: Sitting, looked_at: Ints, hit: Bools) -> Compared:
    """What lies farther off, where a clinical hypothesis is hit; both (n, H)."""
    row = np.flatnonzero(np.logical_or.reduce(hit, axis=1))
    looks = np.take((looked_at * hit.view(np.uint8)).T, row, axis=1)
    told = np.take(block.told_tenths.T, row, axis=1)
    tenths = _tenths_off(s, row)
    seen = (np.bitwise_or.reduce(looks, axis=0) & _BIT != 0) & (tenths != UNKNOWN_TENTHS)
    further = seen & (told != UNKNOWN_TENTHS) & (tenths - told >= WORSE_TENTHS)
    return Compared(row, looks, tenths, told, seen, block.further[row] & _BIT != 0, further)


def remember(block: State, compared: Compared, called: Bools) -> None:
    """Keep what later sittings are compared with; called (k, H) who is called for now.

    What was not measured in the call itself is compared with its first hit after it.
    """
    c, none = compared, np.uint8(0)
    anew = np.bitwise_or.reduce(np.where(called.T, c.looked_at, none), axis=0) & _BIT != 0
    taken = anew | (c.seen & (c.told == UNKNOWN_TENTHS))
    block.told_tenths[c.row] = np.where(taken, c.tenths, c.told).T
    block.further[c.row] = in_bytes(~anew & chosen(c.seen, c.further, c.before))


def _tenths_off(s: Sitting, row: Ints) -> Ints:
    known, z = np.take(s.known.T, row, axis=1), np.take(s.z.T, row, axis=1)
    off = np.negative(z)
    np.copyto(off, np.abs(z), where=_EITHER)
    known &= ~np.isnan(z)
    tenths = np.rint(10.0 * np.maximum(chosen(known, off, 0.0), 0.0))
    tenths = np.minimum(tenths, UNKNOWN_TENTHS - 1).astype(np.int16)
    return chosen(known, tenths, np.int16(UNKNOWN_TENTHS))
