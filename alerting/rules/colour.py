"""The colours a rule can give, in order of urgency (Danish triage semantics)."""

from enum import IntEnum


class Colour(IntEnum):
    """Red and yellow ask for an assessment, blue for a missing measurement, technical for a
    repeated one. INSUFFICIENT says that the rule could not run; it is never shown as green.
    """

    INSUFFICIENT = -1
    GREEN = 0
    TECHNICAL = 1
    BLUE = 2
    YELLOW = 3
    RED = 4
