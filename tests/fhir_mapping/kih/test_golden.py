"""Every document of `DOCUMENTS` is, but for white space, its golden file; and valid."""

import os
import subprocess
import sys

import pytest

from devices.catalogue import METRICS
from fhir_mapping.kih.read import read_dataset
from fhir_mapping.kih.reports import iupac_of
from fhir_mapping.kih.write import render_dataset
from tests.fhir_mapping.kih.cases import DOCUMENTS, GOLDEN, check_schema, pretty


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_rendering_is_the_golden_file(name: str) -> None:
    assert pretty(render_dataset(DOCUMENTS[name])) == (GOLDEN / f"{name}.xml").read_bytes()


def test_every_golden_file_has_its_document() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.xml" for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_rendering_is_valid(name: str) -> None:
    check_schema(render_dataset(DOCUMENTS[name]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_rendered_reads_back_the_same(name: str) -> None:
    assert read_dataset(render_dataset(DOCUMENTS[name])) == DOCUMENTS[name]


def test_every_metric_stands_in_a_golden_file_with_name_unit_and_code() -> None:
    texts = [path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()]
    for row in METRICS:
        wanted = (
            f">{row.kih.name}</mc:AnalysisText>",
            f">{row.kih.unit}</mc:ResultUnitText>",
            f">{iupac_of(row)}</mc:IupacIdentifier>",
        )
        assert any(all(word in text for word in wanted) for text in texts), row.alias


def test_every_process_renders_the_same_bytes() -> None:
    here = b"".join(map(render_dataset, DOCUMENTS.values()))
    program = (
        "import sys\n"
        "from fhir_mapping.kih.write import render_dataset\n"
        "from tests.fhir_mapping.kih.cases import DOCUMENTS\n"
        "sys.stdout.buffer.write(b''.join(map(render_dataset, DOCUMENTS.values())))\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", program],
        cwd=GOLDEN.parents[2],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"},
        capture_output=True,
        check=True,
    )
    assert there.stdout == here
