"""FHIR says of each component of a blood pressure what the device said of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ingest.pipeline import process
from tests.alerting.api.scene import HOUR_MS, LOCAL, NOW_MS, Client, Ward
from tests.alerting.api.test_fhir_operations import asked, get, stats
from tests.alerting.test_components import MEAN_AWAY, SYSTOLIC_INVALID, cuff


def measure(ward: Ward, each: Mapping[str, list[Any]], whole: Sequence[Any] = ()) -> None:
    local = datetime.fromtimestamp((NOW_MS - 5 * HOUR_MS) / 1000, LOCAL)
    delivery = msgspec.structs.replace(cuff("c1", local, each, whole), received_ms=NOW_MS)
    (outcome,) = process([delivery], ward.writer)
    assert outcome.result == "accepted"


def components(client: Client) -> dict[str, Any]:
    """Value, or reason for none, of each component of the newest blood pressure, by LOINC."""
    answer = get(client, "Observation/$lastn", patient="c1", code="85354-9")
    (entry,) = answer.json()["entry"]
    assert entry["resource"]["status"] == "final"
    return {
        part["code"]["coding"][0]["code"]: part["valueQuantity"]["value"]
        if "valueQuantity" in part
        else part["dataAbsentReason"]["coding"][0]["code"]
        for part in entry["resource"]["component"]
    }


def test_fhir_says_of_each_component_what_the_device_said(client: Client, ward: Ward) -> None:
    measure(ward, MEAN_AWAY)
    assert components(client) == {"8480-6": 188, "8462-4": 114, "8478-0": "not-performed"}
    found = stats(get(client, "Observation/$stats", **asked(code="85354-9")))
    assert [found[code]["count"] for code in ("8480-6", "8462-4", "8478-0")] == ["1", "1", "0"]
    assert Decimal(found["8480-6"]["maximum"]) == 188


def test_an_invalid_systolic_withholds_itself_alone(client: Client, ward: Ward) -> None:
    measure(ward, SYSTOLIC_INVALID)
    assert components(client) == {"8480-6": "error", "8462-4": 114, "8478-0": 139}
    found = stats(get(client, "Observation/$stats", **asked(code="85354-9")))
    assert [found[code]["count"] for code in ("8480-6", "8462-4", "8478-0")] == ["0", "1", "1"]


def test_a_flag_of_the_whole_act_withholds_every_component(client: Client, ward: Ward) -> None:
    measure(ward, {}, ["invalid"])
    assert set(components(client).values()) == {"error"}
    found = stats(get(client, "Observation/$stats", **asked(code="85354-9")))
    assert {part["count"] for part in found.values()} == {"0"}
