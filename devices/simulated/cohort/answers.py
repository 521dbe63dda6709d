"""What patients would answer if asked, day by day.

In: the people of a chunk, the truth. Out: answers (days, questions, patients), int8. Called by
`chunk`. A symptom is a state of the episode with a beginning and an end (`item_from`,
`item_until`); on its days the answer is yes, with a slip now and then. On all other days it is yes
at the patient's own background rate: most people never complain, a few often do.
"""

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.behaviour import spans
from devices.simulated.cohort.calendar import Calendar
from devices.simulated.cohort.people import People
from devices.simulated.cohort.streams import CHUNK, Purpose, stream

_FULL = 1 << 16


def answers(
    seed: int, chunk: int, who: People, dates: Calendar, rows: truth.Rows
) -> NDArray[np.int8]:
    """1 yes (worse than usual, or present), 0 no, -1 not in this patient's questionnaire."""
    rng = stream(seed, Purpose.ANSWERS, chunk)
    shape = (dates.days, CHUNK)
    said = np.empty((dates.days, len(n.ITEMS), CHUNK), dtype=np.int8)
    truly = np.uint16(n.ANSWERED_TRULY * _FULL)
    for place, item in enumerate(n.ITEM_ORDER):
        draw = rng.integers(0, _FULL, size=shape, dtype=np.uint16)
        chance = np.minimum(n.BACKGROUND * item.background * who.complaints, n.BACKGROUND_MAX)
        yes = draw < np.rint(chance * _FULL).astype(np.uint16)
        felt = rows[np.isfinite(rows["item_from"][:, place])]
        begin, end = (felt["t0"] + felt[name][:, place] for name in ("item_from", "item_until"))
        yes |= spans(shape, dates.start, felt["patient"], begin, end) & (draw < truly)
        asked = (who.copd & item.copd) | (who.heart_failure & item.heart_failure)
        said[:, place] = np.where(asked, yes, np.int8(-1))
    return said
