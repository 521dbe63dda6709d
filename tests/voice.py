"""Somebody who logs in at a Mosquitto with the shipped configuration, speaks, and listens."""

import threading
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from hjemmepuls.processes import HOST, Mosquitto

PATIENCE_S = 10.0


class Voice:
    """One connection as `user`, that hears everything on `topic` that it may read."""

    def __init__(
        self, broker: Mosquitto, user: str, topic: str = "hm/v1/+/+/+/+/cmd", name: str = ""
    ) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        """Topic, payload, and whether it was retained."""
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, clean_session=not name
        )
        self._client.username_pw_set(user, broker.password)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(HOST, broker.port)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def say(self, topic: str, payload: bytes) -> None:
        """Publish, and wait for the broker; it acknowledges also what it throws away."""
        self._client.publish(topic, payload, 1).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        """Say goodbye."""
        self._client.disconnect()
        self._client.loop_stop()
