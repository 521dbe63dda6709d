"""One bad value, one absent component and a battery, through the processes that are shipped: the
good reach whoever looks, the bad are answered, listed and kept."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hjemmepuls.cli import app
from hjemmepuls.processes import Mosquitto
from tests.alerting.api.scene import CUFF, OXIMETER
from tests.journey.test_fhir_doors import MADE, House


@pytest.fixture
def house(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        found = House(mosquitto, tmp_path)
        stack.callback(found.stop)
        yield found


def act(number: int, kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    at = MADE + timedelta(minutes=number)
    return {
        "v": 1,
        "id": f"act-{number}",
        "seq": number,
        "type": kind,
        "t": at.replace(tzinfo=None).isoformat(),
        "sent": at.isoformat(),
        "clock": {"sync": "ntp"},
        "r": list(items),
    }


def value(code: str, text: str | None, unit: str, **more: Any) -> dict[str, Any]:
    return {"c": code, "u": unit, **({} if text is None else {"val": text}), **more}


def listed(house: House, *command: str) -> str:
    runner = CliRunner(env={"COLUMNS": "200"})
    found = runner.invoke(app, [*command, "--store", str(house.records)])
    assert found.exit_code == 0, found.output
    return found.output


def test_good_values_pass_and_bad_ones_are_answered(house: House) -> None:
    saturation = act(
        1,
        OXIMETER,
        value("spo2", "80", "%"),
        value("pulse_oximeter", "511", "/min"),
        value("battery", "12", "%"),
    )
    pressure = act(
        2,
        CUFF,
        value("systolic", "188", "mm[Hg]"),
        value("diastolic", "114", "mm[Hg]"),
        value("mean_pressure", None, "mm[Hg]", st=["not-available"]),
    )
    first, second = house.publish([saturation, pressure], 2, "obs")
    assert first == {
        "id": "act-1",
        "seq": 1,
        "result": "accepted",
        "refused": [{"reason": "value-out-of-range", "path": "$.r[1].val"}],
    }
    assert second == {"id": "act-2", "seq": 2, "result": "accepted"}
    (again,) = house.publish([saturation], 1, "obs")
    assert (again["result"], len(again["refused"])) == ("duplicate", 1)

    assert [record.values for record in house.records_now()] == [("80",), ("188", "114", None)]
    query = {"patient": "c2", "code": "85354-9"}
    (entry,) = house.http.get("/fhir/Observation/$lastn", params=query).json()["entry"]
    parts = entry["resource"]["component"]
    assert [part.get("valueQuantity", {}).get("value") for part in parts] == [188, 114, None]
    (battery,) = house.http.get("/fhir/Device/ox-2").json()["property"]
    assert battery["valueQuantity"][0]["value"] == 12

    told = listed(house, "rejections")
    assert "$.r[1].val" in told
    assert "511" in told
    assert "12 %" in listed(house, "device-status")
    assert "1 tried, 0 accepted" in listed(house, "replay")
    assert len(house.records_now()) == 2
