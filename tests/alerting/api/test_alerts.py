"""The feed, one alert, acknowledging, the worklist: every route and every documented error."""

import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting.alert_store import AlertStore
from alerting.api.acts import BODY_BYTES_MAX
from tests.alerting.api.scene import HOSTILE, NOW_MS, Client, Ward, anna_and_bo, episode, situation

ACK = {"by": "Mette Holm", "note": "Ringet."}


def acknowledge(client: Client, alert: Any, body: Any = ACK, **headers: Any) -> Any:
    return client.post(f"/alerts/{alert.id}/acknowledge", json=body, headers=headers)


def test_an_empty_feed_answers_with_the_cursor_it_was_given(client: Client) -> None:
    answer = client.get("/alerts")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"alerts": [], "cursor": "0", "more": False}


def test_a_poller_sees_each_alert_once_in_its_newest_state(client: Client, ward: Ward) -> None:
    first = ward.open_alert("c1", "R01", "yellow", 5)
    second = ward.open_alert("c2", "R11", "red", 4)
    ward.alerts.revise(first, episode("c1", "R01", "red", 5), NOW_MS)
    page = client.get("/alerts").json()
    assert [alert["id"] for alert in page["alerts"]] == [second.id, first.id]
    assert page["alerts"][1]["severity"] == "red"
    assert page["cursor"] == ward.alerts.cursor(3)
    again = client.get("/alerts", params={"since": page["cursor"]}).json()
    assert again == {"alerts": [], "cursor": page["cursor"], "more": False}


def test_pages_say_that_there_is_more(client: Client, ward: Ward) -> None:
    rules = ["R01", "R14", "R06", "R24", "T01"]
    for rule in rules:
        ward.open_alert("c1", rule, "yellow", 1)
    cursor, seen, more = "0", [], True
    while more:
        page = client.get("/alerts", params={"since": cursor, "limit": 2}).json()
        seen += [alert["findings"][0]["rule"] for alert in page["alerts"]]
        cursor, more = page["cursor"], page["more"]
    assert seen == rules


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.integers(0, 5), max_size=25), seed=st.integers(0, 99))
def test_no_interleaving_of_writes_and_polls_leaves_a_gap(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], seed: int
) -> None:
    """Step 0 polls; any other changes an alert. What a poller knows at the end is the truth."""
    ward = Ward(tmp_path_factory.mktemp("feed"), anna_and_bo())
    dice, cursor = random.Random(seed), "0"
    known: dict[str, int] = {}
    with ward.client() as client:
        for step in [*steps, *[0] * (len(steps) + 1)]:
            if step == 0:
                limit = dice.choice([1, 2, 50])
                page = client.get("/alerts", params={"since": cursor, "limit": limit}).json()
                assert position(page["cursor"]) >= position(cursor)
                assert [row["change"] for row in page["alerts"]] == sorted(
                    row["change"] for row in page["alerts"]
                )
                known.update((row["id"], row["version"]) for row in page["alerts"])
                cursor = page["cursor"]
            else:
                over = NOW_MS if dice.random() < 0.3 else None
                severity = dice.choice(["yellow", "red"])
                ward.open_alert("c1", f"R{step:02}", severity, 3, cleared_ms=over)
    assert known == {row.id: row.version for row in ward.alerts.alerts_of("c1")}
    ward.close()


