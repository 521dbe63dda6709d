"""A real broker for the tests that need one, and a small world."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from devices.simulated import Broker, FaultRates, World

MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


class RunningBroker:
    """One Mosquitto on a free loopback port; can be stopped and started again on the same."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Broker:
        return Broker(port=self.port)

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("mosquitto did not open its port")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    if MOSQUITTO is None:
        pytest.skip("no broker here: apt-get install mosquitto")
    running = RunningBroker(tmp_path)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def faulty() -> World:
    """Every fault happens, often; of what tablets say, see `test_tablet`."""
    rates = FaultRates(
        resend_same=0.1,
        resend_rebuilt=0.1,
        offline_burst=0.03,
        late=0.08,
        out_of_order=0.05,
        wrong_clock=0.2,
        clock_reset=0.2,
        garbage=0.2,
        unassigned=0.2,
        artefact=0.01,
    )
    return World(11, 60, start=date(2026, 3, 10), days=30, faults=rates, asking=False)


@pytest.fixture(scope="session")
def clean() -> World:
    """Nothing goes wrong but illness; it spans the spring change of clocks."""
    return World(5, 120, start=date(2026, 3, 1), days=42, faults=FaultRates.none(), asking=False)
