"""The API as OpenAPI tells it: every route, its good answer and its errors; and /health."""

from tests.alerting.api.scene import NOW_MS, Client, Ward

WRITING = {400, 403, 413, 415, 422, 500}
ROUTES = {
    ("/alerts", "get"): {200, 304, 410, 422},
    ("/alerts/{alert_id}", "get"): {200, 304, 404},
    **{
        (f"/alerts/{{alert_id}}/{deed}", "post"): {200, 403, 404, 409, 412, 413, 422}
        for deed in ("acknowledge", "start", "snooze", "resolve", "note", "undo")
    },
    ("/worklist", "get"): {200, 304},
    ("/fhir", "post"): {200, *WRITING},
    ("/fhir/$submit-measurement", "post"): {200, *WRITING},
    ("/fhir/$export", "get"): {202, 400, 403, 429},
    ("/fhir/$export/{job_id}", "get"): {200, 202, 403, 404, 500},
    ("/fhir/$export/{job_id}", "delete"): {202, 403, 404},
    ("/fhir/$export/{job_id}/{name}", "get"): {200, 403, 404},
    ("/fhir/metadata", "get"): {200, 403},
    ("/fhir/Observation", "get"): {200, 400, 403},
    ("/fhir/Observation", "post"): {200, 201, 202, *WRITING},
    ("/fhir/Observation/$lastn", "get"): {200, 400, 403},
    ("/fhir/Observation/$stats", "get"): {200, 400, 403},
    ("/fhir/Observation/$stats", "post"): {200, 400, 403, 413, 415},
    ("/fhir/Observation/{observation_id}", "get"): {200, 304, 403, 404},
    ("/fhir/Observation/{observation_id}", "put"): {200, 202, 404, 409, 412, *WRITING},
    ("/fhir/QuestionnaireResponse/{response_id}", "put"): {200, 202, 404, 409, 412, *WRITING},
    ("/fhir/QuestionnaireResponse", "get"): {200, 400, 403},
    ("/fhir/QuestionnaireResponse", "post"): {200, 201, 202, *WRITING},
    ("/fhir/QuestionnaireResponse/{response_id}", "get"): {200, 304, 403, 404},
    ("/fhir/Questionnaire", "get"): {200, 400, 403},
    ("/fhir/Questionnaire/{row_id}", "get"): {200, 403, 404},
    ("/fhir/Patient/{patient_id}", "get"): {200, 403, 404},
    ("/fhir/Device/{device_id}", "get"): {200, 403, 404},
    ("/fhir/Organization/{organization_id}", "get"): {200, 403, 404},
    ("/fhir/Provenance", "get"): {200, 400, 403},
    ("/fhir/Provenance/{observation_id}", "get"): {200, 403, 404},
    ("/health", "get"): {200},
    ("/health/ready", "get"): {200},
}
ANY = {421, 503}


def test_openapi_lists_every_route_and_every_status(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    listed = {
        (path, method): {int(status) for status in operation["responses"]}
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert listed == {route: statuses | ANY for route, statuses in ROUTES.items()}


def test_every_operation_says_what_it_does_and_answers(client: Client) -> None:
    schema = client.get("/openapi.json").json()
    for operations in schema["paths"].values():
        for operation in operations.values():
            assert operation["description"]
            for status, answer in operation["responses"].items():
                assert answer["description"]
                assert ("content" in answer) == (status != "304")
    assert "HTTPValidationError" not in str(schema)


def test_health_counts_without_naming(client: Client, ward: Ward) -> None:
    ward.measure("c1", NOW_MS - 1000, {"spo2": "93"})
    ward.open_alert("c1", "R01", "red", 5)
    ward.all_well()
    answer = client.get("/health")
    body = answer.json()
    assert body["status"] == "ok"
    assert (body["records"], body["last_seq"], body["evaluated_seq"]) == (1, 1, 1)
    assert (body["open_alerts"], body["rejections"]) == (1, 0)
    assert body["tallies"]["readings-accepted"] == 1
    assert not any(word in answer.text for word in ("Lund", "7203480000", "c1"))


def test_no_path_is_json_and_not_that_method_says_which(client: Client) -> None:
    assert client.get("/nowhere").json()["error"]["code"] == "not-found"
    answer = client.put("/alerts")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
