"""The recipes of CONTRIBUTING work: a metric and a rule are added to a copy of the tree, by the
steps written there and nothing else, and the suites concerned pass in the copy."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "var", "build", "node_modules", "*.db"
)
SECONDS = 280
"""For each program run in a copy; alone each takes less than half a minute."""

METRIC_ROW = """    Metric(
        alias="grip",
        mdc="190000",
        mdc_name="MDC_SYNTHETIC_GRIP",
        danish=Code("MCS99991", "Pt—Håndkraft; kraft = ? N"),
        danish_system=DanishSystem.MCS,
        loinc=(Code("99991-2", "Synthetic grip strength"),),
        ucum="N",
        unit_text="N",
        units=units("N", kN=3),
        name_da="Håndkraft",
        name_en="Grip strength",
        short_da="Kraft",
        decimals=0,
        possible=span("1", "2000"),
        plausible=span("20", "1200"),
        example="310",
        kih=Channel("HÅNDKRAFT", "N"),
        phmr=Channel("Håndkraft;Pt", "N"),
        category="procedure",
        curve=True,
    ),
"""
RULE_CONDITION = '''def pulse_extreme(s: Sitting, params: Params) -> Verdict:
    """R25. A pulse that nobody has at rest (per minute)."""
    x, asked = s.x[:, PULSE], s.good[:, PULSE]
    return Verdict(
        asked=asked,
        ran=asked,
        level=grade(x >= params["yellow"]),
        clear=x <= params["yellow"] - params["off"],
        value=x,
        limit_yellow=params["yellow"],
        limit_red=np.nan,
    )


'''
RULE_ROW = """    Rule(
        id="R25",
        slug="pulse-extreme",
        name_da="Meget høj puls",
        name_en="Extreme pulse",
        text_da="Puls {value:.0f}/min (grænse {limit:.0f}/min).",
        text_en="Pulse {value:.0f}/min (limit {limit:.0f}/min).",
        family="pulse",
        home="general",
        signals=("pulse",),
        condition=pulse_extreme,
        params=numbers(yellow=115.0, off=10.0),
        sources=texts(yellow="C: invented for a test", off="C: invented for a test", n_off=CLEAR),
        evidence=texts(value="pulse, /min", limit="pulse that counts, /min"),
        lookback_days=14.0,
    ),
"""
ORACLE = """

def pulse_extreme(who: "Patient", now: Now, params: Params) -> Seen | None:
    if "pulse" not in now.good:
        return None
    x, yellow = now.good["pulse"], params["yellow"]
    return Seen(YELLOW if x >= yellow else GREEN, x <= yellow - params["off"], True, x, yellow, NAN)
"""
PROBES = """    Probe("R25", "yellow", pulse),
    Probe("R25", "off", lambda v: pulse(RULEBOOK["R25"].params["yellow"] - v), 1, "off"),
"""
BOUNDARY = """

@pytest.mark.parametrize(("value", "expected"), [(114, G), (115, Y), (116, Y)])
def test_r25(value: float, expected: Colour) -> None:
    assert level(Home().measure(MONDAY, pulse=value), "R25") == expected
