"""Nothing is reachable from tests only: every module serves a command, every route its process."""

import asyncio
from pathlib import Path
from typing import Any

import grimp
import httpx
import pytest
import yaml
from fastapi import FastAPI

from alerting.api.app import create_app
from alerting.settings import AlertingSettings
from tests.alerting.api.scene import StillMonitor

ROOT = Path(__file__).parent.parent
PRODUCTION = ("devices", "fhir_mapping", "ingest", "alerting", "hjemmepuls")
ENTRANCES = ("hjemmepuls.cli", "hjemmepuls.__main__", "benchmarks.__main__")
"""Where a shipped command begins; imports inside of functions count as well."""


def unreached(graph: grimp.ImportGraph) -> set[str]:
    """The modules of the production packages that no shipped command imports, however indirectly.

    A module brings the packages that it lies in, and what these import.
    """
    reached: set[str] = set()
    waiting = list(ENTRANCES)
    while waiting:
        module = waiting.pop()
        if module in reached or module not in graph.modules:
            continue
        reached.add(module)
        waiting.extend(graph.find_modules_directly_imported_by(module))
        waiting.append(module.rpartition(".")[0])
    return {one for one in graph.modules if one.split(".")[0] in PRODUCTION} - reached


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PRODUCTION, "benchmarks", cache_dir=None)


def test_every_module_is_reached_by_a_shipped_command(graph: grimp.ImportGraph) -> None:
    assert len(graph.modules) > 150
    assert unreached(graph) == set()


def test_a_module_that_only_tests_reach_is_found(graph: grimp.ImportGraph) -> None:
    """Planted violations: a module nobody imports, and one that nobody else imports than it."""
    graph.add_import(importer="alerting.api.forgotten", imported="ingest.lost")
    graph.add_import(importer="ingest.lost", imported="ingest.pipeline")
    assert unreached(graph) == {"alerting.api.forgotten", "ingest.lost"}
    graph.remove_import(importer="alerting.serve", imported="alerting.api.app")
    graph.remove_import(importer="hjemmepuls.reference", imported="alerting.api.app")
    graph.remove_import(importer="benchmarks.fhir_api", imported="alerting.api.app")
    assert {"alerting.api.app", "alerting.api.writing"} <= unreached(graph)


def shipped_settings(folder: Path) -> dict[str, AlertingSettings]:
    """The alerting process as compose starts it, and as the demo does (by the defaults)."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    said: dict[str, str] = compose["services"]["alerting"]["environment"]
    given: dict[str, Any] = {
        name.removeprefix("HJEMMEPULS_").lower(): value
        for name, value in said.items()
        if not value.startswith("${")
    }
    paths = {name: folder / str(value).lstrip("/") for name, value in given.items() if "/" in value}
    default = AlertingSettings(
        store_path=folder / "records.db", alert_store_path=folder / "alerts.db"
    )
    return {"compose": AlertingSettings(**{**given, **paths}), "default": default}


@pytest.mark.parametrize("name", ["compose", "default"])
def test_no_documented_route_is_switched_off(name: str, tmp_path: Path) -> None:
    """In what is shipped all that there is stands in the document, and answers something."""
    app = create_app(shipped_settings(tmp_path)[name], StillMonitor())
    routes = [
        (method, path)
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    ]
    assert {("post", "/fhir/$submit-measurement"), ("get", "/fhir/$export")} <= set(routes)
    assert asyncio.run(statuses(app, routes)).isdisjoint({405, 501})


def test_a_route_that_is_switched_off_answers_501(tmp_path: Path) -> None:
    """The test above can fail: what it asks for is refused so where a switch is off."""
    settings = AlertingSettings(
        store_path=tmp_path / "r.db", alert_store_path=tmp_path / "a.db", fhir_writing=False
    )
    routes = [("post", "/fhir/$submit-measurement")]
    assert asyncio.run(statuses(create_app(settings, StillMonitor()), routes)) == {501}


async def statuses(app: FastAPI, routes: list[tuple[str, str]]) -> set[int]:
    """What an empty request to each of these routes is answered with."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    headers = {"Content-Type": "application/fhir+json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8700") as client:
        answers = [
            await client.request(
                method, path, headers=headers, content=b'{"resourceType":"Patient"}'
            )
            for method, path in routes
        ]
    return {answer.status_code for answer in answers}
