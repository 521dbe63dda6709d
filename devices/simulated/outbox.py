"""What the gateways have said and not yet seen receipted: store and forward.

In: messages before their publish, PUBACKs, receipts. Out: what to send again. `fleet` feeds it and
empties it. A real gateway keeps a reading until the platform says that it is stored, since a
PUBACK only says that the broker has it; so does this. Thread-safe; time comes from `now`.

The two hands a message passes through: from `put` or `overdue` until its PUBACK it is the MQTT
client's (which repeats it itself after a reconnect), then it waits here for the receipt.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_PATIENCE_DOUBLINGS_MAX = 4


@dataclass(slots=True)
class Parcel:
    """One message under way: `missing` are the ids in it that no receipt has named yet."""

    gateway: str
    line: int
    topic: str
    payload: bytes
    missing: set[str]
    with_broker: bool = False
    due_s: float = 0.0
    repeats: int = 0


class Outbox:
    """A bounded map of unreceipted messages, in the order of their first publish.

    At most `window` messages are under way; `wait_for_room` is the back-pressure. `timeout_s`
    is the wait for a receipt before the first repeat, doubled with every further one up to
    16-fold, so that a platform away for hours is not flooded.
    """

    def __init__(
        self,
        window: int = 1_000,
        timeout_s: float = 30.0,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if window < 1 or timeout_s <= 0:
            raise ValueError(f"window {window} and timeout {timeout_s} must be positive")
        self._window = window
        self._timeout_s = timeout_s
        self._now = now
        self._changed = threading.Condition()
        self._parcels: dict[int, Parcel] = {}
        self._ticket_of: dict[tuple[str, str], int] = {}
        self._tickets = 0

    def __len__(self) -> int:
        """How many messages are under way."""
        return len(self._parcels)

    def wait_for_room(self, timeout_s: float) -> bool:
        """Block until a message fits or the time is over; whether one fits."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._parcels) < self._window, timeout_s)

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Block until nothing is under way or the time is over; whether it is empty."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._parcels, timeout_s)

    def put(self, gateway: str, line: int, topic: str, payload: bytes, ids: Iterable[str]) -> int:
        """Keep a message that is about to be published on connection `line`; its ticket.

        `ids` are the message ids to be receipted; without any, the PUBACK clears it. An id that
        another message already waits for (an identical repeat) is left to that one. Never blocks
        and never refuses: ask `wait_for_room` first.
        """
        with self._changed:
            self._tickets += 1
            ticket = self._tickets
            missing = {name for name in ids if (gateway, name) not in self._ticket_of}
            self._ticket_of.update(((gateway, name), ticket) for name in missing)
            self._parcels[ticket] = Parcel(gateway, line, topic, payload, missing)
            return ticket

    def puback(self, ticket: int) -> None:
        """The broker has it: cleared if no receipt is due, else the wait for one begins."""
        with self._changed:
            parcel = self._parcels.get(ticket)
            if parcel is None:
                return
            if not parcel.missing:
                self._clear(ticket)
                return
            parcel.with_broker = True
            patience = 2 ** min(parcel.repeats, _PATIENCE_DOUBLINGS_MAX)
            parcel.due_s = self._now() + self._timeout_s * patience

    def receipt(self, gateway: str, message_id: str) -> bool:
        """The platform has answered for this id, whatever the answer; whether it was awaited."""
        with self._changed:
            ticket = self._ticket_of.pop((gateway, message_id), None)
            if ticket is None:
                return False
            parcel = self._parcels[ticket]
            parcel.missing.discard(message_id)
            if not parcel.missing:
                self._clear(ticket)
            return True

    def reconnected(self, line: int) -> None:
        """A connection is back: what its broker had taken without receipt is due at once, since
        broker and receipts may both have been lost."""
        with self._changed:
            for parcel in self._parcels.values():
                if parcel.line == line and parcel.with_broker:
                    parcel.due_s = self._now()

    def overdue(self, at_most: int) -> list[tuple[int, Parcel]]:
        """Take what must be sent again, oldest first, at most so many; they count as sent."""
        with self._changed:
            now_s = self._now()
            taken: list[tuple[int, Parcel]] = []
            for ticket, parcel in self._parcels.items():
                if len(taken) == at_most:
                    break
                if parcel.with_broker and parcel.due_s <= now_s:
                    parcel.with_broker = False
                    parcel.repeats += 1
                    taken.append((ticket, parcel))
            return taken

    def not_sent(self, ticket: int) -> None:
        """The client refused the message: it is due again at once."""
        with self._changed:
            parcel = self._parcels.get(ticket)
            if parcel is not None:
                parcel.with_broker, parcel.due_s = True, self._now()

    def _clear(self, ticket: int) -> None:
        del self._parcels[ticket]
        self._changed.notify_all()
