"""A real broker with the shipped configuration, for whoever needs one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hjemmepuls.processes import Mosquitto, find_mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A Mosquitto with the shipped configuration, stopped at the end."""
    if find_mosquitto() is None:
        pytest.skip("Mosquitto is missing; install: apt-get install mosquitto")
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker
