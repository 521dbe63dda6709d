"""How long to wait after a failure: exponential, jittered, bounded, for ever.

Called by `follow`. Nothing here sleeps or reads a clock.
"""

from collections.abc import Callable

FIRST_S = 0.5
LAST_S = 60.0
ASKED_S_MAX = 3600.0
"""The longest that a destination may ask us to wait; a slip of its clock must not stop us."""


class BackOff:
    """Waiting times of one destination; `jitter` gives numbers from 0 to 1."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._failures = 0

    def succeeded(self) -> None:
        """The next failure is the first one again."""
        self._failures = 0

    def failed(self, asked_s: float = 0.0) -> float:
        """How long to wait now, in seconds; never shorter than what was asked for.

        >>> back_off = BackOff(lambda: 1.0)
        >>> [back_off.failed() for _ in range(3)]
        [0.5, 1.0, 2.0]
        """
        self._failures += 1
        return longer(delay_s(self._failures, self._jitter()), asked_s)


def longer(delay_s: float, asked_s: float) -> float:
    """The wait, or the longer one that the destination asks for, within `ASKED_S_MAX`.

    >>> longer(60.0, 77.0), longer(60.0, 0.0), longer(60.0, 1e9)
    (77.0, 60.0, 3600.0)
    """
    return max(delay_s, min(asked_s, ASKED_S_MAX))


def delay_s(failures: int, jitter: float) -> float:
    """The wait after so many failures in a row: half of it fixed, half of it drawn.

    >>> [delay_s(failures, 1.0) for failures in (1, 2, 8, 5_000)], delay_s(1, 0.0)
    ([0.5, 1.0, 60.0, 60.0], 0.25)
    """
    longest: float = min(FIRST_S * 2 ** min(failures - 1, 20), LAST_S)
    return longest * (0.5 + 0.5 * jitter)
