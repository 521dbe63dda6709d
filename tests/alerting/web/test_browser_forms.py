"""Forms in a real browser: nothing is put on record that nobody chose or wrote."""

from typing import Any

import pytest

from tests.alerting.api.scene import Ward
from tests.alerting.web.test_browser import opened, pressed
from tests.browser import MISSING

pytestmark = MISSING


@pytest.fixture
def started(page: Any, ward: Ward) -> Any:
    """Somebody tries to reach Bo; his row is open, with all that may be done next."""
    page.fill("#by", "Mette Holm")
    opened(page, "c1")
    pressed(page, "#c-c1 button[value=start]")
    page.wait_for_selector("#c-c1 button[value=resolve]")
    return page


def test_an_outcome_is_chosen_never_the_first_of_the_list(started: Any, ward: Ward) -> None:
    pressed(started, "#c-c1 button[value=resolve]")
    started.wait_for_selector("#said.bad")
    assert started.locator("#said").inner_text() == "Ikke gemt: vælg først, hvordan det gik."
    assert [alert.state for alert in ward.alerts.alerts_of("c1")] == ["in_progress"]
    started.select_option("#c-c1 [name=outcome]", "contact-only")
    pressed(started, "#c-c1 button[value=resolve]")
    started.wait_for_selector("#said.good")
    assert [alert.outcome for alert in ward.alerts.alerts_of("c1")] == ["contact-only"]


def test_enter_in_the_reason_puts_off(started: Any, ward: Ward) -> None:
    started.fill("#c-c1 [name=reason]", "afventer læge")
    started.press("#c-c1 [name=reason]", "Enter")
    started.wait_for_selector("#said.good")
    (alert,) = ward.alerts.alerts_of("c1")
    assert (alert.state, alert.reason) == ("snoozed", "afventer læge")


def test_a_name_goes_along_to_the_next_page(page: Any) -> None:
    """Of two at one keyboard, the one who wrote her name last."""
    page.fill("#by", "Mette Holm")
    page.click("a.lang")
    page.wait_for_selector("html[lang=en]")
    assert page.input_value("#by") == "Mette Holm"
    pressed(page, "#c-c2 .main")
    page.wait_for_selector("#c-c2.done")
    page.fill("#by", "Bo Dam")
    opened(page, "c2")
    page.click("#c-c2 .more a")
    page.wait_for_selector("h1:has-text('Bo Friis')")
    assert page.input_value("#by") == "Bo Dam"


def test_one_other_is_not_several(page: Any) -> None:
    assert page.locator("h1 small").inner_text() == "1 anden venter"
