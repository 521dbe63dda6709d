"""Facts about devices over FHIR: taken beside measurements, shown as properties of the Device."""

from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.device import Device
from typer.testing import CliRunner

from hjemmepuls.cli import app
from tests.alerting.api.scene import OXIMETER, Client, Ward
from tests.alerting.api.test_fhir_writing import bundle, observation, post, rejections, stored

MDC = "urn:iso:std:iso:11073:10101"
UCUM = "http://unitsofmeasure.org"
NAME = f"{OXIMETER}-c1"


def battery(charge: int, minute: int = 0, **changes: Any) -> dict[str, Any]:
    quantity = {"value": charge, "system": UCUM, "code": "%"}
    about = {"coding": [{"system": MDC, "code": "67996"}]}
    return observation(minute=minute, code=about, valueQuantity=quantity, **changes)


def properties(client: Client) -> dict[str, Any]:
    answer = client.get(f"/fhir/Device/{NAME}")
    assert answer.status_code == 200
    Device.model_validate_json(answer.content)
    return {one["type"]["coding"][0]["code"]: one for one in answer.json().get("property", [])}


def test_a_battery_level_is_shown_on_the_device(client: Client, ward: Ward) -> None:
    assert properties(client) == {}
    for minute, charge in enumerate((95, 93)):
        answer = post(client, "/Observation", battery(charge, minute))
        assert answer.status_code == 202, answer.text
    told = properties(client)["67996"]
    assert told["valueQuantity"] == [{"value": 93, "unit": "%", "system": UCUM, "code": "%"}]
    assert told["extension"][0]["valueDateTime"] == "2026-02-18T07:01:00+01:00"
    assert (stored(ward), rejections(ward)) == ([], [])


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("charge", [95, 101])
def test_a_fact_never_sinks_the_measurement_beside_it(
    client: Client, ward: Ward, kind: str, charge: int
) -> None:
    answer = post(client, "", bundle(kind, observation(80), battery(charge, 1)))
    assert answer.status_code == 200, answer.text
    (record,) = stored(ward)
    assert record.values == ("80",)
    assert [one.reason for one in rejections(ward)] == ["device-fact-invalid"] * (charge > 100)
    assert list(properties(client)) == ["67996"] * (charge <= 100)


def test_logistics_list_what_devices_say_of_themselves(
    client: Client, ward: Ward, tmp_path: Path
) -> None:
    for minute, charge in enumerate((95, 12)):
        post(client, "/Observation", battery(charge, minute))
    runner = CliRunner(env={"COLUMNS": "160"})
    newest = runner.invoke(app, ["device-status", "--store", str(ward.records)])
    assert newest.exit_code == 0, newest.output
    assert "12 %" in newest.output
    assert "95 %" not in newest.output
    history = runner.invoke(app, ["device-status", "--store", str(ward.records), "--device", NAME])
    assert "95 %" in history.output
