"""`backtest`: the whole rulebook over years of many patients, straight from arrays, on two cores.

The patients are the simulated cohort's, made block by block in the process that replays them, so
that memory is one block's however many there are. Both parts are timed apart. The hash is over
every alert and every rise of a rule: whoever speeds this up must find the same.
"""

import resource
import sys
import time
from hashlib import sha256
from statistics import median
from typing import NamedTuple

import numpy as np

from alerting.backtest.alerts import Alerts
from alerting.backtest.replay import replay
from alerting.rules import RULEBOOK
from benchmarks import measure
from benchmarks.measure import Result
from devices.simulated.cohort import TUNING_SEEDS, Cohort
from hjemmepuls.scorecard import BLOCK, START, in_turn
from hjemmepuls.worlds import recording_of

SEED = TUNING_SEEDS[0]


class Task(NamedTuple):
    """One block of one cohort."""

    patients: int
    days: int
    first: int
    stop: int


class Done(NamedTuple):
    """What one block took, and what it came to."""

    alerts: Alerts
    raised: bytes
    sittings: int
    simulating_s: float
    replaying_s: float
    peak_rss_mb: float


class Run(NamedTuple):
    """One whole run."""

    seconds: float
    simulating_s: float
    replaying_s: float
    sittings: int
    calls: int
    peak_rss_mb: float
    digest: str


def run(patients: int, days: int, processes: int, repeat: int) -> Result:
    """A cohort of all conditions by the Danish plans, with adaptive sampling."""
    runs = [once(patients, days, processes) for _ in range(repeat)]
    (digest,) = {one.digest for one in runs}
    count, seconds = patients * days, [one.seconds for one in runs]
    last = runs[-1]
    return {
        "name": "backtest",
        "parameters": {
            "patients": patients,
            "days": days,
            "processes": processes,
            "block": BLOCK,
            "rulebook": RULEBOOK.version,
            "dtype": "float32",
            "repeat": repeat,
            "seed": SEED,
        },
        "machine": measure.machine(),
        "seconds": round(median(seconds), 2),
        "patient_days_per_s": measure.rate(count, seconds),
        "patient_days_per_s_range": measure.spread(count, seconds),
        "replay_patient_days_per_core_s": measure.rate(count, [one.replaying_s for one in runs]),
        "simulate_patient_days_per_core_s": measure.rate(count, [one.simulating_s for one in runs]),
        "minutes_for_100000_patient_years": round(100_000 * 365 / count * median(seconds) / 60, 2),
        "sittings": last.sittings,
        "calls": last.calls,
        "peak_rss_mb": max(one.peak_rss_mb for one in runs),
        "result_hash": digest,
    }


def once(patients: int, days: int, processes: int) -> Run:
    """All blocks, in order."""
    tasks = [
        Task(patients, days, first, min(first + BLOCK, patients))
        for first in range(0, patients, BLOCK)
    ]
    digest, begun = sha256(), time.perf_counter()
    calls = sittings = 0
    simulating = replaying = peak = 0.0
    for done in in_turn(replayed, tasks, processes):
        digest.update(done.alerts.tobytes() + done.raised)
        calls, sittings = calls + len(done.alerts), sittings + done.sittings
        simulating, replaying = simulating + done.simulating_s, replaying + done.replaying_s
        peak = max(peak, done.peak_rss_mb)
    seconds = time.perf_counter() - begun
    return Run(seconds, simulating, replaying, sittings, calls, peak, digest.hexdigest())


def replayed(task: Task) -> Done:
    """One block, simulated and replayed in this process."""
    begun = time.perf_counter()
    cohort = Cohort(SEED, task.patients, task.days, START)
    recording = recording_of(cohort.block(task.first, task.stop), rulebook=RULEBOOK)
    made = time.perf_counter()
    found = replay(recording, adaptive=True, dtype=np.float32, rulebook=RULEBOOK)
    ended = time.perf_counter()
    measured = found.watched.measured_days
    assert measured is not None
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Done(
        found.alerts,
        found.raised.tobytes(),
        int(measured.sum()),
        made - begun,
        ended - made,
        round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1),
    )
