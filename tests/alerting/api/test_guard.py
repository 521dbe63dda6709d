"""What stands before every route: host, origin, headers, and a log that names nobody."""

import logging
from pathlib import Path

import pytest

from alerting.api.guard import SECURITY_HEADERS
from tests.alerting.api.scene import Client, Ward, anna_and_bo

PATHS = ["/", "/worklist.html", "/alerts", "/alerts/x", "/worklist", "/health", "/citizens/c1",
         "/citizens/x", "/fhir/Patient/c1", "/fhir/Observation", "/nowhere", "/static/style.css",
         "/alerts?limit=0"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    for name, value in SECURITY_HEADERS.items():
        if (name, path) != ("Cache-Control", "/static/style.css"):
            assert headers[name] == value


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8700", "127.0.0.1.evil", "", "[x"])
def test_another_host_is_refused(client: Client, host: str) -> None:
    for path in ("/", "/fhir/Patient/c1"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "Lund" not in answer.text
        assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9", "[::1]:8700", "LOCALHOST"])
def test_this_machine_is_answered(client: Client, host: str) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_changes_nothing(client: Client, ward: Ward, headers: dict[str, str]) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    form = {"by": "Eve", "citizen": "c1", "deed": "acknowledge", "alerts": f"{alert.id}:1"}
    assert client.post("/acts", data=form, headers=headers).status_code == 403
    path = f"/alerts/{alert.id}/acknowledge"
    assert client.post(path, json={"by": "Eve"}, headers=headers).status_code == 403
    assert ward.alerts.open_alerts()[0].attention == "unacked"


def test_our_own_page_may(client: Client, ward: Ward) -> None:
    alert = ward.open_alert("c1", "R01", "red", 5)
    headers = {"Origin": "http://127.0.0.1:8700", "Sec-Fetch-Site": "same-origin"}
    path = f"/alerts/{alert.id}/acknowledge"
    assert client.post(path, json={"by": "Mette"}, headers=headers).status_code == 200


def test_the_log_names_routes_and_nobody(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "alerting.api"):
        client.get("/citizens/c1?lang=en")
        client.get("/fhir/Patient/7203480000")
        client.get("/fhir/Observation?patient=7203480000")
        client.get("/7203480000")
    lines = "\n".join(record.getMessage() for record in caplog.records)
    assert "GET /citizens/{citizen_id} 200" in lines
    assert "GET /fhir/Patient/{patient_id} 404" in lines
    assert "GET (no route) 404" in lines
    assert not {"c1", "lang", "7203480000", "Lund"} & set(lines.replace("?", " ").split())
    assert "7203480000" not in lines


@pytest.mark.parametrize("path", ["/alerts", "/worklist", "/", "/fhir/Patient/c1", "/health"])
def test_a_store_that_is_away_is_503(tmp_path: Path, path: str) -> None:
    ward = Ward(tmp_path, anna_and_bo())
    ward.close()
    ward.records = tmp_path / "nowhere" / "records.db"
    ward.alerts_path = tmp_path / "nowhere" / "alerts.db"
    with ward.client() as client:
        answer = client.get(path)
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    if path == "/health":
        assert answer.json()["status"] == "degraded"
    else:
        assert answer.headers["retry-after"] == "1"
