"""The documents say what the code does: generated tables, commands, links."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from alerting.rules import RULES
from devices.catalogue import METRICS
from hjemmepuls.cli import app
from hjemmepuls.reference import BLOCKS, DOCUMENTS, environment_names, filled
from ingest.rejection import Reason

ROOT = Path(__file__).parent.parent
ALL = sorted(str(file.relative_to(ROOT)) for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_tables_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text()
    assert filled(text) == text, "run: .venv/bin/hjemmepuls reference"


def test_every_table_stands_in_a_document() -> None:
    text = "".join((ROOT / name).read_text() for name in DOCUMENTS)
    assert set(re.findall(r"<!-- ([a-z-]+) -->", text)) == set(BLOCKS)


def test_a_stale_table_is_found() -> None:
    text = (ROOT / "SAFETY.md").read_text()
    stale = text.replace("| R01 | red | 87 |", "| R01 | red | 78 |")
    assert stale != text
    assert filled(stale) == text


def test_every_standing_warning_is_explained() -> None:
    """The validators' warnings stand in docs/CONFORMANCE.md, one row each, as in the data."""
    rows = tomllib.loads((ROOT / "tests/conformance/explanations.toml").read_text())["warning"]
    lines = ["| validator | warning | why it stands |", "| --- | --- | --- |"]
    lines += [
        f"| {row['of']} | `{row['says']}` | {row['why']} |".replace("(phd|pocd)", "(phd\\|pocd)")
        for row in rows
    ]
    wanted = "<!-- warnings -->\n" + "\n".join(lines) + "\n<!-- /warnings -->"
    text = (ROOT / "docs/CONFORMANCE.md").read_text()
    assert wanted in text, wanted


def test_every_row_of_code_is_documented() -> None:
    reference, safety = (ROOT / "docs/REFERENCE.md").read_text(), (ROOT / "SAFETY.md").read_text()
    for metric in METRICS:
        assert f"`{metric.alias}`" in reference
    for reason in Reason:
        assert f"`{reason}`" in reference
    for name, (_, description) in environment_names().items():
        assert f"`{name}`" in reference
        assert description, f"{name} has no description"
    for rule in RULES:
        for number in rule.params:
            assert f"| {rule.id} | {number} |" in safety


@pytest.mark.parametrize("name", ALL)
def test_links_lead_somewhere(name: str) -> None:
    file = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)\)", file.read_text()):
        if not target.startswith("http"):
            assert (file.parent / target).exists(), f"{name} links to {target}"


@pytest.mark.parametrize("name", ALL)
def test_commands_in_documents_exist(name: str) -> None:
    commands = set(getattr(get_command(app), "commands", {}))
    makefile = (ROOT / "Makefile").read_text()
    text = (ROOT / name).read_text()
    for command in re.findall(r"\.venv/bin/hjemmepuls ([a-z]+)", text):
        assert command in commands, command
    for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_changelog_has_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
