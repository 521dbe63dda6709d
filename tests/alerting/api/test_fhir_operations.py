"""$lastn and $stats, who and what an Observation names, where it came from, and what there is."""

import json
import random
import statistics
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.provenance import Provenance

from alerting.api.search import OBSERVATION_KIND, RESPONSE_KIND
from alerting.api.statistics import KINDS, parts_of, values_of
from fhir_mapping import codes
from fhir_mapping.resources import resource_id
from ingest.store import Counted
from tests.alerting.api.scene import CUFF, DAY_MS, HOUR_MS, NOW_MS, Client, Ward
from tests.alerting.api.test_fhir_writing import WEIRD, observation, post

MORNING_MS = NOW_MS - 5 * HOUR_MS
WRITTEN = ("Observation", "QuestionnaireResponse")
WRITING = ("", "/Observation", "/QuestionnaireResponse", "/$submit-measurement")


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(f"/fhir/{path}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    return answer


def values(answer: Any) -> list[Any]:
    bundle = Bundle.model_validate_json(answer.content)
    assert bundle.total == len(answer.json().get("entry", []))
    return [one["resource"]["valueQuantity"]["value"] for one in answer.json().get("entry", [])]


def test_lastn_is_the_newest_of_every_code(client: Client, ward: Ward) -> None:
    for day in range(4):
        ward.measure("c1", MORNING_MS - day * DAY_MS, {"spo2": str(90 + day)})
    ward.measure("c1", MORNING_MS - 9 * DAY_MS, {"pulse_oximeter": "70"})
    ward.measure("c2", MORNING_MS, {"spo2": "80"})
    path = "Observation/$lastn"
    assert values(get(client, path, patient="c1")) == [90, 70]
    assert values(get(client, path, patient="Patient/c1", max=2)) == [90, 91, 70]
    assert values(get(client, path, patient="c1", code="59408-5", max=100)) == [90, 91, 92, 93]
    assert values(get(client, path, patient="c1", code="85354-9")) == []
    assert values(get(client, path, patient="c1", code="x")) == []
    assert values(get(client, path, patient="eve")) == []


def stats(answer: Any) -> dict[str, dict[str, str]]:
    """Statistics by the first code of each Observation, as they are written."""
    Parameters.model_validate_json(answer.content)
    found = {}
    for part in json.loads(answer.content, parse_float=str, parse_int=str)["parameter"]:
        content = part["resource"]
        assert content["subject"] == {"reference": "Patient/c1"}
        found[content["code"]["coding"][0]["code"]] = {
            one["code"]["coding"][0]["code"]: one["valueQuantity"]["value"]
            for one in content["component"]
            if "valueQuantity" in one
        }
    return found


def asked(**query: Any) -> dict[str, Any]:
    return {"subject": "Patient/c1", "statistic": ",".join(KINDS), **query}


def test_statistics_are_those_of_the_texts(client: Client, ward: Ward) -> None:
    dice = random.Random(3)
    said = [
        f"{dice.randrange(80, 100)}.{dice.choice(['', '5', '50'])}".rstrip(".") for _ in range(41)
    ]
    for minute, text in enumerate(said):
        ward.measure("c1", MORNING_MS - minute * 60_000, {"spo2": text})
    found = stats(get(client, "Observation/$stats", **asked(code="59408-5")))["2708-6"]
    numbers = [Decimal(text) for text in said]
    assert found["count"] == "41"
    assert found["minimum"] in said
    assert found["maximum"] in said
    assert (Decimal(found["minimum"]), Decimal(found["maximum"])) == (min(numbers), max(numbers))
    assert Decimal(found["sum"]) == sum(numbers)
    assert Decimal(found["median"]) == statistics.median(numbers)
    for name, value in (
        ("average", statistics.mean(numbers)),
        ("std-dev", statistics.stdev(numbers)),
        ("variance", statistics.variance(numbers)),
    ):
        assert abs(Decimal(found[name]) - value) <= Decimal("0.00001"), name


def test_the_more_precise_text_of_an_extreme_is_told(client: Client, ward: Ward) -> None:
    for minute, text in enumerate(["93", "93.0", "91", "91.00"]):
        ward.measure("c1", MORNING_MS - minute * 60_000, {"spo2": text})
    found = stats(get(client, "Observation/$stats", **asked(code="59408-5")))["2708-6"]
    assert (found["minimum"], found["maximum"], found["median"]) == ("91.00", "93.0", "92.00")


def test_a_panel_is_told_by_its_components(client: Client, ward: Ward) -> None:
    for minute, (systolic, diastolic) in enumerate([("128", "82"), ("141", "70")]):
        pressure = {"systolic": systolic, "diastolic": diastolic}
        ward.measure("c1", MORNING_MS - minute * 60_000, pressure, CUFF)
    found = stats(get(client, "Observation/$stats", **asked(code="85354-9")))
    assert (found["8480-6"]["maximum"], found["8462-4"]["maximum"]) == ("141", "82")
    assert found["8478-0"] == {"count": "0"}
    alone = get(client, "Observation/$stats", **asked(code="8480-6", system="http://loinc.org"))
    assert list(stats(alone)) == ["8480-6"]


def test_what_the_device_withdrew_and_test_data_count_for_nothing() -> None:
    (part,) = parts_of(["spo2"])
    flags = [(), ("invalid",), ("test-data",), ("questionable",)]
    counted = [Counted((f"9{place}",), flag, 2) for place, flag in enumerate(flags)]
    counted.append(Counted((None,), ("questionable",), 5))
    assert values_of(part, counted) == [(Decimal(90), 2), (Decimal(93), 2)]


def test_one_value_has_no_deviation_and_none_only_a_count(client: Client, ward: Ward) -> None:
    assert stats(get(client, "Observation/$stats", **asked(code="59408-5")))["2708-6"] == {
        "count": "0"
    }
    ward.measure("c1", MORNING_MS, {"spo2": "93"})
    found = stats(get(client, "Observation/$stats", **asked(code="59408-5")))["2708-6"]
    assert set(KINDS) - set(found) == {"std-dev", "variance"}


def test_a_period_and_a_duration_bound_it(client: Client, ward: Ward) -> None:
    for day in range(4):
        ward.measure("c1", MORNING_MS - day * DAY_MS, {"spo2": str(90 + day)})

    def number(**query: Any) -> str:
        answer = get(client, "Observation/$stats", **asked(code="59408-5", **query))
        return stats(answer)["2708-6"]["count"]

    assert number(duration="5") == "1"
    assert number(duration="4.9") == "0"
    assert number(period="2026-02-16/2026-02-17") == "2"
    assert number(period="2026-02-16/") == "3"
    assert number(period="/2026-02-16T06:59:59+01:00") == "1"


def test_stats_may_be_posted(client: Client, ward: Ward) -> None:
    ward.measure("c1", MORNING_MS, {"spo2": "93"})
    parameters = [
        {"name": "subject", "valueUri": "Patient/c1"},
        {"name": "coding", "valueCoding": {"system": "http://loinc.org", "code": "59408-5"}},
        {"name": "statistic", "valueCode": "maximum"},
        {"name": "statistic", "valueCode": "count"},
        {"name": "period", "valuePeriod": {"start": "2026-02-18"}},
    ]
    content = {"resourceType": "Parameters", "parameter": parameters}
    found = stats(post(client, "/Observation/$stats", content))
    assert found == {"2708-6": {"maximum": "93", "count": "1"}}
    for wrong in (
        {"resourceType": "Bundle"},
        {"resourceType": "Parameters", "parameter": [1]},
        b"{",
    ):
        assert post(client, "/Observation/$stats", wrong).status_code == 400


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("$lastn", {}, "patient"),
        ("$lastn", {"patient": "c1", "max": "0"}, "max"),
        ("$lastn", {"patient": "c1", "max": "101"}, "max"),
        ("$lastn", {"patient": "c1", "x": ""}, "x"),
        ("$stats", {"code": "59408-5", "statistic": "count"}, "subject"),
        ("$stats", {"subject": "c1", "statistic": "count"}, "code"),
        ("$stats", {"subject": "c1", "code": "59408-5"}, "statistic"),
        ("$stats", {"subject": "c1", "code": "59408-5", "statistic": "kurtosis"}, "statistic"),
        ("$stats", {"subject": "c1", "code": "x", "statistic": "count"}, "code"),
        ("$stats", {"subject": "c1", "code": "http://loinc.org|", "statistic": "count"}, "code"),
        ("$stats", {**asked(code="59408-5"), "duration": "-1"}, "duration"),
        ("$stats", {**asked(code="59408-5"), "duration": "1", "period": "/2026"}, "duration"),
        ("$stats", {**asked(code="59408-5"), "period": "2026"}, "period"),
        ("$stats", {**asked(code="59408-5"), "period": "/"}, "period"),
    ],
)
def test_a_wrong_operation_names_the_parameter(
    client: Client, path: str, query: Any, name: str
) -> None:
    answer = client.get(f"/fhir/Observation/{path}", params=query)
    assert answer.status_code == 400
    assert f"({name} is" in answer.json()["issue"][0]["diagnostics"]


