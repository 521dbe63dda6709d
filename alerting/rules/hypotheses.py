"""What an alert can be about, and which sources of evidence count towards a red one.

In: nothing. Out: names, in the order of the columns of every (patients, hypotheses) array.
"""

from typing import Final

HYPOTHESES: Final = ("copd", "heart-failure", "general", "missing", "technical")
"""One alert each per citizen at most (reference section 4.2). A citizen with one of the two
diseases has everything clinical under it; with both, each rule speaks for its own home."""

CLINICAL: Final = 3
"""The first three are about the citizen, the others about the measuring."""
COPD, HEART_FAILURE, GENERAL, MISSING, TECHNICAL = range(len(HYPOTHESES))

SOURCES: Final = ("oxygenation", "pulse", "fluid", "pressure", "flow", "symptom")
"""Two different ones that reach yellow within 72 hours make an alert red. Rules that already
fuse several of them (NEWS2, the CUSUMs) are no source of their own."""
