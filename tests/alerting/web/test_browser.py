"""The page in a real browser: order, acknowledging, news by itself, languages, a telephone."""

from typing import Any

import pytest

from ingest.store import Heartbeat
from tests.alerting.api.scene import HOUR_MS, NOW_MS, Ward, citizen, curve, situation
from tests.browser import MISSING

pytestmark = MISSING


def names(page: Any) -> Any:
    return page.locator(".rows .who b").all_inner_texts()


def opened(page: Any, key: str) -> None:
    """Open a row in place."""
    page.locator(f"#c-{key} summary").click()
    page.wait_for_selector(f"#d-{key}[open]")


def pressed(page: Any, selector: str) -> None:
    """Press a button with the mouse, when the row has lain still for long enough."""
    page.wait_for_timeout(500)
    page.locator(selector).click()


def test_the_red_patient_comes_first(page: Any) -> None:
    assert names(page) == ["Bo Friis", "Anna Lund"]
    assert page.locator("h1").inner_text().startswith("1 borger skal kontaktes i dag")
    assert page.locator(".section").all_inner_texts() == [
        "RING I DAG\n1", "VURDÉR VED NÆSTE GENNEMGANG\n1",
    ]  # fmt: skip
    assert page.locator(".row.red svg.spark").count() == 1
    assert not page.locator("text=Clara Dam").is_visible()
    page.locator(".greens a").click()
    page.wait_for_selector("text=Clara Dam")


def test_ten_rows_fit_on_the_first_screen(page: Any, ward: Ward) -> None:
    people = [citizen(f"x{number}", f"Citizen {number}", "Long-Familyname") for number in range(12)]
    ward.enrol(people)
    for number, row in enumerate(people):
        ward.open_alert(
            row.id, "R01" if number < 6 else "R14", "red" if number < 6 else "yellow", 9
        )
        ward.monitor.situation[row.id] = situation(row.id, "red" if number < 6 else "yellow")
        ward.monitor.curve[row.id] = [curve("spo2", [93, 92, 86])]
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto("/")
    ends = page.evaluate(
        "[...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect().bottom)"
    )
    assert sum(end <= 720 for end in ends) >= 10


def test_acknowledging_asks_for_a_name_and_calms_the_row(page: Any, ward: Ward) -> None:
    opened(page, "c2")
    page.fill("#c-c2 [name=note]", "Ringet <b>")
    pressed(page, "#c-c2 .main")
    assert page.evaluate("document.activeElement.id") == "by"
    assert page.locator("#first").is_visible()
    page.fill("#by", "Mette Holm")
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#c-c2.calm")
    assert "Kontaktet af Mette Holm kl. 12.00 · Ringet <b>" in page.locator("#c-c2").inner_text()
    assert page.input_value("#c-c2 [name=note]") == "", "what is saved is not written again"
    assert page.locator("#said").inner_text() == "Gemt."
    assert page.locator("h1").inner_text().startswith("Ingen skal kontaktes nu")
    (alert,) = ward.alerts.alerts_of("c2")
    assert (alert.acked_by, alert.note) == ("Mette Holm", "Ringet <b>")
    page.reload()
    assert page.input_value("#by") == "Mette Holm"


def test_the_row_stays_where_it_is_with_a_way_back(page: Any, ward: Ward) -> None:
    page.fill("#by", "Mette Holm")
    before = page.locator("#c-c2").bounding_box()
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#c-c2.done")
    assert page.locator("#c-c2").bounding_box() == before
    assert names(page) == ["Bo Friis", "Anna Lund"]
    assert page.locator(".section").first.inner_text().startswith("RING I DAG")
    pressed(page, "#c-c2 [value=undo]")
    page.wait_for_selector("#c-c2:not(.done)")
    assert page.locator("#said").inner_text() == "Fortrudt."
    assert [event.what for event in ward.alerts.history(ward.alerts.alerts_of("c2")[0].id)] == [
        "opened", "acknowledged", "undone",
    ]  # fmt: skip


def test_after_ten_seconds_it_moves_by_itself_and_cannot_be_taken_back(
    page: Any, ward: Ward
) -> None:
    page.fill("#by", "Mette Holm")
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#c-c2.done")
    ward.wall_ms = NOW_MS + 10_000
    page.wait_for_selector("#c-c2:not(.done)", timeout=15_000)
    assert names(page) == ["Anna Lund", "Bo Friis"]
    assert page.locator(".section").last.inner_text() == "KONTAKTET · AFVENTER\n1"
    assert page.locator("[value=undo]").count() == 0


def test_enter_in_a_note_saves_that_note_and_acknowledges_nobody(page: Any, ward: Ward) -> None:
    page.fill("#by", "Mette Holm")
    opened(page, "c1")
    page.fill("#c-c1 [name=note]", "Datter ringer")
    page.press("#c-c1 [name=note]", "Enter")
    page.wait_for_selector("text=Noten er gemt.")
    for key in ("c1", "c2"):
        (alert,) = ward.alerts.alerts_of(key)
        assert alert.attention == "unacked", key
        told = [event.what for event in ward.alerts.history(alert.id)]
        assert told == (["opened", "noted"] if key == "c1" else ["opened"])


