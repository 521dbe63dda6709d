"""The symptoms that rules look at: one row per column of every (patients, items) array.

In: the symptoms of the questionnaires (`devices.symptoms`). Out: `ITEMS` and `item_index`. An
answer is int8: `YES` (worse than usual, or present), `NO`, or `NOT_ASKED` (not asked, or not
answered), which is never read as a no.
"""

from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, Ints
from devices.symptoms import SYMPTOMS

ITEMS: Final = SYMPTOMS
YES, NO, NOT_ASKED = np.int8(1), np.int8(0), np.int8(-1)
SEVERE: Final = ("chest_pain", "syncope")
"""Whoever says yes to one of these is told to ring 112, the Danish emergency number."""

_INDEX: Final = {item.alias: index for index, item in enumerate(ITEMS)}
assert len(ITEMS) <= 16, "more than 16 symptoms need uint32 here and in State.said_yes"
_BITS: Final = (1 << np.arange(len(ITEMS))).astype(np.uint16)[:, None]


def item_index(alias: str) -> int:
    """The column of an item.

    >>> item_index("dyspnoea")
    0
    """
    return _INDEX[alias]


def unpacked(bits: Ints) -> Bools:
    """The answers behind `arrays.packed`: (n,) -> (n, Q).

    >>> unpacked(np.array([5], dtype=np.uint16))[0, :3].tolist()
    [True, False, True]
    """
    flags: Bools = (bits & _BITS) != 0
    return flags.T
