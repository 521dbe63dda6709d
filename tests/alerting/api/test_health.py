"""/health and /health/ready: the same facts; 503 with the name of what is wrong."""

from typing import Any

import pytest

from ingest.store import Heartbeat
from tests.alerting.api.scene import HOUR_MS, NOW_MS, Client, Ward

MINUTE_MS = 60_000


def ready(ward: Ward) -> tuple[int, dict[str, Any]]:
    """Status and body, from an application that has not looked before."""
    answer = ward.client().get("/health/ready")
    return answer.status_code, answer.json()


def check(body: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (row for row in body["checks"] if row["name"] == name)
    return dict(found)


def test_all_is_well(ward: Ward) -> None:
    ward.measure("c1", NOW_MS - 1000, {"spo2": "93"})
    ward.all_well()
    status, body = ready(ward)
    assert (status, body["status"], body["failing"]) == (200, "ok", [])
    names = [row["name"] for row in body["checks"]]
    assert names == [
        "record-store", "evaluator", "unjudged", "citizens", "alert-store", "ingest", "broker",
        "silence", "disk",
    ]  # fmt: skip
    for row in body["checks"]:
        assert row.keys() == {"name", "ok", "value", "limit", "unit", "text"}
    same = ward.client().get("/health").json()["checks"]
    assert [(row["name"], row["ok"], row["limit"]) for row in same] == [
        (row["name"], row["ok"], row["limit"]) for row in body["checks"]
    ]


def test_nothing_is_well_before_anything_was_seen(ward: Ward) -> None:
    status, body = ready(ward)
    assert status == 503
    assert set(body["failing"]) == {"evaluator", "alert-store", "ingest", "broker"}
    assert body["error"]["code"] == "not-ready"
    for name in body["failing"]:
        assert name in body["error"]["message"]


@pytest.mark.parametrize(
    ("heartbeat", "failing"),
    [
        (Heartbeat(NOW_MS - 16_000, 0, NOW_MS - HOUR_MS), ["ingest", "broker"]),
        (Heartbeat(NOW_MS + 16_000, 0, NOW_MS - HOUR_MS), ["ingest", "broker"]),
        (Heartbeat(NOW_MS - 15_000, 0, NOW_MS - HOUR_MS), []),
        (Heartbeat(NOW_MS - 1_000, 0, None), ["broker"]),
        (Heartbeat(NOW_MS - 1_000, 0, None, takeovers=3), ["broker"]),
    ],
)
def test_ingest_and_its_broker(ward: Ward, heartbeat: Heartbeat, failing: list[str]) -> None:
    ward.all_well()
    ward.writer.beat(heartbeat)
    status, body = ready(ward)
    assert (status, body["failing"]) == (503 if failing else 200, failing)
    assert ("took its session 3 times" in check(body, "broker")["text"]) == (
        heartbeat.takeovers == 3
    )


def test_a_record_that_the_rules_do_not_see(ward: Ward) -> None:
    ward.measure("c1", NOW_MS - 2 * MINUTE_MS, {"spo2": "93"}, received_ms=NOW_MS - 61_000)
    ward.all_well()
    ward.monitor.seen = 0
    status, body = ready(ward)
    assert (status, body["failing"]) == (503, ["unjudged"])
    assert check(body, "unjudged")["value"] == 61.0
    assert check(body, "unjudged")["limit"] == 60.0


def test_alerts_that_cannot_be_written(ward: Ward) -> None:
    ward.all_well()
    ward.monitor.pulse.trouble = "database or disk is full"
    status, body = ready(ward)
    assert (status, body["failing"]) == (503, ["alert-store"])
    assert "database or disk is full" in check(body, "alert-store")["text"]


def test_little_room(ward: Ward) -> None:
    ward.all_well()
    ward.free = 100 << 20
    status, body = ready(ward)
    assert (status, body["failing"]) == (503, ["disk"])
    assert (check(body, "disk")["value"], check(body, "disk")["limit"]) == (100.0, 200.0)


def test_a_record_store_that_is_away(ward: Ward) -> None:
    ward.all_well()
    ward.records.rename(ward.records.with_name("elsewhere.db"))
    status, body = ready(ward)
    assert status == 503
    assert "record-store" in body["failing"]
    answer = ward.client().get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    ward.records.with_name("elsewhere.db").rename(ward.records)
    assert ready(ward)[0] == 200


@pytest.mark.parametrize(
    ("hours_ago", "failing"),
    # Both are due at twelve, which is now: nobody is late yet. The day before, one of two measured
    # at half past nine; where the last word is older, nobody did.
    [(0.5, []), (3, []), (26.5, []), (37, ["silence"])],
)
def test_silence_where_something_was_due(ward: Ward, hours_ago: float, failing: list[str]) -> None:
    at_ms = NOW_MS - round(hours_ago * HOUR_MS)
    ward.measure("c1", at_ms - MINUTE_MS, {"spo2": "93"}, received_ms=at_ms)
    ward.all_well()
    status, body = ready(ward)
    assert (status, body["failing"]) == (503 if failing else 200, failing)
    assert check(body, "silence")["value"] == hours_ago * 60


def test_health_names_nobody(client: Client, ward: Ward) -> None:
    text = client.get("/health/ready").text
    assert not any(word in text for word in ("Lund", "7203480000", "c1"))
