"""Whether another client has taken our session: recognised by its pattern, answered by patience.

MQTT 3.1.1 lets a client with our id take our place, and tells us nothing: the connection ends. A
broker that was away is not there at the first attempt; one that lets us in again at once, only to
end the connection again, has somebody else with our name. Two processes that take the session
from each other would do so for ever; so each waits longer every time. Pure: no clock, no socket.
"""

FIRST_S = 2.0
LAST_S = 300.0
STEADY_S = 600.0
"""A connection that lasted so long was nobody else's."""


class Takeovers:
    """The losses of one session; times in seconds of any clock that only rises."""

    def __init__(self) -> None:
        self.count = 0
        """How often the session was taken, as far as can be told."""
        self._in_a_row = 0
        self._attempts = 0
        self._lost = False
        self._suspect = False
        self._since_s = 0.0

    def attempted(self) -> None:
        """We try to reach the broker."""
        self._attempts += 1

    def connected(self, now_s: float) -> None:
        """The broker has let us in."""
        self._suspect = self._lost and self._attempts == 1
        self._attempts = 0
        self._since_s = now_s
        if not self._suspect:
            self._in_a_row = 0

    def lost(self, now_s: float) -> float:
        """The connection ended, not by us: how long to wait, 0 when nobody has taken it.

        >>> session = Takeovers()
        >>> pauses = []
        >>> for second in range(4):
        ...     session.attempted()
        ...     session.connected(second)
        ...     pauses.append(session.lost(second + 0.5))
        >>> pauses, session.count
        ([0.0, 2.0, 4.0, 8.0], 3)
        """
        steady = now_s - self._since_s >= STEADY_S
        taken = self._suspect and not steady
        self._lost, self._suspect = True, False
        if not taken:
            self._in_a_row = 0
            return 0.0
        self.count += 1
        self._in_a_row += 1
        pause: float = min(FIRST_S * 2 ** min(self._in_a_row - 1, 20), LAST_S)
        return pause
