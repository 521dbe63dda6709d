"""A nurse at the worklist of the process that the shipped command starts: slips harm nobody.

Two citizens of one name are red at once. The process is killed and started again under the page.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.alerting.clinic import Clinic, answering, at, citizen, oximetry
from tests.browser import MISSING, chromium
from tests.journey.test_kill_alerting import Service

pytestmark = MISSING
STILL_MS = 500


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    people = [
        citizen("c1", phone="00 00 12 34"),
        citizen("c2", birth_date=date(1951, 7, 2)),
        citizen("c3", given="Bo"),
    ]
    clinic = Clinic(tmp_path, people)
    for row in people:
        clinic.receive(*(oximetry(row.id, day, 94) for day in range(3)))
    for row in people[:2]:
        clinic.receive(*(oximetry(row.id, 3, 84, hour=8 + place / 10) for place in range(3)))
    clinic.receive(oximetry("c3", 3, 94))
    asked = {"dyspnoea": "yes", "cough": "no"}
    clinic.receive(*(answering("c3", at(day, 7), asked) for day in range(4)))
    service = Service(tmp_path)
    try:
        service.wait_until_up_to_date()
        yield service
    finally:
        service.stop()
        clinic.close()


def worklist(browser: Any, service: Service, nurse: str) -> Any:
    """The worklist in a browser of its own."""
    context = browser.new_context(
        base_url=str(service.http.base_url), viewport={"width": 1280, "height": 720}
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto("/")
    page.fill("#by", nurse)
    page.wait_for_timeout(STILL_MS)
    return page


def told(service: Service, key: str) -> list[tuple[str, str]]:
    """What people did about a citizen's alerts: who, and what."""
    alerts = service.http.get("/alerts", params={"limit": 1000}).json()["alerts"]
    found = [
        service.http.get(f"/alerts/{row['id']}").json()["history"]
        for row in alerts
        if row["citizen"] == key
    ]
    return [
        (event["actor"], event["what"])
        for history in found
        for event in history
        if event["actor"] != "rules"
    ]


def rows(page: Any) -> list[str]:
    found: list[str] = page.locator(".row").evaluate_all("(rows) => rows.map((row) => row.id)")
    return found


def test_enter_and_double_click_act_on_one_citizen(browser: Any, service: Service) -> None:
    page = worklist(browser, service, "Mette Holm")
    before = rows(page)
    assert before[:2] == ["c-c1", "c-c2"]
    whos = page.locator(".row .who").all_inner_texts()
    assert "12.03.1948" in whos[0]
    assert "02.07.1951" in whos[1]
    page.press("#by", "Enter")
    page.locator("#c-c1 summary").click()
    page.fill("#c-c1 [name=note]", "Datter ringer")
    page.press("#c-c1 [name=note]", "Enter")
    page.wait_for_selector("#said.good")
    assert told(service, "c1") == [("Mette Holm", "noted")]
    assert told(service, "c2") == []
    page.wait_for_timeout(STILL_MS)
    place = page.locator("#c-c1 .main").bounding_box()
    page.mouse.dblclick(place["x"] + 10, place["y"] + 10)
    page.wait_for_selector("#c-c1.done")
    page.wait_for_timeout(STILL_MS)
    assert rows(page) == before, "the row stays where it is"
    assert told(service, "c1") == [("Mette Holm", "noted"), ("Mette Holm", "acknowledged")]
    assert told(service, "c2") == []
    page.locator("#c-c1 [value=undo]").click()
    page.wait_for_selector("#c-c1:not(.done) .main")
    assert told(service, "c1")[-1] == ("Mette Holm", "undone")
    page.context.close()


def test_two_browsers_act_on_one_citizen(browser: Any, service: Service) -> None:
    mette, lars = (worklist(browser, service, name) for name in ("Mette Holm", "Lars Bo"))
    lars.route("**/worklist.html*", lambda route: route.abort())  # he still sees the old list
    mette.locator("#c-c2 .main").click()
    mette.wait_for_selector("#c-c2.done")
    lars.wait_for_timeout(STILL_MS)
    lars.locator("#c-c2 .main").click()
    lars.wait_for_selector("text=Ikke gemt: en kollega kom først.")
    assert "Kontaktet af Mette Holm kl. " in lars.locator("#c-c2 .why").inner_text()
    assert told(service, "c2") == [("Mette Holm", "acknowledged")]
    for page in (mette, lars):
        page.context.close()


def test_a_slow_network_sends_once(browser: Any, service: Service) -> None:
    page = worklist(browser, service, "Mette Holm")
    posts: list[str] = []

    def slowly(route: Any) -> None:
        posts.append(route.request.post_data)
        page.wait_for_timeout(1000)
        route.continue_()

    page.route("**/acts", slowly)
    page.locator("#c-c1 .main").click()
    page.locator("#c-c1 .main").click()
    page.wait_for_selector("#c-c1.done")
    assert len(posts) == 1
    assert told(service, "c1") == [("Mette Holm", "acknowledged")]
    page.context.close()


@pytest.mark.parametrize(("width", "media"), [(1280, "screen"), (390, "screen"), (700, "print")])
def test_the_newest_answers_are_seen_first(
    browser: Any, service: Service, width: int, media: str
) -> None:
    page = worklist(browser, service, "Mette Holm")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/citizens/c3")
    page.emulate_media(media=media)
    heads = page.locator(".answers thead th")
    assert heads.all_inner_texts() == ["12/3", "11/3", "10/3", "9/3"]
    place = heads.first.bounding_box()
    assert 0 < place["x"] < place["x"] + place["width"] <= width
    page.context.close()


def test_a_server_that_is_gone_is_told_and_comes_back(browser: Any, service: Service) -> None:
    page = worklist(browser, service, "Mette Holm")
    page.locator("#c-c1 summary").click()
    page.fill("#c-c1 [name=note]", "vigtigt")
    service.child.kill()
    page.wait_for_selector("#gone:not([hidden])")
    assert page.locator("#gone").inner_text().startswith("Ingen forbindelse.")
    page.wait_for_timeout(STILL_MS)
    page.locator("#c-c1 .main").click()
    page.wait_for_selector("#unsure:not([hidden])")
    service.child = service._start()
    page.wait_for_selector("#gone[hidden]", state="attached", timeout=30_000)
    assert page.input_value("#c-c1 [name=note]") == "vigtigt", "what was written is still there"
    assert told(service, "c1") == []
    page.wait_for_selector("#troubles:has-text('modtagelsen er ikke i gang')")
    page.context.close()
