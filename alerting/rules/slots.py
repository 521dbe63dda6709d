"""How much the rings of `State` hold, and what stands for no day."""

from typing import Final

SLOTS: Final = 8
"""Days that a ring can hold; slot = day mod 8. One more than the seven days a reading waits."""
TREND_DAYS: Final = 14
FLOW_READINGS: Final = 7
MONTH_SLOTS: Final = 4
MONTH_SPAN_DAYS: Final = 16
"""Four spans of 16 days always hold one that is 30 to 63 days old."""
NEVER: Final = -(1 << 30)
"""A day before all days."""
