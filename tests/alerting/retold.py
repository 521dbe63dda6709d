"""Second words on what a story told: taken back, flagged, amended, or read by a clock again.

They follow from their seed alone, as the story itself.
"""

import random
from datetime import datetime, timedelta
from typing import Any

import msgspec

from devices.wire import KIND_READING
from ingest.decode import Delivery
from tests.alerting.story import Step

FLAGS = ("invalid", "not-available", "questionable", "calibration-ongoing")
DELAYS = (0.02, 0.5, 1.5, 4.0)


def retold(steps: list[Step], seed: int, share: float = 0.25) -> list[Step]:
    """The steps with more words on some of their measurements, in order of arrival.

    The last step stays the last; after each of them the alerts are compared.
    """
    rng, found = random.Random(f"retold {seed}"), steps[:-1]
    for step in steps[:-1]:
        given = step.what
        if not isinstance(given, Delivery) or not given.topic.endswith(f"/{KIND_READING}"):
            continue
        if rng.random() < share:
            again = [_again(rng, step.when, given) for _ in range(rng.choice([1, 1, 2, 3]))]
            found += [*again, Step(max(one.when for one in again) + 0.001, "compare")]
    return [*sorted(found, key=lambda step: step.when), steps[-1]]


def _again(rng: random.Random, when: float, given: Delivery) -> Step:
    """One more word on the measurement, some days later by its sender's clock; it may overtake."""
    delay = rng.choice(DELAYS)
    said: dict[str, Any] = msgspec.json.decode(given.payload)
    first = datetime.fromisoformat(said["sent"])
    said["sent"] = (first + timedelta(days=delay)).isoformat()
    kind = rng.choice(["withdraw", "withdraw", "flag", "amend", "pair", "again"])
    item = rng.choice(said["r"])
    if kind == "withdraw":
        said["st"] = ["invalid"]
        for one in said["r"]:
            one.pop("val", None)
    elif kind == "flag":
        item["st"] = [rng.choice(FLAGS)]
        if rng.random() < 0.5:
            item.pop("val", None)
    elif kind == "amend" and item.get("val"):
        item["val"] = str(int(float(item["val"])) + rng.choice([-6, -2, 3, 9]))
    elif kind == "pair":
        late = timedelta(seconds=rng.choice([3, 30, 100, 4000, 7000]))
        said["clock"] = {
            "sync": "ntp", "device": said["t"], "gateway": (first + late).isoformat(),
        }  # fmt: skip
    arrives = when + delay if delay >= 1 or rng.random() < 0.7 else when - 0.01
    payload = msgspec.json.encode(said)
    received_ms = given.received_ms + round(delay * 86_400_000)
    return Step(arrives, msgspec.structs.replace(given, payload=payload, received_ms=received_ms))
