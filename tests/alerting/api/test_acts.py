"""What people say of an alert over HTTP: every guard refuses first, then what is allowed."""

from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any

import pytest

from alerting.alert import Alert
from alerting.api.acts import BODY_BYTES_MAX
from alerting.api.sources import Sources
from alerting.lifecycle import OUTCOMES
from tests.alerting.api.scene import DAY_MS, HOSTILE, HOUR_MS, NOW_MS, Client, Ward

METTE = {"by": "Mette Holm"}
DOCTOR = {"by": "Lars Bo", "role": "physician"}
WAITS = "afventer svar fra læge"


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


SOON = {"until": moment(NOW_MS + HOUR_MS), "reason": WAITS}
BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "start": {},
    "snooze": SOON,
    "resolve": {"outcome": "treated"},
    "note": {"note": "Datter ringer."},
    "undo": {},
}


def say(client: Client, alert: Alert, deed: str, body: Any, **headers: str) -> Any:
    return client.post(f"/alerts/{alert.id}/{deed}", json=body, headers=headers)


def did(client: Client, alert: Alert, *deeds: str, **by: str) -> Any:
    """The answer to the last of these deeds; all must be allowed."""
    for deed in deeds:
        answer = say(client, alert, deed, {**METTE, **by, **BODIES[deed]})
        assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture
def yellow(ward: Ward) -> Alert:
    return ward.open_alert("c1", "R14", "yellow", 5)


@pytest.fixture
def red(ward: Ward) -> Alert:
    return ward.open_alert("c2", "R11", "red", 5)


@pytest.mark.parametrize(
    ("deed", "body", "field", "limit"),
    [
        ("snooze", {"until": SOON["until"]}, "reason", "required"),
        ("snooze", {**SOON, "reason": " \n"}, "reason", "not blank"),
        ("snooze", {**SOON, "reason": "x" * 501}, "reason", "500"),
        ("snooze", {**SOON, "reason": "\x00"}, "reason", "printable"),
        ("snooze", {"reason": WAITS}, "until", "RFC 3339"),
        ("snooze", {**SOON, "until": "2026-02-19T12:00:00"}, "until", "zone"),
        ("snooze", {**SOON, "until": "tomorrow"}, "until", "RFC 3339"),
        ("snooze", {**SOON, "until": 5}, "until", "RFC 3339"),
        ("snooze", {**SOON, "outcome": "treated"}, "outcome", "unknown"),
        ("resolve", {}, "outcome", "contact-only"),
        ("resolve", {"outcome": "fine"}, "outcome", "contact-only"),
        ("resolve", {"outcome": ""}, "outcome", "contact-only"),
        ("start", {"by": " "}, "by", "not blank"),
        ("start", {"role": "rules"}, "role", "one of nurse, physician"),
        ("start", {"reason": WAITS}, "reason", "unknown"),
        ("start", {"note": "x" * 501}, "note", "500"),
        ("note", {}, "note", "required"),
        ("note", {"note": " \n"}, "note", "not blank"),
        ("undo", {"reason": WAITS}, "reason", "unknown"),
    ],
)
def test_a_body_that_does_not_fit_is_told_field_value_and_limit(
    client: Client, ward: Ward, yellow: Alert, deed: str, body: Any, field: str, limit: str
) -> None:
    answer = say(client, yellow, deed, {**METTE, **body})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("body-invalid", field)
    assert limit in error["limit"]
    assert error.get("value", "") == str(body.get(field, "")).strip()[:100]
    assert ward.alerts.alert(yellow.id) == yellow


@pytest.mark.parametrize("deed", BODIES)
def test_every_deed_refuses_what_no_deed_may(client: Client, yellow: Alert, deed: str) -> None:
    body = {**METTE, **BODIES[deed]}
    assert client.post(f"/alerts/nobody/{deed}", json=body).status_code == 404
    assert client.post(f"/alerts/{yellow.id}/{deed}", content=b"{").status_code == 422
    long = client.post(f"/alerts/{yellow.id}/{deed}", content=b" " * (BODY_BYTES_MAX + 1))
    assert long.status_code == 413
    other = say(client, yellow, deed, body, **{"If-Match": '"9"'})
    assert (other.status_code, other.json()["alert"]["version"]) == (412, 1)
    away = say(client, yellow, deed, body, **{"Sec-Fetch-Site": "cross-site"})
    assert away.status_code == 403


