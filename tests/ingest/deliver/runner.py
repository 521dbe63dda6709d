"""The delivery process itself, for tests that kill it."""

import sys
import time
from collections.abc import Callable

from hjemmepuls.processes import Child
from tests.ingest.deliver.home import Home

MAIN = """
import logging, signal, threading
from ingest.deliver import DeliverSettings, serve
logging.basicConfig(level=logging.INFO)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
serve(DeliverSettings(), stop)
"""


class Runner:
    """A delivery process that can be killed and started again. `settings` by their bare names."""

    def __init__(self, home: Home, **settings: object) -> None:
        chosen = {"STATE_PATH": home.path.with_name("deliveries.db"), "POLL_MS": 10, **settings}
        self._environment = {
            f"HJEMMEPULS_DELIVER_{name}": str(value) for name, value in chosen.items()
        }
        self._environment["HJEMMEPULS_STORE_PATH"] = str(home.path)
        self._log = home.path.with_name("deliver.log")
        self.child = self.start()

    def start(self) -> Child:
        """A new process; does not wait for it."""
        return Child([sys.executable, "-c", MAIN], self._log, self._environment)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait while it runs."""
        self.child.wait_until(ready)

    def kill_and_start(self, pause_s: float) -> None:
        """A little later end it as a power cut would, and start it again."""
        time.sleep(pause_s)
        assert self.child.process.poll() is None, self.child.tail()
        self.child.kill()
        self.child = self.start()

    def stop(self) -> None:
        """Ask it to end; it must end well."""
        assert self.child.stop() == 0, self.child.tail()
