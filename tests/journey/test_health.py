"""What an operator sees within seconds when broker, ingest, a store or the disk is away."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hjemmepuls.processes import Child, Mosquitto, find_mosquitto, free_port, hjemmepuls
from ingest.store import SqliteWriter

SECONDS = 15.0
"""So long anything may take to be noticed."""


class Platform:
    """Broker, ingest and alerting, each a process of its own, over stores in a folder."""

    def __init__(self, stack: ExitStack, folder: Path, alerts: Path) -> None:
        self.records, self.alerts = folder / "records.db", alerts
        SqliteWriter(self.records).close()
        self._folder, self._stack = folder, stack
        self.broker = stack.enter_context(Mosquitto(folder / "broker"))
        self.ingest = self.start_ingest()
        self.port = free_port()
        self.alerting = stack.enter_context(
            hjemmepuls(
                *("alerting", "--store", str(self.records), "--alerts", str(alerts)),
                *("--port", str(self.port)),
                log=folder / "alerting.log",
                environment={"HJEMMEPULS_HEARTBEAT_LIMIT_S": "5", "HJEMMEPULS_DISK_FREE_MB": "1"},
            )
        )
        self.http = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5)
        )

    def start_ingest(self) -> Child:
        return self._stack.enter_context(
            hjemmepuls(
                *("ingest", "--store", str(self.records)),
                log=self._folder / "ingest.log",
                environment=self.broker.settings("ingest"),
            )
        )

    def start_broker(self) -> None:
        """Again, in the same folder and at the same port."""
        folder = self._folder / "broker"
        self.broker = self._stack.enter_context(Mosquitto(folder, self.broker.port))

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and body; 0 while nobody answers."""
        try:
            answer = self.http.get("/health/ready")
        except httpx.TransportError:
            return 0, {"failing": []}
        return answer.status_code, answer.json()

    def status(self, *more: str) -> int:
        """The exit code of `hjemmepuls status`."""
        stores = ("--store", str(self.records), "--alerts", str(self.alerts))
        ours = (sys.executable, "-m", "hjemmepuls", "status", "--port", str(self.port))
        return subprocess.run([*ours, *stores, *more], capture_output=True).returncode

    def wait_until_ready(self) -> None:
        self.wait(lambda status, body: status == 200)

    def wait_until_failing(self, *names: str) -> dict[str, Any]:
        """Wait for 503 with these checks among the failing; the body."""
        return self.wait(lambda status, body: status == 503 and set(names) <= set(body["failing"]))

    def wait(self, met: Any) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while not met(*(found := self.ready())):
            assert time.monotonic() < deadline, found
            assert self.alerting.process.poll() is None, self.alerting.tail()
            time.sleep(0.1)
        return found[1]

    def logs(self) -> str:
        return "".join(log.read_text() for log in self._folder.glob("*.log"))


@contextmanager
def platform(folder: Path, alerts: Path | None = None) -> Iterator[Platform]:
    if find_mosquitto() is None:
        pytest.skip("Mosquitto is missing; install: apt-get install mosquitto")
    with ExitStack() as stack:
        running = Platform(stack, folder, alerts or folder / "alerts.db")
        running.wait_until_ready()
        yield running
    assert "Traceback" not in running.logs()


def check(body: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (row for row in body["checks"] if row["name"] == name)
    return dict(found)


def test_broker_and_ingest_are_missed_and_seen_again(tmp_path: Path) -> None:
    with platform(tmp_path) as running:
        assert running.status() == 0
        running.broker.kill()
        body = running.wait_until_failing("broker")
        assert body["failing"] == ["broker"]
        assert check(body, "broker")["value"] == "not connected"
        assert running.status() == running.status("--ingest") == 1
        running.start_broker()
        running.wait_until_ready()
        assert running.status("--ingest") == 0

        running.ingest.kill()
        body = running.wait_until_failing("ingest")
        assert set(body["failing"]) == {"ingest", "broker"}
        assert check(body, "ingest")["value"] > check(body, "ingest")["limit"] == 5
        assert running.http.get("/health").json()["failing"] == body["failing"]
        running.start_ingest()
        running.wait_until_ready()


@pytest.mark.parametrize("name", ["records", "alerts"])
def test_a_store_file_that_is_moved_is_missed_and_never_made_anew(
    tmp_path: Path, name: str
) -> None:
    with platform(tmp_path) as running:
        file: Path = getattr(running, name)
        file.rename(file.with_name("elsewhere"))
        running.wait_until_failing("record-store" if name == "records" else "alert-store")
        time.sleep(1)
        assert not file.exists()
        file.with_name("elsewhere").rename(file)
        running.wait_until_ready()


def test_a_full_disk_under_the_alerts(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as disk, platform(tmp_path, disk / "alerts.db") as running:
        filler = disk / "filler"
        filler.touch()
        fill = ["dd", "if=/dev/zero", f"of={filler}", "bs=4096"]
        assert subprocess.run(fill, capture_output=True).returncode == 1, "the disk is not full"
        body = running.wait_until_failing("disk")
        assert check(body, "disk")["value"] < check(body, "disk")["limit"] == 1
        filler.unlink()
        running.wait_until_ready()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_file_that_may_not_grow_is_no_place_for_alerts(tmp_path: Path) -> None:
    """As a quota would have it: there is room on the disk, and a write fails all the same."""
    with platform(tmp_path) as running:
        limit_file_size(running.alerting, 4096)
        body = running.wait_until_failing("alert-store")
        assert check(body, "alert-store")["text"].startswith("cannot be written: ")
        assert "disk" not in body["failing"]


def limit_file_size(child: Child, size: int) -> None:
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
