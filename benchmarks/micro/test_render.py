"""A record to FHIR JSON: our template, `json` of a ready dict, fhir.resources' dump of one."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.observation import Observation

from benchmarks.render import same_content
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record

pytestmark = pytest.mark.benchmark(group="render", disable_gc=True)


@pytest.fixture(scope="module")
def ready(records: list[Record]) -> list[dict[str, Any]]:
    return [json.loads(render_observation(record)) for record in records]


def test_ours(benchmark: Any, records: list[Record], ready: list[dict[str, Any]]) -> None:
    found = benchmark(lambda: [render_observation(record) for record in records])
    assert [json.loads(one) for one in found] == ready


def test_json(benchmark: Any, ready: list[dict[str, Any]]) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    found = benchmark(lambda: [encode(one).encode() for one in ready])
    assert [json.loads(one) for one in found] == ready


def test_fhir_resources(benchmark: Any, ready: list[dict[str, Any]]) -> None:
    found = benchmark(lambda: [Observation.model_validate(one).model_dump_json() for one in ready])
    assert all(map(same_content, map(json.loads, found), ready))
