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
    found,
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
    named = {"citizen": alert.citizen, "alerts": f"{alert.id}:{alert.version} "}
    form = {"by": "Mette Holm", "lang": "da", "deed": "acknowledge", **named, **fields}
    return client.post("/acts", data=form)


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
        "Anna Lund", "12.03.1948 · KOL", "00 00 12 34", 'href="tel:00001234"', "Ring i dag",
        "Iltmætning 86 % (rød grænse 87 % eller lavere).", "venter 5 t", "jeres tur",
        "onsdag 18. feb. 2026 07.00", ">Kontaktet</button>", 'role="img"', "habituelt",
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
    assert 'data-cursor="1-' in fragment
    assert '<meta http-equiv="refresh" content="30">' in page


def test_the_page_warns_when_the_rules_are_behind(client: Client, busy: Ward) -> None:
    assert "Reglerne er bagud" not in client.get("/").text
    busy.monitor.seen = -500
    assert "Reglerne er bagud: 500 målinger" in client.get("/").text


def test_pressing_the_button_acknowledges_and_goes_back(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    answer = press(client, alert, colour="red", note="Ringet")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?lang=da&colour=red&said=done#c-c1"
    cookie = answer.headers["set-cookie"]
    assert "hjemmepuls_name=Mette%20Holm" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    text = client.get("/?said=done").text
    assert "Kontaktet af Mette Holm kl. 12.00 · Ringet" in text
    assert "<q>Ringet</q>" in text
    assert 'value="Mette Holm"' in text
    assert "row red calm" in text
    assert "Ingen skal kontaktes nu" in text
    assert text.count('value="acknowledge"') == 0
    assert 'value="undo"' in text, "for a moment it may be taken back"


def test_the_patient_page_gets_its_nurse_back(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    answer = press(client, alert, back="c1", lang="en", note="Called")
    assert answer.headers["location"] == "/citizens/c1?lang=en&said=done"
    assert busy.alerts.open_alerts()[0].note == "Called"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"by": ""}, "name"),
        ({"by": "x" * 81}, "name"),
        ({"note": "x" * 501}, "note"),
        ({"deed": "note"}, "note"),
        ({"deed": "note", "note": " "}, "note"),
        ({"deed": "snooze"}, "reason"),
        ({"deed": "snooze", "reason": "venter"}, "physician"),
        ({"deed": "resolve", "outcome": "treated"}, "refused"),
        ({"deed": "undo"}, "late"),
        ({"deed": "retract"}, "gone"),
        ({"deed": ""}, "gone"),
        ({"citizen": "c2"}, "gone"),
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


