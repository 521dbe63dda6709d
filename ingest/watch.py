"""What homes publish and nobody takes: kinds and topics that no platform reads.

In: a broker where `watch` may read all that the others do not (deploy/acl). Out: deliveries, which
become rejections as any other (`kind-unsupported`, `topic-malformed`), so that a misspelt topic is
counted, listed and receipted instead of vanishing at the broker; and a warning for each rise of the
broker's own count of messages that it dropped.

A connection of its own, since Mosquitto cannot forbid a user to read what it may write: ingest
would otherwise hear each of its receipts. QoS 0 and without a session: a stray is a fault to be
told, no measurement to be kept.
"""

import logging
import time
from collections import deque
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from devices.wire import KIND_COMMAND, KIND_RECEIPT, KIND_STATUS, parse_topic
from ingest.decode import KINDS, Delivery
from ingest.settings import IngestSettings

log = logging.getLogger(__name__)

WAITING_MAX: Final = 1_000
"""Most strays held until they are stored; of more the oldest are let go."""
STRAYS: Final = "+/+/+/+/+/+/+"
"""Every topic of as many levels as ours. No wildcard at the front means the broker's own topics."""
DROPPED: Final = "$SYS/broker/publish/messages/dropped"
"""Mosquitto's count of messages that it threw away: full queues, too many in flight."""
_OURS = frozenset({*KINDS, KIND_STATUS, KIND_RECEIPT, KIND_COMMAND})


class Watch:
    """Listens on a thread of its own; `strays` is emptied by whoever stores them."""

    def __init__(self, settings: IngestSettings) -> None:
        self.strays: deque[Delivery] = deque(maxlen=WAITING_MAX)
        self._dropped: int | None = None
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, clean_session=True)
        self._client.username_pw_set(settings.watch_user, settings.watch_password)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 30)
        self._client.connect_async(settings.broker_host, settings.broker_port)

    def start(self) -> None:
        """Listen from now on, and again after every loss of the broker."""
        self._client.loop_start()

    def stop(self) -> None:
        """Listen no more."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *details: Any) -> None:
        reason = details[2]
        if reason.is_failure:
            log.error("the broker refused the watch on strays: %s", reason)
            return
        client.subscribe([(STRAYS, 0), (DROPPED, 0)])
        log.info("watching for strays")

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"
        if topic == DROPPED:
            self._count(bytes(message.payload))
        elif not is_ours(topic):
            self.strays.append(Delivery(topic, bytes(message.payload), time.time_ns() // 1_000_000))

    def _count(self, said: bytes) -> None:
        if not said.isdigit():
            return
        before, self._dropped = self._dropped, int(said)
        if before is not None and self._dropped > before:
            log.warning("the broker dropped %d messages", self._dropped - before)


def is_ours(topic: str) -> bool:
    """Whether somebody of the platform, or a home, takes what is published there.

    >>> is_ours("hm/v1/t/07/gw/dev/obs"), is_ours("hm/v1/t/07/gw/dev/OBS"), is_ours("HM/v1")
    (True, False, False)
    """
    known = parse_topic(topic)
    return known is not None and known.kind in _OURS
