"""The rules, one row each: numbers, sources, texts and the condition that uses them.

Rows stand by family in the modules beside this one; the columns are R01 to R24 and T01, in that
order. Adding a rule is adding a row and a function in `conditions`. Every number carries its
source; "C" marks a design choice of this project without a literature value. Thresholds are
engineering defaults and never medical advice: limits are personal and edited by the clinic.

Limits that a clinician edits (R01, R03, R06, R07, R09, R16, R17, R18) are copied from these rows
to the patient at enrolment by `default_limits` and `default_relative_limits`; at run time those
rules read the patient's own limits only.
"""

from typing import Final

from alerting.rules.rule import Rule
from alerting.rules.rulebook import fluid, measuring, oxygenation, pressure, pulse
from alerting.rules.rulebook.book import COMPOSITION_SOURCES, Rulebook

RULEBOOK_VERSION: Final = "2.0.0"
"""Rises with any change that can change a colour."""

MAX_AGE_DAYS: Final = 10.0
"""A k-of-n register forgets after a gap longer than this (P4)."""

_FAMILIES = (oxygenation, pulse, fluid, pressure, measuring)

RULEBOOK: Final = Rulebook(
    sorted((rule for family in _FAMILIES for rule in family.ROWS), key=lambda rule: rule.id),
    RULEBOOK_VERSION,
)
"""The live rulebook."""

RULES: Final[tuple[Rule, ...]] = RULEBOOK.rules
"""Its rows, in the order of columns."""


def rule_index(rule_id: str) -> int:
    """The column of a rule.

    >>> rule_index("R01")
    0
    """
    return RULEBOOK.index(rule_id)


__all__ = [
    "COMPOSITION_SOURCES",
    "MAX_AGE_DAYS",
    "RULEBOOK",
    "RULEBOOK_VERSION",
    "RULES",
    "Rulebook",
    "rule_index",
]
