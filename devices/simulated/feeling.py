"""How a patient feels: which symptoms are worse than usual, day by day, as they would be answered.

In: a patient, the episode of his course, a generator of his own. Out: an array (symptoms, days),
symptoms in the order of `devices.symptoms`. Called by `home`, whose tablet asks only what its
questionnaire asks. An episode's symptoms are persistent: an item that belongs to it is there from
its onset until recovery, and denied on one day in ten; what looks like the beginning of something
and is not lasts a day or two.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.simulated.course import Course, Episode, Kind
from devices.symptoms import SYMPTOMS

Symptoms = NDArray[np.bool_]
ITEM = {row.alias: place for place, row in enumerate(SYMPTOMS)}
DENIED = 0.1
"""Share of an episode's days on which an item that is there is answered with no (our choice)."""


class Pattern(NamedTuple):
    """The symptoms of one kind of episode: how likely each belongs to it, and when it is there."""

    items: dict[str, float]
    before_days: tuple[float, float]
    """How long before onset an item begins, drawn from this span (negative: after)."""
    after_days: tuple[float, float]
    """How long after treatment it ends."""
    source: str


PATTERNS: dict[Kind, Pattern] = {
    "exacerbation": Pattern(
        {"dyspnoea": 0.9, "cough": 0.75, "sputum": 0.75, "sputum_colour": 0.5},
        (-1.0, 3.0),
        (4.0, 10.0),
        "clinical.md 3.5: 0.75 per item, prodrome 2-8 d, recovery 7-14 d; dyspnoea and colour ours",
    ),
    "congestion": Pattern(
        {"dyspnoea": 0.7, "oedema": 0.5, "orthopnoea": 0.35},
        (-3.0, 1.0),
        (2.0, 5.0),
        "clinical.md 3.5",
    ),
    "low-output": Pattern(
        {"dyspnoea": 0.7, "orthopnoea": 0.35, "dizziness": 0.5},
        (-3.0, 1.0),
        (2.0, 5.0),
        "clinical.md 3.5; dizziness is our choice",
    ),
}
_BAD_DAY_ITEMS = ("dyspnoea", "cough", "oedema", "dizziness")
_BAD_DAYS_YEAR = 0.9 * 1.3
_COLDS_YEAR = 1.0
"""Decoys a and d of clinical.md 3.5: one or two symptoms for 1-2 days, and a cough for 4 days."""


def symptoms_of(
    course: Course, episodes: Sequence[Episode], days: int, rng: np.random.Generator
) -> Symptoms:
    """Which symptoms are worse than usual on which day, shape (symptoms, days)."""
    worse = np.zeros((len(SYMPTOMS), days), dtype=bool)
    for _ in range(int(rng.poisson(_BAD_DAYS_YEAR * days / 365))):
        first, length = int(rng.integers(days)), int(rng.integers(1, 3))
        for name in rng.choice(_BAD_DAY_ITEMS, int(rng.integers(1, 3)), replace=False).tolist():
            worse[ITEM[name], first : first + length] = True
    for _ in range(int(rng.poisson(_COLDS_YEAR * days / 365))):
        first = int(rng.integers(days))
        worse[ITEM["cough"], first : first + 4] = True
    for episode in episodes:
        worse |= _of_episode(course, episode, days, rng)
    return worse


def _of_episode(course: Course, episode: Episode, days: int, rng: np.random.Generator) -> Symptoms:
    """The episode's own; the most likely item of a showcase is always there."""
    pattern = PATTERNS[episode.kind]
    worse = np.zeros((len(SYMPTOMS), days), dtype=bool)
    day = np.arange(days)
    for place, (name, likely) in enumerate(pattern.items.items()):
        belongs = rng.random() < likely or (course.clear and place == 0)
        begin = episode.onset_day - rng.uniform(*pattern.before_days)
        end = episode.treated_day + rng.uniform(*pattern.after_days)
        told = rng.random(days) >= DENIED
        if belongs:
            worse[ITEM[name]] = (day >= begin) & (day <= end) & told
    return worse
