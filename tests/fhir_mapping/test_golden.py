"""Every rendering of `CASES` is, to the letter, its golden file."""

import os
import subprocess
import sys

import msgspec
import pytest

from devices.catalogue import METRICS, OBSERVABLES, PANELS, Metric, Panel
from fhir_mapping.observation import render_observation
from tests.fhir_mapping.cases import CASES, GOLDEN


def first_code(row: Metric | Panel) -> str:
    """What the row is coded with first: LOINC where there is one."""
    codes = [code.code for code in row.loinc] or (
        [row.danish.code] if hasattr(row, "danish") else []
    )
    return codes[0]


@pytest.mark.parametrize("name", CASES)
def test_the_rendering_is_the_golden_file(name: str) -> None:
    rendered = msgspec.json.format(render_observation(CASES[name]), indent=2).decode()
    assert rendered + "\n" == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


def test_every_golden_file_has_its_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.json" for name in CASES}


def test_every_catalogue_row_has_its_golden_file() -> None:
    for alias in OBSERVABLES:
        row = CASES[alias].row
        text = (GOLDEN / f"{alias}.json").read_text(encoding="utf-8")
        assert row.alias == alias
        assert f'"{first_code(row)}"' in text


def test_every_metric_and_every_component_has_a_value_in_a_golden_file() -> None:
    panel_of = {alias: panel.alias for panel in PANELS for alias in panel.components}
    for row in METRICS:
        text = (GOLDEN / f"{panel_of.get(row.alias, row.alias)}.json").read_text(encoding="utf-8")
        after = text[text.index(f'"{first_code(row)}"') :]
        assert row.mdc is None or f'"{row.mdc}"' in after
        assert f'"code": "{row.ucum}"' in after


@pytest.mark.parametrize("name", CASES)
def test_the_rendering_is_compact(name: str) -> None:
    rendered = render_observation(CASES[name])
    assert rendered == msgspec.json.format(rendered, indent=-1)
    assert not any(left in rendered for left in (b"%%", b"%b", b"%(", b"@code", b"@category"))


def test_every_process_renders_the_same_bytes() -> None:
    here = b"".join(render_observation(record) for record in CASES.values())
    program = (
        "import sys\n"
        "from fhir_mapping.observation import render_observation\n"
        "from tests.fhir_mapping.cases import CASES\n"
        "for record in reversed(CASES.values()): render_observation(record)\n"
        "sys.stdout.buffer.write(b''.join(map(render_observation, CASES.values())))\n"
    )
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", program],
            cwd=GOLDEN.parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Pacific/Auckland"},
            capture_output=True,
            check=True,
        )
        assert there.stdout == here
