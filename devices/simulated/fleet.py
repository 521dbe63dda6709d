"""Plays a `World` over MQTT: every home at its own time, over a few connections.

In: a world, a broker, a timeline. Out: messages at the broker, lines in the ledger, counters by
`Progress`. Called by the command line and the load tests. `run` blocks; back-pressure is the
outbox's window: the world is not asked for more while too much is unreceipted.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from devices.simulated.ledger import Ledger
from devices.simulated.line import Broker, Ears, Line
from devices.simulated.orders import Orders
from devices.simulated.outbox import Outbox
from devices.simulated.timeline import Timeline
from devices.simulated.world import Delivery, World
from devices.wire import KIND_STATUS, PARTS, Receipt, topic_for

__all__ = ["Broker", "Fleet", "Progress"]

_TICK_S = 0.05
_PROGRESS_S = 0.25
_REPEATS_A_TICK = 50
"""At most 1 000 repeats a second, so that a broker that comes back can breathe."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. `readings` are distinct ones, `published` all messages but repeats of
    the outbox, which are `resends`. `virtual_now` is None before the first message."""

    published: int
    readings: int
    garbage: int
    resends: int
    receipts: dict[str, int]
    commands: dict[str, int]
    unreceipted: int
    connected: int
    callback_errors: int
    virtual_now: datetime | None

    @property
    def receipted(self) -> int:
        """All receipts, whatever they said."""
        return sum(self.receipts.values())


class Fleet:
    """One run of a world. Use once.

    `name` begins the client ids: two fleets at one broker need two names. Without `receipts` a
    message is done with its PUBACK, and nothing is listened to (load tests). `announce` publishes a
    retained birth status per gateway before its first reading. Raises nothing for a broker that is
    away: it waits.
    """

    def __init__(
        self,
        world: World,
        broker: Broker,
        timeline: Timeline,
        *,
        ledger: Ledger | None = None,
        name: str = "hjemmepuls-devices",
        connections: int = 2,
        window: int = 1_000,
        receipts: bool = True,
        resend_after_s: float = 30.0,
        announce: bool = True,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        if not 1 <= connections <= PARTS:
            raise ValueError(f"connections must be 1 to {PARTS}, not {connections}")
        self._world = world
        self._timeline = timeline
        self._ledger = ledger
        self._receipts = receipts
        self._announce = announce
        self._progress = progress
        self._outbox = Outbox(window, resend_after_s)
        self._orders = Orders()
        ears = Ears(
            self._outbox.puback, self._on_receipt, self._on_command, self._outbox.reconnected
        )
        self._lines = tuple(
            Line(
                number,
                f"{name}-{number}",
                world.tenant,
                tuple(range(number, PARTS, connections)),
                broker,
                ears,
                receipts=receipts,
            )
            for number in range(connections)
        )
        self._counts: Counter[str] = Counter()
        self._results: Counter[str] = Counter()
        self._results_lock = threading.Lock()
        self._announced: set[str] = set()
        self._stop = threading.Event()
        self._deadline_s = float("inf")
        self._tick_s = 0.0
        self._told_s = 0.0

    def run(
        self,
        *,
        stop: threading.Event | None = None,
        seconds: float | None = None,
        drain_s: float = 60.0,
    ) -> Progress:
        """Publish until the world ends, `seconds` of wall time are over or `stop` is set; then
        wait at most `drain_s` for the missing receipts, repeating what gets none. Where it ended.

        Raises OSError when the ledger cannot be written: nothing unlogged is ever published.
        """
        self._stop = stop or self._stop
        if seconds is not None:
            self._deadline_s = time.monotonic() + seconds
        for line in self._lines:
            line.open()
        try:
            for delivery in self._world.deliveries(self._orders.asked):
                if not self._may_send(delivery):
                    break
                self._send(delivery)
            self._drain(drain_s)
            return self.counters()
        finally:
            for line in self._lines:
                line.close()

    def counters(self) -> Progress:
        """Where the run stands now; callable from any thread."""
        with self._results_lock:
            results = dict(self._results)
        counts = self._counts
        return Progress(
            published=counts["published"],
            readings=counts["readings"],
            garbage=counts["garbage"],
            resends=counts["resends"],
            receipts=results,
            commands=self._orders.counts(),
            unreceipted=len(self._outbox),
            connected=sum(line.ready.is_set() for line in self._lines),
            callback_errors=sum(line.callback_errors for line in self._lines),
            virtual_now=self.virtual_now,
        )

    @property
    def virtual_now(self) -> datetime | None:
        """The virtual time that the run has reached (UTC)."""
        return self._timeline.now()

    def _line_of(self, part: int) -> Line:
        return self._lines[part % len(self._lines)]

    def _may_send(self, delivery: Delivery) -> bool:
        """Wait for time, connection and room, in this order; False when the run is over."""
        line = self._line_of(delivery.topic.part)
        while not self._over():
            self._pump()
            wait_s = self._timeline.wait_s(delivery.send_ms)
            if wait_s > 0:
                self._stop.wait(min(wait_s, 2 * _TICK_S))
            elif not line.ready.is_set():
                line.ready.wait(2 * _TICK_S)
            elif self._outbox.wait_for_room(2 * _TICK_S):
                return True
        return False

    def _over(self) -> bool:
        return self._stop.is_set() or time.monotonic() >= self._deadline_s

    def _send(self, delivery: Delivery) -> None:
        """Ledger first, then outbox, then the broker."""
        topic = delivery.topic
        text = topic.text()
        if self._ledger is not None:
            if delivery.garbage:
                self._ledger.garbage(text, delivery.payload, delivery.fault)
            elif not delivery.again:
                self._ledger.readings(delivery.readings)
        line = self._line_of(topic.part)
        if self._announce and topic.gateway not in self._announced:
            self._announced.add(topic.gateway)
            birth = json.dumps({"v": 1, "state": "online", "at": delivery.send_at.isoformat()})
            status = topic_for(self._world.tenant, topic.gateway, topic.gateway, KIND_STATUS)
            self._line_of(status.part).publish(status.text(), birth.encode(), None, retain=True)
        ids = delivery.ids if self._receipts else ()
        ticket = self._outbox.put(topic.gateway, line.number, text, delivery.payload, ids)
        if not line.publish(text, delivery.payload, ticket):
            self._outbox.not_sent(ticket)
        self._counts["published"] += 1
        if delivery.garbage:
            self._counts["garbage"] += 1
        elif not delivery.again:
            self._counts["readings"] += len(delivery.readings)

    def _drain(self, drain_s: float) -> None:
        end_s = time.monotonic() + drain_s
        while not self._outbox.wait_until_empty(_TICK_S) and time.monotonic() < end_s:
            self._pump()
        self._tell()

    def _pump(self) -> None:
        """Repeat what is overdue and report; cheap when called too often."""
        now_s = time.monotonic()
        if now_s < self._tick_s:
            return
        self._tick_s = now_s + _TICK_S
        for ticket, parcel in self._outbox.overdue(_REPEATS_A_TICK):
            if self._lines[parcel.line].publish(parcel.topic, parcel.payload, ticket):
                self._counts["resends"] += 1
            else:
                self._outbox.not_sent(ticket)
        if now_s >= self._told_s:
            self._told_s = now_s + _PROGRESS_S
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.counters())

    def _on_receipt(self, gateway: str, receipt: Receipt) -> None:
        with self._results_lock:
            self._results[receipt.result] += 1
        self._outbox.receipt(gateway, receipt.id)

    def _on_command(self, gateway: str, payload: bytes) -> None:
        self._orders.hear(gateway, payload)