def test_an_unchanged_feed_answers_304(client: Client, ward: Ward) -> None:
    ward.open_alert("c1", "R01", "red", 5)
    tag = client.get("/alerts").headers["etag"]
    same = client.get("/alerts", headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    ward.open_alert("c2", "R01", "red", 5)
    changed = client.get("/alerts", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def position(cursor: str) -> int:
    """Where a cursor stands; only its maker may look into it."""
    return int(cursor.partition("-")[0])


@pytest.mark.parametrize("cursor", ["9", "1", f"1-{'0' * 16}", f"9-{'0' * 16}"])
@pytest.mark.parametrize("wait", [0, 30])
def test_a_cursor_that_was_never_given_out_is_told_so(
    client: Client, ward: Ward, cursor: str, wait: int
) -> None:
    """Also a bare number, which does not say of which history it is; and at once."""
    ward.open_alert("c1", "R01", "red", 5)
    answer = client.get("/alerts", params={"since": cursor, "wait": wait})
    assert answer.status_code == 410
    error = answer.json()["error"]
    assert (error["code"], error["field"], error["limit"]) == ("cursor-unknown", "since", "0")


@pytest.mark.parametrize("replaced_by", ["a new store", "an older copy"])
def test_after_the_store_was_replaced_an_old_cursor_is_refused(
    tmp_path: Path, replaced_by: str
) -> None:
    """Even when the new history is as long as the old one; from 0 on all of it is there."""
    ward = Ward(tmp_path, anna_and_bo())
    ward.open_alert("c1", "R01", "red", 5)
    ward.alerts.close()
    copy = tmp_path / "copy.db"
    shutil.copy(ward.alerts_path, copy)
    ward.alerts = AlertStore(ward.alerts_path)
    with ward.client() as client:
        kept = client.get("/alerts").json()["cursor"]
        ward.open_alert("c2", "R01", "red", 4)
        gone = client.get("/alerts").json()["cursor"]
    ward.alerts.close()
    for file in tmp_path.glob("alerts.db*"):
        file.unlink()
    if replaced_by == "an older copy":
        shutil.copy(copy, ward.alerts_path)
    ward.alerts = AlertStore(ward.alerts_path)
    for citizen in ("c1", "c2"):
        ward.open_alert(citizen, "R11", "red", 3)
    with ward.client() as client:
        assert client.get("/alerts", params={"since": gone}).status_code == 410
        shared = client.get("/alerts", params={"since": kept})
        assert shared.status_code == (200 if replaced_by == "an older copy" else 410)
        page = client.get("/alerts", params={"since": "0"}).json()
        assert page["alerts"][-1]["citizen"] == "c2"
        again = client.get("/alerts", params={"since": page["cursor"]}).json()
        assert (again["alerts"], again["cursor"]) == ([], page["cursor"])
    ward.close()


def test_waiting_ends_at_once_when_there_is_news_already(client: Client, ward: Ward) -> None:
    ward.open_alert("c1", "R01", "red", 5)
    assert len(client.get("/alerts", params={"wait": 30}).json()["alerts"]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("since", "-1"), ("since", "x"), ("limit", "0"), ("limit", "1001"), ("wait", "31")],
)
def test_a_wrong_parameter_is_named(client: Client, name: str, value: str) -> None:
    answer = client.get("/alerts", params={name: value})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["field"], error["value"]) == (name, value)
    assert error["limit"]


