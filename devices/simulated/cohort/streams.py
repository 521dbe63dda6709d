"""Randomness that depends on who is asked about and for what, and on nothing else.

In: a seed, a purpose, the number of a chunk. Out: a generator. Called by the modules of this
folder. Patients are drawn in chunks of `CHUNK`, always whole ones: patient 300 is drawn with
patients 256 to 511 in every world, whatever the blocks it is handed out in. Each purpose has its
own stream, so that a change in one (a new decoy) leaves the others as they were.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHUNK = 256


class Purpose(IntEnum):
    """What is drawn; the numbers are part of the published hash."""

    PEOPLE = 1
    DEVICES = 2
    DAYS = 3
    NOISE = 4
    COPD = 5
    HEART_FAILURE = 6
    DECOYS = 7
    ANSWERS = 8
    BEHAVIOUR = 9
    SITTINGS = 10


def stream(seed: int, purpose: Purpose, chunk: int) -> np.random.Generator:
    """The same numbers for the same arguments, independent of those of any others.

    >>> a, b = (stream(1, Purpose.PEOPLE, 0).random() for _ in range(2))
    >>> a == b, a == stream(1, Purpose.PEOPLE, 1).random()
    (True, False)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(int(purpose), chunk))
    return np.random.Generator(np.random.SFC64(sequence))


def settled(values: ArrayLike) -> NDArray[np.float64]:
    """Rounded to a millionth.

    The last bits of exp, log and cos differ between processors; what they lead to is rounded
    here before it is compared or hashed.
    """
    rounded: NDArray[np.float64] = np.asarray(values, dtype=np.float64).round(6)
    return rounded


def truncated(
    rng: np.random.Generator, mean: ArrayLike, sd: ArrayLike, low: float, high: float, size: int
) -> NDArray[np.float64]:
    """Normal numbers cut to [low, high], shape (size,)."""
    noise = rng.standard_normal(size)
    drawn = np.asarray(mean, dtype=np.float64) + np.asarray(sd, dtype=np.float64) * noise
    return settled(np.clip(drawn, low, high))