def test_every_device_that_is_referred_to_can_be_read(client: Client, ward: Ward) -> None:
    gateway = {
        "url": codes.GATEWAY_DEVICE,
        "valueReference": {"identifier": {"system": "urn:x", "value": "æske:1"}},
    }
    identifier = {"system": codes.DEVICE_IDENTITY, "value": WEIRD}
    said = observation(device={"identifier": identifier}, extension=[gateway])
    content = client.get(post(client, "/Observation", said).headers["location"]).json()
    references = [
        content["device"]["reference"],
        content["extension"][0]["valueReference"]["reference"],
    ]
    assert references == [f"Device/{resource_id(WEIRD)}", f"Device/{resource_id('æske:1')}"]
    for reference, name in zip(references, (WEIRD, "æske:1"), strict=True):
        answer = get(client, reference)
        Device.model_validate_json(answer.content)
        assert name in [one["value"] for one in answer.json()["identifier"]]
        assert f"Device/{answer.json()['id']}" == reference
    again = observation(device={"reference": references[0]}, extension=[gateway])
    assert post(client, "/Observation", again).status_code == 200
    assert get(client, "Observation", _lastUpdated="ge2020", _total="accurate").json()["total"] == 1


def test_provenance_tells_how_it_came(client: Client, ward: Ward) -> None:
    ward.measure("c1", MORNING_MS, {"spo2": "93"})
    (entry,) = get(client, "Observation", patient="c1").json()["entry"]
    key = entry["resource"]["id"]
    answer = get(client, f"Provenance/{key}")
    Provenance.model_validate_json(answer.content)
    told = answer.json()
    assert told["target"] == [{"reference": f"Observation/{key}"}]
    assert [one["who"]["reference"] for one in told["agent"]] == [
        "Device/528388-c1",
        "Device/gw-c1",
    ]
    found = get(client, "Provenance", target=f"Observation/{key}")
    assert found.json()["entry"][0]["resource"] == told
    Bundle.model_validate_json(found.content)
    for absent in ("x", "00000000-0000-8000-8000-000000000000"):
        assert get(client, "Provenance", target=f"Observation/{absent}").json()["total"] == 0
        assert client.get(f"/fhir/Provenance/{absent}").status_code == 404
    assert client.get("/fhir/Provenance?target=Patient/c1").status_code == 400
    assert client.get("/fhir/Provenance").status_code == 400