def test_enter_in_the_name_field_does_nothing(page: Any, ward: Ward) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.fill("#by", "Mette Holm")
    page.press("#by", "Enter")
    page.wait_for_timeout(300)
    assert "POST" not in asked
    assert page.url.endswith("/")
    assert all(alert.attention == "unacked" for alert in ward.alerts.open_alerts())


def test_a_double_click_acts_on_one_citizen(page: Any, ward: Ward) -> None:
    ward.enrol([citizen("c4", "Dorte", "Eg")])
    ward.open_alert("c4", "R01", "red", 1)
    ward.monitor.situation["c4"] = situation("c4", "red")
    page.goto("/")
    page.fill("#by", "Mette Holm")
    page.wait_for_timeout(500)
    place = page.locator("#c-c2 .main").bounding_box()
    page.mouse.dblclick(place["x"] + 10, place["y"] + 10)
    page.wait_for_selector("#c-c2.done")
    page.wait_for_timeout(500)
    seen = [alert.citizen for alert in ward.alerts.open_alerts() if alert.attention == "acked"]
    assert seen == ["c2"]
    told = [event.what for event in ward.alerts.history(ward.alerts.alerts_of("c2")[0].id)]
    assert told == ["opened", "acknowledged"], "the second click has not taken it back either"


def test_a_click_on_a_row_that_has_just_come_there_is_ignored(page: Any, ward: Ward) -> None:
    """A worse one slides in above while the nurse is about to press."""
    page.fill("#by", "Mette Holm")
    page.wait_for_timeout(500)
    place = page.locator("#c-c2 .main").bounding_box()
    ward.open_alert("c1", "R03", "red", 60, text_da="Ny rød alarm.")
    page.wait_for_selector("ol:first-of-type > #c-c1:first-child")
    page.mouse.click(place["x"] + 10, place["y"] + 10)
    page.wait_for_timeout(300)
    assert all(alert.attention == "unacked" for alert in ward.alerts.open_alerts())
    page.wait_for_timeout(300)
    page.mouse.click(place["x"] + 10, place["y"] + 10)
    page.wait_for_selector("#c-c1.done")


def test_on_a_slow_network_it_is_sent_once_and_nothing_is_lost(page: Any, ward: Ward) -> None:
    posts: list[str] = []

    def slowly(route: Any) -> None:
        posts.append(route.request.post_data)
        page.wait_for_timeout(1200)
        route.continue_()

    page.route("**/acts", slowly)
    page.fill("#by", "Mette Holm")
    opened(page, "c2")
    page.fill("#c-c2 [name=note]", "ringer igen")
    pressed(page, "#c-c2 .main")
    page.wait_for_timeout(100)
    page.press("#c-c2 [name=note]", "Enter")
    page.locator("#c-c2 .main").click()
    page.wait_for_selector("#c-c2.done")
    assert len(posts) == 1
    (alert,) = ward.alerts.alerts_of("c2")
    assert (alert.attention, alert.note) == ("acked", "ringer igen")


def test_what_is_not_answered_is_told_and_what_was_written_stays(page: Any, ward: Ward) -> None:
    page.route("**/acts", lambda route: route.abort())
    page.fill("#by", "Mette Holm")
    opened(page, "c2")
    page.fill("#c-c2 [name=note]", "vigtigt")
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#unsure:not([hidden])")
    assert page.input_value("#c-c2 [name=note]") == "vigtigt"
    page.unroute("**/acts")
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#c-c2.done")
    assert ward.alerts.alerts_of("c2")[0].note == "vigtigt"


def test_two_nurses_at_one_citizen(page: Any, browser: Any, address: str, ward: Ward) -> None:
    """The second one is told that a colleague was first, and sees who."""
    context = browser.new_context(base_url=address)
    context.set_default_timeout(10_000)
    other = context.new_page()
    other.goto("/")
    other.route("**/worklist.html*", lambda route: route.abort())  # she still sees the old list
    for tab, name in ((page, "Mette Holm"), (other, "Lars Bo")):
        tab.fill("#by", name)
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#c-c2.done")
    pressed(other, "#c-c2 .main")
    other.wait_for_selector("text=Ikke gemt: en kollega kom først.")
    assert "Kontaktet af Mette Holm" in other.locator("#c-c2").inner_text()
    assert other.locator("[value=undo]").count() == 0, "what is hers is not for him to take back"
    (alert,) = ward.alerts.alerts_of("c2")
    assert alert.acked_by == "Mette Holm"
    context.close()


