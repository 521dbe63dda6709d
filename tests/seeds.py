"""Fresh random seeds, the same in every process of one test run.

Tests that play stories nobody chose draw their seeds here; each seed stands in the test's name, so
that a failure can be told again.
"""

import os
import random


def fresh(count: int, purpose: str) -> list[int]:
    """So many seeds, new in every run; other ones for another purpose."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(random.SystemRandom().random())
    return random.Random(f"{run} {purpose}").sample(range(2**32), count)
