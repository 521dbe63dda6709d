"""The corpus through the shipped command, and each file's own answer and records."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.documents.corpus import corpus
from tests.documents.outcome import GOLDEN, ROOT, Became, documented, enrolled, outcomes, told

FILES = corpus()


@pytest.fixture(scope="module")
def became() -> Mapping[str, Became]:
    return outcomes()


def test_there_are_enough_of_every_kind_and_they_stand_as_files() -> None:
    assert len(FILES) >= 40
    for kind in ("-kih-", "-phmr-", "-fhir-"):
        assert sum(kind in name for name in FILES) >= 10
    stand = {path.name: path.read_bytes() for path in GOLDEN.iterdir() if path.suffix != ".txt"}
    assert stand == {name: file.content for name, file in FILES.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_what_its_golden_text_says(name: str, became: Mapping[str, Became]) -> None:
    expected = (GOLDEN / f"{name}.became.txt").read_text(encoding="utf-8")
    assert told(became[name]) == expected


def test_the_table_of_the_documents_is_true(became: Mapping[str, Became]) -> None:
    text = (ROOT / "docs" / "CONFORMANCE.md").read_text(encoding="utf-8")
    assert documented(text, became) == text, "make golden, and read the diff"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "exports"
    path.mkdir()
    for name, file in FILES.items():
        (path / name).write_bytes(file.content)
    enrolled(tmp_path / "records.db")
    return path


def shipped(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("hjemmepuls")
    words = [str(program), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, env={"COLUMNS": "200"})


def test_the_shipped_command_takes_the_whole_folder(
    folder: Path, became: Mapping[str, Became]
) -> None:
    store = folder.parent / "records.db"
    done = shipped("take", folder, "--store", store, "--json")
    assert done.returncode == 1, "some of it is refused"
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == list(FILES)
    for row in rows:
        assert row["results"] == dict(became[row["file"]].answer.results), row
    again = shipped("take", folder, "--store", store)
    assert again.returncode == 1
    assert all(name in again.stdout for name in FILES)
    assert "Traceback" not in done.stderr + again.stdout + again.stderr


def test_only_what_is_good_ends_with_0(folder: Path) -> None:
    done = shipped("take", folder / "02-kih-weight.xml", "--store", folder.parent / "records.db")
    assert (done.returncode, done.stderr) == (0, "")
