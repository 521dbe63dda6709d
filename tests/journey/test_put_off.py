"""The alerting process is killed while an alert is put off; it still comes back at its time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.alerting.clinic import Clinic, at, citizen, oximetry
from tests.journey.test_kill_alerting import Service


def test_a_kill_keeps_what_is_put_off_and_when_it_comes_back(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, [citizen("c1")])
    clinic.receive(*(oximetry("c1", day, 94) for day in range(8)))
    clinic.receive(*(oximetry("c1", day, 88) for day in (8, 9, 10)))
    service = Service(tmp_path)
    try:
        service.wait_until_up_to_date()
        (alert,) = of_saturation(service)
        until = at(10, 8) + timedelta(days=1)
        for deed, body in (
            ("acknowledge", {}),
            ("snooze", {"until": until.isoformat(), "reason": "afventer svar fra læge"}),
        ):
            answer = service.http.post(f"/alerts/{alert['id']}/{deed}", json={"by": "Mette"} | body)
            assert answer.status_code == 200, answer.text
        service.kill_and_start()
        service.wait_until_up_to_date()
        assert of_saturation(service) == [answer.json()]
        clinic.receive(oximetry("c1", 11, 88, hour=7.9))
        service.wait_until_up_to_date()
        assert of_saturation(service)[0]["state"] == "snoozed"
        clinic.receive(oximetry("c1", 11, 88, hour=8))
        service.child.wait_until(lambda: of_saturation(service)[0]["state"] == "new")
        service.kill_and_start()
        service.wait_until_up_to_date()
        history = service.http.get(f"/alerts/{alert['id']}").json()["history"]
        assert [event["what"] for event in history].count("returned") == 1
    finally:
        service.stop()
        clinic.close()


def of_saturation(service: Service) -> list[dict[str, Any]]:
    """The alerts that hold a finding of low saturation."""
    alerts = service.http.get("/alerts").json()["alerts"]
    return [row for row in alerts if "R01" in {found["rule"] for found in row["findings"]}]
