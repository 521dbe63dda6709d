"""Child processes on loopback: started with a log, waited for, always reaped.

Used by the demo, the benchmarks and the tests. On Linux a child also ends when its parent is
killed outright, so that nothing is left behind.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
DEPLOY = Path(__file__).parent.parent / "deploy"
"""The shipped configuration, in a checkout."""
_PR_SET_PDEATHSIG = 1


class ChildFailed(RuntimeError):  # noqa: N818  the child failed, not our code
    """A child ended or did not answer in time; the message ends with its last log lines."""


class Child:
    """One child process; use as a context manager. `log` holds what it wrote."""

    def __init__(
        self, arguments: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  our own programs, no shell
                list(arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                # Ctrl-C is for who started us: what we started is stopped by us, in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  no threads of ours before exec
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until `ready`; ChildFailed when the child ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise ChildFailed(f"{self.log.stem} ended: {self.tail()}")
            if time.monotonic() > deadline:
                raise ChildFailed(f"{self.log.stem} is not ready: {self.tail()}")
            time.sleep(0.05)

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """End it as a power cut would, and reap it."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 10.0) -> int:
        """Ask it to end, then make it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self.process.returncode)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def hjemmepuls(*arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> Child:
    """One of our own commands as a child."""
    return Child([sys.executable, "-m", "hjemmepuls", *arguments], log, environment)


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def taken(port: int) -> bool:
    """Whether this port on loopback cannot be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return True
    return False


def listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def find_mosquitto() -> str | None:
    """Where Mosquitto is installed, if it is."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Mosquitto(Child):
    """Mosquitto on a port of ours, with the shipped configuration: only port and paths differ.

    `password` is that of the shipped users and of `gateways`. Stopping and
    starting one again in the same folder keeps its sessions. ChildFailed when it does not come up.
    """

    def __init__(self, folder: Path, port: int | None = None, gateways: Sequence[str] = ()) -> None:
        program = find_mosquitto()
        if program is None:
            raise ChildFailed("Mosquitto is missing; install: apt-get install mosquitto")
        self.port = port or free_port()
        self.password = "on-loopback-for-a-test"  # noqa: S105  guards nothing
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(
            [program, "-c", str(self._configure(folder, gateways))], folder / "mosquitto.log"
        )
        self.wait_until(lambda: listening(self.port))

    def settings(self, user: str) -> dict[str, str]:
        """The environment with which one of our processes reaches this broker as `user`."""
        return {
            "HJEMMEPULS_BROKER_PORT": str(self.port),
            "HJEMMEPULS_BROKER_USER": user,
            "HJEMMEPULS_BROKER_PASSWORD": self.password,
        }

    def _configure(self, folder: Path, gateways: Sequence[str]) -> Path:
        passwords = folder / "passwords"
        passwords.touch(0o600)
        for user in ("ingest", "watch", "alerting", "devices", *gateways):
            subprocess.run(  # noqa: S603
                ["mosquitto_passwd", "-b", str(passwords), user, self.password],  # noqa: S607
                check=True,
                capture_output=True,
            )
        acl = folder / "acl"
        acl.write_text((DEPLOY / "acl").read_text())
        acl.chmod(0o600)
        text = (DEPLOY / "mosquitto.conf").read_text()
        for shipped, here in (
            ("listener 1883 ", f"listener {self.port} "),
            ("/mosquitto/secrets/passwords", str(passwords)),
            ("/mosquitto/config/acl", str(acl)),
            ("/mosquitto/data/", f"{folder}/"),
        ):
            assert shipped in text, shipped
            text = text.replace(shipped, here)
        if os.geteuid() == 0:
            text += "user root\n"  # the files of this folder are ours alone
        configuration = folder / "mosquitto.conf"
        configuration.write_text(text)
        return configuration


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