@pytest.mark.parametrize(
    ("before", "deed", "body", "why"),
    [
        (("start",), "snooze", {"until": moment(NOW_MS + 7 * DAY_MS + 1000)}, "7 days"),
        (("start",), "snooze", {"until": moment(NOW_MS)}, "later moment"),
        (("start",), "snooze", {"until": "0001-01-01T00:00:00+23:59"}, "later moment"),
        (("start",), "snooze", {"until": "9999-12-31T23:59:59-23:59"}, "7 days"),
        ((), "snooze", {}, "snooze does not happen to an alert that is new"),
        (("acknowledge", "snooze"), "snooze", {}, "an alert that is snoozed"),
        (("acknowledge", "snooze"), "start", {}, "an alert that is snoozed"),
        (("start",), "start", {}, "an alert that is in_progress"),
        (("start", "resolve"), "start", {}, "start does not happen to an alert that is resolved"),
        ((), "resolve", {}, "an alert that is new"),
        (("acknowledge",), "resolve", {}, "an alert that is acknowledged"),
        (("start", "resolve"), "resolve", {}, "an alert that is resolved"),
        ((), "undo", {}, "undo does not happen to an alert that is new"),
        (("acknowledge",), "undo", {"by": "Bo"}, "only who did it"),
        (("acknowledge", "undo"), "undo", {}, "an alert that is new"),
    ],
)
def test_what_the_table_does_not_allow_is_409_and_says_why(
    client: Client, ward: Ward, yellow: Alert, before: Any, deed: str, body: Any, why: str
) -> None:
    for done in before:
        did(client, yellow, done)
    stands = ward.alerts.alert(yellow.id)
    assert stands is not None
    answer = say(client, yellow, deed, {**METTE, **BODIES[deed], **body})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "not-allowed"
    assert why in answer.json()["error"]["message"]
    assert answer.json()["alert"]["version"] == stands.version
    assert ward.alerts.alert(yellow.id) == stands


def test_a_red_is_put_off_by_a_physician_for_a_day(client: Client, red: Alert) -> None:
    did(client, red, "acknowledge")
    nurse = say(client, red, "snooze", {**METTE, **SOON})
    assert nurse.status_code == 409
    assert nurse.json()["error"]["message"] == "only a physician may put a red alert off"
    late = {**SOON, "until": moment(NOW_MS + DAY_MS + 1000)}
    assert "1 days" in say(client, red, "snooze", {**DOCTOR, **late}).json()["error"]["message"]
    in_time = {**SOON, "until": moment(NOW_MS + DAY_MS)}
    assert say(client, red, "snooze", {**DOCTOR, **in_time}).status_code == 200
    history = client.get(f"/alerts/{red.id}").json()["history"]
    assert (history[-1]["actor"], history[-1]["what"]) == ("Lars Bo", "snoozed")
    assert history[-1]["detail"] == f"physician; until 2026-02-19T11:00:00+00:00; {WAITS}"