def test_one_alert_has_evidence_and_history(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    acknowledge(client, alert)
    answer = client.get(f"/alerts/{alert.id}")
    body = answer.json()
    assert body["findings"][0]["evidence"]["baseline"] == {"mean": 93.1, "sd": 1.2, "n": 21.0}
    assert body["findings"][0]["evidence"]["rule_version"] == 1
    assert [event["what"] for event in body["history"]] == ["opened", "acknowledged"]
    assert body["history"][1]["actor"] == "Mette Holm"
    assert answer.headers["etag"] == '"2"'
    assert client.get(answer.url, headers={"If-None-Match": '"2"'}).status_code == 304


def test_an_unknown_alert_is_404(client: Client) -> None:
    assert client.get("/alerts/nobody").json()["error"]["code"] == "alert-unknown"
    answer = client.post("/alerts/nobody/acknowledge", json=ACK)
    assert answer.status_code == 404


def test_acknowledging_keeps_who_and_what(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    answer = acknowledge(client, alert, {"by": "  Mette Holm ", "note": HOSTILE})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    acked = answer.json()
    assert (acked["attention"], acked["condition"]) == ("acked", "active")
    assert (acked["acked_by"], acked["note"]) == ("Mette Holm", HOSTILE)
    assert acked["acked_ms"] == NOW_MS


def test_of_two_nurses_the_first_one_counts(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    assert acknowledge(client, alert).status_code == 200
    second = acknowledge(client, alert, {"by": "Lars Bo"})
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "acknowledged-already"
    assert second.json()["alert"]["acked_by"] == "Mette Holm"


@pytest.mark.parametrize("tag", ['"1"', '"7", "1"', "*", 'W/"1"'])
def test_a_matching_version_is_acknowledged(client: Client, ward: Ward, tag: str) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    assert acknowledge(client, alert, **{"If-Match": tag}).status_code == 200


@pytest.mark.parametrize("tag", ['"2"', "1", "", '"x"'])
def test_another_version_is_412_and_changes_nothing(client: Client, ward: Ward, tag: str) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    answer = acknowledge(client, alert, **{"If-Match": tag})
    assert answer.status_code == 412
    assert answer.json()["alert"]["version"] == 1
    stored = ward.alerts.alert(alert.id)
    assert stored is not None
    assert stored.attention == "unacked"


def test_what_got_worse_is_not_acknowledged_unseen(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "yellow", 5)
    ward.open_alert("c1", "R01", "red", 5)
    answer = acknowledge(client, alert, **{"If-Match": '"1"'})
    assert answer.status_code == 412
    assert answer.json()["alert"]["severity"] == "red"


def test_any_version_of_an_acknowledged_alert_is_409(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    acknowledge(client, alert)
    assert acknowledge(client, alert, **{"If-Match": "*"}).status_code == 409
    assert acknowledge(client, alert, **{"If-Match": '"2"'}).status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "by"),
        ({"by": ""}, "by"),
        ({"by": "   "}, "by"),
        ({"by": "x" * 81}, "by"),
        ({"by": 7}, "by"),
        ({"by": "a\nb"}, "by"),
        ({"by": "a\u202eb"}, "by"),
        ({"by": "a", "note": "x" * 501}, "note"),
        ({"by": "a", "note": None}, "note"),
        ({"by": "a", "note": "\x00"}, "note"),
        ({"by": "a", "more": 1}, ""),
        ([], "$"),
        ("x", "$"),
        (None, "$"),
    ],
)
def test_a_bad_body_is_told_what_is_wrong(
    client: Client, ward: Ward, body: Any, field: str
) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    answer = acknowledge(client, alert, body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert field in (error["field"], error["limit"]) or field in error["limit"]
    assert error["limit"]
    assert len(error.get("value", "")) <= 100


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"by":"\\ud800"}', b"[" * 5000])
def test_what_is_not_json_is_422(client: Client, ward: Ward, body: bytes) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    answer = client.post(f"/alerts/{alert.id}/acknowledge", content=body)
    assert answer.status_code == 422


def test_a_long_body_is_413(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    answer = client.post(f"/alerts/{alert.id}/acknowledge", content=b" " * (BODY_BYTES_MAX + 1))
    assert answer.status_code == 413


def test_the_worklist_has_the_rows_of_the_page(client: Client, ward: Ward) -> None:
    ward.monitor.situation = {
        "c1": situation("c1", "insufficient-data", unable=["R03"]),
        "c2": situation("c2", "red"),
    }
    alert = ward.open_alert("c2", "R11", "red", 5)
    answer = client.get("/worklist")
    body = answer.json()
    assert body["counts"]["red"] == body["counts"]["insufficient-data"] == 1
    assert body["cursor"] == ward.alerts.cursor(1)
    first, second = body["rows"]
    assert (first["name"], first["colour"], first["severity"]) == ("Bo Friis", "red", "red")
    assert first["why_da"] == [alert.text_da]
    assert first["why_en"] == [alert.text_en]
    assert first["since_ms"] == alert.onset_ms
    assert first["alerts"][0]["id"] == alert.id
    assert second["unable"] == ["R03"]
    tag = answer.headers["etag"]
    assert client.get("/worklist", headers={"If-None-Match": tag}).status_code == 304
    assert "7203480000" not in answer.text


def test_the_answer_is_what_the_store_holds(client: Client, ward: Ward) -> None:
    ward.open_alert("c1", "R01", "red", 5)
    (told,) = client.get("/alerts").json()["alerts"]
    (stored,) = AlertStore(ward.alerts_path).open_alerts()
    assert told == msgspec.to_builtins(stored)
