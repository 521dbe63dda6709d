"""The pages over HTTP: languages, filters, the form, and text that means harm."""

import re
from datetime import date
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from alerting.local_time import DAY_MS, day_number
from tests.alerting.api.scene import (
    HOSTILE,
    NOW_MS,
    Client,
    Ward,
    citizen,
    curve,
    episode,
    situation,
)


@pytest.fixture
def busy(ward: Ward) -> Ward:
    """Anna is red, Bo cannot be assessed."""
    ward.open_alert("c1", "R01", "red", 5)
    ward.monitor.situation = {
        "c1": situation("c1", "red"),
        "c2": situation("c2", "insufficient-data", unable=["R03", "R11"], last_measured_ms=None),
    }
    ward.monitor.curve = {"c1": [curve("spo2", [93, 92, 93, 90, 86])]}
    return ward


def press(client: Client, alert: Any, **fields: Any) -> Any:
    form = {"by": "Mette Holm", "lang": "da", "alerts": f"{alert.id}:{alert.version} ", **fields}
    return client.post("/acknowledge", data=form)


def test_danish_is_the_default_and_english_is_one_click_away(client: Client, busy: Ward) -> None:
    danish, english = client.get("/").text, client.get("/?lang=en").text
    assert '<html lang="da">' in danish
    assert '<html lang="en">' in english
    assert "1 borger skal kontaktes i dag" in danish
    assert "1 citizen to contact today" in english
    assert 'href="/?lang=en"' in danish
    assert 'href="/?lang=da"' in english
    assert "Kun denne maskine · ikke medicinsk udstyr" in danish
    assert "This machine only · not a medical device" in english


def test_the_language_stays_in_every_link_to_a_page(client: Client, busy: Ward) -> None:
    text = client.get("/?lang=en&colour=red").text
    pages = re.findall(r'href="(/(?:citizens[^"]*|\?[^"]*)?)"', text)
    own = [unescape(link) for link in pages if "lang=da" not in link]
    assert own
    assert all("lang=en" in link for link in own)
    assert 'hreflang="da"' in text


def test_a_row_says_whom_to_call_and_why(client: Client, busy: Ward) -> None:
    text = client.get("/").text
    for said in (
        "Anna Lund", "77 år · KOL", "00 00 12 34", 'href="tel:00001234"',
        "Iltmætning 86 % (rød grænse 87 % eller lavere).", "Begyndte for 5 timer siden",
        "onsdag 18. feb. 2026 07.00", "Kvittér", 'role="img"', "habituelt",
    ):  # fmt: skip
        assert said in text


def test_who_cannot_be_assessed_is_told_with_rules_and_reason(client: Client, busy: Ward) -> None:
    text = client.get("/").text
    assert "Kan ikke vurderes" in text
    assert "Fald i iltmætning, Vægtstigning over 3 dage – ingen målinger modtaget." in text  # noqa: RUF001
    assert "Endnu ingen målinger" in text


@pytest.mark.parametrize(
    ("colour", "anna", "bo"),
    [("red", True, False), ("insufficient-data", False, True), ("green", False, False)],
)
def test_a_filter_shows_one_colour(
    client: Client, busy: Ward, colour: str, anna: bool, bo: bool
) -> None:
    for path in ("/", "/worklist.html"):
        text = client.get(f"{path}?colour={colour}").text
        assert ("Anna Lund" in text, "Bo Friis" in text) == (anna, bo)
        assert 'aria-current="true"' in text


def test_the_fragment_is_the_live_part_of_the_page(client: Client, busy: Ward) -> None:
    page, fragment = client.get("/").text, client.get("/worklist.html").text
    assert fragment.strip() in page
    assert 'data-cursor="1"' in fragment
    assert '<meta http-equiv="refresh" content="30">' in page


def test_the_page_warns_when_the_rules_are_behind(client: Client, busy: Ward) -> None:
    assert "Reglerne er bagud" not in client.get("/").text
    busy.monitor.seen = -500
    assert "Reglerne er bagud: 500 målinger" in client.get("/").text


def test_pressing_the_button_acknowledges_and_goes_back(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    answer = press(client, alert, colour="red", **{"note-c1": "Ringet"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?lang=da&colour=red&said=done#c-c1"
    cookie = answer.headers["set-cookie"]
    assert "hjemmepuls_name=Mette%20Holm" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    text = client.get("/?said=done").text
    assert "Kvitteret af Mette Holm" in text
    assert "<q>Ringet</q>" in text
    assert 'value="Mette Holm"' in text
    assert "row red calm" in text
    assert "Ingen røde alarmer venter" in text


def test_the_patient_page_gets_its_nurse_back(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    answer = press(client, alert, back="c1", lang="en", **{f"note-{alert.id}": "Called"})
    assert answer.headers["location"] == "/citizens/c1?lang=en&said=done"
    assert busy.alerts.open_alerts()[0].note == "Called"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"by": ""}, "name"),
        ({"by": "x" * 81}, "name"),
        ({"note-c1": "x" * 501}, "note"),
        ({"alerts": "nobody:1"}, "gone"),
        ({"alerts": ""}, "gone"),
        ({"alerts": "x:" + "9" * 50}, "gone"),
    ],
)
def test_a_form_that_cannot_be_taken_says_why(
    client: Client, busy: Ward, fields: Any, said: str
) -> None:
    (alert,) = busy.alerts.open_alerts()
    place = press(client, alert, **fields).headers["location"]
    assert f"said={said}" in place
    assert 'id="said"' in client.get(place).text
    assert busy.alerts.open_alerts()[0].attention == "unacked"