def test_of_two_people_at_once_one_is_first(client: Client, ward: Ward, yellow: Alert) -> None:
    barrier, answers = Barrier(2), []

    def press(name: str, deed: str) -> None:
        barrier.wait()
        body = {"by": name, **BODIES[deed]}
        answers.append(say(client, yellow, deed, body, **{"If-Match": '"1"'}))

    people = [Thread(target=press, args=one) for one in (("Mette", "start"), ("Bo", "acknowledge"))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    first, second = sorted(answers, key=lambda answer: int(answer.status_code))
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["alert"] == first.json()
    assert len(ward.alerts.history(yellow.id)) == 2


def test_who_is_overtaken_between_reading_and_writing_is_told_so(
    client: Client, yellow: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(sources: Sources, alert_id: str) -> Alert:
        sources.alerts().acknowledge(alert_id, "Bo", "", None, NOW_MS)
        return yellow

    monkeypatch.setattr("alerting.api.acts.alert_of", overtaken)
    answer = say(client, yellow, "start", METTE, **{"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["error"]["code"]) == (412, "version-changed")
    assert answer.json()["alert"]["acked_by"] == "Bo"


def test_who_tries_to_reach_the_citizen_has_seen_the_alert(client: Client, yellow: Alert) -> None:
    answer = say(client, yellow, "start", {**METTE, "note": "Ringer op."})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    told = answer.json()
    assert (told["state"], told["state_by"], told["since_ms"]) == (
        "in_progress", "Mette Holm", NOW_MS,
    )  # fmt: skip
    assert (told["attention"], told["acked_by"], told["acked_ms"], told["note"]) == (
        "acked", "Mette Holm", NOW_MS, "Ringer op.",
    )  # fmt: skip


def test_who_goes_on_does_not_take_the_acknowledgement_over(client: Client, yellow: Alert) -> None:
    say(client, yellow, "acknowledge", {**METTE, "note": "Set."})
    told = say(client, yellow, "start", {**DOCTOR, "note": "Ringer op."}).json()
    assert (told["acked_by"], told["note"], told["state_by"]) == ("Mette Holm", "Set.", "Lars Bo")
    history = client.get(f"/alerts/{yellow.id}").json()["history"]
    assert [(event["actor"], event["what"], event["detail"]) for event in history[1:]] == [
        ("Mette Holm", "acknowledged", "Set."),
        ("Lars Bo", "started", "physician; Ringer op."),
    ]


def test_what_is_put_off_stays_open_and_does_not_wait(
    client: Client, ward: Ward, yellow: Alert
) -> None:
    cursor = client.get("/alerts").json()["cursor"]
    told = did(client, yellow, "acknowledge", "snooze").json()
    assert (told["state"], told["until_ms"], told["reason"], told["state_by"]) == (
        "snoozed", NOW_MS + HOUR_MS, WAITS, "Mette Holm",
    )  # fmt: skip
    (fed,) = client.get("/alerts", params={"since": cursor}).json()["alerts"]
    assert fed == told
    assert fed["change"] == int(cursor.partition("-")[0]) + 2
    row = next(row for row in client.get("/worklist").json()["rows"] if row["citizen"] == "c1")
    assert (row["acknowledged"], row["severity"]) == (True, "yellow")
    assert row["alerts"] == [told]
    assert client.get("/health").json()["open_alerts"] == 1


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_alert_is_closed_with_an_outcome(client: Client, yellow: Alert, outcome: str) -> None:
    did(client, yellow, "start")
    told = say(client, yellow, "resolve", {**METTE, "outcome": outcome, "note": "Set."}).json()
    assert (told["state"], told["outcome"], told["until_ms"]) == ("resolved", outcome, None)
    history = client.get(f"/alerts/{yellow.id}").json()["history"]
    assert (history[-1]["what"], history[-1]["detail"]) == ("resolved", f"{outcome}; Set.")


def test_a_note_is_written_and_nobody_has_thereby_seen_the_alert(
    client: Client, yellow: Alert
) -> None:
    told = did(client, yellow, "note").json()
    assert (told["state"], told["attention"], told["acked_by"]) == ("new", "unacked", "")
    history = client.get(f"/alerts/{yellow.id}").json()["history"]
    assert (history[-1]["actor"], history[-1]["what"]) == ("Mette Holm", "noted")
    assert history[-1]["detail"] == "Datter ringer."


def test_an_act_is_taken_back_and_both_stay_in_the_history(client: Client, yellow: Alert) -> None:
    before = client.get(f"/alerts/{yellow.id}").json()
    did(client, yellow, "acknowledge")
    back = did(client, yellow, "undo").json()
    history = client.get(f"/alerts/{yellow.id}").json()["history"]
    assert [event["what"] for event in history] == ["opened", "acknowledged", "undone"]
    moved = ("version", "change", "history")
    assert back == {key: value for key, value in before.items() if key not in moved} | {
        "version": 3, "change": back["change"],
    }  # fmt: skip


def test_what_is_closed_is_taken_back_to_what_it_was(client: Client, yellow: Alert) -> None:
    started = did(client, yellow, "start").json()
    did(client, yellow, "resolve")
    back = did(client, yellow, "undo").json()
    for name in ("state", "since_ms", "state_by", "outcome", "acked_by", "acked_ms"):
        assert back[name] == started[name], name


def test_a_deed_that_nobody_knows_is_404(client: Client, yellow: Alert) -> None:
    for deed in ("timeout", "retract", "worsen", "Snooze", ""):
        assert say(client, yellow, deed, METTE).status_code in (404, 405)


def page(client: Client, lang: str) -> str:
    return str(client.get(f"/citizens/c1?lang={lang}").text)


def test_the_page_says_what_is_done_about_an_alert(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R14", "yellow", 5)
    did(client, alert, "start")
    assert "Forsøgt kontaktet af Mette Holm kl. 12.00" in page(client, "da")
    assert "Contact tried by Mette Holm at 12:00" in page(client, "en")
    body = {**METTE, "until": moment(NOW_MS + 2 * DAY_MS), "reason": HOSTILE}
    assert say(client, alert, "snooze", body).status_code == 200
    for text, said in ((page(client, "da"), "Udsat til 20. feb. kl. 12.00: "),
                       (page(client, "en"), "Put off until 20 Feb at 12:00: ")):  # fmt: skip
        assert said in text
        assert "<script>alert" not in text
    assert "Udsat til 20. feb. kl. 12.00: " in client.get("/").text
    ward.open_alert("c1", "R14", "yellow", 5, cleared_ms=NOW_MS)
    for lang, tag in (("da", "ophørt, ikke afsluttet"), ("en", "ended, not closed")):
        assert tag in page(client, lang)


def test_the_page_says_how_an_alert_was_closed(client: Client, yellow: Alert) -> None:
    did(client, yellow, "start", "resolve")
    danish = page(client, "da")
    for said in ("Afsluttet: behandlet", "Kontakt forsøges · Mette Holm",
                 "Afsluttet med udfald · Mette Holm: <q>treated</q>"):  # fmt: skip
        assert said in danish
    assert '<span class="tag">åben</span>' in danish, "its rules hold still"
    assert "Closed: treated" in page(client, "en")
    assert 'value="acknowledge"' not in danish, "nothing is left to acknowledge"
