"""The page in a real browser: order, acknowledging, news by itself, languages, a telephone."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.alerting.api.scene import NOW_MS, Ward, anna_and_bo, citizen, curve, situation

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


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
    """A page at the address that fails the test when anything is written to the console."""
    said: list[str] = []
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert not said


def names(page: Any) -> Any:
    return page.locator(".rows h2").all_inner_texts()


def test_the_red_patient_comes_first(page: Any) -> None:
    assert names(page) == ["Bo Friis", "Anna Lund"]
    assert page.locator("h1").inner_text() == "1 borger skal kontaktes i dag"
    assert page.locator(".row.red svg.spark").count() == 1
    assert page.locator(".greens summary").inner_text().endswith("1 borger uden afvigelse")
    assert not page.locator("text=Clara Dam").is_visible()
    page.locator(".greens summary").click()
    assert page.locator("text=Clara Dam").is_visible()


def test_acknowledging_asks_for_a_name_and_calms_the_row(page: Any, ward: Ward) -> None:
    page.locator("#c-c2 .press").click()
    assert page.evaluate("document.activeElement.id") == "by"
    page.fill("#by", "Mette Holm")
    page.locator("#c-c2 .note summary").click()
    page.fill("#c-c2 .note input", "Ringet <b>")
    page.locator("#c-c2 .press").click()
    page.wait_for_selector("#c-c2.calm")
    assert "Kvitteret af Mette Holm" in page.locator("#c-c2").inner_text()
    assert page.locator("#said").inner_text() == "Kvitteret."
    assert page.locator("h1").inner_text() == "Ingen røde alarmer venter"
    (alert,) = ward.alerts.alerts_of("c2")
    assert (alert.acked_by, alert.note) == ("Mette Holm", "Ringet <b>")
    page.reload()
    assert page.input_value("#by") == "Mette Holm"


def test_what_came_of_a_press_is_not_swept_away_by_news(page: Any, ward: Ward) -> None:
    page.fill("#by", "Mette Holm")
    page.locator("#c-c2 .press").click()
    page.wait_for_selector("#said")
    ward.open_alert("c1", "R03", "red", 60, text_da="Ny rød alarm.")
    page.wait_for_selector("text=Ny rød alarm.")
    assert page.locator("#said").all_inner_texts() == ["Kvitteret."]
    assert page.evaluate("document.activeElement.id") == "said"


def test_news_arrive_by_themselves_and_disturb_nobody(page: Any, ward: Ward) -> None:
    page.locator("#c-c1 .note summary").click()
    page.fill("#c-c1 .note input", "halvt skrevet")
    ward.open_alert("c1", "R03", "red", 60, text_da="Ny rød alarm.")
    page.wait_for_selector("text=Ny rød alarm.")
    assert names(page) == ["Anna Lund", "Bo Friis"]
    assert page.input_value("#c-c1 .note input") == "halvt skrevet"
    assert page.evaluate("document.activeElement.dataset.key") == "note-c1"


def test_the_patient_page_is_fresh_too(page: Any, ward: Ward) -> None:
    page.locator("text=Bo Friis").click()
    page.wait_for_selector("svg.chart")
    ward.open_alert("c2", "R14", "yellow", 1, text_da="Ny gul alarm.")
    page.wait_for_selector("text=Ny gul alarm.")
    page.locator(".alert.red .findings summary").first.click()
    assert "regelsæt 1.0.0" in page.locator(".alert.red").inner_text()


def test_the_language_is_one_click_away(page: Any) -> None:
    page.locator("a.lang").click()
    page.wait_for_selector("text=1 citizen to contact today")
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator(".filter.yellow").click()
    page.wait_for_selector(".filter.yellow[aria-current]")
    assert names(page) == ["Anna Lund"]
    assert "Weight 84 kg." in page.locator("main").inner_text()


def test_everything_is_reached_from_the_keyboard(page: Any) -> None:
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.key ?? ''"))
    assert {"filter-red", "name-c2", "phone-c2", "press-c2", "press-c1"} <= reached


@pytest.mark.parametrize("path", ["/", "/?lang=en", "/citizens/c2"])
def test_a_telephone_needs_no_sideways_scroll(page: Any, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_scripts_the_form_still_works(browser: Any, address: str, ward: Ward) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto("/")
    page.fill("#by", "Mette Holm")
    page.locator("#c-c2 .press").click()
    page.wait_for_selector("#c-c2.calm")
    assert ward.alerts.alerts_of("c2")[0].acked_ms == NOW_MS
    context.close()