def test_provenance_tells_what_it_was_and_who_typed(client: Client, ward: Ward) -> None:
    stamp = "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference"
    clock = {
        "resourceType": "Observation",
        "id": "clock",
        "status": "final",
        "code": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "67975"}]},
        "effectiveDateTime": "2026-02-18T08:00:00+01:00",
        "valueDateTime": "2026-02-18T08:00:00+01:00",
        "component": [
            {
                "code": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "68220"}]},
                "valueCodeableConcept": {"text": "ntpv4"},
            }
        ],
    }
    by = {
        "url": codes.TRANSFERRED_BY,
        "valueCode": "typed",
    }
    more: dict[str, Any] = {
        "contained": [clock],
        "extension": [by, {"url": stamp, "valueReference": {"reference": "#clock"}}],
    }
    first = post(client, "/Observation", observation(93, **more))
    second = post(client, "/Observation", observation(91, **more))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["meta"]["versionId"] == "2"
    assert second.headers["location"] == first.headers["location"]
    answer = get(client, f"Provenance/{second.json()['id']}")
    Provenance.model_validate_json(answer.content)
    told = answer.json()
    assert told["activity"]["coding"][0]["code"] == "UPDATE"
    assert told["agent"][-1]["who"] == {"reference": "Patient/c1"}
    assert "version 1: 93" in told["entity"][0]["what"]["display"]


