"""The house stands as drawn: imports point one way, files stay small, the map is true."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("devices", "fhir_mapping", "ingest", "alerting", "hjemmepuls", "benchmarks")
LINES_MAX = 400
FUNCTION_LINES_MAX = 60

VIOLATIONS = {
    "ingest/pipeline.py": ("import alerting.evaluate", "Imports point one way"),
    "ingest/decode.py": ("import time", "The clinical core is pure"),
    "alerting/rules/step.py": ("import fhir_mapping.record", "The rules know neither FHIR"),
    "alerting/evaluate.py": ("import sqlite3", "Only store adapters speak SQL"),
    "alerting/serve.py": ("import devices.simulated.world", "No simulator in production code"),
    "fhir_mapping/observation.py": ("import fhir.resources", "fhir.resources stays off"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True)


def copy_of_the_tree(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_import_contracts_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


def test_planted_violations_are_found(tmp_path: Path) -> None:
    """Every contract can fail: each violation, planted alone in a copy, breaks its contract."""
    tree = copy_of_the_tree(tmp_path)
    for name, (line, contract) in VIOLATIONS.items():
        file = tree / name
        before = file.read_text()
        docstring_end = ast.parse(before).body[0].end_lineno or 0
        lines = before.splitlines()
        file.write_text("\n".join([*lines[:docstring_end], line, *lines[docstring_end:]]))
        done = lint_imports(tree)
        file.write_text(before)
        assert done.returncode == 1, f"{name}: {line} was not found\n{done.stdout}"
        assert re.search(rf"{contract}.*BROKEN", done.stdout), done.stdout


def python_files() -> list[Path]:
    return sorted(
        file for package in (*PACKAGES, "tests") for file in (ROOT / package).rglob("*.py")
    )


def own_lines(node: ast.AST) -> int:
    """Lines of a function without those of the functions defined in it."""
    inner = [
        child
        for child in ast.walk(node)
        if child is not node and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lines = {line for child in inner for line in range(child.lineno, (child.end_lineno or 0) + 1)}
    every = range(getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) + 1)
    return len(set(every) - lines)


def test_files_and_functions_are_short() -> None:
    """A longer file or function is a reason to stop and redesign."""
    long = []
    for file in python_files():
        text = file.read_text()
        if text.count("\n") > LINES_MAX:
            long.append(f"{file.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = own_lines(node)
                if lines > FUNCTION_LINES_MAX:
                    long.append(
                        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"
                    )
    assert not long, "\n".join(long)


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if ast.get_docstring(ast.parse(file.read_text())) is None
    ]
    assert not silent, silent


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_names_every_module(package: str) -> None:
    """ARCHITECTURE.md is the map: a module or folder that is not on it is lost."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for entry in sorted((ROOT / package).iterdir()):
        if entry.name.startswith("_"):
            continue
        if entry.suffix == ".py" or (entry.is_dir() and any(entry.rglob("*.py"))):
            name = entry.name.removesuffix(".py") + ("/" if entry.is_dir() else "")
            assert f"`{name}`" in text, f"{package}/{entry.name} is not in ARCHITECTURE.md"


RULEBOOK_NAMES = {"RULEBOOK", "RULES", "RULEBOOK_VERSION"}
RULEBOOK_READERS = {"alerting/rules/rulebook.py", "alerting/rules/__init__.py"} | {
    "hjemmepuls/rulebooks.py"
}
"""Where the live rulebook is made and handed on, and where a command or process takes it."""


def live_rulebook_read(text: str) -> bool:
    """Whether code names the live rulebook, by whatever import; doctests and prose do not count."""
    return any(
        (isinstance(node, ast.Name) and node.id in RULEBOOK_NAMES)
        or (isinstance(node, ast.Attribute) and node.attr in RULEBOOK_NAMES)
        or (isinstance(node, ast.alias) and node.name in RULEBOOK_NAMES)
        for node in ast.walk(ast.parse(text))
    )


def test_the_live_rulebook_is_read_where_a_command_begins_only() -> None:
    """Everything else is handed one: what reads the live one is deaf to a changed one."""
    for package in PACKAGES[:-1]:  # a benchmark is a command
        for file in (ROOT / package).rglob("*.py"):
            name = str(file.relative_to(ROOT))
            assert not live_rulebook_read(file.read_text()) or name in RULEBOOK_READERS, name


@pytest.mark.parametrize(
    "planted",
    [
        "from alerting.rules import RULEBOOK",
        "from alerting.rules import RULES as rows",
        "import alerting.rules.rulebook\nprint(alerting.rules.rulebook.RULEBOOK_VERSION)",
        "from alerting.rules import rulebook\nbook = rulebook.RULEBOOK",
    ],
)
def test_reading_the_live_rulebook_is_found(planted: str) -> None:
    assert live_rulebook_read(f"{(ROOT / 'alerting/engine.py').read_text()}\n{planted}\n")
    assert not live_rulebook_read((ROOT / "alerting/engine.py").read_text())


def test_settings_are_read_in_entry_points_only() -> None:
    """Nobody else reads the environment."""
    allowed = {
        "hjemmepuls/processes.py",  # hands its own environment on to children
        "hjemmepuls/boundary.py",  # whether to show a traceback, whatever command ended
    }
    for package in PACKAGES[:-1]:  # a benchmark may tell what machine it ran on
        for file in (ROOT / package).rglob("*.py"):
            name = str(file.relative_to(ROOT))
            reads = re.search(r"\bos\.(environ|getenv)\b", file.read_text())
            assert not reads or name in allowed, name
