"""The rulebook that a command or a process works with: the live one, or a changed copy of it.

The one place beside the benchmarks that reads the live rulebook. Everything that works by rules is
handed one from here, so that a changed rulebook reaches all of it; a test holds that.
"""

from collections.abc import Mapping

from alerting.rules import RULEBOOK, Rulebook


def rulebook_of(changes: Mapping[str, Mapping[str, float]] | None = None) -> Rulebook:
    """The live rulebook, or it with other numbers: rule id → name → value.

    ValueError names a rule, a number or a value that cannot be.

    >>> rulebook_of({"R24": {"grace_days": 2}})["R24"].params["grace_days"]
    2.0
    """
    return RULEBOOK.changed(changes) if changes else RULEBOOK
