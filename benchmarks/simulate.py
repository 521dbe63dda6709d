"""`simulate`: how fast the simulator makes a cohort's years and a world's messages.

The cohort is what scores and benefits wait for: block after block, each thrown away when it has
been hashed (outside the clock), so that memory holds one of them. The world is what bounds every
load test that plays one live. There is no other way of doing this work to hold beside it; the
hashes say that it is still the same.
"""

from hashlib import sha256

from benchmarks import measure
from benchmarks.measure import Result, Stopwatch
from benchmarks.workload import FAULTS, SEED, START
from devices.simulated import Delivery, World
from devices.simulated.cohort import SIMULATOR_VERSION, Cohort


def run(patients: int, days: int, block: int, homes: int, world_days: int, repeat: int) -> Result:
    """`patients` over `days` in blocks; then every message of `homes`, publishing none."""
    cohorts = [cohort_once(patients, days, block) for _ in range(repeat)]
    peak = measure.peak_rss_mb()
    (digest,) = {one for _, one in cohorts}
    runs = [once(homes, world_days) for _ in range(repeat)]
    seconds, sent = [one for one, _ in runs], runs[-1][1]
    (world_digest,) = {hash_of(one) for _, one in runs}
    return {
        "name": "simulate",
        "parameters": {
            "patients": patients,
            "days": days,
            "block": block,
            "homes": homes,
            "world_days": world_days,
            "repeat": repeat,
            "seed": SEED,
            "simulator_version": SIMULATOR_VERSION,
        },
        "machine": measure.machine(),
        "patient_days_per_s": measure.rate(patients * days, [one for one, _ in cohorts]),
        "patient_days_per_s_range": measure.spread(patients * days, [one for one, _ in cohorts]),
        "peak_rss_mb": peak,
        "result_hash": digest,
        "deliveries": len(sent),
        "readings": sum(len(one.readings) for one in sent if not one.again),
        "deliveries_per_s": measure.rate(len(sent), seconds),
        "deliveries_per_s_range": measure.spread(len(sent), seconds),
        "world_patient_days_per_s": measure.rate(homes * world_days, seconds),
        "world_hash": world_digest,
    }


def cohort_once(patients: int, days: int, block: int) -> tuple[float, str]:
    """Seconds to make every block, and the hash of all that is in them."""
    watch, seen = Stopwatch(), sha256()
    blocks = Cohort(SEED, patients, days, START).blocks(block)
    while True:
        with watch:
            made = next(blocks, None)
        if made is None:
            return watch.seconds, seen.hexdigest()
        made.feed(seen)


def once(homes: int, days: int) -> tuple[float, list[Delivery]]:
    """Seconds, and the messages."""
    watch = Stopwatch()
    with watch:
        world = World(SEED, homes, start=START, days=days, faults=FAULTS)
        sent = list(world.deliveries())
    return watch.seconds, sent


def hash_of(sent: list[Delivery]) -> str:
    """SHA-256 over time, topic and payload of every message, in order."""
    digest = sha256()
    for one in sent:
        digest.update(f"{one.send_ms} {one.topic.text()} ".encode() + one.payload + b"\n")
    return digest.hexdigest()