def test_a_colleague_was_first(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    busy.alerts.acknowledge(alert.id, "Lars Bo", "", None, NOW_MS)
    assert "said=taken" in press(client, alert).headers["location"]


def test_a_second_press_of_the_same_nurse_is_no_conflict(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    press(client, alert)
    assert "said=done" in press(client, alert).headers["location"]


def test_what_changed_since_the_page_was_shown_is_not_acknowledged(
    client: Client, busy: Ward
) -> None:
    (alert,) = busy.alerts.open_alerts()
    busy.alerts.revise(alert, episode("c1", "R01", "red", 6), NOW_MS)
    assert "said=changed" in press(client, alert).headers["location"]
    assert busy.alerts.open_alerts()[0].attention == "unacked"


def test_the_way_back_is_never_taken_from_the_form(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    odd = "//evil.example/\r\nX: y"
    answer = press(client, alert, back=odd, lang=odd, colour=odd)
    assert answer.headers["location"] == "/citizens/c1?lang=da&said=done"


def test_the_patient_page_shows_evidence_and_hides_the_cpr(client: Client, busy: Ward) -> None:
    text = client.get("/citizens/c1").text
    for said in (
        "R01, version 1 · regelsæt 1.0.0", "93,1 (sd 1,2, 21 effektive målinger)",
        "rød 87 eller lavere · gul 89 eller lavere", "Iltmætning 86 %", "Alarmen blev rejst",
        "/fhir/Observation?patient=c1", "født 12. marts 1948", 'class="onset red"',
    ):  # fmt: skip
        assert said in text
    assert "7203480000" not in text
    assert "0000" not in re.sub(r"0198c0de[0-9a-f-]+", "", text).replace("00001234", "")


def test_an_unknown_citizen_is_a_page_in_the_right_language(client: Client) -> None:
    answer = client.get("/citizens/nobody?lang=en")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no such page" in answer.text


def test_hostile_text_is_only_text(client: Client, ward: Ward) -> None:
    ward.enrol([citizen("c3", HOSTILE, HOSTILE, phone="<b>'\"")])
    alert = ward.open_alert(
        "c3", "R01", "red", 5, text_da=HOSTILE, text_en=HOSTILE, name_da=HOSTILE, name_en=HOSTILE
    )
    seen = ward.open_alert("c3", "R14", "yellow", 5)
    ward.alerts.acknowledge(seen.id, HOSTILE, HOSTILE, None, NOW_MS)
    ward.alerts.retract(ward.open_alert("c3", "R06", "blue", 5), HOSTILE, NOW_MS)
    odd = curve("spo2", [90, 91], name_da=HOSTILE, name_en=HOSTILE, unit=HOSTILE)
    ward.monitor.curve = {"c3": [odd]}
    ward.monitor.situation = {"c3": situation("c3", "red", unable=[HOSTILE])}
    client.cookies.set("hjemmepuls_name", quote(HOSTILE, safe=""))
    for path in ("/", "/?lang=en", "/worklist.html", "/citizens/c3", "/citizens/c3?lang=en"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text
        assert "49" not in re.findall(r"alert\(.{0,40}", text)
        assert "{{7*7}}" in text
        assert "<b>'\"" not in text
    assert client.get(f"/?said={quote(HOSTILE)}&lang={quote(HOSTILE)}").status_code == 200
    assert alert.id in client.get("/").text


def test_the_files_of_the_page_may_be_kept(client: Client) -> None:
    text = client.get("/").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        answer = client.get(unescape(address))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/..%2frender.py").status_code == 404
    assert "http://" not in text.replace("http-equiv", "")
    assert "https://" not in text


def test_who_is_asked_to_measure_daily_is_shown_so_in_both_languages(
    client: Client, ward: Ward
) -> None:
    """NOW_MS is 18 February: evidence yesterday asks until the 21st."""
    today = day_number(date(2026, 2, 18))
    assert "dagligt" not in client.get("/citizens/c1").text
    ward.alerts.requests.ask("c1", today - 1, NOW_MS)
    waits = "Skal bedes om at måle dagligt til og med 21. feb.; beskeden er ikke sendt endnu"
    assert waits in client.get("/citizens/c1").text
    (request,) = ward.alerts.requests.unsent(today)
    ward.alerts.requests.mark_sent(request, NOW_MS)
    assert "Bedt om at måle dagligt til og med 21. feb." in client.get("/citizens/c1").text
    english = client.get("/citizens/c1?lang=en").text
    assert "Asked to measure daily up to and including 21 Feb" in english
    assert "dagligt" not in client.get("/citizens/c2").text
    ward.alerts.requests.ask("c1", today, NOW_MS)
    told = client.get("/citizens/c1").text
    assert "til og med 21. feb." in told, "of what was added the home knows nothing yet"
    ward.monitor.at_ms = NOW_MS + 5 * DAY_MS
    assert "dagligt" not in client.get("/citizens/c1").text, "it is over"


def test_a_request_is_no_alert(client: Client, ward: Ward) -> None:
    """Neither in the feed nor on the worklist, and no colour."""
    feed, page = client.get("/alerts").json(), client.get("/").text
    ward.alerts.requests.ask("c1", day_number(date(2026, 2, 18)), NOW_MS)
    assert client.get("/alerts").json() == feed
    assert client.get("/").text == page
