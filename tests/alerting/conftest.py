"""The clinic, for every test of the evaluation."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerting.clinic import Clinic, citizen, in_memory

MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory: flushing thousands of commits is tested elsewhere."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where the system has such a place."""
    with tempfile.TemporaryDirectory(dir=in_memory() or tmp_path) as name:
        yield Path(name)


@pytest.fixture
def clinic(folder: Path) -> Iterator[Clinic]:
    """One citizen with every device, and no measurement yet."""
    clinic = Clinic(folder, [citizen("c1")])
    yield clinic
    clinic.close()
