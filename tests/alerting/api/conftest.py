"""The ward and its client, for every test of the API and of the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.alerting.api.scene import Ward, anna_and_bo


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """Two citizens without alerts or measurements."""
    ward = Ward(tmp_path, anna_and_bo())
    yield ward
    ward.close()


@pytest.fixture
def client(ward: Ward) -> Iterator[TestClient]:
    """A client of the ward's application."""
    with ward.client() as client:
        yield client