@pytest.mark.parametrize("can_write", [True, False])
@pytest.mark.parametrize("can_export", [True, False])
def test_the_capability_statement_is_true(ward: Ward, can_write: bool, can_export: bool) -> None:
    """It names what is switched on and nothing else, and OpenAPI has the same."""
    with ward.client(fhir_writing=can_write, fhir_export=can_export) as client:
        check_capability(client, can_write, can_export)


def check_capability(client: Client, can_write: bool, can_export: bool) -> None:
    answer = get(client, "metadata")
    CapabilityStatement.model_validate_json(answer.content)
    (rest,) = answer.json()["rest"]
    claimed = set()
    for row in rest["resource"]:
        kind = row["type"]
        for interaction in row["interaction"]:
            claimed.add(
                {
                    "read": ("get", f"/fhir/{kind}/{{}}"),
                    "search-type": ("get", f"/fhir/{kind}"),
                    "create": ("post", f"/fhir/{kind}"),
                    "update": ("put", f"/fhir/{kind}/{{}}"),
                }[interaction["code"]]
            )
        for operation in row.get("operation", []):
            claimed.add(("get", f"/fhir/{kind}/${operation['name']}"))
    claimed.add(("get", "/fhir/metadata"))
    if "interaction" in rest:
        assert {row["code"] for row in rest["interaction"]} == {"transaction", "batch"}
        claimed.add(("post", "/fhir"))
    methods = {"export": "get", "submit-measurement": "post"}
    for row in rest.get("operation", []):
        claimed.add((methods[row["name"]], f"/fhir/${row['name']}"))
    asked_for = {("post", f"/fhir{path}") for path in WRITING if can_write}
    asked_for |= {("put", f"/fhir/{kind}/{{}}") for kind in WRITTEN if can_write}
    asked_for |= {("get", "/fhir/$export")} if can_export else set()
    assert {one for one in claimed if one[1].endswith("$export") or one[0] != "get"} == asked_for
    assert [row["conditionalCreate"] for row in rest["resource"][:2]] == [can_write] * 2
    schema = client.get("/openapi.json").json()
    there = {
        (
            method,
            "{}".join(
                part.partition("}")[2] if place else part
                for place, part in enumerate(path.split("{"))
            ),
        )
        for path, operations in schema["paths"].items()
        for method in operations
        if path.startswith("/fhir")
    }
    beside = {("post", "/fhir/Observation/$stats")} | {one for one in there if "$export/" in one[1]}
    assert there - beside == claimed
    controls = {"_count", "_cursor", "_sort", "_total", "_summary", "_format"}
    for place, kind in enumerate((OBSERVATION_KIND, RESPONSE_KIND)):
        assert rest["resource"][place]["type"] == kind.resource
        searchable = {row["name"] for row in rest["resource"][place]["searchParam"]}
        assert searchable == set(kind.parameters) - controls
