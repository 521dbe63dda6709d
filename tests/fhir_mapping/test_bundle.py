"""Bundles join what is rendered; an OperationOutcome says what went wrong."""

import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from fhir_mapping.bundle import operation_outcome, searchset
from fhir_mapping.observation import render_observation
from tests.fhir_mapping.cases import CASES

BASE = 'https://hjemmepuls.example/fhir/Observation?code="æ"'


@pytest.mark.parametrize("count", [0, 1, len(CASES)])
@pytest.mark.parametrize("next_url", [None, f"{BASE}&page=2"])
def test_a_page_holds_its_entries_untouched(count: int, next_url: str | None) -> None:
    rendered = [render_observation(record) for record in list(CASES.values())[:count]]
    entries = [(f"{BASE}/{place}", resource) for place, resource in enumerate(rendered)]
    page = searchset(1000, BASE, next_url, iter(entries))
    for resource in rendered:
        assert b'"resource":' + resource + b',"search"' in page
    bundle = Bundle.model_validate_json(page)
    assert (bundle.type, bundle.total) == ("searchset", 1000)
    said = json.loads(page)
    links = {link["relation"]: link["url"] for link in said["link"]}
    assert links == {"self": BASE} | ({"next": next_url} if next_url else {})
    assert [entry["fullUrl"] for entry in said.get("entry", [])] == [url for url, _ in entries]
    assert all(entry["search"] == {"mode": "match"} for entry in said.get("entry", []))
    assert ("entry" in said) == (count > 0)


def test_a_total_that_nobody_counted_is_left_out() -> None:
    assert "total" not in json.loads(searchset(None, BASE, None, []))
    assert json.loads(searchset(0, BASE, None, []))["total"] == 0


def test_an_outcome_says_what_went_wrong() -> None:
    said = operation_outcome("error", "not-found", 'ukendt "id" \x00 æ')
    (issue,) = OperationOutcome.model_validate_json(said).issue
    assert (issue.severity, issue.code) == ("error", "not-found")
    assert issue.diagnostics == 'ukendt "id" \N{REPLACEMENT CHARACTER} æ'
