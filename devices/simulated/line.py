"""One MQTT connection that many gateways share.

In: messages with a ticket. Out, by callback: the ticket when the broker has taken the message,
the receipts and commands of the parts it subscribes to, and word of a reconnect. Called by `fleet`,
which keeps few of these: paho waits with select(), which ends at 1024 file descriptors.

The callbacks run in paho's network thread. None may raise (that would end the thread) and none
may wait for a lock that is held around `publish`: paho holds its own while it calls us.
"""

import json
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from devices.wire import (
    KIND_COMMAND,
    KIND_RECEIPT,
    KIND_STATUS,
    TOPIC_ROOT,
    Receipt,
    parse_topic,
    topic_for,
)

log = logging.getLogger(__name__)

_BACKOFF_S_MAX = 30
_jitter = random.SystemRandom()
_decode_receipt = msgspec.json.Decoder(Receipt).decode


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are to it. `tls_ca` switches TLS on."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_ca: Path | None = None
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told what: `taken(ticket)`, `receipt(gateway, receipt)`, `command(gateway, payload)`,
    `reconnected(line)`."""

    taken: Callable[[int], None]
    receipt: Callable[[str, Receipt], None]
    command: Callable[[str, bytes], None]
    reconnected: Callable[[int], None]


class Line:
    """One connection; reconnects by itself with jittered back-off, for ever, until closed."""

    def __init__(
        self,
        number: int,
        name: str,
        tenant: str,
        parts: tuple[int, ...],
        broker: Broker,
        ears: Ears,
        *,
        receipts: bool,
    ) -> None:
        self.number = number
        self.ready = threading.Event()
        """Set while connected and, with receipts, subscribed: a receipt cannot be missed."""
        self.callback_errors = 0
        self._ears = ears
        self._filters = (
            [
                (f"{TOPIC_ROOT}/{tenant}/{part:02d}/+/+/{kind}", 1)
                for part in parts
                for kind in (KIND_RECEIPT, KIND_COMMAND)
            ]
            if receipts
            else []
        )
        self._status = topic_for(tenant, name, name, KIND_STATUS).text()
        self._attempts = 0
        self._connected_before = False
        self._tickets: dict[int, int | None] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self._client = self._client_for(name, broker, keep=receipts)
        self._broker = broker

    def _client_for(self, name: str, broker: Broker, *, keep: bool) -> mqtt.Client:
        """With `keep` the broker remembers us, so that a command waits while we are away."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=not keep)
        client.max_inflight_messages_set(0)  # the outbox is the window; paho's scans itself
        client.max_queued_messages_set(0)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls_ca is not None:
            client.tls_set(ca_certs=str(broker.tls_ca))
        client.will_set(self._status, json.dumps({"v": 1, "state": "offline"}), 1, retain=True)
        client.on_connect = self._guarded(self._on_connect)
        client.on_connect_fail = self._guarded(self._on_lost)
        client.on_disconnect = self._guarded(self._on_lost)
        client.on_subscribe = self._guarded(self._on_subscribe)
        client.on_publish = self._guarded(self._on_publish)
        client.on_message = self._guarded(self._on_message)
        return client

    def open(self) -> None:
        """Begin to connect, in a thread of its own; returns at once and never fails."""
        self._client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        self._client.loop_start()

    def close(self) -> None:
        """Say goodbye and end the thread; waits for it, a second or two at worst."""
        if self.ready.is_set():
            farewell = json.dumps({"v": 1, "state": "offline"}).encode()
            self.publish(self._status, farewell, None, retain=True)
        self._client.disconnect()
        self._client.loop_stop()
        self.ready.clear()

    def publish(
        self, topic: str, payload: bytes, ticket: int | None, *, retain: bool = False
    ) -> bool:
        """Hand one message to the client (QoS 1); whether it took it.

        Without a connection the client keeps it and sends it later (MQTT_ERR_NO_CONN), which
        counts as taken. `ears.taken(ticket)` follows with the PUBACK. Everything goes out this
        way, also what has no ticket: an unknown PUBACK is taken for one that was quicker than us.
        """
        info = self._client.publish(topic, payload, 1, retain)
        if info.rc not in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_NO_CONN):
            log.warning("publish refused by the client: %s", mqtt.error_string(info.rc))
            return False
        with self._lock:
            if info.mid not in self._early:
                self._tickets[info.mid] = ticket
                return True
            self._early.discard(info.mid)  # its PUBACK was quicker than we were
        if ticket is not None:
            self._ears.taken(ticket)
        return True

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        def guarded(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception:
                self.callback_errors += 1
                log.exception("callback of line %d failed", self.number)

        return guarded

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: Any, _more: object
    ) -> None:
        if reason.is_failure:
            log.warning("line %d was refused: %s", self.number, reason)
            return
        self._attempts = 0
        online = json.dumps({"v": 1, "state": "online"}).encode()
        self.publish(self._status, online, None, retain=True)
        if self._filters:
            client.subscribe(self._filters)
        else:
            self._greet()

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[Any], _more: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("line %d may not subscribe to receipts and commands", self.number)
        self._greet()

    def _greet(self) -> None:
        self.ready.set()
        if self._connected_before:
            self._ears.reconnected(self.number)
        self._connected_before = True

    def _on_lost(self, client: mqtt.Client, *_: object) -> None:
        """Disconnected, or not connected at all: wait for a random while before the next try."""
        self.ready.clear()
        self._attempts = min(self._attempts + 1, 10)
        delay_s = _jitter.randint(1, min(_BACKOFF_S_MAX, 2**self._attempts - 1))
        client.reconnect_delay_set(delay_s, delay_s)

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, _reason: object, _more: object
    ) -> None:
        with self._lock:
            if mid not in self._tickets:
                self._early.add(mid)
                return
            ticket = self._tickets.pop(mid)
        if ticket is not None:
            self._ears.taken(ticket)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        if topic is not None and topic.kind == KIND_RECEIPT:
            self._ears.receipt(topic.gateway, _decode_receipt(message.payload))
        elif topic is not None and topic.kind == KIND_COMMAND:
            self._ears.command(topic.gateway, bytes(message.payload))
