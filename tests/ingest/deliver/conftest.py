"""A home with a record store, and a strict FHIR server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ingest.deliver.home import Home
from tests.ingest.deliver.strict import StrictServer, serving


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with closing(Home(tmp_path)) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[StrictServer]:
    with serving() as strict:
        yield strict
        assert strict.wrongs == []
