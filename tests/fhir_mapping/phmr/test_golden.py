"""Every rendering is, to the letter, its golden file; read again, it is the document it was."""

import os
import subprocess
import sys

import pytest

from fhir_mapping.phmr import read_phmr, render_phmr
from tests.fhir_mapping.phmr.cases import DOCUMENTS, GOLDEN


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_rendering_is_the_golden_file(name: str) -> None:
    assert render_phmr(DOCUMENTS[name]) == (GOLDEN / f"{name}.xml").read_bytes()


def test_every_golden_file_has_its_document() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.xml" for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_ours_is_read_as_what_it_was(name: str) -> None:
    assert read_phmr((GOLDEN / f"{name}.xml").read_bytes()) == DOCUMENTS[name]


def test_every_process_renders_the_same_bytes() -> None:
    here = b"".join(map(render_phmr, DOCUMENTS.values()))
    program = (
        "import sys\n"
        "from fhir_mapping.phmr import render_phmr\n"
        "from tests.fhir_mapping.phmr.cases import DOCUMENTS\n"
        "sys.stdout.buffer.write(b''.join(map(render_phmr, DOCUMENTS.values())))\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", program],
        cwd=GOLDEN.parents[2],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"},
        capture_output=True,
        check=True,
    )
    assert there.stdout == here
