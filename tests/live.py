"""What a command hands on of the live rulebook, for tests that care about something else."""

from functools import partial

from alerting.rules import RULEBOOK
from alerting.standard_limits import standard_limits

live_limits = partial(standard_limits, rulebook=RULEBOOK)
"""The standard limits of a citizen, as `enrol` takes them."""
