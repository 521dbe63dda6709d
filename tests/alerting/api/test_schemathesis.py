"""The OpenAPI document against the application, by schemathesis.

No server error, and no status that is not documented. Skipped where it is not installed.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.alerting.api.scene import HOUR_MS, NOW_MS, Ward, anna_and_bo

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 60
LIMITS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)


class Here:
    """An application that is called from this machine, and outlives each call."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{stage}.complete"})
            return
        await self._app({**scope, "client": ("127.0.0.1", 50_000)}, receive, send)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    ward = Ward(tmp_path_factory.mktemp("ward"), anna_and_bo())
    ward.measure("c1", NOW_MS - HOUR_MS, {"spo2": "93"})
    ward.open_alert("c1", "R01", "red", 5)
    ward.all_well()
    app = ward.app()
    loaded = schemathesis.openapi.from_dict(app.openapi())
    loaded.app = Here(app)
    yield loaded
    for close in app.state.closing:
        close()
    ward.close()


def violations(schema: Any) -> tuple[int, set[str]]:
    """How many calls were made, and every call whose answer the document does not know."""
    answers: list[tuple[str, int, set[str]]] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        call_many(operation, set(operation.definition.raw["responses"]), answers)
    return len(answers), {
        f"{name}: {status}"
        for name, status, documented in answers
        if status >= 500 or str(status) not in documented
    }


def call_many(operation: Any, documented: set[str], answers: list[Any]) -> None:
    @LIMITS
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        if case.query and "wait" in case.query:
            case.query["wait"] = 0  # nobody waits here
        answer = case.call(base_url="http://127.0.0.1:8700")
        answers.append((f"{case.method} {case.path}", answer.status_code, documented))

    call()


def test_every_operation_is_true_to_its_document(schema: Any) -> None:
    calls, found = violations(schema)
    assert not found
    assert calls > 20 * EXAMPLES // 2


def test_a_status_that_is_left_out_of_the_document_is_found(schema: Any) -> None:
    raw = {**schema.raw_schema}
    paths = {"/fhir/Patient/{patient_id}": raw["paths"]["/fhir/Patient/{patient_id}"]}
    operation = dict(paths["/fhir/Patient/{patient_id}"]["get"])
    operation["responses"] = {
        status: answer for status, answer in operation["responses"].items() if status != "404"
    }
    planted = schemathesis.openapi.from_dict(
        {**raw, "paths": {"/fhir/Patient/{patient_id}": {"get": operation}}}
    )
    planted.app = schema.app
    _, found = violations(planted)
    assert found == {"GET /fhir/Patient/{patient_id}: 404"}
