"""A page in a real browser, over a ward of three."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.alerting.api.scene import Ward, anna_and_bo, citizen, curve, situation
from tests.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path, [*anna_and_bo(), citizen("c3", "Clara", "Dam")])
    ward.open_alert("c1", "R14", "yellow", 30, text_da="Vægt 84 kg.", text_en="Weight 84 kg.")
    ward.open_alert("c2", "R01", "red", 3)
    ward.monitor.situation = {
        "c1": situation("c1", "yellow"),
        "c2": situation("c2", "red"),
        "c3": situation("c3", "green"),
    }
    ward.monitor.curve = {key: [curve("spo2", [93, 92, 93, 86])] for key in ("c1", "c2", "c3")}
    ward.all_well()
    yield ward
    ward.close()


@pytest.fixture
def address(ward: Ward) -> Iterator[str]:
    app = ward.app()
    config = uvicorn.Config(app, port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    app.state.feed.close()
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page at the address that fails the test when anything is written to the console, but that
    the network failed where the test makes it fail."""
    said: list[str] = []
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert not [text for text in said if not text.startswith("Failed to load resource")]