def test_what_was_done_by_a_slip_is_taken_back_by_who_did_it(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    press(client, alert)
    assert "said=late" in press(client, alert, deed="undo", by="Lars Bo").headers["location"]
    assert "said=undone" in press(client, alert, deed="undo").headers["location"]
    assert "said=undone" in press(client, alert, deed="undo").headers["location"], "pressed twice"
    assert busy.alerts.open_alerts()[0].attention == "unacked"
    told = [event.what for event in busy.alerts.history(alert.id)]
    assert told == ["opened", "acknowledged", "undone"]


def test_every_act_that_the_table_allows_is_on_the_page_and_no_other(
    client: Client, busy: Ward
) -> None:
    def offered() -> set[str]:
        return set(re.findall(r'name="deed" value="([a-z]+)"', client.get("/?colour=red").text))

    (alert,) = busy.alerts.open_alerts()
    assert offered() == {"note", "start", "acknowledge"}
    steps = (
        ({"deed": "acknowledge"}, {"note", "start", "snooze", "undo"}),
        ({"deed": "start"}, {"note", "snooze", "resolve", "undo"}),
        ({"deed": "resolve", "outcome": "treated"}, {"note", "undo"}),
    )
    client.cookies.set("hjemmepuls_name", "Mette%20Holm")
    for fields, then in steps:
        (alert,) = busy.alerts.open_alerts()
        assert "said=done" in press(client, alert, **fields).headers["location"]
        assert offered() == then


def test_a_note_saves_a_note_and_twice_the_same_is_one(client: Client, busy: Ward) -> None:
    (alert,) = busy.alerts.open_alerts()
    for _ in range(2):
        answer = press(client, alert, deed="note", note="Datter ringer")
        assert "said=noted" in answer.headers["location"]
    assert busy.alerts.open_alerts()[0].attention == "unacked"
    assert [event.what for event in busy.alerts.history(alert.id)] == ["opened", "noted"]
    assert "</small> Note · Mette Holm: <q>Datter ringer</q>" in client.get("/").text


def test_enter_in_a_note_presses_the_button_that_saves_the_note(client: Client, busy: Ward) -> None:
    """A browser presses the first button of the form, wherever on the page it lies."""
    busy.open_alert("c2", "R14", "yellow", 5)
    for path in ("/", "/citizens/c1", "/citizens/c2"):
        text = client.get(path).text
        forms = re.findall(r'<form id="(f-c[12])"', text)
        assert forms
        for form in forms:
            inside = text.index(f'<form id="{form}"')
            outside = text.find(f'form="{form}"')
            assert outside == -1 or outside > inside
            assert 'value="note"' in text[inside : text.index("</button>", inside)]
    assert 'type="submit"' not in text
    assert re.search(r'<form id="name".*?</form>', text, re.DOTALL)
    assert "deed" not in re.search(r'<form id="name".*?</form>', text, re.DOTALL)[0]  # type: ignore[index]


def test_the_name_is_kept_and_nothing_else_happens(client: Client, busy: Ward) -> None:
    answer = client.post("/name", data={"by": "Mette Holm", "lang": "da"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=da")
    assert "hjemmepuls_name=Mette%20Holm" in answer.headers["set-cookie"]
    assert busy.alerts.open_alerts()[0].attention == "unacked"
    assert "said=name" in client.post("/name", data={"by": ""}).headers["location"]
    (alert,) = busy.alerts.open_alerts()
    client.cookies.set("hjemmepuls_name", "Mette%20Holm")
    press(client, alert, by="")
    assert busy.alerts.open_alerts()[0].acked_by == "Mette Holm", "without scripts the cookie tells"


def test_two_citizens_of_one_name_are_told_apart(client: Client, ward: Ward) -> None:
    ward.enrol([citizen("c3", "Anna", "Lund", birth_date=date(1951, 7, 2))])
    for key in ("c1", "c3"):
        ward.open_alert(key, "R01", "red", 5)
    for path in ("/", "/worklist.html", "/citizens/c1"):
        assert "12.03.1948" in client.get(path).text
    assert "02.07.1951" in client.get("/").text
    searched = client.get("/?q=020751").text
    assert ("02.07.1951" in searched, "12.03.1948" in searched) == (True, False)
    assert client.get("/?q=anna").text.count('class="row ') == 2
    assert "02/07/1951" in client.get("/?lang=en&q=lund").text
    assert 'value="lund"' in client.get("/?lang=en&q=lund").text
    assert "Ingen borgere her" in client.get("/?q=nobody").text


@pytest.mark.parametrize("homes", [500, 5000])
def test_a_long_list_comes_in_pages_of_a_hundred(client: Client, ward: Ward, homes: int) -> None:
    people = [citizen(f"p{n:04}", f"Given{n:04}", "Family") for n in range(homes)]
    with_alert = 240
    ward.monitor.situation = {row.id: situation(row.id, "green") for row in people}
    ward.enrol(people)
    with ward.alerts.transaction():
        for number in range(with_alert):
            severity: Any = ("red", "yellow", "blue")[number % 3]
            rule = {"red": "R01", "yellow": "R14", "blue": "R24"}[severity]
            several = [found(rule, severity, 1 + number + more) for more in range(6)]
            ward.open_alert(f"p{number:04}", rule, severity, 1 + number, findings=several)
            ward.monitor.situation[f"p{number:04}"] = situation(f"p{number:04}", severity)
    values = [93 + (day * 7) % 5 for day in range(28)]
    ward.monitor.curve = {
        row.id: [curve(name, values) for name in ("spo2", "pulse", "weight")]
        for row in people[:with_alert]
    }
    seen: list[str] = []
    for page in (1, 2, 3):
        answer = client.get(f"/?page={page}")
        assert len(answer.content) < 300_000
        seen += re.findall(r'<li id="c-(p[0-9]+)"', answer.text)
    assert sorted(seen) == [f"p{number:04}" for number in range(with_alert)]
    assert "101-200 af 242" in client.get("/?page=2").text  # Anna and Bo cannot be assessed
    green = client.get("/?colour=green&page=2")
    assert len(green.content) < 300_000
    assert green.text.count('class="row green') == 100
    assert client.get("/?page=99999999").status_code == 200


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
        "/fhir/Observation?patient=c1", "født 12.03.1948", 'class="onset red"',
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


def test_the_page_says_what_health_says(client: Client, ward: Ward) -> None:
    """Nobody has given a sign of life here, so neither is well."""
    failing = client.get("/health/ready").json()["failing"]
    assert "ingest" in failing
    for path in ("/", "/citizens/c1"):
        assert "modtagelsen er ikke i gang" in client.get(path).text
        assert "what receives them does not run" in client.get(f"{path}?lang=en").text
    ward.all_well()
    well = ward.client()
    assert well.get("/health/ready").status_code == 200
    assert 'id="troubles"' not in well.get("/").text
