"""A measurement taken back over the broker, through the processes that the shipped commands start;
and a scale whose clock begins anew at every wake."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping.enrolled import Enrolment, Limits
from fhir_mapping.identity import id_text
from hjemmepuls.processes import Mosquitto
from ingest.store import SqliteWriter
from tests.journey.test_fhir_doors import House

NOW = datetime.now(UTC).replace(microsecond=0)


def said(minutes_ago: int, value: str | None, *, number: int, **changes: Any) -> dict[str, Any]:
    """SpO2 of one act, so many minutes ago; without a value the device takes it back."""
    at, sent = NOW - timedelta(minutes=minutes_ago), NOW - timedelta(minutes=20 - number)
    item = {"c": "spo2"} if value is None else {"c": "spo2", "val": value, "u": "%"}
    fields = {
        "v": 1,
        "id": f"m-{number}",
        "seq": number,
        "type": "528388",
        "t": at.replace(tzinfo=None).isoformat(),
        "sent": sent.isoformat(),
        "clock": {
            "sync": "ntp",
            "device": sent.replace(tzinfo=None).isoformat(),
            "gateway": sent.isoformat(),
        },
        "r": [item],
    }
    return {**fields, **({"st": ["invalid"]} if value is None else {}), **changes}


@pytest.fixture
def house(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        found = House(mosquitto, tmp_path)
        stack.callback(found.stop)
        limits = Limits("c2", "spo2", NOW - timedelta(days=9), low_red="85", low_yellow="89")
        with closing(SqliteWriter(found.records)) as writer:
            writer.enrol(Enrolment(limits=[limits]), 1)
        yield found


def spo2_alerts(house: House) -> list[dict[str, Any]]:
    alerts = house.http.get("/alerts", params={"since": 0}).json()["alerts"]
    return [one for one in alerts if "R01" in {found["rule"] for found in one["findings"]}]


def test_what_the_device_takes_back_takes_its_alert_with_it(house: House) -> None:
    minutes = (180, 170, 160)
    low = [said(ago, "81", number=place) for place, ago in enumerate(minutes)]
    assert [one["result"] for one in house.publish(low, 3, "obs")] == ["accepted"] * 3
    house.alerting.wait_until(lambda: bool(spo2_alerts(house)))
    gone = [said(ago, None, number=10 + place) for place, ago in enumerate(minutes)]
    answers = house.publish([*gone, *low, *gone], 9, "obs")
    assert [one["result"] for one in answers] == ["accepted"] * 3 + ["duplicate"] * 6

    def is_retracted() -> bool:
        return {one["condition"] for one in spo2_alerts(house)} == {"retracted"}

    house.alerting.wait_until(is_retracted)
    assert {one["reason"] for one in spo2_alerts(house)} == {"measurement-withdrawn"}
    page = house.http.get("/citizens/c2").text
    assert "En måling blev trukket tilbage" in page
    for record in house.records_now():
        key = id_text(record.id)
        resource = house.http.get(f"/fhir/Observation/{key}").json()
        assert resource["status"] == "entered-in-error"
        assert "valueQuantity" not in resource
        told = house.http.get(f"/fhir/Provenance/{key}").json()
        assert told["activity"]["coding"][0]["code"] == "NULLIFY"
        assert told["entity"][0]["what"]["display"].startswith("version 1: 81, measured ")


def test_a_scale_that_begins_anew_at_every_wake_makes_a_record_a_morning(house: House) -> None:
    weights = []
    for place, (days, text) in enumerate(((3, "71.0"), (2, "71.0"), (1, "73.6"))):
        gateway = (NOW - timedelta(days=days)).isoformat()
        clock = {"sync": "none", "device": "2000-01-01T00:00:20", "gateway": gateway}
        item = {"c": "weight", "val": text, "u": "kg"}
        changes = {"type": "528399", "t": "2000-01-01T00:00:12", "clock": clock, "r": [item]}
        weights.append(said(0, "0", number=place, **changes))
    answers = house.publish([*weights, *weights], 6, "obs")
    assert [one["result"] for one in answers] == ["accepted"] * 3 + ["duplicate"] * 3
    records = sorted(house.records_now(), key=lambda one: one.measured_ms)
    assert [one.values for one in records] == [("71.0",), ("71.0",), ("73.6",)]
    assert {one.version for one in records} == {1}
    apart = [late.measured_ms - early.measured_ms for early, late in pairwise(records)]
    assert apart == [86_400_000, 86_400_000]
