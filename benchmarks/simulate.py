"""`simulate`: how fast the simulator makes a world's messages.

What bounds every load test that plays a world live. There is no other way of doing this work to
hold beside it; the hash says that it is still the same world.
"""

from hashlib import sha256

from benchmarks import measure
from benchmarks.measure import Result, Stopwatch
from benchmarks.workload import FAULTS, SEED, START
from devices.simulated import Delivery, World


def run(homes: int, days: int, repeat: int) -> Result:
    """Make every message of a world, without publishing any."""
    runs = [once(homes, days) for _ in range(repeat)]
    seconds, sent = [one for one, _ in runs], runs[-1][1]
    (digest,) = {hash_of(one) for _, one in runs}
    return {
        "name": "simulate",
        "parameters": {"homes": homes, "days": days, "repeat": repeat, "seed": SEED},
        "machine": measure.machine(),
        "deliveries": len(sent),
        "readings": sum(len(one.readings) for one in sent if not one.again),
        "deliveries_per_s": measure.rate(len(sent), seconds),
        "deliveries_per_s_range": measure.spread(len(sent), seconds),
        "patient_days_per_s": measure.rate(homes * days, seconds),
        "result_hash": digest,
    }


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
