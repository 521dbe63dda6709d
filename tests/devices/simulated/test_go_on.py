"""A world that goes on after its story: the same people get worse and better in turn."""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import pytest

from devices.simulated import FaultRates, World
from devices.simulated.course import ROUND_DAYS

STORY, DAYS, HOMES = 42, 42 + 10 * ROUND_DAYS, 32


@pytest.fixture(scope="module")
def world() -> World:
    return World(
        1, HOMES, start=date(2025, 1, 6), days=DAYS, story_days=STORY, faults=FaultRates.none()
    )


def test_every_round_has_its_deteriorations(world: World) -> None:
    rounds = Counter(
        int((episode.onset_day - STORY) // ROUND_DAYS)
        for episode in world.episodes()
        if episode.onset_day >= STORY
    )
    assert set(rounds) == set(range(10))
    assert all(4 <= count <= 6 for count in rounds.values()), rounds


def test_everybody_s_turn_comes_and_nobody_is_ill_twice_at_once(world: World) -> None:
    onsets: dict[str, list[float]] = defaultdict(list)
    for episode in world.episodes():
        onsets[episode.citizen].append(episode.onset_day)
    assert len(onsets) == HOMES
    for own in onsets.values():
        assert own == sorted(own)
        gaps = [later - earlier for earlier, later in pairwise(own)]
        assert all(gap >= ROUND_DAYS for gap in gaps)


def test_the_story_is_that_of_a_world_that_ends_with_it(world: World) -> None:
    short = World(1, HOMES, start=world.start, days=STORY, faults=FaultRates.none())
    of_story = [one.citizen for one in world.episodes() if one.onset_day < STORY]
    assert of_story == [one.citizen for one in short.episodes()]


def test_who_fell_silent_measures_again(world: World) -> None:
    """In the story some fall silent; after it everybody is heard again."""
    days: dict[str, list[int]] = defaultdict(list)
    for delivery in world.deliveries():
        for line in delivery.readings:
            day = (date.fromisoformat(line.t[:10]) - world.start).days
            days[delivery.topic.gateway].append(day)
    gaps = {gateway: max(b - a for a, b in pairwise(own)) for gateway, own in days.items()}
    assert len(days) == HOMES
    assert sum(gap > 9 for gap in gaps.values()) >= 2, "nobody fell silent"
    assert all(max(own) >= DAYS - 9 for own in days.values()), "somebody never came back"
