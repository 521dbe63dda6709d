"""Each test of this folder runs once for every adapter."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.store import Reader, Writer
from tests.ingest.store.adapters import ADAPTERS, Place


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place."""
    return ADAPTERS[request.param](tmp_path)


@pytest.fixture
def writer(place: Place) -> Iterator[Writer]:
    with closing(place.writer()) as opened:
        yield opened


@pytest.fixture
def reader(place: Place, writer: Writer) -> Iterator[Reader]:
    with closing(place.reader()) as opened:
        yield opened
