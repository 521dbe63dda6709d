"""The ingest process's edge to MQTT: receive, hand over in batches, acknowledge last.

One thread, one connection, persistent session, QoS 1. A delivery's PUBACK is sent only after its
batch is durably committed; whatever was not acknowledged when a process or connection dies is
delivered again, and identity makes that harmless.

paho's own loop reads one packet per `select` and wakes itself for every acknowledgement, so the
socket is driven from here: drain, commit, acknowledge, write.
"""

import logging
import random
import select
import time
from collections.abc import Callable
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from msgspec.structs import replace
from paho.mqtt.enums import CallbackAPIVersion

from devices.wire import Receipt, parse_topic
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.settings import IngestSettings
from ingest.store import Heartbeat, Outcome, StoreUnavailable, Writer
from ingest.takeover import Takeovers
from ingest.watch import Watch

log = logging.getLogger(__name__)

RETRY_FIRST_S = 0.2
RETRY_LAST_S = 5.0
BEAT_S = 2.0
"""So often a sign of life is written; also while nothing comes."""
KEEPALIVE_S = 30
IDLE_S = 0.2
_encode = msgspec.json.Encoder().encode


class Receiver:
    """Moves deliveries from the broker into the store until told to stop."""

    def __init__(
        self,
        settings: IngestSettings,
        store: Writer,
        on_batch: Callable[[list[Outcome]], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._zones = settings.zones()
        self._store = store
        self._on_batch = on_batch
        self._pending: list[tuple[int, Delivery]] = []
        self._pending_since = 0.0
        self._retry_s = 0.0
        self._store_retry_at = 0.0
        self._connect_at = 0.0
        self._heartbeat = Heartbeat(at_ms=_now_ms(), started_ms=_now_ms())
        self._beat_at = 0.0
        self._beating = True
        self._takeovers = Takeovers()
        self._client = self._make_client()
        self._watch = Watch(settings) if settings.watch_user else None

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Serve until `should_stop`; then commit what is at hand and leave the session behind."""
        if self._watch is None:
            self._serve(should_stop)
            return
        self._watch.start()
        try:
            self._serve(should_stop)
        finally:
            self._watch.stop()

    def _serve(self, should_stop: Callable[[], bool]) -> None:
        last_misc = 0.0
        while not should_stop():
            now = time.monotonic()
            if now >= self._beat_at:
                self._beat(now)
            sock = self._client.socket()
            if sock is None:
                if now < self._connect_at:
                    time.sleep(0.02)
                else:
                    self._connect()
                continue
            self._exchange(sock)
            now = time.monotonic()
            if now - last_misc >= 1.0:
                last_misc = now
                self._client.loop_misc()
                self._take_strays(now)
            if self._due(now):
                self._flush()
        while self._pending and self._store_retry_at == 0.0:
            self._flush()
        self._client.disconnect()
        self._client.loop_write()

    def _beat(self, now: float) -> None:
        """Write a sign of life; a store that does not take it is told of once."""
        self._beat_at = now + BEAT_S
        self._heartbeat = replace(self._heartbeat, at_ms=_now_ms())
        try:
            self._store.beat(self._heartbeat)
        except StoreUnavailable as error:
            if self._beating:
                log.error("store not available (%s): no sign of life can be written", error)
            self._beating = False
        else:
            self._beating = True

    def _make_client(self) -> mqtt.Client:
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        if settings.broker_user:
            client.username_pw_set(settings.broker_user, settings.broker_password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        # With this callback set, paho queues packets instead of writing each one at once.
        client.on_socket_register_write = lambda *_: None
        return client

    def _connect(self) -> None:
        settings = self._settings
        self._takeovers.attempted()
        try:
            self._client.connect(settings.broker_host, settings.broker_port, KEEPALIVE_S)
        except OSError as error:
            pause = self._next_retry()
            self._connect_at = time.monotonic() + pause
            log.warning("broker not reached (%s), trying again in %.1f s", error, pause)

    def _next_retry(self) -> float:
        """Exponential back-off with jitter, so that many clients do not return as one."""
        self._retry_s = min(max(self._retry_s * 2, RETRY_FIRST_S), RETRY_LAST_S)
        return self._retry_s * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret

    def _exchange(self, sock: Any) -> None:
        """Wait for the socket at most until the next flush; then read all there is, and write."""
        writers = [sock] if self._client.want_write() else []
        wait_s = min(self._settings.flush_ms / 2000, IDLE_S) if self._pending else IDLE_S
        readable, writable, _ = select.select([sock], writers, [], wait_s)
        if readable:
            self._drain()
        if writable:
            self._client.loop_write()

    def _drain(self) -> None:
        """Read packets until the socket is empty or a batch is full.

        What waits here is bounded by the broker's in-flight window, also while the store is away.
        """
        full = len(self._pending) + self._settings.batch_deliveries
        while len(self._pending) < full:
            before = len(self._pending)
            if self._client.loop_read() != mqtt.MQTT_ERR_SUCCESS:
                return
            if len(self._pending) == before:
                return

    def _take_strays(self, now: float) -> None:
        """Store what the watch heard with the next batch; there is nothing to acknowledge.

        While the store is away they wait where they are, of which only so many do.
        """
        if self._watch is None or len(self._pending) >= self._settings.batch_deliveries:
            return
        strays = self._watch.strays
        if strays and not self._pending:
            self._pending_since = now
        for _ in range(len(strays)):
            self._pending.append((0, strays.popleft()))

    def _due(self, now: float) -> bool:
        if not self._pending or now < self._store_retry_at:
            return False
        full = len(self._pending) >= self._settings.batch_deliveries
        return full or now - self._pending_since >= self._settings.flush_ms / 1000

    def _flush(self) -> None:
        """Commit the batch; only then acknowledge and answer it."""
        full = self._settings.batch_deliveries
        batch, self._pending = self._pending[:full], self._pending[full:]
        try:
            outcomes = process([delivery for _, delivery in batch], self._store, self._zones)
        except StoreUnavailable as error:
            self._pending = batch + self._pending
            pause = self._next_retry()
            self._store_retry_at = time.monotonic() + pause
            log.error("store not available (%s), trying again in %.1f s", error, pause)
            return
        self._retry_s = self._store_retry_at = 0.0
        for mid, _ in batch:
            if mid:
                self._client.ack(mid, 1)
        if self._settings.receipts:
            for outcome in outcomes:
                self._answer(outcome)
        self._client.loop_write()
        self._on_batch(outcomes)

    def _answer(self, outcome: Outcome) -> None:
        topic = parse_topic(outcome.topic)
        if topic is None:
            return
        receipt = Receipt(
            outcome.message_id,
            outcome.message_seq,
            outcome.result,
            outcome.reason,
            outcome.path,
            outcome.refused,
        )
        # A receipt that is lost makes the gateway send again and be told "duplicate": QoS 0 does.
        self._client.publish(topic.answer(), _encode(receipt), qos=0)

    def _on_connect(self, client: mqtt.Client, *details: Any) -> None:
        reason = details[2]
        if reason.is_failure:
            log.error(
                "the broker refused the connection: %s; see HJEMMEPULS_BROKER_USER and _PASSWORD",
                reason,
            )
            return
        self._takeovers.connected(time.monotonic())
        self._retry_s = 0.0
        client.subscribe([(topic, 1) for topic in self._settings.subscriptions()])

    def _on_subscribe(self, *details: Any) -> None:
        """Connected is who hears something: who was let in and may not listen hears nothing."""
        refused = [reason for reason in details[3] if reason.is_failure]
        if refused:
            log.error("the broker refused a subscription: %s; see its access list", refused[0])
            return
        self._heartbeat = replace(self._heartbeat, connected_ms=_now_ms())
        self._beat_at = 0.0
        log.info("connected to the broker")

    def _on_disconnect(self, *_: Any) -> None:
        now, pause = time.monotonic(), self._next_retry()
        taken = 0.0 if self._heartbeat.connected_ms is None else self._takeovers.lost(now)
        if taken:
            pause = taken * random.uniform(0.75, 1.25)  # noqa: S311  jitter, not a secret
            log.error(
                "another client took the session %r, %d times by now: stop it, or give one of "
                "the two another HJEMMEPULS_CLIENT_ID; trying again in %.1f s",
                self._settings.client_id,
                self._takeovers.count,
                pause,
            )
        self._connect_at = now + pause
        # Message numbers die with their connection; the session will deliver these again.
        dropped = len(self._pending)
        self._pending.clear()
        self._heartbeat = replace(
            self._heartbeat, connected_ms=None, takeovers=self._takeovers.count
        )
        self._beat_at = 0.0
        log.warning("connection to the broker ended, %d deliveries will come again", dropped)

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"
        if not self._pending:
            self._pending_since = time.monotonic()
        received_ms = _now_ms()
        mid = message.mid if message.qos else 0  # a QoS 0 message has nothing to acknowledge
        self._pending.append((mid, Delivery(topic, bytes(message.payload), received_ms)))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
