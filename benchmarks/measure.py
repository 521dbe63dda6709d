"""How time is taken, and what is said of the machine.

Every figure is a median over repeats, with the collector switched off while the clock runs and
the lowest and highest beside it. Nothing here, and no test, asserts a time.
"""

import gc
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from hjemmepuls.processes import find_mosquitto

Result = dict[str, Any]
"""What a benchmark found, ready for JSON: `name`, `parameters`, `machine`, figures, hash."""

FSYNC_SECONDS = 0.5
PAGE = bytes(4096)


class Stopwatch:
    """Adds up the seconds spent in its `with` blocks; the collector rests while it runs.

    `clock`: the wall's by default; `time.process_time` counts only what this process computed.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        gc.collect()
        self.seconds = 0.0
        self._clock = clock
        self._started = 0.0
        self._collected = False

    def __enter__(self) -> None:
        """Start."""
        self._collected = gc.isenabled()
        gc.disable()
        self._started = self._clock()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.seconds += self._clock() - self._started
        if self._collected:
            gc.enable()


def rate(count: int, seconds: Sequence[float]) -> float:
    """How many per second, by the median.

    >>> rate(100, [1.0, 2.0, 4.0])
    50.0
    """
    return round(count / median(seconds), 1)


def spread(count: int, seconds: Sequence[float]) -> list[float]:
    """The lowest and the highest rate.

    >>> spread(100, [1.0, 2.0, 4.0])
    [25.0, 100.0]
    """
    return [round(count / max(seconds), 1), round(count / min(seconds), 1)]


def ratio(left: float, right: float) -> float:
    """How many times as fast the left rate is, to three digits."""
    return float(f"{left / right:.3g}")


def machine() -> Result:
    """The machine as far as it bears on the figures."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sqlite": sqlite3.sqlite_version,
        "mosquitto": mosquitto_version(),
    }


def mosquitto_version() -> str | None:
    """The installed Mosquitto's version, if there is one."""
    program = find_mosquitto()
    if program is None:
        return None
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    return said.partition("\n")[0].removeprefix("mosquitto version ").strip() or None


def fsync_per_s(folder: Path) -> float:
    """How often this folder's disk takes one page durably in a second: the floor of any commit."""
    count = 0
    with (folder / "fsync").open("wb", buffering=0) as file:
        end = time.perf_counter() + FSYNC_SECONDS
        while time.perf_counter() < end:
            file.write(PAGE)
            os.fsync(file.fileno())
            count += 1
    (folder / "fsync").unlink()
    return round(count / FSYNC_SECONDS, 1)


def peak_rss_mb() -> float:
    """The most memory that this process has held, in MB; it never falls again."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
