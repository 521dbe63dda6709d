"""The alerting process's edge to MQTT: requests to measure daily, told to the homes.

In: requests in the alert store of which a home has not been told. Out: commands (kind `cmd`, QoS 1,
never retained) at the broker. A request is marked as sent after the broker's PUBACK, so a kill in
between sends it once more; a home knows a command by its id. Called by `alerting.serve`, on a
thread of its own: a broker or a store that is away is tried again for ever, and delays no alert.
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from alerting.alert_store import AlertStore
from alerting.asking import Request
from alerting.local_time import calendar_day, local_days
from alerting.places import Place, Places
from alerting.settings import AlertingSettings
from devices.wire import KIND_COMMAND, measure_daily, topic_for
from ingest.deliver.back_off import BackOff
from ingest.store import Reader, StoreUnavailable

log = logging.getLogger(__name__)

CLIENT_ID = "hjemmepuls-alerting"
KEEPALIVE_S = 30
ANSWER_S = 10.0
"""So long the broker may take to answer."""
AT_ONCE = 100
NOBODY_AGAIN_S = 60.0
"""So often a home is looked for that could not be found, or whose citizen is away."""
_encode = msgspec.json.Encoder().encode


class BrokerAway(OSError):  # noqa: N818  it is the world that is bad, not the code
    """The broker does not answer, or refuses us."""


class Sender:
    """Tells homes what they are asked, until told to stop; opens its own stores."""

    def __init__(
        self,
        settings: AlertingSettings,
        open_reader: Callable[[], Reader],
        open_alerts: Callable[[], AlertStore],
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._open_reader = open_reader
        self._open_alerts = open_alerts
        self._now_ms = now_ms
        self._not_before: dict[int, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set; what is not marked by then is sent at the next start."""
        back_off = BackOff(random.random)
        while not stop.is_set():
            try:
                with (
                    closing(self._open_reader()) as reader,
                    closing(self._open_alerts()) as alerts,
                    self._connection(stop) as client,
                ):
                    places = Places(reader)
                    while not stop.is_set():
                        self._round(client, places, alerts, stop)
                        back_off.succeeded()
                        stop.wait(self._settings.poll_ms / 1000)
            except (OSError, StoreUnavailable) as error:
                pause = back_off.failed()
                log.warning("requests wait (%s), trying again in %.1f s", error, pause)
                stop.wait(pause)

    @contextmanager
    def _connection(self, stop: threading.Event) -> Iterator[mqtt.Client]:
        """A client that the broker has let in; OSError when it cannot be reached or refuses."""
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=CLIENT_ID,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        if settings.broker_user:
            client.username_pw_set(settings.broker_user, settings.broker_password)
        answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        client.on_connect = lambda *told: answers.put(str(told[3]) if told[3].is_failure else "")
        client.on_disconnect = lambda *told: answers.put(f"disconnected ({told[3]})")
        client.connect(settings.broker_host, settings.broker_port, KEEPALIVE_S)
        client.loop_start()
        try:
            refused = _answer(answers, stop)
            if refused:
                raise BrokerAway(f"the broker did not let us in: {refused}")
            log.info("requests to measure daily are sent")
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def _round(
        self, client: mqtt.Client, places: Places, alerts: AlertStore, stop: threading.Event
    ) -> None:
        """Send what waits, and mark what the broker has taken."""
        if not client.is_connected():
            raise BrokerAway("the connection ended")
        now_ms, clock = self._now_ms(), time.monotonic()
        if not now_ms:
            return  # data are the clock, and none has been seen yet
        self._not_before = {key: at for key, at in self._not_before.items() if at > clock}
        waiting = [
            request
            for request in alerts.requests.unsent(int(local_days(now_ms)))
            if request.key not in self._not_before
        ]
        sent: list[tuple[Request, mqtt.MQTTMessageInfo]] = []
        for request in waiting[:AT_ONCE]:
            place = places.of(request.citizen, now_ms)
            if place is None:
                log.warning("a request has no home to go to now, or its citizen is away")
                self._not_before[request.key] = clock + NOBODY_AGAIN_S
            else:
                sent.append((request, self._publish(client, request, place)))
        for request, info in sent:
            _await(client, info, stop)
            alerts.requests.mark_sent(request, time.time_ns() // 1_000_000)

    def _publish(self, client: mqtt.Client, request: Request, place: Place) -> mqtt.MQTTMessageInfo:
        topic = topic_for(self._settings.ask_tenant, place.gateway, place.device, KIND_COMMAND)
        days = calendar_day(request.fresh_since), calendar_day(request.until)
        command = measure_daily(topic, place.slot, *days, datetime.now(UTC))
        return client.publish(topic.text(), _encode(command), 1)


def _answer(answers: "queue.SimpleQueue[str]", stop: threading.Event) -> str:
    """What the broker says to our connecting; empty when it lets us in."""
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline and not stop.is_set():
        with suppress(queue.Empty):
            return answers.get(timeout=0.1)
    return "no answer"


def _await(client: mqtt.Client, info: mqtt.MQTTMessageInfo, stop: threading.Event) -> None:
    """Wait for the broker's PUBACK."""
    deadline = time.monotonic() + ANSWER_S
    while info.rc == mqtt.MQTT_ERR_SUCCESS and not info.is_published():
        if stop.is_set() or time.monotonic() > deadline or not client.is_connected():
            raise BrokerAway("the broker has not acknowledged")
        info.wait_for_publish(0.1)
    if info.rc != mqtt.MQTT_ERR_SUCCESS:
        raise BrokerAway(mqtt.error_string(info.rc))
