"""How much the rings of `State` hold, and what stands there before anything is known."""

from typing import Final

SLOTS: Final = 8
"""Days that a ring can hold; slot = day mod 8. One more than the seven days a reading waits."""
SLOT_BITS: Final = SLOTS - 1
"""The bits of a day that say in which slot it lies: the remainder, many times as fast."""
TREND_DAYS: Final = 14
FLOW_READINGS: Final = 8
"""Days of FEV1: seven that R10 compares with, and today's."""
MONTH_SLOTS: Final = 4
MONTH_SPAN_DAYS: Final = 16
"""Four spans of 16 days always hold one that is 30 to 63 days old."""
NEVER: Final = -(1 << 30)
"""A day before all days."""
USUAL_YES: Final = 0.05
USUAL_WEIGHT: Final = 30.0
"""The share of yes among the answers of a citizen about whom nothing is known, and how many answers
that is worth: four per cent of well days (reference P9), a week of four items (tuned)."""
