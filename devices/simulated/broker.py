"""The embedded MQTT broker of the demo: amqtt, on loopback, without any set-up.

For demonstration and for nothing else: it keeps sessions in memory and moves some 1 700 messages a
second. Mosquitto with the shipped configuration is what everything else runs on.
"""

import asyncio
import logging
from collections.abc import Callable


def run_broker(port: int, should_stop: Callable[[], bool]) -> None:
    """Serve at 127.0.0.1:`port` until `should_stop`. OSError when the port is taken."""
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    asyncio.run(_serve(port, should_stop))


async def _serve(port: int, should_stop: Callable[[], bool]) -> None:
    from amqtt.broker import Broker  # type: ignore[import-untyped]  # a demo-only dependency

    listener = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
    await broker.start()
    try:
        while not should_stop():
            await asyncio.sleep(0.1)
    finally:
        await broker.shutdown()