def test_what_came_of_a_press_is_not_swept_away_by_news(page: Any, ward: Ward) -> None:
    page.fill("#by", "Mette Holm")
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#said")
    ward.open_alert("c1", "R03", "red", 60, text_da="Ny rød alarm.")
    page.wait_for_selector("text=Ny rød alarm.", state="attached")
    assert page.locator("#said").all_inner_texts() == ["Gemt."]
    assert page.evaluate("document.activeElement.dataset.key") == "row-c2"


def test_news_arrive_by_themselves_and_disturb_nobody(page: Any, ward: Ward) -> None:
    opened(page, "c1")
    page.fill("#c-c1 [name=note]", "halvt skrevet")
    ward.open_alert("c1", "R03", "red", 60, text_da="Ny rød alarm.")
    page.wait_for_selector("text=Ny rød alarm.")
    assert names(page) == ["Anna Lund", "Bo Friis"]
    assert page.input_value("#c-c1 [name=note]") == "halvt skrevet"
    assert page.evaluate("document.activeElement.dataset.key") == "note-c1"


def test_the_patient_page_is_fresh_too(page: Any, ward: Ward) -> None:
    opened(page, "c2")
    page.locator("#c-c2 .more a").click()
    page.wait_for_selector("svg.chart")
    ward.open_alert("c2", "R14", "yellow", 1, text_da="Ny gul alarm.")
    page.wait_for_selector("text=Ny gul alarm.")
    page.locator(".alert.red .findings summary").first.click()
    assert "regelsæt 1.0.0" in page.locator(".alert.red").inner_text()
    page.fill("#by", "Mette Holm")
    page.fill("[name=note]", "set")
    page.press("[name=note]", "Enter")
    page.wait_for_selector("text=Noten er gemt.")
    page.locator(".id .main").click()
    page.wait_for_selector(".id.done")


def test_the_language_is_one_click_away(page: Any) -> None:
    page.locator("a.lang").click()
    page.wait_for_selector("text=1 citizen to contact today")
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator(".filter.yellow").click()
    page.wait_for_selector(".filter.yellow[aria-current]")
    assert names(page) == ["Anna Lund"]
    opened(page, "c1")
    assert "Weight 84 kg." in page.locator("main").inner_text()


def test_everything_is_reached_from_the_keyboard(page: Any) -> None:
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.key ?? ''"))
    assert {"filter-red", "row-c2", "phone-c2", "press-c2", "press-c1"} <= reached
    page.locator("#c-c2 summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#d-c2[open] [name=note]")


def test_a_server_that_is_gone_is_told_by_the_page_itself(page: Any, ward: Ward) -> None:
    page.fill("#by", "Mette Holm")
    page.route("**/*", lambda route: route.abort())
    page.wait_for_selector("#gone:not([hidden])", timeout=20_000)
    told = page.locator("#gone").inner_text()
    assert told == "Ingen forbindelse. Det, du ser, er fra kl. 12.00 og kan være forældet."
    assert "is-gone" in page.locator("body").get_attribute("class")
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#unsure:not([hidden])")
    page.unroute("**/*")
    page.wait_for_selector("#gone[hidden]", state="attached")
    assert page.locator("#unsure").is_hidden()
    assert ward.alerts.alerts_of("c2")[0].attention == "unacked"


def test_a_server_that_cannot_read_is_told_apart(page: Any) -> None:
    page.route("**/worklist.html*", lambda route: route.fulfill(status=503, body="away"))
    page.wait_for_selector("#gone:not([hidden])", timeout=20_000)
    assert page.locator("#gone").inner_text().startswith("Serveren kan ikke læse sine data.")
    page.unroute("**/worklist.html*")
    page.wait_for_selector("#gone[hidden]", state="attached")


def test_what_is_not_well_is_told_loudly_and_goes_by_itself(page: Any, ward: Ward) -> None:
    assert page.locator("#troubles").count() == 0
    ward.writer.beat(Heartbeat(NOW_MS - 600_000, NOW_MS - HOUR_MS, NOW_MS - HOUR_MS))
    page.wait_for_selector("#troubles", timeout=20_000)
    told = page.locator("#troubles").inner_text()
    assert "intet livstegn fra modtagelsen siden kl. 11.50" in told
    assert "Listen kan være forældet." in told
    ward.all_well()
    page.wait_for_selector("#troubles", state="detached", timeout=20_000)


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
    page.press("#by", "Enter")  # it is kept, and nothing else happens
    assert page.input_value("#by") == "Mette Holm"
    assert all(alert.attention == "unacked" for alert in ward.alerts.open_alerts())
    page.locator("#c-c2 summary").click()
    page.fill("#c-c2 [name=note]", "ringet")
    page.locator("#c-c2 .main").click()
    page.wait_for_selector("#c-c2.calm")
    (alert,) = ward.alerts.alerts_of("c2")
    assert (alert.acked_ms, alert.acked_by, alert.note) == (NOW_MS, "Mette Holm", "ringet")
    page.locator("#c-c2 [value=undo]").click()
    page.wait_for_selector("#c-c2:not(.done)")
    assert ward.alerts.alerts_of("c2")[0].attention == "unacked"
    context.close()
