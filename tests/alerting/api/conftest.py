"""The ward and its client, for every test of the API and of the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerting.api.scene import Client, Ward, anna_and_bo


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """Two citizens without alerts or measurements."""
    ward = Ward(tmp_path, anna_and_bo())
    yield ward
    ward.close()


@pytest.fixture
def client(ward: Ward) -> Iterator[Client]:
    """A client of the ward's application."""
    with ward.client() as client:
        yield client