"""


class Copy:
    """A copy of the tree, and a hand that edits it as a person would."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        shutil.copytree(ROOT, self.root, ignore=LEFT_OUT)

    def before(self, name: str, mark: str, text: str) -> None:
        """Put text before the first line that begins with the mark."""
        file = self.root / name
        said = file.read_text(encoding="utf-8")
        place = said.index(f"\n{mark}") + 1
        file.write_text(said[:place] + text + said[place:], encoding="utf-8")

    def replaced(self, name: str, pattern: str, text: str) -> None:
        """Write something else in the one place where the pattern is found."""
        file = self.root / name
        said, count = re.subn(pattern, text, file.read_text(encoding="utf-8"), count=1)
        assert count == 1, f"{name} has no {pattern}"
        file.write_text(said, encoding="utf-8")

    def at_end(self, name: str, text: str) -> None:
        """Write on at the end of a file."""
        file = self.root / name
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A Python program in the copy, which imports nothing of the original."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    def passes(self, *suites: str) -> str:
        """What these suites say in the copy; they must pass, and run there."""
        done = self.run("-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *suites)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_the_copy_is_the_one_that_is_run(tree: Copy) -> None:
    done = tree.run("-c", "import devices, alerting; print(devices.__file__, alerting.__file__)")
    assert done.stdout.count(str(tree.root)) == 2, done.stdout


@pytest.mark.timeout(3 * SECONDS)
def test_a_metric_by_its_recipe(tree: Copy) -> None:
    tree.replaced(
        "devices/measured/beside.py", r"(?s)\)\n\Z", METRIC_ROW.replace("\\", "\\\\") + ")\n"
    )
    tree.replaced(
        "devices/device_types.py", r'frozenset\(\{"weight"\}\)', 'frozenset({"weight", "grip"})'
    )
    done = tree.run("-m", "tests.remake")
    assert done.returncode == 0, done.stderr[-3000:]
    for made in ("fhir/grip.json", "kih/grip.xml", "should_pass/metric-grip.json"):
        assert (tree.root / "tests/golden" / made).exists(), made
    assert "| `grip` |" in (tree.root / "docs/REFERENCE.md").read_text(encoding="utf-8")
    tree.passes(
        "devices",
        "tests/devices/test_catalogue.py",
        "tests/fhir_mapping/test_golden.py",
        "tests/fhir_mapping/test_observation.py",
        "tests/fhir_mapping/kih/test_golden.py",
        "tests/fhir_mapping/kih/test_foreign.py",
        "tests/fhir_mapping/phmr/test_read.py",
        "tests/fhir_mapping/phmr/test_foreign.py",
        "tests/fhir_mapping/fhir_read/test_meaning.py",
        "tests/ingest/test_golden_deliveries.py::test_a_good_delivery_becomes_its_records",
        "tests/ingest/test_golden_deliveries.py::test_every_metric_passes_by_its_code_and_by_its_alias",
        "tests/alerting/test_shown_beside.py",
        "tests/test_documentation.py",
    )


@pytest.mark.timeout(3 * SECONDS)
def test_a_rule_by_its_recipe(tree: Copy) -> None:
    rules = "tests/alerting/rules"
    tree.before("alerting/rules/book/pulse.py", "ROWS: Final", RULE_CONDITION)
    tree.replaced(
        "alerting/rules/book/pulse.py", r"(?s)(?<=    \),\n)\)([^\n]*)\n\Z", f"{RULE_ROW})\\1\n"
    )
    tree.replaced(
        "alerting/rules/book/pulse.py",
        r"from alerting\.rules\.book\.sides import ",
        "from alerting.rules.primitives import grade\n"
        "from alerting.rules.book.sides import CLEAR, ",
    )
    tree.replaced(
        "alerting/rules/rulebook.py", r'RULEBOOK_VERSION: Final = "[0-9.]+"',
        'RULEBOOK_VERSION: Final = "9.9.9"',
    )  # fmt: skip
    tree.at_end(f"{rules}/oracle_vital.py", ORACLE)
    tree.before(f"{rules}/oracle.py", '    "T01"', '    "R25": oracle_vital.pulse_extreme,\n')
    tree.before(f"{rules}/probes.py", '    Probe("R07", "yellow"', PROBES)
    tree.at_end(f"{rules}/test_boundaries.py", BOUNDARY)
    done = tree.run("-m", "tests.remake")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "| R25 | yellow | 115 |" in (tree.root / "SAFETY.md").read_text(encoding="utf-8")
    said = tree.passes(
        "alerting/rules",
        f"{rules}/test_rulebook.py",
        f"{rules}/test_thresholds.py",
        f"{rules}/test_boundaries.py",
        f"{rules}/test_compose.py",
        f"{rules}/test_faults.py",
        f"{rules}/test_every_rule.py::test_a_difference_would_be_found",
        f"{rules}/test_every_rule.py::test_the_cohort_visits_every_colour_of_the_rule[R25]",
        f"{rules}/test_contract.py::test_float32_gives_the_same_colours[R25]",
        "tests/alerting/test_changed_rulebook.py",
        "tests/alerting/test_episodes.py",
        "tests/alerting/test_explanation.py",
        "tests/alerting/test_situations.py",
        "tests/alerting/web/test_worklist.py",
        "tests/test_documentation.py",
    )
    assert "passed" in said
